//! The DNS adapter against real sockets on loopback: every outcome that the design names, and
//! every fault that a server, a network or a forger can make of an answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use eureka_peers::dns::{HickoryLookup, Lookup, NameServers};
use eureka_peers::model::{AddressFamily, Answer, HeadlessService, LookupFailure, Port, Question, Record};
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NULL, SOA, SRV};
use hickory_proto::rr::{DNSClass, Name, RData, Record as WireRecord, RecordType};

use crate::world::dns_server::{DnsServer, Mode, Pod};
use crate::world::raw_dns_server::{OverTcp, OverUdp, RawDnsServer, reply_to};

const SERVICE: &str = "eureka.ns.svc.cluster.local";
mod raised;
mod slow;

/// A try long enough for a busy machine, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(300);

fn service() -> HeadlessService {
    HeadlessService::from_setting(SERVICE, "", "").expect("valid")
}

fn names() -> Question {
    names_of_port("http")
}

fn names_of_port(port_name: &str) -> Question {
    Question::Names { service: service(), port_name: port_name.parse().expect("valid") }
}

fn ipv4() -> Question {
    Question::Addresses { service: service(), family: AddressFamily::Ipv4 }
}

fn ipv6() -> Question {
    Question::Addresses { service: service(), family: AddressFamily::Ipv6 }
}

fn lookup(servers: &[SocketAddr]) -> HickoryLookup {
    HickoryLookup::new(NameServers::Listed(servers.to_vec())).with_try_timeout(SHORT)
}

async fn start() -> DnsServer {
    DnsServer::start((Ipv4Addr::LOCALHOST, 0).into()).await.expect("loopback has a free port")
}

/// A server with `count` pods.
async fn start_with(count: u32) -> DnsServer {
    let server = start().await;
    server.set_pods(SERVICE, "http", pods(count));
    server
}

fn pods(count: u32) -> impl Iterator<Item = Pod> {
    (0..count).map(|number| Pod::new(format!("eureka-{number}"), address_of(number), 8761))
}

fn address_of(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + number).into()
}

fn expected_addresses(count: u32) -> Answer {
    Answer::Records((0..count).map(|number| Record::Address(address_of(number))).collect())
}

fn expected_names(count: u32) -> Answer {
    let mut records: Vec<_> = (0..count)
        .map(|number| Record::Target {
            name: format!("eureka-{number}.{SERVICE}").parse().expect("valid"),
            port: Port::EUREKA,
        })
        .collect();
    records.sort();
    Answer::Records(records)
}

fn soa_of(zone: &str) -> WireRecord {
    let zone = Name::from_ascii(zone).expect("valid");
    let soa = SOA::new(zone.clone(), zone.clone(), 7, 1, 1, 1, 1);
    WireRecord::from_rdata(zone, 5, RData::SOA(soa))
}

fn no_such_name(server: &DnsServer) -> Answer {
    Answer::Empty { no_such_name: true, soa_serial: server.soa_serial() }
}

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("encodable")
}

fn owner(question: &Message) -> Name {
    question.queries[0].name().clone()
}

fn evil() -> Name {
    Name::from_ascii("evil.example.").expect("valid")
}

fn a(owner: &Name, last: u8) -> WireRecord {
    WireRecord::from_rdata(owner.clone(), 5, RData::A(A::new(10, 0, 0, last)))
}

/// A response with a code and without records.
fn code(question: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.metadata.response_code = code;
    vec![bytes(&reply)]
}

fn cut_short(mut reply: Message) -> Vec<Vec<u8>> {
    reply.metadata.truncation = true;
    vec![bytes(&reply)]
}

/// With the question in another letter case than it was asked in.
fn in_lower_case(mut reply: Message) -> Vec<Vec<u8>> {
    let lower = reply.queries[0].name().to_lowercase();
    reply.queries[0].set_name(lower);
    vec![bytes(&reply)]
}

fn alias(question: &Message, _: usize) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.add_answer(WireRecord::from_rdata(owner(question), 5, RData::CNAME(CNAME(evil()))));
    vec![bytes(&reply)]
}

/// A reply that is larger by a record that nobody asked for.
fn padded(mut reply: Message, length: usize) -> Vec<u8> {
    let data = RData::Unknown { code: RecordType::TXT, rdata: NULL::with(vec![0; length]) };
    reply.add_additional(WireRecord::from_rdata(Name::root(), 5, data));
    bytes(&reply)
}

/// Nobody listens here: the port was free a moment ago.
async fn dead() -> SocketAddr {
    let server = start().await;
    let address = server.address();
    server.stop().await;
    address
}

mod what_a_cluster_says {
    use super::*;

