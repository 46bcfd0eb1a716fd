//! What the operator is told: each condition, since when, in its very words.

use std::time::Duration;

use super::world::*;
use crate::model::{
    Answer, DurationOrNever, HeadlessService, LookupFailure, PeerSet, PodIdentity, Record, Refusal,
    ServerFault,
};
use crate::reconcile::{Adoption, ChangeCause, ConditionKind, Own, Policy, PreviousLife, Role};

/// What is told, in order: kind, since when, and the message.
fn told(world: &World) -> Vec<(ConditionKind, f64, String)> {
    let conditions = world.status().conditions.into_iter();
    conditions.map(|told| (told.kind, told.since.since_start().as_secs_f64(), told.message)).collect()
}

fn says(kind: ConditionKind, since: f64, message: &str) -> (ConditionKind, f64, String) {
    (kind, since, message.to_owned())
}

fn running(policy: Policy, hosts: &[u8]) -> World {
    let mut world = World::new(policy, None, records(hosts));
    world.server.peers = peers(&hosts[1..]);
    world.run_until(100.5);
    assert_eq!(told(&world), [], "all is well");
    world
}

#[test]
fn nothing_known() {
    let mut world = World::new(policy(), None, SERVFAIL);
    assert_eq!(told(&world), [says(ConditionKind::NothingKnown, 0.0, NOTHING_KNOWN)]);
    world.run_until(20.0);
    world.dns_then_run(NOBODY, 60.0);
    let [nothing_known, held] = &told(&world)[..] else { panic!("{:?}", told(&world)) };
    assert_eq!((nothing_known.0, held.0), (ConditionKind::NothingKnown, ConditionKind::HeldNobody));
    assert!((20.0..40.0).contains(&nothing_known.1), "{nothing_known:?}");
    assert!(held.2.contains("so no peers are kept"), "{held:?}");
}

const NOTHING_KNOWN: &str =
    "no Service has given records in this life, and none are known from the previous one";

#[test]
fn what_the_previous_life_knew_is_something() {
    let services = vec![(question("eureka").service().clone(), peers(&[2]))];
    let previous = PreviousLife { services, static_peers: PeerSet::new(), generation: 0 };
    let mut world = World::new(policy(), Some(&previous), SERVFAIL);
    world.run_until(5.0);
    let failed = format!("eureka.ns.svc.cluster.local. A: {}; 1 peer is kept", LookupFailure::ServerFailure);
    assert_eq!(told(&world), [says(ConditionKind::HeldLookupFailed, 0.0, &failed)]);
}

#[test]
fn a_lookup_that_fails() {
    let mut world = running(policy(), &[1, 2, 3]);
    world.dns_then_run(SERVFAIL, 105.5);
    world.dns_then_run(Answer::Failed(LookupFailure::Timeout), 200.0);
    let [(ConditionKind::HeldLookupFailed, since, message)] = &told(&world)[..] else {
        panic!("{:?}", told(&world))
    };
    assert!((105.5..120.0).contains(since), "since it is of this kind: {since}");
    assert!(message.ends_with("; 2 peers are kept"), "{message}");
}

#[test]
fn nobody() {
    let policy = Policy { empty_after: DurationOrNever::After(Duration::from_secs(600)), ..policy() };
    let mut world = running(policy, &[1, 2]);
    world.dns_then_run(NOBODY, 105.5);
    world.dns_then_run(Answer::Nobody { no_such_name: false, soa_serial: 8 }, 107.5);
    let no_data = "eureka.ns.svc.cluster.local. A: no data (SOA serial 8); nobody ready, Service missing, wrong port \
                   name and nodes cut off look alike, so 1 peer is kept; believed after --empty-after 10m";
    assert_eq!(
        told(&world),
        [says(ConditionKind::HeldNobody, 101.0, no_data)],
        "since either kind of nobody"
    );
}

#[test]
fn a_fall_that_is_doubted_and_peers_that_are_missing() {
    let mut world = running(policy(), &[1, 2, 3, 4, 5, 6]);
    world.dns_then_run(records(&[1, 2]), 150.5);
    let shrink = "the peers in DNS fell from 5 to 1, by more than --max-shrink 50%; removals wait until it has stayed so \
                  for --shrink-after 5m, or for `eureka-peers accept`";
    let removal =
        "eureka.ns.svc.cluster.local. A: 4 peers are missing and will leave after --remove-after 30s";
    let expected =
        [says(ConditionKind::HeldShrink, 101.0, shrink), says(ConditionKind::HeldRemoval, 101.0, removal)];
    assert_eq!(told(&world), expected);
    world.dns_then_run(records(&[1, 2, 3, 4]), 151.5);
    assert_eq!(told(&world), [], "neither is doubted any longer nor has to wait");
}

