//! The questions that an answer raises: what they are worth where they fail, and how often they are asked.

use super::*;
use eureka_peers::dns::KnownAddresses;

/// How a server answers the question whether the Service leads to itself.
type OfItself = fn(&Message) -> Vec<Vec<u8>>;

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("encodable")
}

fn code(question: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.metadata.response_code = code;
    vec![bytes(&reply)]
}

fn bare(question: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.queries.clear();
    reply.metadata.response_code = code;
    vec![bytes(&reply)]
}

fn truncated(question: &Message) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.metadata.truncation = true;
    vec![bytes(&reply)]
}

/// An address for A, and this for everything else.
fn one_address_and(question: &Message, else_: OfItself) -> Vec<Vec<u8>> {
    if question.queries[0].query_type() != RecordType::A {
        return else_(question);
    }
    let mut reply = reply_to(question);
    let owner = question.queries[0].name().clone();
    reply.add_answer(WireRecord::from_rdata(owner, 5, RData::A(A::new(10, 96, 77, 3))));
    vec![bytes(&reply)]
}

fn lone() -> IpAddr {
    [10, 96, 77, 3].into()
}

fn lone_address() -> Answer {
    Answer::Records(vec![Record::Address(lone())])
}

/// What a filter, an old resolver or a broken one says to a question for SRV records.
const FAILURES: [(&str, OverUdp); 9] = [
    ("timeout", |question, _| one_address_and(question, |_| vec![])),
    ("refused", |question, _| one_address_and(question, |it| code(it, ResponseCode::Refused))),
    ("servfail", |question, _| one_address_and(question, |it| code(it, ResponseCode::ServFail))),
    ("response_code", |question, _| one_address_and(question, |it| code(it, ResponseCode::NotImp))),
    ("response_code", |question, _| one_address_and(question, |it| code(it, ResponseCode::FormErr))),
    ("refused", |question, _| one_address_and(question, |it| bare(it, ResponseCode::Refused))),
    ("negative_without_soa", |question, _| one_address_and(question, |it| code(it, ResponseCode::NoError))),
    ("negative_without_soa", |question, _| one_address_and(question, |it| code(it, ResponseCode::NXDomain))),
    ("truncated", |question, _| one_address_and(question, truncated)),
];

