//! Time as the core sees it: an argument, never a reading of a clock.

use std::fmt;
use std::time::Duration;

/// Where the start of the program lies on its own axis: what the saved state dates lies before it, by far
/// less than these 35,000 years.
const BEFORE_START_MAX: Duration = Duration::from_secs(1 << 40);

/// A point on a monotonic axis, counted from the start of the program.
///
/// It never goes backwards and knows no date, so a wall clock that jumps cannot reach a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The start of the program.
    pub const START: Self = Self(BEFORE_START_MAX);

    /// The moment that lies `since_start` after the start.
    pub const fn at(since_start: Duration) -> Self {
        Self(BEFORE_START_MAX.saturating_add(since_start))
    }

    /// The moment that lies `before_start` before the start: something that the saved state tells of.
    pub const fn before_start_by(before_start: Duration) -> Self {
        Self(BEFORE_START_MAX.saturating_sub(before_start))
    }

    /// How long after the start this is; zero where it is not later.
    pub const fn since_start(self) -> Duration {
        self.0.saturating_sub(BEFORE_START_MAX)
    }

    /// How long before the start this is; zero where it is not earlier.
    pub const fn until_start(self) -> Duration {
        BEFORE_START_MAX.saturating_sub(self.0)
    }

    /// How long after `earlier` this is; zero where it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// `duration` later; the end of time where that cannot be expressed.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Default for Moment {
    fn default() -> Self {
        Self::START
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, distance) =
            if *self < Self::START { ('-', self.until_start()) } else { ('+', self.since_start()) };
        write!(f, "t{sign}{:.3}s", distance.as_secs_f64())
    }
}

/// One throw of dice, handed to the core by its caller: where in ±10 % of an interval to land.
///
/// Spread keeps the sidecars of a cluster from asking DNS in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(i8);

impl Jitter {
    /// No spread, for tests that want exact times.
    pub const NONE: Self = Self(0);

    /// Maps any byte to −10 % … +10 %.
    pub fn from_random(byte: u8) -> Self {
        let percent = i16::from(byte) * 21 / 256 - 10;
        Self(i8::try_from(percent).expect("-10 to 10 fits"))
    }

    /// `duration` moved by this spread.
    pub fn spread(self, duration: Duration) -> Duration {
        duration.mul_f64(1.0 + f64::from(self.0) / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_stays_within_ten_percent() {
        let second = Duration::from_secs(1);
        let spreads: Vec<_> = (0..=255).map(|b| Jitter::from_random(b).spread(second)).collect();
        assert_eq!(spreads.iter().min(), Some(&Duration::from_millis(900)));
        assert_eq!(spreads.iter().max(), Some(&Duration::from_millis(1100)));
        assert_eq!(Jitter::NONE.spread(second), second);
    }

    #[test]
    fn moments_saturate() {
        assert_eq!(Moment::START.since(Moment::at(Duration::from_secs(1))), Duration::ZERO);
        let end = Moment::START.after(Duration::MAX);
        assert_eq!(end.after(Duration::from_secs(1)), end);
    }

    #[test]
    fn what_is_remembered_lies_before_the_start() {
        let hour = Duration::from_secs(3600);
        let remembered = Moment::before_start_by(hour);
        assert!(remembered < Moment::START && Moment::default() == Moment::START);
        assert_eq!((remembered.until_start(), remembered.since_start()), (hour, Duration::ZERO));
        assert_eq!(Moment::at(hour).since(remembered), 2 * hour);
        assert_eq!(
            (remembered.to_string(), Moment::at(hour).to_string()),
            ("t-3600.000s".to_owned(), "t+3600.000s".to_owned())
        );
    }
}
