//! Telling the server to take the list over: how often, how far apart, and when that is given up.
//!
//! A 200 from refresh is no proof, and each refresh disturbs the server: a list that is not taken
//! over after two counted retries becomes a condition, never a loop. While that stands, a new list is
//! told once. Only the first telling of a list may come early; a repetition never does.

use std::sync::Arc;

use crate::model::{ListOrigin, Moment, ServerFault};

use super::condition::Situation;
use super::refresh_budget::{Haste, RefreshBudget};
use super::server_failures::ServerFailures;

/// Retries of a refresh that was answered 200 and not adopted.
const COUNTED_RETRIES: u8 = 2;

/// The refreshes of one target.
#[derive(Clone, Debug)]
pub(super) struct Refreshing {
    progress: Progress,
    /// The generation key of the document.
    generation: u64,
    /// When the pause after a failure is over.
    paused_until: Moment,
    budget: RefreshBudget,
    /// Stands from when a list was given up until the server has one that is wanted, or is another one.
    not_adopted: Option<Unadopted>,
    failures: ServerFailures,
    refreshed_at: Option<Moment>,
}

/// How far the present target has come with this server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// The server has not been told.
    Untold,
    /// It has been, and no refresh has been answered 200.
    Told,
    /// So many were, and the server's own word is awaited, however late it comes.
    Answered { count: u8 },
    /// So many were, and the server has another list all the same: one more, with a new key.
    RetryDue { count: u8 },
    /// Not adopted, whatever we do; the reason is to be looked for.
    GivingUp,
    /// That has been done.
    GaveUp,
}

/// Lists that the server does not take over.
#[derive(Clone, Debug)]
struct Unadopted {
    since: Moment,
    reason: Option<Arc<ListOrigin>>,
}

impl Refreshing {
    /// Nothing has been tried.
    pub(super) fn new(generation: u64) -> Self {
        Self {
            progress: Progress::Untold,
            generation,
            paused_until: Moment::START,
            budget: RefreshBudget::default(),
            not_adopted: None,
            failures: ServerFailures::default(),
            refreshed_at: None,
        }
    }

    /// The server is told in another way: how the former one failed is of no interest any more.
    pub(super) fn forget_failures(&mut self) {
        self.failures.ended();
    }

    /// Another server, or other settings: no count, no backoff; only the budget stays.
    pub(super) fn start_over(&mut self) {
        self.not_adopted = None;
        self.aim_anew();
    }

    /// Another list is wanted; whether the server takes lists over at all is still to be seen.
    pub(super) fn aim_anew(&mut self) {
        self.progress = Progress::Untold;
        self.failures.reset_pauses();
        self.paused_until = Moment::START;
    }

    /// The generation key of the document.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// When the next refresh may start; none where another one would be of no use.
    ///
    /// `haste` is for the first that the server hears of the target; whatever repeats can wait.
    pub(super) fn due(&self, haste: Haste) -> Option<Moment> {
        let haste = match self.progress {
            Progress::Untold => haste,
            Progress::Told | Progress::RetryDue { .. } => Haste::Late,
            // A refresh that was taken is answered by the server's own word.
            Progress::Answered { .. } | Progress::GivingUp | Progress::GaveUp => return None,
        };
        Some(self.paused_until.max(self.budget.free_at(haste)))
    }

    /// Books the start of a refresh.
    pub(super) fn started(&mut self, now: Moment) {
        self.budget.started(now);
        if self.progress == Progress::Untold {
            self.progress = Progress::Told;
        }
    }

    /// Books the end of a refresh, however it ended.
    pub(super) fn ended(&mut self, outcome: &Result<(), ServerFault>, now: Moment) {
        self.budget.ended(outcome, now);
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
            Progress::Untold | Progress::Told => 1,
            Progress::Answered { count } | Progress::RetryDue { count } => count.saturating_add(1),
            Progress::GivingUp | Progress::GaveUp => return,
        };
        debug_assert!(count <= COUNTED_RETRIES + 1, "a list that is not taken over is given up");
        self.progress = Progress::Answered { count };
    }

    /// Whether a refresh of the present target has been answered 200 and not been given up since.
    pub(super) fn is_taken(&self) -> bool {
        match self.progress {
            Progress::Answered { .. } | Progress::RetryDue { .. } => true,
            Progress::Untold | Progress::Told | Progress::GivingUp | Progress::GaveUp => false,
        }
    }

    /// Books a refresh that failed; returns when the next one is due.
    pub(super) fn failed(&mut self, fault: ServerFault, now: Moment) -> Moment {
        let kind = Situation::of_refresh(fault.clone()).kind();
        self.paused_until = now.after(self.failures.failed(fault, kind, now));
        self.due(Haste::Early).unwrap_or(self.paused_until)
    }

    /// Books that the server has the target.
    pub(super) fn adopted(&mut self) {
        self.failures.ended();
        // Where servers take turns, one of them may have what another was given up for; an earlier list is past.
        if !matches!(self.progress, Progress::GivingUp | Progress::GaveUp) {
            self.not_adopted = None;
        }
    }

    /// Nothing is counted against a target that the one server has.
    pub(super) fn forget_count(&mut self) {
        self.progress = Progress::Untold;
        self.not_adopted = None;
    }

    /// Books that the server has another list than the target.
    pub(super) fn missed(&mut self, now: Moment) {
        let Progress::Answered { count } = self.progress else { return };
        if count > COUNTED_RETRIES || self.not_adopted.is_some() {
            self.progress = Progress::GivingUp;
            self.not_adopted.get_or_insert(Unadopted { since: now, reason: None });
            return;
        }
        // The server computes nothing for bytes that it has seen; a new key makes it look.
        self.generation = self.generation.saturating_add(1);
        self.progress = Progress::RetryDue { count };
    }

    /// Whether the list has just been given up, so that it is to be found out why.
    pub(super) fn lacks_reason(&self) -> bool {
        self.progress == Progress::GivingUp
    }

    /// Books the likely reason why the list is not adopted.
    pub(super) fn diagnosed(&mut self, likely: ListOrigin) {
        if let Some(not_adopted) = &mut self.not_adopted {
            not_adopted.reason = Some(Arc::new(likely));
        }
        if self.progress == Progress::GivingUp {
            self.progress = Progress::GaveUp;
        }
    }

    /// Since when lists are given up, and the likely reason once that is known.
    pub(super) fn given_up(&self) -> Option<(Moment, Option<&Arc<ListOrigin>>)> {
        self.not_adopted.as_ref().map(|it| (it.since, it.reason.as_ref()))
    }

    /// Why the last refresh brought nothing.
    pub(super) fn fault(&self) -> Option<(Moment, &ServerFault)> {
        self.failures.shown()
    }

    /// When a refresh was last answered 200.
    pub(super) fn refreshed_at(&self) -> Option<Moment> {
        self.refreshed_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_ends_with_another_list_that_the_server_has() {
        let mut refreshing = Refreshing::new(0);
        for _ in 0..=COUNTED_RETRIES {
            refreshing.count_taken();
            refreshing.missed(Moment::START);
        }
        refreshing.adopted();
        assert!(refreshing.given_up().is_some(), "another server of the same address may have it");
        refreshing.aim_anew();
        refreshing.count_taken();
        assert!(refreshing.given_up().is_some(), "a 200 is no proof");
        refreshing.adopted();
        assert!(refreshing.given_up().is_none());
    }
}
