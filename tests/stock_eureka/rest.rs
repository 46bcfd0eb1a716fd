//! One plain HTTP exchange with a server on loopback.
//!
//! HTTP/1.0 on purpose: no chunks, no connection kept, nothing but sockets between a test and what
//! it measures. Never used by the program.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A server that is alive answers within this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// The largest reply of a test is a registry of dozens of instances.
const REPLY_MAX: u64 = 8 * 1024 * 1024;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// The path, with its query.
    pub(crate) path: &'a str,
    /// User and password.
    pub(crate) credentials: Option<(&'a str, &'a str)>,
    /// JSON, or nothing.
    pub(crate) body: &'a str,
    /// What the reply should be written in.
    pub(crate) accept: &'a str,
}

impl<'a> Request<'a> {
    /// A GET.
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, credentials: None, body: "", accept: "application/json" }
    }

    /// Any other method, with a JSON body.
    pub(crate) fn with_body(method: &'a str, path: &'a str, body: &'a str) -> Self {
        Self { method, body, ..Self::get(path) }
    }

    /// Sends it, and reads the whole reply.
    pub(crate) fn send(&self, to: SocketAddr) -> io::Result<Reply> {
        let mut connection = TcpStream::connect_timeout(&to, ANSWERED_WITHIN)?;
        connection.set_read_timeout(Some(ANSWERED_WITHIN))?;
        connection.write_all(self.text(to).as_bytes())?;
        let mut bytes = Vec::new();
        connection.take(REPLY_MAX).read_to_end(&mut bytes)?;
        Reply::read(&bytes)
    }

    fn text(&self, to: SocketAddr) -> String {
        let Self { method, path, body, accept, .. } = self;
        let authorization = self.credentials.map(|(user, password)| {
            format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
        });
        let authorization = authorization.unwrap_or_default();
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.0\r\nHost: {to}\r\nAccept: {accept}\r\n{authorization}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

impl Reply {
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        let cut_off = || io::Error::new(io::ErrorKind::UnexpectedEof, "no whole HTTP reply");
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(cut_off)?;
        Ok(Self { status, body: body.to_owned() })
    }

    /// The body of a 200; otherwise what came instead.
    pub(crate) fn ok(self) -> Result<String, String> {
        match self.status {
            200 => Ok(self.body),
            status => Err(format!("status {status}: {}", self.body.chars().take(200).collect::<String>())),
        }
    }
}
