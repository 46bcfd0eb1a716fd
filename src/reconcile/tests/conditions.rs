//! What deserves attention: each condition with its facts, since when, and until when where that is known.

use std::sync::Arc;
use std::time::Duration;

use super::world::*;
use crate::model::{
    Answer, DurationOrNever, HeadlessService, LookupFailure, MaxShrink, Moment, PeerSet, PodIdentity, Record,
    Refusal, ServerFault,
};
use crate::reconcile::samples::{lookup_failures, publish_fault, situations};
use crate::reconcile::{
    Adoption, BelievedBy, ChangeCause, Condition, ConditionKind, Consent, Kept, NotAdopted, NotPublished,
    OnDeadline, Own, Policy, RemovalTakes, Role, SavedState, SelfNotFound, Severity, Situation,
};

/// What is so, in order, and since when.
fn shown(world: &World) -> Vec<(Situation, f64)> {
    let conditions = world.status().conditions.into_iter();
    conditions.map(|it| (it.situation, it.since.since_start().as_secs_f64())).collect()
}

/// Until when the first condition is expected to last.
fn until(world: &World) -> Option<f64> {
    world.status().conditions.first()?.until.map(|until| until.since_start().as_secs_f64())
}

fn running(policy: Policy, hosts: &[u8]) -> World {
    let mut world = World::new(policy, None, records(hosts));
    world.server.peers = peers(&hosts[1..]);
    world.run_until(100.5);
    assert_eq!(shown(&world), [], "all is well");
    world
}

fn failed(service: &str, failure: LookupFailure, peers: usize, is_starting: bool) -> Situation {
    let kept = Kept::of(peers, None, is_starting);
    Situation::HeldLookupFailed { question: question(service), failure, kept }
}

#[test]
fn nothing_known() {
    let mut world = World::new(policy(), None, SERVFAIL);
    assert_eq!(shown(&world), [(Situation::NothingKnown { is_starting: true }, 0.0)]);
    world.run_until(20.0);
    world.dns_then_run(EMPTY, 60.0);
    let [(nothing_known, since), (held, _)] = &shown(&world)[..] else { panic!("{:?}", shown(&world)) };
    assert_eq!(*nothing_known, Situation::NothingKnown { is_starting: false });
    assert!(since.abs() < f64::EPSILON, "since it is asked, whatever DNS says: {since}");
    let Situation::HeldEmpty { kept: Kept::None, .. } = held else { panic!("{held:?}") };
    assert_eq!(held.severity(), Severity::Critical, "the list lacks a whole Service");
}

#[test]
fn too_few_peers_until_there_are_more_or_the_deadline_passes() {
    let policy = Policy { min_peers: 2, ..policy() };
    let too_few = |peers| Situation::TooFewPeers { peers, min_peers: 2 };
    let mut world = World::new(policy.clone(), None, SERVFAIL);
    world.run_until(4.0);
    assert!(!world.has(ConditionKind::TooFewPeers), "it is not known who there is");
    world.dns_then_run(records(&[1, 2]), 9.0);
    let [(situation, since)] = &shown(&world)[..] else { panic!("{:?}", shown(&world)) };
    assert_eq!((situation, until(&world)), (&too_few(1), Some(10.0)));
    assert!((4.0..5.0).contains(since) && !world.status().is_held(), "since the first records: {since}");
    world.run_until(11.0);
    assert_eq!(shown(&world), [], "few as they are, they are listed");
    let fail = Policy { on_deadline: OnDeadline::Fail, ..policy };
    let mut world = World::new(fail, None, records(&[1]));
    world.run_until(20.0);
    assert_eq!((shown(&world), until(&world)), (vec![(too_few(0), 0.0)], None), "and so init fails");
}

#[test]
fn what_the_saved_state_knew_is_something() {
    let services = vec![(question("eureka").service().clone(), peers(&[2]))];
    let previous = SavedState { services, ..SavedState::default() };
    let mut world = World::new(policy(), Some(&previous), SERVFAIL);
    world.run_until(5.0);
    assert_eq!(shown(&world), [(failed("eureka", LookupFailure::ServerFailure, 1, true), 0.0)]);
}

