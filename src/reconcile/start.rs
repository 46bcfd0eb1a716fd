//! How a start goes: what it waits for, what ends it, and what is in place meanwhile.
//!
//! A list may begin with records; at the deadline with less, as the operator has chosen; or by the
//! operator's word. Must never replace a list that is in place by one that DNS has not given.

use std::time::Duration;

use crate::model::{Moment, PeerSet};

use super::ledger::Ledger;
use super::machine::Machine;
use super::{ChangeCause, OnDeadline};

/// The pause between two questions in the first moments of a start. A pod that cannot begin its work waits for us.
const START_PAUSE_MIN: Duration = Duration::from_millis(40);
/// From then on the pause is this part of the time that it has waited: some 60 questions until
/// `--start-deadline`, and not 250, which a thousand pods would ask at once of a DNS that refuses them all.
const START_PAUSE_SHARE: u32 = 16;

/// The longest pause between two questions of a start that has waited for so long for its list.
pub(super) fn start_pause(waited: Duration) -> Duration {
    (waited / START_PAUSE_SHARE).max(START_PAUSE_MIN)
}

/// The longest pause between two questions of a start that still has no list after its deadline. It may
/// have waited for an hour, and its server waits with it.
pub(super) const LATE_START_PAUSE_MAX: Duration = Duration::from_secs(5);

/// How a start is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Waiting for records.
    Waiting { deadline: Moment },
    /// The deadline has passed.
    Overdue { since: Moment },
    /// The operator has ended it with what there was.
    Accepted,
}

/// How often DNS is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// A start without a list: as often as is worth the while of a pod that waits.
    FirstList,
    /// The same after its deadline: never rarely.
    LateStart,
    /// There is a list.
    Steady,
}

impl Machine {
    /// A whole document of ours was found in place, of which the policy permits every URL.
    ///
    /// Where the saved state gave no list, it stays as it is until every Service has given records.
    pub fn found_document(&mut self, now: Moment) {
        if self.desired.is_none() {
            self.found_since = Some(now);
        }
    }

    /// The document that was found may not stay any longer.
    pub fn drop_document(&mut self) {
        self.found_since = None;
    }

    /// Whether there is a list from the start on: one of the saved state, or a document that was found.
    pub fn has_list(&self) -> bool {
        !self.has_no_list()
    }

    /// Whether the start is over and its list is in place. This is when `init` has done its work.
    ///
    /// A start ends when every Service has been heard of and has given records enough, or at its deadline.
    pub fn is_settled(&self) -> bool {
        let is_heard = self.has_enough_records() && self.ledgers.iter().all(Ledger::is_asked);
        let is_over = is_heard || (self.is_past_deadline() && !self.has_failed_to_start());
        is_over && self.wanted_content().is_some_and(|content| self.publishing.says(&content))
    }

    /// Whether the start deadline has passed without what the operator asked to wait for.
    pub fn has_failed_to_start(&self) -> bool {
        let is_enough = match self.policy.on_deadline {
            OnDeadline::Publish => self.wanted_content().is_some(),
            OnDeadline::Wait => true,
            OnDeadline::Fail => self.has_enough_records(),
        };
        self.is_past_deadline() && !is_enough
    }

    /// Since when a start that has passed its deadline waits for records (`--on-deadline wait`).
    pub(super) fn waiting_since(&self) -> Option<Moment> {
        match (self.start, self.policy.on_deadline) {
            (Start::Overdue { since }, OnDeadline::Wait) => Some(since).filter(|_| self.has_no_list()),
            (Start::Waiting { .. } | Start::Overdue { .. } | Start::Accepted, _) => None,
        }
    }

    /// Whether all that a first list waits for is more peers (`--min-peers`).
    pub(super) fn waits_for_peers(&self) -> bool {
        let counts = match (self.start, self.policy.on_deadline) {
            (Start::Waiting { .. }, _) | (Start::Overdue { .. }, OnDeadline::Fail) => true,
            (Start::Overdue { .. } | Start::Accepted, _) => false,
        };
        counts && self.desired.is_none() && self.has_awaited_records() && !self.has_enough_records()
    }

