//! How a life begins.

use super::world::*;
use crate::model::{Jitter, Listing, PeerSet};
use crate::reconcile::{
    Action, ConditionKind, Dated, Machine, Observation, OnDeadline, Policy, PreviousLife, PublishOutcome,
    Role,
};

fn previous(hosts: &[u8]) -> PreviousLife {
    PreviousLife {
        services: vec![(question("eureka").service().clone(), peers(hosts))],
        static_peers: PeerSet::new(),
        generation: 3,
    }
}

#[test]
fn the_first_records_are_published_at_once_without_self() {
    let mut world = World::new(policy(), None, records(&[1, 2, 3]));
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[2, 3]));
    assert_eq!(world.writes, [at(0.0)]);
    assert!(world.machine.is_settled());
    world.run_until(100.0);
    let status = world.status();
    assert_eq!(status.published, Some(Dated { value: peers(&[2, 3]), since: at(0.0) }));
    assert!(status.published.is_some() && !status.flushing);
}

#[test]
fn each_role_has_its_name() {
    assert_eq!(policy().role_label(), "server");
    assert_eq!(Policy { role: Role::Client, ..policy() }.role_label(), "client");
}

#[test]
fn alone_means_self() {
    let mut world = World::new(policy(), None, records(&[1]));
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn without_records_self_is_published_after_the_deadline() {
    for dns in [NOBODY, SERVFAIL] {
        let mut world = World::new(policy(), None, dns);
        world.run_until(9.9);
        assert_eq!(world.files, None);
        assert!(!world.machine.is_settled());
        assert!(world.status().published.is_none());
        world.run_until(10.0);
        assert_eq!(world.listed(), peers(&[1]));
        assert!(world.machine.is_settled());
        world.dns_then_run(records(&[1, 2]), 60.0);
        assert_eq!(world.listed(), peers(&[2]));
    }
}

#[test]
fn a_start_without_a_list_asks_each_40_ms_and_at_once_after_a_longer_silence() {
    let mut machine = Machine::new(policy(), None, at(0.0));
    let due_after = |machine: &mut Machine, asked: f64, answered: f64| {
        assert_eq!(machine.next_action(at(asked)), Some(Action::Ask(question("eureka"))));
        let answer = Observation::Answered { question: question("eureka"), answer: SERVFAIL };
        machine.handle(answer, at(answered), Jitter::NONE);
        machine.poll_timeout()
    };
    assert_eq!(due_after(&mut machine, 0.0, 0.0), Some(at(0.04)));
    assert_eq!(due_after(&mut machine, 0.04, 0.05), Some(at(0.08)));
    assert_eq!(due_after(&mut machine, 0.08, 4.08), Some(at(4.08)));
    assert_eq!(
        due_after(&mut machine, 4.08, 4.08),
        Some(at(4.12)),
        "what fails at once is not asked in a spin"
    );
}

#[test]
fn a_deadline_that_fails_publishes_nothing() {
    let policy = Policy { on_deadline: OnDeadline::Fail, ..policy() };
    let mut world = World::new(policy, None, SERVFAIL);
    world.run_until(9.9);
    assert!(!world.machine.has_failed_to_start());
    world.run_until(10.0);
    assert!(world.machine.has_failed_to_start());
    assert_eq!(world.files, None);
}

#[test]
fn a_client_publishes_nothing_before_the_first_real_answer() {
    let policy = Policy { role: Role::Client, ..policy() };
    let mut world = World::new(policy, None, NOBODY);
    world.run_until(100.0);
    assert_eq!(world.files, None);
    assert!(world.machine.has_failed_to_start());
    world.dns_then_run(records(&[1, 2]), 200.0);
    assert_eq!(world.listed(), peers(&[1, 2]), "a client lists every server");
}

#[test]
fn the_previous_life_is_in_place_at_once_and_its_peers_leave_only_by_the_rules() {
    let mut world = World::new(policy(), Some(&previous(&[2, 3])), SERVFAIL);
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[2, 3]));
    world.run_until(3600.0);
    assert_eq!(world.listed(), peers(&[2, 3]));
    world.dns_then_run(records(&[1, 2, 4]), 3630.0);
    assert_eq!(world.listed(), peers(&[2, 3, 4]), "the newcomer at once, the missing one after remove-after");
    world.run_until(3700.0);
    assert_eq!(world.listed(), peers(&[2, 4]));
}