#[test]
fn a_lookup_that_fails() {
    let mut world = running(policy(), &[1, 2, 3]);
    world.dns_then_run(SERVFAIL, 105.5);
    world.dns_then_run(Answer::Failed(LookupFailure::Timeout), 200.0);
    let [(situation, since)] = &shown(&world)[..] else { panic!("{:?}", shown(&world)) };
    assert_eq!(*situation, failed("eureka", LookupFailure::Timeout, 2, false));
    assert!((since - 101.0).abs() < f64::EPSILON, "since the first that failed: {since}");
    world.dns_then_run(records(&[1, 2, 3]), 260.0);
    world.dns_then_run(SERVFAIL, 270.0);
    assert!(shown(&world)[0].1 > 200.0, "another one");
}

#[test]
fn empty() {
    let empty_after = DurationOrNever::After(Duration::from_secs(600));
    let mut world = running(Policy { empty_after, ..policy() }, &[1, 2]);
    world.dns_then_run(EMPTY, 105.5);
    world.dns_then_run(Answer::Empty { no_such_name: false, soa_serial: 8 }, 107.5);
    let empty = Situation::HeldEmpty {
        question: question("eureka"),
        no_such_name: false,
        soa_serial: 8,
        kept: Kept::of(1, None, false),
        empty_after,
        never_empty: false,
    };
    assert_eq!(shown(&world), [(empty, 101.0)], "since either kind of empty");
    assert_eq!(until(&world), Some(701.0), "after --empty-after");
    world.run_until(701.5);
    assert_eq!(world.listed(), peers(&[1]), "and so it is");
    assert_eq!(until(&world), None, "what has been believed ends only with other words");
    let [(Situation::HeldEmpty { kept, .. }, since)] = &shown(&world)[..] else {
        panic!("{:?}", shown(&world))
    };
    assert_eq!(*kept, Kept::BelievedEmpty(BelievedBy::EmptyAfter));
    assert!((since - 701.0).abs() < f64::EPSILON, "since it is believed: {since}");
    assert!(!world.status().is_held());
}

/// The severity of the only condition, and whether the list is held.
fn judged(world: &World) -> (Severity, bool) {
    let status = world.status();
    let [condition] = &status.conditions[..] else { panic!("{status:#?}") };
    (condition.situation.severity(), status.is_held())
}

#[test]
fn what_the_operator_accepts_as_empty_is_neither_held_nor_serious() {
    let mut world = running(policy(), &[1, 2]);
    world.dns_then_run(EMPTY, 105.5);
    assert_eq!(judged(&world), (Severity::Warning, true));
    world.machine.accept(Consent::Empty, world.now).expect("not frozen");
    world.run_until(110.0);
    assert_eq!(judged(&world), (Severity::Info, false));
    let state = world.state.clone();
    // What fails in between is no other word of DNS.
    world.dns_then_run(SERVFAIL, 120.0);
    assert_eq!(judged(&world), (Severity::Warning, true), "nobody would see a new peer");
    world.dns_then_run(EMPTY, 160.0);
    assert_eq!(judged(&world), (Severity::Info, false));
    assert_eq!(shown(&world)[0].1.to_string(), "105.5", "since it was accepted");
    // It outlives the program, and is dated as before.
    let mut state = state.expect("saved at once, though the list may be the same");
    state.believed_empty[0].1.since = Moment::before_start_by(Duration::from_secs(3600));
    let mut next = World::new(policy(), Some(&state), EMPTY);
    next.run_until(30.0);
    assert_eq!(judged(&next), (Severity::Info, false));
    let since = next.status().conditions[0].since;
    assert_eq!(since.until_start(), Duration::from_secs(3600));
    // Records end it: the next "empty" is held.
    next.dns_then_run(records(&[1, 2]), 40.0);
    next.dns_then_run(EMPTY, 50.0);
    assert_eq!(judged(&next), (Severity::Warning, true));
    assert_eq!(next.state.expect("saved").believed_empty, []);
}

