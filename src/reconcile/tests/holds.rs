//! When a list is kept against what DNS says.

use std::time::Duration;

use super::world::*;
use crate::model::{Answer, DurationOrNever, LookupFailure, MaxShrink, Record, Unusable, UnusableRecord};
use crate::reconcile::{ConditionKind, Policy, Situation};

fn running(hosts: &[u8]) -> World {
    let mut world = World::new(policy(), None, records(hosts));
    world.run_until(100.5);
    world
}

#[test]
fn additions_at_once_removals_after_the_hold() {
    let mut world = running(&[1, 2, 3, 4]);
    world.dns_then_run(records(&[1, 2, 3, 5]), 101.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5]));
    assert!(world.has(ConditionKind::HeldRemoval));
    world.run_until(130.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5]));
    world.run_until(131.5);
    assert_eq!(world.listed(), peers(&[2, 3, 5]));
    assert!(!world.status().is_held());
}

#[test]
fn a_removal_takes_two_answers_even_without_a_hold() {
    let policy = Policy { remove_after: DurationOrNever::After(Duration::ZERO), ..policy() };
    let mut world = World::new(policy, None, records(&[1, 2, 3, 4]));
    world.run_until(100.5);
    world.dns_then_run(records(&[1, 2, 3]), 110.5);
    assert_eq!(world.writes, [at(0.0), at(102.0)]);
    assert_eq!(world.listed(), peers(&[2, 3]));
}

#[test]
fn two_caches_that_disagree_change_nothing() {
    let mut world = running(&[1, 2, 3, 4]);
    let writes = world.writes.len();
    for step in 0..600_u16 {
        let hosts: &[u8] = if step % 2 == 0 { &[1, 2, 3, 4] } else { &[1, 2, 3] };
        world.dns_then_run(records(hosts), 100.5 + f64::from(step));
    }
    assert_eq!(world.listed(), peers(&[2, 3, 4]));
    assert_eq!(world.writes.len(), writes);
}

#[test]
fn failures_neither_advance_nor_reset_the_removal_clock() {
    let mut world = running(&[1, 2, 3, 4]);
    world.dns_then_run(records(&[1, 2, 3]), 120.5);
    world.dns_then_run(SERVFAIL, 1000.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4]));
    world.dns_then_run(records(&[1, 2, 3]), 1035.0);
    let left_at = world.writes.last().expect("a removal").since(at(1000.5));
    assert_eq!(world.listed(), peers(&[2, 3]));
    assert!(
        left_at < Duration::from_secs(31 + 12),
        "{left_at:?}: 20 s of the hold had passed before the outage"
    );
}

#[test]
fn nothing_known_holds_for_ever() {
    for answer in [
        SERVFAIL,
        EMPTY,
        Answer::Failed(LookupFailure::Timeout),
        Answer::Failed(LookupFailure::NegativeWithoutSoa),
        Answer::Failed(LookupFailure::Truncated),
        Answer::Records(vec![]),
        records(&[]),
    ] {
        let mut world = running(&[1, 2, 3]);
        world.dns_then_run(answer.clone(), 10_000.0);
        assert_eq!(world.listed(), peers(&[2, 3]), "{answer:?}");
        assert!(world.status().is_held(), "{answer:?}");
    }
}

#[test]
fn empty_is_believed_only_after_empty_after() {
    let policy = Policy { empty_after: DurationOrNever::After(Duration::from_secs(60)), ..policy() };
    let mut world = World::new(policy, None, records(&[1, 2, 3]));
    world.run_until(10.5);
    world.dns_then_run(EMPTY, 70.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    world.run_until(71.0);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn an_implausible_fall_waits_until_it_has_lasted() {
    let mut world = running(&[1, 2, 3, 4, 5, 6, 7]);
    world.dns_then_run(records(&[1, 2, 3]), 200.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5, 6, 7]));
    assert!(world.has(ConditionKind::HeldShrink));
    world.run_until(399.0);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5, 6, 7]));
    world.run_until(402.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
}

