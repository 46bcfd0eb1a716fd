//! The server's side of the loop.

use std::time::Duration;

use super::world::*;
use crate::model::{DurationOrNever, Jitter, Listing, Moment, Refusal, ServerFault};
use crate::reconcile::samples::masked;
use crate::reconcile::{
    Action, Adoption, ConditionKind, Dated, NotAdopted, Observation, Policy, PublishOutcome, RefreshCall,
    Replicas, Role, Situation,
};

fn running(policy: Policy, hosts: &[u8]) -> World {
    let mut world = World::new(policy, None, records(hosts));
    world.server.peers = peers(&hosts[1..]);
    world.run_until(100.5);
    world
}

#[test]
fn a_server_that_has_the_list_is_never_refreshed() {
    let world = running(refreshing(), &[1, 2, 3]);
    assert_eq!(world.refreshes, []);
    assert_eq!(world.confirms.len(), 4, "at the start and every 30 s");
    let status = world.status();
    assert_eq!(status.adopted, Some(Dated { value: peers(&[2, 3]), since: at(0.0) }));
    assert_eq!(status.refreshed_at, None);
}

#[test]
fn a_change_is_published_refreshed_and_confirmed_at_once() {
    let mut world = running(refreshing(), &[1, 2]);
    world.dns_then_run(records(&[1, 2, 3]), 101.5);
    assert_eq!(world.refreshes, [at(101.0)]);
    assert_eq!(world.server.peers, peers(&[2, 3]));
    let status = world.status();
    assert_eq!(status.published, Some(Dated { value: peers(&[2, 3]), since: at(101.0) }));
    assert_eq!(status.refreshed_at, Some(at(101.0)));
    assert_eq!(status.confirmed_at, Some(at(101.0)));
    assert_eq!(status.adopted, Some(Dated { value: peers(&[2, 3]), since: at(101.0) }));
    assert_eq!(status.propagation.map(|propagation| propagation.value), Some(Duration::ZERO));
}

#[test]
fn a_starting_server_is_waited_for_quietly_and_not_refreshed_when_it_has_the_list() {
    let mut world = World::new(refreshing(), None, records(&[1, 2, 3]));
    world.server.behaviour = Behaviour::Down;
    world.run_until(60.0);
    assert_eq!(world.refreshes, []);
    assert!(world.has(ConditionKind::ServerUnreachable));
    world.server.peers = peers(&[2, 3]);
    world.server.behaviour = Behaviour::Takes;
    world.run_until(66.0);
    assert_eq!(world.refreshes, []);
    assert!(world.status().confirmed_at.is_some());
}

#[test]
fn a_change_while_the_server_was_down_is_not_lost() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Down;
    world.dns_then_run(records(&[1, 2, 3]), 200.0);
    assert_eq!(world.refreshes, [at(101.0)], "a server that is away is only asked for its status");
    world.server.behaviour = Behaviour::Takes;
    world.run_until(206.0);
    assert_eq!(world.server.peers, peers(&[2, 3]));
}

#[test]
fn sixty_changes_in_twenty_seconds_are_sixteen_refreshes_and_the_newest_wins() {
    let mut world = running(refreshing(), &[1, 2]);
    for step in 0..60_u8 {
        world.dns_then_run(records(&[1, 2, 100 + step]), 100.5 + f64::from(step) / 3.0);
    }
    world.run_until(300.0);
    let (during, after): (Vec<Moment>, Vec<Moment>) =
        world.refreshes.iter().copied().partition(|moment| *moment <= at(121.0));
    let quick = (101..=111).map(f64::from);
    let then = (113..=121).step_by(2).map(f64::from);
    assert_eq!(during, quick.chain(then).map(at).collect::<Vec<_>>(), "six, and one for each two seconds");
    assert!(!after.is_empty(), "the peers of the storm leave");
    for pair in after.windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_secs(5), "{pair:?}");
    }
    assert_eq!(world.server.peers, world.status().desired.expect("a list").value);
}

