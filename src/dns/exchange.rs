//! One question to one server in one way: a rung of its ladder.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{
    DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime,
};
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_resolver::proto::op::{
    DEFAULT_MAX_PAYLOAD_LEN, DnsRequest, DnsRequestOptions, DnsResponse, Query,
};
use tokio::io::{Interest, ReadBuf};
use tokio::net::UdpSocket;

use crate::model::{Answer, LookupFailure, Record};

use super::overheard::{Overheard, overheard};
use super::reading::{self, Standing};

/// A way to put a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// A datagram, and room for 1,232 bytes in return.
    UdpWithEdns,
    /// A datagram as of 1987, with room for 512: servers and boxes in between may choke on anything newer.
    UdpWithoutEdns,
    /// A connection. Without EDNS, which says nothing here that we need.
    Tcp,
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UdpWithEdns | Self::UdpWithoutEdns => "UDP",
            Self::Tcp => "TCP",
        })
    }
}

/// How long a rung is waited for, and how often a datagram is sent again meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) whole: Duration,
    /// From one datagram to the next.
    pub(super) pause: Duration,
}

impl Patience {
    fn datagrams(self) -> u8 {
        let datagrams = self.whole.as_millis() / self.pause.as_millis().max(1);
        u8::try_from(datagrams).unwrap_or(u8::MAX).clamp(1, DATAGRAMS_MAX)
    }
}

/// Datagrams on one rung, however long it is waited for. A server that only forwards keeps each of them for as long as
/// its own upstream is silent, and dnsmasq has room for 150, from whomever they come.
const DATAGRAMS_MAX: u8 = 50;

/// What a rung brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// Records, or a denial that is vouched for, in a message of so many bytes.
    Usable { answer: Answer, length: usize },
    /// The server said, in a message that can be read, that it has nothing for us.
    Word(LookupFailure),
    /// Records that answer the question, none of which can be used; another way may bring more.
    NoneUsable(Answer),
    /// There is more than a datagram holds.
    CutShort,
    /// The server does not know EDNS, and has a code of its own for that (RFC 6891, section 7).
    NoEdns(LookupFailure),
    /// Nothing that can be believed; another way may bring more.
    Broken(LookupFailure),
    /// No word in time.
    Silent,
}

impl Brought {
    /// What to say of it where nothing better comes.
    pub(super) fn or_else(self) -> Option<Answer> {
        let failure = match self {
            Self::Usable { .. } => return None,
            Self::NoneUsable(answer) => return Some(answer),
            Self::Word(failure) | Self::NoEdns(failure) | Self::Broken(failure) => failure,
            Self::CutShort => LookupFailure::Truncated,
            Self::Silent => LookupFailure::Timeout,
        };
        Some(Answer::Failed(failure))
    }
}

/// FORMERR and NOTIMP (RFC 1035, section 4.1.1).
const FORMAT_ERROR: u16 = 1;
const NOT_IMPLEMENTED: u16 = 4;

/// A message has 64 KB at most (RFC 1035, section 4.2.2).
const TOO_LARGE: &str =
    "more records than one message can hold; `--peer-host ipv4` needs the least room for each";

/// A server that does not keep the letters' case, or a forger who could not see it.
const OTHER_CASE: &str =
    "the question in another letter case, as a forger would, and TCP gave none; allow egress to TCP port 53";

/// Asks one server once, in one way.
pub(super) async fn ask(
    server: SocketAddr,
    standing: Standing,
    query: Query,
    rung: Rung,
    patience: Patience,
) -> Brought {
    let request = DnsRequest::from_query(query.clone(), options(rung, patience));
    let came = match rung {
        Rung::UdpWithEdns | Rung::UdpWithoutEdns => over_udp(server, request, patience).await,
        Rung::Tcp => over_tcp(server, request, patience.whole).await,
    };
    let heard = |response: &DnsResponse| heard(reading::response(&query, response, standing), response, rung);
    match came {
        Ok(response) => heard(&response),
        Err(error) => match Overheard::in_error(&error) {
            Some(Overheard::BareError(response)) => heard(response),
            Some(Overheard::CutShort) => Brought::CutShort,
            None => not_heard(server, rung, &error),
        },
    }
}

fn heard(answer: Answer, response: &DnsResponse, rung: Rung) -> Brought {
    match (answer, rung) {
        (Answer::Failed(LookupFailure::Truncated), Rung::Tcp) => {
            Brought::Word(LookupFailure::Malformed(TOO_LARGE))
        }
        (Answer::Failed(LookupFailure::Truncated), _) => Brought::CutShort,
        (
            Answer::Failed(code @ LookupFailure::ResponseCode(FORMAT_ERROR | NOT_IMPLEMENTED)),
            Rung::UdpWithEdns,
        ) => Brought::NoEdns(code),
        // The server may mean this, and something in between may have made it: another way may bring more.
        (Answer::Failed(failure @ (LookupFailure::Malformed(_) | LookupFailure::NegativeWithoutSoa)), _) => {
            Brought::Broken(failure)
        }
        (Answer::Failed(failure), _) => Brought::Word(failure),
        (Answer::Records(records), _) if records.iter().all(Record::is_unusable) => {
            Brought::NoneUsable(Answer::Records(records))
        }
        (answer, _) => Brought::Usable { answer, length: response.as_buffer().len() },
    }
}

