//! A failing plan made small: what is not needed for the failure is in the way of whoever reads it.

use crate::plan::{Plan, Planned};
use crate::promise::Promise;
use crate::sabotage::Sabotage;
use crate::trace::Trace;
use crate::world::run;

/// Runs that a shrinking may take.
const RUNS_MAX: usize = 300;

/// The smallest plan that was found to break `promise` too.
pub(crate) fn shrunk(plan: &Plan, sabotage: Sabotage, promise: Promise) -> Plan {
    let mut runs = 0;
    let mut fails = |plan: &Plan| {
        runs += 1;
        runs <= RUNS_MAX
            && run(plan, sabotage, Trace::none()).outcome.is_err_and(|(_, broken)| broken.promise == promise)
    };
    let mut best = plan.clone();
    let mut chunk = best.events.len().max(1);
    while chunk > 0 {
        let mut from = 0;
        while from < best.events.len() {
            let smaller = without(&best, from, chunk);
            if fails(&smaller) {
                best = smaller;
            } else {
                from += chunk;
            }
        }
        chunk /= 2;
    }
    simpler(best, &mut fails)
}

fn without(plan: &Plan, from: usize, count: usize) -> Plan {
    let to = (from + count).min(plan.events.len());
    let events: Vec<Planned> = plan.events[..from].iter().chain(&plan.events[to..]).cloned().collect();
    Plan { events, ..plan.clone() }
}

/// Fewer pods, fewer replicas, no second Service, as far as the failure stays.
fn simpler(mut best: Plan, fails: &mut impl FnMut(&Plan) -> bool) -> Plan {
    let mut candidates: Vec<fn(&mut Plan)> = vec![
        |plan| plan.shape.others = 0,
        |plan| plan.shape.has_static_peer = false,
        |plan| plan.shape.has_client = false,
        |plan| plan.shape.caches = vec![None],
        |plan| plan.shape.lag_max = std::time::Duration::ZERO,
        |plan| plan.calm_at = plan.events.last().map_or(std::time::Duration::ZERO, |last| last.at),
    ];
    let half: fn(&mut Plan) = |plan| plan.shape.pods = plan.shape.pods.div_ceil(2);
    candidates.extend([half; 7]);
    for simplify in candidates {
        let mut simpler = best.clone();
        simplify(&mut simpler);
        if fails(&simpler) {
            best = simpler;
        }
    }
    best
}
