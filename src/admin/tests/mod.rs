//! The admin server over real sockets on loopback, in real time.

mod attack;
mod fixture;
mod local_listener;
mod public_listener;
mod status_document;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a client waits; far above any bound under test.
const PATIENCE: Duration = Duration::from_secs(10);

/// One reply as it came over the wire.
struct Heard {
    status: u16,
    head: String,
    body: String,
}

impl Heard {
    fn from_wire(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes).expect("the server writes UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole head: {text:?}"));
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {head}"));
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A client's connection that gives up after [`PATIENCE`].
fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the listener takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    stream
}

/// Everything that the server says until it closes.
fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the server closes in order and in time");
    bytes
}

/// Says `request` and hears the reply, from a thread of its own as another process would.
async fn exchange(address: SocketAddr, request: impl Into<Vec<u8>>) -> Heard {
    Heard::from_wire(exchange_bytes(address, request).await)
}

async fn exchange_bytes(address: SocketAddr, request: impl Into<Vec<u8>>) -> Vec<u8> {
    let request = request.into();
    elsewhere(move || {
        let mut stream = connect(address);
        stream.write_all(&request).expect("the server reads the request");
        read_all(&mut stream)
    })
    .await
}

async fn half_closed_exchange(address: SocketAddr, request: &'static str) -> Heard {
    let bytes = elsewhere(move || {
        let mut stream = connect(address);
        stream.write_all(request.as_bytes()).expect("the server reads the request");
        stream.shutdown(Shutdown::Write).expect("connected");
        read_all(&mut stream)
    });
    Heard::from_wire(bytes.await)
}

async fn get(address: SocketAddr, path: &str) -> Heard {
    exchange(address, format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n")).await
}

/// Runs a client that blocks, beside the runtime under test.
async fn elsewhere<T: Send + 'static>(client: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(client).await.expect("the client found what it asserts")
}
