//! Inputs made by hand: the smallest good one of each kind, and the known ways to be hostile.
//!
//! Large ones are made here and not kept as files.

use std::net::Ipv4Addr;

use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA, SRV, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::policies::SERVICE;
use super::slow;

/// A made input, and what it is.
pub type Seed = (&'static str, Vec<u8>);

/// The choice of settings that asks for names, IPv4 addresses, IPv6 addresses.
const NAMES: u8 = 0;
const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// All that are made for one target; empty where its corpus says it all.
pub fn of(target: &str) -> Vec<Seed> {
    match target {
        "dns_answer" => dns_answers(),
        "dns_exchange" => dns_exchanges(),
        "documents" => documents(),
        "local_request" => local_requests(),
        "public_request" => public_requests(),
        "server_reply" => server_replies(),
        "settings_file" => settings_files(),
        "sink_batch" => batches(),
        "state_file" => state_files(),
        "status_document" => status_documents(),
        _ => vec![],
    }
}

fn with(choice: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    [&[choice], bytes.as_ref()].concat()
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a name of these seeds");
    name.set_fqdn(true);
    name
}

fn port_name() -> Name {
    name(&format!("_http._tcp.{SERVICE}"))
}

fn asked(choice: u8) -> Query {
    match choice {
        NAMES => Query::query(port_name(), RecordType::SRV),
        IPV6 => Query::query(name(SERVICE), RecordType::AAAA),
        _ => Query::query(name(SERVICE), RecordType::A),
    }
}

fn record(owner: &Name, data: RData) -> Record {
    Record::from_rdata(owner.clone(), 5, data)
}

fn a(address: [u8; 4]) -> Record {
    record(&name(SERVICE), RData::A(A(Ipv4Addr::from(address))))
}

fn srv(target: Name, port: u16) -> Record {
    record(&port_name(), RData::SRV(SRV::new(0, 100, port, target)))
}

fn pod(text: &str) -> Name {
    name(&format!("{text}.{SERVICE}"))
}

/// A target whose first label is made of any bytes.
fn below_service(label: &[u8]) -> Name {
    let labels = std::iter::once(label).chain(SERVICE.split('.').map(str::as_bytes));
    let mut name = Name::from_labels(labels).expect("labels of these seeds are short");
    name.set_fqdn(true);
    name
}

fn soa(zone: &str) -> Record {
    let data = SOA::new(name("ns.dns.cluster.local"), name("hostmaster.cluster.local"), 7, 1, 1, 1, 5);
    record(&name(zone), RData::SOA(data))
}

fn message(choice: u8, code: ResponseCode, answers: Vec<Record>, authorities: Vec<Record>) -> Vec<u8> {
    let mut message = Message::response(1, OpCode::Query);
    message.metadata.response_code = code;
    message.add_query(asked(choice));
    message.add_answers(answers);
    message.add_authorities(authorities);
    message.to_vec().expect("a message of these seeds fits")
}

fn records(choice: u8, answers: Vec<Record>) -> Vec<u8> {
    message(choice, ResponseCode::NoError, answers, vec![])
}

fn in_class(mut record: Record, class: DNSClass) -> Record {
    record.dns_class = class;
    record
}

/// What the messages are about, apart from how they travel.
fn messages() -> Vec<(&'static str, u8, Vec<u8>)> {
    let v6 = |address: &str| record(&name(SERVICE), RData::AAAA(AAAA(address.parse().expect("an address"))));
    let outside = name("evil.example.");
    vec![
        ("names", NAMES, records(NAMES, vec![srv(pod("eureka-0"), 8761), srv(pod("eureka-1"), 8761)])),
        ("ipv4", IPV4, records(IPV4, vec![a([10, 0, 0, 10]), a([10, 0, 0, 11])])),
        ("ipv6", IPV6, records(IPV6, vec![v6("fd00::1"), v6("::ffff:127.0.0.1"), v6("fe80::1"), v6("::1")])),
        ("special-addresses", IPV4, records(IPV4, special_addresses())),
        ("4000-addresses", IPV4, addresses(4000)),
        ("64-KB", IPV4, filled_to_64_kb()),
        ("700-names", NAMES, records(NAMES, many_names(700))),
        ("nobody", NAMES, message(NAMES, ResponseCode::NXDomain, vec![], vec![soa("cluster.local")])),
        ("no-data", IPV4, message(IPV4, ResponseCode::NoError, vec![], vec![soa("cluster.local")])),
        ("denied-by-another-zone", IPV4, message(IPV4, ResponseCode::NXDomain, vec![], vec![soa("example")])),
        ("other-class", IPV4, records(IPV4, vec![in_class(a([10, 0, 0, 9]), DNSClass::CH)])),
        ("outside-the-zone", IPV4, records(IPV4, vec![record(&outside, RData::A(A([10, 6, 6, 6].into())))])),
        ("cname", IPV4, records(IPV4, vec![record(&name(SERVICE), RData::CNAME(CNAME(outside.clone())))])),
        (
            "other-type",
            IPV4,
            records(IPV4, vec![record(&name(SERVICE), RData::TXT(TXT::new(vec!["${x}".into()])))]),
        ),
        (
            "target-outside",
            NAMES,
            records(NAMES, vec![srv(outside, 8761), srv(name("eureka.other.svc.cluster.local"), 1)]),
        ),
        ("target-is-the-service", NAMES, records(NAMES, vec![srv(name(SERVICE), 8761)])),
        ("target-is-the-root", NAMES, records(NAMES, vec![srv(Name::root(), 0)])),
        ("hostile-targets", NAMES, records(NAMES, hostile_targets())),
        ("truncated", IPV4, truncated()),
        ("compression-loop", IPV4, compression_loop()),
        ("compression-chain", NAMES, compression_chain()),
        ("announces-more-than-it-has", IPV4, announced(records(IPV4, vec![a([10, 0, 0, 1])]))),
    ]
}

fn special_addresses() -> Vec<Record> {
    let addresses =
        [[127, 0, 0, 1], [0, 0, 0, 0], [169, 254, 169, 254], [224, 0, 0, 1], [255; 4], [10, 0, 0, 1]];
    addresses.map(a).into()
}

fn many_names(count: u16) -> Vec<Record> {
    (0..count).map(|number| srv(pod(&format!("eureka-{number}")), 8761)).collect()
}

fn hostile_targets() -> Vec<Record> {
    let labels: [&[u8]; 9] =
        [b"${x}", b"a,b", b"a\nb", b"a b", "ä".as_bytes(), b"a.b", b"a=b", b"-a", b"under_score"];
    labels.map(|label| srv(below_service(label), 8761)).into()
}

/// This many addresses, each with the question's name as a pointer, as servers write them.
fn addresses(count: u16) -> Vec<u8> {
    let mut bytes = records(IPV4, vec![]);
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    for number in 0..count {
        let [high, low] = number.to_be_bytes();
        bytes.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, high, low]);
    }
    bytes
}

