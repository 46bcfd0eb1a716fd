//! The sink and the operator's override.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use crate::admin::{AcceptMode, Accepted, AcceptedOf, Bounds, LocalCommand, NotAccepted};
use crate::reconcile::Consent;

use super::fixture::{Fixture, SHORT, metrics_text, peers};
use super::{Heard, connect, elsewhere, exchange, get, half_closed_exchange, read_all};

const BATCH: &str = "/sink/eureka/peerreplication/batch/";

/// One item as a stock server sends it, shortened.
const ITEM: &str = r#"{"appName":"ORDERS","id":"orders-1","lastDirtyTimestamp":1767225600000,"status":"UP",
    "instanceInfo":{"instanceId":"orders-1","metadata":{"a":"]}\"","b":"\\"},"leaseInfo":{"x":[1,2]}},
    "action":"Heartbeat"}"#;

async fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> Heard {
    let length = body.len();
    let request =
        format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n{body}");
    exchange(address, request).await
}

fn batch(items: usize) -> String {
    format!("{{\"replicationList\":[{}]}}", vec![ITEM; items].join(","))
}

fn reply(items: usize) -> String {
    format!("{{\"responseList\":[{}]}}", vec!["{\"statusCode\":200}"; items].join(","))
}

#[tokio::test]
async fn a_batch_gets_one_entry_an_item() {
    let fixture = Fixture::start();
    for items in [0, 1, 2, 250, Bounds::SINK_ITEMS_MAX] {
        let heard = post(fixture.local, BATCH, "", &batch(items)).await;
        assert_eq!(heard.status, 200, "{items}");
        assert_eq!(heard.header("content-type"), Some("application/json"));
        assert_eq!(heard.body, reply(items), "{items}");
    }
    let heard = post(fixture.local, BATCH.trim_end_matches('/'), "", &batch(3)).await;
    assert_eq!((heard.status, heard.body), (200, reply(3)));
}