#[test]
fn what_is_accepted_of_one_service_is_saved_beside_the_peers_of_another() {
    let policy = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = running(policy.clone(), &[1, 2]);
    world.dns[1].1 = EMPTY;
    world.run_until(110.0);
    world.machine.accept(Consent::Empty, world.now).expect("not frozen");
    world.run_until(111.0);
    let state = world.state.clone().expect("saved");
    let mut next = World::new(policy, Some(&state), records(&[1, 2]));
    next.dns[1].1 = EMPTY;
    next.run_until(30.0);
    assert_eq!(judged(&next), (Severity::Info, false));
    assert_eq!(next.listed(), peers(&[2]));
}

#[test]
fn a_start_that_was_accepted_as_empty_knows_what_it_has() {
    let mut world = World::new(policy(), None, EMPTY);
    world.run_until(60.0);
    assert!(world.has(ConditionKind::NothingKnown));
    world.machine.accept(Consent::Empty, world.now).expect("not frozen");
    world.run_until(61.0);
    assert_eq!(judged(&world), (Severity::Info, false));
}

#[test]
fn a_clients_list_is_not_emptied_by_empty_after_and_stays_held() {
    let empty_after = DurationOrNever::After(Duration::from_secs(60));
    let client = Policy { role: Role::Client, empty_after, ..policy() };
    let mut world = World::new(client, None, records(&[1, 2]));
    world.run_until(100.5);
    world.dns_then_run(EMPTY, 400.0);
    assert_eq!(world.listed(), peers(&[1, 2]));
    assert_eq!((judged(&world), until(&world)), ((Severity::Warning, true), None));
}

#[test]
fn peers_that_are_kept_for_ever_are_for_someone_to_look_at() {
    let severity =
        |remove_after| crate::reconcile::samples::removal(RemovalTakes::Time, remove_after).severity();
    assert_eq!(
        severity(DurationOrNever::After(Duration::from_secs(3600))),
        Severity::Info,
        "it ends by itself"
    );
    assert_eq!(severity(DurationOrNever::Never), Severity::Warning, "only the operator ends it");
}

#[test]
fn a_fall_is_no_longer_doubted_where_nothing_is_kept() {
    let empty_after = DurationOrNever::After(Duration::from_secs(60));
    let mut world = running(Policy { empty_after, ..policy() }, &[1, 2, 3, 4, 5, 6]);
    world.dns_then_run(records(&[1, 2]), 110.5);
    world.dns_then_run(EMPTY, 160.0);
    let kinds = |world: &World| -> Vec<_> { world.status().conditions.iter().map(Condition::kind).collect() };
    let [empty, shrink, removal] =
        [ConditionKind::HeldEmpty, ConditionKind::HeldShrink, ConditionKind::HeldRemoval];
    assert_eq!(kinds(&world), [empty, shrink, removal]);
    world.run_until(180.0);
    assert_eq!(world.listed(), peers(&[1]), "--empty-after is over");
    assert_eq!(kinds(&world), [empty], "no removal waits any more");
}

#[test]
fn a_fall_that_is_doubted_and_peers_that_are_missing() {
    let mut world = running(policy(), &[1, 2, 3, 4, 5, 6]);
    world.dns_then_run(records(&[1, 2]), 150.5);
    let shrink = Situation::HeldShrink {
        before: 5,
        now: 1,
        max_shrink: MaxShrink::HALF,
        shrink_after: DurationOrNever::After(Duration::from_secs(300)),
    };
    let remove_after = DurationOrNever::After(Duration::from_secs(30));
    let takes = RemovalTakes::Belief;
    let removal = Situation::HeldRemoval { question: question("eureka"), missing: 4, remove_after, takes };
    assert_eq!(shown(&world), [(shrink, 101.0), (removal, 101.0)]);
    let untils: Vec<_> = world.status().conditions.into_iter().map(|it| it.until).collect();
    assert_eq!(untils, [Some(at(400.0)), Some(at(400.0))], "both end when the fall is believed");
    let mut believed = running(policy(), &[1, 2, 3, 4, 5, 6]);
    believed.dns_then_run(records(&[1, 2]), 399.5);
    assert!(believed.status().is_held());
    believed.run_until(400.5);
    assert_eq!(shown(&believed), [], "and so they do");
    world.dns_then_run(records(&[1, 2, 3, 4]), 151.5);
    assert_eq!(shown(&world), [], "neither is doubted any longer nor has to wait");
}

