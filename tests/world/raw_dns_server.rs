//! A DNS server whose every byte is the test's own, for faults that a real one cannot make.
//!
//! Never clever: the test's functions say what is sent, this file only carries it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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
    /// The same after the first half of this message.
    Half(fn(&Message) -> Vec<u8>),
    /// The connection is accepted, and nothing more happens.
    Hang,
    /// This message is sent.
    Answer(fn(&Message) -> Vec<u8>),
    /// The same after a while.
    AnswerAfter(Duration, fn(&Message) -> Vec<u8>),
    /// This message is sent for the first question; then as [`OverTcp::HangUp`].
    AnswerOnce(fn(&Message) -> Vec<u8>),
}

/// A running server; ends with its handle.
pub(crate) struct RawDnsServer {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    questions_over_tcp: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl RawDnsServer {
    /// Serves on any free port of 127.0.0.1.
    pub(crate) async fn start(over_udp: OverUdp, over_tcp: OverTcp) -> Self {
        Self::serve(Some(over_udp), over_tcp).await
    }

    /// The same with a closed port of UDP.
    pub(crate) async fn start_without_udp(over_tcp: OverTcp) -> Self {
        Self::serve(None, over_tcp).await
    }

    async fn serve(over_udp: Option<OverUdp>, over_tcp: OverTcp) -> Self {
        let (udp, tcp) = bind((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port");
        let address = udp.local_addr().expect("bound");
        let (questions, questions_over_tcp) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let mut tasks = JoinSet::new();
        match over_udp {
            Some(over_udp) => drop(tasks.spawn(serve_udp(udp, over_udp, Arc::clone(&questions)))),
            None => drop(udp),
        }
        match over_tcp {
            OverTcp::Closed => drop(tcp),
            OverTcp::HangUp
            | OverTcp::Half(_)
            | OverTcp::Hang
            | OverTcp::Answer(_)
            | OverTcp::AnswerAfter(..)
            | OverTcp::AnswerOnce(_) => {
                tasks.spawn(serve_tcp(tcp, over_tcp, Arc::clone(&questions_over_tcp)));
            }
        }
        Self { address, questions, questions_over_tcp, _tasks: tasks }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Those over UDP.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    pub(crate) fn questions_over_tcp(&self) -> usize {
        self.questions_over_tcp.load(Ordering::Relaxed)
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
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let question = Message::from_vec(&buffer[..length]).expect("the program asks readable questions");
        let nth = questions.fetch_add(1, Ordering::Relaxed);
        for datagram in answer(&question, nth) {
            // Whoever asked may have its answer by now: its port is closed then.
            let _gone = socket.send_to(&datagram, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, over_tcp: OverTcp, questions: Arc<AtomicUsize>) {
    // Kept, so that a hanging connection stays open.
    let mut connections = Vec::new();
    loop {
        let (mut connection, _) = listener.accept().await.expect("a bound socket accepts");
        // Whoever asked may have its answer by now, and be gone.
        let Ok(question) = read_question(&mut connection).await else { continue };
        let nth = questions.fetch_add(1, Ordering::Relaxed);
        let reply = match over_tcp {
            OverTcp::Closed | OverTcp::HangUp => continue,
            OverTcp::AnswerOnce(_) if nth > 0 => continue,
            OverTcp::Hang => None,
            OverTcp::Half(answer) | OverTcp::Answer(answer) | OverTcp::AnswerOnce(answer) => {
                Some(answer(&question))
            }
            OverTcp::AnswerAfter(pause, answer) => {
                tokio::time::sleep(pause).await;
                Some(answer(&question))
            }
        };
        if let Some(bytes) = reply {
            let length = u16::try_from(bytes.len()).expect("a DNS message has at most 64 KB");
            let is_half = matches!(over_tcp, OverTcp::Half(_));
            let sent = if is_half { &bytes[..bytes.len() / 2] } else { &bytes[..] };
            let _gone = connection.write_all(&length.to_be_bytes()).await;
            let _gone = connection.write_all(sent).await;
            if is_half {
                continue;
            }
        }
        connections.push(connection);
    }
}

async fn read_question(connection: &mut TcpStream) -> io::Result<Message> {
    // A length comes first (RFC 1035, section 4.2.2).
    let length = connection.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    connection.read_exact(&mut bytes).await?;
    Ok(Message::from_vec(&bytes).expect("the program asks readable questions"))
}
