//! Files that were put right in a row: whether that is an accident, or somebody writes there again and again.

use std::time::Duration;

use crate::model::Moment;

/// Two repairs further apart have nothing to do with each other.
const APART_MAX: Duration = Duration::from_secs(600);
/// So many in a row are no accident.
const ACCIDENTS_MAX: u64 = 4;

/// The latest row of repairs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repairs(Option<Row>);

/// Repairs of which each was soon after the one before.
#[derive(Clone, Copy, Debug)]
struct Row {
    since: Moment,
    latest: Moment,
    count: u64,
}

impl Repairs {
    /// One more.
    pub fn book(&mut self, now: Moment) {
        self.0 = Some(match self.0.filter(|row| row.lasts_at(now)) {
            Some(row) => Row { latest: now, count: row.count + 1, ..row },
            None => Row { since: now, latest: now, count: 1 },
        });
    }

    /// Since when somebody else writes there, how often that was put right, and when it counts as over, should
    /// nothing more happen; none while it may be an accident.
    pub fn of_another_writer(&self, now: Moment) -> Option<(Moment, u64, Moment)> {
        let row = self.0.filter(|row| row.count > ACCIDENTS_MAX && row.lasts_at(now))?;
        Some((row.since, row.count, row.latest.after(APART_MAX)))
    }
}

impl Row {
    fn lasts_at(&self, now: Moment) -> bool {
        now.since(self.latest) < APART_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    fn after(booked: &[u64], now: u64) -> Option<(Moment, u64, Moment)> {
        let mut repairs = Repairs::default();
        for seconds in booked {
            repairs.book(at(*seconds));
        }
        repairs.of_another_writer(at(now))
    }

    #[test]
    fn a_few_repairs_are_accidents_and_a_row_of_them_is_not() {
        assert_eq!(after(&[], 0), None);
        assert_eq!(after(&[1, 2, 3, 4], 4), None);
        assert_eq!(after(&[1, 2, 3, 4, 5], 5), Some((at(1), 5, at(605))));
        assert_eq!(after(&[1, 600, 1_199, 1_798, 2_397], 2_397), Some((at(1), 5, at(2_997))));
        assert_eq!(after(&[1, 601, 1_201, 1_801, 2_401], 2_401), None, "far between");
    }

    #[test]
    fn a_row_is_over_when_nothing_happens_and_the_next_one_counts_anew() {
        let row = [1, 2, 3, 4, 5];
        assert!(after(&row, 604).is_some());
        assert_eq!(after(&row, 605), None);
        assert_eq!(after(&[1, 2, 3, 4, 5, 605, 606], 606), None);
    }
}
