//! The operator's will: accept, freeze, new settings.

use std::time::Duration;

use super::world::*;
use crate::model::{
    AddressFamily, AddressPolicy, Answer, DurationOrNever, HeadlessService, MaxShrink, PodIdentity, Port,
    Question, Record, ServiceUrl,
};
use crate::reconcile::{Accepted, ConditionKind, Consent, NotAccepted, OnDeadline, Own, Policy, Role, Taken};

const HALF_A_SECOND: Duration = Duration::from_millis(500);

fn running(policy: Policy, hosts: &[u8]) -> World {
    let mut world = World::new(policy, None, records(hosts));
    world.run_until(100.5);
    world
}

#[test]
fn accept_takes_what_dns_says_past_all_holds_once() {
    let mut world = running(policy(), &[1, 2, 3, 4, 5]);
    world.dns_then_run(records(&[1, 2]), 110.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5]));
    let accepted = world.machine.accept(Consent::Records, world.now).expect("not frozen");
    assert_eq!(accepted[0].taken, Taken::Records { peers: 1 });
    world.run_until(110.6);
    assert_eq!(world.listed(), peers(&[2]));
    assert!(!world.status().is_held());
    world.dns_then_run(records(&[1]), 130.5);
    assert_eq!(world.listed(), peers(&[2]), "the next removal is held again");
}

#[test]
fn accept_takes_nothing_from_a_failure_and_an_empty_answer_only_with_consent() {
    let mut world = running(policy(), &[1, 2, 3]);
    let taken = |refused: Result<_, NotAccepted>| match refused {
        Err(NotAccepted::Nothing(accepted)) => (accepted[0].taken, accepted[0].failure.is_some()),
        other => panic!("{other:?}"),
    };
    world.dns_then_run(SERVFAIL, 110.5);
    for consent in [Consent::Records, Consent::Empty] {
        assert_eq!(taken(world.machine.accept(consent, world.now)), (Taken::Nothing, true));
    }
    world.dns_then_run(EMPTY, 150.5);
    let refused = world.machine.accept(Consent::Records, world.now);
    assert_eq!(taken(refused), (Taken::NeedsConsent, false));
    world.run_until(160.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    let accepted = world.machine.accept(Consent::Empty, world.now).expect("not frozen");
    assert_eq!(accepted[0].taken, Taken::Empty);
    world.run_until(160.6);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn an_empty_service_keeps_its_peers_where_only_records_are_accepted() {
    let two = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = World::new(two, None, records(&[1, 2, 3]));
    world.dns[1].1 = records(&[11, 12]);
    world.run_until(10.5);
    world.dns[1].1 = EMPTY;
    world.dns_then_run(records(&[1, 2]), 12.5);
    let accepted = world.machine.accept(Consent::Records, world.now).expect("records are taken");
    let taken: Vec<_> = accepted.iter().map(|accepted| accepted.taken).collect();
    assert_eq!(taken, [Taken::Records { peers: 1 }, Taken::NeedsConsent]);
    world.run_until(12.6);
    assert_eq!(world.listed(), peers(&[2, 11, 12]));
}

#[test]
fn a_start_that_waits_begins_alone_by_the_operators_word() {
    let waiting = Policy { on_deadline: OnDeadline::Wait, ..policy() };
    for dns in [EMPTY, SERVFAIL] {
        let mut world = World::new(waiting.clone(), None, dns.clone());
        world.run_until(100.0);
        assert!(world.machine.accept(Consent::Records, world.now).is_err(), "{dns:?}");
        world.run_until(101.0);
        assert_eq!(world.files, None);
        assert!(world.machine.accept(Consent::Empty, world.now).is_ok(), "{dns:?}");
        world.run_until(101.1);
        assert_eq!(world.listed(), peers(&[1]));
        assert!(world.machine.is_settled());
        assert!(!world.has(ConditionKind::StartWaits));
        // What it leaves is a list: the next start waits for nothing.
        let mut next = World::new(waiting.clone(), world.state.as_ref(), dns);
        next.run_until(0.0);
        assert_eq!(next.listed(), peers(&[1]));
    }
}

#[test]
fn a_clients_list_is_never_empty_by_anyones_word() {
    let client = Policy { role: Role::Client, ..policy() };
    let mut world = World::new(client, None, EMPTY);
    world.run_until(100.0);
    assert_eq!(world.machine.accept(Consent::Empty, world.now), Err(NotAccepted::NeverEmpty));
    world.run_until(101.0);
    assert_eq!(world.files, None);
}

#[test]
fn freeze_keeps_the_list_until_it_is_lifted() {
    let mut world = running(policy(), &[1, 2, 3]);
    world.machine.change_policy(Policy { freeze: true, ..policy() }, world.now);
    world.dns_then_run(records(&[1, 2, 4]), 200.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    assert!(world.has(ConditionKind::Frozen));
    assert_eq!(world.machine.accept(Consent::Empty, world.now), Err(NotAccepted::Frozen));
    world.machine.change_policy(policy(), world.now);
    world.run_until(201.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4]), "additions at once");
    world.run_until(229.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4]), "a removal in its ordinary time");
    world.run_until(232.5);
    assert_eq!(world.listed(), peers(&[2, 4]));
}

