//! The lines of the log: which, at which level, and when.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tracing::Level;

use super::*;
use crate::agent::tests::lines::lines;
use crate::model::{LookupFailure, Question, ServerFault};
use crate::reconcile::samples::{masked, question, service, situations};
use crate::reconcile::{BelievedBy, ChangeCause, Dated, Kept};

fn at(seconds: u64) -> Moment {
    Moment::at(Duration::from_secs(seconds))
}

/// What a journal says of conditions, second by second: `(now, since, situations)`.
struct Log(RefCell<Journal>);

impl Log {
    fn new() -> Self {
        Self(RefCell::default())
    }

    /// The lines about these conditions at `now`; each is so since `since`.
    fn lines(&self, now: u64, since: u64, situations: &[Situation]) -> Vec<(Level, String)> {
        let condition =
            |situation: &Situation| Condition { since: at(since), until: None, situation: situation.clone() };
        let status = Status { conditions: situations.iter().map(condition).collect(), ..asked() };
        lines(|| self.0.borrow_mut().note(&status, at(now)))
    }

    fn count(&self, now: u64, since: u64, situations: &[Situation]) -> usize {
        self.lines(now, since, situations).len()
    }
}

/// A status in which DNS has had its first word.
fn asked() -> Status {
    let asked = ServiceStatus {
        question: question(),
        last: Some(Dated { value: crate::reconcile::LastAnswer::Records { peers: 0 }, since: at(0) }),
        unanswered_since: None,
        records_at: None,
        answered: PeerSet::new(),
        kept: PeerSet::new(),
        self_found: None,
        unusable: None,
    };
    Status { services: vec![asked], ..Status::default() }
}

fn held(failure: LookupFailure, peers: usize) -> Situation {
    let kept = NonZeroUsize::new(peers).map_or(Kept::None, Kept::Peers);
    Situation::HeldLookupFailed { question: question(), failure, kept }
}

fn empty(kept: Kept) -> Situation {
    Situation::HeldEmpty {
        question: question(),
        no_such_name: true,
        soa_serial: 7,
        kept,
        empty_after: crate::model::DurationOrNever::Never,
        never_empty: false,
    }
}

fn unreachable(has_replied: bool) -> Situation {
    Situation::ServerUnreachable { fault: ServerFault::Unreachable("refused".to_owned()), has_replied }
}

#[test]
fn a_condition_is_one_line_and_its_end_another_with_how_long_it_lasted() {
    let log = Log::new();
    let begun = log.lines(10, 8, &[held(LookupFailure::Timeout, 2)]);
    let [(Level::WARN, text)] = &begun[..] else { panic!("{begun:?}") };
    assert!(text.starts_with("no DNS server answered in time; 2 peers are kept (eureka.ns"), "{text}");
    assert!(text.contains("; allow egress") && text.contains("condition=\"held_lookup_failed\""), "{text}");
    for now in [11, 100, 5_000] {
        assert_eq!(log.count(now, 8, &[held(LookupFailure::Timeout, 1)]), 0, "counts are no news");
    }
    let ended = log.lines(7_208, 0, &[]);
    let [(Level::WARN, text)] = &ended[..] else { panic!("{ended:?}") };
    let expected = "held_lookup_failed ended after 2h: DNS gives records, peers: 0 (eureka.ns.svc.cluster.local. A) \
                    condition=\"held_lookup_failed\" question=eureka.ns.svc.cluster.local. A seconds=7200.0";
    assert_eq!(text, expected);
    assert_eq!(log.count(7_209, 0, &[]), 0, "once");
}

