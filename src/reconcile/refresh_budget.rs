//! How close together refreshes may start: a few additions at once, everything else far apart.
//!
//! Each refresh disturbs the server, so every one of them is counted. A peer that a server lacks loses
//! data, so an addition may come early while the budget lasts; a peer that has gone costs little.

use std::time::Duration;

use crate::model::{Moment, ServerFault};

/// So many additions may be told in a row before they have to wait.
const BUDGET: u32 = 6;
/// One more may be told each time this has passed: 1,800 an hour.
const REFILL: Duration = Duration::from_secs(2);
/// Starts of two refreshes are at least this far apart, whatever they bring.
const SPACING_MIN: Duration = Duration::from_secs(1);
/// A refresh that may not come early starts this long after the one before. More is refilled in
/// that time than it takes, so it never finds the budget empty and never leaves it so.
const SPACING: Duration = Duration::from_secs(5);
/// A server whose refresh takes longer is disturbed by each one: with Eureka's own client refresh a call
/// takes 3 s, and the server is unregistered for 3 to 8 s.
const SLOW_AFTER: Duration = Duration::from_secs(1);

/// How soon a refresh is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// It brings a peer that the server lacks: as soon as the budget allows.
    Early,
    /// It only takes peers away, or repeats what the server was told: it can wait for more.
    Late,
}

/// The refreshes that may still start.
#[derive(Clone, Debug, Default)]
pub(super) struct RefreshBudget {
    /// When the last refresh began.
    began: Option<Moment>,
    /// When all of the budget is there again.
    full_at: Moment,
    /// Whether the last refresh was slow, so that none may come early.
    is_slow: bool,
    /// When the last call began, whether it reached the server or not.
    called: Option<Moment>,
    /// What stands again if the call in flight reaches nobody: `began` and `full_at`.
    before: (Option<Moment>, Moment),
}

impl RefreshBudget {
    /// When the next refresh may start.
    pub(super) fn free_at(&self, haste: Haste) -> Moment {
        let after = |moment: Option<Moment>, pause| moment.map_or(Moment::START, |at| at.after(pause));
        let free = match haste {
            Haste::Early if !self.is_slow => after(self.began, SPACING_MIN).max(self.refilled_at()),
            Haste::Early | Haste::Late => after(self.began, SPACING),
        };
        free.max(after(self.called, SPACING_MIN))
    }

    /// Books the start of a refresh.
    pub(super) fn started(&mut self, now: Moment) {
        debug_assert!(self.free_at(Haste::Early) <= now, "refreshes keep to their budget: {self:?} at {now}");
        self.before = (self.began, self.full_at);
        (self.began, self.called) = (Some(now), Some(now));
        self.full_at = self.full_at.max(now).after(REFILL);
    }

    /// Books the end of the refresh in flight.
    pub(super) fn ended(&mut self, outcome: &Result<(), ServerFault>, now: Moment) {
        let took_long = self.began.is_some_and(|began| now.since(began) > SLOW_AFTER);
        self.is_slow = match outcome {
            Ok(()) | Err(ServerFault::Failing { .. } | ServerFault::Unreadable(_)) => took_long,
            Err(ServerFault::TimedOut) => true,
            // No refresh was made: it says nothing of how long one takes.
            Err(ServerFault::Unreachable(_) | ServerFault::HungUp(_) | ServerFault::Refused(_)) => {
                took_long || self.is_slow
            }
        };
        // It disturbed nobody. A server that is coming up takes questions seconds before it takes refreshes.
        if let Err(ServerFault::Unreachable(_)) = outcome {
            (self.began, self.full_at) = self.before;
        }
    }