#[test]
fn a_masked_list_becomes_a_condition_not_a_loop() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Ignores;
    world.dns_then_run(records(&[1, 2, 3]), 2_000.0);
    assert_eq!(world.refreshes, [at(101.0), at(106.0), at(111.0)], "one and two counted retries");
    assert_eq!(world.files.as_ref().map(Listing::generation), Some(2), "each with a new key");
    assert!(world.has(ConditionKind::NotAdopted));
    let why = Situation::NotAdopted(NotAdopted::Masked(std::sync::Arc::new(masked())));
    assert_eq!(world.status().conditions[0].situation, why);
    world.dns_then_run(records(&[1, 2, 3, 4]), 4_000.0);
    assert_eq!(world.refreshes[3..], [at(2_001.0)], "while that stands, a changed list is told once");
    let stands = &world.status().conditions[0];
    assert_eq!((&stands.situation, stands.since), (&why, at(111.0)));
    world.server.behaviour = Behaviour::Takes;
    world.server.uptime_min = 0;
    world.run_until(6_000.0);
    assert_eq!(world.refreshes.len(), 4, "and nothing else deserves a try");
    assert!(world.has(ConditionKind::NotAdopted));
    world.dns_then_run(records(&[1, 2, 3, 4, 5]), 6_002.0);
    assert_eq!(world.refreshes.len(), 5);
    assert!(!world.has(ConditionKind::NotAdopted), "the one call was enough");
    world.server.behaviour = Behaviour::Ignores;
    world.dns_then_run(records(&[1, 2, 3, 4, 5, 6]), 7_000.0);
    assert_eq!(world.refreshes.len(), 8, "and the next list has all its tries again");
}

#[test]
fn a_list_that_the_server_has_already_ends_that_it_is_not_adopted() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Ignores;
    world.dns_then_run(records(&[1, 2, 3]), 120.0);
    assert!(world.has(ConditionKind::NotAdopted));
    world.server.peers = peers(&[2, 3, 4]);
    world.run_until(160.0);
    assert!(world.has(ConditionKind::NotAdopted), "it has another list");
    world.dns_then_run(records(&[1, 2, 3, 4]), 161.0);
    assert!(!world.has(ConditionKind::NotAdopted));
    assert_eq!(world.refreshes.len(), 3);
}

/// Five additions a second apart, by either call.
#[test]
fn additions_in_a_row_are_each_told_at_once() {
    for call in [RefreshCall::Refresh, RefreshCall::Env] {
        let policy = Policy { adoption: Adoption::Refresh { call, confirm: true }, ..policy() };
        let mut world = running(policy, &[1, 2]);
        for count in 3..=7_u8 {
            let until = 98.5 + f64::from(count);
            world.dns_then_run(records(&(1..=count).collect::<Vec<_>>()), until);
            assert_eq!(world.server.peers, peers(&(2..=count).collect::<Vec<_>>()), "{call:?} at {until}");
        }
        assert_eq!(world.refreshes, [101.0, 102.0, 103.0, 104.0, 105.0].map(at), "{call:?}");
    }
}

#[test]
fn removals_are_gathered_and_an_addition_does_not_wait_for_them() {
    let mut world = running(refreshing(), &[1, 2, 3, 4, 5, 6, 7]);
    // Each leaves on its own, a second after the one before: the first at 131.
    for (kept, until) in [(6, 101.5), (5, 102.5), (4, 131.5)] {
        world.dns_then_run(records(&(1..=kept).collect::<Vec<_>>()), until);
    }
    assert_eq!(world.refreshes, [at(131.0)], "the first need not wait");
    world.run_until(135.5);
    assert_eq!(world.refreshes.len(), 1, "the next two are gathered");
    assert_eq!(world.listed(), peers(&[2, 3, 4]), "though the file follows at once");
    world.run_until(136.5);
    assert_eq!(world.refreshes[1..], [at(136.0)], "five seconds after the one before");
    world.dns_then_run(records(&[1, 2, 3, 4, 8]), 137.5);
    assert_eq!(world.refreshes[2..], [at(137.0)], "and an addition comes a second after it");
}

#[test]
fn an_addition_takes_the_removals_along_that_wait() {
    let mut world = running(refreshing(), &[1, 2, 3, 4, 5, 6, 7]);
    for (kept, until) in [(6, 101.5), (5, 131.5)] {
        world.dns_then_run(records(&(1..=kept).collect::<Vec<_>>()), until);
    }
    assert_eq!(world.refreshes, [at(131.0)]);
    world.dns_then_run(records(&[1, 2, 3, 4, 5, 8]), 140.0);
    assert_eq!(world.refreshes, [131.0, 132.0].map(at));
    assert_eq!(world.server.peers, peers(&[2, 3, 4, 5, 8]));
}

