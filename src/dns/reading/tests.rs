//! Messages as a server, a careless one and an attacker would send them.

use std::net::{IpAddr, Ipv4Addr};

use hickory_resolver::proto::op::{MessageType, OpCode};
use hickory_resolver::proto::rr::rdata::{CNAME, NS, SOA, TXT};
use proptest::prelude::*;

use super::*;
use crate::model::{AddressFamily, HeadlessService};

const SERVICE: &str = "eureka.ns.svc.cluster.local.";
const PORT: &str = "_http._tcp.eureka.ns.svc.cluster.local.";

fn service() -> HeadlessService {
    HeadlessService::from_setting("eureka.ns", "default", "cluster.local").expect("valid")
}

fn ask_addresses() -> Query {
    query(&Question::Addresses { service: service(), family: AddressFamily::Ipv4 })
}

fn ask_names() -> Query {
    query(&Question::Names { service: service(), port_name: "http".parse().expect("valid") })
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("valid")
}

fn a(owner: &str, last: u8) -> WireRecord {
    WireRecord::from_rdata(name(owner), 5, RData::A(A(Ipv4Addr::new(10, 0, 0, last))))
}

fn srv(target: Name, port: u16) -> WireRecord {
    WireRecord::from_rdata(name(PORT), 5, RData::SRV(SRV::new(0, 50, port, target)))
}

fn soa(owner: &str, serial: u32) -> WireRecord {
    let soa = SOA::new(name("ns.dns.cluster.local."), name("admin.cluster.local."), serial, 1, 1, 1, 5);
    WireRecord::from_rdata(name(owner), 5, RData::SOA(soa))
}

fn message(asked: &Query, answers: Vec<WireRecord>) -> Message {
    let mut message = Message::response(1, OpCode::Query);
    message.add_query(asked.clone());
    message.add_answers(answers);
    message
}

/// What the first server's message says.
fn answer(asked: &Query, message: &Message) -> Answer {
    super::answer(asked, message, Standing::First)
}

fn read_records(asked: &Query, answers: Vec<WireRecord>) -> Answer {
    answer(asked, &message(asked, answers))
}

fn address(last: u8) -> Record {
    Record::Address(IpAddr::from([10, 0, 0, last]))
}

fn pod(text: &str, port: u16) -> Record {
    Record::Target { name: text.parse().expect("valid"), port: Port::new(port).expect("valid") }
}

fn malformed(what: &'static str) -> Answer {
    Answer::Failed(LookupFailure::Malformed(what))
}

const NO_ANSWER: &str = "records that do not answer the question";

#[test]
fn asks_one_absolute_name() {
    let asked = ask_names();
    assert!(asked.name().is_fqdn());
    assert_eq!(asked.name().to_ascii(), PORT);
    assert_eq!((asked.query_type(), asked.query_class()), (WireType::SRV, DNSClass::IN));
}

#[test]
fn addresses_come_sorted_and_once() {
    let answers = vec![a(SERVICE, 3), a(SERVICE, 1), a(SERVICE, 3), a(SERVICE, 2)];
    let told = read_records(&ask_addresses(), answers);
    assert_eq!(told, Answer::Records(vec![address(1), address(2), address(3)]));
}

#[test]
fn the_owner_is_compared_without_regard_to_case() {
    let told = read_records(&ask_addresses(), vec![a("EUREKA.ns.SVC.cluster.LOCAL.", 1)]);
    assert_eq!(told, Answer::Records(vec![address(1)]));
}

#[test]
fn what_was_not_asked_for_is_left_out() {
    let other_type = WireRecord::from_rdata(name(SERVICE), 5, RData::TXT(TXT::new(vec!["x".into()])));
    let mut chaos = a(SERVICE, 9);
    chaos.dns_class = DNSClass::CH;
    let foreign = vec![a("evil.example.", 8), other_type, chaos];
    assert_eq!(read_records(&ask_addresses(), foreign.clone()), malformed(NO_ANSWER));
    let mixed = [foreign, vec![a(SERVICE, 1)]].concat();
    assert_eq!(read_records(&ask_addresses(), mixed), Answer::Records(vec![address(1)]));
}

#[test]
fn a_cname_is_refused_with_whatever_stands_beside_it() {
    let cname = WireRecord::from_rdata(name(SERVICE), 5, RData::CNAME(CNAME(name("evil.example."))));
    let refused = malformed("a CNAME, which a headless Service never has");
    assert_eq!(read_records(&ask_addresses(), vec![cname.clone()]), refused);
    assert_eq!(read_records(&ask_addresses(), vec![cname.clone(), a("evil.example.", 1)]), refused);
    assert_eq!(read_records(&ask_addresses(), vec![a(SERVICE, 1), cname.clone()]), refused);
    let mut dangling = message(&ask_addresses(), vec![cname]);
    dangling.metadata.response_code = ResponseCode::NXDomain;
    dangling.add_authority(soa("example.", 1));
    assert_eq!(answer(&ask_addresses(), &dangling), refused);
}

