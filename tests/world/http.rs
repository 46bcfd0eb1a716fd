//! One HTTP exchange on loopback: nothing but a socket between a test and what it measures.
//!
//! Never used by the program.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::secret;

/// Replies take milliseconds; a loaded machine takes longer.
const REPLY_WITHIN: Duration = Duration::from_secs(5);
/// The largest reply of a test is a registry of dozens of instances.
const REPLY_MAX: u64 = 8 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// The body of a 200; otherwise what came instead.
    pub(crate) fn ok(self) -> Result<String, String> {
        match self.status {
            200 => Ok(self.body),
            status => Err(format!("status {status}: {}", self.body.chars().take(200).collect::<String>())),
        }
    }
}

/// A page of the program.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<Reply> {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// Sends `request` to the program as it is; the secret must not be in its reply.
pub(crate) fn send(address: SocketAddr, request: &str) -> io::Result<Reply> {
    let reply = exchange(address, request)?;
    let what = format!("the reply to {request:?}");
    secret::expect_unseen(&what, format!("{}\r\n\r\n{}", reply.head, reply.body).as_bytes());
    Ok(reply)
}

/// Sends `request` to a server as it is.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> io::Result<Reply> {
    let mut connection = TcpStream::connect_timeout(&address, REPLY_WITHIN)?;
    connection.set_read_timeout(Some(REPLY_WITHIN))?;
    connection.write_all(request.as_bytes())?;
    let mut text = String::new();
    connection.take(REPLY_MAX).read_to_string(&mut text)?;
    Reply::read(&text).ok_or_else(|| io::Error::other(format!("no HTTP reply: {text:?}")))
}

/// What is asked of a server. HTTP/1.0 on purpose: no chunks, no connection kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The path, with its query.
    pub(crate) path: &'a str,
    pub(crate) credentials: Option<(&'a str, &'a str)>,
    /// JSON, or nothing.
    pub(crate) body: &'a str,
    /// What the reply should be written in.
    pub(crate) accept: &'a str,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, credentials: None, body: "", accept: "application/json" }
    }

    /// Any other method, with a JSON body.
    pub(crate) fn with_body(method: &'a str, path: &'a str, body: &'a str) -> Self {
        Self { method, body, ..Self::get(path) }
    }

    /// Sends it, and reads the whole reply.
    pub(crate) fn send(&self, to: SocketAddr) -> io::Result<Reply> {
        let Self { method, path, body, accept, .. } = self;
        let authorization = self.credentials.map(|(user, password)| {
            format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
        });
        let authorization = authorization.unwrap_or_default();
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.0\r\nHost: {to}\r\nAccept: {accept}\r\n{authorization}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        exchange(to, &text)
    }
}
