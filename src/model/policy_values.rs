//! Values of policy that are more than a duration.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long to wait before a step, or that it is never taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationOrNever {
    /// The step is taken after this time.
    After(Duration),
    /// The step is never taken.
    Never,
}

impl DurationOrNever {
    /// Whether `waited` is long enough.
    pub fn is_over(self, waited: Duration) -> bool {
        match self {
            Self::After(limit) => waited >= limit,
            Self::Never => false,
        }
    }
}

impl fmt::Display for DurationOrNever {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(duration) => humantime::format_duration(*duration).fmt(f),
            Self::Never => f.write_str("never"),
        }
    }
}

/// The share of peers that may leave at once, in percent: 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxShrink(u8);

/// Why a text is no [`MaxShrink`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid percentage: expected a whole one from 0% to 100%")]
pub struct MaxShrinkError;

impl MaxShrink {
    /// Half, the default.
    pub const HALF: Self = Self(50);

    /// `percent` of the peers, 0 to 100.
    pub fn from_percent(percent: u8) -> Result<Self, MaxShrinkError> {
        if percent <= 100 { Ok(Self(percent)) } else { Err(MaxShrinkError) }
    }

    /// Whether going from `before` to `now` peers is a greater fall than this allows.
    pub fn is_exceeded(self, before: usize, now: usize) -> bool {
        // Neither side can overflow: both counts are bounded by what one answer may hold.
        before.saturating_sub(now) * 100 > before * usize::from(self.0)
    }
}

impl FromStr for MaxShrink {
    type Err = MaxShrinkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_suffix('%').ok_or(MaxShrinkError)?;
        Self::from_percent(digits.parse().map_err(|_| MaxShrinkError)?)
    }
}

impl fmt::Display for MaxShrink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_means_more_than_half() {
        assert!(!MaxShrink::HALF.is_exceeded(4, 2));
        assert!(MaxShrink::HALF.is_exceeded(4, 1));
        assert!(MaxShrink::HALF.is_exceeded(1, 0));
        assert!(!MaxShrink::HALF.is_exceeded(2, 3));
        assert!(!MaxShrink::HALF.is_exceeded(0, 0));
    }

    #[test]
    fn the_ends_of_the_scale() {
        let none: MaxShrink = "0%".parse().expect("valid");
        let all: MaxShrink = "100%".parse().expect("valid");
        assert!(none.is_exceeded(200, 199));
        assert!(!all.is_exceeded(200, 0));
        for text in ["101%", "50", "-1%", "%", "5.5%", ""] {
            assert!(text.parse::<MaxShrink>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn never_is_never_over_and_no_time_is_over_at_once() {
        assert!(!DurationOrNever::Never.is_over(Duration::MAX));
        assert!(DurationOrNever::After(Duration::ZERO).is_over(Duration::ZERO));
        let half = DurationOrNever::After(Duration::from_millis(500));
        assert!(!half.is_over(Duration::from_millis(499)));
        assert_eq!((half.to_string(), DurationOrNever::Never.to_string()), ("500ms".into(), "never".into()));
    }
}
