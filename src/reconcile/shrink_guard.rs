//! Doubts answers that are far smaller than those before.
//!
//! By count, not identity: a roll-out of a Deployment changes every address and shrinks nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{MaxShrink, Patience};

/// The largest answers of the recent past.
///
/// Its time is the time during which DNS gave records, so that an outage does not age what was
/// seen before it.
#[derive(Clone, Debug, Default)]
pub(super) struct ShrinkGuard {
    /// Counts fall strictly from front to back, so there are never more than `--max-peers`.
    peaks: VecDeque<Peak>,
}

#[derive(Clone, Copy, Debug)]
struct Peak {
    seen_at: Duration,
    count: usize,
}

impl ShrinkGuard {
    /// Starts over from a list that is beyond doubt.
    pub(super) fn starting_from(seen_at: Duration, count: usize) -> Self {
        Self { peaks: VecDeque::from([Peak { seen_at, count }]) }
    }

    /// Books an answer of `count` peers, and forgets what is older than `shrink_after`.
    pub(super) fn observe(&mut self, seen_at: Duration, count: usize, shrink_after: Patience) {
        while self.peaks.back().is_some_and(|peak| peak.count <= count) {
            self.peaks.pop_back();
        }
        self.peaks.push_back(Peak { seen_at, count });
        while self.peaks.len() > 1
            && self
                .peaks
                .front()
                .is_some_and(|peak| shrink_after.is_over(seen_at.saturating_sub(peak.seen_at)))
        {
            self.peaks.pop_front();
        }
    }

    /// The count before the fall, where the latest answer is implausibly small.
    pub(super) fn doubts(&self, max_shrink: MaxShrink) -> Option<usize> {
        let (peak, latest) = (self.peaks.front()?, self.peaks.back()?);
        max_shrink.is_exceeded(peak.count, latest.count).then_some(peak.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE_MINUTES: Patience = Patience::After(Duration::from_secs(300));

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn doubts_a_fall_until_it_has_lasted() {
        let mut guard = ShrinkGuard::default();
        guard.observe(seconds(0), 10, FIVE_MINUTES);
        for t in 1..300 {
            guard.observe(seconds(t), 4, FIVE_MINUTES);
            assert_eq!(guard.doubts(MaxShrink::HALF), Some(10), "{t}");
        }
        guard.observe(seconds(301), 4, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), None);
    }

    #[test]
    fn a_recovery_in_between_starts_the_wait_again() {
        let mut guard = ShrinkGuard::default();
        guard.observe(seconds(0), 10, FIVE_MINUTES);
        guard.observe(seconds(200), 10, FIVE_MINUTES);
        guard.observe(seconds(201), 1, FIVE_MINUTES);
        guard.observe(seconds(450), 1, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), Some(10));
    }

    #[test]
    fn half_is_plausible_and_a_roll_out_is_no_fall() {
        let mut guard = ShrinkGuard::starting_from(seconds(0), 4);
        guard.observe(seconds(1), 2, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), None);
        guard.observe(seconds(2), 4, FIVE_MINUTES);
        assert_eq!(guard.doubts(MaxShrink::HALF), None);
    }

    #[test]
    fn never_means_for_ever() {
        let mut guard = ShrinkGuard::starting_from(seconds(0), 3);
        guard.observe(seconds(1_000_000), 1, Patience::Never);
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
                guard.observe(seconds(t), count, FIVE_MINUTES);
                let recent = all.iter().filter(|(seen, _)| t - seen < 300).map(|(_, count)| *count);
                let peak = recent.max().expect("the latest is recent");
                prop_assert_eq!(guard.doubts(max), max.is_exceeded(peak, count).then_some(peak));
                prop_assert!(guard.peaks.len() <= 30);
            }
        }
    }
}
