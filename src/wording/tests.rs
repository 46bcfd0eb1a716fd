//! What each condition says, in its very words.

use std::sync::Arc;

use super::*;
use crate::model::{ListOrigin, LookupFailure, MaxShrink, PodIdentity, Refusal, Unusable, UnusableRecord};
use crate::reconcile::samples::{lookup_failures, question, removal, service, situations};
use crate::reconcile::{Condition, Dated, LastAnswer};

fn said(it: &Situation) -> String {
    situation(it).to_string()
}

#[test]
fn every_situation_says_what_is_so_and_what_to_do() {
    for it in situations() {
        let Message { what, cure, .. } = situation(&it);
        assert!(!what.is_empty(), "{it:?}");
        let passes_by_itself = matches!(it, Situation::HeldRemoval { .. });
        assert_eq!(cure.is_empty(), passes_by_itself, "{it:?}: {cure}");
    }
}

#[test]
fn every_failed_look_up_says_what_to_do_and_none_says_it_twice() {
    let all: Vec<_> = lookup_failures().iter().map(lookup_failure).collect();
    assert_eq!(all.len(), LookupFailure::LABELS.len());
    for Message { what, place, cure } in &all {
        assert!(!what.is_empty() && place.is_empty() && !cure.is_empty(), "{what}");
        assert!(!what.contains(cure), "{what}");
    }
}

/// Nothing answers in the place of the cluster's DNS there.
#[test]
fn records_of_which_none_can_be_used_are_counted_and_one_is_shown() {
    let unusable = |why, what: &str| UnusableRecord { why, what: what.into() };
    let all = vec![
        unusable(Unusable::PortZero, "eureka-1.eureka.ns:0"),
        unusable(Unusable::PortZero, "eureka-0.eureka.ns:0"),
    ];
    let records = UnusableRecords::among(all, 2).expect("two");
    assert_eq!(
        lookup_failure(&LookupFailure::NoneUsable(Box::new(records))).to_string(),
        "none of 2 records can be used; the first one, eureka-0.eureka.ns:0, has port 0; see the ports of the \
         Service and of its endpoints"
    );
}

#[test]
fn the_words_of_what_is_held() {
    let texts: Vec<_> = situations().iter().filter(|it| it.is_hold()).map(said).collect();
    for expected in [
        "DNS answered SERVFAIL; 2 peers are kept (eureka.ns.svc.cluster.local. A); see the DNS servers; CoreDNS says \
         so until it has synchronised",
        "DNS says that the Service has no endpoints: no such name, SOA serial 7; 2 peers are kept, --empty-after is \
         never (eureka.ns.svc.cluster.local. A); look at the Service and its endpoints: no ready pod, no such Service, a \
         wrong port name and nodes that are cut off all look like this; where it is meant to be empty: `eureka-peers \
         accept --empty`",
        "the peers in DNS fell from 5 to 1, by more than --max-shrink 50%; removals wait until it has stayed so for \
         --shrink-after 1m; find out where they went; where so many are meant to leave: `eureka-peers accept`",
        "1 peer is missing and will leave after --remove-after 1m (eureka.ns.svc.cluster.local. A)",
        "the list is kept as it is; lift --freeze when you are done",
    ] {
        assert!(texts.iter().any(|text| text == expected), "no {expected:?} in {texts:#?}");
    }
}

#[test]
fn what_is_believed_to_be_empty_says_by_whose_word() {
    let empty = |by| Situation::HeldEmpty {
        question: question(),
        no_such_name: false,
        soa_serial: 8,
        kept: Kept::BelievedEmpty(by),
        empty_after: DurationOrNever::Never,
        never_empty: false,
    };
    let Message { what, cure, .. } = situation(&empty(BelievedBy::Operator));
    assert_eq!(
        what,
        "DNS says that the Service has no endpoints: no data, SOA serial 8; no peers are kept, as the operator has \
         accepted (`eureka-peers accept --empty`)"
    );
    assert!(cure.starts_with("nothing, where it is meant to be empty"), "{cure}");
    let Message { what, .. } = situation(&empty(BelievedBy::EmptyAfter));
    assert!(what.ends_with("no peers are kept, because DNS has said so for --empty-after"), "{what}");
    let (failure, kept) = (LookupFailure::Timeout, Kept::BelievedEmpty(BelievedBy::Operator));
    let failed = said(&Situation::HeldLookupFailed { question: question(), failure, kept });
    assert!(failed.contains("in time; no peers are kept, as the operator has accepted"), "{failed}");
}

