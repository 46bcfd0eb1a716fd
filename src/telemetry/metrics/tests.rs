//! The families as a scraper sees them.

use std::time::SystemTime;

use crate::model::{AddressFamily, HeadlessService, LookupFailure, Moment, Question, ServerFault};
use crate::reconcile::samples::{publish_fault, situations};
use crate::reconcile::{Condition, ServiceStatus};

use super::super::VERSION;
use super::super::openmetrics::{Samples, read, read_text};
use super::*;

fn scrape(act: impl FnOnce(&mut Metrics)) -> Samples {
    let mut registry = Registry::default();
    let mut metrics = Metrics::register(&mut registry);
    act(&mut metrics);
    let samples = read(&encode(&registry, MetricsFormat::OpenMetrics));
    assert_eq!(
        read_text(&encode(&registry, MetricsFormat::Text)),
        samples,
        "both formats give the same samples"
    );
    samples
}

#[track_caller]
fn expect(samples: &Samples, expected: &[(&str, f64)]) {
    for (series, value) in expected {
        let found = samples.get(*series).unwrap_or_else(|| panic!("no {series} in {samples:#?}"));
        assert!((found - value).abs() < 1e-9, "{series} is {found}, not {value}");
    }
}

fn peers(texts: &[&str]) -> Dated<PeerSet> {
    let value = texts.iter().map(|text| text.parse().expect("a URL")).collect();
    Dated { value, since: Moment::START }
}

fn service(records_at: Option<u64>) -> ServiceStatus {
    let service = HeadlessService::from_setting("eureka", "ns", "cluster.local").expect("valid");
    ServiceStatus {
        question: Question::Addresses { service, family: AddressFamily::Ipv4 },
        last: None,
        unanswered_since: None,
        records_at: records_at.map(at),
        answered: PeerSet::new(),
        kept: PeerSet::new(),
        self_found: None,
        unusable: None,
    }
}

fn at(seconds: u64) -> Moment {
    Moment::at(Duration::from_secs(seconds))
}

fn condition(kind: ConditionKind) -> Condition {
    let situation = situations().into_iter().find(|situation| situation.kind() == kind);
    Condition { since: Moment::START, until: None, situation: situation.expect("a sample of each kind") }
}

/// A life that began at Unix time 1000.
fn clock() -> WallClock {
    WallClock::started_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1000))
}

#[test]
fn every_series_of_a_closed_set_is_there_from_the_start() {
    let samples = scrape(|_| {});
    let count = |prefix: &str| samples.keys().filter(|series| series.starts_with(prefix)).count();
    for (prefix, series) in [
        ("eureka_peers_lookups_total{", 3 * (3 + LookupFailure::LABELS.len() - 1)),
        ("eureka_peers_peers{", 3),
        ("eureka_peers_held_reason{", 6),
        ("eureka_peers_condition{", ConditionKind::ALL.len()),
        ("eureka_peers_publications_total{", 4),
        ("eureka_peers_refreshes_total{", 2 + ServerFault::LABELS.len()),
        ("eureka_peers_confirms_total{", 2 + ServerFault::LABELS.len()),
        ("eureka_peers_last_success_timestamp_seconds{", 4),
        ("eureka_peers_settings_reloads_total{", 2),
        ("eureka_peers_admin_connections_total{", 8),
        ("eureka_peers_admin_accept_errors_total{", 2),
    ] {
        assert_eq!(count(prefix), series, "{prefix}");
    }
    let build = format!("eureka_peers_build_info{{version=\"{VERSION}\"}}");
    for (series, value) in &samples {
        let expected = if *series == build { 1.0 } else { 0.0 };
        assert!((value - expected).abs() < f64::EPSILON, "{series} starts at {value}");
    }
    assert!(samples.contains_key(&build));
}

#[test]
fn events_are_counted_by_outcome() {
    let samples = scrape(|metrics| {
        let second = Duration::from_secs(1);
        let timeout = LookupOutcome::from(&crate::model::Answer::Failed(LookupFailure::Timeout));
        metrics.lookup(RecordType::Srv, timeout, second);
        metrics.publication(&PublishOutcome::Written, second, 7 * second);
        metrics.publication(&PublishOutcome::Failed(publish_fault("disk full")), second, 9 * second);
        metrics.refresh(RefreshOutcome::Taken);
        metrics.refresh(RefreshOutcome::Failed(&ServerFault::TimedOut));
        metrics.confirm(ConfirmOutcome::Different);
        metrics.settings_reload(ReloadOutcome::Rejected);
        metrics.loop_turned();
        metrics.loop_restarted();
    });
    expect(
        &samples,
        &[
            ("eureka_peers_lookups_total{record_type=\"SRV\",outcome=\"timeout\"}", 1.0),
            ("eureka_peers_lookup_seconds_bucket{le=\"1.0\"}", 1.0),
            ("eureka_peers_lookup_seconds_sum", 1.0),
            ("eureka_peers_publications_total{outcome=\"written\"}", 1.0),
            ("eureka_peers_publications_total{outcome=\"failed\"}", 1.0),
            ("eureka_peers_publication_seconds_count", 2.0),
            ("eureka_peers_last_success_timestamp_seconds{step=\"publish\"}", 7.0),
            ("eureka_peers_refreshes_total{outcome=\"taken\"}", 1.0),
            ("eureka_peers_refreshes_total{outcome=\"timeout\"}", 1.0),
            ("eureka_peers_confirms_total{outcome=\"different\"}", 1.0),
            ("eureka_peers_settings_reloads_total{outcome=\"rejected\"}", 1.0),
            ("eureka_peers_loop_turns_total", 1.0),
            ("eureka_peers_loop_restarts_total", 1.0),
        ],
    );
}

