//! What the loop shows of itself: snapshots, metrics, liveness, log lines. Outlives a loop that
//! panics, so that nothing is said twice and no count is lost.

use std::time::Duration;

use tracing::{debug, error, warn};

use crate::admin::{
    AdminCounts, ListInPlace, Liveness, Notice, RejectedSettings, SettingsInForce, Snapshot, SnapshotSender,
    Stage,
};
use crate::model::{Answer, ListenerName, Moment, Question};
use crate::reconcile::{PublishOutcome, Status};
use crate::telemetry::{ConfirmOutcome, LookupOutcome, Metrics, RefreshOutcome, ReloadOutcome, VERSION};

use super::End;
use super::clock::Clock;
use super::journal::Journal;
use super::pump::LONGEST_WAIT;

/// Everything that is shown.
pub struct Board {
    clock: Clock,
    snapshots: SnapshotSender,
    metrics: Metrics,
    liveness: Liveness,
    journal: Journal,
    settings: SettingsInForce,
    connections: AdminCounts,
    /// None before the directory has been looked at.
    list: Option<ListInPlace>,
    stage: Stage,
    loop_restarts: u64,
    notices: Vec<Notice>,
}

impl Board {
    /// A board of a process that has not turned yet.
    pub fn new(
        clock: Clock,
        snapshots: SnapshotSender,
        metrics: Metrics,
        liveness: Liveness,
        settings: SettingsInForce,
        connections: AdminCounts,
    ) -> Self {
        metrics.settings_in_force(&settings.fingerprint);
        Self {
            clock,
            snapshots,
            metrics,
            liveness,
            journal: Journal::default(),
            settings,
            connections,
            list: None,
            stage: Stage::Running,
            loop_restarts: 0,
            notices: vec![],
        }
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Shows how things stand after a turn of the loop.
    pub(super) fn turned(&mut self, status: Status, now: Moment) {
        self.liveness.stamp(now, LONGEST_WAIT);
        self.metrics.loop_turned();
        self.metrics.admin(ListenerName::Public, self.connections.public.read());
        self.metrics.admin(ListenerName::Local, self.connections.local.read());
        self.journal.note(&status, now);
        let clock = self.clock.wall();
        self.metrics.observe_status(&status, clock);
        self.snapshots.show(Snapshot {
            status,
            as_of: now,
            clock,
            list: self.list.unwrap_or(ListInPlace::Nothing),
            stage: self.stage,
            version: VERSION,
            settings: self.settings.clone(),
            loop_restarts: self.loop_restarts,
            notices: self.notices.clone(),
        });
    }

    /// The loop waits for its disk, and is alive.
    pub(super) fn waits(&self) {
        self.liveness.stamp(self.clock.now(), LONGEST_WAIT);
    }

    /// The directory was looked at, and this was in place.
    pub(super) fn looked(&mut self, found: ListInPlace) {
        if self.has_no_list() {
            self.list = Some(found);
        }
    }

    /// Whether no list is in place, as far as that is known.
    pub(super) fn has_no_list(&self) -> bool {
        match self.list {
            None | Some(ListInPlace::Nothing) => true,
            Some(ListInPlace::OfPreviousLife | ListInPlace::OfThisLife) => false,
        }
    }

    /// Others took the list away, and it could not be put back.
    pub(super) fn lost_list(&mut self) {
        self.list = Some(ListInPlace::Nothing);
    }

    pub(super) fn state_is_unusable(reason: &str) {
        warn!(
            reason,
            "the saved state cannot be used, or not all of it; what is lacking comes anew from DNS"
        );
    }

    pub(super) fn heard(question: &Question, answer: &Answer, took: Duration) {
        debug!(%question, ?answer, seconds = took.as_secs_f64(), "answered");
    }

    pub(super) fn answered(&mut self, question: &Question, outcome: LookupOutcome, took: Duration) {
        self.metrics.lookup(question.record_type(), outcome, took);
    }

    pub(super) fn published(
        &mut self,
        outcome: &PublishOutcome,
        peers: Option<usize>,
        took: Duration,
        now: Moment,
    ) {
        match outcome {
            PublishOutcome::Written | PublishOutcome::Unchanged | PublishOutcome::Repaired => {
                self.list = Some(ListInPlace::OfThisLife);
            }
            // What was in place stays there; where others took it away, that is told apart.
            PublishOutcome::Failed(_) => {}
        }
        Journal::published(outcome, peers);
        self.metrics.publication(outcome, took, self.clock.wall().since_epoch(now));
    }

    pub(super) fn refreshed(&mut self, outcome: RefreshOutcome<'_>) {
        debug!(?outcome, "refreshed");
        self.metrics.refresh(outcome);
    }

    pub(super) fn confirmed(&mut self, outcome: ConfirmOutcome<'_>) {
        debug!(?outcome, "confirmed");
        self.metrics.confirm(outcome);
    }

    pub(super) fn settings_applied(&mut self, fingerprint: String, warnings: Vec<String>) {
        self.metrics.settings_reload(ReloadOutcome::Applied);
        self.metrics.settings_in_force(&fingerprint);
        self.settings = SettingsInForce { fingerprint, warnings, rejected: None };
    }

    pub(super) fn settings_rejected(&mut self, message: String, now: Moment) {
        error!(faults = message, "the new settings are refused whole; the old ones stay in force");
        self.metrics.settings_reload(ReloadOutcome::Rejected);
        let since = self.settings.rejected.as_ref().map_or(now, |rejected| rejected.since);
        self.settings.rejected = Some(RejectedSettings { since, message });
    }

    pub(super) fn loop_panicked(&mut self, message: &str) {
        error!(panic = message, "the loop panicked and starts again");
        self.loop_restarts += 1;
        self.metrics.loop_restarted();
        let now = self.clock.now();
        self.notices.retain(|notice| notice.kind != LOOP_RESTARTED);
        let message = format!("the loop panicked and was started again, the last time with: {message}");
        self.notices.push(Notice { kind: LOOP_RESTARTED, since: now, message });
    }

    /// How the work ends that is told to stop now; `why` says why no list is in place.
    pub(super) fn end_of_stop(&self, why: impl FnOnce() -> String) -> End {
        match self.list {
            Some(ListInPlace::Nothing) => End::StoppedWithoutList(why()),
            // Before the first look nothing is known, and nothing is claimed.
            None | Some(ListInPlace::OfPreviousLife | ListInPlace::OfThisLife) => End::Stopped,
        }
    }

    pub(super) fn draining(&mut self) {
        self.stage = Stage::Draining;
    }
}

const LOOP_RESTARTED: &str = "loop_restarted";
