//! The program itself, as an operator meets it: the real binary beside a DNS server on loopback.
//!
//! One module a promise. Tests look at what can be seen from outside: exit codes, files, log lines,
//! probes, status. They wait for what must come with a deadline, and for what must not come until the
//! program has demonstrably looked again.

mod accept;
mod attack;
mod changes;
mod check;
#[path = "../world/cluster.rs"]
mod cluster;
mod directory;
#[path = "../world/dns_server.rs"]
mod dns_server;
mod ending;
mod help;
mod holds;
#[path = "../world/http.rs"]
mod http;
mod init;
mod listeners;
mod log;
mod lost_state;
mod mesh;
mod namespace;
#[path = "../world/once.rs"]
mod once;
mod outputs;
#[path = "../world/ports.rs"]
mod ports;
mod probes;
mod reload;
mod resolve;
#[path = "../world/secret.rs"]
mod secret;
mod secrets;
#[path = "../world/sidecar.rs"]
mod sidecar;
mod usage;
mod waiting;
