//! A DNS message, read as an answer and followed through to the bytes of a file.
//!
//! The first byte chooses the settings, the rest is the message as it would come off the wire.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use eureka_peers::dns::read_message;
use eureka_peers::model::{Answer, Host, Jitter, Moment, Question, Record, RecordType, ServiceUrl, Zone};
use eureka_peers::publish::{decode_state, encode_state};
use eureka_peers::reconcile::{Action, Machine, Observation, Policy, PublishOutcome};

use super::documents;
use super::policies::{SERVICE, chosen_by, clock};

/// Messages of 64 KB hold no more records under one name.
const RECORDS_MAX: usize = 4096;

/// Answers given to one machine: the second one may remove what the first one brought.
const ROUNDS: u32 = 3;

/// Reads the message, and insists that nothing of it gets into a file that must not.
pub fn check(input: &[u8]) {
    let Some((choice, message)) = input.split_first() else { return };
    let policy = chosen_by(*choice);
    let question = policy.questions[0].clone();
    let answer = read_message(&question, message);
    check_answer(&question, &answer, message);
    follow(policy, &question, &answer);
}

/// What must hold of each answer, whatever the message was.
pub fn check_answer(question: &Question, answer: &Answer, message: &[u8]) {
    let Answer::Records(records) = answer else { return };
    assert!(!records.is_empty() && records.len() <= RECORDS_MAX, "{} records", records.len());
    assert!(records.is_sorted_by(|left, right| left < right), "{records:?}");
    let parts: HashSet<&[u8]> = [2, 4, 16].into_iter().flat_map(|length| message.windows(length)).collect();
    let stands_in = |bytes: &[u8]| parts.contains(bytes);
    for record in records {
        let is_said = match (question.record_type(), record) {
            (RecordType::A, Record::Address(IpAddr::V4(address))) => stands_in(&address.octets()),
            (RecordType::Aaaa, Record::Address(IpAddr::V6(address))) => stands_in(&address.octets()),
            (RecordType::Srv, Record::Target { name, port }) => {
                assert!(is_host_name(name.as_str()), "{name}");
                stands_in(&port.get().to_be_bytes())
            }
            (RecordType::Srv, Record::Unusable(record)) => {
                assert!(
                    record.what.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
                    "{record:?}"
                );
                continue;
            }
            _ => false,
        };
        assert!(is_said, "{record:?} stands nowhere in the message");
    }
}

/// Gives the machine this answer, and looks at every list that it publishes then.
fn follow(policy: &Policy, question: &Question, answer: &Answer) {
    let mut machine = Machine::new(policy.clone(), None, Moment::START);
    for round in 0..ROUNDS {
        let now = Moment::at(Duration::from_secs(60) * round);
        let told = Observation::Answered { question: question.clone(), answer: answer.clone() };
        drain(&mut machine, policy, now);
        machine.handle(told, now, Jitter::NONE);
        drain(&mut machine, policy, now);
    }
    let much_later = Moment::at(Duration::from_secs(24 * 3600));
    drain(&mut machine, policy, much_later);
}

/// Carries the machine's actions out, and judges what it publishes.
pub fn drain(machine: &mut Machine, policy: &Policy, now: Moment) {
    while let Some(action) = machine.next_action(now) {
        let Action::Publish(publication) = action else { continue };
        for url in publication.listing.urls() {
            assert!(is_wanted(url, policy), "{url} must never be listed");
        }
        let state = decode_state(&encode_state(&publication.state, clock()), clock())
            .expect("our own state is read back")
            .state;
        assert_eq!(state, publication.state);
        documents::check_listing(&publication.listing, &Zone::default(), None);
        machine.handle(Observation::Published(PublishOutcome::Written), now, Jitter::NONE);
    }
}

/// Whether this URL may stand in a list: written down once more, on purpose, from the documentation.
pub fn is_wanted(url: &ServiceUrl, policy: &Policy) -> bool {
    let is_own = policy.own().is_some_and(|own| own.url == *url);
    is_own
        || policy.static_peers.contains(url)
        || match (url.host(), &policy.questions[0]) {
            (Host::Name(name), Question::Names { .. }) => {
                is_host_name(name.as_str()) && name.as_str().ends_with(&format!(".{SERVICE}"))
            }
            (Host::Address(address), Question::Addresses { .. }) => {
                is_no_special_address(*address) && policy.address_policy.allows(*address)
            }
            _ => false,
        }
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_no_special_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_no_special_v4(v4),
        IpAddr::V6(v6) => is_no_special_v6(v6),
    }
}

fn is_no_special_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    !matches!((first, second), (0 | 127 | 224..=239, _) | (169, 254)) && address != Ipv4Addr::BROADCAST
}

fn is_no_special_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_no_special_v4(v4);
    }
    let first = address.segments()[0];
    !matches!(first, 0xfe80..=0xfebf | 0xff00..=0xffff) && address > Ipv6Addr::LOCALHOST
}
