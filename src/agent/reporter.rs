//! What the loop shows of itself: snapshots, metrics, liveness, log lines. Outlives a loop that
//! panics, so that nothing is said twice and no count is lost.

use std::time::Duration;

use tracing::{debug, warn};

use crate::admin::{AdminCounts, ListInPlace, Liveness, SettingsInForce, Snapshot, SnapshotSender, Stage};
use crate::model::{Answer, ListenerName, Moment, Question};
use crate::publish::ModeNotKept;
use crate::reconcile::{
    Condition, ConditionKind, NotPublished, PublishOutcome, STALLED_AFTER, Situation, Status,
};
use crate::telemetry::{ConfirmOutcome, LookupOutcome, Metrics, RefreshOutcome, ReloadOutcome, VERSION};

use super::End;
use super::clock::Clock;
use super::journal::{Journal, Publishing};
use super::pump::LONGEST_WAIT;

/// Everything that is shown.
pub struct Reporter {
    clock: Clock,
    snapshots: SnapshotSender,
    metrics: Metrics,
    liveness: Liveness,
    journal: Journal,
    settings: SettingsInForce,
    /// What the volume's file system makes of the files' mode, where it does not keep it.
    mode_not_kept: Option<ModeNotKept>,
    connections: AdminCounts,
    /// None before the directory has been looked at.
    list: Option<ListInPlace>,
    stage: Stage,
    loop_restarts: u64,
    /// Conditions from outside the machine.
    outside: Vec<Condition>,
}

impl Reporter {
    /// A reporter of a process that has not turned yet.
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
            mode_not_kept: None,
            connections,
            list: None,
            stage: Stage::Running,
            loop_restarts: 0,
            outside: vec![],
        }
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Shows how things stand after a turn of the loop.
    pub(super) fn turned(&mut self, mut status: Status, now: Moment) {
        self.liveness.stamp(now, LONGEST_WAIT);
        self.metrics.loop_turned();
        self.metrics.admin(ListenerName::Public, self.connections.public.read());
        self.metrics.admin(ListenerName::Local, self.connections.local.read());
        status.conditions.extend(self.outside.iter().cloned());
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
            settings: self.settings_shown(),
            loop_restarts: self.loop_restarts,
        });
    }

    /// The mode of the files is a setting as well, which the file system may ignore.
    fn settings_shown(&self) -> SettingsInForce {
        let mut settings = self.settings.clone();
        settings.warnings.extend(self.mode_not_kept.map(|mode| format!("file-mode: {}", ignored(mode))));
        settings
    }

    /// A publication found that the file system keeps the files' mode, or what it makes of it.
    pub(super) fn file_mode(&mut self, not_kept: Option<ModeNotKept>) {
        if let Some(mode) = not_kept.filter(|_| not_kept != self.mode_not_kept) {
            warn!(setting = "file-mode", "{}", ignored(mode));
        }
        self.mode_not_kept = not_kept;
    }

    /// The loop has been waiting for its disk since then, and is alive.
    ///
    /// After a while that is said, as of any publication. DNS has not been asked, so nothing is said of that.
    pub(super) fn waits(&mut self, since: Moment) {
        let now = self.clock.now();
        self.liveness.stamp(now, LONGEST_WAIT);
        if now.since(since) >= STALLED_AFTER {
            self.begin(Situation::NotPublished(NotPublished::Stalled), since);
            self.snapshots.show_conditions(self.outside.clone(), now);
        }
    }

    /// What was waited for has come.
    pub(super) fn disk_answers(&mut self) {
        self.outside.retain(|condition| condition.kind() != ConditionKind::NotPublished);
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
            None | Some(ListInPlace::Nothing | ListInPlace::TakenAway) => true,
            Some(ListInPlace::FoundAtStart | ListInPlace::KeptAsFound | ListInPlace::Published) => false,
        }
    }

    /// Others have taken the list away, emptied or changed it; it is to be put right.
    pub(super) fn lost_list(&mut self) {
        self.list = Some(ListInPlace::TakenAway);
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
        publishing: Publishing,
        took: Duration,
        now: Moment,
    ) {
        match outcome {
            PublishOutcome::Written | PublishOutcome::Unchanged | PublishOutcome::Repaired => {
                self.list = Some(match publishing {
                    Publishing::AsFound => ListInPlace::KeptAsFound,
                    _ => ListInPlace::Published,
                });
            }
            PublishOutcome::Lost(_) => self.lost_list(),
            // What was in place stays there.
            PublishOutcome::Failed(_) => {}
        }
        self.journal.published(outcome, publishing, now);
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
        self.settings = SettingsInForce { fingerprint, warnings };
        self.outside.retain(|condition| condition.kind() != ConditionKind::SettingsRejected);
    }

    pub(super) fn settings_rejected(&mut self, faults: String, now: Moment) {
        self.metrics.settings_reload(ReloadOutcome::Rejected);
        self.begin(Situation::SettingsRejected { faults: faults.into() }, now);
    }

    pub(super) fn loop_panicked(&mut self, message: &str) {
        self.loop_restarts += 1;
        self.metrics.loop_restarted();
        let situation = Situation::LoopRestarted { panic: message.into(), restarts: self.loop_restarts };
        self.begin(situation, self.clock.now());
    }

    /// Shows a condition from outside the machine, since it first was of its kind. It is said at once: the
    /// loop may not turn again.
    fn begin(&mut self, situation: Situation, now: Moment) {
        let kind = situation.kind();
        let before = self.outside.iter().find(|condition| condition.kind() == kind);
        let since = before.map_or(now, |before| before.since);
        let condition = Condition { since, until: None, situation };
        self.journal.note_condition(&condition, now);
        self.outside.retain(|condition| condition.kind() != kind);
        self.outside.push(condition);
        self.outside.sort_by_key(Condition::kind);
    }

    /// How the work ends that is told to stop now; `why` says why no list is in place.
    pub(super) fn end_of_stop(&self, why: impl FnOnce() -> String) -> End {
        match self.list {
            Some(ListInPlace::Nothing) => End::StoppedWithoutList(why()),
            Some(ListInPlace::TakenAway) => End::StoppedAfterLoss(why()),
            // Before the first look nothing is known, and nothing is claimed.
            None | Some(ListInPlace::FoundAtStart | ListInPlace::KeptAsFound | ListInPlace::Published) => {
                End::Stopped
            }
        }
    }

    pub(super) fn draining(&mut self) {
        self.stage = Stage::Draining;
    }
}

fn ignored(mode: ModeNotKept) -> String {
    format!(
        "{mode}; see that the server can read the files, and use a volume that keeps modes, such as an emptyDir"
    )
}