#[test]
fn the_operators_will() {
    let mut world = running(policy(), &[1, 2]);
    world.machine.change_policy(Policy { freeze: true, ..policy() }, world.now);
    world.run_until(200.0);
    let frozen = "the list is kept as it is until --freeze is lifted";
    assert_eq!(told(&world), [says(ConditionKind::Frozen, 100.5, frozen)]);
}

#[test]
fn self_that_is_not_found() {
    let mut world = running(policy(), &[1, 2, 3, 4, 5]);
    world.dns_then_run(records(&[2, 3, 4, 5]), 150.0);
    let not_found = "eureka.ns.svc.cluster.local. A: self is not among the records; looked for \
                     http://10.0.0.1:8761/eureka/ and pod at 10.0.0.1; saw http://10.0.0.2:8761/eureka/, \
                     http://10.0.0.3:8761/eureka/, http://10.0.0.4:8761/eureka/; set publishNotReadyAddresses: true \
                     on the Service, or --self-url";
    assert_eq!(told(&world), [says(ConditionKind::SelfNotFound, 101.0, not_found)]);
    let mut client = World::new(Policy { role: Role::Client, ..policy() }, None, records(&[2, 3]));
    client.run_until(10.0);
    assert_eq!(told(&client), [], "a client has no self");
}

#[test]
fn self_that_is_not_found_is_told_with_the_service_that_governs_the_pod() {
    let asked = |governing: &str| {
        let identity = PodIdentity {
            addresses: [[10, 0, 0, 1].into()].into(),
            governing: Some(question(governing).service().clone()),
            ..PodIdentity::default()
        };
        let role = Role::Server(Own { identity, url: url("10.0.0.1") });
        let questions = vec![question("eurek"), question("other")];
        let mut world = World::new(Policy { role, questions, ..policy() }, None, records(&[2]));
        world.run_until(100.0);
        let [(_, _, message)] = &told(&world)[..] else { panic!("{:?}", told(&world)) };
        message.clone()
    };
    let wrong = "eurek.ns.svc.cluster.local. A: self is not among the records; looked for \
                 http://10.0.0.1:8761/eureka/ and pod at 10.0.0.1; saw http://10.0.0.2:8761/eureka/; this pod belongs to \
                 the Service eureka.ns.svc.cluster.local (/etc/hosts), asked was eurek.ns.svc.cluster.local: give \
                 --service eureka.ns.svc.cluster.local, or see that eurek.ns.svc.cluster.local selects this pod too and has \
                 publishNotReadyAddresses: true, or give --self-url";
    assert_eq!(asked("eureka"), wrong);
    assert!(asked("other").starts_with("other.ns.svc.cluster.local. A: self is not among the records"));
    assert!(asked("other").ends_with("set publishNotReadyAddresses: true on the Service, or --self-url"));
}

#[test]
fn many_peers() {
    let all: Vec<u8> = (1..=66).collect();
    let mut world = World::new(policy(), None, records(&all[..65]));
    world.run_until(10.5);
    assert_eq!(told(&world), [], "64 beside self");
    world.dns_then_run(records(&all), 20.0);
    let many = "65 peers: a stock server spends 24 threads and 1.5 to 3 MB on each; above 64 it is felt";
    assert_eq!(told(&world), [says(ConditionKind::ManyPeers, 11.0, many)]);
}

#[test]
fn files_that_cannot_be_written() {
    let mut world = running(policy(), &[1, 2]);
    world.volume = Err("no space left".to_owned());
    world.dns_then_run(records(&[1, 2, 3]), 150.0);
    world.volume = Err("read-only".to_owned());
    world.run_until(200.0);
    assert_eq!(
        told(&world),
        [says(ConditionKind::NotPublished, 101.0, "read-only")],
        "since it fails at all"
    );
}

#[test]
fn a_server_that_lists_itself() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.peers = peers(&[1, 2]);
    world.run_until(200.0);
    let [(ConditionKind::SelfNotRecognised, since, message)] = &told(&world)[..] else {
        panic!("{:?}", told(&world))
    };
    assert!((119.9..120.1).contains(since), "first seen by the next confirm: {since}");
    assert!(message.starts_with("the server lists itself (http://10.0.0.1:8761/eureka/) among"), "{message}");
}