/// Every kind at its end names itself, what it was about, how long it lasted, and what is so now.
#[test]
fn an_end_can_be_read_alone() {
    let seconds = Duration::from_secs(3);
    for it in situations() {
        let end = ended(&it, seconds, &Status::default());
        let begin = format!("{} ended after 3s: ", it.kind().label());
        assert!(end.what.starts_with(&begin) && end.what.len() > begin.len(), "{}", end.what);
        assert_eq!(end.place, situation(&it).place);
    }
    let answered = |last| {
        let service = ServiceStatus {
            question: question(),
            last: Some(Dated { value: last, since: Moment::START }),
            unanswered_since: None,
            records_at: None,
            answered: crate::model::PeerSet::new(),
            kept: crate::model::PeerSet::new(),
            self_found: None,
            unusable: None,
        };
        let status = Status { services: vec![service], ..Status::default() };
        let it = situations().into_iter().find(|it| it.question().is_some()).expect("a sample");
        ended(&it, seconds, &status).what.split_once(": ").expect("two parts").1.to_owned()
    };
    assert_eq!(answered(LastAnswer::Records { peers: 2 }), "DNS gives records, peers: 2");
    assert_eq!(answered(LastAnswer::Failed(LookupFailure::Timeout)), "no DNS server answered in time");
    let empty = LastAnswer::Empty { no_such_name: true, soa_serial: 7 };
    assert_eq!(answered(empty), "DNS says that the Service has no endpoints");
}

#[test]
fn what_is_never_done_is_not_promised() {
    let never = DurationOrNever::Never;
    let shrink =
        Situation::HeldShrink { before: 5, now: 1, max_shrink: MaxShrink::HALF, shrink_after: never };
    let removal = removal(RemovalTakes::Records, never);
    let no_room = Situation::NoRoom { question: question(), unlisted: 3, max_peers: 2, remove_after: never };
    for (situation, expected) in [
        (shrink, "by more than --max-shrink 50%; none is removed, because --shrink-after is never; find out"),
        (
            removal,
            "1 peer is missing and kept, because --remove-after is never (eureka.ns.svc.cluster.local. A); where",
        ),
        (no_room, "twice as many; none leaves, because --remove-after is never (eureka.ns"),
    ] {
        assert!(said(&situation).contains(expected), "{}", said(&situation));
    }
}

/// While no time counts, or not that alone, nobody is said to leave after it.
#[test]
fn who_does_not_leave_is_not_said_to() {
    let minute = DurationOrNever::After(Duration::from_secs(60));
    for (takes, expected) in [
        (RemovalTakes::Time, "1 peer is missing and will leave after --remove-after 1m (eureka"),
        (
            RemovalTakes::Records,
            "1 peer is missing and kept: --remove-after 1m counts only while DNS gives records (eureka",
        ),
        (
            RemovalTakes::Belief,
            "1 peer is missing and kept: besides --remove-after 1m the fall has to be believed (eureka",
        ),
    ] {
        let said = said(&removal(takes, minute));
        assert!(said.starts_with(expected), "{said}");
    }
}

/// What the program would refuse is no cure.
#[test]
fn a_client_is_not_told_to_accept_an_empty_list() {
    let empty = |never_empty| {
        situation(&Situation::HeldEmpty {
            question: question(),
            no_such_name: true,
            soa_serial: 7,
            kept: Kept::None,
            empty_after: DurationOrNever::Never,
            never_empty,
        })
    };
    let document = |is_client| situation(&Situation::HeldDocument { is_client });
    let waits = |asked| situation(&Situation::StartWaits { asked, governing: None });
    for (of_server, of_client) in [
        (empty(false), empty(true)),
        (document(false), document(true)),
        (waits(Some(question())), waits(None)),
    ] {
        assert!(of_server.cure.contains("--empty"), "{of_server}");
        assert!(!of_client.cure.contains("--empty") && !of_client.cure.is_empty(), "{of_client}");
    }
    assert!(!waits(None).to_string().contains("beside us"), "no server is");
}

#[test]
fn one_is_one() {
    let said = |situation| said(&situation);
    let panic = || "x".into();
    assert!(said(Situation::LoopRestarted { panic: panic(), restarts: 1 }).contains("again, once so far,"));
    assert!(
        said(Situation::LoopRestarted { panic: panic(), restarts: 2 }).contains("again, 2 times so far,")
    );
    let too_few = |peers| said(Situation::TooFewPeers { peers, min_peers: 3 });
    for (peers, words) in [(0, "no peers are known"), (1, "1 peer is known"), (2, "2 peers are known")] {
        assert!(
            too_few(peers).contains(&format!("--min-peers is 3, and {words}; see why")),
            "{}",
            too_few(peers)
        );
    }
}

