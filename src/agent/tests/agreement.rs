//! `/metrics` and `/status` agree: on every outcome of a question, and over every condition.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;

use crate::admin::{self, ListInPlace, SettingsInForce, Snapshot, Stage};
use crate::agent::Until;
use crate::model::{Answer, LookupFailure, Moment, PeerSet, Record, WallClock};
use crate::reconcile::samples::{lookup_failures, situations};
use crate::reconcile::{Condition, ConditionKind, Dated, Machine, Status};
use crate::settings::Key;
use crate::telemetry::{Metrics, Registry, VERSION};

use super::world::{Dns, World, in_paused_time, series, urls};

fn lookups(metrics: &BTreeMap<String, f64>) -> BTreeMap<&str, f64> {
    metrics
        .iter()
        .filter(|(name, _)| name.starts_with("eureka_peers_lookups_total{"))
        .map(|(name, value)| (name.as_str(), *value))
        .collect()
}

/// Lets DNS say this for a while, and returns what `/status` says of it, which alone was counted.
async fn outcome_of(answer: Answer, more: &[(Key, &str)]) -> String {
    let world = World::of(&[1, 2]);
    world.set_dns(Dns::Says(answer.clone()));
    let life = world.start(world.settings(more), Until::Stopped);
    life.until("three questions", |_| world.asked() >= 3).await;
    let shown = life.snapshots().status();
    let last = &shown["services"][0]["last"];
    let outcome = last["outcome"].as_str().expect("an outcome").to_owned();
    let record_type = shown["services"][0]["record_type"].as_str().expect("text").to_owned();
    let series = format!("eureka_peers_lookups_total{{record_type=\"{record_type}\",outcome=\"{outcome}\"}}");
    for (name, count) in lookups(&life.metrics()) {
        assert_eq!(count > 0.0, name == series, "{answer:?} is {outcome} in /status, and {name} {count}");
    }
    life.tell_to_stop();
    let _end = life.ended().await;
    outcome
}

#[test]
fn every_outcome_of_a_question_is_counted_under_the_name_that_the_status_gives_it() {
    in_paused_time(async {
        let by_name = [(Key::PeerHost, "name")];
        let address = |host: [u8; 4]| Record::Address(host.into());
        let target = |name: &str| Record::Target {
            name: name.parse().expect("valid"),
            port: crate::model::Port::EUREKA,
        };
        let empty = |no_such_name| Answer::Empty { no_such_name, soa_serial: 1 };
        let many = (0..=255_u8).flat_map(|c| (1..=3).map(move |d| address([10, 0, c, d]))).collect();
        for (answer, expected) in [
            (Answer::Records(vec![address([10, 0, 0, 2])]), "records"),
            (empty(true), "no_such_name"),
            (empty(false), "no_data"),
            // What the machine refuses, whatever the adapter says.
            (Answer::Records(vec![address([127, 0, 0, 1])]), "all_denied"),
            (Answer::Records(many), "too_many_peers"),
        ] {
            assert_eq!(outcome_of(answer, &[]).await, expected);
        }
        let service = "eureka.ns.svc.cluster.local";
        for (answer, expected) in [
            (Answer::Records(vec![target(service)]), "not_headless"),
            (Answer::Records(vec![target("eureka-0.other.svc.cluster.local")]), "malformed"),
            (Answer::Records(vec![target(&format!("eureka-0.{service}"))]), "records"),
            (Answer::Failed(LookupFailure::PortNameMissing), "port_name_missing"),
        ] {
            assert_eq!(outcome_of(answer, &by_name).await, expected);
        }
        for failure in lookup_failures() {
            let expected = failure.label();
            let is_of_names = failure == LookupFailure::PortNameMissing;
            let more = if is_of_names { &by_name[..] } else { &[] };
            assert_eq!(outcome_of(Answer::Failed(failure), more).await, expected);
        }
    });
}

