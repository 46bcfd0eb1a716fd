//! Durations as operators write them: a number and its unit, never a bare number.
//!
//! Must never panic, whatever the text: `humantime` 2.4 overflows on texts such as
//! `18446744073709551615s1000ms`, so numbers are bounded before it sees them.

use std::time::Duration;

/// Bytes of text; `29days 23h 59m 59s 999ms` has 24.
const LENGTH_MAX: usize = 64;
/// Digits of one number. Nine digits of years, as often as they fit into the text, do not come near
/// the end of [`Duration`].
const DIGITS_MAX: usize = 9;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number stands alone.
    #[error("has no unit: expected a duration such as 30s or 5m")]
    NoUnit,
    /// It is longer than any duration worth writing.
    #[error("is not a valid duration: expected a shorter text, such as 30s or 5m")]
    TooLong,
    /// It is something else.
    #[error("is not a valid duration: expected a number with its unit")]
    Unreadable,
}

/// Reads a duration that carries its unit, such as `1s`, `500ms` or `1h 30m`.
pub fn read_duration(text: &str) -> Result<Duration, DurationError> {
    if text.len() > LENGTH_MAX || longest_number(text) > DIGITS_MAX {
        return Err(DurationError::TooLong);
    }
    if is_bare_number(text.trim()) {
        return Err(DurationError::NoUnit);
    }
    humantime::parse_duration(text).map_err(|_| DurationError::Unreadable)
}

fn is_bare_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn longest_number(text: &str) -> usize {
    // Blanks inside a number are skipped by the parser, so they end no number here either.
    let solid: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    solid.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_carries_its_unit() {
        assert_eq!(read_duration("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(read_duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(read_duration("0.5s"), Ok(Duration::from_millis(500)));
        assert_eq!(read_duration("0s"), Ok(Duration::ZERO));
        for bare in ["1", "0", "1.5", " 30 "] {
            assert_eq!(read_duration(bare), Err(DurationError::NoUnit), "{bare:?}");
        }
        for other in ["", "s", "1 parsec", "-1s", "never", "1s,"] {
            assert_eq!(read_duration(other), Err(DurationError::Unreadable), "{other:?}");
        }
    }

    #[test]
    fn numbers_at_the_edge_of_the_parser_are_refused() {
        for text in ["18446744073709551615s1000ms", "18446744073709551615s 1 0 0 0 ms", "9999999999ns"] {
            assert_eq!(read_duration(text), Err(DurationError::TooLong), "{text:?}");
        }
        let most = "999999999y".repeat(6);
        assert!(read_duration(&most).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_duration_or_an_error(text in "\\PC{0,80}") {
            let _either = read_duration(&text);
        }

        #[test]
        fn what_looks_like_a_duration_never_panics(text in "([0-9]{1,22}\\.?[0-9]{0,4} ?(ns|us|ms|s|m|h|d|w|y|month)? ?){1,5}") {
            let _either = read_duration(&text);
        }

        #[test]
        fn reads_what_is_printed(seconds in 0_u64..100_000_000, millis in 0_u64..1_000) {
            let duration = Duration::from_millis(seconds * 1_000 + millis);
            let text = humantime::format_duration(duration).to_string();
            prop_assert_eq!(read_duration(&text), Ok(duration));
        }
    }
}