#[test]
fn what_dns_said_of_a_frozen_list_is_taken_when_it_is_lifted_though_dns_fails_then() {
    let mut world = running(policy(), &[1, 2, 3]);
    world.machine.change_policy(Policy { freeze: true, ..policy() }, world.now);
    world.dns_then_run(records(&[1, 2, 4]), 150.5);
    let kept = |world: &World| world.status().services[0].kept.clone();
    assert_eq!(kept(&world), peers(&[2, 3]), "what stands in the list, and no more");
    world.dns_then_run(SERVFAIL, 200.5);
    world.machine.change_policy(policy(), world.now);
    world.run_until(400.5);
    assert_eq!((world.listed(), kept(&world)), (peers(&[2, 3, 4]), peers(&[2, 3, 4])));
}

#[test]
fn found_files_that_were_frozen_are_replaced_by_what_dns_names() {
    let frozen = Policy { freeze: true, ..policy() };
    let mut world = World::new(frozen, None, records(&[1, 2]));
    world.machine.found_document(world.now);
    world.run_until(100.5);
    assert_eq!(world.files, None, "they stay as they were found");
    world.dns_then_run(records(&[1, 3]), 200.5);
    world.machine.change_policy(policy(), world.now);
    world.run_until(229.5);
    assert_eq!(
        world.listed(),
        peers(&[2, 3]),
        "who was named meanwhile may stand in them, and leaves in time"
    );
    world.run_until(232.5);
    assert_eq!(world.listed(), peers(&[3]));
}

#[test]
fn an_answer_that_is_asked_for_no_more_is_too_old_to_be_accepted() {
    let mut world = running(policy(), &[1, 2, 3]);
    world.dns_then_run(records(&[1, 2]), 110.5);
    // The process stands still, as on a node that is suspended.
    world.now = at(1000.0);
    let refused = world.machine.accept(Consent::Records, world.now);
    let Err(NotAccepted::Nothing(of_each)) = refused else { panic!("{refused:?}") };
    assert_eq!(of_each[0].taken, Taken::TooOld);
    assert_eq!(of_each[0].age.map(|age| age.as_secs()), Some(890));
    world.run_until(1000.5);
    let accepted = world.machine.accept(Consent::Records, world.now).expect("it has been asked again");
    assert_eq!((accepted[0].taken, accepted[0].age), (Taken::Records { peers: 1 }, Some(HALF_A_SECOND)));
}

/// The question as it would be asked of AAAA records.
fn of_ipv6() -> Policy {
    let Question::Addresses { service, .. } = question("eureka") else { unreachable!("addresses") };
    Policy { questions: vec![Question::Addresses { service, family: AddressFamily::Ipv6 }], ..policy() }
}

#[test]
fn what_was_said_to_one_question_is_not_believed_of_another() {
    let empty_after = DurationOrNever::After(Duration::from_secs(60));
    for changed in [of_ipv6(), Policy { empty_after, ..of_ipv6() }] {
        let mut world = running(policy(), &[1, 2]);
        world.dns_then_run(EMPTY, 110.5);
        world.machine.accept(Consent::Empty, world.now).expect("not frozen");
        world.run_until(111.0);
        assert!(!world.status().is_held(), "the operator's word");
        let left = world.state.clone().expect("saved");
        let mut next = World::new(changed.clone(), Some(&left), EMPTY);
        next.run_until(20.0);
        assert!(next.status().is_held(), "nor in a later life");
        world.machine.change_policy(changed.clone(), world.now);
        assert_eq!(world.status().services[0].last, None, "nothing was said to that question");
        assert!(world.machine.accept(Consent::Records, world.now).is_err(), "so there is nothing to take");
        world.dns = vec![(changed.questions[0].clone(), EMPTY)];
        world.run_until(120.5);
        assert!(world.status().is_held(), "it was never said of this question: {changed:?}");
    }
}