#[test]
fn each_fault_of_the_server_in_its_class() {
    use ConditionKind::{RefreshFailing, RefreshRefused, ServerUnreachable, StatusUnreadable};
    let faults = [
        (ServerFault::Unreachable("refused".to_owned()), RefreshFailing, ServerUnreachable),
        (ServerFault::TimedOut, RefreshFailing, ServerUnreachable),
        (ServerFault::Failing { status: 500, reason: "no".to_owned() }, RefreshFailing, StatusUnreadable),
        (ServerFault::Refused(Refusal::Forbidden), RefreshRefused, StatusUnreadable),
        (ServerFault::Unreadable("not XML".to_owned()), RefreshRefused, StatusUnreadable),
    ];
    for (fault, refresh, status) in faults {
        let mut world = running(refreshing(), &[1, 2]);
        world.status_fault = Some(fault.clone());
        world.server.behaviour = Behaviour::Answers(fault.clone());
        world.dns_then_run(records(&[1, 2, 3]), 107.0);
        let expected = [
            says(refresh, 101.0, &format!("refresh: {fault}")),
            says(status, told(&world)[1].1, &format!("status: {fault}")),
        ];
        assert_eq!(told(&world), expected);
    }
}

#[test]
fn a_fault_is_dated_from_the_first_of_its_kind() {
    let mut world = running(refreshing(), &[1, 2]);
    let since = |world: &World| told(world)[0].1;
    world.status_fault = Some(ServerFault::TimedOut);
    world.run_until(150.5);
    let first = since(&world);
    world.status_fault = Some(ServerFault::Unreadable("not XML".to_owned()));
    world.run_until(220.5);
    let second = since(&world);
    world.status_fault = Some(ServerFault::Unreadable("nor this".to_owned()));
    world.run_until(400.5);
    assert!(first < 150.5 && second > 150.5, "{first} {second}");
    assert_eq!(told(&world)[0].2, "status: the server's reply cannot be read: nor this");
    assert!((since(&world) - second).abs() < f64::EPSILON);
}

#[test]
fn a_server_that_polls_by_itself_has_its_time() {
    let mut world = running(Policy { adoption: Adoption::ConfirmOnly, ..policy() }, &[1, 2]);
    world.dns_then_run(records(&[1, 2, 3]), 800.0);
    assert_eq!(told(&world), [], "twelve minutes after the last confirm");
    world.run_until(900.0);
    let polls = "the server does not take the list over: the server polls the file by itself and should have taken the \
                 list over by now";
    let since = told(&world).first().map(|told| told.1).expect("told");
    assert_eq!(told(&world), [says(ConditionKind::NotAdopted, since, polls)]);
    assert!((90.0..101.0).contains(&since), "since it was last confirmed: {since}");
}

#[test]
fn a_service_of_two_is_spoken_of_by_its_name() {
    let policy = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = running(policy, &[1, 2]);
    world.dns[1].1 = SERVFAIL;
    world.run_until(102.0);
    let failed = format!("other.ns.svc.cluster.local. A: {}; 1 peer is kept", LookupFailure::ServerFailure);
    assert_eq!(told(&world), [says(ConditionKind::HeldLookupFailed, 101.0, &failed)]);
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
    let kinds: Vec<_> = told(&world).into_iter().map(|told| told.0).collect();
    assert_eq!(kinds, [ConditionKind::NothingKnown, ConditionKind::HeldLookupFailed]);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn kinds_and_causes_have_names_and_five_kinds_are_holds() {
    use ChangeCause::{Accepted, Answer, EmptyAfter, PreviousLife, Settings, StartDeadline};
    use ConditionKind::{Frozen, HeldLookupFailed, HeldNobody, HeldRemoval, HeldShrink};
    let labels = ConditionKind::ALL.map(ConditionKind::label);
    let expected = [
        "not_published",
        "not_adopted",
        "refresh_refused",
        "refresh_failing",
        "self_not_recognised",
        "several_servers",
        "status_unreadable",
        "server_unreachable",
        "start_waits",
        "nothing_known",
        "held_document",
        "held_lookup_failed",
        "held_nobody",
        "held_shrink",
        "held_removal",
        "frozen",
        "self_not_found",
        "many_peers",
    ];
    assert_eq!(labels, expected, "they stand in status, metrics and alerts");
    let holds: Vec<_> = ConditionKind::ALL.into_iter().filter(|kind| kind.is_hold()).collect();
    assert_eq!(
        holds,
        [ConditionKind::HeldDocument, HeldLookupFailed, HeldNobody, HeldShrink, HeldRemoval, Frozen]
    );
    let causes =
        [PreviousLife, Answer, EmptyAfter, StartDeadline, Accepted, Settings].map(ChangeCause::label);
    assert_eq!(causes, ["previous_life", "answer", "empty_after", "start_deadline", "accepted", "settings"]);
}