/// As with Eureka's own client refresh: each call unregisters the server for seconds.
#[test]
fn a_server_that_takes_long_has_its_refreshes_five_seconds_apart() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Hangs;
    world.dns_then_run(records(&[1, 2, 3]), 102.1);
    world.server.behaviour = Behaviour::Takes;
    world.server.peers = peers(&[2, 3]);
    world.machine.handle(Observation::Refreshed(Ok(())), world.now, Jitter::NONE);
    world.dns_then_run(records(&[1, 2, 3, 4]), 107.5);
    world.dns_then_run(records(&[1, 2, 3, 4, 5]), 108.5);
    assert_eq!(world.refreshes, [101.0, 106.0, 108.0].map(at), "until one is quick again");
}

#[test]
fn a_call_that_failed_is_repeated_five_seconds_after_it_began() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Answers(failing("no"));
    world.dns_then_run(records(&[1, 2, 3]), 111.5);
    assert_eq!(world.refreshes, [101.0, 106.0, 111.0].map(at), "whatever budget there is");
}

#[test]
fn a_restarted_server_deserves_new_tries() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.uptime_min = 50;
    world.server.behaviour = Behaviour::Ignores;
    world.dns_then_run(records(&[1, 2, 3]), 1000.0);
    world.server.behaviour = Behaviour::Takes;
    world.server.uptime_min = 0;
    world.run_until(1040.0);
    assert_eq!(world.server.peers, peers(&[2, 3]));
    assert!(!world.has(ConditionKind::NotAdopted));
}

#[test]
fn drift_is_repaired() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.peers = peers(&[9]);
    world.run_until(140.0);
    assert_eq!(world.server.peers, peers(&[2]));
    assert_eq!(world.refreshes.len(), 1);
}

#[test]
fn a_hanging_call_is_given_up_and_cut_short_when_something_newer_waits() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Hangs;
    world.dns_then_run(records(&[1, 2, 3]), 117.0);
    assert_eq!(world.abandoned, [at(116.0)], "15 s");
    world.run_until(118.0);
    assert_eq!(world.refreshes.len(), 2, "tried again after a pause");
    world.dns_then_run(records(&[1, 2, 3, 4]), 122.5);
    assert_eq!(world.abandoned, [at(116.0), at(122.0)], "5 s");
    world.server.behaviour = Behaviour::Takes;
    world.run_until(130.0);
    assert_eq!(world.server.peers, peers(&[2, 3, 4]));
}

#[test]
fn a_failing_server_is_tried_for_ever_with_growing_pauses() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour =
        Behaviour::Answers(ServerFault::Failing { status: 500, reason: "no".to_owned() });
    world.dns_then_run(records(&[1, 2, 3]), 1101.0);
    assert!((30..45).contains(&world.refreshes.len()), "{}", world.refreshes.len());
    assert!(world.has(ConditionKind::RefreshFailing));
    world.server.behaviour = Behaviour::Takes;
    world.run_until(1140.0);
    assert_eq!(world.server.peers, peers(&[2, 3]));
    assert!(!world.has(ConditionKind::RefreshFailing));
}

#[test]
fn a_new_list_does_not_wait_out_the_pause_of_the_one_before() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Answers(failing("no"));
    world.dns_then_run(records(&[1, 2, 3]), 400.5);
    world.server.behaviour = Behaviour::Takes;
    world.dns_then_run(records(&[1, 2, 3, 4]), 401.5);
    assert_eq!(world.refreshes.last(), Some(&at(401.0)));
    assert_eq!(world.server.peers, peers(&[2, 3, 4]));
}

#[test]
fn a_refusal_is_named_and_tried_rarely() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.behaviour = Behaviour::Answers(ServerFault::Refused(Refusal::NotExposed));
    world.dns_then_run(records(&[1, 2, 3]), 701.0);
    assert!(world.refreshes.len() < 18, "{}", world.refreshes.len());
    assert!(world.has(ConditionKind::RefreshRefused));
}

