//! The world of the tests: DNS, servers and the program itself, each with one driver.
//!
//! Every executable whose tests need it includes this one tree, and names in its `main.rs` what it uses.
//! It is no crate: a crate could not be told by Cargo where the program lies. Must never know a suite.
#![allow(dead_code, reason = "no suite uses all of the world")]

pub(crate) mod beside;
pub(crate) mod cluster;
pub(crate) mod control_plane;
pub(crate) mod dns_server;
pub(crate) mod eureka_server;
pub(crate) mod extent;
pub(crate) mod http;
pub(crate) mod machine;
pub(crate) mod namespace;
pub(crate) mod once;
pub(crate) mod overlay;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod raw_dns_server;
pub(crate) mod reader;
pub(crate) mod registry;
pub(crate) mod rendered;
pub(crate) mod secret;
pub(crate) mod sidecar;
pub(crate) mod stock;
pub(crate) mod tool;
pub(crate) mod trial;
pub(crate) mod view;
pub(crate) mod wait;
