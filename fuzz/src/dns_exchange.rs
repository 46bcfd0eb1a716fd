//! The whole exchange with a DNS server that sends what it likes: over UDP, and over TCP after it.
//!
//! The first byte says what the server gets right by itself: bit 0 the message id, bit 1 the question
//! in its letter case, bit 2 that it also listens over TCP. The second chooses the settings. Then come
//! two bytes of length and the datagram, and the rest is the message over TCP.

use std::cell::RefCell;
use std::time::Duration;

use eureka_peers::dns::{HickoryLookup, Lookup, NameServers, read_message};
use eureka_peers::model::{Answer, Question};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::dns_answer::check_answer;
use super::policies::chosen_by;

/// How long the last rung is waited for; more goes by on what an answer raises.
const TRY_TIMEOUT: Duration = Duration::from_millis(30);
/// No question takes longer, whatever is sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes in front of the question (RFC 1035, section 4.1.1).
const HEADER: usize = 12;

const RIGHT_ID: u8 = 1;
const RIGHT_QUESTION: u8 = 2;
const OVER_TCP: u8 = 4;

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

/// Asks the server of the input, and insists that only an answer to our question is believed.
pub fn check(input: &[u8]) {
    let [right, choice, high, low, messages @ ..] = input else { return };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(messages.len());
    let (datagram, over_tcp) = messages.split_at(length);
    let question = chosen_by(*choice).questions[0].clone();
    RUNTIME.with_borrow_mut(|runtime| {
        let runtime = runtime
            .get_or_insert_with(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));
        runtime.block_on(ask(*right, &question, datagram, over_tcp));
    });
}

async fn ask(right: u8, question: &Question, datagram: &[u8], over_tcp: &[u8]) {
    let (udp, tcp) = bind().await;
    let address = udp.local_addr().expect("bound");
    let tcp = (right & OVER_TCP != 0).then_some(tcp);
    let lookup = HickoryLookup::new(NameServers::Listed(vec![address])).with_try_timeout(TRY_TIMEOUT);
    let told = RefCell::new(vec![]);
    let answer = tokio::select! {
        answer = timeout(PATIENCE, lookup.ask(question)) => answer.expect("every question ends"),
        () = serve_udp(&udp, right, datagram, &told) => unreachable!("a server goes on for ever"),
        () = serve_tcp(tcp, right, over_tcp, &told) => unreachable!("a server goes on for ever"),
    };
    if let Answer::Failed(_) = answer {
        return;
    }
    let told = told.into_inner();
    let said_so = told.iter().find(|message| read_message(question, message) == answer);
    let said_so = said_so.unwrap_or_else(|| panic!("{answer:?} was never said"));
    check_answer(question, &answer, said_so);
    assert!(right & RIGHT_ID != 0 || right & RIGHT_QUESTION != 0, "a blind guess was believed");
}

async fn bind() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("bound")).await {
            return (udp, tcp);
        }
    }
}

async fn serve_udp(socket: &UdpSocket, right: u8, reply: &[u8], told: &RefCell<Vec<Vec<u8>>>) {
    let mut asked = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut asked).await.expect("a bound socket receives");
        let reply = made_right(right, &asked[..length], reply);
        // A datagram of more than 64 KB is one that nobody can send.
        if socket.send_to(&reply, from).await.is_ok() {
            told.borrow_mut().push(reply);
        }
    }
}

async fn serve_tcp(listener: Option<TcpListener>, right: u8, reply: &[u8], told: &RefCell<Vec<Vec<u8>>>) {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        let (mut stream, _) = listener.accept().await.expect("a bound socket accepts");
        let mut asked = vec![];
        let Ok(length) = stream.read_u16().await else { continue };
        asked.resize(usize::from(length), 0);
        if stream.read_exact(&mut asked).await.is_err() {
            continue;
        }
        let reply = made_right(right, &asked, reply);
        let length = u16::try_from(reply.len()).unwrap_or(u16::MAX);
        told.borrow_mut().push(reply[..usize::from(length)].to_vec());
        // The one who asked may have gone.
        let _gone = stream.write_all(&length.to_be_bytes()).await;
        let _gone = stream.write_all(&reply[..usize::from(length)]).await;
    }
}

/// The reply with the id, and the question, that a server copies from what it was asked.
fn made_right(right: u8, asked: &[u8], reply: &[u8]) -> Vec<u8> {
    let mut reply = reply.to_vec();
    if right & RIGHT_ID != 0 && reply.len() >= 2 {
        reply[..2].copy_from_slice(&asked[..2]);
    }
    if right & RIGHT_QUESTION != 0 && reply.len() >= HEADER {
        let question = HEADER..question_end(asked);
        let same = reply.len().min(question.end);
        reply.splice(HEADER..same, asked[question].iter().copied());
    }
    reply
}

/// Our own question stands uncompressed: labels, the root, type and class.
fn question_end(asked: &[u8]) -> usize {
    let mut at = HEADER;
    while asked[at] != 0 {
        at += usize::from(asked[at]) + 1;
    }
    at + 5
}
