//! Waiting longer after each failure in a row, up to a bound.

use std::time::Duration;

/// An exponential backoff; the n-th wait is `first · 2ⁿ`, at most `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Books one more failure, and says how long to wait before the next try.
    pub fn next(&mut self, first: Duration, max: Duration) -> Duration {
        let wait = first.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        wait.min(max.max(first))
    }

    /// Books a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_bound_and_starts_again() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..7).map(|_| backoff.next(second, 30 * second).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        backoff.reset();
        assert_eq!(backoff.next(second, 30 * second), second);
    }

    #[test]
    fn never_overflows_and_never_undercuts_the_first_wait() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next(Duration::MAX, Duration::from_secs(30)), Duration::MAX);
        let minute = Duration::from_secs(60);
        assert_eq!(Backoff::default().next(minute, Duration::from_secs(30)), minute);
    }
}