/// As many addresses as a message of 65,535 bytes holds.
fn filled_to_64_kb() -> Vec<u8> {
    let head = addresses(0).len();
    let each = addresses(1).len() - head;
    let count = (usize::from(u16::MAX) - head) / each;
    addresses(u16::try_from(count).expect("some 4,000"))
}

fn truncated() -> Vec<u8> {
    let mut bytes = records(IPV4, vec![a([10, 0, 0, 1])]);
    bytes[2] |= 2;
    bytes
}

/// A name that points to itself.
fn compression_loop() -> Vec<u8> {
    let mut bytes = records(IPV4, vec![]);
    bytes[7] = 1;
    let here = u16::try_from(bytes.len()).expect("a short message") | 0xC000;
    bytes.extend(here.to_be_bytes());
    bytes.extend([0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1]);
    bytes
}

/// Names that point to names that point to names, each one step longer.
fn compression_chain() -> Vec<u8> {
    let mut bytes = records(NAMES, vec![]);
    let mut before = 12_u16;
    let count: u16 = 200;
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    for _ in 0..count {
        let here = u16::try_from(bytes.len()).expect("a short message");
        bytes.extend((before | 0xC000).to_be_bytes());
        bytes.extend([0, 33, 0, 1, 0, 0, 0, 5, 0, 10, 0, 0, 0, 100, 0x22, 0x39, 1, b'a']);
        bytes.extend((before | 0xC000).to_be_bytes());
        before = here;
    }
    bytes
}

