//! The few calls that set and count the metrics.
//!
//! Every series of a closed set is there from the start, at 0, so that a rate over it and an alert
//! on it work before the first event.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use crate::model::{
    ConnectionTotals, ListenerName, MetricsFormat, Moment, PeerSet, RecordType, Unusable, WallClock,
};
use crate::reconcile::{ConditionKind, Dated, PublishOutcome, Status};

use super::families::{
    ListFamilies, ProgramFamilies, StepFamilies, condition_labels, connection_labels, hold_labels,
    list_labels, listener_labels, lookup_labels, outcome_labels, step_labels, unusable_labels,
};
use super::labels::{
    ConfirmOutcome, List, LookupOutcome, RefreshOutcome, ReloadOutcome, Step, holds, publish_label,
};
use super::text_format::text_format;

/// In front of every name.
const PREFIX: &str = "eureka_peers";

/// Every family of the program.
#[derive(Debug)]
pub struct Metrics {
    lists: ListFamilies,
    steps: StepFamilies,
    program: ProgramFamilies,
    /// When the propagation that was counted last was confirmed.
    counted_propagation: Option<Moment>,
}

/// The whole registry; as OpenMetrics with its `# EOF`.
pub fn encode(registry: &Registry, format: MetricsFormat) -> String {
    let mut body = String::new();
    text::encode(&mut body, registry).expect("writing to a string cannot fail");
    match format {
        MetricsFormat::Text => text_format(&body),
        MetricsFormat::OpenMetrics => body,
    }
}

impl Metrics {
    /// Registers every family, all series of closed sets at 0.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix(PREFIX);
        Self {
            lists: ListFamilies::register(registry),
            steps: StepFamilies::register(registry),
            program: ProgramFamilies::register(registry),
            counted_propagation: None,
        }
    }

    /// Sets every gauge that says how things stand, and counts a propagation that ended.
    pub fn observe_status(&mut self, status: &Status, clock: WallClock) {
        self.set_peers(List::Desired, status.desired.as_ref());
        self.set_peers(List::Published, status.published.as_ref());
        self.set_peers(List::Adopted, status.adopted.as_ref());
        self.lists.held.set(i64::from(status.is_held()));
        self.lists.desired_adopted_mismatch.set(i64::from(is_mismatch(status)));
        self.set_conditions(status);
        self.set_unusable(status);
        self.set_last_successes(status, clock);
        self.count_propagation(status);
    }

    /// Counts one question and its outcome.
    pub fn lookup(&self, record_type: RecordType, outcome: LookupOutcome, took: Duration) {
        self.steps.lookups.get_or_create(&lookup_labels(record_type, outcome.label())).inc();
        self.steps.lookup.observe(took.as_secs_f64());
    }

    /// Counts one publication; `date` is its end, since 1970.
    pub fn publication(&self, outcome: &PublishOutcome, took: Duration, date: Duration) {
        self.steps.publications.get_or_create(&outcome_labels(publish_label(outcome))).inc();
        self.steps.publication.observe(took.as_secs_f64());
        match outcome {
            PublishOutcome::Written | PublishOutcome::Unchanged | PublishOutcome::Repaired => {
                self.set_last_success(Step::Publish, date);
            }
            PublishOutcome::Failed(_) | PublishOutcome::Lost(_) => {}
        }
    }

    /// Counts one refresh.
    pub fn refresh(&self, outcome: RefreshOutcome<'_>) {
        self.steps.refreshes.get_or_create(&outcome_labels(outcome.label())).inc();
    }

    /// Counts one confirm.
    pub fn confirm(&self, outcome: ConfirmOutcome<'_>) {
        self.steps.confirms.get_or_create(&outcome_labels(outcome.label())).inc();
    }

    /// Counts one turn of the loop.
    pub fn loop_turned(&self) {
        self.program.loop_turns.inc();
    }

    /// Counts one restart of the loop after a panic.
    pub fn loop_restarted(&self) {
        self.program.loop_restarts.inc();
    }

    /// Names the settings that are in force.
    pub fn settings_in_force(&self, fingerprint: &str) {
        self.program.settings_info.clear();
        self.program.settings_info.get_or_create(&[("fingerprint", fingerprint.to_owned())]).set(1);
    }

    /// Counts one change of the settings file.
    pub fn settings_reload(&self, outcome: ReloadOutcome) {
        self.program.settings_reloads.get_or_create(&outcome_labels(outcome.label())).inc();
    }

    /// Takes over what a listener of the admin server counted; totals, not increments.
    pub fn admin(&self, listener: ListenerName, totals: ConnectionTotals) {
        for (end, total) in totals.by_end() {
            let series = self.program.admin_connections.get_or_create(&connection_labels(listener, end));
            series.inner().store(total, Ordering::Relaxed);
        }
        let errors = self.program.admin_accept_errors.get_or_create(&listener_labels(listener));
        errors.inner().store(totals.accept_errors, Ordering::Relaxed);
    }

    fn count_propagation(&mut self, status: &Status) {
        let Some(propagation) = &status.propagation else { return };
        if self.counted_propagation.replace(propagation.since) != Some(propagation.since) {
            self.lists.propagation.observe(propagation.value.as_secs_f64());
        }
    }

    fn set_peers(&self, list: List, peers: Option<&Dated<PeerSet>>) {
        let count = peers.map_or(0, |peers| peers.value.len());
        let count = i64::try_from(count).expect("a list in memory has fewer than 2^63 entries");
        self.lists.peers.get_or_create(&list_labels(list)).set(count);
    }

    fn set_conditions(&self, status: &Status) {
        let is_so = |kind| status.conditions.iter().any(|condition| condition.kind() == kind);
        let holds_by =
            |kind| status.conditions.iter().any(|condition| condition.kind() == kind && condition.is_hold());
        for kind in ConditionKind::ALL {
            self.lists.condition.get_or_create(&condition_labels(kind)).set(i64::from(is_so(kind)));
        }
        for kind in holds() {
            self.lists.held_reason.get_or_create(&hold_labels(kind)).set(i64::from(holds_by(kind)));
        }
    }

    fn set_unusable(&self, status: &Status) {
        let found = || status.services.iter().filter_map(|service| service.unusable.as_ref());
        for why in Unusable::ALL {
            let count: usize = found().filter_map(|found| found.value.by_reason.get(&why)).sum();
            let count = i64::try_from(count).expect("records in memory are fewer than 2^63");
            self.lists.unusable_records.get_or_create(&unusable_labels(why)).set(count);
        }
    }

    fn set_last_successes(&self, status: &Status, clock: WallClock) {
        // `None` is less than any moment: a Service that never answered keeps the step at 0.
        let resolved = status.services.iter().map(|service| service.records_at).min().flatten();
        for (step, at) in [
            (Step::Resolve, resolved),
            (Step::Refresh, status.refreshed_at),
            (Step::Confirm, status.confirmed_at),
        ] {
            if let Some(at) = at {
                self.set_last_success(step, clock.since_epoch(at));
            }
        }
    }

    fn set_last_success(&self, step: Step, date: Duration) {
        self.steps.last_success.get_or_create(&step_labels(step)).set(date.as_secs_f64());
    }
}

/// Whether both lists are known and are not the same.
fn is_mismatch(status: &Status) -> bool {
    match (&status.desired, &status.adopted) {
        (Some(desired), Some(adopted)) => desired.value != adopted.value,
        (Some(_) | None, None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
pub(super) mod tests;
