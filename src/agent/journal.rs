//! One log line a change: never one a poll, never a password.

use std::collections::BTreeMap;

use tracing::{debug, info, warn};

use crate::model::{Moment, PeerSet, ServiceUrl};
use crate::reconcile::{Condition, ConditionKind, PublishOutcome, Status};

/// What has been said already.
#[derive(Debug, Default)]
pub(super) struct Journal {
    last_change: u64,
    conditions: BTreeMap<(ConditionKind, Moment), String>,
    adopted: Option<PeerSet>,
}

impl Journal {
    /// Says what is new in `status`.
    pub(super) fn note(&mut self, status: &Status) {
        self.note_changes(status);
        self.note_conditions(status);
        self.note_adopted(status);
    }

    /// Says how a publication ended, where it changed something.
    pub(super) fn published(outcome: &PublishOutcome, peers: usize) {
        match outcome {
            PublishOutcome::Written => info!(peers, "published"),
            PublishOutcome::Repaired => {
                warn!(peers, "published again: the files had been changed or removed by others");
            }
            PublishOutcome::Unchanged => debug!(peers, "the files say so already"),
            // Shown as a condition, once and for as long as it lasts.
            PublishOutcome::Failed(_) => {}
        }
    }

    fn note_changes(&mut self, status: &Status) {
        let said = self.last_change;
        for change in status.history.iter().filter(|change| change.number > said) {
            info!(
                cause = change.cause.label(),
                added = %listed(&change.added),
                removed = %listed(&change.removed),
                peers = change.peers,
                "peers changed"
            );
        }
        self.last_change = status.history.back().map_or(said, |change| change.number);
    }

    fn note_conditions(&mut self, status: &Status) {
        let now: BTreeMap<_, _> = status
            .conditions
            .iter()
            .map(|condition| ((condition.kind, condition.since), condition.message.clone()))
            .collect();
        for condition in &status.conditions {
            if !self.conditions.contains_key(&(condition.kind, condition.since)) {
                say(condition);
            }
        }
        for (kind, _) in self.conditions.keys().filter(|key| !now.contains_key(key)) {
            if !now.keys().any(|(other, _)| other == kind) {
                info!(condition = kind.label(), "over");
            }
        }
        self.conditions = now;
    }

    fn note_adopted(&mut self, status: &Status) {
        let Some(adopted) = status.adopted.as_ref().map(|adopted| &adopted.value) else { return };
        let is_desired = status.desired.as_ref().is_some_and(|desired| desired.value == *adopted);
        if is_desired && self.adopted.as_ref() != Some(adopted) {
            let seconds = status.propagation.as_ref().map(|propagation| propagation.value.as_secs_f64());
            info!(
                peers = adopted.len(),
                seconds, "adopted: the server's own status lists exactly the desired peers"
            );
        }
        self.adopted = Some(adopted.clone());
    }
}

/// What passes by itself is told; what needs an operator is a warning.
fn say(condition: &Condition) {
    let (name, message) = (condition.kind.label(), &condition.message);
    match condition.kind {
        ConditionKind::ServerUnreachable | ConditionKind::HeldRemoval | ConditionKind::NothingKnown => {
            info!(condition = name, "{message}");
        }
        ConditionKind::NotPublished
        | ConditionKind::NotAdopted
        | ConditionKind::RefreshRefused
        | ConditionKind::RefreshFailing
        | ConditionKind::SelfNotRecognised
        | ConditionKind::StatusUnreadable
        | ConditionKind::HeldLookupFailed
        | ConditionKind::HeldNobody
        | ConditionKind::HeldShrink
        | ConditionKind::Frozen
        | ConditionKind::SelfNotFound
        | ConditionKind::ManyPeers => warn!(condition = name, "{message}"),
    }
}

fn listed(peers: &PeerSet) -> String {
    peers.iter().map(ServiceUrl::as_str).collect::<Vec<_>>().join(" ")
}