    #[tokio::test]
    async fn names_and_addresses() {
        let server = start_with(3).await;
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&names()).await, expected_names(3));
        assert_eq!(lookup.ask(&ipv4()).await, expected_addresses(3));
    }

    #[tokio::test]
    async fn both_families() {
        let server = start().await;
        let mut pod = Pod::new("eureka-0", [10, 0, 0, 1], 8761);
        let v6: IpAddr = "fd00::1".parse().expect("valid");
        pod.addresses.push(v6);
        server.set_pods(SERVICE, "http", [pod]);
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&ipv6()).await, Answer::Records(vec![Record::Address(v6)]));
        let v4 = Record::Address([10, 0, 0, 1].into());
        assert_eq!(lookup.ask(&ipv4()).await, Answer::Records(vec![v4]));
    }

    #[tokio::test]
    async fn changes_are_seen_with_the_next_question() {
        let server = start_with(2).await;
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&names()).await, expected_names(2));
        server.set_pods(SERVICE, "http", pods(3));
        assert_eq!(lookup.ask(&names()).await, expected_names(3));
        let not_ready = pods(2).map(|pod| Pod { ready: pod.name == "eureka-0", ..pod });
        server.set_pods(SERVICE, "http", not_ready);
        assert_eq!(lookup.ask(&names()).await, expected_names(1));
    }

    #[tokio::test]
    async fn nobody_and_its_soa() {
        let server = start_with(0).await;
        let lookup = lookup(&[server.address()]);
        assert!(server.soa_serial() > 1_700_000_000, "CoreDNS writes the Unix time");
        assert_eq!(lookup.ask(&ipv4()).await, no_such_name(&server));
        assert_eq!(lookup.ask(&names()).await, no_such_name(&server));
        // The Service itself is missing too, so there was one question beside the one for names.
        assert_eq!((server.count(RecordType::SRV), server.count(RecordType::A)), (2, 1));
        assert_eq!(server.count(RecordType::AAAA), 0);
    }

    #[tokio::test]
    async fn the_other_family_is_no_data() {
        let server = start_with(1).await;
        let told = lookup(&[server.address()]).ask(&ipv6()).await;
        assert_eq!(told, Answer::Empty { no_such_name: false, soa_serial: server.soa_serial() });
    }

    #[tokio::test]
    async fn a_wrong_port_name_is_told_from_nobody() {
        let server = start_with(1).await;
        let lookup = lookup(&[server.address()]);
        let missing = Answer::Failed(LookupFailure::PortNameMissing);
        assert_eq!(lookup.ask(&names_of_port("https")).await, missing);
        assert_eq!((server.count(RecordType::A), server.count(RecordType::AAAA)), (1, 0));

        // One that has not asked before, and so knows nothing of the denial.
        let another = super::lookup(&[server.address()]);
        server.set_pods(SERVICE, "http", [Pod::new("eureka-0", Ipv6Addr::from(1), 8761)]);
        assert_eq!(another.ask(&names_of_port("https")).await, missing);
        assert_eq!((server.count(RecordType::A), server.count(RecordType::AAAA)), (2, 1));
    }

    /// As CoreDNS has it: a Service's only port may have no name, and then no name below the Service's own.
    #[tokio::test]
    async fn a_port_without_a_name_is_found_at_the_services_own() {
        let nameless: OverUdp = |question, _| {
            let name = question.queries[0].name().clone();
            let mut reply = reply_to(question);
            let is_own = name.to_lowercase().to_ascii() == format!("{SERVICE}.");
            if !is_own {
                reply.metadata.response_code = ResponseCode::NXDomain;
            }
            if is_own && question.queries[0].query_type() == RecordType::SRV {
                reply.add_answers((0..2).map(|number| {
                    let target = Name::from_ascii(format!("eureka-{number}.{SERVICE}.")).expect("valid");
                    WireRecord::from_rdata(name.clone(), 5, RData::SRV(SRV::new(0, 0, 8761, target)))
                }));
            } else {
                let zone = Name::from_ascii("cluster.local.").expect("valid");
                let soa = SOA::new(zone.clone(), zone.clone(), 7, 1, 1, 1, 1);
                reply.add_authority(WireRecord::from_rdata(zone, 5, RData::SOA(soa)));
            }
            vec![reply.to_vec().expect("encodable")]
        };
        let server = RawDnsServer::start(nameless, OverTcp::Closed).await;
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&names()).await, expected_names(2));
        // The port, the Service itself, and ports of other names; from then on a question a poll.
        assert_eq!(server.questions(), 2 + 9);
        for more in 1..=3 {
            assert_eq!(lookup.ask(&names()).await, expected_names(2));
            assert_eq!(server.questions(), 2 + 9 + more);
        }
        // Whoever set a name has ports with names.
        let told = lookup.ask(&names_of_port("web")).await;
        assert!(matches!(told, Answer::Empty { .. }), "{told:?}: no addresses in this zone");
    }

    #[tokio::test]
    async fn errors_are_told_apart() {
        let server = start_with(1).await;
        let lookup = lookup(&[server.address()]);
        for (mode, failure) in [
            (Mode::ServFail, LookupFailure::ServerFailure),
            (Mode::Refused, LookupFailure::Refused),
            (Mode::NoSuchNameWithoutSoa, LookupFailure::NegativeWithoutSoa),
            (Mode::Silent, LookupFailure::Timeout),
        ] {
            server.set_mode(mode);
            assert_eq!(lookup.ask(&names()).await, Answer::Failed(failure), "{mode:?}");
        }
        server.set_mode(Mode::NoSuchName);
        assert_eq!(lookup.ask(&ipv4()).await, no_such_name(&server));
        server.set_mode(Mode::NoData);
        let no_data = Answer::Empty { no_such_name: false, soa_serial: server.soa_serial() };
        assert_eq!(lookup.ask(&ipv4()).await, no_data);
        server.set_mode(Mode::Normal);
        assert_eq!(lookup.ask(&names()).await, expected_names(1));
    }

    #[tokio::test]
    async fn what_does_not_fit_a_datagram_comes_over_tcp() {
        let server = start_with(60).await;
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&names()).await, expected_names(60));
        let over_tcp = |before: usize| -> Vec<_> {
            server.asked()[before..].iter().map(|asked| asked.over_tcp).collect()
        };
        assert_eq!(over_tcp(0), [false, true]);
        // From then on a question a poll.
        for _ in 0..3 {
            assert_eq!(lookup.ask(&names()).await, expected_names(60));
        }
        assert_eq!(over_tcp(2), [true; 3]);
        // A list that fits again is noticed where it comes from, and asked for over UDP.
        server.set_pods(SERVICE, "http", pods(3));
        for _ in 0..3 {
            assert_eq!(lookup.ask(&names()).await, expected_names(3));
        }
        assert_eq!(over_tcp(5), [true, false, false]);
    }

    #[tokio::test]
    async fn a_large_answer_costs_other_questions_nothing() {
        let server = start_with(60).await;
        let other = "eureka-west.ns.svc.cluster.local";
        server.set_pods(other, "http", pods(2));
        let service = HeadlessService::from_setting(other, "", "").expect("valid");
        let small = Question::Addresses { service, family: AddressFamily::Ipv4 };
        let lookup = lookup(&[server.address()]);
        for _ in 0..3 {
            assert_eq!(lookup.ask(&names()).await, expected_names(60));
            assert_eq!(lookup.ask(&small).await, expected_addresses(2));
        }
        let asked = |is_small: bool| -> Vec<_> {
            let asked = server.asked();
            let of_it = asked.iter().filter(|asked| (asked.record_type == RecordType::A) == is_small);
            of_it.map(|asked| asked.over_tcp).collect()
        };
        assert_eq!((asked(false), asked(true)), (vec![false, true, true, true], vec![false; 3]));
    }

    #[tokio::test]
    async fn a_thousand_addresses() {
        let server = start_with(1000).await;
        let lookup = lookup(&[server.address()]);
        assert_eq!(lookup.ask(&ipv4()).await, expected_addresses(1000));
    }

    #[tokio::test]
    async fn there_are_more_names_than_one_message_can_hold() {
        let server = start_with(300).await;
        // In its own time: to make such a message takes a busy machine longer than a short try.
        let lookup = HickoryLookup::new(NameServers::Listed(vec![server.address()]));
        assert_eq!(lookup.ask(&names()).await, expected_names(300));
        // Targets of SRV records are never compressed (RFC 2782).
        for _ in 0..2 {
            server.set_pods(SERVICE, "http", pods(1300));
            match lookup.ask(&names()).await {
                Answer::Failed(LookupFailure::Malformed(what)) => {
                    assert!(what.contains("--peer-host ipv4"), "{what}");
                }
                other => panic!("1,300 names do not fit into 64 KB: {other:?}"),
            }
        }
        let over_udp = server.asked().iter().filter(|asked| !asked.over_tcp).count();
        assert_eq!(over_udp, 1, "one message is not enough, and that needs no second question");
    }

    #[tokio::test]
    async fn a_slow_server_is_waited_for() {
        let server = start_with(1).await;
        server.set_delay(SHORT / 2);
        assert_eq!(lookup(&[server.address()]).ask(&ipv4()).await, expected_addresses(1));
    }
}

