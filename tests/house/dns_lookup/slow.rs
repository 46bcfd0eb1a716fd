//! Servers that are slow, speak briefly, or know less than those before them.

use super::*;

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("encodable")
}

/// Two addresses: one alone is asked about once more.
fn honest(question: &Message) -> Vec<u8> {
    let (mut reply, owner) = (reply_to(question), question.queries[0].name().clone());
    let address = |last| WireRecord::from_rdata(owner.clone(), 5, RData::A(A::new(10, 0, 0, last)));
    reply.add_answers([1, 2].map(address));
    bytes(&reply)
}

fn two_addresses() -> Answer {
    Answer::Records([[10, 0, 0, 1], [10, 0, 0, 2]].map(|octets| Record::Address(octets.into())).to_vec())
}

fn denied_by(question: &Message, zone: &str) -> Vec<Vec<u8>> {
    let mut reply = reply_to(question);
    reply.metadata.response_code = ResponseCode::NXDomain;
    reply.add_authority(soa_of(zone));
    vec![bytes(&reply)]
}

const TRY: Duration = Duration::from_millis(600);
/// Longer than any rung was once waited for, and well within the whole look-up.
const SLOW: OverTcp = OverTcp::AnswerAfter(Duration::from_millis(1200), honest);
const SILENT: OverUdp = |_, _| vec![];

fn patient(servers: &[SocketAddr]) -> HickoryLookup {
    lookup(servers).with_try_timeout(TRY)
}

#[tokio::test]
async fn a_slow_answer_over_tcp_is_had() {
    let truncated: OverUdp = |question, _| {
        let mut reply = reply_to(question);
        reply.metadata.truncation = true;
        vec![bytes(&reply)]
    };
    for over_udp in [SILENT, truncated] {
        let server = RawDnsServer::start(over_udp, SLOW).await;
        assert_eq!(patient(&[server.address()]).ask(&ipv4()).await, two_addresses());
    }
    let server = RawDnsServer::start_without_udp(SLOW).await;
    assert_eq!(patient(&[server.address()]).ask(&ipv4()).await, two_addresses());
}

#[tokio::test]
async fn a_slow_answer_over_udp_is_had() {
    let server = start_with(2).await;
    server.set_delay(2 * TRY);
    assert_eq!(patient(&[server.address()]).ask(&ipv4()).await, expected_addresses(2));
}

/// What a public resolver says of a cluster's names.
#[tokio::test]
async fn a_slow_first_server_is_not_overruled_by_one_that_knows_less() {
    const PUBLIC: [OverUdp; 4] = [
        |question, _| denied_by(question, "."),
        |question, _| denied_by(question, "local."),
        |question, _| {
            let mut reply = reply_to(question);
            reply.metadata.response_code = ResponseCode::Refused;
            vec![bytes(&reply)]
        },
        |question, _| {
            let mut reply = reply_to(question);
            reply.metadata.response_code = ResponseCode::ServFail;
            vec![bytes(&reply)]
        },
    ];
    for over_udp in PUBLIC {
        let slow = RawDnsServer::start(SILENT, SLOW).await;
        let public = RawDnsServer::start(over_udp, OverTcp::Closed).await;
        let told = patient(&[slow.address(), public.address()]).ask(&ipv4()).await;
        assert_eq!(told, two_addresses());
        // Nor does it end anything where the first one says nothing at all, or an error.
        for first in [SILENT, PUBLIC[3]] {
            let first = RawDnsServer::start(first, OverTcp::Closed).await;
            let told = lookup(&[first.address(), public.address()]).ask(&ipv4()).await;
            assert!(matches!(told, Answer::Failed(_)), "{told:?}");
        }
    }
}

/// A second server of the cluster is one of its own.
#[tokio::test]
async fn a_denial_by_the_clusters_own_zone_counts_whoever_says_it() {
    let silent = RawDnsServer::start(SILENT, OverTcp::Hang).await;
    let second =
        RawDnsServer::start(|question, _| denied_by(question, "cluster.local."), OverTcp::Closed).await;
    let told = lookup(&[silent.address(), second.address()]).ask(&ipv4()).await;
    assert_eq!(told, Answer::Empty { no_such_name: true, soa_serial: 7 });
}

/// A server that did not get as far as the question, or does not repeat it: twelve bytes.
#[tokio::test]
async fn an_error_without_its_question_is_heard() {
    fn bare(question: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
        let mut reply = reply_to(question);
        reply.queries.clear();
        reply.metadata.response_code = code;
        let mut forged = reply.clone();
        forged.metadata.id = !question.metadata.id;
        forged.metadata.response_code = ResponseCode::YXDomain;
        vec![bytes(&forged), bytes(&reply)]
    }
    const CODES: [(&str, OverUdp); 4] = [
        ("refused", |question, _| bare(question, ResponseCode::Refused)),
        ("servfail", |question, _| bare(question, ResponseCode::ServFail)),
        ("response_code", |question, _| bare(question, ResponseCode::FormErr)),
        ("response_code", |question, _| bare(question, ResponseCode::NotImp)),
    ];
    for (label, over_udp) in CODES {
        let server = RawDnsServer::start(over_udp, OverTcp::Closed).await;
        let Answer::Failed(failure) = lookup(&[server.address()]).ask(&ipv4()).await else {
            panic!("{label}: nothing of it is an answer");
        };
        assert_eq!(failure.label(), label);
        assert_eq!(server.questions(), 2, "with EDNS and without, each heard at once");
    }
}

/// Servers that cut a message wherever they have no more room.
#[tokio::test]
async fn an_answer_cut_in_the_middle_of_a_record_is_truncated() {
    const CUT: [OverUdp; 3] = [
        |question, _| {
            let mut cut = honest(question);
            cut[2] |= 2;
            cut.truncate(cut.len() - 5);
            vec![cut]
        },
        |question, _| {
            let mut cut = honest(question);
            cut[2] |= 2;
            cut.truncate(20);
            vec![cut]
        },
        |question, _| {
            let mut bare = reply_to(question);
            bare.queries.clear();
            bare.metadata.truncation = true;
            vec![bytes(&bare)]
        },
    ];
    for over_udp in CUT {
        for over_tcp in [OverTcp::Closed, OverTcp::HangUp] {
            let server = RawDnsServer::start(over_udp, over_tcp).await;
            let told = lookup(&[server.address()]).ask(&ipv4()).await;
            assert_eq!(told, Answer::Failed(LookupFailure::Truncated));
            assert_eq!(server.questions(), 1, "TCP is what helps");
        }
        let server = RawDnsServer::start(over_udp, OverTcp::Answer(honest)).await;
        assert_eq!(lookup(&[server.address()]).ask(&ipv4()).await, two_addresses());
    }
}

#[tokio::test]
async fn a_server_that_is_listed_twice_is_asked_as_one() {
    let server = start_with(1).await;
    server.set_mode(Mode::Refused);
    let told = lookup(&[server.address(), server.address()]).ask(&ipv4()).await;
    assert_eq!(told, Answer::Failed(LookupFailure::Refused));
    assert_eq!(server.asked().len(), 3, "each way once");
}
