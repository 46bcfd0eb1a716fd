//! One question to one server: over UDP, and over TCP where UDP cannot be believed.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_resolver::proto::op::{
    DEFAULT_MAX_PAYLOAD_LEN, DnsRequest, DnsRequestOptions, DnsResponse, Query,
};

use crate::model::{Answer, LookupFailure};

use super::reading;

/// How long a server is waited for, and how often it is sent the question meanwhile.
///
/// A lost datagram, or a server that comes up during the try, then costs one pause and not all of
/// the try.
#[derive(Clone, Copy, Debug)]
pub(super) struct TryTime {
    /// The whole try.
    pub(super) whole: Duration,
    /// From one datagram to the next.
    pub(super) pause: Duration,
}

impl TryTime {
    fn datagrams(self) -> u8 {
        let datagrams = self.whole.as_millis() / self.pause.as_millis().max(1);
        u8::try_from(datagrams).unwrap_or(u8::MAX).max(1)
    }
}

/// FORMERR and NOTIMP (RFC 1035, section 4.1.1).
const FORMAT_ERROR: u16 = 1;
const NOT_IMPLEMENTED: u16 = 4;

/// A message has 64 KB at most (RFC 1035, section 4.2.2): some 4,000 addresses, or 1,000 names.
const TOO_LARGE: &str =
    "more records than one message can hold; `--peer-host ipv4` needs the least room for each";

/// Asks one server once; silence for the whole try is [`LookupFailure::Timeout`].
///
/// A server that has answered over UDP is given the same time again for TCP. A firewall that
/// drops TCP is not taken for a silent server: what UDP said is then the failure.
///
/// A server that does not know EDNS says so by a code of its own, and is asked again without it
/// (RFC 6891, sections 6.2.2 and 7).
pub(super) async fn ask(server: SocketAddr, query: &Query, time: TryTime) -> Answer {
    let with_edns = options(time);
    match exchange(server, query, time, with_edns).await {
        Answer::Failed(LookupFailure::ResponseCode(FORMAT_ERROR | NOT_IMPLEMENTED)) => {
            let mut without_edns = with_edns;
            without_edns.use_edns = false;
            exchange(server, query, time, without_edns).await
        }
        answer => answer,
    }
}

async fn exchange(server: SocketAddr, query: &Query, time: TryTime, options: DnsRequestOptions) -> Answer {
    let try_timeout = time.whole;
    let request = DnsRequest::from_query(query.clone(), options);
    match over_udp(server, request.clone(), time).await {
        Ok(response) if response.truncation => {
            over_tcp(server, query, request, try_timeout, LookupFailure::Truncated).await
        }
        Ok(response) => reading::answer(query, &response),
        // A server that does not keep the letters' case, or a forger who could not see it.
        Err(NetError::QueryCaseMismatch) => {
            let forged = LookupFailure::Malformed(
                "the question in another letter case, as a forger would, and TCP gave none; allow egress to TCP port 53",
            );
            over_tcp(server, query, request, try_timeout, forged).await
        }
        Err(error) => Answer::Failed(failure(server, &error)),
    }
}

/// EDNS says 1232 bytes whatever `resolv.conf` says (DNS flag day 2020): more fits into a
/// datagram, and none is cut into fragments. The random letter case (0x20) is 20 bits or so more
/// that a forger must guess.
fn options(time: TryTime) -> DnsRequestOptions {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_payload_len = DEFAULT_MAX_PAYLOAD_LEN;
    options.case_randomization = true;
    options.recursion_desired = true;
    options.retry_interval = time.pause;
    options
}

/// Each datagram leaves from a port of its own; sender, message id, question and letter case are
/// compared by the stream.
async fn over_udp(server: SocketAddr, request: DnsRequest, time: TryTime) -> Result<DnsResponse, NetError> {
    UdpClientStream::builder(server, TokioRuntimeProvider::default())
        .with_timeout(Some(time.whole))
        .with_max_retries(time.datagrams())
        // The floor is in whole milliseconds; the interval itself is in the request.
        .with_retry_interval_floor(1)
        .build()
        .send_message(request)
        .first_answer()
        .await
}

/// Asks over TCP; where that fails, `otherwise` says why UDP was not enough.
async fn over_tcp(
    server: SocketAddr,
    query: &Query,
    request: DnsRequest,
    try_timeout: Duration,
    otherwise: LookupFailure,
) -> Answer {
    // Owns the connection's task, and ends it when it goes out of scope.
    let provider = TokioRuntimeProvider::default();
    let exchange = async {
        let connection = TcpClientStream::exchange(server, None, try_timeout, None, provider.clone()).await?;
        connection.send(request).first_answer().await
    };
    match tokio::time::timeout(try_timeout, exchange).await {
        Ok(Ok(response)) if response.truncation => Answer::Failed(LookupFailure::Malformed(TOO_LARGE)),
        Ok(Ok(response)) => reading::answer(query, &response),
        Ok(Err(_)) | Err(_) => Answer::Failed(otherwise),
    }
}

fn failure(server: SocketAddr, error: &NetError) -> LookupFailure {
    match error {
        NetError::Timeout => LookupFailure::Timeout,
        NetError::Proto(_) => LookupFailure::Malformed(reading::UNREADABLE),
        // The enum is open, and whatever else there is, it is no answer.
        other => LookupFailure::Network(format!("{server}: {other}")),
    }
}
