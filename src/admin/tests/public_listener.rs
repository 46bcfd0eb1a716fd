//! Routes, probes and protocol of the public listener.

use std::io::Write;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::StatusCode;
use tokio::time::{Instant, advance};

use crate::admin::probes::Detail;
use crate::admin::public::Resource;
use crate::admin::{ListInPlace, Snapshot, Stage, View};
use crate::model::Moment;
use crate::reconcile::Situation;
use crate::reconcile::samples::situations;

use super::fixture::{Fixture, condition, metrics_text, not_published, snapshot, view};
use super::{connect, elsewhere, exchange, exchange_bytes, get, half_closed_exchange, read_all};

const ROUTES: [&str; 7] = ["/", "/livez", "/readyz", "/startupz", "/healthz", "/status", "/metrics"];

fn with_list(list: ListInPlace) -> Snapshot {
    Snapshot { list, ..snapshot() }
}

#[tokio::test]
async fn every_route_answers_with_its_own_type() {
    let fixture = Fixture::start();
    fixture.show.show(with_list(ListInPlace::Published));
    for (path, content_type, body) in [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/livez", "text/plain; charset=utf-8", "ok\n"),
        ("/readyz", "text/plain; charset=utf-8", "ok\n"),
        ("/startupz", "text/plain; charset=utf-8", "ok\n"),
        ("/healthz", "text/plain; charset=utf-8", "ok\n"),
        ("/status", "application/json", "{\"schema\":1,"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "Text\n"),
        ("/livez?x=verbose", "text/plain; charset=utf-8", "ok\n"),
        ("/livez?x&verbose=1", "text/plain; charset=utf-8", "[+]loop ok: turned 0."),
        ("http://somewhere/livez", "text/plain; charset=utf-8", "ok\n"),
    ] {
        let heard = get(fixture.public, path).await;
        assert_eq!(heard.status, 200, "{path}: {}", heard.head);
        assert_eq!(heard.header("content-type"), Some(content_type), "{path}");
        assert!(heard.body.starts_with(body), "{path}: {}", heard.body);
        assert_eq!(heard.header("connection"), Some("close"), "{path}");
        assert_eq!(heard.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(heard.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    assert_eq!(fixture.counts.public.read().answered, 10);
}

#[tokio::test]
async fn open_metrics_is_for_those_who_ask() {
    let fixture = Fixture::start();
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = "text/plain; version=0.0.4; charset=utf-8";
    for (accept, content_type, body) in [
        (
            "accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            open_metrics,
            "OpenMetrics\n",
        ),
        ("accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text", open_metrics, "OpenMetrics\n"),
        ("accept: text/plain;version=0.0.4", text, "Text\n"),
        ("accept: \u{e4}", text, "Text\n"),
    ] {
        let request = format!("GET /metrics HTTP/1.1\r\nhost: h\r\n{accept}\r\n\r\n");
        let heard = exchange(fixture.public, request).await;
        assert_eq!((heard.header("content-type"), &*heard.body), (Some(content_type), body), "{accept}");
        assert_eq!(heard.header("vary"), Some("accept"), "{accept}");
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let fixture = Fixture::start();
    for path in ROUTES {
        let whole = get(fixture.public, path).await;
        let head = exchange(fixture.public, format!("HEAD {path} HTTP/1.1\r\nhost: h\r\n\r\n")).await;
        assert_eq!(head.status, whole.status, "{path}");
        assert_eq!(head.header("content-type"), whole.header("content-type"), "{path}");
        assert_eq!(head.header("content-length"), Some(&*whole.body.len().to_string()), "{path}");
        assert_eq!(head.body, "", "{path}");
    }
}

#[tokio::test]
async fn nothing_but_get_and_head() {
    let fixture = Fixture::start();
    for path in ROUTES {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let request = format!("{method} {path} HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbody");
            let heard = exchange(fixture.public, request).await;
            assert_eq!(heard.status, 405, "{method} {path}");
            assert_eq!(heard.header("allow"), Some("get, head"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_told_the_known_ones() {
    let fixture = Fixture::start();
    for path in ["/nowhere", "/livez/", "//", "/Livez", "/accept", "/%6civez", "*"] {
        let heard = get(fixture.public, path).await;
        assert_eq!(heard.status, 404, "{path}");
        for route in ROUTES {
            assert!(heard.body.lines().any(|line| line == route), "{path} is not told {route}");
        }
    }
}

#[tokio::test]
async fn readyz_is_green_while_a_list_is_in_place_and_attended_to() {
    let fixture = Fixture::start();
    let draining = Snapshot { stage: Stage::Draining, ..with_list(ListInPlace::Published) };
    for (snapshot, ready, started) in [
        (with_list(ListInPlace::Nothing), 503, 503),
        (with_list(ListInPlace::TakenAway), 503, 503),
        (with_list(ListInPlace::FoundAtStart), 200, 503),
        (with_list(ListInPlace::Published), 200, 200),
        (draining, 503, 200),
        // A loop that starts anew after a panic has not published, but this process has.
        (with_list(ListInPlace::FoundAtStart), 200, 200),
    ] {
        let shown = format!("{:?} {:?}", snapshot.list, snapshot.stage);
        fixture.show.show(snapshot);
        assert_eq!(get(fixture.public, "/readyz").await.status, ready, "{shown}");
        assert_eq!(get(fixture.public, "/healthz").await.status, ready, "{shown}");
        assert_eq!(get(fixture.public, "/startupz").await.status, started, "{shown}");
        assert_eq!(get(fixture.public, "/livez").await.status, 200, "{shown}");
    }
}

#[tokio::test]
async fn probes_tell_their_checks_and_reasons() {
    let fixture = Fixture::start();
    let mut nothing = snapshot();
    nothing.status.conditions = vec![
        condition(not_published("read-only,\nsays the disk")),
        condition(Situation::ManyPeers { peers: 65 }),
    ];
    fixture.show.show(nothing);
    for path in ["/readyz", "/readyz?verbose", "/healthz"] {
        assert_eq!(
            get(fixture.public, path).await.body,
            "[-]list failed: no valid list is in place: read-only, says the disk (/peers); free the node's disk\n\
             [+]stage ok\nreadyz check failed\n"
        );
    }
    assert_eq!(
        get(fixture.public, "/startupz").await.body,
        "[-]first-publication failed: nothing was published yet: read-only, says the disk (/peers); free the node's \
         disk\nstartupz check failed\n"
    );
    fixture.show.show(with_list(ListInPlace::Published));
    assert_eq!(
        get(fixture.public, "/readyz?verbose").await.body,
        "[+]list ok\n[+]stage ok\nreadyz check passed\n"
    );
}

/// Loop and list decide; how serious a condition is does not.
#[tokio::test]
async fn no_condition_turns_a_probe_red() {
    let fixture = Fixture::start();
    for situation in situations() {
        let mut shown = with_list(ListInPlace::Published);
        shown.status.conditions = vec![condition(situation.clone())];
        fixture.show.show(shown);
        for path in ["/livez", "/readyz", "/startupz"] {
            assert_eq!(get(fixture.public, path).await.status, 200, "{path}: {situation:?}");
        }
    }
}

async fn livez(view: &View) -> (StatusCode, String) {
    let reply = view.show(Resource::Livez, Detail::Brief);
    let status = reply.status();
    let body = reply.into_body().collect().await.expect("a body in memory").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// In paused time, hence without sockets.
#[tokio::test(start_paused = true)]
async fn livez_is_red_when_the_loop_does_not_turn_and_green_again_when_it_does() {
    let start = Instant::now();
    let (_show, view) = view(snapshot(), metrics_text);
    assert_eq!(livez(&view).await.0, StatusCode::OK);
    advance(Duration::from_secs(75)).await;
    let (status, body) = livez(&view).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        body,
        "[-]loop failed: the loop has not turned for 75 s; 60 s are allowed\nlivez check failed\n"
    );
    view.liveness.stamp(Moment::at(start.elapsed()), Duration::from_secs(1));
    assert_eq!(livez(&view).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_page_loads_and_runs_nothing() {
    let fixture = Fixture::start();
    let page = get(fixture.public, "/").await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
    for tag in ["<script", "<link", "<img", "<iframe", "<form", "@import", "url(", " src=", " on"] {
        assert!(!page.body.replace("is not on", "").contains(tag), "{tag}");
    }
}

#[tokio::test]
async fn a_client_may_close_its_half_and_may_be_old() {
    let fixture = Fixture::start();
    let heard = half_closed_exchange(fixture.public, "GET /livez HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert_eq!((heard.status, &*heard.body), (200, "ok\n"));
    let heard = exchange(fixture.public, "GET /livez HTTP/1.0\r\n\r\n").await;
    assert_eq!((heard.status, &*heard.body), (200, "ok\n"));
}

#[tokio::test]
async fn one_request_a_connection_whatever_is_piped_after_it() {
    let fixture = Fixture::start();
    let request = "GET /livez HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\n\r\n".repeat(20);
    let bytes = exchange_bytes(fixture.public, request).await;
    let text = String::from_utf8(bytes).expect("text");
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 1, "{text}");
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let fixture = Fixture::start();
    let address = fixture.public;
    let bytes = elsewhere(move || {
        let mut stream = connect(address);
        for byte in b"GET /livez HTTP/1.1\r\nhost: h\r\n\r\n" {
            stream.write_all(&[*byte]).expect("the server reads");
        }
        read_all(&mut stream)
    });
    assert!(bytes.await.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn what_is_no_request_is_turned_away() {
    let fixture = Fixture::start();
    let long_header = format!("GET /livez HTTP/1.1\r\nhost: h\r\nx: {}\r\n\r\n", "x".repeat(17 * 1024));
    let many_headers = format!("GET /livez HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(100));
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", "x".repeat(17 * 1024));
    for (request, statuses) in [
        ("\0\x01\x02\r\n\r\n".to_owned(), &[400][..]),
        ("hello\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), &[400]),
        ("GET /livez HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), &[400]),
        ("GET /livez HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), &[400]),
        (long_header, &[431]),
        (many_headers, &[431]),
        (long_path, &[414, 431]),
    ] {
        let heard = exchange(fixture.public, request.clone()).await;
        assert!(statuses.contains(&heard.status), "{} to {:.40}", heard.status, request);
    }
    assert_eq!(fixture.counts.public.read().broken, 8);
    assert_eq!(get(fixture.public, "/livez").await.status, 200);
}

#[tokio::test]
async fn stopping_closes_the_port_and_every_connection_at_once() {
    let Fixture { public, local, running, .. } = Fixture::start();
    let mut idle = elsewhere(move || [connect(public), connect(local)]).await;
    // Connections are taken in turn: those before these are no longer in the kernel's queue.
    assert_eq!(get(public, "/livez").await.status, 200);
    assert_eq!(get(local, "/").await.status, 503);
    let begun = Instant::now();
    running.stop().await;
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    for stream in &mut idle {
        assert_eq!(read_all(stream), b"");
    }
    for address in [public, local] {
        assert!(std::net::TcpStream::connect(address).is_err(), "{address} still listens");
    }
}
