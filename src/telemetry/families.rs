//! The metric families: names, help, buckets, and every series of a closed set at 0.
//!
//! Must never carry a peer's name: the number of series is fixed.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::model::{ConnectionTotals, ListenerName, RecordType, Unusable};
use crate::reconcile::ConditionKind;

use super::VERSION;
use super::labels::{
    ConfirmOutcome, List, LookupOutcome, PUBLISH_LABELS, RECORD_TYPES, RefreshOutcome, ReloadOutcome, Step,
    holds,
};

/// From a cached answer (a millisecond) to the last try of the last server.
const LOOKUP_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// From a tmpfs (the target is 5 ms) to a disk that stalls.
const PUBLICATION_BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The target is a second in the median and never over two; beyond lie retries and masked lists.
const PROPAGATION_BUCKETS: [f64; 12] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0];

/// Label names and values of one series.
pub(super) type Labels<const N: usize> = [(&'static str, &'static str); N];

/// A gauge of seconds since 1970.
pub(super) type Timestamp = Gauge<f64, AtomicU64>;

/// How the lists stand.
#[derive(Debug)]
pub(super) struct ListFamilies {
    pub(super) peers: Family<Labels<1>, Gauge>,
    pub(super) held: Gauge,
    pub(super) held_reason: Family<Labels<1>, Gauge>,
    pub(super) condition: Family<Labels<1>, Gauge>,
    pub(super) unusable_records: Family<Labels<1>, Gauge>,
    pub(super) desired_adopted_mismatch: Gauge,
    pub(super) propagation: Histogram,
}

impl ListFamilies {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            peers: plain(registry, "peers", "Peers in the list, self and sink left out; 0 while not known"),
            held: plain(registry, "held", "Whether the list is kept against what DNS says"),
            held_reason: plain(registry, "held_reason", "Why the list is kept"),
            condition: plain(registry, "condition", "Whether this deserves attention now"),
            unusable_records: plain(
                registry,
                "unusable_records",
                "Records in the last answers of DNS that cannot be used, by reason",
            ),
            desired_adopted_mismatch: plain(
                registry,
                "desired_adopted_mismatch",
                "Whether the server is known to hold another list than the desired one",
            ),
            propagation: seconds(
                registry,
                "propagation",
                "From first sight in DNS to a server that is confirmed to have it",
                &PROPAGATION_BUCKETS,
            ),
        };
        start_at_zero(&families.peers, List::ALL.map(list_labels));
        start_at_zero(&families.held_reason, holds().map(hold_labels));
        start_at_zero(&families.condition, ConditionKind::ALL.map(condition_labels));
        start_at_zero(&families.unusable_records, Unusable::ALL.map(unusable_labels));
        families
    }
}

/// What the loop did.
#[derive(Debug)]
pub(super) struct StepFamilies {
    pub(super) lookups: Family<Labels<2>, Counter>,
    pub(super) lookup: Histogram,
    pub(super) publications: Family<Labels<1>, Counter>,
    pub(super) publication: Histogram,
    pub(super) refreshes: Family<Labels<1>, Counter>,
    pub(super) confirms: Family<Labels<1>, Counter>,
    pub(super) last_success: Family<Labels<1>, Timestamp>,
}

impl StepFamilies {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let lookup_help = "Time to an outcome of a question";
        let publication_help = "Time of a publication";
        let families = Self {
            lookups: plain(registry, "lookups", "Questions asked of DNS"),
            lookup: seconds(registry, "lookup", lookup_help, &LOOKUP_BUCKETS),
            publications: plain(registry, "publications", "Publications"),
            publication: seconds(registry, "publication", publication_help, &PUBLICATION_BUCKETS),
            refreshes: plain(registry, "refreshes", "Refreshes of the server"),
            confirms: plain(registry, "confirms", "Readings of the server's own list"),
            last_success: Family::default(),
        };
        registry.register_with_unit(
            "last_success_timestamp",
            "Unix time of the last success of a step; 0 before the first",
            Unit::Seconds,
            families.last_success.clone(),
        );
        families.start_at_zero();
        families
    }

    fn start_at_zero(&self) {
        for record_type in RECORD_TYPES {
            let series =
                LookupOutcome::labels(record_type).map(|outcome| lookup_labels(record_type, outcome));
            start_at_zero(&self.lookups, series);
        }
        start_at_zero(&self.publications, PUBLISH_LABELS.map(outcome_labels));
        start_at_zero(&self.refreshes, RefreshOutcome::labels().map(outcome_labels));
        start_at_zero(&self.confirms, ConfirmOutcome::labels().map(outcome_labels));
        start_at_zero(&self.last_success, Step::ALL.map(step_labels));
    }
}

