//! How a life begins.

use super::world::*;
use std::time::Duration;

use crate::model::{Answer, Jitter, Listing, Record};
use crate::reconcile::{
    Action, Condition, ConditionKind, Consent, Dated, Machine, NotPublished, Observation, OnDeadline, Policy,
    PublishOutcome, Role, SavedState, Situation,
};

fn previous(hosts: &[u8]) -> SavedState {
    SavedState {
        services: vec![(question("eureka").service().clone(), peers(hosts))],
        generation: 3,
        ..SavedState::default()
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
    for dns in [EMPTY, SERVFAIL] {
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
fn a_start_without_a_list_asks_soon_again_the_less_the_longer_it_waits_and_at_once_after_a_silence() {
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
    // What fails at once is not asked in a spin: after a 16th of the time that it has waited.
    assert_eq!(due_after(&mut machine, 4.08, 4.08), Some(at(4.08 + 4.08 / 16.0)));
    assert_eq!(due_after(&mut machine, 8.0, 8.0), Some(at(8.5)));
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

fn waiting() -> Policy {
    Policy { on_deadline: OnDeadline::Wait, ..policy() }
}

#[test]
fn a_start_that_waits_publishes_nothing_until_there_are_records() {
    for dns in [EMPTY, SERVFAIL] {
        let mut world = World::new(waiting(), None, dns);
        world.run_until(9.9);
        assert!(!world.has(ConditionKind::StartWaits), "the deadline has not passed");
        for until in [10.0, 60.0, 86_400.0] {
            world.run_until(until);
            assert_eq!(world.files, None);
            assert!(!world.machine.is_settled() && !world.machine.has_failed_to_start());
            assert!(world.has(ConditionKind::StartWaits) && !world.has(ConditionKind::NothingKnown));
        }
        let status = world.status();
        let waits = |condition: &&Condition| condition.kind() == ConditionKind::StartWaits;
        let waits = status.conditions.iter().find(waits).expect("it waits");
        let situation = Situation::StartWaits { asked: Some(question("eureka")), governing: None };
        assert_eq!((waits.since, &waits.situation), (at(10.0), &situation));
        assert!(waits.kind().hinders_first_list());
    }
}

#[test]
fn what_ends_the_wait_is_one_answer_however_few_it_names() {
    for (hosts, listed) in [(&[1][..], &[1][..]), (&[2], &[2]), (&[1, 2, 3], &[2, 3])] {
        // More peers than there are: --min-peers keeps its deadline.
        let mut world = World::new(Policy { min_peers: 5, ..waiting() }, None, SERVFAIL);
        world.run_until(900.0);
        world.dns_then_run(records(hosts), 906.0);
        assert_eq!(world.listed(), peers(listed));
        assert!(world.machine.is_settled());
        assert!(!world.has(ConditionKind::StartWaits));
    }
}

#[test]
fn answers_that_are_refused_end_no_wait() {
    let hostile = Answer::Records(vec![Record::Address("169.254.169.254".parse().expect("an address"))]);
    let many: Vec<u8> = (2..=20).collect();
    for dns in [hostile, records(&many)] {
        let mut world = World::new(Policy { max_peers: 10, ..waiting() }, None, dns);
        world.run_until(600.0);
        assert_eq!(world.files, None);
        assert!(world.has(ConditionKind::StartWaits));
        world.dns_then_run(records(&[1, 2]), 606.0);
        assert_eq!(world.listed(), peers(&[2]));
    }
}

#[test]
fn other_services_and_static_peers_end_no_wait() {
    let policy = Policy {
        questions: vec![question("eureka"), question("other")],
        static_peers: peers(&[200]),
        ..waiting()
    };
    let mut world = World::new(policy, None, EMPTY);
    world.dns[1].1 = records(&[11, 12]);
    world.run_until(600.0);
    assert_eq!(world.files, None);
    assert!(world.has(ConditionKind::StartWaits));
    world.dns_then_run(records(&[1]), 606.0);
    assert_eq!(world.listed(), peers(&[11, 12, 200]));
}

#[test]
fn a_late_start_asks_each_second_and_under_failure_each_five() {
    let longest = |world: &World, since: f64| {
        let asked: Vec<_> = world.asked.iter().filter(|asked| **asked >= at(since)).collect();
        let pauses = asked.windows(2).map(|pair| pair[1].since(*pair[0]));
        pauses.max().expect("more than one question")
    };
    for policy in [waiting(), Policy { role: Role::Client, ..policy() }] {
        let policy = Policy { interval: Duration::from_secs(10), ..policy };
        let mut world = World::new(policy, None, SERVFAIL);
        world.run_until(2400.0);
        assert_eq!(longest(&world, 30.0), Duration::from_secs(5));
        world.dns_then_run(EMPTY, 3000.0);
        assert_eq!(longest(&world, 2410.0), Duration::from_secs(5));
        world.dns_then_run(records(&[1, 2]), 3005.0);
        assert!(world.files.is_some(), "within one pause");
        world.dns_then_run(SERVFAIL, 4000.0);
        assert_eq!(longest(&world, 3100.0), Duration::from_secs(10), "there is a list: the interval");
    }
    let mut world = World::new(waiting(), None, EMPTY);
    world.run_until(600.0);
    assert_eq!(longest(&world, 30.0), Duration::from_secs(1));
}

#[test]
fn a_long_silence_is_part_of_the_pause_after_it() {
    let mut machine = Machine::new(waiting(), None, at(0.0));
    assert_eq!(machine.next_action(at(0.0)), Some(Action::Ask(question("eureka"))));
    let mut asked = 0.0;
    for _ in 0..10 {
        let answered = asked + 4.0;
        let answer = Observation::Answered { question: question("eureka"), answer: SERVFAIL };
        machine.handle(answer, at(answered), Jitter::NONE);
        let due = machine.poll_timeout().expect("it asks again");
        assert!(due <= at(asked + 5.0), "asked at {asked}, and again at {due}");
        asked = due.since_start().as_secs_f64().max(answered);
        assert_eq!(machine.next_action(at(asked)), Some(Action::Ask(question("eureka"))));
    }
}

#[test]
fn new_settings_begin_a_start_that_waits_anew() {
    let mut world = World::new(waiting(), None, EMPTY);
    world.run_until(100.0);
    world.machine.change_policy(policy(), world.now);
    world.run_until(110.0);
    assert_eq!(world.listed(), peers(&[1]), "`publish` publishes at its own deadline");
    // The name is corrected: the answer of the right Service ends the wait.
    let mut world = World::new(waiting(), None, EMPTY);
    world.run_until(100.0);
    let corrected = Policy { questions: vec![question("other")], ..waiting() };
    world.dns = vec![(question("other"), records(&[1, 2]))];
    world.machine.change_policy(corrected, world.now);
    world.run_until(100.1);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn a_saved_list_waits_for_nothing() {
    let mut world = World::new(waiting(), Some(&previous(&[2, 3])), SERVFAIL);
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[2, 3]));
    assert!(!world.has(ConditionKind::StartWaits));
}

/// A world whose saved state gave nothing, and whose files are whole.
fn with_document(policy: Policy, state: Option<&SavedState>, dns: Answer) -> World {
    let mut world = World::new(policy, state, dns);
    world.machine.found_document(at(0.0));
    world
}

#[test]
fn a_document_in_place_stays_until_there_are_records() {
    let nothing_good = SavedState { generation: 2, ..SavedState::default() };
    for state in [None, Some(&nothing_good)] {
        for policy in [refreshing(), Policy { adoption: refreshing().adoption, ..waiting() }] {
            for dns in [EMPTY, SERVFAIL] {
                let mut world = with_document(policy.clone(), state, dns);
                world.server.peers = peers(&[2, 3]);
                world.run_until(0.0);
                assert_eq!(world.kept, [at(0.0)], "the files are looked at at once");
                world.run_until(3600.0);
                assert_eq!((&world.files, world.refreshes.len()), (&None, 0));
                assert!(world.machine.is_settled());
                assert!(world.has(ConditionKind::HeldDocument) && world.status().is_held());
                assert!(!world.has(ConditionKind::NothingKnown) && !world.has(ConditionKind::StartWaits));
                assert!(world.kept.len() > 100, "and looked after: {}", world.kept.len());
                world.dns_then_run(records(&[1, 2, 4]), 3640.0);
                assert_eq!(world.listed(), peers(&[2, 4]));
                assert_eq!(world.server.peers, peers(&[2, 4]));
                assert!(!world.has(ConditionKind::HeldDocument));
            }
        }
    }
}

#[test]
fn a_document_in_place_stays_until_every_service_has_spoken() {
    let two = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = with_document(two, None, SERVFAIL);
    world.dns[0].1 = records(&[1, 2]);
    world.run_until(600.0);
    assert_eq!(world.files, None, "it may name peers of the other one");
    world.dns[1].1 = records(&[11]);
    world.run_until(660.0);
    assert_eq!(world.listed(), peers(&[2, 11]));
}

#[test]
fn a_document_in_place_is_frozen_like_any_list() {
    let mut world = with_document(Policy { freeze: true, ..policy() }, None, records(&[1, 2]));
    world.run_until(600.0);
    assert_eq!(world.files, None);
    world.machine.change_policy(policy(), world.now);
    world.run_until(602.0);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn a_document_in_place_ends_by_the_operators_word() {
    let mut world = with_document(policy(), None, EMPTY);
    world.run_until(60.0);
    assert!(world.machine.accept(Consent::Records, world.now).is_err());
    world.run_until(61.0);
    assert_eq!(world.files, None);
    assert!(world.machine.accept(Consent::Empty, world.now).is_ok());
    world.run_until(62.0);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn a_document_is_kept_like_any_list_and_not_past_one_of_our_own() {
    let mut world = with_document(policy(), Some(&previous(&[2, 3])), SERVFAIL);
    world.run_until(0.0);
    assert_eq!((world.listed(), world.kept.len()), (peers(&[2, 3]), 0), "the saved state is good");
    let mut world = with_document(policy(), None, SERVFAIL);
    world.run_until(60.0);
    // A letter is wrong in the new settings, and they are edited once more.
    let chosen_anew = Policy { questions: vec![question("other")], ..policy() };
    world.dns = vec![(question("other"), EMPTY)];
    world.machine.change_policy(chosen_anew.clone(), world.now);
    world.run_until(100.0);
    world.machine.change_policy(Policy { interval: Duration::from_secs(2), ..chosen_anew }, world.now);
    world.run_until(200.0);
    assert_eq!(world.files, None);
    assert!(world.has(ConditionKind::HeldDocument));
    world.dns[0].1 = records(&[1, 2]);
    world.run_until(210.0);
    assert_eq!(world.listed(), peers(&[2]));
    let mut world = with_document(policy(), None, SERVFAIL);
    world.run_until(5.0);
    world.machine.drop_document();
    world.run_until(11.0);
    assert_eq!(world.listed(), peers(&[1]), "it may not stay");
}

#[test]
fn a_document_whose_files_cannot_be_kept_is_a_fault() {
    let mut world = with_document(policy(), None, SERVFAIL);
    world.volume = Err("the directory is read-only".to_owned());
    world.run_until(60.0);
    assert!(world.has(ConditionKind::NotPublished) && !world.machine.is_settled());
    world.volume = Ok(());
    world.run_until(90.0);
    assert!(!world.has(ConditionKind::NotPublished) && world.machine.is_settled());
}

#[test]
fn a_client_publishes_nothing_before_the_first_real_answer() {
    let policy = Policy { role: Role::Client, ..policy() };
    let mut world = World::new(policy, None, EMPTY);
    world.run_until(100.0);
    assert_eq!(world.files, None);
    assert!(world.machine.has_failed_to_start());
    world.dns_then_run(records(&[1, 2]), 200.0);
    assert_eq!(world.listed(), peers(&[1, 2]), "a client lists every server");
}

#[test]
fn the_saved_state_is_in_place_at_once_and_its_peers_leave_only_by_the_rules() {
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
fn a_saved_state_of_other_services_is_not_ours() {
    let policy = Policy { questions: vec![question("other")], ..policy() };
    let mut world = World::new(policy, Some(&previous(&[2, 3])), SERVFAIL);
    world.run_until(9.0);
    assert_eq!(world.files, None, "neither its peers nor alone");
}

#[test]
fn a_saved_state_with_other_services_does_not_make_us_alone() {
    let other = Policy { questions: vec![question("other")], ..policy() };
    for hosts in [&[2, 3][..], &[]] {
        let mut world = World::new(other.clone(), Some(&previous(hosts)), SERVFAIL);
        world.run_until(9.9);
        assert_eq!(world.files, None);
    }
}

#[test]
fn a_saved_state_that_was_alone_is_alone_at_once() {
    let mut world = World::new(policy(), Some(&previous(&[])), SERVFAIL);
    world.run_until(0.0);
    assert_eq!(world.listed(), peers(&[1]));
    assert_eq!(world.files.as_ref().map(Listing::generation), Some(3));
}

#[test]
fn what_the_policy_forbids_does_not_come_back_from_a_saved_state() {
    let hostile = [url("169.254.169.254"), url("10.0.0.2"), url("evil.example")];
    let life = SavedState {
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
    assert!(!machine.cannot_publish(at(10.0)));
    assert!(machine.cannot_publish(at(11.0)));
    let situations: Vec<_> = machine.status(at(11.0)).conditions.into_iter().map(|it| it.situation).collect();
    assert_eq!(situations, [Situation::NotPublished(NotPublished::Stalled)]);
}