#[test]
fn another_cause_is_a_line_a_minute_later_and_what_is_more_serious_at_once() {
    let log = Log::new();
    assert_eq!(log.count(0, 0, &[held(LookupFailure::Timeout, 2)]), 1);
    assert_eq!(log.count(1, 0, &[held(LookupFailure::Refused, 2)]), 0, "it may flap");
    assert_eq!(log.count(59, 0, &[held(LookupFailure::Refused, 2)]), 0);
    assert_eq!(log.count(60, 0, &[held(LookupFailure::Refused, 2)]), 1);
    let worse = log.lines(61, 0, &[held(LookupFailure::Refused, 0)]);
    assert!(matches!(&worse[..], [(Level::ERROR, _)]), "a whole Service is missing: {worse:?}");
    let ended = log.lines(70, 0, &[]);
    let [(Level::ERROR, text)] = &ended[..] else { panic!("as serious as it was: {ended:?}") };
    assert!(text.starts_with("held_lookup_failed ended after 1m 10s"), "{text}");
}

#[test]
fn what_becomes_less_serious_is_said_to_those_who_know_how_serious_it_was() {
    let log = Log::new();
    let levels = |lines: Vec<(Level, String)>| lines.into_iter().map(|(level, _)| level).collect::<Vec<_>>();
    assert_eq!(levels(log.lines(0, 0, &[empty(Kept::None)])), [Level::ERROR]);
    let peers = empty(Kept::Peers(NonZeroUsize::MIN));
    assert_eq!(levels(log.lines(70, 0, &[peers])), [Level::ERROR], "it is no longer so");
    assert_eq!(levels(log.lines(90, 0, &[])), [Level::WARN]);
}

/// A hold that is over because it is believed lasted until then; what is believed is another matter.
#[test]
fn a_hold_that_is_believed_has_an_end_and_the_belief_a_line_of_its_own() {
    let log = Log::new();
    let believed = || [empty(Kept::BelievedEmpty(BelievedBy::Operator))];
    assert_eq!(log.count(0, 0, &[empty(Kept::None)]), 1);
    // At once, though no minute has passed.
    let turned = log.lines(45, 45, &believed());
    let [(Level::ERROR, hold), (Level::INFO, belief)] = &turned[..] else { panic!("{turned:?}") };
    assert!(
        hold.starts_with("held_empty ended after 45s: no peers are kept, as the operator has accepted"),
        "{hold}"
    );
    assert!(belief.starts_with("DNS says that the Service has no endpoints: no such name, SOA"), "{belief}");
    assert_eq!(log.count(300, 45, &believed()), 0);
    let ended = log.lines(645, 0, &[]);
    let [(Level::INFO, text)] = &ended[..] else { panic!("{ended:?}") };
    assert!(text.starts_with("held_empty ended after 10m: DNS gives records"), "{text}");
}

/// What came, went, and came again before its next line was due.
#[test]
fn what_has_flapped_is_dated_from_its_latest_coming() {
    let log = Log::new();
    let failing = || [held(LookupFailure::Timeout, 2)];
    assert_eq!(log.count(0, 0, &failing()), 1);
    assert_eq!(log.count(5, 0, &[]), 1, "its end");
    assert_eq!(log.count(10, 10, &failing()), 0);
    assert_eq!(log.count(60, 10, &failing()), 1);
    // Between two looks it went and came.
    assert_eq!(log.count(65, 64, &failing()), 0);
    let ended = log.lines(67, 0, &[]);
    assert!(ended[0].1.starts_with("held_lookup_failed ended after 3s"), "{ended:?}");
}

#[test]
fn what_flaps_is_said_once_a_minute() {
    let log = Log::new();
    let (mut begun, mut ended) = (0, 0);
    for now in 0..600_u64 {
        let is_so = now % 4 < 2;
        let situations = if is_so { vec![held(LookupFailure::Timeout, 2)] } else { vec![] };
        for (level, _) in log.lines(now, now - now % 4, &situations) {
            assert_eq!(level, Level::WARN);
            *(if is_so { &mut begun } else { &mut ended }) += 1;
        }
    }
    assert_eq!((begun, ended), (10, 10), "in ten minutes");
}

#[test]
fn a_server_that_goes_away_is_a_warning_and_one_that_starts_is_none() {
    let log = Log::new();
    assert!(matches!(&log.lines(0, 0, &[unreachable(false)])[..], [(Level::INFO, _)]));
    assert_eq!(log.count(20, 0, &[]), 1, "it is up");
    let gone = log.lines(30, 30, &[unreachable(true)]);
    assert!(matches!(&gone[..], [(Level::WARN, _)]), "at once, though a minute has not passed: {gone:?}");
}