#[test]
fn a_removal_ends_when_it_says_and_an_outage_leaves_its_end_open() {
    let mut world = running(policy(), &[1, 2, 3]);
    world.dns_then_run(records(&[1, 2]), 110.5);
    assert_eq!(until(&world), Some(131.0));
    world.dns_then_run(SERVFAIL, 111.5);
    let removal = world.status().conditions.pop().expect("it goes on");
    assert_eq!((removal.kind(), removal.until), (ConditionKind::HeldRemoval, None), "its clock stands");
    let Situation::HeldRemoval { takes, .. } = removal.situation else { panic!("{removal:?}") };
    assert_eq!(takes, RemovalTakes::Records);
    let mut other = running(policy(), &[1, 2, 3]);
    other.dns_then_run(records(&[1, 2]), 130.5);
    assert!(other.has(ConditionKind::HeldRemoval));
    other.run_until(131.5);
    assert_eq!(shown(&other), []);
}

#[test]
fn the_operators_will() {
    let mut world = running(policy(), &[1, 2]);
    world.machine.change_policy(Policy { freeze: true, ..policy() }, world.now);
    world.run_until(200.0);
    assert_eq!(shown(&world), [(Situation::Frozen, 100.5)]);
}

/// What is said of self by a world that has seen these records.
fn self_not_found(world: &World) -> SelfNotFound {
    let shown = shown(world);
    let [(Situation::SelfNotFound(facts), _)] = &shown[..] else { panic!("{shown:?}") };
    (**facts).clone()
}

#[test]
fn self_that_is_not_found() {
    let mut world = running(policy(), &[1, 2, 3, 4, 5]);
    world.dns_then_run(records(&[2, 3, 4, 5]), 150.0);
    let expected = SelfNotFound {
        question: question("eureka"),
        own: url("10.0.0.1"),
        identity: PodIdentity { addresses: [[10, 0, 0, 1].into()].into(), ..PodIdentity::default() },
        sample: peers(&[2, 3, 4]).into_iter().collect(),
        governing: None,
        namesake: None,
    };
    assert_eq!(self_not_found(&world), expected);
    assert!((shown(&world)[0].1 - 101.0).abs() < f64::EPSILON);
    let mut client = World::new(Policy { role: Role::Client, ..policy() }, None, records(&[2, 3]));
    client.run_until(10.0);
    assert_eq!(shown(&client), [], "a client has no self");
}

#[test]
fn self_that_is_not_found_is_told_with_the_service_that_governs_the_pod() {
    let asked = |governing: &str| {
        let identity = PodIdentity {
            addresses: [[10, 0, 0, 1].into()].into(),
            governing: Some(question(governing).service().clone()),
            ..PodIdentity::default()
        };
        let role = Role::Server(Own { identity, url: url("10.0.0.1"), url_is_given: false });
        let questions = vec![question("eurek"), question("other")];
        let mut world = World::new(Policy { role, questions, ..policy() }, None, records(&[2]));
        world.run_until(100.0);
        self_not_found(&world)
    };
    let wrong = asked("eureka");
    assert_eq!(wrong.question, question("eurek"));
    assert_eq!(wrong.governing.as_ref(), Some(question("eureka").service()));
    let right = asked("other");
    assert_eq!((right.question, right.governing), (question("other"), None), "it is asked");
}

