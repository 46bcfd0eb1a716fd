//! Telling the server to take the list over: how often, how far apart, and when that is given up.
//!
//! A 200 from refresh is no proof, and each refresh disturbs the server: a list that is not taken
//! over after two counted retries becomes a condition, never a loop.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{ListOrigin, Moment, ServerFault};

use super::server_failures::ServerFailures;
use super::status::Dated;

/// Starts of two refreshes are at least this far apart: each one disturbs the server.
const REFRESH_SPACING: Duration = Duration::from_secs(5);
/// Retries of a refresh that was answered 200 and not adopted.
const COUNTED_RETRIES: u8 = 2;

/// The refreshes of one target.
#[derive(Clone, Debug)]
pub(super) struct Refreshing {
    progress: Progress,
    /// The generation key of the document.
    generation: u64,
    due: Moment,
    /// When the spacing since the last start of a refresh is over.
    spaced: Moment,
    failures: ServerFailures,
    refreshed_at: Option<Moment>,
}

/// How far the present target has come with this server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// No refresh has been answered 200.
    Open,
    /// So many were, and the server's own word is awaited, however late it comes.
    Answered { count: u8 },
    /// So many were, and the server has another list all the same: one more, with a new key.
    RetryDue { count: u8 },
    /// Not adopted, whatever we do.
    GaveUp { since: Moment, reason: Option<Arc<ListOrigin>> },
}

impl Refreshing {
    /// Nothing has been tried.
    pub(super) fn new(generation: u64, now: Moment) -> Self {
        Self {
            progress: Progress::Open,
            generation,
            due: now,
            spaced: now,
            failures: ServerFailures::default(),
            refreshed_at: None,
        }
    }

    /// The server is told in another way: how the former one failed is of no interest any more.
    pub(super) fn forget_failures(&mut self) {
        self.failures.ended();
    }

    /// No count, no backoff; only the spacing stays.
    pub(super) fn start_over(&mut self, now: Moment) {
        self.progress = Progress::Open;
        self.failures.reset_pauses();
        self.due = self.spaced.max(now);
    }

    /// The generation key of the document.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// When the next refresh may start; none where another one would be of no use.
    pub(super) fn due(&self) -> Option<Moment> {
        match self.progress {
            Progress::Open | Progress::RetryDue { .. } => Some(self.due),
            // A refresh that was taken is answered by the server's own word.
            Progress::Answered { .. } | Progress::GaveUp { .. } => None,
        }
    }

    /// Books the start of a refresh.
    pub(super) fn started(&mut self, now: Moment) {
        debug_assert!(self.spaced <= now, "two refreshes start {REFRESH_SPACING:?} apart at least");
        self.spaced = now.after(REFRESH_SPACING);
        self.due = self.spaced;
    }

    /// Books that a refresh was answered 200.
    pub(super) fn taken(&mut self, now: Moment) {
        self.refreshed_at = Some(now);
        self.failures.ended();
        self.failures.reset_pauses();
    }

    /// Counts a refresh that was answered 200 and whose effect the server's status is to show.
    pub(super) fn count_taken(&mut self) {
        let count = match self.progress {
            Progress::Open => 1,
            Progress::Answered { count } | Progress::RetryDue { count } => count.saturating_add(1),
            Progress::GaveUp { .. } => return,
        };
        debug_assert!(count <= COUNTED_RETRIES + 1, "a list that is not taken over is given up");
        self.progress = Progress::Answered { count };
    }

    /// Whether a refresh of the present target has been answered 200 and not been given up since.
    pub(super) fn is_taken(&self) -> bool {
        match self.progress {
            Progress::Answered { .. } | Progress::RetryDue { .. } => true,
            Progress::Open | Progress::GaveUp { .. } => false,
        }
    }

    /// Books a refresh that failed; returns when the next one is due.
    pub(super) fn failed(&mut self, fault: ServerFault, now: Moment) -> Moment {
        self.due = self.spaced.max(now.after(self.failures.failed(fault, now)));
        self.due
    }

    /// Books that the server has the target.
    pub(super) fn adopted(&mut self) {
        self.failures.ended();
    }

    /// Nothing is counted against a target that the one server has.
    pub(super) fn forget_count(&mut self) {
        self.progress = Progress::Open;
    }

    /// Books that the server has another list than the target.
    pub(super) fn missed(&mut self, now: Moment) {
        let Progress::Answered { count } = self.progress else { return };
        self.progress = if count > COUNTED_RETRIES {
            Progress::GaveUp { since: now, reason: None }
        } else {
            // The server computes nothing for bytes that it has seen; a new key makes it look.
            self.generation = self.generation.saturating_add(1);
            Progress::RetryDue { count }
        };
    }

    /// Whether the list has been given up and nothing is known of why.
    pub(super) fn lacks_reason(&self) -> bool {
        matches!(self.progress, Progress::GaveUp { reason: None, .. })
    }

    /// Books the likely reason why the list is not adopted.
    pub(super) fn diagnosed(&mut self, likely: ListOrigin) {
        if let Progress::GaveUp { reason: reason @ None, .. } = &mut self.progress {
            *reason = Some(Arc::new(likely));
        }
    }

    /// Since when the list has been given up, and the likely reason once that is known.
    pub(super) fn given_up(&self) -> Option<(Moment, Option<&Arc<ListOrigin>>)> {
        match &self.progress {
            Progress::GaveUp { since, reason } => Some((*since, reason.as_ref())),
            Progress::Open | Progress::Answered { .. } | Progress::RetryDue { .. } => None,
        }
    }

    /// Why the last refresh brought nothing.
    pub(super) fn fault(&self) -> Option<&Dated<ServerFault>> {
        self.failures.latest()
    }

    /// When a refresh was last answered 200.
    pub(super) fn refreshed_at(&self) -> Option<Moment> {
        self.refreshed_at
    }
}
