//! Status documents: real ones, odd ones, hostile ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{ASKED_AT_ONCE, EurekaServer, READ_TIMEOUT, Reading, ServerStatus, ask_all};
use super::{STATUS_2025, server, server_with_credentials, settings};
use crate::http_client::fake_server::{FakeServer, Reply, reply};
use crate::model::{Port, Refusal, ServerFault, ServiceUrl};
use crate::wording::server_fault;

const SPRING: [&str; 3] = [
    include_str!("../testdata/status-spring-2021.0.9.xml"),
    STATUS_2025,
    include_str!("../testdata/status-spring-2025.1.1.xml"),
];
const WAR: &str = include_str!("../testdata/status-war-1.10.1.xml");
const MISREAD: &str = include_str!("../testdata/status-misread-list.xml");
const WIPED: &str = include_str!("../testdata/status-wiped-2025.1.2.xml");

fn parse(document: &str) -> ServerStatus {
    ServerStatus::parse(document.as_bytes()).expect("a status")
}

fn peers(status: &ServerStatus) -> Vec<&str> {
    status.replicas.peers.iter().map(ServiceUrl::as_str).collect()
}

fn unreadable(document: &str) -> String {
    match ServerStatus::parse(document.as_bytes()) {
        Err(ServerFault::Unreadable(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn with_replicas(list: &str) -> String {
    format!(
        "<status><applicationStats><registered-replicas>{list}</registered-replicas></applicationStats></status>"
    )
}

#[test]
fn every_spring_release_writes_the_same() {
    for document in SPRING {
        let status = parse(document);
        assert_eq!(peers(&status), ["http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/"]);
        assert_eq!((&status.replicas.foreign[..], status.replicas.uptime_min), (&[][..], Some(0)));
        assert!(status.unavailable.is_empty());
        let instance = &status.instance;
        assert_eq!(instance.id, "eureka-0:eureka:8761");
        assert_eq!(instance.host_name, "eureka-0.eureka.ns.svc.cluster.local");
        assert_eq!((instance.app.as_str(), instance.status.as_str()), ("EUREKA", "UP"));
        assert_eq!((instance.ip_address.as_str(), instance.port), ("10.244.1.7", Some(Port::EUREKA)));
    }
}

#[test]
fn the_war_writes_it_too_and_credentials_are_dropped() {
    let status = parse(WAR);
    assert_eq!(peers(&status), ["http://eureka-1:8761/eureka/v2/", "http://eureka-2:8761/eureka/v2/"]);
    assert_eq!(status.unavailable, status.replicas.peers);
    assert_eq!(status.instance.host_name, "eureka-0");
    assert!(WAR.contains("user:secret@") && !format!("{status:?}").contains("secret"));
}

#[test]
fn what_a_blank_and_a_comma_become_is_foreign() {
    let status = parse(MISREAD);
    assert_eq!(
        peers(&status),
        [
            "http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/",
            "http://eureka-2.eureka.ns.svc.cluster.local:8761/eureka/"
        ]
    );
    assert_eq!(status.replicas.foreign, ["http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/ /", "/"]);
    assert!(MISREAD.contains("hunter2") && !format!("{status:?}").contains("hunter2"));
}

#[test]
fn a_wiped_registration_is_read_as_it_is() {
    assert_eq!(parse(WIPED).instance.port, Some(Port::new(80).expect("valid")));
    let without_id = WIPED.replace("<instanceId>eureka-0:eureka:8761</instanceId>", "");
    assert_eq!(parse(&without_id).instance.id, "");
}

#[test]
fn uptimes() {
    for (text, minutes) in [
        ("00:00", Some(0)),
        ("01:30", Some(90)),
        ("1 day 02:03", Some(1440 + 123)),
        ("12 days 00:01", Some(12 * 1440 + 1)),
        ("", None),
        ("soon", None),
        ("-1:00", None),
        ("99999999999999999999 days 00:00", None),
        ("18446744073709551615 days 23:59", None),
        ("٠٠:٠٥", None),
    ] {
        let document = STATUS_2025.replace("<server-uptime>00:00", &format!("<server-uptime>{text}"));
        assert_eq!(parse(&document).replicas.uptime_min, minutes, "{text}");
    }
}

#[test]
fn odd_lists() {
    assert_eq!(peers(&parse(&with_replicas(""))), [""; 0]);
    assert_eq!(
        peers(&parse(&with_replicas("http://A:1/eureka, http://a:1/eureka/"))),
        ["http://a:1/eureka/"]
    );
    let foreign = |list| parse(&with_replicas(list)).replicas.foreign;
    assert_eq!(foreign("http://a:1/eureka/, "), ["(an empty URL)"]);
    assert_eq!(foreign("user:secret@host"), ["***@host"]);
    assert_eq!(foreign("http://u:sec/ret@h:1/x?y"), ["***@h:1/x?y"]);
    // A password with a comma: the server itself cuts the URL in two.
    assert_eq!(foreign("http://u:sec, ret@h:1/eureka/ /"), ["http://u:***", "***@h:1/eureka/ /"]);
    let split = with_replicas("http://a:1/eureka/, http<!-- c -->://b:1/eureka/");
    assert_eq!(peers(&parse(&split)), ["http://a:1/eureka/", "http://b:1/eureka/"]);
}

#[test]
fn lists_have_a_bound() {
    let list = |count| (0..count).map(|n| format!("http://e-{n}/")).collect::<Vec<_>>().join(", ");
    assert_eq!(parse(&with_replicas(&list(4096))).replicas.peers.len(), 4096);
    assert!(unreadable(&with_replicas(&list(4097))).contains("more than 4096"));
    assert_eq!(parse(&with_replicas(&"/, ".repeat(1000))).replicas.foreign.len(), 32);
}

#[test]
fn what_is_no_status_says_what_it_is() {
    for (document, says) in [
        ("", "empty"),
        (" \n", "empty"),
        (r#"{"generalStats":{}}"#, "JSON"),
        ("<html><body>Whitelabel Error Page</body></html>", "<html>"),
        ("<!doctype html><html lang=en>", "not a whole XML document"),
        ("<Map><status>406</status></Map>", "<Map>"),
        ("<status><applicationStats/></status>", "registered-replicas"),
        ("plain words", "not a whole XML document"),
        ("<!DOCTYPE s [<!ENTITY a \"b\">]><s>&a;</s>", "not a whole XML document"),
    ] {
        assert!(unreadable(document).contains(says), "{document}: {}", unreadable(document));
    }
    assert!(ServerStatus::parse(b"<a>\xff</a>").is_err());
}

#[test]
fn what_the_reader_would_take_long_over_is_refused_before() {
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let wide = |what: fn(usize) -> String, count: usize| (0..count).map(what).collect::<String>();
    let space = |number: usize| format!(" xmlns:n{number} = ''");
    let attribute = |number: usize| format!(" a{number}='x'");
    let in_root = |inside: &str| format!("<s>{inside}</s>");
    let long = "n".repeat(1100);
    for (document, says) in [
        (nested("<a>", "</a>", 33), "more than 32 deep"),
        (nested("<a x='/>'>", "</a>", 33), "more than 32 deep"),
        (nested("<a x=\"'/>\" >", "</a>", 33), "more than 32 deep"),
        (nested("<a\n>", "</a\t>", 100_000), "more than 16384 tags"),
        // What looks like an end, and is none.
        (nested("<a><!-- </a> -->", "</a>", 33), "more than 32 deep"),
        (nested("<a><![CDATA[</a>]]>", "</a>", 33), "more than 32 deep"),
        (nested("<a><?x </a>?>", "</a>", 33), "more than 32 deep"),
        (format!("\u{feff}{}", nested("<a>", "", 33)), "more than 32 deep"),
        // What looks as if nothing began is begun.
        (in_root(&format!("<!-- <!-- -->{}", nested("<a>", "</a>", 32))), "more than 32 deep"),
        (in_root(&format!("<![CDATA[ <!-- ]]>{}", nested("<a>", "</a>", 32))), "more than 32 deep"),
        (in_root(&format!("<a x='<!--'/>{}", nested("<a>", "</a>", 32))), "more than 32 deep"),
        (format!("<s{}/>", wide(space, 17)), "more than 16 namespaces"),
        (in_root(&nested("<a xmlns\n=\n''>", "</a>", 17)), "more than 16 namespaces"),
        (in_root(&"<a xmlns=''/>".repeat(17)), "more than 16 namespaces"),
        (format!("<s{}/>", wide(attribute, 17)), "more than 16 attributes"),
        (format!("<s{}/>", wide(attribute, 60_000)), "more than 4096 attributes"),
        (format!("<s{}/>", wide(space, 60_000)), "more than 4096 attributes"),
        (format!("<s xmlns:n='{long}'/>"), "a tag of more than 1024 bytes"),
        (format!("<s><{long}/></s>"), "a tag of more than 1024 bytes"),
        (format!("<s {}", " ".repeat(1100)), "a tag of more than 1024 bytes"),
        (in_root(&"<b/>".repeat(20_000)), "more than 16384 tags"),
        (in_root(&"<b/>".repeat(10_000)), "not a whole XML document"),
        ("<!DOCTYPE s [<!ENTITY a 'a'>]><s>&a;</s>".to_owned(), "document type"),
    ] {
        let why = unreadable(&document);
        assert!(why.contains(says), "{why}: {}", &document[..document.len().min(80)]);
    }
}

#[test]
fn what_a_stock_status_might_have_is_read() {
    let list = with_replicas("http://a:1/eureka/");
    let beside = |inside: &str| list.replace("</status>", &format!("{inside}</status>"));
    let deep = format!("{}{}", "<a>".repeat(31), "</a>".repeat(31));
    let attributes: String =
        (0..16).map(|number| format!(" a{number}='! x=y >'")).collect::<Vec<_>>().concat();
    let spaces: String = (0..16)
        .map(|number| format!("<a xmlns:n{number}='x' n{number}:a='b'/>"))
        .collect::<Vec<_>>()
        .concat();
    for document in [
        beside(&deep),
        beside(&deep.repeat(50)),
        beside(&format!("<a{attributes}/>")),
        beside(&spaces),
        beside("<a>==</a><!-- a=b <a> </b> --><![CDATA[ <a><a> = ]]><?a <a> ?>"),
        beside(&format!("<{0}>v</{0}>", "k".repeat(1000))),
        beside(&"<a>t</a>".repeat(4000)),
        format!("\u{feff}{list}"),
        format!("<?xml version=\"1.0\" encoding='UTF-8'?>\n{list}\n"),
    ] {
        assert_eq!(peers(&parse(&document)), ["http://a:1/eureka/"], "{}", &document[..100]);
    }
}

/// Whatever the reader finds whole was counted whole: nothing that it met was missed before.
fn counted(document: &str) -> (usize, usize, usize) {
    let options = roxmltree::ParsingOptions { nodes_limit: 100_000, ..Default::default() };
    let Ok(document) = roxmltree::Document::parse_with_options(document, options) else { return (0, 0, 0) };
    let elements = || document.descendants().filter(roxmltree::Node::is_element);
    let depth = elements().map(|node| node.ancestors().count() - 1).max().unwrap_or_default();
    let attributes = elements().map(|node| node.attributes().len()).max().unwrap_or_default();
    let spaces = elements().map(|node| node.namespaces().len()).max().unwrap_or_default();
    (depth, attributes, spaces)
}

#[test]
fn no_part_of_a_document_is_a_status() {
    let whole = STATUS_2025.trim_end();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        unreadable(&whole[..end]);
    }
}

/// Pieces of documents, whole ones and parts, as strange as they can be put together.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<a>",
        "<a>",
        "<a>",
        "<b x='1'>",
        "</a>",
        "</b>",
        "<a/>",
        "<a x='/' />",
        "<a x=\"</a>\">",
        "<a y='>'>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?p ",
        "?>",
        "<a xmlns='u'>",
        "<n:a xmlns:n='u'>",
        "</n:a>",
        "<a xmlns\n:\nn='u'/>",
        "'",
        "\"",
        "=",
        "/",
        ">",
        "<",
        "!",
        "t",
        "&lt;",
        "\u{feff}",
        " ",
    ]);
    prop::collection::vec(piece, 0..300).prop_map(|pieces| pieces.concat())
}

/// Elements within elements with anything between them that is whole.
fn nests() -> impl Strategy<Value = String> {
    let between = prop::sample::select(vec![
        "",
        "t",
        "<!-- </a> <a> -->",
        "<![CDATA[</a>]]>",
        "<?p </a>?>",
        "<e/>",
        "<e x='</a>'/>",
        "<e x='/>' y=\"'>\"/>",
        "<e>t</e>",
        "&lt;/a>",
    ]);
    prop::collection::vec(between, 0..80).prop_map(|between| {
        let opened: String = between.iter().map(|piece| format!("<a>{piece}")).collect::<Vec<_>>().concat();
        format!("{opened}{}", "</a>".repeat(between.len()))
    })
}

proptest! {
    #[test]
    fn no_more_is_met_than_was_counted(document in prop_oneof![pieces(), nests(), pieces().prop_map(|inside| format!("<a>{inside}</a>"))]) {
        let (depth, attributes, spaces) = counted(&document);
        if depth > 32 || attributes > 16 || spaces > 16 {
            let why = unreadable(&document);
            prop_assert!(why.contains("more than"), "{why}: {document}");
        }
    }

    #[test]
    fn nothing_from_outside_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _any = ServerStatus::parse(&bytes);
    }

    #[test]
    fn no_list_panics_or_leaks(list in "[a-z:/@, \\[\\]0-9.]{0,80}", secret in "[A-Z]{12}") {
        let document = with_replicas(&format!("{list}http://u:{secret}@host:1/eureka/"));
        if let Ok(status) = ServerStatus::parse(document.as_bytes()) {
            let shown = format!("{status:?}").to_ascii_uppercase();
            prop_assert!(!shown.contains(&secret), "{status:?}");
        }
    }
}