fn announced(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[6..8].copy_from_slice(&u16::MAX.to_be_bytes());
    bytes
}

fn dns_answers() -> Vec<Seed> {
    let mut seeds: Vec<_> =
        messages().into_iter().map(|(what, choice, bytes)| (what, with(choice, bytes))).collect();
    seeds.push(("another-question", with(NAMES, records(IPV4, vec![a([10, 0, 0, 1])]))));
    seeds.push((
        "of-a-range",
        with(3, records(IPV4, vec![a([10, 0, 0, 1]), a([10, 1, 0, 1]), a([11, 0, 0, 1])])),
    ));
    seeds.push(("nothing", vec![NAMES]));
    seeds
}

fn dns_exchanges() -> Vec<Seed> {
    const RIGHT: u8 = 3;
    let exchange = |right: u8, choice: u8, datagram: &[u8], over_tcp: &[u8]| {
        let length = u16::try_from(datagram.len()).expect("a datagram").to_be_bytes();
        [&[right, choice], &length[..], datagram, over_tcp].concat()
    };
    let small = |bytes: &Vec<u8>| bytes.len() < 4096;
    let mut seeds: Vec<Seed> = messages()
        .into_iter()
        .filter(|(_, _, bytes)| small(bytes))
        .map(|(what, choice, bytes)| (what, exchange(RIGHT, choice, &bytes, &[])))
        .collect();
    let good = records(IPV4, vec![a([10, 0, 0, 1])]);
    seeds.push(("wrong-id", exchange(2, IPV4, &good, &[])));
    seeds.push(("wrong-letter-case", exchange(1, IPV4, &good, &[])));
    seeds.push(("wrong-letter-case-then-tcp", exchange(5, IPV4, &good, &good)));
    seeds.push(("blind-guess", exchange(0, IPV4, &good, &[])));
    seeds.push(("truncated-then-tcp", exchange(7, IPV4, &truncated(), &good)));
    seeds.push(("truncated-then-64-KB", exchange(7, IPV4, &truncated(), &filled_to_64_kb())));
    seeds.push(("truncated-then-truncated", exchange(7, IPV4, &truncated(), &truncated())));
    seeds.push(("no-message", exchange(7, NAMES, b"x", b"y")));
    seeds
}

fn documents() -> Vec<Seed> {
    let list = |fields: &[&str]| fields.join("\0").into_bytes();
    let many: Vec<String> = (0..1000).map(|n| format!("http://eureka-{n}.{SERVICE}:8761/eureka/")).collect();
    let many: Vec<&str> =
        ["defaultZone", "", "1"].into_iter().chain(many.iter().map(String::as_str)).collect();
    vec![
        ("two", list(&["defaultZone", "", "7", "http://a:1/eureka/", "https://[fd00::1]/e"])),
        ("placeholders", list(&["z", "${USER}:${PASS_WORD}", "0", "http://a:1/eureka/"])),
        (
            "secret",
            list(&["us-east-1c", "u@x:a,b ${c}'%\"\\=#!", "18446744073709551615", "http://1.2.3.4:1/"]),
        ),
        ("unicode-secret", list(&["true", "ü:пароль", "1", "http://a:1/", "http://b:1/"])),
        (
            "alone-with-sink",
            list(&["no", "u:p\n", "alone 3", "http://a:1/", "http://127.0.0.1:9762/sink/eureka/"]),
        ),
        (
            "hostile-hosts",
            list(&["z", "", "0", "http://${x}:1/", "http://a,b:1/", "http://a\nb:1/", "http://ä:1/"]),
        ),
        ("1000", list(&many)),
        ("one", list(&["", "", "", "http://a/"])),
        ("no-url", list(&["z", "", "0"])),
        ("not-text", vec![0xFF, 0, 0, 0]),
    ]
}

