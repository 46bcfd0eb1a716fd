//! The house: its plan, its pages, and those rooms that are tried against real sockets and kept inputs.
//!
//! Quick, and without any other program.

mod addresses;
mod admin_descriptors;
mod chart_files;
mod crate_files;
mod dns_lookup;
mod eureka_page;
mod floor_plan;
mod fuzz_corpus;
mod pages;
mod readme;
mod runbook;
mod security_page;
#[path = "../world/mod.rs"]
mod world;