#[test]
fn denials_of_one_question_are_no_evidence_of_another() {
    let empty_after = DurationOrNever::After(Duration::from_secs(60));
    let mut world = running(Policy { empty_after, ..policy() }, &[1, 2]);
    world.dns_then_run(EMPTY, 150.5);
    let changed = Policy { empty_after, ..of_ipv6() };
    world.machine.change_policy(changed.clone(), world.now);
    world.dns = vec![(changed.questions[0].clone(), EMPTY)];
    world.run_until(200.5);
    assert_eq!(world.listed(), peers(&[2]), "fifty seconds of the new one");
    world.run_until(212.5);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn a_client_accepts_that_one_service_is_empty_where_another_has_peers() {
    let questions = vec![question("eureka"), question("other")];
    let client = Policy { role: Role::Client, questions, ..policy() };
    let mut world = World::new(client, None, records(&[2, 3]));
    world.dns[1].1 = records(&[11]);
    world.run_until(10.5);
    world.dns[1].1 = EMPTY;
    world.dns_then_run(SERVFAIL, 20.5);
    let taken = |of_each: Vec<Accepted>| of_each.iter().map(|it| it.taken).collect::<Vec<_>>();
    let accepted = world.machine.accept(Consent::Empty, world.now).expect("the first keeps its peers");
    assert_eq!(taken(accepted), [Taken::Nothing, Taken::Empty]);
    world.run_until(20.6);
    assert_eq!(world.listed(), peers(&[2, 3]));
}

#[test]
fn a_frozen_start_takes_the_first_list_and_keeps_it() {
    let frozen = Policy { freeze: true, ..policy() };
    let mut world = running(frozen, &[1, 2]);
    world.dns_then_run(records(&[1, 2, 3]), 200.5);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn a_service_that_is_removed_leaves_at_once() {
    let two = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = World::new(two, None, records(&[1, 2]));
    world.dns[1].1 = records(&[11, 12, 13, 14]);
    world.run_until(10.5);
    world.machine.change_policy(policy(), world.now);
    world.run_until(10.6);
    assert_eq!(world.listed(), peers(&[2]));
    assert!(!world.status().is_held());
}

#[test]
fn a_service_that_replaces_another_leaves_no_empty_list_in_between() {
    let mut world = running(policy(), &[1, 2, 3]);
    let other = Policy { questions: vec![question("other")], ..policy() };
    world.machine.change_policy(other, world.now);
    world.dns = vec![(question("other"), SERVFAIL)];
    world.run_until(110.5);
    assert_eq!(world.listed(), peers(&[2, 3]), "a mistyped Service must not empty the list");
    world.dns_then_run(records(&[21, 22]), 150.5);
    assert_eq!(world.listed(), peers(&[21, 22]));
}

#[test]
fn static_peers_come_and_go_at_once_and_never_name_self() {
    let mut world = running(policy(), &[1, 2]);
    let with = Policy { static_peers: [url("vm.example"), url("10.0.0.1")].into(), ..policy() };
    world.machine.change_policy(with, world.now);
    world.run_until(100.6);
    let expected = [url("10.0.0.2"), url("vm.example")].into();
    assert_eq!(world.listed(), expected);
    world.machine.change_policy(policy(), world.now);
    world.run_until(100.7);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn self_is_known_by_any_of_its_names() {
    let identity = PodIdentity { addresses: [[10, 0, 0, 1].into()].into(), ..PodIdentity::default() };
    let own = Own { identity, url: url("own.example"), url_is_given: true };
    let static_peers = [url("own.example"), url("10.0.0.1"), url("10.0.0.9")].into();
    let world = running(Policy { role: Role::Server(own), static_peers, ..policy() }, &[1, 2]);
    assert_eq!(world.listed(), peers(&[2, 9]));
}

#[test]
fn what_is_known_changes_at_once_though_a_new_service_has_not_been_asked() {
    let mut world = running(policy(), &[1, 2]);
    let questions = vec![question("eureka"), question("other")];
    let with = Policy { questions, static_peers: [url("vm.example")].into(), ..policy() };
    world.machine.change_policy(with, world.now);
    let desired = world.status().desired.map(|desired| desired.value);
    assert_eq!(desired, Some([url("10.0.0.2"), url("vm.example")].into()));
}

#[test]
fn an_address_that_is_denied_leaves_at_once() {
    let mut world = running(policy(), &[1, 2, 3]);
    let deny = AddressPolicy::new(vec![], vec!["10.0.0.3/32".parse().expect("valid")]);
    world.machine.change_policy(Policy { address_policy: deny, ..policy() }, world.now);
    world.run_until(100.6);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn a_new_path_moves_every_peer_at_once() {
    let mut world = running(policy(), &[1, 2, 3]);
    let moved = Policy { context_path: "/eureka/v2/".parse().expect("valid"), ..policy() };
    world.dns[0].1 = SERVFAIL;
    world.machine.change_policy(moved, world.now);
    world.run_until(100.6);
    let listed: Vec<_> = world.listed().iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["http://10.0.0.2:8761/eureka/v2/", "http://10.0.0.3:8761/eureka/v2/"]);
}

#[test]
fn new_settings_are_no_word_on_a_fall_that_is_doubted() {
    let mut world = running(policy(), &[1, 2, 3, 4, 5, 6, 7]);
    world.dns_then_run(records(&[1, 2]), 150.5);
    world.machine.change_policy(Policy { freeze: true, ..policy() }, world.now);
    world.run_until(160.5);
    world.machine.change_policy(policy(), world.now);
    world.run_until(300.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5, 6, 7]));
    assert!(world.has(ConditionKind::HeldShrink));
}

#[test]
fn a_frozen_list_is_what_the_next_life_begins_with() {
    let frozen = Policy { freeze: true, ..policy() };
    let mut world = running(frozen.clone(), &[1, 2, 3]);
    world.dns_then_run(records(&[1, 2, 4]), 300.5);
    let left = world.state.clone().expect("published");
    let mut next = World::new(frozen, Some(&left), SERVFAIL);
    next.run_until(100.0);
    assert_eq!(next.listed(), peers(&[2, 3]));
}

#[test]
fn a_list_whose_service_was_just_replaced_is_not_left_as_alone() {
    let mut world = running(policy(), &[1, 2, 3]);
    let other = Policy { questions: vec![question("other")], ..policy() };
    world.machine.change_policy(other.clone(), world.now);
    world.dns = vec![(question("other"), SERVFAIL)];
    world.run_until(200.5);
    let left = world.state.clone().expect("published");
    let mut next = World::new(other, Some(&left), SERVFAIL);
    next.run_until(100.0);
    assert_eq!(next.listed(), peers(&[2, 3]));
}

#[test]
fn a_mistyped_service_empties_nothing_however_often_the_settings_are_edited() {
    for dns in [EMPTY, SERVFAIL] {
        let mut world = running(policy(), &[1, 2, 3]);
        let mistyped = Policy { questions: vec![question("eurka")], ..policy() };
        world.dns = vec![(question("eurka"), dns)];
        for (edit, seconds) in [(1, 1_u64), (2, 2), (3, 3)] {
            let edited = Policy { interval: Duration::from_secs(seconds), ..mistyped.clone() };
            world.machine.change_policy(edited, world.now);
            world.run_until(100.5 + 100.0 * f64::from(edit));
            assert_eq!(world.listed(), peers(&[2, 3]), "edit {edit}");
        }
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "moments never run backwards")]
fn a_clock_that_runs_backwards_is_told_at_once() {
    let mut world = World::new(policy(), None, records(&[1, 2]));
    world.run_until(5.0);
    world.machine.next_action(at(4.0));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "two questions about one Service")]
