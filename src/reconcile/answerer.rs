//! Who answers under the status URL: the server that answered before, the same one restarted, or another.
//!
//! A restarted server deserves new tries; another one, behind the same address, does not, or two that take
//! turns would be refreshed for ever. The up-time tells them apart: it grows with the time, and after a
//! restart it is no longer than the time since it was last read. What else it does is not one server.

use std::time::Duration;

use crate::model::Moment;

use super::status::Dated;

/// The up-time is told in whole minutes.
const MINUTE: Duration = Duration::from_secs(60);
/// For so long after the last sign several servers are taken to answer: ten looks at rest.
const SEVERAL_KEPT: Duration = Duration::from_secs(300);
/// Restarts that nothing proves are believed this far apart at least; one server may always restart.
const UNPROVEN_SPACING: Duration = Duration::from_secs(600);

/// What has been seen of the server that answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Answerer {
    /// The last up-time that was told.
    uptime: Option<Dated<Duration>>,
    has_answered: bool,
    restarted_at: Option<Moment>,
    /// Whether the wanted list was seen here last, and nothing has begun anew since.
    has_list: bool,
    relapsed_at: Option<Moment>,
    /// Signs of several servers: the first of a row, and the last.
    signs: Option<(Moment, Moment)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Same,
    Restarted,
    Another,
}

impl Answerer {
    /// Books an answer; `was_away` where connections were refused just before it.
    ///
    /// Returns whether it is that of a new process, which deserves new tries.
    pub(super) fn answered(&mut self, uptime_min: Option<u64>, was_away: bool, now: Moment) -> bool {
        let uptime = uptime_min.map(|minutes| MINUTE.saturating_mul(minutes.try_into().unwrap_or(u32::MAX)));
        let is_first = !std::mem::replace(&mut self.has_answered, true);
        let before = self.uptime.clone();
        if let Some(value) = uptime {
            self.uptime = Some(Dated { value, since: now });
        }
        match before.zip(uptime) {
            Some((before, uptime)) => match who(&before, uptime, was_away, now) {
                Who::Same => false,
                Who::Restarted => self.several(now).is_none() || self.is_long_ago(now),
                Who::Another => {
                    self.note_sign(now);
                    false
                }
            },
            None => was_away && (is_first || self.is_long_ago(now)),
        }
    }

    /// Books new tries, whatever they are for, that a restart was the reason of.
    pub(super) fn restarted(&mut self, now: Moment) {
        self.restarted_at = Some(now);
    }

    /// Books that another list is wanted from now on, or of a new process.
    pub(super) fn start_over(&mut self) {
        self.has_list = false;
    }

    /// Books that the wanted list was taken over.
    pub(super) fn took_over(&mut self) {
        self.has_list = true;
    }

    /// Books a list that is not the wanted one. Where that was taken over and nothing has restarted, once is
    /// drift, and soon again it is the list of another server.
    pub(super) fn has_another_list(&mut self, now: Moment) {
        if !std::mem::take(&mut self.has_list) {
            return;
        }
        let before = self.relapsed_at.replace(now);
        if before.is_some_and(|before| now.since(before) < SEVERAL_KEPT) {
            self.note_sign(now);
        }
    }

    /// Since when several servers answer, where they do.
    pub(super) fn several(&self, now: Moment) -> Option<Moment> {
        self.signs.filter(|(_, last)| now.since(*last) < SEVERAL_KEPT).map(|(first, _)| first)
    }

    /// Until when they are taken to, if no other sign of it comes.
    pub(super) fn several_until(&self) -> Option<Moment> {
        self.signs.map(|(_, last)| last.after(SEVERAL_KEPT))
    }

    fn note_sign(&mut self, now: Moment) {
        self.signs = Some((self.several(now).unwrap_or(now), now));
    }

    fn is_long_ago(&self, now: Moment) -> bool {
        self.restarted_at.is_none_or(|at| now.since(at) >= UNPROVEN_SPACING)
    }
}

