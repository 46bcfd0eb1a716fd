//! eureka-peers: DNS-fed, proven peer lists for stock Eureka servers on Kubernetes.
//!
//! The rooms and floors of this crate are drawn in `ARCHITECTURE.md`.

pub mod cli;
pub mod document;
pub mod model;
pub mod reconcile;
pub mod settings;
pub mod settings_watch;