#[test]
fn alone_the_dead_peers_are_flushed_through_the_sink_and_the_file_rests_on_self() {
    let policy =
        Policy { max_shrink: crate::model::MaxShrink::from_percent(100).expect("valid"), ..refreshing() };
    let mut world = running(policy, &[1, 2, 3]);
    world.dns_then_run(records(&[1]), 135.0);
    assert_eq!(world.listed(), peers(&[1]));
    assert_eq!(world.server.peers, [refreshing().sink].into(), "the dead ones are gone");
    assert_eq!(world.files.as_ref().and_then(Listing::sink), None, "the file at rest holds self only");
    assert_eq!(world.refreshes.len(), 1);
    assert_eq!(world.status().adopted.map(|adopted| adopted.value), Some(peers(&[])));
    world.run_until(1000.0);
    assert_eq!(world.refreshes.len(), 1);
    world.dns_then_run(records(&[1, 2]), 1010.0);
    assert_eq!(world.server.peers, peers(&[2]));
    assert_eq!(world.refreshes.len(), 2);
}

#[test]
fn a_server_that_lists_itself_is_a_condition_not_a_reason_to_refresh() {
    let mut world = running(refreshing(), &[1, 2]);
    world.server.peers = peers(&[1, 2]);
    world.run_until(200.0);
    assert!(world.has(ConditionKind::SelfNotRecognised));
    assert_eq!(world.refreshes, []);
}

#[test]
fn a_server_whose_status_is_broken_is_still_refreshed_once_a_change() {
    let mut world = running(refreshing(), &[1, 2]);
    world.status_fault =
        Some(ServerFault::Failing { status: 500, reason: "NullPointerException".to_owned() });
    world.run_until(300.0);
    assert_eq!(world.refreshes, []);
    world.dns_then_run(records(&[1, 2, 3]), 2000.0);
    assert_eq!(world.refreshes.len(), 1);
    assert_eq!(world.server.peers, peers(&[2, 3]));
    assert!(world.has(ConditionKind::StatusUnreadable));
}

#[test]
fn nothing_is_refreshed_before_it_is_published() {
    let mut world = running(refreshing(), &[1, 2]);
    world.volume = Err("no space".to_owned());
    world.dns_then_run(records(&[1, 2, 3]), 200.0);
    assert_eq!(world.refreshes, []);
    assert!(world.has(ConditionKind::NotPublished));
    world.volume = Ok(());
    world.run_until(220.0);
    assert_eq!(world.server.peers, peers(&[2, 3]));
}

#[test]
fn a_file_changed_by_others_is_put_back() {
    let mut world = running(policy(), &[1, 2]);
    world.files = None;
    world.run_until(131.0);
    assert_eq!(world.listed(), peers(&[2]));
}

#[test]
fn a_server_that_polls_by_itself_is_only_watched() {
    let mut world = running(Policy { adoption: Adoption::ConfirmOnly, ..policy() }, &[1, 2]);
    world.dns_then_run(records(&[1, 2, 3]), 110.5);
    assert_eq!(world.refreshes, []);
    assert!(!world.has(ConditionKind::NotAdopted));
    world.run_until(1000.0);
    assert!(world.has(ConditionKind::NotAdopted));
    world.server.peers = peers(&[2, 3]);
    world.run_until(1031.0);
    assert!(!world.has(ConditionKind::NotAdopted));
    assert_eq!(world.refreshes, []);
}

#[test]
fn a_client_is_refreshed_once_a_change_and_never_at_its_start() {
    let adoption = Adoption::Refresh { call: RefreshCall::Refresh, confirm: false };
    let mut world = World::new(Policy { adoption, role: Role::Client, ..policy() }, None, records(&[2, 3]));
    world.run_until(100.5);
    assert_eq!(world.refreshes, []);
    world.dns_then_run(records(&[2, 3, 4]), 200.0);
    assert_eq!(world.refreshes, [at(101.0)]);
    assert_eq!(world.confirms, []);
}

#[test]
fn a_server_that_stumbles_as_it_comes_up_is_soon_asked_again() {
    let mut world = World::new(refreshing(), None, records(&[1, 2]));
    world.server.behaviour = Behaviour::Down;
    world.run_until(60.2);
    world.server.behaviour = Behaviour::Takes;
    world.status_fault = Some(ServerFault::Failing { status: 500, reason: "starting".to_owned() });
    world.run_until(66.0);
    world.status_fault = None;
    world.run_until(70.0);
    let confirmed_at = world.status().confirmed_at;
    assert!(confirmed_at.is_some(), "not after the half minute that a long failure has earned");
    assert_eq!(world.server.peers, peers(&[2]));
    assert_eq!(world.refreshes, [confirmed_at.expect("just seen")], "and not unseen");
}