fn who(before: &Dated<Duration>, uptime: Duration, was_away: bool, now: Moment) -> Who {
    let elapsed = now.since(before.since);
    // The minute that has begun is not told, and the two clocks need not agree about another one.
    let longest = before.value.saturating_add(elapsed).saturating_add(2 * MINUTE);
    if uptime > longest {
        Who::Another
    } else if uptime < before.value {
        if uptime <= elapsed + MINUTE { Who::Restarted } else { Who::Another }
    } else if was_away && uptime <= elapsed {
        Who::Restarted
    } else {
        Who::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a server after each answer: seconds, minutes of up-time, whether it was away before.
    fn told(answers: &[(u64, Option<u64>, bool)]) -> (Vec<bool>, Option<Moment>) {
        let mut answerer = Answerer::default();
        let at = |seconds| Moment::START.after(Duration::from_secs(seconds));
        let mut restarts = vec![];
        for (seconds, uptime, was_away) in answers {
            let is_new = answerer.answered(*uptime, *was_away, at(*seconds));
            if is_new {
                answerer.restarted(at(*seconds));
            }
            restarts.push(is_new);
        }
        let last = answers.last().expect("some").0;
        (restarts, answerer.several(at(last)))
    }

    #[test]
    fn one_server_is_one_however_it_is_read() {
        for second in [
            (30, Some(100), false),
            (30, Some(101), false),
            // Its clock, or ours, was put on by a minute.
            (30, Some(102), false),
            // A machine that stood still, or a page out of a cache.
            (3000, Some(100), false),
            (3000, Some(150), false),
            // It did not take connections for a moment, and is no younger.
            (30, Some(100), true),
            (3000, Some(150), true),
            (30, None, false),
        ] {
            assert_eq!(told(&[(0, Some(100), false), second]), (vec![false, false], None), "{second:?}");
        }
    }

    #[test]
    fn a_restart_is_an_up_time_no_longer_than_the_time_since_the_last_look() {
        for second in [
            (30, Some(0), false),
            (30, Some(1), false),
            (300, Some(6), false),
            (30, Some(0), true),
            (300, Some(5), true),
            // So long away that it is older than before.
            (90_000, Some(1400), true),
        ] {
            assert_eq!(told(&[(0, Some(100), false), second]), (vec![false, true], None), "{second:?}");
        }
        assert_eq!(told(&[(0, Some(0), false), (30, Some(0), true)]).0, [false, true]);
        assert_eq!(told(&[(0, Some(0), false), (30, Some(0), false)]).0, [false, false]);
        assert_eq!(
            told(&[(0, Some(3), true)]).0,
            [true],
            "what was away before the first answer has started"
        );
    }

    #[test]
    fn what_else_jumps_is_another_server() {
        for second in [
            (30, Some(2), false),
            (30, Some(99), false),
            (30, Some(103), false),
            (300, Some(7), false),
            (300, Some(108), true),
            (30, Some(u64::MAX), false),
        ] {
            let (restarts, several) = told(&[(0, Some(100), false), second]);
            assert_eq!((restarts, several.is_some()), (vec![false, false], true), "{second:?}");
        }
    }

    #[test]
    fn no_turn_taking_is_a_row_of_restarts() {
        let old_and_young =
            |second: u64| if second.is_multiple_of(60) { 500 + second / 60 } else { second / 60 % 2 };
        let rows: [(&str, Vec<_>); 5] = [
            (
                "two ages",
                (0..120_u64)
                    .map(|n| (n * 30, Some(if n.is_multiple_of(2) { 90 } else { 900 } + n / 2), false))
                    .collect(),
            ),
            (
                "one of two refuses",
                (0..120_u64).map(|n| (n * 30, Some(90 + n / 2), n.is_multiple_of(2))).collect(),
            ),
            (
                "one is ever young",
                (0..120_u64).map(|n| (n * 30, Some(old_and_young(n * 30)), false)).collect(),
            ),
            (
                "one refuses, none tells its age",
                (0..120_u64).map(|n| (n * 30, None, n.is_multiple_of(2))).collect(),
            ),
            (
                "only one tells its age",
                (0..120_u64).map(|n| (n * 30, (n.is_multiple_of(2)).then_some(90 + n / 2), true)).collect(),
            ),
        ];
        for (name, answers) in rows {
            let restarts = told(&answers).0.into_iter().filter(|is_new| *is_new).count();
            assert!(restarts <= 8, "{name}: {restarts} in an hour");
        }
    }

    #[test]
    fn several_are_so_until_the_signs_are_old() {
        let at = |seconds| Moment::START.after(Duration::from_secs(seconds));
        let mut answerer = Answerer::default();
        for (second, uptime) in [(0, 10), (30, 500), (60, 11)] {
            answerer.answered(Some(uptime), false, at(second));
        }
        assert_eq!(answerer.several(at(359)), Some(at(30)), "since the first sign, until after the last");
        assert_eq!(answerer.several(at(360)), None);
        let relapse = |answerer: &mut Answerer, second| {
            answerer.took_over();
            answerer.has_another_list(at(second));
        };
        relapse(&mut answerer, 1000);
        assert_eq!(answerer.several(at(1000)), None, "once is drift");
        answerer.has_another_list(at(1100));
        answerer.start_over();
        answerer.has_another_list(at(1200));
        assert_eq!(answerer.several(at(1200)), None, "a list that was not taken over is no relapse");
        relapse(&mut answerer, 1299);
        assert_eq!(answerer.several(at(1299)), Some(at(1299)));
    }
}