#[tokio::test]
async fn a_status_is_asked_for_as_xml() {
    let fake = FakeServer::always(reply(200, "", STATUS_2025)).await;
    assert_eq!(server(&fake).status().await, ServerStatus::parse(STATUS_2025.as_bytes()));
    assert_eq!(fake.asked(), ["GET /eureka/status"]);
    assert!(fake.requests()[0].contains("accept: application/xml\r\n"));
}

async fn fault_of(reply: Reply) -> ServerFault {
    server(&FakeServer::always(reply).await).status().await.expect_err("a fault")
}

#[tokio::test]
async fn every_refusal_of_the_status_is_told_apart() {
    for (status, refusal) in [
        (401, Refusal::CredentialsMissing),
        (403, Refusal::Forbidden),
        (302, Refusal::Redirected),
        (429, Refusal::Status(429)),
    ] {
        assert_eq!(fault_of(reply(status, "", "")).await, ServerFault::Refused(refusal));
    }
    let ServerFault::Unreadable(why) = fault_of(reply(404, "", "")).await else { panic!("404") };
    assert!(why.contains("no status is there"), "{why}");
    let failing = fault_of(reply(500, "", r#"{"message":"no instance"}"#)).await;
    assert_eq!(failing, ServerFault::Failing { status: 500, reason: "no instance".into() });
    let fake = FakeServer::always(reply(401, "", "")).await;
    let (server, _directory) = server_with_credentials(&fake);
    assert_eq!(server.status().await, Err(ServerFault::Refused(Refusal::CredentialsWrong)));
}

#[tokio::test]
async fn hostile_servers_cost_a_bounded_time() {
    let half = format!("HTTP/1.1 200 x\r\nContent-Length: 9999\r\n\r\n{}", &STATUS_2025[..300]);
    let flood = b"HTTP/1.1 200 x\r\n\r\n<a>".to_vec();
    let dripped = format!("HTTP/1.1 200 x\r\n\r\n{STATUS_2025}");
    for (reply, label) in [
        (Reply::Whole(half.clone().into()), "unreadable"),
        (Reply::Held(half.into()), "timeout"),
        (Reply::Flood(flood), "unreadable"),
        (Reply::Dripped(dripped.into()), "timeout"),
        (Reply::Held(Vec::new()), "timeout"),
        (Reply::Whole(Vec::new()), "unreachable"),
        (Reply::Whole(b"\x15\x03\x01".to_vec()), "unreadable"),
    ] {
        let begun = Instant::now();
        assert_eq!(fault_of(reply).await.label(), label);
        assert!(begun.elapsed() < READ_TIMEOUT + Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let fake = FakeServer::always(reply(200, "", "")).await;
    let server = server(&fake);
    drop(fake);
    tokio::task::yield_now().await;
    let fault = server.status().await.expect_err("nobody listens");
    assert_eq!(fault.label(), "unreachable");
    assert!(server_fault(&fault).what.contains("refused"), "{fault:?}");
}

fn mesh_of(fake: &FakeServer, size: usize) -> Vec<(ServiceUrl, EurekaServer)> {
    let urls = (0..size).rev().map(|n| fake.url::<ServiceUrl>(&format!("/s{n}/")));
    let reading = Reading::default();
    urls.map(|url| (url.clone(), EurekaServer::of_mesh(&url, &settings(fake), reading.clone()))).collect()
}

#[tokio::test]
async fn each_server_of_a_mesh_has_its_reply() {
    let fake = FakeServer::start(|request| {
        if request.contains("/s7/") { reply(503, "", "") } else { reply(200, "", STATUS_2025) }
    })
    .await;
    let replies = ask_all(mesh_of(&fake, 3 * ASKED_AT_ONCE)).await;
    assert_eq!(replies.len(), 3 * ASKED_AT_ONCE);
    assert!(replies.is_sorted_by_key(|(url, _)| url.clone()));
    let failed: Vec<_> =
        replies.iter().filter(|(_, reply)| reply.is_err()).map(|(url, _)| url.path().as_str()).collect();
    assert_eq!(failed, ["/s7/"]);
    assert!(fake.asked().contains(&"GET /s0/status".to_owned()), "{:?}", fake.asked());
}

#[tokio::test]
async fn servers_are_asked_some_at_a_time() {
    let fake = FakeServer::always(Reply::Held(Vec::new())).await;
    let asking = ask_all(mesh_of(&fake, 3 * ASKED_AT_ONCE));
    assert!(tokio::time::timeout(READ_TIMEOUT / 2, asking).await.is_err(), "nobody answers");
    assert_eq!(fake.asked().len(), ASKED_AT_ONCE);
}