#[tokio::test]
async fn a_batch_may_come_in_chunks_as_java_sends_it() {
    let fixture = Fixture::start();
    let start = format!("POST {BATCH} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
    for size in [1, 7, 1000] {
        let body = batch(5);
        let chunks = body.as_bytes().chunks(size);
        let chunks =
            chunks.map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
        let request = format!("{start}{}0\r\n\r\n", chunks.collect::<String>());
        let heard = exchange(fixture.local, request).await;
        assert_eq!((heard.status, heard.body), (200, reply(5)), "{size}");
    }
}

#[tokio::test]
async fn a_client_may_wait_for_leave_to_send_its_body() {
    let fixture = Fixture::start();
    let address = fixture.local;
    let text = elsewhere(move || {
        let mut stream = connect(address);
        let body = batch(1);
        let length = body.len();
        let head = format!(
            "POST {BATCH} HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(body.as_bytes()).expect("the server reads");
        String::from_utf8(read_all(&mut stream)).expect("text")
    });
    let text = text.await;
    assert!(text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "{text}");
}

#[tokio::test]
async fn a_compressed_batch_is_left_to_its_sender() {
    let fixture = Fixture::start();
    let heard = post(fixture.local, BATCH, "content-encoding: gzip\r\n", "\u{1f}not really").await;
    assert_eq!((heard.status, &*heard.body), (503, "a compressed batch cannot be counted\n"));
    let heard = post(fixture.local, BATCH, "content-encoding: identity\r\n", &batch(1)).await;
    assert_eq!(heard.status, 200);
}

#[tokio::test]
async fn what_is_no_batch_gets_503() {
    let fixture = Fixture::start();
    for body in ["", "{}", "[]", "null", "{\"replicationList\":{}}", "{\"replicationList\":[", "<a/>"] {
        assert_eq!(post(fixture.local, BATCH, "", body).await.status, 503, "{body}");
    }
    let many = format!("{{\"replicationList\":[{}1]}}", "1,".repeat(Bounds::SINK_ITEMS_MAX));
    let heard = post(fixture.local, BATCH, "", &many).await;
    assert_eq!((heard.status, &*heard.body), (503, "the batch has more than 4096 items\n"));
    assert_eq!(get(fixture.local, BATCH).await.status, 503);
}

#[tokio::test]
async fn the_sink_is_no_eureka_server() {
    let fixture = Fixture::start();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/sink/eureka/apps/"),
        ("GET", "/sink/eureka/apps/delta"),
        ("POST", "/sink/eureka/apps/ORDERS"),
        ("PUT", "/sink/eureka/apps/ORDERS/orders-1?status=UP"),
        ("DELETE", "/sink/eureka/apps/ORDERS/orders-1"),
        ("PUT", BATCH),
        ("POST", "/eureka/peerreplication/batch/"),
        ("GET", "/livez"),
        ("GET", "/status"),
        ("OPTIONS", "*"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{{}}");
        assert_eq!(exchange(fixture.local, request).await.status, 503, "{method} {path}");
    }
}

#[tokio::test]
async fn a_batch_of_megabytes_is_counted_and_a_longer_one_refused() {
    let fixture = Fixture::start();
    let blanks = |length: usize| format!("{{\"replicationList\":[1,2,3]{}}}", " ".repeat(length - 27));
    let longest = usize::try_from(Bounds::SINK_BODY_LENGTH_MAX).expect("fits");
    let heard = post(fixture.local, BATCH, "", &blanks(longest)).await;
    assert_eq!((heard.status, heard.body), (200, reply(3)));
    let heard = post(fixture.local, BATCH, "", &blanks(longest + 1)).await;
    assert_eq!((heard.status, &*heard.body), (503, "the batch is too long\n"));
}

#[tokio::test]
async fn a_batch_that_breaks_off_leaves_no_trace() {
    let fixture = Fixture::within(SHORT, metrics_text);
    let request =
        "POST /sink/eureka/peerreplication/batch/ HTTP/1.1\r\nhost: h\r\ncontent-length: 99\r\n\r\n{";
    let heard = half_closed_exchange(fixture.local, request).await;
    assert_eq!((heard.status, &*heard.body), (503, "the batch is incomplete\n"));
    // One that stays open without another byte ends at its deadline.
    let address = fixture.local;
    let bytes = elsewhere(move || {
        let mut stream = connect(address);
        stream.write_all(request.as_bytes()).expect("the server reads");
        read_all(&mut stream)
    });
    assert_eq!(bytes.await, b"");
    assert_eq!(fixture.counts.local.read().overdue, 1);
}

const OVERRIDE: &str = "x-eureka-peers: accept\r\n";

#[tokio::test]
async fn accept_goes_to_the_loop_and_its_reply_comes_back() {
    let mut fixture = Fixture::start();
    let accepted = Accepted {
        peers: peers(&["http://a:1/", "http://b:1/"]),
        added: peers(&["http://b:1/"]),
        removed: peers(&["http://c:1/"]),
        is_first: false,
        services: vec![AcceptedOf {
            service: "a.ns".to_owned(),
            taken: "needs_consent",
            age: Some(Duration::from_millis(1500)),
            left_because: Some("why".to_owned()),
        }],
    };
    let (heard, ()) = tokio::join!(post(fixture.local, "/accept", OVERRIDE, ""), async {
        let LocalCommand::Accept(request) = fixture.commands.next().await;
        request.answer(Ok(accepted));
    });
    assert_eq!(heard.status, 200);
    assert_eq!(
        heard.body,
        r#"{"peers":["http://a:1/","http://b:1/"],"added":["http://b:1/"],"removed":["http://c:1/"],"first":false,"services":[{"service":"a.ns","taken":"needs_consent","age_seconds":1.5,"left_because":"why"}]}"#
    );
}

#[tokio::test]
async fn a_path_says_what_is_meant() {
    let mut fixture = Fixture::start();
    for (path, consent, mode) in [
        ("/accept", Consent::Records, AcceptMode::Take),
        ("/accept/empty", Consent::Empty, AcceptMode::Take),
        ("/accept/dry-run", Consent::Records, AcceptMode::DryRun),
        ("/accept/empty/dry-run", Consent::Empty, AcceptMode::DryRun),
    ] {
        let (heard, meant) = tokio::join!(post(fixture.local, path, OVERRIDE, ""), async {
            let LocalCommand::Accept(request) = fixture.commands.next().await;
            let meant = (request.consent(), request.mode());
            request.answer(Err(NotAccepted("no".to_owned())));
            meant
        });
        assert_eq!((heard.status, meant), (409, (consent, mode)), "{path}");
        assert_eq!(post(fixture.local, path, "", "").await.status, 403, "{path}");
    }
    for path in ["/accept/", "/accept/dry", "/accept/dry-run/empty", "/accept/dry-run/"] {
        assert_eq!(post(fixture.local, path, OVERRIDE, "").await.status, 503, "{path}");
    }
}

#[tokio::test]
async fn accept_may_be_refused_by_the_loop() {
    let mut fixture = Fixture::start();
    let (heard, ()) = tokio::join!(post(fixture.local, "/accept", OVERRIDE, ""), async {
        let LocalCommand::Accept(request) = fixture.commands.next().await;
        request.answer(Err(NotAccepted("DNS has said nothing yet".to_owned())));
    });
    assert_eq!((heard.status, &*heard.body), (409, "DNS has said nothing yet\n"));
}

#[tokio::test]
async fn a_loop_that_does_not_answer_is_not_waited_for_and_does_nothing_later() {
    let mut fixture = Fixture::within(SHORT, metrics_text);
    let heard = post(fixture.local, "/accept", OVERRIDE, "").await;
    assert_eq!(heard.status, 503);
    assert!(heard.body.starts_with("the loop did not answer"), "{}", heard.body);
    let later = tokio::time::timeout(Duration::from_millis(100), fixture.commands.next()).await;
    assert!(later.is_err(), "the command outlived its requester");
}

#[tokio::test]
async fn a_loop_that_is_gone_is_told_at_once() {
    let fixture = Fixture::start();
    drop(fixture.commands);
    let heard = post(fixture.local, "/accept", OVERRIDE, "").await;
    assert_eq!((heard.status, &*heard.body), (503, "the loop takes no commands now; try again\n"));
}

#[tokio::test]
async fn a_browser_cannot_override() {
    let fixture = Fixture::start();
    let local = fixture.local;
    // A form or a simple fetch of another site.
    assert_eq!(post(local, "/accept", "", "").await.status, 403);
    assert_eq!(post(local, "/accept", "x-eureka-peers: 1\r\n", "").await.status, 403);
    // The question whether the header may be sent.
    let heard =
        exchange(local, "OPTIONS /accept HTTP/1.1\r\nhost: localhost\r\norigin: http://evil\r\n\r\n").await;
    assert_eq!(heard.status, 405);
    assert!(!heard.head.contains("access-control"), "{}", heard.head);
    assert_eq!(get(local, "/accept").await.status, 405);
    // A name that was rebound to this address.
    for host in ["host: evil.example:9762\r\n", ""] {
        let request = format!("POST /accept HTTP/1.1\r\n{host}{OVERRIDE}\r\n");
        assert_eq!(exchange(local, request).await.status, 403, "{host}");
    }
}