/// Nobody knows then whose the address is; and from then on a poll is one question, over the way that works.
#[tokio::test]
async fn a_lone_address_is_not_believed_where_the_question_about_it_fails() {
    for (label, over_udp) in FAILURES {
        let server = RawDnsServer::start(over_udp, OverTcp::Hang).await;
        let lookup = lookup(&[server.address()]);
        for poll in 0..4 {
            let before = (server.questions(), server.questions_over_tcp());
            let told = lookup.ask(&ipv4()).await;
            let Answer::Failed(failure) = told else { panic!("{label}: {told:?}") };
            assert_eq!(failure.label(), label);
            if poll > 0 {
                let after = (server.questions(), server.questions_over_tcp());
                assert_eq!(after, (before.0 + 1, before.1), "{label}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_pod_knows_of_an_address_needs_no_question() {
    let refuses: OverUdp = |question, _| one_address_and(question, |it| code(it, ResponseCode::Refused));
    let server = RawDnsServer::start(refuses, OverTcp::Closed).await;
    let asking = |own: &[IpAddr], cluster_ips: &[IpAddr]| {
        let addresses = KnownAddresses {
            own: own.iter().copied().collect(),
            cluster_ips: cluster_ips.iter().copied().collect(),
        };
        lookup(&[server.address()]).with_addresses(addresses)
    };
    let not_headless = Answer::Failed(LookupFailure::NotHeadless);
    assert_eq!(asking(&[], &[lone()]).ask(&ipv4()).await, not_headless);
    assert_eq!(asking(&[lone()], &[]).ask(&ipv4()).await, lone_address());
    assert_eq!(server.questions(), 2);
}

#[tokio::test]
async fn a_cluster_ip_is_known_by_one_question() {
    let leads_to_itself: OverUdp = |question, _| {
        one_address_and(question, |question| {
            let (mut reply, owner) = (reply_to(question), question.queries[0].name().clone());
            let itself = RData::SRV(SRV::new(0, 100, 8761, owner.clone()));
            reply.add_answer(WireRecord::from_rdata(owner, 5, itself));
            vec![bytes(&reply)]
        })
    };
    let server = RawDnsServer::start(leads_to_itself, OverTcp::Closed).await;
    let lookup = lookup(&[server.address()]);
    for polls in 1..=3 {
        assert_eq!(lookup.ask(&ipv4()).await, Answer::Failed(LookupFailure::NotHeadless));
        assert_eq!(server.questions(), 1 + polls);
    }
}

/// A Service that shrinks to one pod: who stood beside others is no cluster IP.
#[tokio::test]
async fn who_was_one_of_several_needs_no_question() {
    let server = start_with(2).await;
    let lookup = lookup(&[server.address()]);
    assert_eq!(lookup.ask(&ipv4()).await, expected_addresses(2));
    server.set_pods(SERVICE, "http", pods(1));
    assert_eq!(lookup.ask(&ipv4()).await, expected_addresses(1));
    assert_eq!(server.count(RecordType::SRV), 0);
}

/// One real pod behind a server that knows no SRV records of its name: asked about once.
#[tokio::test]
async fn one_pod_is_asked_about_once() {
    let server = start_with(1).await;
    let lookup = lookup(&[server.address()]);
    for polls in 1..=3 {
        assert_eq!(lookup.ask(&ipv4()).await, expected_addresses(1));
        assert_eq!((server.count(RecordType::A), server.count(RecordType::SRV)), (polls, 1));
    }
}

/// No name of a cluster has a cluster IP: virtual machines behind a resolver that refuses SRV.
#[tokio::test]
async fn the_address_of_a_name_of_no_cluster_is_nobodys_cluster_ip() {
    let refuses: OverUdp = |question, _| one_address_and(question, |it| code(it, ResponseCode::Refused));
    let server = RawDnsServer::start(refuses, OverTcp::Closed).await;
    let service = HeadlessService::from_setting("eureka.example.com.", "", "").expect("valid");
    let question = Question::Addresses { service, family: AddressFamily::Ipv4 };
    assert_eq!(lookup(&[server.address()]).ask(&question).await, lone_address());
    assert_eq!(server.questions(), 1);
}

/// No port of the asked name, and this for every other question.
fn no_port_and(question: &Message, else_: OfItself) -> Vec<Vec<u8>> {
    let name = question.queries[0].name().to_lowercase().to_ascii();
    if name.starts_with("_http.") || name.starts_with("_web.") { denied(question) } else { else_(question) }
}

fn denied(question: &Message) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.metadata.response_code = ResponseCode::NXDomain;
    reply.add_authority(soa_of("cluster.local."));
    vec![bytes(&reply)]
}

#[tokio::test]
async fn what_a_denied_port_means_is_asked_once_also_where_that_fails() {
    const FAILURES: [(&str, OverUdp); 4] = [
        ("timeout", |question, _| no_port_and(question, |_| vec![])),
        ("refused", |question, _| no_port_and(question, |it| code(it, ResponseCode::Refused))),
        ("servfail", |question, _| no_port_and(question, |it| code(it, ResponseCode::ServFail))),
        ("negative_without_soa", |question, _| no_port_and(question, |it| code(it, ResponseCode::NoError))),
    ];
    for (label, over_udp) in FAILURES {
        for port_name in ["http", "web"] {
            let server = RawDnsServer::start(over_udp, OverTcp::Hang).await;
            let lookup = lookup(&[server.address()]);
            for poll in 0..4 {
                let before = (server.questions(), server.questions_over_tcp());
                let told = lookup.ask(&names_of_port(port_name)).await;
                let Answer::Failed(failure) = told else { panic!("{label}: {told:?}") };
                assert_eq!(failure.label(), label);
                if poll > 0 {
                    let after = (server.questions(), server.questions_over_tcp());
                    assert_eq!(after, (before.0 + 1, before.1), "{label}, {port_name}");
                }
            }
        }
    }
}

/// A server whose zone has one port, named so, on two pods.
fn one_port_named<const AT: usize>(question: &Message, _: usize) -> Vec<Vec<u8>> {
    let name = question.queries[0].name().to_lowercase().to_ascii();
    let is_srv = question.queries[0].query_type() == RecordType::SRV;
    let own = format!("{SERVICE}.");
    let named = format!("_{}._tcp.{SERVICE}.", NAMES[AT]);
    if !is_srv || (name != own && name != named) {
        return denied(question);
    }
    let (mut reply, owner) = (reply_to(question), question.queries[0].name().clone());
    reply.add_answers((0..2).map(|number| {
        let target = Name::from_ascii(format!("eureka-{number}.{SERVICE}.")).expect("valid");
        WireRecord::from_rdata(owner.clone(), 5, RData::SRV(SRV::new(0, 0, 8761, target)))
    }));
    vec![bytes(&reply)]
}

const NAMES: [&str; 5] = ["https", "mgmt", "management", "actuator", "metrics"];

/// Only a port without a name is taken for `http`.
#[tokio::test]
async fn a_lone_port_of_another_name_is_not_eurekas() {
    let servers: [OverUdp; 5] = [
        one_port_named::<0>,
        one_port_named::<1>,
        one_port_named::<2>,
        one_port_named::<3>,
        one_port_named::<4>,
    ];
    for (over_udp, name) in servers.into_iter().zip(NAMES) {
        let server = RawDnsServer::start(over_udp, OverTcp::Closed).await;
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&names()).await, Answer::Failed(LookupFailure::PortNameMissing), "{name}");
        assert_eq!(lookup.ask(&names_of_port(name)).await, expected_names(2), "{name}");
    }
}

/// A cluster IP with others beside it that no pod can have is as lone as before, and makes nobody a pod.
#[tokio::test]
async fn what_no_pod_can_have_makes_a_lone_address_no_pod() {
    let poisoned: OverUdp = |question, _| {
        let mut reply = reply_to(question);
        let owner = question.queries[0].name().clone();
        if question.queries[0].query_type() == RecordType::A {
            for address in [A::new(10, 96, 77, 3), A::new(127, 0, 0, 1)] {
                reply.add_answer(WireRecord::from_rdata(owner.clone(), 5, RData::A(address)));
            }
        } else {
            reply.add_answer(WireRecord::from_rdata(
                owner.clone(),
                5,
                RData::SRV(SRV::new(0, 0, 8761, owner)),
            ));
        }
        vec![bytes(&reply)]
    };
    let server = RawDnsServer::start(poisoned, OverTcp::Closed).await;
    let lookup = lookup(&[server.address()]);
    assert_eq!(lookup.ask(&ipv4()).await, Answer::Failed(LookupFailure::NotHeadless));
}

#[tokio::test]
async fn a_service_that_leads_to_itself_does_so_on_any_port_and_beside_anybody() {
    let of_itself: [OverUdp; 3] = [
        |question, _| one_address_and(question, |it| targets(it, &[("", 0)])),
        |question, _| one_address_and(question, |it| targets(it, &[("", 0), ("", 8761)])),
        |question, _| one_address_and(question, |it| targets(it, &[("", 8761), ("pod.", 8761)])),
    ];
    for over_udp in of_itself {
        let server = RawDnsServer::start(over_udp, OverTcp::Closed).await;
        let told = lookup(&[server.address()]).ask(&ipv4()).await;
        assert_eq!(told, Answer::Failed(LookupFailure::NotHeadless));
    }
}

/// SRV records that lead to these below the owner, on these ports.
fn targets(question: &Message, targets: &[(&str, u16)]) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    let owner = question.queries[0].name().clone();
    for (below, port) in targets {
        let target = Name::from_ascii(format!("{below}{SERVICE}.")).expect("valid");
        reply.add_answer(WireRecord::from_rdata(owner.clone(), 5, RData::SRV(SRV::new(0, 0, *port, target))));
    }
    vec![bytes(&reply)]
}
