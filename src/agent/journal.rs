//! One log line a change: never one a poll, never a password.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::model::{Moment, PeerSet, ServiceUrl};
use crate::reconcile::{Change, Condition, ConditionKind, PublishOutcome, ServiceStatus, Status};

/// As long as records may lack the pod of a server that starts, and is listed only when it is ready.
const SELF_MISSING_MAX: Duration = Duration::from_secs(60);

/// Between two lines about a start that waits.
const REMINDER_INTERVAL: Duration = Duration::from_secs(60);

/// What has been said already.
#[derive(Debug, Default)]
pub(super) struct Journal {
    last_change: u64,
    conditions: BTreeSet<(ConditionKind, Moment)>,
    /// When it was last said that the start waits.
    reminded: Option<Moment>,
    adopted: Option<PeerSet>,
}

impl Journal {
    /// Says what is new in `status`.
    pub(super) fn note(&mut self, status: &Status, now: Moment) {
        self.remind(status, now);
        self.note_changes(status);
        self.note_conditions(status);
        self.note_adopted(status);
    }

    /// Says how a publication ended, where it changed something.
    pub(super) fn published(outcome: &PublishOutcome, peers: Option<usize>) {
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

    /// A pod that waits is told of again and again: whoever looks at its log sees the end of it.
    fn remind(&mut self, status: &Status, now: Moment) {
        let is_waiting = |condition: &&Condition| condition.kind == ConditionKind::StartWaits;
        let Some(waiting) = status.conditions.iter().find(is_waiting) else {
            self.reminded = None;
            return;
        };
        let said = *self.reminded.get_or_insert(now);
        if now.since(said) >= REMINDER_INTERVAL {
            self.reminded = Some(now);
            warn!(condition = waiting.kind.label(), "{}", status.why_no_list());
        }
    }

    fn note_changes(&mut self, status: &Status) {
        for change in self.unsaid(&status.history) {
            info!(
                cause = change.cause.label(),
                added = %listed(&change.added),
                removed = %listed(&change.removed),
                peers = change.peers,
                "peers changed"
            );
        }
    }

    /// The changes that were not said yet; they count as said from here on.
    fn unsaid<'a>(&mut self, history: &'a VecDeque<Change>) -> impl Iterator<Item = &'a Change> + use<'a> {
        let newest = history.back().map_or(self.last_change, |change| change.number);
        // Numbers that fall are those of a loop that was started again.
        let said = if newest < self.last_change { 0 } else { self.last_change };
        self.last_change = newest;
        history.iter().filter(move |change| change.number > said)
    }

    fn note_conditions(&mut self, status: &Status) {
        let worth_saying = || status.conditions.iter().filter(|condition| is_worth_saying(condition, status));
        let key = |condition: &Condition| (condition.kind, condition.since);
        worth_saying().filter(|condition| !self.conditions.contains(&key(condition))).for_each(say);
        let now: BTreeSet<_> = worth_saying().map(key).collect();
        for (kind, _) in self.conditions.difference(&now) {
            // A start that begins to wait still knows nothing.
            let goes_on = *kind == ConditionKind::NothingKnown
                && now.iter().any(|(other, _)| *other == ConditionKind::StartWaits);
            if !goes_on && !now.iter().any(|(other, _)| other == kind) {
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

/// That there is no list of our own says nothing before DNS has had its first word, and that records lack
/// us nothing while the pod may only be starting.
fn is_worth_saying(condition: &Condition, status: &Status) -> bool {
    let mut services = status.services.iter();
    match condition.kind {
        ConditionKind::NothingKnown | ConditionKind::HeldDocument => {
            services.any(|service| service.last.is_some())
        }
        ConditionKind::SelfNotFound => services.any(|service| lacks_self_for_long(service, condition.since)),
        _ => true,
    }
}

/// Whether the records of this Service have lacked self since then, in answers that are far enough apart.
fn lacks_self_for_long(service: &ServiceStatus, since: Moment) -> bool {
    let lacks = service.self_found.as_ref().is_some_and(|found| !found.value && found.since == since);
    lacks && service.records_at.is_some_and(|latest| latest.since(since) >= SELF_MISSING_MAX)
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
        | ConditionKind::SeveralServers
        | ConditionKind::StatusUnreadable
        | ConditionKind::StartWaits
        | ConditionKind::HeldDocument
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HeadlessService, Question};
    use crate::reconcile::{ChangeCause, Dated};

    fn history(numbers: impl IntoIterator<Item = u64>) -> VecDeque<Change> {
        let change = |number| Change {
            number,
            at: Moment::START,
            cause: ChangeCause::Answer,
            added: PeerSet::new(),
            removed: PeerSet::new(),
            peers: 0,
        };
        numbers.into_iter().map(change).collect()
    }

    #[test]
    fn each_change_is_said_once_and_those_of_a_new_loop_are_new() {
        let mut journal = Journal::default();
        let mut said = |numbers: &[u64]| {
            let history = history(numbers.iter().copied());
            journal.unsaid(&history).map(|change| change.number).collect::<Vec<_>>()
        };
        assert_eq!(said(&[]), [0; 0]);
        assert_eq!(said(&[1, 2]), [1, 2]);
        assert_eq!(said(&[1, 2]), [0; 0]);
        assert_eq!(said(&[2, 3, 4]), [3, 4]);
        assert_eq!(said(&[]), [0; 0], "a new loop that knows of nothing");
        assert_eq!(said(&[1]), [1]);
        assert_eq!(said(&[1, 2]), [2]);
    }

    #[test]
    fn records_that_lack_self_are_a_warning_when_they_did_so_for_a_minute() {
        let at = |seconds| Moment::at(Duration::from_secs(seconds));
        let service = HeadlessService::from_setting("eureka", "ns", "cluster.local").expect("valid");
        let question = Question::Names { service, port_name: "http".parse().expect("valid") };
        let lacks = |found: Option<bool>, latest: Option<u64>| {
            let status = ServiceStatus {
                question: question.clone(),
                last: None,
                records_at: latest.map(at),
                answered: PeerSet::new(),
                kept: PeerSet::new(),
                self_found: found.map(|value| Dated { value, since: at(10) }),
            };
            lacks_self_for_long(&status, at(10))
        };
        assert!(lacks(Some(false), Some(70)));
        assert!(!lacks(Some(false), Some(69)), "it may be starting");
        assert!(!lacks(Some(true), Some(100)));
        assert!(!lacks(None, None));
    }
}