mod the_question {
    use super::*;

    /// With the real timeout, so that a busy machine is not taken for a lost datagram.
    fn unhurried(server: &DnsServer) -> HickoryLookup {
        HickoryLookup::new(NameServers::Listed(vec![server.address()]))
    }

    #[tokio::test]
    async fn is_one_absolute_and_small_enough_for_one_datagram() {
        let server = start_with(2).await;
        assert_eq!(unhurried(&server).ask(&ipv4()).await, expected_addresses(2));
        let [asked] = &server.asked()[..] else { panic!("{:?}", server.asked()) };
        assert_eq!(asked.name.to_lowercase(), format!("{SERVICE}."));
        assert_eq!((asked.record_type, asked.over_tcp), (RecordType::A, false));
        assert_eq!(asked.edns_payload, Some(1232));
    }

    #[tokio::test]
    async fn varies_its_letter_case() {
        let server = start_with(1).await;
        let lookup = unhurried(&server);
        for _ in 0..8 {
            assert_eq!(lookup.ask(&names()).await, expected_names(1));
        }
        let asked = server.asked();
        assert_eq!(asked.len(), 8);
        // 33 letters: the same case twice is a chance of one in billions.
        let all_differ = asked.iter().enumerate().all(|(n, one)| asked[..n].iter().all(|other| other != one));
        assert!(all_differ, "{asked:?}");
    }

    #[tokio::test]
    async fn may_be_dropped_halfway() {
        let server = start_with(1).await;
        let lookup = unhurried(&server);
        server.set_mode(Mode::Silent);
        assert!(tokio::time::timeout(SHORT / 10, lookup.ask(&names())).await.is_err());
        server.set_mode(Mode::Normal);
        assert_eq!(lookup.ask(&names()).await, expected_names(1));
    }
}

mod servers_in_turn {
    use super::*;

    #[tokio::test]
    async fn the_next_one_is_asked_after_anything_that_is_no_answer() {
        let (first, second) = (start_with(1).await, start_with(2).await);
        for mode in [Mode::ServFail, Mode::Refused, Mode::Silent, Mode::NoSuchNameWithoutSoa] {
            first.set_mode(mode);
            let told = lookup(&[first.address(), second.address()]).ask(&names()).await;
            assert_eq!(told, expected_names(2), "{mode:?}");
        }
        let told = lookup(&[dead().await, second.address()]).ask(&names()).await;
        assert_eq!(told, expected_names(2));
    }

    #[tokio::test]
    async fn a_denial_with_an_soa_is_final() {
        let (first, second) = (start_with(0).await, start_with(2).await);
        let told = lookup(&[first.address(), second.address()]).ask(&ipv4()).await;
        assert_eq!(told, no_such_name(&first));
        assert_eq!(second.asked(), []);
    }

    #[tokio::test]
    async fn the_first_is_preferred_while_it_answers() {
        let (first, second) = (start_with(1).await, start_with(2).await);
        let lookup = lookup(&[first.address(), second.address()]);
        for _ in 0..3 {
            assert_eq!(lookup.ask(&names()).await, expected_names(1));
        }
        assert_eq!(second.asked(), []);
    }

    #[tokio::test]
    async fn a_dead_first_one_costs_its_silence_once() {
        let (first, second) = (start_with(1).await, start_with(2).await);
        first.set_mode(Mode::Silent);
        let lookup = lookup(&[first.address(), second.address()]);
        assert_eq!(lookup.ask(&names()).await, expected_names(2));
        let asked_before = first.asked().len();
        assert_eq!(lookup.ask(&names()).await, expected_names(2));
        assert_eq!(first.asked().len(), asked_before);
        // No longer once the second has no records either: the walk begins at the head again.
        first.set_mode(Mode::Normal);
        second.set_mode(Mode::ServFail);
        assert_eq!(lookup.ask(&names()).await, expected_names(1));
        second.set_mode(Mode::Normal);
        assert_eq!(lookup.ask(&names()).await, expected_names(1));
    }

