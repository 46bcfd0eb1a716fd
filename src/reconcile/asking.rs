//! When to ask DNS next: one question a Service in flight, an interval with spread, longer after
//! failures.

use std::time::Duration;

use crate::model::{Backoff, Jitter, Moment};

/// The longest pause between two questions under failure, unless the interval itself is longer.
///
/// A Service that is mended is noticed within it, and until then its servers miss each other, so it is as short
/// as a question allows. One has 68 bytes: a thousand sidecars under failure send 200 a second, or 14 KB, where
/// a thousand that are well send 1,000. Even silence, which costs seven datagrams or connections in each 7.6
/// seconds, comes to no more than that. A fleet that failed at the same moment is spread over a second by the
/// first pause of this length (10 % either way), and further by each that follows.
const FAILURE_PAUSE_MAX: Duration = Duration::from_secs(5);

/// The pauses after failures: the first, and what it grows to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    pub(super) first: Duration,
    pub(super) max: Duration,
    /// What has gone by of each while the question was under way.
    pub(super) spent: Duration,
}

impl Pauses {
    /// Where there is a list: a question an `interval`, ever fewer under failure.
    pub(super) fn steady(interval: Duration) -> Self {
        Self { first: interval, max: FAILURE_PAUSE_MAX, spent: Duration::ZERO }
    }
}

/// The schedule of one Service's questions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    phase: Phase,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Due { at: Moment },
    InFlight { since: Moment, again: bool },
}

impl Asking {
    /// Due at once.
    pub(super) fn new(now: Moment) -> Self {
        Self { phase: Phase::Due { at: now }, backoff: Backoff::default() }
    }

    /// Whether a question is due; it counts as in flight from here on.
    pub(super) fn start_if_due(&mut self, now: Moment) -> bool {
        match self.phase {
            Phase::Due { at } if at <= now => {
                self.phase = Phase::InFlight { since: now, again: false };
                true
            }
            Phase::Due { .. } | Phase::InFlight { .. } => false,
        }
    }

    /// When the next question is due; none while one is in flight.
    pub(super) fn due_at(&self) -> Option<Moment> {
        match self.phase {
            Phase::Due { at } => Some(at),
            Phase::InFlight { .. } => None,
        }
    }

    /// When the question in flight was asked.
    pub(super) fn in_flight_since(&self) -> Option<Moment> {
        match self.phase {
            Phase::InFlight { since, .. } => Some(since),
            Phase::Due { .. } => None,
        }
    }

    /// When the question in flight was asked; `now` where there is none.
    pub(super) fn asked_at(&self, now: Moment) -> Moment {
        self.in_flight_since().unwrap_or(now)
    }

    /// Asks now, or again as soon as the question in flight has ended.
    pub(super) fn hurry(&mut self, now: Moment) {
        self.phase = match self.phase {
            Phase::Due { .. } => Phase::Due { at: now },
            Phase::InFlight { since, .. } => Phase::InFlight { since, again: true },
        };
    }

    /// The authority spoke: next after one interval.
    pub(super) fn answered(&mut self, interval: Duration, now: Moment, jitter: Jitter) {
        self.backoff.reset();
        self.schedule(interval, now, jitter);
    }

    /// Nothing is known: next after a pause that grows.
    pub(super) fn failed(&mut self, pauses: Pauses, now: Moment, jitter: Jitter) {
        let pause = self.backoff.next(pauses.first, pauses.max);
        self.schedule(pause.saturating_sub(pauses.spent), now, jitter);
    }

    fn schedule(&mut self, pause: Duration, now: Moment, jitter: Jitter) {
        let at = match self.phase {
            Phase::InFlight { again: true, .. } => now,
            Phase::InFlight { .. } | Phase::Due { .. } => now.after(jitter.spread(pause)),
        };
        self.phase = Phase::Due { at };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    #[test]
    fn one_question_at_a_time() {
        let mut asking = Asking::new(at(1));
        assert!(!asking.start_if_due(at(0)));
        assert!(asking.start_if_due(at(2)));
        assert!(!asking.start_if_due(at(100)));
        assert_eq!(asking.due_at(), None);
        assert_eq!(asking.asked_at(at(100)), at(2));
        asking.answered(SECOND, at(105), Jitter::NONE);
        assert_eq!(asking.due_at(), Some(at(106)));
        assert_eq!(asking.asked_at(at(200)), at(200));
    }

    #[test]
    fn failures_stretch_the_pause_and_an_answer_ends_that() {
        let mut asking = Asking::new(at(0));
        let mut pauses = vec![];
        for _ in 0..7 {
            asking.failed(Pauses::steady(SECOND), at(0), Jitter::NONE);
            pauses.push(asking.due_at().expect("due").since(at(0)).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 5, 5, 5, 5]);
        asking.answered(SECOND, at(0), Jitter::NONE);
        assert_eq!(asking.due_at(), Some(at(1)));
    }

    #[test]
    fn a_hurry_during_a_question_asks_once_more() {
        let mut asking = Asking::new(at(0));
        assert!(asking.start_if_due(at(0)));
        asking.hurry(at(1));
        asking.failed(Pauses::steady(SECOND), at(2), Jitter::NONE);
        assert_eq!(asking.due_at(), Some(at(2)));
    }
}