#[test]
fn a_previous_life_of_other_services_is_not_ours() {
    let policy = Policy { questions: vec![question("other")], ..policy() };
    let mut world = World::new(policy, Some(&previous(&[2, 3])), SERVFAIL);
    world.run_until(9.0);
    assert_eq!(world.files, None, "neither its peers nor alone");
}

#[test]
fn a_previous_life_with_other_services_does_not_make_us_alone() {
    let other = Policy { questions: vec![question("other")], ..policy() };
    for hosts in [&[2, 3][..], &[]] {
        let mut world = World::new(other.clone(), Some(&previous(hosts)), SERVFAIL);
        world.run_until(9.9);
        assert_eq!(world.files, None);
    }
}

#[test]
fn a_previous_life_that_was_alone_is_alone_at_once() {
    let mut world = World::new(policy(), Some(&previous(&[])), SERVFAIL);
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[1]));
    assert_eq!(world.files.as_ref().map(Listing::generation), Some(3));
}

#[test]
fn what_the_policy_forbids_does_not_come_back_from_a_previous_life() {
    let hostile = [url("169.254.169.254"), url("10.0.0.2"), url("evil.example")];
    let life = PreviousLife {
        services: vec![(question("eureka").service().clone(), hostile.into())],
        ..previous(&[])
    };
    let mut world = World::new(policy(), Some(&life), SERVFAIL);
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn too_few_peers_wait_for_the_deadline() {
    let policy = Policy { min_peers: 2, ..policy() };
    let mut world = World::new(policy.clone(), None, records(&[1, 2]));
    world.run_until(9.0);
    assert_eq!(world.files, None);
    world.run_until(10.0);
    assert_eq!(world.listed(), peers(&[2]));

    let mut world = World::new(policy, None, records(&[1, 2]));
    world.run_until(3.5);
    world.dns_then_run(records(&[1, 2, 3]), 5.0);
    assert_eq!(world.listed(), peers(&[2, 3]));
}

#[test]
fn one_service_is_published_while_another_is_silent_and_init_waits_for_both() {
    let both = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut machine = Machine::new(both, None, at(0.0));
    let jitter = Jitter::NONE;
    let asks = |machine: &mut Machine| matches!(machine.next_action(at(0.0)), Some(Action::Ask(_)));
    assert!(asks(&mut machine) && asks(&mut machine));
    assert_eq!(machine.next_action(at(0.0)), None);
    let answered = |service, answer| Observation::Answered { question: question(service), answer };
    machine.handle(answered("eureka", records(&[1, 2])), at(0.1), jitter);
    assert!(matches!(machine.next_action(at(0.1)), Some(Action::Publish(_))));
    machine.handle(Observation::Published(PublishOutcome::Written), at(0.1), jitter);
    assert!(!machine.is_settled(), "the other Service has not been heard of");
    machine.handle(answered("other", SERVFAIL), at(4.0), jitter);
    assert!(machine.is_settled());
}

#[test]
fn self_that_is_not_found_is_a_condition() {
    let mut world = World::new(policy(), None, records(&[2, 3]));
    world.run_until(5.0);
    assert!(world.has(ConditionKind::SelfNotFound));
    world.dns_then_run(records(&[1, 2, 3]), 7.0);
    assert!(!world.has(ConditionKind::SelfNotFound));
}

#[test]
fn a_disk_that_does_not_answer_is_a_condition() {
    let mut machine = Machine::new(policy(), None, at(0.0));
    assert!(matches!(machine.next_action(at(0.0)), Some(Action::Ask(_))));
    let answered = Observation::Answered { question: question("eureka"), answer: records(&[1, 2]) };
    machine.handle(answered, at(0.0), Jitter::NONE);
    assert!(matches!(machine.next_action(at(0.0)), Some(Action::Publish(_))));
    assert_eq!(machine.status(at(10.0)).publish_failure(), None);
    let status = machine.status(at(11.0));
    assert!(status.publish_failure().is_some_and(|message| message.contains("disk")));
}
