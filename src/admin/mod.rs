//! The admin server: what the program shows, and the little that may be done to it.
//!
//! **Public listener** (`--listen`), read-only; GET and HEAD, anything else is 405:
//!
//! | path | answers | 200 when, else 503 with reasons |
//! |---|---|---|
//! | `/` | the status as a page (HTML without scripts or external assets) | always |
//! | `/livez` | is the loop alive | it has turned within max(60 s, 2 × the longest it may wait); no DNS or server reason ever counts |
//! | `/readyz`, `/healthz` | is a valid list in place | one was published, also before this start, was still so when the files were last looked at (each 30 s), and the program is not draining |
//! | `/startupz` | is the start over | the first publication of this process was made; stays so |
//! | `/status` | the status as JSON, `"schema": 1` ([`SCHEMA`]) | always |
//! | `/metrics` | what was counted, as Prometheus' text format 0.0.4, or as OpenMetrics where `Accept` names it | always |
//!
//! The four probes take `?verbose` and then list each check as Kubernetes components do:
//! `[+]list ok`, `[-]list failed: reason`. Any other path is 404 and names these.
//!
//! **Local listener** (`--local-listen`, a loopback address):
//!
//! | request | answer |
//! |---|---|
//! | `POST /sink/eureka/peerreplication/batch/` | 200 and `{"responseList":[{"statusCode":200},…]}`, one entry for each item of the request's `replicationList`; 503 where the body is no such JSON, is compressed, or is over a bound |
//! | `POST /accept` with the header `x-eureka-peers: accept` | has the loop take what DNS says now past all holds, and gives as JSON what was taken: `{"peers":[…],"added":[…],"removed":[…]}`. `/accept/empty` takes an empty answer too, and `…/dry-run` behind either shows what would be taken and changes nothing; 409 where there is nothing to take, 403 for what may come from a browser, 405 for another method, 503 where the loop does not answer within 5 s |
//! | everything else | 503: a server that has the sink in its list must not take it for a Eureka server |
//!
//! The sink is what stands beside self in the list while a server's last dead peers are flushed. It
//! does not read compressed batches (`eureka.server.enable-replicated-request-compression`, off by
//! default): the server keeps such a batch and tries later, which does not hinder the flush.
//!
//! One request a connection. Everything is bounded ([`Bounds`]), so that an attack on a listener
//! costs little and starves neither probes nor the loop: when all places are taken, the oldest
//! connection makes room for the newest, which gives a client that asks at once its answer.
//!
//! Must never show a secret, change anything through the public listener, or log a request.

mod bind;
mod bounds;
mod command;
mod counts;
mod escape;
mod facts;
mod listen_address;
mod liveness;
mod local;
mod page;
mod probes;
mod public;
mod replication_count;
mod reply;
mod serve;
mod shown;
mod snapshot;
mod status_json;
#[cfg(test)]
mod tests;

pub use bind::{AdminCounts, BindError, Bound, Listeners, Running};
pub use bounds::Bounds;
pub use command::{
    AcceptMode, AcceptReply, AcceptRequest, Accepted, AcceptedOf, CommandSender, LocalCommand, LocalCommands,
    NotAccepted, commands,
};
pub use counts::ConnectionCounts;
pub use listen_address::{ListenAddress, ListenAddresses};
pub use liveness::Liveness;
pub use public::{MetricsText, View};
pub use shown::{SnapshotSender, Snapshots, snapshots};
pub use snapshot::{ListInPlace, SettingsInForce, Snapshot, Stage};
pub use status_json::SCHEMA;