    #[tokio::test]
    async fn the_most_telling_failure_is_reported() {
        let (first, second) = (start_with(1).await, start_with(1).await);
        first.set_mode(Mode::ServFail);
        second.set_mode(Mode::Silent);
        let lookup = lookup(&[first.address(), second.address()]);
        assert_eq!(lookup.ask(&ipv4()).await, Answer::Failed(LookupFailure::ServerFailure));
        // An error makes no way known: all of them are tried again.
        assert_eq!(first.asked().len(), 3);
        assert_eq!(lookup.ask(&ipv4()).await, Answer::Failed(LookupFailure::ServerFailure));
        assert_eq!(first.asked().len(), 6);
        assert!(second.asked().len() >= 4, "{:?}", second.asked());
    }

    #[tokio::test]
    async fn silence_has_an_end() {
        let (first, second, third) = (start().await, start().await, start().await);
        for server in [&first, &second, &third] {
            server.set_mode(Mode::Silent);
        }
        let servers = vec![first.address(), second.address(), third.address()];
        let started = Instant::now();
        let told = HickoryLookup::new(NameServers::Listed(servers)).ask(&names()).await;
        assert_eq!(told, Answer::Failed(LookupFailure::Timeout));
        let took = started.elapsed();
        assert!(took >= HickoryLookup::TRY_TIMEOUT && took < Duration::from_secs(20), "{took:?}");
        // The first is asked so often at a start that its list of questions has only the latest.
        for server in [&second, &third] {
            assert!(server.asked().iter().any(|asked| asked.over_tcp), "{:?}", server.asked());
        }
    }

    #[tokio::test]
    async fn a_closed_port_costs_next_to_nothing() {
        let started = Instant::now();
        let lookup = HickoryLookup::new(NameServers::Listed(vec![dead().await, dead().await]));
        for _ in 0..10 {
            let told = lookup.ask(&names()).await;
            assert!(matches!(&told, Answer::Failed(LookupFailure::Network(_))), "{told:?}");
        }
        // Sixty rungs; a single one that waited would take as long.
        let took = started.elapsed();
        assert!(took < HickoryLookup::TRY_TIMEOUT, "{took:?}");
    }

    /// What is lost while a server restarts must not cost a start a third of a second.
    #[tokio::test]
    async fn until_there_is_an_answer_a_lost_datagram_is_sent_again_soon() {
        let server = start_with(1).await;
        let lookup = lookup(&[server.address()]).with_try_timeout(Duration::from_millis(600));
        let mut datagrams = Vec::new();
        for before in [Mode::Refused, Mode::ServFail, Mode::Normal] {
            server.set_mode(before);
            lookup.ask(&names()).await;
            server.set_mode(Mode::Silent);
            let asked = server.count(RecordType::SRV);
            assert_eq!(lookup.ask(&names()).await, Answer::Failed(LookupFailure::Timeout));
            datagrams.push(server.count(RecordType::SRV) - asked);
        }
        let [refused, failed, answered] = datagrams[..] else { panic!("three times") };
        assert!(refused > answered && failed > answered, "{datagrams:?}");
    }

    #[tokio::test]
    async fn an_unreachable_one_is_a_network_error() {
        // A port of 0 is none, so the kernel refuses to send.
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let Answer::Failed(LookupFailure::Network(message)) = lookup(&[nowhere]).ask(&names()).await else {
            panic!("the kernel refuses");
        };
        assert!(message.starts_with("127.0.0.1:0 over "), "{message}");
    }

    #[tokio::test]
    async fn one_that_comes_back_is_found_again() {
        let server = start_with(2).await;
        let address = server.address();
        let lookup = lookup(&[address]);
        assert_eq!(lookup.ask(&names()).await, expected_names(2));
        server.stop().await;
        for _ in 0..2 {
            let told = lookup.ask(&names()).await;
            assert!(matches!(&told, Answer::Failed(LookupFailure::Network(_))), "{told:?}");
        }
        let server = DnsServer::start(address).await.expect("the port is free again");
        server.set_pods(SERVICE, "http", pods(3));
        assert_eq!(lookup.ask(&names()).await, expected_names(3));
    }

    #[tokio::test]
    async fn a_scoped_address_is_no_stumbling_block() {
        let second = start_with(1).await;
        let scoped: SocketAddr = "[fe80::1%7]:53".parse().expect("valid");
        assert_eq!(lookup(&[scoped, second.address()]).ask(&names()).await, expected_names(1));
    }
}

mod resolv_conf {
    use super::*;

    fn lookup_by(path: &std::path::Path, port: u16) -> HickoryLookup {
        let servers = NameServers::ResolvConf { path: path.to_owned(), port };
        HickoryLookup::new(servers).with_try_timeout(SHORT)
    }

    #[tokio::test]
    async fn its_servers_are_asked_and_its_search_list_is_not_used() {
        let server = start_with(1).await;
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        let text = "search ns.svc.cluster.local svc.cluster.local\nnameserver 127.0.0.1\noptions ndots:5\n";
        std::fs::write(&path, text).expect("writable");
        let lookup = lookup_by(&path, server.address().port());
        assert_eq!(lookup.ask(&names_of_port("http")).await, expected_names(1));
        assert!(server.asked().iter().all(|asked| asked.name.to_lowercase() == names().owner()));
    }

    #[tokio::test]
    async fn a_new_server_in_it_is_found_after_a_failure() {
        let server = start_with(1).await;
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        // On the other loopback address nobody listens.
        std::fs::write(&path, "nameserver 127.0.0.2\n").expect("writable");
        let lookup = lookup_by(&path, server.address().port());
        let told = lookup.ask(&names()).await;
        assert!(matches!(&told, Answer::Failed(LookupFailure::Network(_))), "{told:?}");
        std::fs::write(&path, "nameserver 127.0.0.1\n").expect("writable");
        assert_eq!(lookup.ask(&names()).await, expected_names(1));
    }

    #[tokio::test]
    async fn its_wish_for_tcp_is_followed() {
        let server = start_with(1).await;
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        std::fs::write(&path, "nameserver 127.0.0.1\noptions ndots:5 use-vc\n").expect("writable");
        let lookup = lookup_by(&path, server.address().port());
        for _ in 0..2 {
            assert_eq!(lookup.ask(&names()).await, expected_names(1));
        }
        let over_tcp: Vec<_> = server.asked().iter().map(|asked| asked.over_tcp).collect();
        assert_eq!(over_tcp, [true, true]);
    }