#[test]
fn many_peers() {
    let all: Vec<u8> = (1..=66).collect();
    let mut world = World::new(policy(), None, records(&all[..65]));
    world.run_until(10.5);
    assert_eq!(shown(&world), [], "64 beside self");
    world.dns_then_run(records(&all), 20.0);
    assert_eq!(shown(&world), [(Situation::ManyPeers { peers: 65 }, 11.0)]);
}

#[test]
fn files_that_cannot_be_written() {
    let mut world = running(policy(), &[1, 2]);
    world.volume = Err("no space left".to_owned());
    world.dns_then_run(records(&[1, 2, 3]), 150.0);
    world.volume = Err("read-only".to_owned());
    world.run_until(200.0);
    let failed = Situation::NotPublished(NotPublished::Failed(publish_fault("read-only")));
    assert_eq!(shown(&world), [(failed, 101.0)], "since it fails at all");
}

#[test]
fn a_list_that_others_took_away_is_not_published() {
    let mut world = running(refreshing(), &[1, 2]);
    assert!(world.status().published.is_some());
    world.volume = Err("taken away".to_owned());
    world.is_lost = true;
    world.run_until(150.0);
    assert_eq!(world.status().published, None);
    let before = world.refreshes.len();
    world.server.peers = peers(&[]);
    world.run_until(250.0);
    assert_eq!(world.refreshes.len(), before, "a server that reads the files now would find none");
    world.volume = Ok(());
    world.run_until(350.0);
    assert!(world.status().published.is_some() && world.refreshes.len() > before);
}

#[test]
fn a_server_that_lists_itself() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.peers = peers(&[1, 2]);
    world.run_until(200.0);
    let [(Situation::SelfNotRecognised { own }, since)] = &shown(&world)[..] else {
        panic!("{:?}", shown(&world))
    };
    assert!((119.9..120.1).contains(since), "first seen by the next confirm: {since}");
    assert_eq!(*own, url("10.0.0.1"));
}

