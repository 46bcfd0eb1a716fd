//! The program itself, as an operator meets it: the real binary beside a DNS server on loopback.
//!
//! One module a promise. Tests look at what can be seen from outside: exit codes, files, log lines,
//! probes, status. They wait for what must come with a deadline, and for what must not come until the
//! program has demonstrably looked again.

mod accept;
mod attack;
mod changes;
mod check;
mod completions;
mod directory;
mod ending;
mod help;
mod holds;
mod init;
mod listeners;
mod log;
mod lost_state;
mod mesh;
mod namespace;
mod outputs;
mod own_port;
mod packages;
mod probes;
mod process;
mod reload;
mod resolve;
mod secrets;
mod several_clusters;
mod upgrade;
mod usage;
mod waiting;
#[path = "../world/mod.rs"]
mod world;

use world::{
    beside, cluster, dns_server, eureka_server as server, extent, http, machine, namespace as namespaces,
    once, ports, secret, sidecar,
};