#[test]
fn a_server_that_starts_needs_nothing_and_one_that_has_gone_is_to_be_looked_at() {
    let fault = ServerFault::Unreachable("connection refused".to_owned());
    let cure =
        |has_replied| situation(&Situation::ServerUnreachable { fault: fault.clone(), has_replied }).cure;
    assert_eq!(cure(false), "nothing, while the server starts");
    assert!(cure(true).starts_with("look at the server: does it run"));
}

#[test]
fn only_what_the_loop_does_again_is_promised_again() {
    for (fault, is_asked_again) in [
        (ServerFault::TimedOut, true),
        (ServerFault::Failing { status: 500, reason: "no".to_owned() }, true),
        (ServerFault::Unreadable("no status".to_owned()), false),
    ] {
        assert!(
            !server_fault(&fault).cure.contains("again"),
            "a command that looks once says so, too: {fault:?}"
        );
        let cure = situation(&Situation::StatusUnreadable(fault.clone())).cure;
        assert_eq!(cure.contains("asked again"), is_asked_again, "{cure}");
        assert_eq!(
            cure.starts_with("check --status-url"),
            !is_asked_again,
            "the setting of this call: {cure}"
        );
        let cure = situation(&Situation::RefreshRefused(fault)).cure;
        assert_eq!(cure == "check --actuator-url", !is_asked_again, "{cure}");
    }
}

#[test]
fn why_a_list_is_not_adopted_stands_in_the_message_and_its_cure_apart() {
    let origin = ListOrigin::EnvironmentVariable("X".to_owned());
    let Message { what, cure, .. } = situation(&Situation::NotAdopted(NotAdopted::Masked(Arc::new(origin))));
    assert_eq!(
        what,
        "the server does not take the list over: the server's environment variable X wins over the file"
    );
    assert_eq!(cure, "remove it from the container");
}

#[test]
fn what_is_said_of_a_server_of_the_mesh_is_about_that_one() {
    let refusals = [
        Refusal::CredentialsMissing,
        Refusal::CredentialsWrong,
        Refusal::Csrf,
        Refusal::Forbidden,
        Refusal::Redirected,
        Refusal::NotExposed,
        Refusal::MethodNotAllowed,
        Refusal::Status(418),
    ];
    let faults = refusals.map(ServerFault::Refused).into_iter().chain([
        ServerFault::Unreachable("connection refused".to_owned()),
        ServerFault::TimedOut,
        ServerFault::Failing { status: 500, reason: "no".to_owned() },
        ServerFault::Unreadable("the status is empty".to_owned()),
    ]);
    for fault in faults {
        let message = mesh_fault(&fault);
        assert!(!message.cure.is_empty(), "{fault:?}");
        for not_asked in ["--actuator-url", "--status-url", "MANAGEMENT_", "the actuator"] {
            assert!(!message.to_string().contains(not_asked), "{message}");
        }
    }
}

#[test]
fn a_variable_that_is_not_set_is_the_cure() {
    let unset = |variable: &str, field, records: &[&str]| {
        let mut facts = not_found(None, None);
        facts.identity.unset = &["POD_NAME", "POD_IP"];
        facts.sample = records.iter().map(|url| url.parse().expect("valid")).collect();
        let message = situation(&Situation::SelfNotFound(Arc::new(facts)));
        assert!(message.cure.starts_with(&format!("{variable} is not set, ")), "{message}");
        assert!(message.cure.contains(&format!("`fieldRef: {field}`")), "{message}");
    };
    unset("POD_NAME", "metadata.name", &["http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/"]);
    unset("POD_IP", "status.podIP", &["http://10.0.0.2:8761/eureka/"]);
    unset("POD_IP", "status.podIP", &["http://10-0-0-2.eureka.ns.svc.cluster.local:8761/eureka/"]);
    unset("POD_IP", "status.podIP", &["http://fd00--2.eureka.ns.svc.cluster.local:8761/eureka/"]);
}

/// A set variable, or one that records of this kind do not need, is no reason.
#[test]
fn a_variable_that_would_not_help_is_not_blamed() {
    let mut facts = not_found(None, None);
    facts.identity.unset = &["POD_NAME"];
    assert!(!said(&Situation::SelfNotFound(Arc::new(facts.clone()))).contains("is not set"));
    facts.identity.unset = &["POD_IP"];
    facts.sample = vec!["http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/".parse().expect("valid")];
    assert!(!said(&Situation::SelfNotFound(Arc::new(facts))).contains("is not set"));
}

fn missing(governing: Option<HeadlessService>, namesake: Option<&str>) -> Message {
    situation(&Situation::SelfNotFound(Arc::new(not_found(governing, namesake))))
}

