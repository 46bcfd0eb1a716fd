//! What a stock Eureka server understands: refresh, env, status.
//!
//! Facts come from the sources of Netflix Eureka 1.10 and 2.0 (`StatusResource`, `StatusUtil`,
//! `StatusInfo`), of Spring Boot's `EnvironmentEndpoint`, and from documents that running servers
//! gave. A reply is judged, never believed: a server that breaks, hangs or lies ends as a
//! [`ServerFault`](crate::model::ServerFault). Nothing a server says leaves this room longer than a
//! line, with a control character, or with the user-info of a URL.
//!
//! Replies are read off the loop's thread, one at a time ([`Reading`]).
//!
//! Nothing here retries, logs or counts; the caller decides what a fault means.

mod access;
mod ask_all;
mod endpoint;
mod fault;
mod finding;
mod inspect;
mod origin;
mod property_sources;
mod quote;
mod reading;
mod requirements;
mod server;
mod status_document;
mod xml_bounds;

pub use access::ServerAccess;
pub use ask_all::{ASKED_AT_ONCE, MeshReply, ask_all};
pub use finding::{Expected, Finding, Severity};
pub use reading::Reading;
pub use server::{EurekaServer, READ_TIMEOUT};
pub use status_document::{Instance, ServerStatus};

#[cfg(test)]
mod tests;
