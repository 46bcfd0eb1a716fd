//! The date of a moment, for people and other programs; no decision rests on it.
//!
//! Must never fail or panic, whatever the machine's clock says.

use std::time::{Duration, SystemTime};

use super::Moment;

/// The date that belongs to [`Moment::START`].
///
/// A moment's date follows from it by counting on, so dates of one clock agree with each other even where
/// the machine's clock was set in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock(SystemTime);

impl WallClock {
    /// The last second that RFC 3339 can write, 9999-12-31T23:59:59Z, in Unix time.
    const UNIX_SECONDS_MAX: Duration = Duration::from_secs(253_402_300_799);

    /// The clock of a life that started at this date.
    pub fn started_at(start: SystemTime) -> Self {
        Self(start)
    }

    /// The clock of the same life, where the machine's clock has `date` at `now`.
    ///
    /// It moves by whole seconds only: a date that was shown before does not waver.
    #[must_use]
    pub fn set_to(self, date: SystemTime, now: Moment) -> Self {
        let whole = |gap: Duration| Duration::from_secs(gap.as_secs());
        let Some(expected) = self.0.checked_add(now.since_start()) else { return self };
        let moved = match date.duration_since(expected) {
            Ok(ahead) => self.0.checked_add(whole(ahead)),
            Err(behind) => self.0.checked_sub(whole(behind.duration())),
        };
        moved.map_or(self, Self)
    }

    /// The date of a moment, as time since 1970; never before that, and never after the year 9999.
    pub fn since_epoch(self, moment: Moment) -> Duration {
        let start = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let date = start.saturating_add(moment.since_start()).saturating_sub(moment.until_start());
        date.min(Self::UNIX_SECONDS_MAX)
    }

    /// The date of a moment as it is saved: to the nanosecond, so that [`Self::moment_of`] gives it back.
    pub fn to_saved(self, moment: Moment) -> String {
        humantime::format_rfc3339_nanos(SystemTime::UNIX_EPOCH + self.since_epoch(moment)).to_string()
    }

    /// The moment of a date as [`Self::to_saved`] writes it; none where the text is something else.
    pub fn moment_of(self, saved: &str) -> Option<Moment> {
        let date = humantime::parse_rfc3339(saved).ok()?.min(SystemTime::UNIX_EPOCH + Self::UNIX_SECONDS_MAX);
        Some(match date.duration_since(self.0) {
            Ok(later) => Moment::at(later),
            Err(earlier) => Moment::before_start_by(earlier.duration()),
        })
    }

    /// The date of a moment as RFC 3339 in UTC with milliseconds, such as `2026-01-31T23:59:59.123Z`.
    pub fn rfc3339(self, moment: Moment) -> String {
        humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + self.since_epoch(moment)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BILLION: Duration = Duration::from_secs(1_000_000_000);

    #[test]
    fn counts_on_from_the_start() {
        let clock = WallClock::started_at(SystemTime::UNIX_EPOCH + BILLION);
        assert_eq!(clock.rfc3339(Moment::START), "2001-09-09T01:46:40.000Z");
        assert_eq!(clock.rfc3339(Moment::at(Duration::from_millis(1_250))), "2001-09-09T01:46:41.250Z");
        assert_eq!(clock.since_epoch(Moment::at(BILLION)), 2 * BILLION);
    }

    #[test]
    fn follows_the_machines_clock_by_whole_seconds() {
        let start = SystemTime::UNIX_EPOCH + BILLION;
        let clock = WallClock::started_at(start);
        let (now, second) = (Moment::at(Duration::from_secs(60)), Duration::from_secs(1));
        let date = start + 60 * second;
        for waver in [Duration::ZERO, Duration::from_millis(999)] {
            assert_eq!(clock.set_to(date + waver, now), clock);
            assert_eq!(clock.set_to(date - waver, now), clock);
        }
        let ahead = clock.set_to(date + 7_200 * second, now);
        assert_eq!(ahead.since_epoch(now), BILLION + 7_260 * second);
        let behind = clock.set_to(date - 7_200 * second, now);
        assert_eq!(behind.since_epoch(now) + 7_200 * second, BILLION + 60 * second);
        assert_eq!(clock.set_to(date, Moment::at(Duration::MAX)), clock, "past all dates");
    }

    #[test]
    fn a_saved_date_is_read_back_by_the_next_start() {
        let (before, since) = (WallClock::started_at(SystemTime::UNIX_EPOCH + BILLION), Duration::new(60, 1));
        let saved = before.to_saved(Moment::at(since));
        assert_eq!(saved, "2001-09-09T01:47:40.000000001Z");
        assert_eq!(before.moment_of(&saved), Some(Moment::at(since)));
        let after = WallClock::started_at(SystemTime::UNIX_EPOCH + BILLION + 2 * since);
        let remembered = Moment::before_start_by(since);
        assert_eq!(after.moment_of(&saved), Some(remembered));
        assert_eq!(after.to_saved(remembered), saved);
        assert_eq!(after.moment_of("yesterday"), None);
    }

    #[test]
    fn stays_within_what_can_be_written() {
        let early = WallClock::started_at(SystemTime::UNIX_EPOCH - BILLION);
        assert_eq!(early.rfc3339(Moment::START), "1970-01-01T00:00:00.000Z");
        let end = Moment::at(Duration::MAX);
        assert_eq!(early.rfc3339(end), "9999-12-31T23:59:59.000Z");
        assert_eq!(WallClock::started_at(SystemTime::now()).rfc3339(end), "9999-12-31T23:59:59.000Z");
    }
}
