//! `kill -9` at each step of a publication.
//!
//! The signal comes as the step's call is entered, so that it is not done any more: what is on the disk
//! is what the step before left, which is to be killed right after that one. The step after the last one
//! is the call that wakes the loop.

use std::os::unix::process::ExitStatusExt;

use crate::life::{Life, Scene};
use crate::step::Step;

/// The publication `scene`, whose steps are `all`, killed at step `number`.
pub(crate) fn at(scene: Scene, all: &[Step], number: usize) {
    let step = &all[number];
    let cluster = scene.cluster();
    let subcommand = if scene.life == Life::First { "init" } else { "run" };
    let brink = scene.bring(&cluster, subcommand, Some(&step.injection("signal=KILL")));
    scene.begin(&cluster);
    assert_eq!(brink.sidecar.ended().signal(), Some(9));
    let last = brink.tracer.last_step(&cluster.volume());
    assert_eq!(last.as_ref(), Some(step), "killed where it should be");
    let is_swapped = all[..number].iter().any(|done| scene.is_swap(done));
    assert_eq!(scene.is_new(&cluster), is_swapped);
    scene.next_start_mends(&cluster);
}
