//! Neighbours that misbehave, beside the real binary.
//!
//! For each way to misbehave: it has its own reason in `/status`, in the metrics and in `check`; the
//! loop keeps its pace, counted in questions to DNS; a change reaches the file as ever; refreshes stay
//! within their bound; and when the neighbour behaves again, so does everything.
//!
//! The trials mostly wait, so many run at once.

mod faults;
#[path = "../../fuzz/src/slow.rs"]
#[expect(unreachable_pub, reason = "for the fuzzer this is a part of a library")]
mod slow;
mod trial;
#[path = "../world/mod.rs"]
mod world;

use std::process::ExitCode;

use libtest_mimic::Arguments;

use world::{cluster, eureka_server as server, extent, machine, sidecar};

use machine::trial_with;

/// What a quick run tries: a refusal, a failure, an end too soon and a flood, of either call.
const SAMPLE: [&str; 8] = [
    "refresh-401",
    "refresh-500",
    "refresh-hangs-up",
    "refresh-of-a-gigabyte",
    "status-404",
    "status-is-half",
    "status-of-a-gigabyte",
    "replies-that-are-slow-to-read",
];
/// Trials at once: they wait for the program's own pauses, and hardly compute.
const AT_ONCE: usize = 16;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let trials = faults::all();
    let trials = trials.into_iter().map(|fault| trial_with(fault.name, Ok(()), move || trial::of(&fault)));
    let alone: [(&str, fn()); 4] = [
        ("a-server-that-seems-to-restart-all-the-time", trial::of_ever_younger_server),
        ("replies-that-are-slow-to-read", trial::of_slow_replies),
        ("two-servers-behind-one-address", trial::of_two_servers),
        ("everything-at-once", trial::of_everything_at_once),
    ];
    let alone = alone.map(|(name, play)| trial_with(name, Ok(()), play));
    let trials = alone.into_iter().chain(trials).collect();
    let trials = extent::chosen("neighbours", &arguments, trials, |name| SAMPLE.contains(&name));
    libtest_mimic::run(&arguments, trials).exit_code()
}