#[test]
fn additions_pass_while_a_fall_is_doubted() {
    let mut world = running(&[1, 2, 3, 4, 5, 6, 7]);
    world.dns_then_run(records(&[1, 2, 9]), 110.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5, 6, 7, 9]));
}

#[test]
fn a_roll_out_that_changes_every_address_is_no_fall() {
    let mut world = running(&[1, 2, 3, 4]);
    world.dns_then_run(records(&[1, 12, 13, 14]), 140.5);
    assert_eq!(world.listed(), peers(&[12, 13, 14]));
}

#[test]
fn an_outage_does_not_age_what_was_seen_before_it() {
    let mut world = running(&[1, 2, 3, 4, 5, 6, 7]);
    world.dns_then_run(SERVFAIL, 1000.5);
    world.dns_then_run(records(&[1, 2]), 1200.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4, 5, 6, 7]));
}

#[test]
fn only_self_passes_the_same_holds() {
    let mut world = running(&[1, 2, 3]);
    world.dns_then_run(records(&[1]), 160.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    world.run_until(500.0);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn shrinking_may_be_allowed_whole() {
    let policy = Policy { max_shrink: MaxShrink::from_percent(100).expect("valid"), ..policy() };
    let mut world = World::new(policy, None, records(&[1, 2, 3]));
    world.run_until(10.5);
    world.dns_then_run(records(&[1]), 42.5);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn too_many_peers_are_not_believed() {
    let policy = Policy { max_peers: 3, ..policy() };
    let mut world = World::new(policy, None, records(&[1, 2, 3, 4]));
    world.run_until(5.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4]), "self is not counted");
    world.dns_then_run(records(&[1, 2, 3, 4, 5]), 50.5);
    assert_eq!(world.listed(), peers(&[2, 3, 4]));
    assert!(world.has(ConditionKind::HeldLookupFailed));
}

#[test]
fn the_list_is_bounded_however_many_names_dns_tries() {
    let policy = Policy { max_peers: 3, ..policy() };
    let mut world = World::new(policy, None, records(&[1, 2, 3, 4]));
    world.run_until(5.5);
    for step in 0..20 {
        let others = [10 + 3 * step, 11 + 3 * step, 12 + 3 * step];
        world.dns_then_run(records(&[&[1], &others[..]].concat()), 6.5 + f64::from(step));
    }
    assert_eq!(world.listed(), peers(&[2, 3, 4, 10, 11, 12]), "a roll-out fits, and no more");
    let conditions = world.status().conditions;
    let no_room = conditions.iter().find(|condition| condition.kind() == ConditionKind::ManyPeers);
    let Some(Situation::NoRoom { unlisted: 3, max_peers: 3, .. }) = no_room.map(|it| &it.situation) else {
        panic!("{conditions:?}")
    };
    // When it comes to its senses, who is there enters as the others leave.
    world.dns_then_run(records(&[1, 2, 3, 5]), 90.5);
    assert_eq!(world.listed(), peers(&[2, 3, 5]));
    assert!(!world.has(ConditionKind::ManyPeers));
}

#[test]
fn all_services_share_the_bound() {
    let questions = vec![question("eureka"), question("other")];
    let mut world = World::new(Policy { questions, max_peers: 3, ..policy() }, None, records(&[1, 2, 3]));
    for step in 0..10 {
        world.dns[1].1 = records(&[10 + step]);
        world.run_until(1.5 + f64::from(step));
    }
    assert_eq!(world.listed(), peers(&[2, 3, 10, 11, 12, 13]));
}

#[test]
fn time_in_which_nobody_asked_is_no_evidence() {
    for (before, after) in [(&[1, 2, 3, 4, 5][..], &[1, 2, 3, 4][..]), (&[1, 2, 3, 4, 5], &[1, 2])] {
        let mut world = running(before);
        world.dns_then_run(records(after), 101.5);
        // The process stands still, as on a node that is suspended.
        world.now = at(1000.0);
        world.run_until(1010.5);
        assert_eq!(world.listed(), peers(&before[1..]), "ten seconds and twelve");
    }
}

#[test]
fn nor_is_it_where_empty_is_said() {
    let policy = Policy { empty_after: DurationOrNever::After(Duration::from_secs(60)), ..policy() };
    let mut world = World::new(policy, None, records(&[1, 2]));
    world.run_until(10.5);
    world.dns_then_run(EMPTY, 11.5);
    world.now = at(1000.0);
    world.run_until(1047.5);
    assert_eq!(world.listed(), peers(&[2]), "twelve seconds and forty-seven");
    world.run_until(1048.5);
    assert_eq!(world.listed(), peers(&[1]));
}

#[test]
fn there_is_one_hold_while_somebody_is_always_missing() {
    let mut world = running(&[1, 2, 3, 4]);
    for step in 0..20_u16 {
        let hosts: &[u8] = if step % 2 == 0 { &[1, 2, 3] } else { &[1, 3, 4] };
        world.dns_then_run(records(hosts), 101.5 + f64::from(step));
        let conditions = world.status().conditions;
        let held = conditions.iter().find(|condition| condition.kind() == ConditionKind::HeldRemoval);
        assert_eq!(held.expect("somebody is missing").since, at(101.0));
    }
    world.dns_then_run(records(&[1, 2, 3, 4]), 130.5);
    assert!(!world.has(ConditionKind::HeldRemoval));
    world.dns_then_run(records(&[1, 2, 3]), 131.5);
    assert!(world.status().conditions.iter().any(|condition| condition.since == at(131.0)));
    // The one after it begins with the next answer, and not with what has left meanwhile.
    world.run_until(161.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    world.dns_then_run(records(&[1, 2]), 162.5);
    assert!(world.status().conditions.iter().any(|condition| condition.since == at(162.0)));
}

/// What cannot be used is said beside a list, in the order of the reasons, and ends with it.
#[test]
fn records_that_cannot_be_used_are_said_while_there_are_any() {
    let mut world = running(&[1, 2, 3]);
    let unusable = |why, what: &str| Record::Unusable(UnusableRecord { why, what: what.into() });
    let Answer::Records(mut mixed) = records(&[1, 2, 3]) else { unreachable!("records") };
    mixed.extend([
        unusable(Unusable::PortZero, "eureka-4.eureka:0"),
        unusable(Unusable::NotAHostName, "2001-db8--.eureka:8761"),
        unusable(Unusable::NotAHostName, "2001-db9--.eureka:8761"),
    ]);
    world.dns_then_run(Answer::Records(mixed), 103.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    let status = world.status();
    let found = status.services[0].unusable.as_ref().expect("said");
    assert_eq!(found.value.by_reason, [(Unusable::NotAHostName, 2), (Unusable::PortZero, 1)].into());
    assert_eq!((found.value.of, &*found.value.first.what), (6, "2001-db8--.eureka:8761"));
    assert!(world.has(ConditionKind::RecordsUnusable) && !status.is_held());
    world.dns_then_run(records(&[1, 2, 3]), 106.5);
    assert!(!world.has(ConditionKind::RecordsUnusable));
}

#[test]
fn denied_addresses_never_enter_and_all_denied_holds() {
    let mut world = running(&[1, 2, 3]);
    let mixed = Answer::Records(vec![
        crate::model::Record::Address([10, 0, 0, 2].into()),
        crate::model::Record::Address([10, 0, 0, 3].into()),
        crate::model::Record::Address([169, 254, 169, 254].into()),
    ]);
    world.dns_then_run(mixed, 101.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    let status = world.status();
    let found = &status.services[0].unusable.as_ref().expect("said").value;
    let first = UnusableRecord { why: Unusable::Denied, what: "169.254.169.254".into() };
    assert_eq!((found.count(), found.of, &found.first), (1, 3, &first));
    assert!(world.has(ConditionKind::RecordsUnusable));
    let denied = Answer::Records(vec![crate::model::Record::Address([127, 0, 0, 1].into())]);
    world.dns_then_run(denied, 1000.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    assert!(world.has(ConditionKind::HeldLookupFailed));
    // What cannot be used is said once, by the failure.
    assert!(!world.has(ConditionKind::RecordsUnusable));
    let status = world.status();
    let found = &status.services[0].unusable.as_ref().expect("said").value;
    assert_eq!((found.count(), found.of, &*found.first.what), (1, 1, "127.0.0.1"));
}

/// A Service with ports of 0 and targets that are no host names: as much is said as where some are usable.
#[test]
fn where_no_record_can_be_used_it_is_said_of_how_many_and_why() {
    let mut world = running(&[1, 2, 3]);
    let unusable = |why, what: &str| Record::Unusable(UnusableRecord { why, what: what.into() });
    let all = vec![
        unusable(Unusable::PortZero, "eureka-4.eureka:0"),
        unusable(Unusable::NotAHostName, "2001-db8--.eureka:8761"),
    ];
    world.dns_then_run(Answer::Records(all), 103.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
    let status = world.status();
    let found = &status.services[0].unusable.as_ref().expect("said").value;
    assert_eq!(found.by_reason, [(Unusable::NotAHostName, 1), (Unusable::PortZero, 1)].into());
    assert_eq!((found.of, &*found.first.what), (2, "2001-db8--.eureka:8761"));
    assert!(world.has(ConditionKind::HeldLookupFailed));
    world.dns_then_run(records(&[1, 2, 3]), 110.5);
    assert!(world.status().services[0].unusable.is_none() && !world.status().is_held());
}

#[test]
fn questions_back_off_under_failure_and_recover_at_once() {
    let mut world = running(&[1, 2]);
    let before = world.asked.len();
    world.dns_then_run(SERVFAIL, 400.5);
    let asked = world.asked.len() - before;
    assert!((57..=66).contains(&asked), "1, 2, 4, 5, 5 … in 300 s: {asked}");
    world.dns_then_run(records(&[1, 2, 3]), 406.5);
    assert_eq!(world.listed(), peers(&[2, 3]));
}

#[test]
fn several_services_hold_each_for_itself() {
    let two = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = World::new(two, None, records(&[1, 2]));
    world.dns[1].1 = records(&[11, 12]);
    world.run_until(10.5);
    assert_eq!(world.listed(), peers(&[2, 11, 12]));
    world.dns[1].1 = EMPTY;
    world.dns_then_run(records(&[1, 3]), 100.5);
    assert_eq!(world.listed(), peers(&[3, 11, 12]));
}

#[test]
fn a_pod_of_two_services_is_one_peer() {
    let two = Policy { questions: vec![question("eureka"), question("other")], max_peers: 3, ..policy() };
    let mut world = World::new(two, None, records(&[1, 2, 3, 4]));
    world.run_until(100.5);
    assert!(!world.status().is_held());
    world.dns_then_run(records(&[1, 2, 3, 5]), 110.5);
    assert!(world.has(ConditionKind::HeldLookupFailed), "2, 3, 4 and 5 are four");
}

#[test]
fn a_fall_is_timed_by_whichever_service_still_answers() {
    let two = Policy { questions: vec![question("eureka"), question("other")], ..policy() };
    let mut world = World::new(two, None, SERVFAIL);
    world.dns[0].1 = records(&[1, 2]);
    world.run_until(5000.0);
    world.dns[0].1 = SERVFAIL;
    world.dns[1].1 = records(&[1, 11, 12, 13, 14, 15, 16]);
    world.run_until(6000.0);
    world.dns[1].1 = records(&[1, 11]);
    world.run_until(6290.0);
    assert_eq!(world.listed().len(), 7);
    world.run_until(6310.0);
    assert_eq!(
        world.listed(),
        peers(&[2, 11]),
        "the clock of the silent one is far ahead and must not be waited for"
    );
}