#[test]
fn srv_targets_that_are_no_host_name_or_have_no_port_are_dropped() {
    let wire = |labels: &[&[u8]]| Name::from_labels(labels.iter().copied()).expect("valid on the wire");
    let good = "eureka-0.eureka.ns.svc.cluster.local";
    let answers = vec![
        srv(wire(&[b"${x}", b"eureka"]), 8761),
        srv(wire(&[b"a,b", b"eureka"]), 8761),
        srv(wire(&[b"a\nb", b"eureka"]), 8761),
        srv(wire(&[b"a.b", b"eureka"]), 8761),
        srv(wire(&["é".as_bytes(), b"eureka"]), 8761),
        srv(wire(&[b"under_score", b"eureka"]), 8761),
        srv(Name::root(), 8761),
        srv(name("eureka-1.eureka.ns.svc.cluster.local."), 0),
    ];
    let Answer::Records(records) = read_records(&ask_names(), answers.clone()) else {
        panic!("they are said")
    };
    assert!(records.iter().all(Record::is_unusable), "{records:?}");
    let with_one = [answers, vec![srv(name(&format!("{}.", good.to_uppercase())), 8761)]].concat();
    let Answer::Records(records) = read_records(&ask_names(), with_one) else { panic!("one is usable") };
    let (unusable, usable): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| matches!(record, Record::Unusable(_)));
    assert_eq!(usable, [pod(good, 8761)]);
    for record in &unusable {
        let Record::Unusable(UnusableRecord { why, what }) = record else { unreachable!("parted") };
        assert!(what.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{what:?}");
        assert_eq!(*why == Unusable::PortZero, what.ends_with(":0"), "{what}");
    }
    assert!(unusable.len() > 3, "{unusable:?}");
}

#[test]
fn one_target_with_two_ports_is_two_records() {
    let target = || name("eureka-0.eureka.ns.svc.cluster.local.");
    let told = read_records(&ask_names(), vec![srv(target(), 8762), srv(target(), 8761)]);
    let pod = |port| pod("eureka-0.eureka.ns.svc.cluster.local", port);
    assert_eq!(told, Answer::Records(vec![pod(8761), pod(8762)]));
}

#[test]
fn a_denial_needs_an_soa_of_a_zone_that_holds_the_name() {
    let asked = ask_addresses();
    for (code, no_such_name) in [(ResponseCode::NXDomain, true), (ResponseCode::NoError, false)] {
        let mut denial = message(&asked, Vec::new());
        denial.metadata.response_code = code;
        assert_eq!(answer(&asked, &denial), Answer::Failed(LookupFailure::NegativeWithoutSoa));
        denial.add_authority(WireRecord::from_rdata(name("."), 5, RData::NS(NS(name("a.example.")))));
        denial.add_authority(soa("other.local.", 6));
        assert_eq!(answer(&asked, &denial), Answer::Failed(LookupFailure::NegativeWithoutSoa));
        denial.add_authority(soa("Cluster.local.", 7));
        assert_eq!(answer(&asked, &denial), Answer::Empty { no_such_name, soa_serial: 7 });
    }
}

/// A public resolver denies whatever it does not know, with the SOA of the root or of a domain that exists.
#[test]
fn a_denial_by_a_zone_above_the_clusters_proves_nothing() {
    let denied = |owner: &str, zone: &str, standing| {
        let asked = Query::query(name(owner), WireType::SRV);
        let mut denial = message(&asked, Vec::new());
        denial.metadata.response_code = ResponseCode::NXDomain;
        denial.add_authority(soa(zone, 7));
        super::answer(&asked, &denial, standing)
    };
    let believed = Answer::Empty { no_such_name: true, soa_serial: 7 };
    let not_believed = Answer::Failed(LookupFailure::NegativeWithoutSoa);
    for standing in [Standing::First, Standing::Later] {
        for owner in [SERVICE, PORT, "_HTTP._tcp.eureka.ns.SVC.cluster.local."] {
            for zone in [".", "local."] {
                assert_eq!(denied(owner, zone, standing), not_believed, "{owner} by {zone}");
            }
            for zone in ["cluster.local.", "svc.cluster.local.", "ns.svc.cluster.local."] {
                assert_eq!(denied(owner, zone, standing), believed, "{owner} by {zone}");
            }
        }
        let in_a_domain = "eureka.ns.svc.k8s.example.com.";
        assert_eq!(denied(in_a_domain, "example.com.", standing), not_believed);
        assert_eq!(denied(in_a_domain, "k8s.example.com.", standing), believed);
        assert_eq!(denied("eureka.ns.svc.k8s.", "k8s.", standing), believed);
    }
    // No name of a cluster: only the first server knows for itself what is private.
    for zone in [".", "com."] {
        assert_eq!(denied("_http._tcp.eureka.example.com.", zone, Standing::First), believed);
        assert_eq!(denied("_http._tcp.eureka.example.com.", zone, Standing::Later), not_believed);
    }
    assert_eq!(denied("eureka.example.com.", "example.com.", Standing::Later), believed);
}