    #[tokio::test]
    async fn a_missing_one_is_said() {
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        let told = lookup_by(&path, 53).ask(&names()).await;
        assert!(matches!(&told, Answer::Failed(LookupFailure::Network(_))), "{told:?}");
    }
}

mod faults {
    use super::*;

    const CNAME_REFUSED: &str = "a CNAME, which a headless Service never has";
    const NO_ANSWER: &str = "records that do not answer the question";
    const UNREADABLE: &str = "a message that cannot be read";
    const ELSEWHERE: &str = "records that answer the question outside of the answer section";
    const OTHER_CASE: &str = "the question in another letter case, as a forger would, and TCP gave none; \
                              allow egress to TCP port 53";

    /// One good address, and no SRV records.
    fn honest(question: &Message) -> Message {
        let mut reply = reply_to(question);
        if question.queries[0].query_type() == RecordType::SRV {
            reply.add_authority(soa_of("cluster.local."));
        } else {
            reply.add_answer(a(&owner(question), 1));
        }
        reply
    }

    fn truncated(question: &Message, _: usize) -> Vec<Vec<u8>> {
        cut_short(honest(question))
    }

    fn one_address() -> Answer {
        Answer::Records(vec![Record::Address([10, 0, 0, 1].into())])
    }

    async fn over_udp(question: &Question, answer: OverUdp) -> (Answer, usize) {
        let server = RawDnsServer::start(answer, OverTcp::Closed).await;
        let told = lookup(&[server.address()]).ask(question).await;
        (told, server.questions())
    }

    async fn malformed(question: &Question, answer: OverUdp, what: &'static str) {
        let server = RawDnsServer::start(answer, OverTcp::Closed).await;
        let lookup = lookup(&[server.address()]);
        let failed = Answer::Failed(LookupFailure::Malformed(what));
        assert_eq!(lookup.ask(question).await, failed);
        assert_eq!(server.questions(), 2, "with EDNS and without");
        assert_eq!(lookup.ask(question).await, failed);
        // It may be anybody's word, so every way is tried again.
        assert_eq!(server.questions(), 4, "{what}");
    }

    /// A lone address is asked about: whether it is the cluster IP of the Service.
    const OF_ITSELF: usize = 1;

    #[tokio::test]
    async fn a_truncated_answer_is_never_used() {
        for over_tcp in [OverTcp::Closed, OverTcp::HangUp, OverTcp::Hang] {
            let server = RawDnsServer::start(truncated, over_tcp).await;
            let told = lookup(&[server.address()]).ask(&ipv4()).await;
            assert_eq!(told, Answer::Failed(LookupFailure::Truncated));
        }
    }

    #[tokio::test]
    async fn after_truncation_the_next_server_is_asked() {
        let server = RawDnsServer::start(truncated, OverTcp::Closed).await;
        let second = start_with(2).await;
        let told = lookup(&[server.address(), second.address()]).ask(&ipv4()).await;
        assert_eq!(told, expected_addresses(2));
    }

