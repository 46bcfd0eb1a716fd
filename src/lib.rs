//! eureka-peers: DNS-fed, proven peer lists for stock Eureka servers on Kubernetes.
//!
//! The rooms and floors of this crate are drawn in `ARCHITECTURE.md`.

pub mod admin;
pub mod agent;
pub mod cli;
pub mod dns;
pub mod document;
pub mod eureka;
pub mod http_client;
pub mod mesh;
pub mod model;
pub mod publish;
pub mod reconcile;
pub mod settings;
pub mod settings_watch;
pub mod small_file;
pub mod telemetry;
pub mod wording;
