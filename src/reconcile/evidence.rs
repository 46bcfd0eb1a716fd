//! For how long what DNS says has stood: the only time that counts against a peer.
//!
//! An answer stands from its coming until the question goes out that brings something else. Without a next
//! question it stands for a bounded time only, for nobody was there to ask. What fails counts nothing, and
//! takes nothing back.

use std::time::Duration;

use crate::model::Moment;

/// What goes by between two answers beside the interval; a longer lookup hardly ever ends with records.
const LOOKUP_MAX: Duration = Duration::from_secs(10);

/// A stretch of time during which one answer stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    from: Moment,
    until: Moment,
}

/// The time during which answers of one kind stood, put together from stretches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    stood: Duration,
    counted_until: Moment,
}

impl Stretch {
    /// Of an answer that came at `from`, at most until `until`: a gap longer than intervals and lookups are
    /// is no evidence.
    pub(super) fn of_answer(from: Moment, until: Moment, interval: Duration) -> Self {
        let gap_max = interval.saturating_mul(2).saturating_add(LOOKUP_MAX);
        Self { from, until: until.min(from.after(gap_max)) }
    }

    /// Whether the answer still stood then.
    pub(super) fn lasts_until(&self, moment: Moment) -> bool {
        self.until >= moment
    }
}

impl Evidence {
    /// Adds a stretch; time that has been counted already is not counted again.
    pub(super) fn count(&mut self, stretch: Stretch) {
        self.stood += stretch.until.since(stretch.from.max(self.counted_until));
        self.counted_until = self.counted_until.max(stretch.until);
        debug_assert!(
            self.stood <= self.counted_until.since_start(),
            "no more time is counted than has gone by"
        );
    }

    /// How long it was in all.
    pub(super) fn stood(&self) -> Duration {
        self.stood
    }

    /// When it will be `limit` since it had come to `earlier`, should such answers go on to come.
    pub(super) fn reaches(&self, limit: Duration, earlier: Duration) -> Moment {
        self.counted_until.after(limit.saturating_sub(self.since(earlier)))
    }

    /// How long it was since it had come to `earlier`.
    pub(super) fn since(&self, earlier: Duration) -> Duration {
        debug_assert!(earlier <= self.stood, "evidence only grows");
        self.stood.saturating_sub(earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from: u64, until: u64) -> Stretch {
        let at = |seconds| Moment::at(Duration::from_secs(seconds));
        Stretch { from: at(from), until: at(until) }
    }

    #[test]
    fn gaps_count_nothing_and_what_two_services_say_at_once_counts_once() {
        let mut evidence = Evidence::default();
        for (from, until) in [(0, 10), (5, 12), (6, 9), (100, 101)] {
            evidence.count(stretch(from, until));
        }
        assert_eq!(evidence.stood(), Duration::from_secs(13));
        assert_eq!(evidence.since(Duration::from_secs(12)), Duration::from_secs(1));
    }

    #[test]
    fn an_answer_that_is_not_asked_again_stands_for_two_intervals_and_a_lookup() {
        let interval = Duration::from_secs(3);
        let bound = 2 * interval + LOOKUP_MAX;
        let at = |duration| Moment::START.after(duration);
        for (until, stood) in [(bound, bound), (20 * bound, bound), (bound / 2, bound / 2)] {
            let mut evidence = Evidence::default();
            evidence.count(Stretch::of_answer(Moment::START, at(until), interval));
            assert_eq!(evidence.stood(), stood);
        }
    }
}