#[test]
fn a_list_that_is_not_adopted_is_said_with_its_reason() {
    let log = Log::new();
    let unknown = Situation::NotAdopted(NotAdopted::Unknown);
    assert_eq!(log.count(0, 0, &[unknown]), 0, "it is being looked for");
    let why = Situation::NotAdopted(NotAdopted::Masked(Arc::new(masked())));
    let lines = log.lines(1, 0, &[why]);
    let [(Level::ERROR, text)] = &lines[..] else { panic!("{lines:?}") };
    assert!(text.contains("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE wins over the file; remove it"), "{text}");
    let elsewhere = Situation::NotAdopted(NotAdopted::Masked(Arc::new(crate::model::ListOrigin::Handed)));
    assert_eq!(log.count(100, 0, &[elsewhere]), 1, "another reason");
}

#[test]
fn each_service_has_lines_of_its_own() {
    let log = Log::new();
    let of = |name: &str| {
        let family = crate::model::AddressFamily::Ipv4;
        let question = Question::Addresses { service: service(name), family };
        let kept = Kept::Peers(NonZeroUsize::MIN);
        Situation::HeldLookupFailed { question, failure: LookupFailure::Timeout, kept }
    };
    assert_eq!(log.count(0, 0, &[of("one"), of("two")]), 2);
    assert_eq!(log.count(1, 0, &[of("two")]), 1, "the end of one");
    assert_eq!(log.count(2, 0, &[]), 1, "and of the other");
}

#[test]
fn every_condition_is_said_at_the_level_of_its_severity() {
    let level = |severity| match severity {
        Severity::Info => Level::INFO,
        Severity::Warning => Level::WARN,
        Severity::Critical => Level::ERROR,
    };
    for situation in situations() {
        let condition = Condition { since: at(0), until: None, situation: situation.clone() };
        let lines = lines(|| Journal::default().note_condition(&condition, at(0)));
        let [(found, _)] = &lines[..] else { panic!("{situation:?}: {lines:?}") };
        assert_eq!(*found, level(situation.severity()), "{situation:?}");
    }
}

#[test]
fn a_counted_retry_is_told_from_a_publication() {
    let said =
        |publishing| lines(|| Journal::default().published(&PublishOutcome::Written, publishing, at(0)));
    assert_eq!(said(Publishing::List { peers: 2 })[0].1, "published peers=2");
    let retry = &said(Publishing::Retry { peers: 2, generation: 1 })[0].1;
    assert!(retry.starts_with("published for a counted retry: "), "{retry}");
    assert!(retry.contains("generation=1"), "{retry}");
    let flush = [Publishing::Flush, Publishing::Flushed].map(|publishing| said(publishing)[0].1.clone());
    assert_eq!(
        flush,
        [
            "published with the sink: the server is to let its last peers go peers=0",
            "published without the sink: the last peers are gone peers=0"
        ]
    );
}

#[test]
fn a_list_that_begins_without_peers_is_no_change_of_peers() {
    let change = |added: PeerSet| Change {
        number: 1,
        at: at(10),
        cause: ChangeCause::StartDeadline,
        peers: added.len(),
        added: added.iter().collect(),
        removed: PeersOfChange::default(),
    };
    let said = |change: Change| {
        let status = Status { history: [Arc::new(change)].into(), ..asked() };
        lines(|| Journal::default().note(&status, at(10))).remove(0).1
    };
    let alone = said(change(PeerSet::new()));
    assert_eq!(alone, "the list begins without peers cause=\"start_deadline\" peers=0");
    let peer: ServiceUrl = "http://a:1/".parse().expect("valid");
    assert!(
        said(change([peer].into()))
            .starts_with("peers changed cause=\"start_deadline\" added=\"http://a:1/\"")
    );
}

