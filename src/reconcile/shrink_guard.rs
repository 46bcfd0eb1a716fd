//! Doubts answers that are far smaller than those before.
//!
//! By count, not identity: a roll-out of a Deployment changes every address and shrinks nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{DurationOrNever, MaxShrink, Moment};

use super::evidence::{Evidence, Stretch};

/// The largest answers of the recent past.
///
/// Its time is the time during which DNS gave records of some Service, so that an outage does not
/// age what was seen before it, and one silent Service does not stop the time of the others.
#[derive(Clone, Debug, Default)]
pub(super) struct ShrinkGuard {
    /// Counts fall strictly from front to back, so there are never more than `--max-peers`.
    peaks: VecDeque<Peak>,
    stood: Evidence,
}

#[derive(Clone, Copy, Debug)]
struct Peak {
    /// How long records had stood by then.
    seen_at: Duration,
    count: usize,
}

impl ShrinkGuard {
    /// Starts over from a list that is beyond doubt.
    pub(super) fn trust(&mut self, count: usize) {
        self.peaks = VecDeque::from([Peak { seen_at: self.stood.stood(), count }]);
    }

    /// Counts a stretch of time during which the records of one Service stood.
    pub(super) fn count(&mut self, stretch: Stretch) {
        self.stood.count(stretch);
    }

    /// Books an answer of `count` peers, and forgets what is older than `shrink_after`.
    pub(super) fn observe(&mut self, count: usize, shrink_after: DurationOrNever) {
        let seen_at = self.stood.stood();
        while self.peaks.back().is_some_and(|peak| peak.count <= count) {
            self.peaks.pop_back();
        }
        self.peaks.push_back(Peak { seen_at, count });
        while self.peaks.len() > 1
            && self.peaks.front().is_some_and(|peak| shrink_after.is_over(self.stood.since(peak.seen_at)))
        {
            self.peaks.pop_front();
        }
        debug_assert!(
            self.peaks.iter().is_sorted_by(|older, newer| older.count > newer.count),
            "counts fall strictly, so the first is the largest"
        );
    }

    /// The count before the fall, where the latest answer is implausibly small.
    pub(super) fn doubts(&self, max_shrink: MaxShrink) -> Option<usize> {
        let (peak, latest) = (self.peaks.front()?, self.peaks.back()?);
        max_shrink.is_exceeded(peak.count, latest.count).then_some(peak.count)
    }

    /// When the doubt ends, should the count stay as it is and records go on.
    pub(super) fn doubts_until(
        &self,
        max_shrink: MaxShrink,
        shrink_after: DurationOrNever,
    ) -> Option<Moment> {
        let DurationOrNever::After(limit) = shrink_after else { return None };
        let latest = self.peaks.back()?.count;
        let last = self.peaks.iter().rev().find(|peak| max_shrink.is_exceeded(peak.count, latest))?;
        Some(self.stood.reaches(limit, last.seen_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Moment;
    use proptest::prelude::*;

    const FIVE_MINUTES: DurationOrNever = DurationOrNever::After(Duration::from_secs(300));

    /// Has `guard` see `count` peers `t` seconds after the start, records all the while.
    fn see(guard: &mut ShrinkGuard, t: u64, count: usize, shrink_after: DurationOrNever) {
        let now = Moment::at(Duration::from_secs(t));
        guard.count(Stretch::of_answer(Moment::START, now, Duration::MAX));
        guard.observe(count, shrink_after);
    }

    #[test]
    fn doubts_a_fall_until_it_has_lasted() {
        let mut guard = ShrinkGuard::default();
        see(&mut guard, 0, 10, FIVE_MINUTES);
        for t in 1..300 {
            see(&mut guard, t, 4, FIVE_MINUTES);
            assert_eq!(guard.doubts(MaxShrink::HALF), Some(10), "{t}");
        }
        see(&mut guard, 301, 4, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), None);
    }

    #[test]
    fn a_recovery_in_between_starts_the_wait_again() {
        let mut guard = ShrinkGuard::default();
        for (t, count) in [(0, 10), (200, 10), (201, 1), (450, 1)] {
            see(&mut guard, t, count, FIVE_MINUTES);
        }
        assert_eq!(guard.doubts(MaxShrink::HALF), Some(10));
    }

    #[test]
    fn half_is_plausible_and_a_roll_out_is_no_fall() {
        let mut guard = ShrinkGuard::default();
        guard.trust(4);
        see(&mut guard, 1, 2, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), None);
        see(&mut guard, 2, 4, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), None);
    }

    #[test]
    fn never_means_for_ever() {
        let mut guard = ShrinkGuard::default();
        guard.trust(3);
        see(&mut guard, 1_000_000, 1, DurationOrNever::Never);
        assert_eq!(guard.doubts(MaxShrink::HALF), Some(3));
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_list_of_all_answers(steps in proptest::collection::vec((0_u64..120, 0_usize..30), 1..200), max in 0_u8..=100) {
            let max = MaxShrink::from_percent(max).expect("a percentage");
            let mut guard = ShrinkGuard::default();
            let mut all = vec![];
            let mut t = 0;
            for (step, count) in steps {
                t += step;
                all.push((t, count));
                see(&mut guard, t, count, FIVE_MINUTES);
                let recent = all.iter().filter(|(seen, _)| t - seen < 300).map(|(_, count)| *count);
                let peak = recent.max().expect("the latest is recent");
                prop_assert_eq!(guard.doubts(max), max.is_exceeded(peak, count).then_some(peak));
                prop_assert!(guard.peaks.len() <= 30);
            }
        }
    }
}