fn failing(reason: &str) -> ServerFault {
    ServerFault::Failing { status: 500, reason: reason.to_owned() }
}

#[test]
fn a_server_whose_status_never_works_is_told_once_and_not_before_its_start_may_be_over() {
    let mut world = World::new(refreshing(), None, records(&[1, 2]));
    world.status_fault = Some(failing("NullPointerException"));
    world.run_until(14.9);
    assert_eq!(world.refreshes, []);
    world.run_until(1000.0);
    assert_eq!(world.refreshes, [at(15.0)]);
    assert_eq!(world.server.peers, peers(&[2]));
}

#[test]
fn a_server_that_was_away_is_told_again_though_its_status_cannot_be_read() {
    let mut world = running(refreshing(), &[1, 2]);
    world.status_fault = Some(failing("NullPointerException"));
    world.run_until(200.5);
    for down_at in [200.5, 400.5] {
        world.server.behaviour = Behaviour::Down;
        world.run_until(down_at + 60.0);
        world.server.behaviour = Behaviour::Takes;
        world.server.peers = peers(&[9]);
        world.run_until(down_at + 199.0);
        assert_eq!(world.server.peers, peers(&[2]), "down at {down_at}");
    }
    assert_eq!(world.refreshes.len(), 2);
}

#[test]
fn a_server_whose_status_hangs_is_still_told_of_a_change() {
    let mut world = running(refreshing(), &[1, 2]);
    world.status_fault = Some(ServerFault::TimedOut);
    world.run_until(200.5);
    world.dns_then_run(records(&[1, 2, 3]), 300.5);
    assert_eq!(world.server.peers, peers(&[2, 3]));
    assert_eq!(world.refreshes.len(), 1);
}

#[test]
fn a_client_whose_actuator_is_named_at_run_time_is_told_once() {
    let client = Policy { role: Role::Client, ..policy() };
    let mut world = running(client.clone(), &[2, 3]);
    let adoption = Adoption::Refresh { call: RefreshCall::Refresh, confirm: false };
    world.machine.change_policy(Policy { adoption, ..client }, world.now);
    world.run_until(200.5);
    assert_eq!(world.refreshes.len(), 1);
    world.dns_then_run(records(&[2, 3, 4]), 300.5);
    assert_eq!(world.refreshes.len(), 2);
}

#[test]
fn a_status_that_arrives_after_confirming_was_switched_off_brings_no_sink() {
    let policy = Policy { empty_after: DurationOrNever::After(Duration::ZERO), ..refreshing() };
    let mut world = running(policy.clone(), &[1, 2]);
    world.server.behaviour = Behaviour::Ignores;
    world.dns_then_run(EMPTY, 130.5);
    assert!(world.files.as_ref().is_some_and(|files| files.sink().is_some()));

    let (machine, now) = (&mut world.machine, world.now);
    machine.change_policy(policy.clone(), now);
    assert!(matches!(machine.next_action(now), Some(Action::Publish(_))));
    machine.handle(Observation::Published(PublishOutcome::Unchanged), now, Jitter::NONE);
    assert_eq!(machine.next_action(now), Some(Action::Confirm));
    machine.change_policy(Policy { adoption: Adoption::None, ..policy }, now);
    let replicas = Replicas { peers: peers(&[2]), foreign: vec![], uptime_min: None };
    machine.handle(Observation::Confirmed(Ok(replicas)), now, Jitter::NONE);

    world.run_until(200.5);
    assert!(world.files.as_ref().is_some_and(|files| files.sink().is_none()));
}

/// A server under load answers refresh, and its status too late: what it was told stands until it says
/// something else.
#[test]
fn a_status_that_stops_answering_does_not_repeat_a_refresh_that_was_taken() {
    let mut world = running(refreshing(), &[1, 2]);
    world.status_fault = Some(ServerFault::TimedOut);
    world.dns_then_run(records(&[1, 2, 3]), 400.0);
    assert_eq!(world.refreshes, [at(101.0)], "one change, one refresh");
    world.dns_then_run(records(&[1, 2, 3, 4]), 800.0);
    assert_eq!(world.refreshes.len(), 2, "and one for the next: {:?}", world.refreshes);
    world.status_fault = None;
    world.run_until(900.0);
    assert_eq!(world.refreshes.len(), 2, "{:?}", world.refreshes);
    assert!(!world.has(ConditionKind::NotAdopted));
}