#[test]
fn a_change_of_many_peers_names_some_and_counts_the_others() {
    let said = |length: usize| {
        let url = |n| format!("http://p-{n:03}.{}:1/", "x".repeat(length - 16)).parse().expect("valid");
        let many: PeerSet = (0..500).map(url).collect();
        let (added, none) = (many.iter().collect(), PeersOfChange::default());
        let change =
            Change { number: 1, at: at(10), cause: ChangeCause::Answer, added, removed: none, peers: 500 };
        let status = Status { history: [Arc::new(change)].into(), ..asked() };
        lines(|| Journal::default().note(&status, at(10))).remove(0).1
    };
    // With a blank behind each, 25 of 79 bytes fill the room, and 29 of 66 leave too little for one more.
    for (length, named) in [(79, 25), (66, 29)] {
        let (said, last) = (said(length), format!("http://p-{:03}.x", named - 1));
        assert!(said.contains(&last) && said.contains(&format!(":1/ and {} more\"", 500 - named)), "{said}");
    }
}

fn history(numbers: impl IntoIterator<Item = u64>) -> VecDeque<Arc<Change>> {
    let change = |number| Change {
        number,
        at: Moment::START,
        cause: ChangeCause::Answer,
        added: PeersOfChange::default(),
        removed: PeersOfChange::default(),
        peers: 0,
    };
    numbers.into_iter().map(change).map(Arc::new).collect()
}

#[test]
fn each_change_is_said_once_and_those_of_a_new_loop_are_new() {
    let mut journal = Journal::default();
    let mut said = |numbers: &[u64]| {
        let history = history(numbers.iter().copied());
        journal.unsaid(&history).map(|change| change.number).collect::<Vec<_>>()
    };
    assert_eq!(said(&[]), [0; 0]);
    assert_eq!(said(&[1, 2]), [1, 2]);
    assert_eq!(said(&[1, 2]), [0; 0]);
    assert_eq!(said(&[2, 3, 4]), [3, 4]);
    assert_eq!(said(&[]), [0; 0], "a new loop that knows of nothing");
    assert_eq!(said(&[1]), [1]);
    assert_eq!(said(&[1, 2]), [2]);
}

#[test]
fn records_that_lack_self_are_a_warning_when_they_did_so_for_a_minute() {
    let question = Question::Names { service: service("eureka"), port_name: "http".parse().expect("valid") };
    let lacks = |found: Option<bool>, latest: Option<u64>| {
        let status = ServiceStatus {
            question: question.clone(),
            last: None,
            unanswered_since: None,
            records_at: latest.map(at),
            answered: PeerSet::new(),
            kept: PeerSet::new(),
            self_found: found.map(|value| Dated { value, since: at(10) }),
            unusable: None,
        };
        lacks_self_for_long(&status, at(10))
    };
    assert!(lacks(Some(false), Some(70)));
    assert!(!lacks(Some(false), Some(69)), "it may be starting");
    assert!(!lacks(Some(true), Some(100)));
    assert!(!lacks(None, None));
}

fn sample(kind: ConditionKind) -> Situation {
    situations().into_iter().find(|situation| situation.kind() == kind).expect("there is one of each kind")
}

#[test]
fn a_start_that_waits_is_told_of_each_minute() {
    let log = Log::new();
    let waits = [sample(ConditionKind::StartWaits)];
    let counts = [0, 30, 59, 60, 61, 119, 120].map(|now| log.count(now, 0, &waits));
    assert_eq!(counts, [1, 0, 0, 1, 0, 0, 1]);
    assert_eq!(log.count(150, 0, &[]), 1, "its end");
    let counts = [200, 259, 260].map(|now| log.count(now, 200, &waits));
    assert_eq!(counts, [1, 0, 1], "a minute after it began anew");
}