fn two_questions_about_one_service_are_told_at_once() {
    let mut world = World::new(policy(), None, records(&[1, 2]));
    let questions = vec![question("eureka"), question("eureka")];
    world.machine.change_policy(Policy { questions, ..policy() }, world.now);
}

#[test]
fn accept_begins_no_list_beside_files_of_which_a_service_is_left_alone() {
    let two = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = World::new(two, None, records(&[1, 2]));
    world.dns[1].1 = EMPTY;
    world.machine.found_document(world.now);
    world.run_until(20.5);
    assert!(world.has(ConditionKind::HeldDocument));
    let refused = world.machine.accept(Consent::Records, world.now);
    let Err(NotAccepted::Nothing(of_each)) = refused else { panic!("{refused:?}") };
    let taken: Vec<_> = of_each.iter().map(|accepted| accepted.taken).collect();
    assert_eq!(taken, [Taken::Records { peers: 1 }, Taken::NeedsConsent]);
    world.run_until(30.5);
    assert!(world.has(ConditionKind::HeldDocument), "nothing has changed");
    assert!(world.machine.accept(Consent::Empty, world.now).is_ok());
    world.run_until(30.6);
    assert_eq!(world.listed(), peers(&[2]));
}

/// Whom there was no room for beside those that are missing has it once those are gone.
#[test]
fn accept_takes_all_of_an_answer_for_which_there_was_no_room() {
    let three = Policy { max_peers: 3, max_shrink: MaxShrink::from_percent(100).expect("valid"), ..policy() };
    let mut world = running(three, &[1, 2, 3, 4]);
    world.dns_then_run(records(&[1, 5, 6, 7]), 103.5);
    world.dns_then_run(records(&[1, 7, 8, 9]), 106.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5, 6, 7]));
    world.machine.accept(Consent::Records, world.now).expect("records are taken");
    assert_eq!(world.machine.desired(), Some(&peers(&[7, 8, 9])));
    assert!(!world.has(ConditionKind::ManyPeers) && !world.status().is_held());
}