    /// When the start deadline passes; none once it has, and where nobody waits for it any more.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.start {
            Start::Waiting { deadline } => Some(deadline),
            Start::Overdue { .. } | Start::Accepted => None,
        }
    }

    /// Since when the files are kept as they were found, for want of a list of our own.
    pub(super) fn kept_document_since(&self) -> Option<Moment> {
        self.found_since.filter(|_| self.desired.is_none())
    }

    /// Begins the start anew, for settings under which another thing may be waited for.
    pub(super) fn start_anew(&mut self, now: Moment) {
        self.start = Start::Waiting { deadline: now.after(self.policy.start_deadline) };
    }

    pub(super) fn note_time(&mut self, now: Moment) {
        if let Start::Waiting { deadline } = self.start
            && deadline <= now
        {
            self.start = Start::Overdue { since: now };
            if self.desired.is_none() {
                self.desire(ChangeCause::StartDeadline, now);
            }
        }
    }

    pub(super) fn pace(&self) -> Pace {
        match self.start {
            _ if !self.has_no_list() => Pace::Steady,
            Start::Waiting { .. } => Pace::FirstList,
            Start::Overdue { .. } | Start::Accepted => Pace::LateStart,
        }
    }

    /// Whether `peers` may become the desired list: never empty for a client, and not too early.
    pub(super) fn may_stand(&self, peers: &PeerSet) -> bool {
        let is_nothing = peers.is_empty() && self.policy.own().is_none();
        !is_nothing && (self.desired.is_some() || self.may_begin())
    }

    /// Whether the first list may be made now.
    fn may_begin(&self) -> bool {
        match self.start {
            Start::Waiting { .. } => self.has_enough_records(),
            Start::Overdue { .. } => self.may_begin_late(),
            Start::Accepted => true,
        }
    }

    /// What is enough after the deadline, when peers are no longer counted.
    fn may_begin_late(&self) -> bool {
        match self.policy.on_deadline {
            OnDeadline::Publish => self.found_since.is_none() || self.has_awaited_records(),
            OnDeadline::Wait => self.has_awaited_records(),
            OnDeadline::Fail => self.has_enough_records(),
        }
    }

    fn has_enough_records(&self) -> bool {
        self.has_awaited_records() && self.union().len() >= self.policy.min_peers
    }

    /// Whether those Services have given records without which there is no list.
    ///
    /// All of them where a document is in place, which may name peers of each. With `wait` the one that
    /// names self: others say nothing of whether the settings are right. Where the kubelet names one that is
    /// not asked, none of them is known to be right, so it takes all.
    fn has_awaited_records(&self) -> bool {
        let mut ledgers = self.ledgers.iter();
        match (self.found_since, self.policy.on_deadline, self.policy.home()) {
            (Some(_), _, _) => ledgers.all(Ledger::has_records),
            (None, OnDeadline::Wait, Some(_)) if self.policy.governed_elsewhere().is_some() => {
                ledgers.all(Ledger::has_records)
            }
            (None, OnDeadline::Wait, Some(home)) => {
                ledgers.any(|ledger| ledger.question == *home && ledger.has_records())
            }
            (None, OnDeadline::Publish | OnDeadline::Wait | OnDeadline::Fail, _) => {
                ledgers.any(Ledger::has_records)
            }
        }
    }

    /// Whether the start deadline has not passed yet, and nobody has ended the start.
    pub(super) fn is_starting(&self) -> bool {
        !self.is_past_deadline()
    }

    fn is_past_deadline(&self) -> bool {
        match self.start {
            Start::Waiting { .. } => false,
            Start::Overdue { .. } | Start::Accepted => true,
        }
    }

    pub(super) fn has_no_list(&self) -> bool {
        self.desired.is_none() && self.found_since.is_none()
    }
}