#[test]
fn a_start_that_begins_to_wait_still_knows_nothing() {
    let [nothing, waits, other] =
        [ConditionKind::NothingKnown, ConditionKind::StartWaits, ConditionKind::ServerUnreachable]
            .map(sample);
    let log = Log::new();
    assert_eq!(log.count(0, 0, &[nothing.clone(), other]), 2);
    let said = log.lines(10, 10, &[waits]);
    let is_about = |kind: ConditionKind| {
        said.iter().any(|(_, line)| line.contains(&format!("condition={:?}", kind.label())))
    };
    assert!(is_about(ConditionKind::StartWaits) && is_about(ConditionKind::ServerUnreachable), "{said:?}");
    assert!(!is_about(ConditionKind::NothingKnown), "{said:?}");

    let log = Log::new();
    assert_eq!([log.count(0, 0, &[nothing]), log.count(10, 10, &[])], [1, 1], "begun and over");
}

#[test]
fn what_may_be_over_in_a_moment_is_not_said_yet() {
    for kind in [ConditionKind::NothingKnown, ConditionKind::HeldDocument, ConditionKind::SelfNotFound] {
        let condition = Condition { since: at(0), until: None, situation: sample(kind) };
        let unasked = Status { conditions: vec![condition.clone()], ..Status::default() };
        assert_eq!(lines(|| Journal::default().note(&unasked, at(5))), [], "{kind:?}");
        let asked = Status { conditions: vec![condition], ..asked() };
        let said = lines(|| Journal::default().note(&asked, at(5))).len();
        assert_eq!(said, usize::from(kind != ConditionKind::SelfNotFound), "{kind:?}");
    }
}

#[test]
fn a_list_is_told_as_adopted_each_time_that_it_has_become_so() {
    let list = |names: &str| {
        let url = |name: char| format!("http://{name}:1/").parse().expect("valid");
        Some(Dated { value: names.chars().map(url).collect::<PeerSet>(), since: at(0) })
    };
    let mut journal = Journal::default();
    let mut said = |desired: &str, adopted: Option<&str>| {
        let adopted = adopted.and_then(list);
        let status = Status { desired: list(desired), adopted, ..asked() };
        let lines = lines(|| journal.note(&status, at(5)));
        lines.iter().filter(|(_, line)| line.starts_with("adopted: ")).count()
    };
    assert_eq!([said("a", None), said("a", Some("b")), said("a", Some("a"))], [0, 0, 1]);
    assert_eq!([said("a", Some("a")), said("a", None), said("a", Some("a"))], [0, 0, 0], "the same one");
    assert_eq!([said("ab", Some("a")), said("ab", Some("ab")), said("ab", Some("ab"))], [0, 1, 0]);
    assert_eq!([said("ab", Some("a")), said("ab", Some("ab"))], [0, 1], "it has come back to it");
}

/// Whoever overwrites the files all the time fills no log: the condition speaks for all of it.
#[test]
fn repairs_are_told_one_by_one_until_there_is_a_condition() {
    let mut journal = Journal::default();
    let mut levels = |seconds| {
        let publishing = Publishing::List { peers: 2 };
        let said = lines(|| journal.published(&PublishOutcome::Repaired, publishing, at(seconds)));
        said.into_iter().map(|(level, _)| level).collect::<Vec<_>>()
    };
    for seconds in [1, 2, 4, 8] {
        assert_eq!(levels(seconds), [Level::WARN], "{seconds}");
    }
    for seconds in [16, 46, 76] {
        assert_eq!(levels(seconds), [Level::DEBUG], "{seconds}");
    }
    assert_eq!(levels(676), [Level::WARN], "after ten minutes");
}

#[test]
fn the_servers_own_port_is_told_where_it_is_another_than_was_taken() {
    let mut journal = Journal::default();
    let mut said = |port: Option<u16>| {
        let own_port = port.map(|port| Port::new(port).expect("a port"));
        let lines = lines(|| journal.note(&Status { own_port, ..asked() }, at(5)));
        lines.iter().filter(|(_, line)| line.contains("listens on the port")).count()
    };
    assert_eq!([None, Some(8761), Some(9000), Some(9000), None].map(&mut said), [0, 0, 1, 0, 0]);
    assert_eq!([Some(9000), Some(8761)].map(&mut said), [0, 1], "as it was told last");
}