    #[tokio::test]
    async fn four_thousand_addresses_over_tcp() {
        // By hand, as the encoder compresses 120 names and no more; the owner is at offset 12.
        let many = OverTcp::Answer(|question| {
            let mut message = bytes(&reply_to(question));
            message[6..8].copy_from_slice(&4000_u16.to_be_bytes());
            for number in 0..4000_u32 {
                message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4]);
                message.extend((0x0a00_0000 + number).to_be_bytes());
            }
            message
        });
        let server = RawDnsServer::start(truncated, many).await;
        assert_eq!(lookup(&[server.address()]).ask(&ipv4()).await, expected_addresses(4000));
    }

    #[tokio::test]
    async fn sixty_four_kilobytes_of_nonsense_over_tcp() {
        let nonsense = OverTcp::Answer(|question| {
            let mut message = bytes(&reply_to(question));
            message.resize(usize::from(u16::MAX), 0xff);
            message[6..8].copy_from_slice(&[0xff, 0xff]);
            message
        });
        let server = RawDnsServer::start(truncated, nonsense).await;
        let told = lookup(&[server.address()]).ask(&ipv4()).await;
        assert_eq!(told, Answer::Failed(LookupFailure::Truncated));
    }

    #[tokio::test]
    async fn more_records_than_one_name_can_have() {
        // Under the root a record is 15 bytes, so that more than 4,096 fit.
        let crowd = OverTcp::Answer(|question| {
            let mut reply = reply_to(question);
            reply.add_answers((0..4300).map(|_| a(&Name::root(), 1)));
            bytes(&reply)
        });
        let server = RawDnsServer::start(truncated, crowd).await;
        let told = lookup(&[server.address()]).ask(&ipv4()).await;
        let what = "more records than one name can have";
        assert_eq!(told, Answer::Failed(LookupFailure::Malformed(what)));
    }

    #[tokio::test]
    async fn an_answer_to_another_question_over_tcp() {
        let other = OverTcp::Answer(|question| {
            let mut reply = honest(question);
            reply.queries[0].set_name(evil());
            bytes(&reply)
        });
        let server = RawDnsServer::start(truncated, other).await;
        let told = lookup(&[server.address()]).ask(&ipv4()).await;
        assert_eq!(told, Answer::Failed(LookupFailure::Malformed("an answer to another question")));
    }

    #[tokio::test]
    async fn a_cname_is_not_followed() {
        malformed(&ipv4(), alias, CNAME_REFUSED).await;
        malformed(&names(), alias, CNAME_REFUSED).await;
    }

    #[tokio::test]
    async fn records_of_another_name_or_class() {
        let foreign: OverUdp = |question, _| {
            let mut reply = reply_to(question);
            reply.add_answer(a(&evil(), 1));
            vec![bytes(&reply)]
        };
        malformed(&ipv4(), foreign, NO_ANSWER).await;
        let chaos: OverUdp = |question, _| {
            let mut reply = honest(question);
            reply.answers[0].dns_class = DNSClass::CH;
            vec![bytes(&reply)]
        };
        malformed(&ipv4(), chaos, NO_ANSWER).await;
        malformed(&ipv6(), |question, _| vec![bytes(&honest(question))], NO_ANSWER).await;
    }

    #[tokio::test]
    async fn bytes_that_are_no_message() {
        // Behind an id that fits: with another id it would be ignored.
        let garbage: OverUdp = |question, _| {
            let mut garbage = question.metadata.id.to_be_bytes().to_vec();
            garbage.resize(80, 0xff);
            vec![garbage]
        };
        malformed(&ipv4(), garbage, UNREADABLE).await;
        let half: OverUdp = |question, _| {
            let mut half = bytes(&honest(question));
            half.truncate(half.len() - 5);
            vec![half]
        };
        malformed(&ipv4(), half, UNREADABLE).await;
        let pointer_to_itself: OverUdp = |question, _| {
            let mut looped = bytes(&reply_to(question));
            looped[7] = 1;
            let here = u8::try_from(looped.len()).expect("short");
            looped.extend([0xc0, here, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1]);
            vec![looped]
        };
        malformed(&ipv4(), pointer_to_itself, UNREADABLE).await;
        malformed(&ipv4(), |question, _| vec![bytes(question)], UNREADABLE).await;
    }

    #[tokio::test]
    async fn forgeries_are_passed_over_while_the_answer_is_waited_for() {
        let (told, questions) = over_udp(&ipv4(), |question, _| {
            let mut wrong_id = honest(question);
            wrong_id.metadata.id = !question.metadata.id;
            let mut wrong_question = honest(question);
            wrong_question.queries[0].set_name(evil());
            vec![vec![1], bytes(&wrong_id), bytes(&wrong_question), bytes(&honest(question))]
        })
        .await;
        assert_eq!((told, questions), (one_address(), 1 + OF_ITSELF));
        let (told, _) = over_udp(&ipv4(), |question, _| {
            let mut wrong_id = honest(question);
            wrong_id.metadata.id = !question.metadata.id;
            vec![bytes(&wrong_id)]
        })
        .await;
        assert!(matches!(&told, Answer::Failed(LookupFailure::Network(_))), "{told:?}");
    }

    #[tokio::test]
    async fn a_lost_letter_case_is_settled_over_tcp() {
        let lower_case: OverUdp = |question, _| in_lower_case(honest(question));
        let honest_tcp = OverTcp::Answer(|question| bytes(&honest(question)));
        let server = RawDnsServer::start(lower_case, honest_tcp).await;
        assert_eq!(lookup(&[server.address()]).ask(&ipv4()).await, one_address());
        malformed(&ipv4(), lower_case, OTHER_CASE).await;
    }

    #[tokio::test]
    async fn a_lost_datagram_costs_a_fraction_of_the_try() {
        let started = Instant::now();
        let (told, questions) = over_udp(&ipv4(), |question, nth| match nth {
            0 => Vec::new(),
            _ => vec![bytes(&honest(question))],
        })
        .await;
        assert_eq!(told, one_address());
        // On a busy machine the next way has begun by the time that the answer is read.
        assert!((2 + OF_ITSELF..=12).contains(&questions), "{questions}");
        assert!(started.elapsed() < SHORT, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_server_that_comes_up_is_heard_within_the_try() {
        let started = Instant::now();
        let (told, questions) = over_udp(&ipv4(), |question, nth| match nth {
            0..=3 => Vec::new(),
            _ => vec![bytes(&honest(question))],
        })
        .await;
        assert_eq!(told, one_address());
        assert!((5 + OF_ITSELF..=12).contains(&questions), "{questions}");
        assert!(started.elapsed() < SHORT, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn until_anybody_has_answered_the_question_goes_out_often() {
        let server = RawDnsServer::start(
            |question, nth| match nth {
                // The first words of this server.
                20 | 21 => vec![bytes(&honest(question))],
                _ => Vec::new(),
            },
            OverTcp::Closed,
        )
        .await;
        let lookup = lookup(&[server.address()]).with_try_timeout(Duration::from_millis(600));
        assert_eq!(lookup.ask(&ipv4()).await, one_address());
        assert!(server.questions() >= 21, "{}", server.questions());
        // It has spoken, so its silence is borne with the ordinary patience: two datagrams a try on a rung.
        let before = server.questions();
        let told = lookup.ask(&ipv4()).await;
        assert!(matches!(&told, Answer::Failed(LookupFailure::Network(_))), "{told:?}");
        let sent = server.questions() - before;
        assert!((2..=20).contains(&sent), "{sent}");
    }

    #[tokio::test]
    async fn only_clean_targets_with_a_port_are_let_in() {
        const ODD: [&[&[u8]]; 6] = [
            &[b"${x}", b"eureka"],
            &[b"a,b", b"eureka"],
            &[b"a\nb", b"eureka"],
            &[b"\xc3\xa9", b"eureka"],
            &[b"a.b", b"eureka"],
            &[],
        ];
        fn odd(question: &Message) -> Message {
            let mut reply = reply_to(question);
            let srv = |port, labels: &[&[u8]]| {
                let target = Name::from_labels(labels.iter().copied()).expect("valid on the wire");
                WireRecord::from_rdata(owner(question), 5, RData::SRV(SRV::new(0, 0, port, target)))
            };
            reply.add_answers(ODD.iter().map(|labels| srv(8761, labels)));
            reply.add_answer(srv(0, &[b"eureka-0", b"eureka", b"ns", b"svc", b"cluster", b"local"]));
            reply
        }
        let server = RawDnsServer::start(|question, _| vec![bytes(&odd(question))], OverTcp::Closed).await;
        let lookup = lookup(&[server.address()]);
        for questions in [2, 4] {
            let Answer::Records(records) = lookup.ask(&names()).await else { panic!("what came is said") };
            assert!(records.len() == ODD.len() + 1 && records.iter().all(Record::is_unusable), "{records:?}");
            // Another way may bring more.
            assert_eq!(server.questions(), questions);
        }
        let (told, _) = over_udp(&names(), |question, _| {
            let mut reply = odd(question);
            let target = Name::from_ascii(format!("EUREKA-0.{SERVICE}.")).expect("valid");
            let srv = RData::SRV(SRV::new(0, 0, 8761, target));
            reply.add_answer(WireRecord::from_rdata(owner(question), 5, srv));
            vec![bytes(&reply)]
        })
        .await;
        let Answer::Records(records) = told else { panic!("one is usable: {told:?}") };
        let (unusable, usable): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| matches!(record, Record::Unusable(_)));
        assert_eq!((Answer::Records(usable), unusable.len()), (expected_names(1), ODD.len() + 1));
    }

    #[tokio::test]
    async fn a_server_that_does_not_know_edns_is_asked_without_it() {
        fn without_edns(question: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
            let mut reply = if question.edns.is_some() { reply_to(question) } else { honest(question) };
            if question.edns.is_some() {
                reply.metadata.response_code = code;
            }
            vec![bytes(&reply)]
        }
        let format_error: OverUdp = |question, _| without_edns(question, ResponseCode::FormErr);
        let not_implemented: OverUdp = |question, _| without_edns(question, ResponseCode::NotImp);
        for server in [format_error, not_implemented] {
            assert_eq!(over_udp(&ipv4(), server).await, (one_address(), 2 + OF_ITSELF));
        }
    }

    #[tokio::test]
    async fn other_response_codes_go_by_number() {
        fn always(question: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
            let mut reply = honest(question);
            reply.metadata.response_code = code;
            vec![bytes(&reply)]
        }
        let told = over_udp(&ipv4(), |question, _| always(question, ResponseCode::NotImp)).await;
        assert_eq!(told, (Answer::Failed(LookupFailure::ResponseCode(4)), 2), "with EDNS and without");
        let told = over_udp(&ipv4(), |question, _| always(question, ResponseCode::NotAuth)).await;
        assert_eq!(told, (Answer::Failed(LookupFailure::ResponseCode(9)), 2));
    }

    #[tokio::test]
    async fn a_message_is_whole_and_an_answer_and_nothing_else() {
        fn two(question: &Message) -> Message {
            let mut reply = honest(question);
            reply.add_answer(a(&owner(question), 2));
            reply
        }
        let count_below: OverUdp = |question, _| {
            let mut cut = bytes(&two(question));
            cut[7] = 1;
            vec![cut]
        };
        malformed(&ipv4(), count_below, UNREADABLE).await;
        let count_above: OverUdp = |question, _| {
            let mut cut = bytes(&two(question));
            cut[7] = 3;
            vec![cut]
        };
        malformed(&ipv4(), count_above, UNREADABLE).await;
        // The record that the first count leaves out is one of the next section.
        let as_authority: OverUdp = |question, _| {
            let mut moved = bytes(&two(question));
            (moved[7], moved[9]) = (1, 1);
            vec![moved]
        };
        malformed(&ipv4(), as_authority, ELSEWHERE).await;
        let as_additional: OverUdp = |question, _| {
            let mut moved = bytes(&two(question));
            (moved[7], moved[11]) = (1, 1);
            vec![moved]
        };
        malformed(&ipv4(), as_additional, ELSEWHERE).await;
        let trailing: OverUdp = |question, _| {
            let mut longer = bytes(&honest(question));
            longer.push(0);
            vec![longer]
        };
        malformed(&ipv4(), trailing, UNREADABLE).await;
        let update: OverUdp = |question, _| {
            let mut reply = honest(question);
            reply.metadata.op_code = OpCode::Notify;
            vec![bytes(&reply)]
        };
        malformed(&ipv4(), update, "a message that is no answer to a question").await;
    }
}

/// Each rung broken in each way: what works is found, and remembered.
mod ladder {
    use super::*;
    use tokio::task::LocalSet;

    /// Two addresses: one alone is asked about once more.
    fn honest(question: &Message) -> Message {
        let mut reply = reply_to(question);
        reply.add_answers([1, 2].map(|last| a(&owner(question), last)));
        reply
    }

    fn two_addresses() -> Answer {
        Answer::Records([[10, 0, 0, 1], [10, 0, 0, 2]].map(|octets| Record::Address(octets.into())).to_vec())
    }

    const HONEST_UDP: OverUdp = |question, _| vec![bytes(&honest(question))];
    const HONEST_TCP: OverTcp = OverTcp::Answer(|question| bytes(&honest(question)));

    /// What can be wrong with UDP, and what is then said of the server where TCP gives nothing either.
    const UDP_FAULTS: [(&str, OverUdp, &str); 13] = [
        ("silence", |_, _| vec![], "network"),
        ("the id alone", |question, _| vec![question.metadata.id.to_be_bytes().to_vec()], "malformed"),
        ("half a message", |question, _| vec![bytes(&honest(question))[..40].to_vec()], "malformed"),
        ("more than was asked for", |question, _| vec![padded(honest(question), 1300)], "malformed"),
        ("another letter case", |question, _| in_lower_case(honest(question)), "malformed"),
        ("cut short", |question, _| cut_short(honest(question)), "truncated"),
        ("cut short and empty", |question, _| cut_short(reply_to(question)), "truncated"),
        ("SERVFAIL", |question, _| code(question, ResponseCode::ServFail), "servfail"),
        ("REFUSED", |question, _| code(question, ResponseCode::Refused), "refused"),
        ("FORMERR", |question, _| code(question, ResponseCode::FormErr), "response_code"),
        ("NOTIMP", |question, _| code(question, ResponseCode::NotImp), "response_code"),
        ("a denial by nobody", |question, _| code(question, ResponseCode::NXDomain), "negative_without_soa"),
        ("an alias", alias, "malformed"),
    ];

    const TCP_FAULTS: [(&str, OverTcp); 5] = [
        ("closed", OverTcp::Closed),
        ("hangs up", OverTcp::HangUp),
        ("hangs", OverTcp::Hang),
        ("half an answer", OverTcp::Half(|question| bytes(&honest(question)))),
        ("nonsense", OverTcp::Answer(|_| vec![0xff; 80])),
    ];

    /// Every fault of UDP with an honest TCP: found, and from then on one question a poll.
    #[tokio::test]
    async fn where_udp_is_broken_tcp_is_found_and_remembered() {
        let check = async |what: &str, over_udp: OverUdp| {
            let server = RawDnsServer::start(over_udp, HONEST_TCP).await;
            let lookup = lookup(&[server.address()]);
            assert_eq!(lookup.ask(&ipv4()).await, two_addresses(), "{what}");
            let before = (server.questions(), server.questions_over_tcp());
            for _ in 0..3 {
                assert_eq!(lookup.ask(&ipv4()).await, two_addresses(), "{what}");
            }
            let after = (server.questions(), server.questions_over_tcp());
            assert_eq!(after, (before.0, before.1 + 3), "{what}");
        };
        for (what, over_udp, _) in UDP_FAULTS {
            check(what, over_udp).await;
        }
    }

    /// The same with a closed port of UDP, which is known at once.
    #[tokio::test]
    async fn where_udp_is_closed_tcp_is_asked_at_once() {
        let server = RawDnsServer::start_without_udp(HONEST_TCP).await;
        let lookup = lookup(&[server.address()]);
        for _ in 0..3 {
            assert_eq!(lookup.ask(&ipv4()).await, two_addresses());
        }
        assert_eq!(server.questions_over_tcp(), 3);
    }

    #[tokio::test]
    async fn a_server_without_edns_is_remembered() {
        fn honest_without_edns(question: &Message, other: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
            if question.edns.is_some() { other } else { vec![bytes(&honest(question))] }
        }
        let bare_header: OverUdp = |question, _| {
            let mut reply = reply_to(question);
            reply.queries.clear();
            reply.metadata.response_code = ResponseCode::FormErr;
            honest_without_edns(question, vec![bytes(&reply)])
        };
        let silent: OverUdp = |question, _| honest_without_edns(question, vec![]);
        let format_error: OverUdp =
            |question, _| honest_without_edns(question, code(question, ResponseCode::FormErr));
        let server_failure: OverUdp =
            |question, _| honest_without_edns(question, code(question, ResponseCode::ServFail));
        for over_udp in [bare_header, silent, format_error, server_failure] {
            let server = RawDnsServer::start(over_udp, OverTcp::Closed).await;
            let lookup = lookup(&[server.address()]);
            assert_eq!(lookup.ask(&ipv4()).await, two_addresses());
            let before = server.questions();
            for _ in 0..3 {
                assert_eq!(lookup.ask(&ipv4()).await, two_addresses());
            }
            assert_eq!(server.questions(), before + 3);
        }
    }

    /// Every fault of TCP under an honest UDP is never seen.
    #[tokio::test]
    async fn where_udp_answers_tcp_is_left_alone() {
        for (what, over_tcp) in TCP_FAULTS {
            let server = RawDnsServer::start(HONEST_UDP, over_tcp).await;
            let lookup = lookup(&[server.address()]);
            for _ in 0..3 {
                assert_eq!(lookup.ask(&ipv4()).await, two_addresses(), "{what}");
            }
            assert_eq!((server.questions(), server.questions_over_tcp()), (3, 0), "{what}");
        }
    }

    /// Every fault of UDP with every fault of TCP: it ends, and says what the server said. A second server that
    /// is right is found behind each of them.
    #[tokio::test]
    async fn where_all_is_broken_the_next_server_is_asked() {
        let all = LocalSet::new();
        for (udp_fault, over_udp, label) in UDP_FAULTS {
            for (tcp_fault, over_tcp) in TCP_FAULTS {
                all.spawn_local(async move {
                    let what = format!("{udp_fault}, TCP {tcp_fault}");
                    let broken = RawDnsServer::start(over_udp, over_tcp).await;
                    let right = RawDnsServer::start(HONEST_UDP, HONEST_TCP).await;
                    let Answer::Failed(failure) = lookup(&[broken.address()]).ask(&ipv4()).await else {
                        panic!("{what}: nothing of it is an answer");
                    };
                    let is_silent = label == "network" && ["hangs", "nonsense"].contains(&tcp_fault);
                    assert_eq!(failure.label(), if is_silent { "timeout" } else { label }, "{what}");
                    let both = lookup(&[broken.address(), right.address()]);
                    assert_eq!(both.ask(&ipv4()).await, two_addresses(), "{what}");
                });
            }
        }
        all.await;
    }

    #[tokio::test]
    async fn after_a_failure_of_tcp_udp_is_tried_again() {
        let once: OverUdp = |question, nth| match nth {
            0 => cut_short(reply_to(question)),
            _ => vec![bytes(&honest(question))],
        };
        // More than a datagram has room for.
        let over_tcp = OverTcp::AnswerOnce(|question| padded(honest(question), 2000));
        let server = RawDnsServer::start(once, over_tcp).await;
        let lookup = lookup(&[server.address()]);
        let mut seen = vec![];
        for _ in 0..3 {
            assert_eq!(lookup.ask(&ipv4()).await, two_addresses());
            seen.push((server.questions(), server.questions_over_tcp()));
        }
        // Cut short and over TCP; TCP in vain and over UDP; over UDP.
        assert_eq!(seen, [(1, 1), (2, 2), (3, 2)]);
    }

    /// The last rung of the last server, behind nothing but silence, with the real patience.
    #[tokio::test]
    async fn a_start_has_its_first_answer_from_whatever_works() {
        let silent = RawDnsServer::start(|_, _| vec![], OverTcp::Hang).await;
        let also_silent = RawDnsServer::start(|_, _| vec![], OverTcp::Hang).await;
        let right = RawDnsServer::start(|_, _| vec![], HONEST_TCP).await;
        let servers = vec![silent.address(), also_silent.address(), right.address()];
        let started = Instant::now();
        let told = HickoryLookup::new(NameServers::Listed(servers)).ask(&ipv4()).await;
        assert_eq!(told, two_addresses());
        // 2.4 seconds on a machine that has nothing else to do.
        let took = started.elapsed();
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
}