/// A status of the whole program with these conditions, as both would show it.
fn both(status: Status) -> (BTreeMap<String, f64>, Value) {
    let clock = WallClock::started_at(SystemTime::UNIX_EPOCH);
    let mut registry = Registry::default();
    Metrics::register(&mut registry).observe_status(&status, clock);
    let (_sender, snapshots) = admin::snapshots(Snapshot {
        status,
        as_of: Moment::START,
        clock,
        list: ListInPlace::Nothing,
        stage: Stage::Running,
        version: VERSION,
        settings: SettingsInForce { fingerprint: String::new(), warnings: vec![] },
        loop_restarts: 0,
    });
    (series(&registry), snapshots.status())
}

fn expect_agreement(status: Status) {
    let what = format!("{:?}", status.conditions);
    let holds = status.is_held();
    let (metrics, shown) = both(status);
    let is_set = |name: &str| metrics[name] > 0.5;
    let texts = |list: &Value, field: &str| -> Vec<String> {
        let items = list.as_array().expect("a list").iter();
        items.map(|item| if field.is_empty() { item } else { &item[field] }).map(text).collect()
    };
    let kinds = texts(&shown["conditions"], "kind");
    let reasons = texts(&shown["held"]["reasons"], "");
    for kind in ConditionKind::ALL {
        let label = kind.label();
        let is_so = kinds.contains(&label.to_owned());
        assert_eq!(is_set(&format!("eureka_peers_condition{{condition=\"{label}\"}}")), is_so, "{what}");
        if kind.may_hold() {
            let is_so = is_so && holds;
            assert_eq!(reasons.contains(&label.to_owned()), is_so, "{what}");
            assert_eq!(is_set(&format!("eureka_peers_held_reason{{reason=\"{label}\"}}")), is_so, "{what}");
        }
    }
    assert_eq!(shown["held"]["is_held"], is_set("eureka_peers_held"), "{what}");
    for list in ["desired", "published", "adopted"] {
        let peers = shown[list]["peers"].as_array().map_or(0, Vec::len);
        let counted = metrics[&format!("eureka_peers_peers{{list=\"{list}\"}}")];
        assert_eq!(counted.to_string(), peers.to_string(), "{list}");
    }
    let is_other = shown["is_adopted"] == Value::Bool(false);
    assert_eq!(is_set("eureka_peers_desired_adopted_mismatch"), is_other, "{what}");
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

#[test]
fn every_condition_is_in_both_and_every_series_of_one_can_leave_0() {
    let world = World::of(&[1]);
    let machine = Machine::new(world.settings(&[]).policy, None, Moment::START);
    let nothing = || Status { conditions: vec![], ..machine.status(Moment::START) };
    expect_agreement(nothing());
    let dated = |value: PeerSet| Some(Dated { value, since: Moment::START });
    let mut seen = vec![];
    for situation in situations() {
        seen.push(situation.kind());
        let condition = Condition { since: Moment::START, until: None, situation };
        expect_agreement(Status { conditions: vec![condition], ..nothing() });
    }
    assert!(ConditionKind::ALL.iter().all(|kind| seen.contains(kind)));
    for (desired, adopted) in [(urls(&[2, 3]), urls(&[2])), (urls(&[2]), urls(&[2])), (urls(&[]), urls(&[]))]
    {
        let lists = Status { desired: dated(desired.clone()), adopted: dated(adopted), ..nothing() };
        expect_agreement(Status { published: dated(desired), ..lists });
    }
}

/// What a whole life shows at its end: alone, where self is no peer in any of the three.
#[test]
fn a_server_that_is_alone_has_no_peers_in_either() {
    in_paused_time(async {
        let world = World::of(&[1]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until("published", |life| life.shown().status.published.is_some()).await;
        assert_eq!(world.published(), urls(&[1]), "the file names it");
        let (shown, metrics) = (life.snapshots().status(), life.metrics());
        for list in ["desired", "published"] {
            assert_eq!(shown[list]["peers"], Value::Array(vec![]), "{list}");
            let counted = metrics[&format!("eureka_peers_peers{{list=\"{list}\"}}")];
            assert!(counted.abs() < f64::EPSILON, "{list}: {counted}");
        }
    });
}