#[test]
fn what_is_accepted_twice_is_believed_since_the_first_time() {
    let mut world = running(policy(), &[1, 2]);
    world.dns_then_run(EMPTY, 110.5);
    let since = |world: &mut World| {
        world.machine.accept(Consent::Empty, world.now).expect("taken");
        let conditions = world.status().conditions;
        conditions.into_iter().find(|it| it.kind() == ConditionKind::HeldEmpty).expect("shown").since
    };
    let first = since(&mut world);
    world.run_until(120.5);
    assert_eq!(since(&mut world), first);
}

/// A pod that is named under another port has not gone, and is not listed twice.
#[test]
fn another_port_of_a_host_takes_the_place_of_the_one_before() {
    let service = HeadlessService::from_setting("eureka", "ns", "cluster.local").expect("valid");
    let named = Question::Names { service, port_name: "http".parse().expect("valid") };
    let record = |number: u8, port: u16| Record::Target {
        name: format!("eureka-{number}.eureka.ns.svc.cluster.local").parse().expect("valid"),
        port: Port::new(port).expect("valid"),
    };
    let listed = |number: u8, port: u16| -> ServiceUrl {
        format!("http://eureka-{number}.eureka.ns.svc.cluster.local:{port}/eureka/").parse().expect("valid")
    };
    let policy = Policy { questions: vec![named], ..policy() };
    let answer = |port| Answer::Records((1..=3).map(|number| record(number, port)).collect());
    let mut world = World::new(policy, None, answer(8761));
    world.run_until(10.5);
    assert_eq!(world.listed().len(), 3);
    world.dns_then_run(answer(9000), 12.0);
    assert_eq!(world.listed(), (1..=3).map(|number| listed(number, 9000)).collect());
    // One of them has gone: it waits its time, under the port that it had.
    world.dns_then_run(Answer::Records(vec![record(1, 9001), record(2, 9001)]), 14.0);
    assert_eq!(world.listed(), [listed(1, 9001), listed(2, 9001), listed(3, 9000)].into());
}

#[test]
fn a_port_that_is_set_no_longer_leaves_the_addresses_at_once() {
    let at_port = |port: u16| Policy { port: Some(Port::new(port).expect("valid")), ..policy() };
    let mut world = running(at_port(9999), &[1, 2, 3]);
    world.machine.change_policy(policy(), world.now);
    world.run_until(100.6);
    assert_eq!(world.listed(), peers(&[2, 3]));
    assert!(!world.status().is_held());
}

/// What is not there yet cannot be kept as it is.
#[test]
fn a_first_list_may_be_accepted_although_it_will_be_frozen() {
    let waiting = Policy { freeze: true, min_peers: 3, start_deadline: Duration::from_secs(60), ..policy() };
    let mut world = World::new(waiting, None, records(&[1, 2]));
    world.run_until(5.5);
    assert_eq!(world.files, None);
    world.machine.accept(Consent::Records, world.now).expect("there is no list yet");
    world.dns_then_run(records(&[1, 2, 3]), 20.5);
    assert_eq!(world.listed(), peers(&[2]));
    assert!(world.has(ConditionKind::Frozen));
    assert_eq!(world.machine.accept(Consent::Records, world.now), Err(NotAccepted::Frozen));
}

#[test]
fn self_is_not_missed_in_a_service_that_is_believed_to_be_empty() {
    let mut world = running(policy(), &[2, 3]);
    assert!(world.has(ConditionKind::SelfNotFound));
    world.dns_then_run(EMPTY, 110.5);
    assert!(world.has(ConditionKind::SelfNotFound));
    world.machine.accept(Consent::Empty, world.now).expect("taken");
    assert!(!world.has(ConditionKind::SelfNotFound));
    world.dns_then_run(records(&[2, 3]), 120.5);
    assert!(world.has(ConditionKind::SelfNotFound));
}