fn not_heard(server: SocketAddr, rung: Rung, error: &NetError) -> Brought {
    match error {
        NetError::Timeout => Brought::Silent,
        NetError::QueryCaseMismatch => Brought::Broken(LookupFailure::Malformed(OTHER_CASE)),
        NetError::Proto(_) => Brought::Broken(LookupFailure::Malformed(reading::UNREADABLE)),
        NetError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Brought::Silent,
        NetError::Io(error) => {
            Brought::Broken(LookupFailure::Network(format!("{server} over {rung}: {error}")))
        }
        // The enum is open, and whatever else there is, it is no answer.
        other => Brought::Broken(LookupFailure::Network(format!("{server} over {rung}: {other}"))),
    }
}

/// EDNS says 1232 bytes whatever `resolv.conf` says (DNS flag day 2020): more fits into a
/// datagram, and none is cut into fragments. The random letter case (0x20) is 20 bits or so more
/// that a forger must guess; over TCP there is no guessing.
fn options(rung: Rung, patience: Patience) -> DnsRequestOptions {
    let mut options = DnsRequestOptions::default();
    options.use_edns = rung == Rung::UdpWithEdns;
    options.edns_payload_len = DEFAULT_MAX_PAYLOAD_LEN;
    options.case_randomization = rung != Rung::Tcp;
    options.recursion_desired = true;
    options.retry_interval = patience.pause;
    options
}

/// Each datagram leaves from a port of its own; message id, question and letter case are
/// compared by the stream, the sender by the kernel.
async fn over_udp(
    server: SocketAddr,
    request: DnsRequest,
    patience: Patience,
) -> Result<DnsResponse, NetError> {
    UdpClientStream::builder(server, Connected::to_ask(request.id))
        .with_timeout(Some(patience.whole))
        .with_max_retries(patience.datagrams())
        // The floor is in whole milliseconds; the interval itself is in the request.
        .with_retry_interval_floor(1)
        .build()
        .send_message(request)
        .first_answer()
        .await
}

async fn over_tcp(
    server: SocketAddr,
    request: DnsRequest,
    patience: Duration,
) -> Result<DnsResponse, NetError> {
    // Owns the connection's task, and ends it when it goes out of scope.
    let provider = TokioRuntimeProvider::default();
    let connection = TcpClientStream::exchange(server, None, patience, None, provider.clone()).await?;
    connection.send(request).first_answer().await
}

/// Sockets that are connected to the one server they ask: the kernel then reports a closed port
/// (ECONNREFUSED) at once, which on others is silence of seconds.
#[derive(Clone)]
struct Connected {
    provider: TokioRuntimeProvider,
    /// The message id of the question.
    id: u16,
}

impl Connected {
    fn to_ask(id: u16) -> Self {
        Self { provider: TokioRuntimeProvider::default(), id }
    }
}

impl RuntimeProvider for Connected {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = ConnectedSocket;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.provider.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        from: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        self.provider.connect_tcp(server, from, timeout)
    }

    fn bind_udp(
        &self,
        from: SocketAddr,
        server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        let id = self.id;
        Box::pin(async move {
            let socket = UdpSocket::bind(from).await?;
            socket.connect(server).await?;
            Ok(ConnectedSocket { socket, server, id })
        })
    }
}

struct ConnectedSocket {
    socket: UdpSocket,
    server: SocketAddr,
    id: u16,
}

impl ConnectedSocket {
    /// What went wrong since the last question; never `Ok`, and "would block" where nothing has.
    fn error(&self) -> io::Result<usize> {
        self.socket.try_io(Interest::ERROR, || {
            Err(self.socket.take_error()?.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
        })
    }
}

impl DnsUdpSocket for ConnectedSocket {
    type Time = TokioTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(self.socket.poll_recv(cx, &mut buffer))?;
        Poll::Ready(Ok((buffer.filled().len(), self.server)))
    }

    /// Waits for an error too, which does not count as something to be read. In the form that `async_trait`
    /// gives to this method of the library's.
    fn recv_from<'socket, 'buffer, 'both>(
        &'socket self,
        buffer: &'buffer mut [u8],
    ) -> Pin<Box<dyn Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'both>>
    where
        'socket: 'both,
        'buffer: 'both,
        Self: 'both,
    {
        Box::pin(async move {
            loop {
                let ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
                let received = if ready.is_error() { self.error() } else { self.socket.try_recv(buffer) };
                match received {
                    Ok(length) => match overheard(&buffer[..length], self.id) {
                        Some(heard) => return Err(io::Error::other(heard)),
                        None => return Ok((length, self.server)),
                    },
                    // Said too early.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, bytes: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, bytes)
    }
}
