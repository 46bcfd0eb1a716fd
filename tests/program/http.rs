//! One request to one of the program's listeners.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::secret;

/// Replies take milliseconds; a loaded machine takes longer.
const REPLY_MAX: Duration = Duration::from_secs(5);

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<Reply> {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// Sends `request` as it is.
pub(crate) fn send(address: SocketAddr, request: &str) -> io::Result<Reply> {
    let mut connection = TcpStream::connect_timeout(&address, REPLY_MAX)?;
    connection.set_read_timeout(Some(REPLY_MAX))?;
    connection.write_all(request.as_bytes())?;
    let mut reply = String::new();
    connection.read_to_string(&mut reply)?;
    secret::expect_unseen(&format!("the reply to {request:?}"), reply.as_bytes());
    let unreadable = || io::Error::other(format!("no HTTP reply: {reply:?}"));
    let (head, body) = reply.split_once("\r\n\r\n").ok_or_else(unreadable)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(unreadable)?;
    Ok(Reply { status, head: head.to_owned(), body: body.to_owned() })
}