#[test]
fn codes_are_told_apart() {
    let asked = ask_addresses();
    let code = |code| {
        // Records beside a code that denies them are not used.
        let mut message = message(&asked, vec![a(SERVICE, 1)]);
        message.metadata.response_code = code;
        answer(&asked, &message)
    };
    assert_eq!(code(ResponseCode::ServFail), Answer::Failed(LookupFailure::ServerFailure));
    assert_eq!(code(ResponseCode::Refused), Answer::Failed(LookupFailure::Refused));
    assert_eq!(code(ResponseCode::NotAuth), Answer::Failed(LookupFailure::ResponseCode(9)));
    assert_eq!(code(ResponseCode::Unknown(4000)), Answer::Failed(LookupFailure::ResponseCode(4000)));
    assert_eq!(code(ResponseCode::NXDomain), malformed("records for a name that it denies"));
}

#[test]
fn a_truncated_message_is_never_used() {
    let asked = ask_addresses();
    let mut cut = message(&asked, vec![a(SERVICE, 1)]);
    cut.metadata.truncation = true;
    assert_eq!(answer(&asked, &cut), Answer::Failed(LookupFailure::Truncated));
}

#[test]
fn an_answer_to_another_question_is_none() {
    let asked = ask_addresses();
    let other = malformed("an answer to another question");
    assert_eq!(answer(&asked, &message(&ask_names(), vec![a(SERVICE, 1)])), other);
    let mut none = message(&asked, vec![a(SERVICE, 1)]);
    none.queries.clear();
    assert_eq!(answer(&asked, &none), other);
    let mut two = message(&asked, vec![a(SERVICE, 1)]);
    two.add_query(asked.clone());
    assert_eq!(answer(&asked, &two), other);
}

#[test]
fn there_is_a_bound_on_records() {
    let told = read_records(&ask_addresses(), vec![a(SERVICE, 1); RECORDS_MAX]);
    assert_eq!(told, Answer::Records(vec![address(1)]));
    let told = read_records(&ask_addresses(), vec![a(SERVICE, 1); RECORDS_MAX + 1]);
    assert_eq!(told, malformed("more records than one name can have"));
}

fn some_record() -> impl Strategy<Value = WireRecord> {
    let owner =
        prop_oneof![Just(name(SERVICE)), Just(name(PORT)), Just(name("evil.example.")), Just(Name::root())];
    let label = proptest::collection::vec(any::<u8>(), 1..12);
    let target = proptest::collection::vec(label, 0..4)
        .prop_map(|labels| Name::from_labels(labels.iter().map(Vec::as_slice)).expect("short labels fit"));
    let data = prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| RData::A(A(octets.into()))),
        any::<[u8; 16]>().prop_map(|octets| RData::AAAA(AAAA(octets.into()))),
        (target.clone(), any::<u16>()).prop_map(|(target, port)| RData::SRV(SRV::new(0, 0, port, target))),
        target.prop_map(|target| RData::CNAME(CNAME(target))),
    ];
    let class = prop_oneof![9 => Just(DNSClass::IN), 1 => Just(DNSClass::CH)];
    (owner, data, class).prop_map(|(owner, data, class)| {
        let mut record = WireRecord::from_rdata(owner, 5, data);
        record.dns_class = class;
        record
    })
}

/// What every [`Answer`] promises to the core.
fn check_promises(asked: &Query, told: &Answer) -> Result<(), TestCaseError> {
    let Answer::Records(records) = told else { return Ok(()) };
    prop_assert!(!records.is_empty());
    prop_assert!(records.is_sorted_by(|left, right| left < right));
    for record in records {
        let fits = match (asked.query_type(), record) {
            (WireType::A, Record::Address(address)) => address.is_ipv4(),
            (WireType::AAAA, Record::Address(address)) => address.is_ipv6(),
            (WireType::SRV, Record::Target { .. } | Record::Unusable(_)) => true,
            _ => false,
        };
        prop_assert!(fits, "{record:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_message_is_read_without_a_panic(
        answers in proptest::collection::vec(some_record(), 0..8),
        authorities in proptest::collection::vec(some_record(), 0..3),
        code in any::<u16>(),
        truncation in any::<bool>(),
    ) {
        for asked in [ask_addresses(), ask_names()] {
            let mut message = message(&asked, answers.clone());
            message.add_authorities(authorities.clone());
            message.metadata.response_code = ResponseCode::from((code >> 12) as u8, (code & 15) as u8);
            message.metadata.truncation = truncation;
            let told = answer(&asked, &message);
            check_promises(&asked, &told)?;
            prop_assert!(!truncation || told == Answer::Failed(LookupFailure::Truncated));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let asked = ask_names();
        let mut bytes = message(&asked, Vec::new()).to_vec().expect("encodable");
        // As many records announced as the tail may hold.
        bytes[7] = 4;
        bytes.extend(tail);
        if let Ok(message) = Message::from_vec(&bytes) {
            prop_assert_eq!(message.metadata.message_type, MessageType::Response);
            check_promises(&asked, &answer(&asked, &message))?;
        }
    }
}