    /// When at least one refresh is left.
    fn refilled_at(&self) -> Moment {
        Moment::at(self.full_at.since_start().saturating_sub(REFILL * (BUDGET - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Moment {
        Moment::at(Duration::from_secs_f64(seconds))
    }

    /// Starts as many refreshes as may start until `until`, each as early as it may.
    fn starts(budget: &mut RefreshBudget, haste: Haste, from: f64, until: f64) -> Vec<Moment> {
        let next = |budget: &RefreshBudget| budget.free_at(haste).max(at(from));
        let mut starts = vec![];
        while next(budget) < at(until) {
            let start = next(budget);
            starts.push(start);
            budget.started(start);
            budget.ended(&Ok(()), start);
        }
        starts
    }

    #[test]
    fn additions_start_a_second_apart_while_the_budget_lasts_and_then_two() {
        let seen = starts(&mut RefreshBudget::default(), Haste::Early, 50.0, 71.0);
        let quick = (0..=10).map(|second| 50.0 + f64::from(second));
        let then = (1..=5).map(|pair| 60.0 + 2.0 * f64::from(pair));
        assert_eq!(seen, quick.chain(then).map(at).collect::<Vec<_>>());
    }

    #[test]
    fn an_addition_waits_two_seconds_at_most() {
        let seen = starts(&mut RefreshBudget::default(), Haste::Early, 0.0, 3_600.0);
        assert!(seen.windows(2).all(|pair| pair[1].since(pair[0]) <= REFILL), "{seen:?}");
    }

    #[test]
    fn an_hour_has_six_and_1800_at_most() {
        let mut budget = RefreshBudget::default();
        let seen = starts(&mut budget, Haste::Early, 0.0, 7_200.0);
        let hour = |from: Moment| {
            seen.iter().filter(|start| **start >= from && start.since(from).as_secs() < 3_600).count()
        };
        let most = seen.iter().map(|start| hour(*start)).max();
        assert_eq!(most, Some(1_805), "the last of 6 + 1,800 is due as the hour ends");
    }

    /// Additions as early as may be, then a removal as early as may be, for ever: of every such row an
    /// hour has no more.
    #[test]
    fn removals_and_retries_are_within_the_hours_bound() {
        for additions in 1..20 {
            let mut budget = RefreshBudget::default();
            let mut count = 0;
            loop {
                let haste = if count % (additions + 1) == additions { Haste::Late } else { Haste::Early };
                let next = budget.free_at(haste);
                if next > at(3_600.0) {
                    break;
                }
                budget.started(next);
                budget.ended(&Ok(()), next);
                count += 1;
            }
            assert!(count <= 1_806, "{count} with a removal after each {additions} additions");
        }
    }

    #[test]
    fn what_only_removes_or_repeats_starts_five_seconds_after_the_one_before() {
        let mut budget = RefreshBudget::default();
        assert_eq!(budget.free_at(Haste::Late), Moment::START, "the first need not wait");
        let seen = starts(&mut budget, Haste::Late, 50.0, 63.0);
        assert_eq!(seen, [50.0, 55.0, 60.0].map(at));
    }

    #[test]
    fn removals_leave_a_budget_for_the_additions_that_follow() {
        let mut budget = RefreshBudget::default();
        starts(&mut budget, Haste::Late, 0.0, 3_600.0);
        let seen = starts(&mut budget, Haste::Early, 3_596.0, 3_602.0);
        assert_eq!(seen, [3_596.0, 3_597.0, 3_598.0, 3_599.0, 3_600.0, 3_601.0].map(at), "all six");
    }

    #[test]
    fn a_rest_refills_the_budget_and_no_more_than_it() {
        let mut budget = RefreshBudget::default();
        starts(&mut budget, Haste::Early, 0.0, 100.0);
        assert_eq!(budget.free_at(Haste::Early), at(100.0), "two seconds after the last");
        assert_eq!(starts(&mut budget.clone(), Haste::Early, 110.0, 121.0).len(), 11, "as at first");
        assert_eq!(starts(&mut budget, Haste::Early, 100_000.0, 100_011.0).len(), 11, "and no more");
    }

    #[test]
    fn a_slow_server_has_no_budget_until_a_refresh_is_quick_again() {
        let mut budget = RefreshBudget::default();
        budget.started(at(10.0));
        budget.ended(&Ok(()), at(11.0));
        assert_eq!(budget.free_at(Haste::Early), at(11.0), "a second is quick");
        budget.started(at(20.0));
        budget.ended(&Ok(()), at(21.1));
        assert_eq!(budget.free_at(Haste::Early), at(25.0));
        budget.started(at(25.0));
        budget.ended(&Ok(()), at(25.1));
        assert_eq!(budget.free_at(Haste::Early), at(26.0));
    }

    #[test]
    fn a_server_that_timed_out_has_no_budget_and_a_call_that_reached_nobody_is_no_refresh() {
        let mut budget = RefreshBudget::default();
        let calls = [
            (ServerFault::TimedOut, 5.0),
            (ServerFault::Unreachable("connection refused".to_owned()), 1.0),
            (ServerFault::HungUp("connection closed".to_owned()), 5.0),
            (ServerFault::Refused(crate::model::Refusal::Forbidden), 5.0),
            (ServerFault::Failing { status: 500, reason: String::new() }, 1.0),
        ];
        for ((fault, wait), begun) in calls.into_iter().zip((1..).map(|number| 10.0 * f64::from(number))) {
            budget.started(at(begun));
            budget.ended(&Err(fault.clone()), at(begun));
            assert_eq!(budget.free_at(Haste::Early), at(begun + wait), "{fault:?}");
        }
    }
}