#[test]
fn a_status_sets_the_gauges_and_the_next_one_takes_them_back() {
    let two = Status {
        services: vec![service(Some(5)), service(Some(3))],
        desired: Some(peers(&["http://a:1/", "http://b:1/"])),
        published: Some(peers(&["http://a:1/", "http://b:1/"])),
        adopted: Some(peers(&["http://a:1/"])),
        confirmed_at: Some(at(2)),
        refreshed_at: Some(at(4)),
        conditions: vec![condition(ConditionKind::NotAdopted), condition(ConditionKind::HeldShrink)],
        ..Status::default()
    };
    let samples = scrape(|metrics| metrics.observe_status(&two, clock()));
    expect(
        &samples,
        &[
            ("eureka_peers_peers{list=\"desired\"}", 2.0),
            ("eureka_peers_peers{list=\"published\"}", 2.0),
            ("eureka_peers_peers{list=\"adopted\"}", 1.0),
            ("eureka_peers_held", 1.0),
            ("eureka_peers_held_reason{reason=\"held_shrink\"}", 1.0),
            ("eureka_peers_held_reason{reason=\"frozen\"}", 0.0),
            ("eureka_peers_condition{condition=\"not_adopted\"}", 1.0),
            ("eureka_peers_condition{condition=\"held_shrink\"}", 1.0),
            ("eureka_peers_desired_adopted_mismatch", 1.0),
            ("eureka_peers_last_success_timestamp_seconds{step=\"resolve\"}", 1003.0),
            ("eureka_peers_last_success_timestamp_seconds{step=\"confirm\"}", 1002.0),
            ("eureka_peers_last_success_timestamp_seconds{step=\"refresh\"}", 1004.0),
        ],
    );
    let samples = scrape(|metrics| {
        metrics.observe_status(&two, clock());
        metrics.observe_status(&Status::default(), clock());
    });
    expect(
        &samples,
        &[
            ("eureka_peers_peers{list=\"desired\"}", 0.0),
            ("eureka_peers_held", 0.0),
            ("eureka_peers_held_reason{reason=\"held_shrink\"}", 0.0),
            ("eureka_peers_condition{condition=\"not_adopted\"}", 0.0),
            ("eureka_peers_desired_adopted_mismatch", 0.0),
            ("eureka_peers_last_success_timestamp_seconds{step=\"resolve\"}", 1003.0),
        ],
    );
}

#[test]
fn a_service_that_never_answered_keeps_resolve_undated() {
    let status = Status { services: vec![service(Some(5)), service(None)], ..Status::default() };
    let samples = scrape(|metrics| metrics.observe_status(&status, clock()));
    expect(&samples, &[("eureka_peers_last_success_timestamp_seconds{step=\"resolve\"}", 0.0)]);
}

#[test]
fn one_settings_series_is_in_force() {
    let samples = scrape(|metrics| {
        metrics.settings_in_force("one");
        metrics.settings_in_force("two \"\\\n");
    });
    let series: Vec<_> = samples.keys().filter(|series| series.contains("settings_info")).collect();
    assert_eq!(series, ["eureka_peers_settings_info{fingerprint=\"two \\\"\\\\\\n\"}"]);
}

#[test]
fn totals_of_the_admin_server_are_taken_over_not_added() {
    let totals = ConnectionTotals { answered: 5, broken: 4, overdue: 3, evicted: 2, accept_errors: 1 };
    let samples = scrape(|metrics| {
        metrics.admin(ListenerName::Public, ConnectionTotals::default());
        metrics.admin(ListenerName::Public, totals);
        metrics.admin(ListenerName::Public, totals);
    });
    expect(
        &samples,
        &[
            ("eureka_peers_admin_connections_total{listener=\"public\",end=\"answered\"}", 5.0),
            ("eureka_peers_admin_connections_total{listener=\"public\",end=\"broken\"}", 4.0),
            ("eureka_peers_admin_connections_total{listener=\"public\",end=\"overdue\"}", 3.0),
            ("eureka_peers_admin_connections_total{listener=\"public\",end=\"evicted\"}", 2.0),
            ("eureka_peers_admin_accept_errors_total{listener=\"public\"}", 1.0),
            ("eureka_peers_admin_connections_total{listener=\"local\",end=\"answered\"}", 0.0),
        ],
    );
}

#[test]
fn a_propagation_is_observed_once() {
    let before = Status::default();
    let propagation = Some(Dated { value: std::time::Duration::from_secs(2), since: at(12) });
    let after = Status { propagation, ..Status::default() };
    let samples = scrape(|metrics| {
        for status in [&before, &after, &after] {
            metrics.observe_status(status, clock());
        }
    });
    expect(
        &samples,
        &[("eureka_peers_propagation_seconds_count", 1.0), ("eureka_peers_propagation_seconds_sum", 2.0)],
    );
}
