//! The local listener: the sink, and the operator's override.
//!
//! The sink must never say yes to anything but replication batches: a server whose registration it
//! took would be registered nowhere. The override must never be within reach of a browser: a page
//! may send requests to this host's loopback, and may even become its "same origin" by DNS
//! rebinding. Hence a header that no page may send to another origin without being asked for leave,
//! which is never given, and a `Host` that is a loopback address or `localhost`, which a rebound
//! name is not.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, HOST, HeaderMap};
use hyper::{Method, Request, StatusCode};
use serde::Serialize;
use tokio::time::timeout;

use crate::model::{PeerSet, ServiceUrl};
use crate::reconcile::Consent;
use crate::wording::seconds;

use super::bounds::Bounds;
use super::command::{AcceptMode, Accepted, AcceptedOf, CommandSender};
use super::replication_count::{BadBatch, ReplicationCount};
use super::reply::{self, Reply};

/// Says that a request to accept is meant; its value is [`OVERRIDE_VALUE`].
const OVERRIDE_HEADER: &str = "x-eureka-peers";
const OVERRIDE_VALUE: &str = "accept";

/// Where servers send batches.
const BATCH_PATHS: [&str; 2] = ["/sink/eureka/peerreplication/batch/", "/sink/eureka/peerreplication/batch"];

/// A reply's entry for one item: `ReplicationInstanceResponse` with nothing but its status.
const ITEM_REPLY: &str = r#"{"statusCode":200}"#;

pub(super) async fn answer(
    commands: CommandSender,
    reply_max: Duration,
    request: Request<Incoming>,
) -> Reply {
    let (head, body) = request.into_parts();
    let (path, is_post) = (head.uri.path(), head.method == Method::POST);
    if is_post && BATCH_PATHS.contains(&path) {
        return take_batch(&head.headers, body).await;
    }
    reply::skip_body(body).await;
    match meant_by(path) {
        Some(meant) if is_post => accept(&commands, meant, reply_max, &head.headers).await,
        Some(_) => reply::method_not_allowed("POST"),
        None => unavailable("a sink for replication batches, and no Eureka server\n"),
    }
}

/// What a path of the override means. A sidecar that does not know of dry runs has no such path, so it takes nothing.
fn meant_by(path: &str) -> Option<(Consent, AcceptMode)> {
    match path {
        "/accept" => Some((Consent::Records, AcceptMode::Take)),
        "/accept/empty" => Some((Consent::Empty, AcceptMode::Take)),
        "/accept/dry-run" => Some((Consent::Records, AcceptMode::DryRun)),
        "/accept/empty/dry-run" => Some((Consent::Empty, AcceptMode::DryRun)),
        _ => None,
    }
}

fn unavailable(reason: impl Into<Bytes>) -> Reply {
    reply::text(StatusCode::SERVICE_UNAVAILABLE, reason)
}

async fn take_batch(headers: &HeaderMap, mut body: Incoming) -> Reply {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        reply::skip_body(body).await;
        return unavailable("a compressed batch cannot be counted\n");
    }
    match count_items(&mut body).await {
        Ok(items) => reply::json(StatusCode::OK, batch_reply(items)),
        Err(bad) => {
            reply::skip_body(body).await;
            unavailable(format!("{bad}\n"))
        }
    }
}

/// `ReplicationListResponse`: an entry for each item, because a server logs an error without.
fn batch_reply(items: usize) -> String {
    format!(r#"{{"responseList":[{}]}}"#, vec![ITEM_REPLY; items].join(","))
}

async fn count_items(body: &mut (impl Body<Data = Bytes> + Unpin)) -> Result<usize, BadBatch> {
    let mut left = Bounds::SINK_BODY_LENGTH_MAX;
    let mut count = ReplicationCount::new(Bounds::SINK_ITEMS_MAX);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BadBatch::Incomplete)?;
        let Some(bytes) = frame.data_ref() else { continue };
        left = left.checked_sub(bytes.len() as u64).ok_or(BadBatch::TooLong)?;
        count.read(bytes)?;
    }
    count.finish()
}

async fn accept(
    commands: &CommandSender,
    (consent, mode): (Consent, AcceptMode),
    reply_max: Duration,
    headers: &HeaderMap,
) -> Reply {
    if headers.get(OVERRIDE_HEADER).is_none_or(|value| value != OVERRIDE_VALUE) {
        let reason = "send the header `x-eureka-peers: accept`, as `eureka-peers accept` does\n";
        return reply::text(StatusCode::FORBIDDEN, reason);
    }
    if !headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(is_loopback_host) {
        let reason = "the host must be localhost or a loopback address\n";
        return reply::text(StatusCode::FORBIDDEN, reason);
    }
    let Ok(answer) = commands.accept(consent, mode) else {
        return unavailable("the loop takes no commands now; try again\n");
    };
    match timeout(reply_max, answer).await {
        Ok(Ok(Ok(accepted))) => reply::json(StatusCode::OK, accepted_json(&accepted)),
        Ok(Ok(Err(refused))) => reply::text(StatusCode::CONFLICT, format!("{refused}\n")),
        Ok(Err(_)) | Err(_) => unavailable(
            "the loop did not answer; see /livez, and in /status whether it took what DNS says after all\n",
        ),
    }
}

/// Whether a `Host` header's value, less its port, is a loopback address or `localhost`.
fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    literal.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        || name.eq_ignore_ascii_case("localhost")
}

#[derive(Serialize)]
struct AcceptedJson<'a> {
    peers: Vec<&'a str>,
    added: Vec<&'a str>,
    removed: Vec<&'a str>,
    first: bool,
    services: Vec<AcceptedOfJson<'a>>,
}

#[derive(Serialize)]
struct AcceptedOfJson<'a> {
    service: &'a str,
    taken: &'static str,
    age_seconds: Option<f64>,
    left_because: Option<&'a str>,
}

fn accepted_json(accepted: &Accepted) -> Vec<u8> {
    let json = AcceptedJson {
        peers: texts(&accepted.peers),
        added: texts(&accepted.added),
        removed: texts(&accepted.removed),
        first: accepted.is_first,
        services: accepted.services.iter().map(of_service).collect(),
    };
    serde_json::to_vec(&json).expect("strings and numbers cannot fail to serialise")
}

fn of_service(accepted: &AcceptedOf) -> AcceptedOfJson<'_> {
    AcceptedOfJson {
        service: &accepted.service,
        taken: accepted.taken,
        age_seconds: accepted.age.map(seconds),
        left_because: accepted.left_because.as_deref(),
    }
}

fn texts(peers: &PeerSet) -> Vec<&str> {
    peers.iter().map(ServiceUrl::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_a_loopback_host() {
        for good in ["127.0.0.1:9762", "127.1.2.3", "localhost:80", "LOCALHOST", "[::1]:9762", "[::1]"] {
            assert!(is_loopback_host(good), "{good}");
        }
        for bad in [
            "",
            "evil.example:9762",
            "localhost.evil.example",
            "127.0.0.1.evil.example:9762",
            "10.0.0.1:9762",
            "0.0.0.0",
            "[::]:9762",
            "127.0.0.1:9762@evil.example",
        ] {
            assert!(!is_loopback_host(bad), "{bad}");
        }
    }

    #[test]
    fn one_entry_an_item() {
        assert_eq!(batch_reply(0), r#"{"responseList":[]}"#);
        assert_eq!(batch_reply(2), r#"{"responseList":[{"statusCode":200},{"statusCode":200}]}"#);
    }
}
