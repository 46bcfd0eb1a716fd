//! One bounded request to an HTTP/1.1 server: sent, answered, closed.
//!
//! What this room promises of every request:
//!
//! - it ends within its timeout, whatever the server does; connecting, TLS, reply and body count;
//! - it reads no more than [`BODY_MAX`] bytes of body and [`HEAD_MAX`] bytes of head;
//! - it follows no redirect, keeps no connection, and asks no resolver: a name in a URL is what the
//!   `Host` header and the certificate are about, and the address to connect to comes from the caller
//!   (getaddrinfo of a static glibc loads code at run time, and DNS has a room of its own);
//! - dropping its future ends it, connection included.
//!
//! Secrets are read from their files at each use and cannot be printed. Nothing here retries, logs or
//! counts.

mod client;
mod credentials;
mod error;
mod file;
mod request;
mod secrets;
mod tls;

pub use client::{BODY_MAX, CONNECT_TIMEOUT_MAX, HEAD_MAX, HttpClient, Response};
pub use credentials::Credentials;
pub use error::{FileError, HttpError, RequestStep};
pub use request::{Method, Request};
pub use secrets::Secrets;

#[cfg(test)]
pub(crate) mod fake_server;
#[cfg(test)]
mod tests;
