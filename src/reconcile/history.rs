//! Changes of the desired list, and how long each took to arrive.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{Moment, PeerSet};

use super::status::{Change, ChangeCause, Dated, Status};

/// The latest changes.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    changes: VecDeque<Change>,
    number: u64,
    /// When the earliest change was seen that the server has not confirmed yet.
    unconfirmed_since: Option<Moment>,
    propagation: Option<Dated<Duration>>,
    is_confirmed_once: bool,
}

impl History {
    /// Books a change from `before` to `after`.
    pub(super) fn changed(
        &mut self,
        cause: ChangeCause,
        before: Option<&PeerSet>,
        after: &PeerSet,
        now: Moment,
    ) {
        // Before its first confirm the server is starting, and starts with what is published.
        if self.is_confirmed_once && cause == ChangeCause::Answer {
            self.unconfirmed_since.get_or_insert(now);
        }
        let none = PeerSet::new();
        let before = before.unwrap_or(&none);
        if self.changes.len() == Status::HISTORY_MAX {
            self.changes.pop_front();
        }
        self.number += 1;
        self.changes.push_back(Change {
            number: self.number,
            at: now,
            cause,
            added: after.difference(before).cloned().collect(),
            removed: before.difference(after).cloned().collect(),
            peers: after.len(),
        });
    }

    /// Books that the server holds the list.
    pub(super) fn confirmed(&mut self, now: Moment) {
        self.is_confirmed_once = true;
        if let Some(since) = self.unconfirmed_since.take() {
            self.propagation = Some(Dated { value: now.since(since), since: now });
        }
    }

    /// The latest changes, latest last.
    pub(super) fn changes(&self) -> &VecDeque<Change> {
        &self.changes
    }

    /// How long the latest confirmed change took from its first sight, and when it was confirmed.
    pub(super) fn propagation(&self) -> Option<&Dated<Duration>> {
        self.propagation.as_ref()
    }
}