#[test]
fn each_fault_of_the_server_in_its_class() {
    use Situation::{RefreshFailing, RefreshRefused, ServerUnreachable, StatusUnreadable};
    type Kind = fn(ServerFault) -> Situation;
    let unreachable: Kind = |fault| ServerUnreachable { fault, has_replied: true };
    let faults: [(ServerFault, Kind, Kind); 5] = [
        (ServerFault::Unreachable("refused".to_owned()), RefreshFailing, unreachable),
        (ServerFault::TimedOut, RefreshFailing, unreachable),
        (ServerFault::Failing { status: 500, reason: "no".to_owned() }, RefreshFailing, StatusUnreadable),
        (ServerFault::Refused(Refusal::Forbidden), RefreshRefused, StatusUnreadable),
        (ServerFault::Unreadable("not XML".to_owned()), RefreshRefused, StatusUnreadable),
    ];
    for (fault, refresh, status) in faults {
        let mut world = running(refreshing(), &[1, 2]);
        world.status_fault = Some(fault.clone());
        world.server.behaviour = Behaviour::Answers(fault.clone());
        world.dns_then_run(records(&[1, 2, 3]), 107.0);
        let expected = [(refresh(fault.clone()), 101.0), (status(fault), shown(&world)[1].1)];
        assert_eq!(shown(&world), expected);
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_a_warning_once_it_has_replied() {
    let mut world = World::new(refreshing(), None, records(&[1, 2]));
    world.server.behaviour = Behaviour::Down;
    world.run_until(60.0);
    let severity = |world: &World| shown(world)[0].0.severity();
    assert_eq!(severity(&world), Severity::Info, "it starts");
    world.server.behaviour = Behaviour::Takes;
    world.server.peers = peers(&[2]);
    world.run_until(100.0);
    assert_eq!(shown(&world), []);
    world.server.behaviour = Behaviour::Down;
    world.run_until(200.0);
    let Situation::ServerUnreachable { has_replied: true, .. } = shown(&world)[0].0 else { panic!() };
    assert_eq!(severity(&world), Severity::Warning, "it is away");
}

#[test]
fn a_fault_is_dated_from_the_first_of_its_kind() {
    let mut world = running(refreshing(), &[1, 2]);
    let since = |world: &World| shown(world)[0].1;
    world.status_fault = Some(ServerFault::TimedOut);
    world.run_until(150.5);
    let first = since(&world);
    world.status_fault = Some(ServerFault::Unreadable("not XML".to_owned()));
    world.run_until(220.5);
    let second = since(&world);
    let latest = ServerFault::Unreadable("nor this".to_owned());
    world.status_fault = Some(latest.clone());
    world.run_until(400.5);
    assert!(first < 150.5 && second > 150.5, "{first} {second}");
    assert_eq!(shown(&world)[0].0, Situation::StatusUnreadable(latest));
    assert!((since(&world) - second).abs() < f64::EPSILON);
}

#[test]
fn a_server_that_polls_by_itself_has_its_time() {
    let mut world = running(Policy { adoption: Adoption::ConfirmOnly, ..policy() }, &[1, 2]);
    world.dns_then_run(records(&[1, 2, 3]), 800.0);
    assert_eq!(shown(&world), [], "twelve minutes after the last confirm");
    world.run_until(900.0);
    let since = shown(&world).first().map(|shown| shown.1).expect("it is so");
    assert_eq!(shown(&world), [(Situation::NotAdopted(NotAdopted::PollsTooLong), since)]);
    assert!((90.0..101.0).contains(&since), "since it was last confirmed: {since}");
}

#[test]
fn a_service_of_two_is_spoken_of_by_its_name() {
    let policy = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = running(policy, &[1, 2]);
    world.dns[1].1 = SERVFAIL;
    world.run_until(102.0);
    assert_eq!(shown(&world), [(failed("other", LookupFailure::ServerFailure, 1, false), 101.0)]);
}

#[test]
fn an_answer_of_the_services_own_name_is_no_headless_service() {
    let service = HeadlessService::from_setting("eureka", "ns", "cluster.local").expect("a valid Service");
    let question =
        crate::model::Question::Names { service: service.clone(), port_name: "http".parse().expect("valid") };
    let policy = Policy { questions: vec![question], ..policy() };
    let own = Record::Target { name: service.name().clone(), port: crate::model::Port::EUREKA };
    let mut world = World::new(policy, None, Answer::Records(vec![own]));
    world.run_until(15.0);
    let kinds: Vec<_> = shown(&world).into_iter().map(|(situation, _)| situation.kind()).collect();
    assert_eq!(kinds, [ConditionKind::NothingKnown, ConditionKind::HeldLookupFailed]);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn a_list_without_peers_is_published_and_counts_none() {
    let mut world = World::new(policy(), None, SERVFAIL);
    world.run_until(15.0);
    let status = world.status();
    assert_eq!(status.published.map(|published| published.value), Some(PeerSet::new()), "self is no peer");
    let change = status.history.back().expect("a list began");
    assert_eq!((change.cause, change.peers), (ChangeCause::StartDeadline, 0));
}

#[test]
fn kinds_and_causes_have_names_and_six_kinds_are_holds() {
    use ChangeCause::{Accepted, Answer, EmptyAfter, SavedState, Settings, StartDeadline};
    use ConditionKind::{Frozen, HeldDocument, HeldEmpty, HeldLookupFailed, HeldRemoval, HeldShrink};
    let labels = ConditionKind::ALL.map(ConditionKind::label);
    let expected = [
        "not_published",
        "not_adopted",
        "refresh_refused",
        "refresh_failing",
        "files_overwritten",
        "self_not_recognised",
        "several_servers",
        "status_unreadable",
        "server_unreachable",
        "start_waits",
        "nothing_known",
        "too_few_peers",
        "held_document",
        "held_lookup_failed",
        "held_empty",
        "held_shrink",
        "held_removal",
        "frozen",
        "self_not_found",
        "port_unknown",
        "records_unusable",
        "many_peers",
        "settings_rejected",
        "loop_restarted",
    ];
    assert_eq!(labels, expected, "they stand in status, metrics and alerts");
    let holds: Vec<_> = ConditionKind::ALL.into_iter().filter(|kind| kind.may_hold()).collect();
    assert_eq!(holds, [HeldDocument, HeldLookupFailed, HeldEmpty, HeldShrink, HeldRemoval, Frozen]);
    let causes = [SavedState, Answer, EmptyAfter, StartDeadline, Accepted, Settings].map(ChangeCause::label);
    assert_eq!(causes, ["saved_state", "answer", "empty_after", "start_deadline", "accepted", "settings"]);
}

#[test]
fn there_is_a_sample_of_every_kind_and_of_every_failed_look_up() {
    let kinds: Vec<_> = situations().iter().map(Situation::kind).collect();
    assert!(ConditionKind::ALL.iter().all(|kind| kinds.contains(kind)) && kinds.is_sorted(), "{kinds:?}");
    let labels: Vec<_> = lookup_failures().iter().map(LookupFailure::label).collect();
    assert_eq!(labels, LookupFailure::LABELS);
}

#[test]
fn counts_ages_and_words_are_no_other_cause() {
    let away = |words: &str, has_replied| {
        let fault = ServerFault::Unreachable(words.to_owned());
        Situation::ServerUnreachable { fault, has_replied }
    };
    assert!(away("refused", true).has_cause_of(&away("no route", true)));
    assert!(!away("refused", true).has_cause_of(&away("refused", false)), "it has become serious");
    let held = |failure, peers| failed("eureka", failure, peers, false);
    assert!(held(LookupFailure::Timeout, 1).has_cause_of(&held(LookupFailure::Timeout, 2)));
    assert!(!held(LookupFailure::Timeout, 1).has_cause_of(&held(LookupFailure::Refused, 1)));
    let not_published = |what: &str| Situation::NotPublished(NotPublished::Failed(publish_fault(what)));
    assert!(not_published("one").has_cause_of(&not_published("two")));
    assert!(!not_published("one").has_cause_of(&Situation::NotPublished(NotPublished::Stalled)));
    let masked = Situation::NotAdopted(NotAdopted::Masked(Arc::new(crate::reconcile::samples::masked())));
    assert!(!masked.has_cause_of(&Situation::NotAdopted(NotAdopted::Unknown)), "its cause is known now");
    for one in situations() {
        assert!(one.has_cause_of(&one), "{one:?}");
    }
}

/// The alerts say what the operator reads of a list that is kept, and of a server that has been up: their
/// severity is that of the table for those facts.
#[test]
fn the_alert_rules_are_as_serious_as_the_table() {
    let rules = include_str!("../../../manifests/components/monitoring/prometheus-rule.yaml");
    let rules: serde_yaml::Value = serde_yaml::from_str(rules).expect("it is YAML");
    let rules = rules["spec"]["groups"][0]["rules"].as_sequence().expect("rules");
    let mut seen = vec![];
    for situation in situations() {
        let kind = situation.kind();
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let label = kind.label();
        let is_about = |rule: &&serde_yaml::Value| {
            let expr = rule["expr"].as_str().expect("text");
            let of_its_own = match kind {
                ConditionKind::SettingsRejected => "settings_reloads_total",
                ConditionKind::LoopRestarted => "loop_restarts_total",
                _ => "no such metric",
            };
            expr.contains(&format!("\"{label}\"")) || expr.contains(of_its_own)
        };
        let severities: Vec<_> =
            rules.iter().filter(is_about).map(|rule| rule["labels"]["severity"].as_str()).collect();
        // Those that end by themselves in a start, and those that nobody has to look at now.
        let has_none = matches!(
            kind,
            ConditionKind::NothingKnown
                | ConditionKind::TooFewPeers
                | ConditionKind::HeldRemoval
                | ConditionKind::PortUnknown
                | ConditionKind::ManyPeers
        );
        let expected = if has_none { vec![] } else { vec![Some(situation.severity().label())] };
        assert_eq!(severities, expected, "{label}");
    }
    assert_eq!(seen.len(), ConditionKind::ALL.len());
}
