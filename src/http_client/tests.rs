//! The client against servers on loopback: good, hostile, and none at all.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::model::HttpUrl;

use super::fake_server::{FakeServer, Reply, reply, tls_for};
use super::{BODY_MAX, Credentials, HEAD_MAX, HttpClient, HttpError, Method, Request, RequestStep, Response};

const SECOND: Duration = Duration::from_secs(1);
/// For servers that never finish: long enough for loopback, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

async fn get(server: &FakeServer) -> Result<Response, HttpError> {
    get_within(server, SECOND).await
}

async fn get_within(server: &FakeServer, timeout: Duration) -> Result<Response, HttpError> {
    HttpClient::default().send(Request::new(Method::Get, &server.url("/x")), timeout).await
}

fn body(response: Response) -> Vec<u8> {
    response.body.expect("a whole body")
}

fn file_with(content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    std::fs::write(&path, content).expect("written");
    (directory, path)
}

#[tokio::test]
async fn a_plain_exchange() {
    let server = FakeServer::always(reply(200, "Allow: GET, POST\r\n", "hello")).await;
    let response = get(&server).await.expect("a reply");
    assert_eq!((response.status, response.allow.as_deref()), (200, Some("GET, POST")));
    assert_eq!(body(response), b"hello");
    let request = &server.requests()[0];
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
    for line in [format!("host: {}", server.address), "connection: close".into(), "accept: */*".into()] {
        assert!(request.contains(&format!("{line}\r\n")), "{line} in {request}");
    }
    assert!(!request.contains("authorization") && !request.contains("content-"), "{request}");
}

#[tokio::test]
async fn a_post_says_its_type_and_length_even_when_empty() {
    let server = FakeServer::always(reply(200, "", "")).await;
    for sent in [Vec::new(), b"{}".to_vec()] {
        let request = Request::new(Method::Post, &server.url("/x")).json(sent);
        HttpClient::default().send(request, SECOND).await.expect("a reply");
    }
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.contains("content-type: application/json\r\n")));
    assert!(requests[0].contains("content-length: 0\r\n"), "{}", requests[0]);
    assert!(requests[1].contains("content-length: 2\r\n") && requests[1].ends_with("{}"), "{}", requests[1]);
}

#[tokio::test]
async fn ipv6_and_chunks() {
    let chunked = "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let server = FakeServer::always_on_ipv6(Reply::Whole(chunked.into())).await;
    assert_eq!(body(get(&server).await.expect("a reply")), b"abcde");
    assert!(server.requests()[0].contains("host: [::1]:"));
}

#[tokio::test]
async fn a_name_is_asked_for_at_the_address_given() {
    let server = FakeServer::always(reply(200, "", "")).await;
    let url: HttpUrl = format!("http://eureka-0.ns:{}/", server.address.port()).parse().expect("valid");
    let request = Request::new(Method::Get, &url);
    let unresolved = HttpClient::default().send(request.clone(), SECOND).await;
    assert!(matches!(unresolved, Err(HttpError::Unresolved { .. })), "{unresolved:?}");
    let request = request.at(Some(server.address.ip()));
    HttpClient::default().send(request, SECOND).await.expect("a reply");
    assert!(server.requests()[0].contains(&format!("host: eureka-0.ns:{}\r\n", server.address.port())));
}

#[tokio::test]
async fn a_redirect_is_a_reply_like_any_other() {
    let server = FakeServer::always(reply(302, "Location: /login\r\n", "")).await;
    assert_eq!(get(&server).await.expect("a reply").status, 302);
    assert_eq!(server.asked(), ["GET /x"]);
}

#[tokio::test]
async fn credentials_are_read_at_each_use() {
    let server = FakeServer::always(reply(200, "", "")).await;
    let (_directory, path) = file_with("one\n");
    let client = HttpClient::new(Some(Credentials::new("user".into(), path.clone())), None);
    for password in ["one", "two"] {
        std::fs::write(&path, password).expect("written");
        client.send(Request::new(Method::Get, &server.url("/")), SECOND).await.expect("a reply");
    }
    let requests = server.requests();
    // "user:one" and "user:two".
    assert!(requests[0].contains("authorization: Basic dXNlcjpvbmU=\r\n"), "{}", requests[0]);
    assert!(requests[1].contains("authorization: Basic dXNlcjp0d28=\r\n"), "{}", requests[1]);
}

