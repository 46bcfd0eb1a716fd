//! A DNS server whose every byte is the test's own, for faults that a real one cannot make.
//!
//! Never clever: the test's functions say what is sent, this file only carries it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::{Message, OpCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use super::dns_server::bind;

/// The datagrams sent for a question, which is the so-manieth one, counted from 0.
pub(crate) type OverUdp = fn(&Message, usize) -> Vec<Vec<u8>>;

/// What happens to a question over TCP.
#[derive(Clone, Copy)]
pub(crate) enum OverTcp {
    /// Nobody listens.
    Closed,
    /// The connection is accepted, the question read, and then the connection closed.
    HangUp,
    /// The connection is accepted, and nothing more happens.
    Hang,
    /// This message is sent.
    Answer(fn(&Message) -> Vec<u8>),
}

/// A running server; ends with its handle.
pub(crate) struct RawDnsServer {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl RawDnsServer {
    /// Serves on any free port of 127.0.0.1.
    pub(crate) async fn start(over_udp: OverUdp, over_tcp: OverTcp) -> Self {
        let (udp, tcp) = bind((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port");
        let address = udp.local_addr().expect("bound");
        let questions = Arc::<AtomicUsize>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, over_udp, Arc::clone(&questions)));
        match over_tcp {
            OverTcp::Closed => drop(tcp),
            OverTcp::HangUp | OverTcp::Hang | OverTcp::Answer(_) => {
                tasks.spawn(serve_tcp(tcp, over_tcp));
            }
        }
        Self { address, questions, _tasks: tasks }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

/// A response to `question` without records.
pub(crate) fn reply_to(question: &Message) -> Message {
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.metadata.authoritative = true;
    reply.add_queries(question.queries.iter().cloned());
    reply
}

async fn serve_udp(socket: UdpSocket, answer: OverUdp, questions: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.expect("a bound socket receives");
        let question = Message::from_vec(&buffer[..length]).expect("the program asks readable questions");
        let nth = questions.fetch_add(1, Ordering::Relaxed);
        for datagram in answer(&question, nth) {
            socket.send_to(&datagram, from).await.expect("loopback takes datagrams");
        }
    }
}

async fn serve_tcp(listener: TcpListener, over_tcp: OverTcp) {
    // Kept, so that a hanging connection stays open.
    let mut connections = Vec::new();
    loop {
        let (mut connection, _) = listener.accept().await.expect("a bound socket accepts");
        let question = read_question(&mut connection).await;
        match over_tcp {
            OverTcp::Closed | OverTcp::HangUp => drop(connection),
            OverTcp::Hang => connections.push(connection),
            OverTcp::Answer(answer) => {
                let bytes = answer(&question);
                let length = u16::try_from(bytes.len()).expect("a DNS message has at most 64 KB");
                connection.write_all(&length.to_be_bytes()).await.expect("writable");
                connection.write_all(&bytes).await.expect("writable");
                connections.push(connection);
            }
        }
    }
}

async fn read_question(connection: &mut TcpStream) -> Message {
    let length = connection.read_u16().await.expect("a length comes first (RFC 1035, section 4.2.2)");
    let mut bytes = vec![0; usize::from(length)];
    connection.read_exact(&mut bytes).await.expect("the whole question");
    Message::from_vec(&bytes).expect("the program asks readable questions")
}
