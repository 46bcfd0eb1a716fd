//! The program killed at every step of a publication, and on disks that fail, stall, fill up, or are
//! swapped under it.
//!
//! The system calls of a publication are learned first, by looking; then there is a trial a call and
//! mishap. Kills at random moments, and the publisher as other users, are in `tests/published_directory`.
//! Mounts are made in a mount namespace of this run's own; without one, or without `strace`, the trials
//! that need it are ignored.

mod errors;
mod kills;
mod life;
mod mounts;
mod power;
mod stalls;
mod step;
mod strace;
#[path = "../world/mod.rs"]
mod world;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use libtest_mimic::{Arguments, Trial};

use world::{cluster, extent, http, machine, namespace, once, reader, sidecar};

use life::Scene;
use machine::trial_with;
use namespace::Stand;
use step::Step;

/// Stands for all that `strace` would do.
const WITHOUT_STRACE: &str = "system_calls_are_disturbed";
/// Trials wait more than they work.
const AT_ONCE: usize = 12;

fn main() -> ExitCode {
    let mounts = match namespace::enter(&["--mount"]) {
        Stand::Over(code) => return code,
        Stand::Inside => Ok(()),
        Stand::Outside(reason) => Err(reason),
    };
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let mut trials = injected();
    trials
        .extend(mounts::ALL.map(|(name, play)| trial_with(format!("mounts::{name}"), mounts.clone(), play)));
    let trials = extent::chosen("crash_and_disk", &arguments, trials, is_in_sample);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A quick run disturbs a sidecar at work in the usual layout, and mounts what is quickly mounted.
fn is_in_sample(name: &str) -> bool {
    let is_quick = name == "stall::fsync" || name == WITHOUT_STRACE;
    name.contains("::Running::volume") || name.starts_with("mounts::") || is_quick
}

/// The trials that need `strace`; without it, one that says so.
fn injected() -> Vec<Trial> {
    let is_usable = strace::is_usable();
    if is_usable.is_err() {
        return vec![trial_with(WITHOUT_STRACE, is_usable, || {})];
    }
    let mut trials: Vec<_> = stalls::ALL
        .into_iter()
        .map(|(name, play)| trial_with(format!("stall::{name}"), Ok(()), play))
        .collect();
    for (scene, steps) in learned() {
        trials.extend(errors::trials(scene, &steps));
        trials.extend(kill_trials(scene, &steps));
        let name = format!("power_failure::{:?}::{}", scene.life, scene.layout);
        trials.push(trial_with(name, Ok(()), move || power::is_survived(scene, &steps)));
    }
    trials
}

fn learned() -> Vec<(Scene, Arc<[Step]>)> {
    let learning = Scene::all().into_iter().map(|scene| (scene, thread::spawn(move || scene.learn())));
    let learning: Vec<_> = learning.collect();
    let steps = |(scene, learner): (Scene, thread::JoinHandle<Vec<Step>>)| {
        (scene, learner.join().expect("an undisturbed publication").into())
    };
    learning.into_iter().map(steps).collect()
}

fn kill_trials(scene: Scene, steps: &Arc<[Step]>) -> Vec<Trial> {
    let changing = steps.iter().enumerate().filter(|(_, step)| step.changes());
    let kill = |(number, step): (usize, &Step)| {
        let name = format!("kill::{:?}::{}::{number:02}_{}", scene.life, scene.layout, step.name());
        let steps = Arc::clone(steps);
        trial_with(name, Ok(()), move || kills::at(scene, &steps, number))
    };
    changing.map(kill).collect()
}