/// The program itself.
#[derive(Debug)]
pub(super) struct ProgramFamilies {
    pub(super) loop_turns: Counter,
    pub(super) loop_restarts: Counter,
    pub(super) settings_info: Family<[(&'static str, String); 1], Gauge>,
    pub(super) settings_reloads: Family<Labels<1>, Counter>,
    pub(super) admin_connections: Family<Labels<2>, Counter>,
    pub(super) admin_accept_errors: Family<Labels<1>, Counter>,
}

impl ProgramFamilies {
    pub(super) fn register(registry: &mut Registry) -> Self {
        registry.register("build", "The running build", Info::new([("version", VERSION)]));
        let families = Self {
            loop_turns: plain(registry, "loop_turns", "Turns of the loop"),
            loop_restarts: plain(registry, "loop_restarts", "Restarts of the loop after a panic"),
            settings_info: plain(registry, "settings_info", "The settings in force"),
            settings_reloads: plain(registry, "settings_reloads", "Changes of the settings file"),
            admin_connections: plain(
                registry,
                "admin_connections",
                "Connections of the admin server, by listener and end",
            ),
            admin_accept_errors: plain(
                registry,
                "admin_accept_errors",
                "Failed accepts of the admin server, such as for want of file descriptors",
            ),
        };
        families.start_at_zero();
        families
    }

    fn start_at_zero(&self) {
        start_at_zero(
            &self.settings_reloads,
            ReloadOutcome::ALL.map(|outcome| outcome_labels(outcome.label())),
        );
        for listener in ListenerName::ALL {
            let series =
                ConnectionTotals::default().by_end().map(|(end, _)| connection_labels(listener, end));
            start_at_zero(&self.admin_connections, series);
        }
        start_at_zero(&self.admin_accept_errors, ListenerName::ALL.map(listener_labels));
    }
}

fn plain<M: Metric + Default + Clone>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn seconds(registry: &mut Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let histogram = Histogram::new(buckets.iter().copied());
    registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    histogram
}

fn start_at_zero<const N: usize, M: Clone + Default>(
    family: &Family<Labels<N>, M>,
    series: impl IntoIterator<Item = Labels<N>>,
) {
    for labels in series {
        drop(family.get_or_create(&labels));
    }
}

pub(super) fn lookup_labels(record_type: RecordType, outcome: &'static str) -> Labels<2> {
    [("record_type", record_type.as_str()), ("outcome", outcome)]
}

pub(super) fn outcome_labels(outcome: &'static str) -> Labels<1> {
    [("outcome", outcome)]
}

pub(super) fn list_labels(list: List) -> Labels<1> {
    [("list", list.label())]
}

pub(super) fn hold_labels(kind: ConditionKind) -> Labels<1> {
    [("reason", kind.label())]
}

pub(super) fn unusable_labels(why: Unusable) -> Labels<1> {
    [("reason", why.label())]
}

pub(super) fn condition_labels(kind: ConditionKind) -> Labels<1> {
    [("condition", kind.label())]
}

pub(super) fn step_labels(step: Step) -> Labels<1> {
    [("step", step.label())]
}

pub(super) fn connection_labels(listener: ListenerName, end: &'static str) -> Labels<2> {
    [("listener", listener.label()), ("end", end)]
}

pub(super) fn listener_labels(listener: ListenerName) -> Labels<1> {
    [("listener", listener.label())]
}