fn not_found(governing: Option<HeadlessService>, namesake: Option<&str>) -> SelfNotFound {
    let url = |text: &str| text.parse().expect("valid");
    SelfNotFound {
        question: question(),
        own: url("http://10.0.0.1:8761/eureka/"),
        identity: PodIdentity { addresses: [[10, 0, 0, 1].into()].into(), ..PodIdentity::default() },
        sample: vec![url("http://10.0.0.2:8761/eureka/"), url("http://10.0.0.3:8761/eureka/")],
        governing,
        namesake: namesake.map(url),
    }
}

#[test]
fn self_that_is_not_found() {
    let plain = missing(None, None);
    assert_eq!(
        plain.what,
        "self is not among the records; looked for http://10.0.0.1:8761/eureka/ and pod at 10.0.0.1; saw \
         http://10.0.0.2:8761/eureka/, http://10.0.0.3:8761/eureka/"
    );
    assert_eq!(plain.cure, "set publishNotReadyAddresses: true on the Service, or --self-url");
    let governed = missing(Some(service("other")), None);
    assert!(
        governed
            .what
            .ends_with("; /etc/hosts says that this pod belongs to the Service other.ns.svc.cluster.local")
    );
    assert!(governed.cure.starts_with("give --service other.ns.svc.cluster.local, or see that eureka.ns"));
    let namesake = missing(None, Some("http://eureka-1.x:1/"));
    assert!(namesake.cure.contains("give --self-url http://eureka-1.x:1/, else"), "{}", namesake.cure);
}

#[test]
fn a_start_that_waits_names_what_it_waits_for() {
    let waits = |asked, governing| situation(&Situation::StartWaits { asked, governing });
    assert_eq!(waits(None, None).place, "any Service");
    let belongs = waits(Some(question()), Some(service("other")));
    assert_eq!(belongs.place, "eureka.ns.svc.cluster.local. A");
    assert!(belongs.what.contains("/etc/hosts says that this pod belongs to the Service other.ns"));
}

#[test]
fn the_reasons_for_no_list_are_three_at_most() {
    let conditions: Vec<_> = situations()
        .into_iter()
        .map(|situation| Condition { since: crate::model::Moment::START, until: None, situation })
        .collect();
    let why = |conditions| why_no_list(&Status { conditions, ..Status::default() }, Moment::START);
    assert_eq!(why(vec![]), "");
    let all = why(conditions.clone());
    assert!(all.starts_with("no space is left (/peers)") && all.ends_with("; and 16 more"), "{all}");
    let adopting: Vec<_> = conditions.into_iter().filter(|it| !it.kind().hinders_first_list()).collect();
    assert_eq!(why(adopting), "", "they keep no list away");
}

#[test]
fn a_question_without_an_answer_is_a_reason_and_so_is_what_dns_said() {
    let (now, asked) = (Moment::at(Duration::from_secs(10)), Moment::at(Duration::from_secs(1)));
    let why = |last: Option<LastAnswer>| {
        let service = ServiceStatus {
            question: question(),
            last: last.map(|value| Dated { value, since: asked }),
            unanswered_since: Some(asked),
            records_at: None,
            answered: crate::model::PeerSet::new(),
            kept: crate::model::PeerSet::new(),
            self_found: None,
            unusable: None,
        };
        why_no_list(&Status { services: vec![service], ..Status::default() }, now)
    };
    assert_eq!(
        why(None),
        "the question is still unanswered after 9s (eureka.ns.svc.cluster.local. A); allow egress to UDP and TCP port \
         53, and see resolv.conf or --dns-server"
    );
    let too_few = why(Some(LastAnswer::Records { peers: 1 }));
    assert_eq!(too_few, "DNS gives records, peers: 1 (eureka.ns.svc.cluster.local. A)");
}

#[test]
fn seconds_are_told_to_the_millisecond() {
    for (nanoseconds, expected) in [
        (0, "0.0"),
        (1_863_999_900, "1.864"),
        (1_864_499_999, "1.864"),
        (1_864_500_000, "1.865"),
        (999_999_999, "1.0"),
    ] {
        assert_eq!(format!("{:?}", seconds(Duration::from_nanos(nanoseconds))), expected);
    }
    assert!(seconds(Duration::MAX) > 1e18);
}

#[test]
fn durations_are_told_as_exactly_as_they_matter() {
    for (millis, expected) in [(0, "0s"), (340, "340ms"), (5_234, "5s"), (7_260_900, "2h 1m")] {
        assert_eq!(lasted(Duration::from_millis(millis)), expected);
    }
}
