//! Whole clusters in virtual time, on the pure machine: thousands of seeds, each a cluster with its
//! own troubles, each step checked against the promises by a reference model.
//!
//!     cargo test --test simulation                            # some seeds
//!     EUREKA_PEERS_TESTS=all cargo test --test simulation     # the seeds of CI
//!     SIMULATION_SEEDS=200000 cargo test --test simulation    # many more
//!     SIMULATION_SEED=4711 cargo test --test simulation       # one, exactly as it was, with its trace
//!     SIMULATION_DAYS=365 cargo test --test simulation days   # a year of one cluster
//!
//! `docs/simulation.md` says what is in the world, what is promised, and how to read a trace.

mod books;
mod dice;
mod dns;
mod eureka;
#[path = "../world/extent.rs"]
#[expect(dead_code, reason = "of the tests' world, no more than the word that asks for everything")]
mod extent;
mod names;
mod plan;
mod pod;
mod promise;
mod refreshes;
mod sabotage;
mod shrink;
mod trace;
mod turn;
mod world;

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use extent::number_from;
use plan::Plan;
use promise::Promise;
use sabotage::Sabotage;
use trace::Trace;
use world::run;

/// Seeds that are run where everything is asked for, and where nobody asks.
const SEEDS: u64 = 2_000;
const SEEDS_OF_A_QUICK_RUN: u64 = 200;

/// Days that one cluster lives where nobody asks for more.
const DAYS: u64 = 14;

fn seeds_asked_for() -> u64 {
    if extent::is_everything() {
        return SEEDS;
    }
    extent::say_left_out("simulation", &format!("{SEEDS_OF_A_QUICK_RUN} of {SEEDS} clusters"));
    SEEDS_OF_A_QUICK_RUN
}

/// The failure of `plan`, made small and told; none where it keeps all promises.
fn failure(plan: &Plan, sabotage: Sabotage) -> Option<(Promise, String)> {
    let (_, broken) = run(plan, sabotage, Trace::none()).outcome.err()?;
    let small = shrink::shrunk(plan, sabotage, broken.promise);
    let fate = run(&small, sabotage, Trace::written());
    let (pod, broken) = fate.outcome.expect_err("a plan fails as it failed before");
    Some((broken.promise, fate.trace.told(&small, pod, &broken)))
}

#[test]
fn clusters_keep_their_promises() {
    let seeds = match number_from("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_from("SIMULATION_SEEDS").unwrap_or_else(seeds_asked_for),
    };
    let (began, count) = (Instant::now(), seeds.end - seeds.start);
    let (next, steps) = (AtomicU64::new(seeds.start), AtomicU64::new(0));
    let one_by_one = || {
        std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed))
            .take_while(|seed| seeds.contains(seed))
            .find(|seed| {
                let fate = run(&Plan::of(*seed), Sabotage::None, Trace::none());
                steps.fetch_add(fate.steps, Ordering::Relaxed);
                fate.outcome.is_err()
            })
    };
    let hands = std::thread::available_parallelism().map_or(1, NonZero::get);
    let failed = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands).map(|_| scope.spawn(one_by_one)).collect();
        hands.into_iter().filter_map(|hand| hand.join().expect("a run ends")).min()
    });
    if let Some(seed) = failed {
        let (_, story) = failure(&Plan::of(seed), Sabotage::None).expect("it failed before");
        panic!("seed {seed}, to be replayed with SIMULATION_SEED={seed}\n{story}");
    }
    println!("{count} clusters, {} steps, {:?}", steps.into_inner(), began.elapsed());
}

#[test]
fn every_promise_can_be_seen_to_break() {
    for (sabotage, promises) in Sabotage::ALL {
        let found = (0..400).find_map(|seed| {
            let broken = run(&Plan::of(seed), sabotage, Trace::none()).outcome.err()?.1;
            promises.contains(&broken.promise).then_some(seed)
        });
        let seed = found.unwrap_or_else(|| panic!("no seed shows {sabotage:?}"));
        let (_, story) = failure(&Plan::of(seed), sabotage).expect("it failed before");
        assert!(promises.iter().any(|promise| story.contains(&promise.to_string())), "{sabotage:?}: {story}");
        println!("{sabotage:?}: seed {seed}\n{story}");
    }
}

#[test]
fn a_seed_replays_exactly_and_a_failing_plan_becomes_small() {
    let plan = (0..400)
        .map(Plan::of)
        .find(|plan| plan.events.len() > 10 && failure(plan, Sabotage::RemovesAtOnce).is_some())
        .expect("a sidecar that removes at once is found out");
    let again = || failure(&plan, Sabotage::RemovesAtOnce).expect("it fails again");
    assert_eq!(again(), again());
    let small = shrink::shrunk(&plan, Sabotage::RemovesAtOnce, again().0);
    assert!(small.events.len() < plan.events.len() / 2, "{} of {}", small.events.len(), plan.events.len());
}

#[test]
fn days_of_one_cluster() {
    let days = number_from("SIMULATION_DAYS").unwrap_or(DAYS);
    let plan = Plan::of_days(days);
    let began = Instant::now();
    let fate = run(&plan, Sabotage::None, Trace::none());
    if fate.outcome.is_err() {
        let (_, story) = failure(&plan, Sabotage::None).expect("it failed before");
        panic!("{story}");
    }
    println!("{days} days, {} steps, {:?}", fate.steps, began.elapsed());
    assert!(plan.calm_at >= Duration::from_secs(days * 86_400));
}
