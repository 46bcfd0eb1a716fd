//! Whether a peer is in DNS: present, or missing since so much time of evidence.

use std::time::Duration;

use crate::model::DurationOrNever;

use super::evidence::Evidence;

/// Records answers in a row that must lack a peer before it may leave.
const ABSENCES_MIN: u32 = 2;

/// Whether the last records answer named a peer, and if not, since when.
#[derive(Clone, Copy, Debug)]
pub(super) enum Presence {
    Present,
    /// From so many answers, the first of which came when records had stood for so long.
    Missing {
        answers: u32,
        since_stood: Duration,
    },
}

impl Presence {
    pub(super) fn is_missing(self) -> bool {
        match self {
            Self::Present => false,
            Self::Missing { .. } => true,
        }
    }

    /// Books an answer without the peer, which came when records had stood for so long.
    pub(super) fn note_absence(&mut self, since_stood: Duration) {
        *self = match *self {
            Self::Present => Self::Missing { answers: 1, since_stood },
            Self::Missing { answers, since_stood } => {
                Self::Missing { answers: answers.saturating_add(1), since_stood }
            }
        };
    }

    /// When it was first missed, as the time that records had stood by then.
    pub(super) fn missing_since(self) -> Option<Duration> {
        match self {
            Self::Present => None,
            Self::Missing { since_stood, .. } => Some(since_stood),
        }
    }

    /// Whether the peer has been missing long enough to leave.
    pub(super) fn may_leave(self, records: Evidence, remove_after: DurationOrNever) -> bool {
        match self {
            Self::Present => false,
            Self::Missing { answers, since_stood } => {
                answers >= ABSENCES_MIN && remove_after.is_over(records.since(since_stood))
            }
        }
    }
}