#[tokio::test]
async fn an_unusable_password_file_is_named_and_nothing_is_sent() {
    let server = FakeServer::always(reply(200, "", "")).await;
    let (directory, long) = file_with("x".repeat(Credentials::PASSWORD_FILE_MAX + 1));
    let pipe = directory.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "\n").expect("written");
    let missing = directory.path().join("missing");
    for path in [long, pipe, empty, missing, directory.path().to_owned()] {
        let client = HttpClient::new(Some(Credentials::new("user".into(), path.clone())), None);
        let outcome = client.send(Request::new(Method::Get, &server.url("/")), SECOND).await;
        let Err(HttpError::PasswordFile(error)) = outcome else { panic!("{path:?}: {outcome:?}") };
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_closed_port_refuses_at_once() {
    let address = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
    let url: HttpUrl = format!("http://{address}/").parse().expect("valid");
    let begun = Instant::now();
    let outcome = HttpClient::default().send(Request::new(Method::Get, &url), 60 * SECOND).await;
    assert!(matches!(outcome, Err(HttpError::Connect { .. })), "{outcome:?}");
    assert!(begun.elapsed() < 30 * SECOND, "its time is not waited for");
}

#[tokio::test]
async fn a_full_backlog_ends_the_attempt_in_time() {
    // Nobody accepts here, and the queue is full: a further connection gets no answer at all.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("valid")).expect("a port");
    let listener = socket.listen(1).expect("listens");
    let address = listener.local_addr().expect("bound");
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(SHORT, tokio::net::TcpStream::connect(address)).await {
        waiting.push(stream);
        assert!(waiting.len() < 64, "the backlog never fills");
    }
    let url: HttpUrl = format!("http://{address}/").parse().expect("valid");
    let outcome = HttpClient::default().send(Request::new(Method::Get, &url), SHORT).await;
    assert!(matches!(outcome, Err(HttpError::ConnectTimedOut { .. })), "{outcome:?}");
}

#[tokio::test]
async fn silence_and_slow_drips_end_in_time() {
    let whole = b"HTTP/1.1 200 x\r\nContent-Length: 500\r\n\r\n".to_vec();
    let cases = [
        (Reply::Held(Vec::new()), Some(RequestStep::Reply)),
        (Reply::Held(b"HTTP/1.1 200 x\r\nContent-".to_vec()), Some(RequestStep::Reply)),
        (
            Reply::Dripped(b"HTTP/1.1 200 a long reason that comes byte by byte".to_vec()),
            Some(RequestStep::Reply),
        ),
        (Reply::Held(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()), Some(RequestStep::Reply)),
        (Reply::Held(whole), None),
    ];
    for (reply, step) in cases {
        let server = FakeServer::always(reply).await;
        let begun = Instant::now();
        let outcome = get_within(&server, SHORT).await;
        assert!(begun.elapsed() < 30 * SECOND, "{:?}", begun.elapsed());
        let late = match (outcome, step) {
            (Err(HttpError::TimedOut(at)), Some(step)) => at == step,
            (Ok(response), None) => matches!(response.body, Err(HttpError::TimedOut(RequestStep::Body))),
            _ => false,
        };
        assert!(late, "{step:?}");
    }
}

#[tokio::test]
async fn a_dripped_body_ends_in_time_and_keeps_its_status() {
    let mut bytes = b"HTTP/1.1 503 x\r\n\r\n".to_vec();
    bytes.extend([b'x'; 500]);
    let server = FakeServer::always(Reply::Dripped(bytes)).await;
    let response = get_within(&server, SECOND).await.expect("a head");
    assert_eq!(response.status, 503);
    assert!(matches!(response.body, Err(HttpError::TimedOut(RequestStep::Body))));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_bound_and_no_further() {
    let exact = FakeServer::always(reply(200, "", &"x".repeat(BODY_MAX))).await;
    assert_eq!(body(get(&exact).await.expect("a reply")).len(), BODY_MAX);
    let announced =
        FakeServer::always(Reply::Flood(b"HTTP/1.1 200 x\r\nContent-Length: 1000000000\r\n\r\n".to_vec()))
            .await;
    let endless = FakeServer::always(Reply::Flood(b"HTTP/1.1 200 x\r\n\r\n".to_vec())).await;
    for server in [announced, endless] {
        let response = get(&server).await.expect("a head");
        assert!(matches!(response.body, Err(HttpError::BodyTooLarge { max: BODY_MAX })));
        // What the kernel buffered on both sides was taken, but never the gigabyte.
        assert!(server.flooded() < 32 << 20, "{}", server.flooded());
    }
}

#[tokio::test]
async fn a_head_is_read_up_to_its_bound() {
    let long = format!("HTTP/1.1 200 x\r\nX: {}\r\n\r\n", "x".repeat(HEAD_MAX));
    let many = format!("HTTP/1.1 200 x\r\n{}\r\n", "X: y\r\n".repeat(65));
    for head in
        [Reply::Whole(long.into()), Reply::Whole(many.into()), Reply::Flood(b"HTTP/1.1 200 ".to_vec())]
    {
        let outcome = get(&FakeServer::always(head).await).await;
        assert!(matches!(outcome, Err(HttpError::Malformed { step: RequestStep::Reply, .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_from_a_connection_that_breaks() {
    for bytes in ["SSH-2.0-OpenSSH_9.6\r\n", "\0\0\0\0", "HTTP/1.1 abc\r\n\r\n", "HTTP/0.9 200 x\r\n\r\n"] {
        let outcome = get(&FakeServer::always(Reply::Whole(bytes.into())).await).await;
        assert!(matches!(outcome, Err(HttpError::Malformed { .. })), "{bytes:?} {outcome:?}");
    }
    for bytes in ["", "HTTP/1.1 200 x\r\nContent-Le"] {
        let outcome = get(&FakeServer::always(Reply::Whole(bytes.into())).await).await;
        assert!(
            matches!(outcome, Err(HttpError::Closed { step: RequestStep::Reply, .. })),
            "{bytes:?} {outcome:?}"
        );
    }
    let half = "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\nhalf";
    let response = get(&FakeServer::always(Reply::Whole(half.into())).await).await.expect("a head");
    assert!(
        matches!(response.body, Err(HttpError::Closed { step: RequestStep::Body, .. })),
        "{:?}",
        response.body
    );
}

#[tokio::test]
async fn a_dropped_request_closes_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url: HttpUrl = format!("http://{}/", listener.local_addr().expect("bound")).parse().expect("valid");
    let client = HttpClient::default();
    let sent = client.send(Request::new(Method::Get, &url), Duration::from_secs(60));
    let (mut stream, _) = tokio::select! {
        _ = sent => panic!("nobody answered"),
        accepted = async { let accepted = listener.accept().await; tokio::time::sleep(SHORT).await; accepted } =>
            accepted.expect("accepted"),
    };
    let mut all = Vec::new();
    let closed = tokio::time::timeout(SECOND, tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut all));
    closed.await.expect("closed at once").expect("read");
    assert!(all.starts_with(b"GET / HTTP/1.1\r\n"));
}

async fn https(url: &str, ca_file: Option<PathBuf>) -> Result<Response, HttpError> {
    let url: HttpUrl = url.parse().expect("valid");
    let request = Request::new(Method::Get, &url).at(Some("127.0.0.1".parse().expect("valid")));
    HttpClient::new(None, ca_file).send(request, SECOND).await
}

#[tokio::test]
async fn https_with_a_ca_of_ones_own() {
    let (ca, tls) = tls_for(&["eureka-0.eureka.ns.svc", "127.0.0.1"]);
    let server = FakeServer::always_with_tls(reply(200, "", "hello"), tls).await;
    let port = server.address.port();
    let (_directory, path) = file_with(ca);
    for host in ["eureka-0.eureka.ns.svc", "127.0.0.1"] {
        let response = https(&format!("https://{host}:{port}/"), Some(path.clone())).await.expect("a reply");
        assert_eq!(body(response), b"hello");
    }
    let other_name = https(&format!("https://eureka-1.eureka.ns.svc:{port}/"), Some(path)).await;
    assert!(matches!(other_name, Err(HttpError::Tls { .. })), "{other_name:?}");
}

#[tokio::test]
async fn https_trusts_nothing_else() {
    let (_, tls) = tls_for(&["127.0.0.1"]);
    let server = FakeServer::always_with_tls(reply(200, "", ""), tls).await;
    let url = format!("https://{}/", server.address);
    let (_directory, other_ca) = file_with(tls_for(&["127.0.0.1"]).0);
    let outcome = https(&url, Some(other_ca)).await;
    assert!(matches!(outcome, Err(HttpError::Tls { .. })), "{outcome:?}");
    assert!(matches!(https(&url, None).await, Err(HttpError::NoCaFile)));
    let (_directory, no_pem) = file_with("no certificate");
    assert!(matches!(https(&url, Some(no_pem)).await, Err(HttpError::CaFile(_))));
    let (_directory, broken) = file_with("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(matches!(https(&url, Some(broken)).await, Err(HttpError::CaFile(_))));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn tls_towards_a_plain_server_fails_in_time() {
    let plain = FakeServer::always(Reply::Held(Vec::new())).await;
    let (_directory, ca) = file_with(tls_for(&["127.0.0.1"]).0);
    let url: HttpUrl = format!("https://{}/", plain.address).parse().expect("valid");
    let outcome = HttpClient::new(None, Some(ca)).send(Request::new(Method::Get, &url), SHORT).await;
    assert!(matches!(outcome, Err(HttpError::TimedOut(RequestStep::Handshake))), "{outcome:?}");
}