const GET_STATUS: &str = "GET /status HTTP/1.1\r\nHost: a\r\n\r\n";
const ACCEPT: &str = "POST /accept HTTP/1.1\r\nHost: 127.0.0.1:9762\r\nX-Eureka-Peers: accept\r\n\r\n";

fn public_requests() -> Vec<Seed> {
    let one = |request: &str| with(0, request);
    vec![
        ("status", one(GET_STATUS)),
        ("byte-by-byte", with(1, "HEAD /livez?verbose HTTP/1.0\r\n\r\n")),
        ("page", one("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("metrics", one("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n")),
        ("two-at-once", one(&[GET_STATUS, GET_STATUS].concat())),
        ("no-path", one("GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("absolute", one("GET http://evil.example/readyz?verbose HTTP/1.1\r\nHost: evil.example\r\n\r\n")),
        ("connect", one("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n")),
        ("body", one("POST /status HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")),
        (
            "chunks",
            one("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        ),
        (
            "both-lengths",
            one(
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
        ),
        ("endless-chunk", one("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")),
        ("expect", one("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx")),
        ("http-2", one("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        ("tls", with(0, [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])),
        ("many-headers", one(&format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100)))),
        ("long-header", one(&format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(20_000)))),
        ("long-path", one(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000)))),
        ("zeros", with(0, vec![0; 4096])),
    ]
}

fn local_requests() -> Vec<Seed> {
    let one = |request: &str| with(0, request);
    let post = |path: &str, body: &str| {
        one(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    };
    vec![
        ("accept", one(ACCEPT)),
        ("accept-in-pieces", with(7, ACCEPT)),
        ("accept-twice", one(&[ACCEPT, ACCEPT].concat())),
        (
            "accept-of-a-page",
            one("POST /accept HTTP/1.1\r\nHost: evil.example\r\nX-Eureka-Peers: accept\r\n\r\n"),
        ),
        ("accept-without-header", one("POST /accept HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        ("accept-by-get", one("GET /accept HTTP/1.1\r\nHost: [::1]:9762\r\nX-Eureka-Peers: accept\r\n\r\n")),
        (
            "preflight",
            one(
                "OPTIONS /accept HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Headers: x-eureka-peers\r\n\r\n",
            ),
        ),
        ("batch", post("/sink/eureka/peerreplication/batch/", "{\"replicationList\":[{}]}")),
        ("register", post("/sink/eureka/apps/A", "{\"instance\":{}}")),
        (
            "compressed",
            one(
                "POST /sink/eureka/peerreplication/batch/ HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x0b",
            ),
        ),
        (
            "short-body",
            one("POST /sink/eureka/peerreplication/batch HTTP/1.1\r\nContent-Length: 900\r\n\r\n{\"repl"),
        ),
    ]
}

fn batches() -> Vec<Seed> {
    let batch =
        |items: usize| format!("{{\"replicationList\":[{}]}}", vec!["{}"; items].join(",")).into_bytes();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("one", batch(1)),
        ("none", batch(0)),
        ("250", batch(250)),
        ("4096", batch(4096)),
        ("4097", batch(4097)),
        (
            "nested",
            text("{\"a\":{\"replicationList\":[1]},\"replicationList\":[[1,2],{\"b\":[3]},\"]\",null]}"),
        ),
        ("deep", [b"{\"replicationList\":[".to_vec(), vec![b'['; 5000]].concat()),
        ("twice", text("{\"replicationList\":[],\"replicationList\":[]}")),
        ("array", text("[[1]]")),
        ("no-json", text("replicationList")),
    ]
}

fn server_replies() -> Vec<Seed> {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let whole = |body: &str| format!("{OK}Content-Length: {}\r\n\r\n{body}", body.len());
    let status = include_str!("../../src/eureka/testdata/status-spring-2025.0.1.xml");
    let sources = include_str!("../../src/eureka/testdata/env-variable.json");
    let message = r#"{"status":500,"message":"at http://u:hunter2@h/ \u0000\u202e\n"}"#;
    let mut seeds = vec![
        ("refreshed", with(0, whole("[\"eureka.client.service-url.defaultZone\"]"))),
        ("no-content", with(1, "HTTP/1.1 204 No Content\r\n\r\n")),
        ("status", with(2, whole(status))),
        ("half-a-status", with(2, whole(&status[..status.len() / 2]))),
        ("sources", with(3, whole(sources))),
        ("inspected", with(4, whole(status))),
        ("inspected-sources", with(4, whole(sources))),
        (
            "redirect",
            with(0, "HTTP/1.1 302 Found\r\nLocation: http://evil.example/login\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("unauthorised", with(1, "HTTP/1.1 401 \r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")),
        ("not-allowed", with(4, "HTTP/1.1 405 \r\nAllow: GET, POST\r\nContent-Length: 0\r\n\r\n")),
        ("failing", with(0, format!("HTTP/1.1 500 \r\nContent-Length: {}\r\n\r\n{message}", message.len()))),
        ("a-gigabyte", with(2, format!("{OK}Content-Length: 1073741824\r\n\r\n<x/>"))),
        ("endless-chunks", with(2, format!("{OK}Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nx"))),
        ("two-mebibytes", with(2, [OK.as_bytes(), b"\r\n", &vec![b' '; 2 << 20]].concat())),
        (
            "upgrade",
            with(0, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
        ),
        ("continue-for-ever", with(0, "HTTP/1.1 100 Continue\r\n\r\n".repeat(500))),
        ("no-http", with(3, "SSH-2.0-OpenSSH_9.6\r\n")),
        ("many-headers", with(0, format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(100)))),
    ];
    for (name, body) in slow::bodies() {
        let failing = format!("HTTP/1.1 500 \r\nContent-Length: {}\r\n\r\n{body}", body.len());
        seeds.extend([
            (name, with(0, failing)),
            (name, with(3, whole(&body))),
            (name, with(4, whole(&body))),
        ]);
    }
    seeds
}

fn settings_files() -> Vec<Seed> {
    let text = |text: &str| text.as_bytes().to_vec();
    let bomb = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nservice: [*b, *b]\nzone: *a\n";
    vec![
        ("whole", text(WHOLE_FILE)),
        ("least", text("service: eureka\noutput-dir: /volume\n")),
        (
            "addresses",
            text(
                "service: [eureka, other.ns, a.b.c.]\npeer-host: ipv4\noutput-dir: /v\nallow-cidr: [10.0.0.0/8, fd00::/8]\ndeny-cidr: 10.1.0.0/16\n",
            ),
        ),
        (
            "secret-by-mistake",
            text(
                "service: eureka\noutput-dir: /v\nuser-info: admin:hunter2\nstatic-peer: http://u:hunter2@h:1/\n",
            ),
        ),
        ("aliases", text(bomb)),
        ("deep", [text("service: "), vec![b'['; 1000]].concat()),
        ("brackets", vec![b'{'; 60_000]),
        ("long-value", text(&format!("service: {}\noutput-dir: /v\n", "a".repeat(60_000)))),
        ("too-long", text(&format!("service: {}\n", "a".repeat(70_000)))),
        ("tags", text("service: !x eureka\nport: !!int 8761\nzone: ! z\n")),
        ("documents", text("---\nservice: a\n---\nservice: b\n")),
        ("numbers", text("port: 0o17\nfile-mode: 0644\nmax-peers: 1e3\ninterval: 1\n")),
        ("hostile", text("service: ${x}\nzone: \"a\\nb\"\nself-url: \"http://a,b:1/\"\noutput: \"../x\"\n")),
        ("unicode", text("service: eurekä\n\u{feff}zone: \u{202e}z\n")),
        ("nothing", text("")),
    ]
}

const WHOLE_FILE: &str = "\
role: server
service: [eureka]
static-peer: [http://10.9.9.9:8761/eureka, 'https://vm.example:8443/eureka/']
zone: us-east-1c
namespace: ns
cluster-domain: cluster.local
peer-host: name
port-name: http
port: 8761
scheme: http
context-path: /eureka/
self-url: http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/
user-info: ${EUREKA_USER}:${EUREKA_PASSWORD}
max-peers: 600
dns-server: [10.96.0.10, '[fd00::a]:5353']
interval: 1s 500ms
remove-after: 30s
empty-after: never
max-shrink: 50%
shrink-after: 5m
min-peers: 2
start-deadline: 10s
on-deadline: publish
freeze: false
output-dir: /eureka-peers
output: [peers.properties, peers.json, list=lines]
layout: volume
file-mode: 0644
adopt: refresh
actuator-url: http://127.0.0.1:8762/actuator
status-url: https://localhost:8761/eureka/status
server-user: admin
server-password-file: /secrets/password
ca-file: /secrets/ca.pem
listen: '[::]:9761'
local-listen: 127.0.0.1:9762
log-level: info
log-format: json
";

fn state_files() -> Vec<Seed> {
    let state = |choice: u8, services: &str, statics: &str| {
        let text =
            format!(r#"{{"version":1,"generation":3,"services":[{services}],"staticPeers":[{statics}]}}"#);
        with(choice, text)
    };
    let of = |peers: &str| format!(r#"{{"service":"{SERVICE}","peers":[{peers}]}}"#);
    let many: Vec<String> =
        (0..5000).map(|n| format!("\"http://eureka-{n}.{SERVICE}:8761/eureka/\"")).collect();
    vec![
        ("names", state(NAMES, &of(&format!(r#""http://eureka-1.{SERVICE}:8761/eureka/""#)), "")),
        (
            "addresses",
            state(IPV4, &of(r#""http://10.0.0.11:8761/eureka/","http://127.0.0.1:8761/eureka/""#), ""),
        ),
        (
            "foreign-host",
            state(NAMES, &of(r#""http://evil.example:8761/eureka/""#), r#""http://evil.example:1/""#),
        ),
        ("own-url-and-sink", state(NAMES, &of(r#""http://127.0.0.1:9762/sink/eureka/""#), "")),
        ("too-many", state(NAMES, &of(&many.join(",")), "")),
        ("hostile", state(NAMES, &of(r#""http://${x}:1/","http://a,b:1/","http://u:hunter2@h:1/""#), "")),
        ("other-version", with(NAMES, r#"{"version":2}"#)),
        ("deep", with(NAMES, "[".repeat(100_000))),
        ("empty", vec![NAMES]),
        ("zeros", vec![0; 4096]),
    ]
}

fn status_documents() -> Vec<Seed> {
    let stock = include_str!("../../src/eureka/testdata/status-spring-2025.0.1.xml");
    let of = |peers: &str, rest: &str| {
        format!("<s>{rest}<applicationStats><registered-replicas>{peers}</registered-replicas></applicationStats></s>")
            .into_bytes()
    };
    let many: Vec<String> = (0..5000).map(|n| format!("http://eureka-{n}:8761/eureka/")).collect();
    let entities = "<!DOCTYPE s [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><s>&b;</s>";
    let mut seeds = vec![
        ("stock", stock.as_bytes().to_vec()),
        ("war", include_bytes!("../../src/eureka/testdata/status-war-1.10.1.xml").to_vec()),
        ("half", stock.as_bytes()[..stock.len() / 2].to_vec()),
        ("user-info", of("http://u:hunter2@h:1/eureka/, u:hunter2@h, http://u:hun,ter2@h/", "")),
        ("too-many", of(&many.join(","), "")),
        ("deep", "<a>".repeat(20_000).into_bytes()),
        ("wide", of("", &"<a/>".repeat(20_000))),
        ("entities", entities.as_bytes().to_vec()),
        ("external", b"<!DOCTYPE s SYSTEM \"file:///etc/passwd\"><s/>".to_vec()),
        (
            "hostile",
            of(
                "http://a\u{1b}[31m:1/,${x},http://\u{202e}/,,&#10;x",
                "<generalStats><server-uptime>9999999999999999999 days 1:1</server-uptime></generalStats>",
            ),
        ),
        ("json", b"{\"applicationStats\":{}}".to_vec()),
        ("page", b"<!DOCTYPE html><html><body>login</body></html>".to_vec()),
        ("nothing", vec![]),
    ];
    seeds.extend(slow::statuses().into_iter().map(|(name, document)| (name, document.into_bytes())));
    seeds
}
