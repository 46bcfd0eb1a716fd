//! How much of the long suites runs: a sample by default, everything with `EUREKA_PEERS_TESTS=all`.
//!
//! A sample is always the same one: nothing is left to chance. What a filter on the command line names is
//! chosen from everything.

use std::env;
use std::io::Write as _;

use libtest_mimic::{Arguments, Trial};

/// The one word that asks for everything, as `.ci/run` does.
const VARIABLE: &str = "EUREKA_PEERS_TESTS";

/// Whether everything is asked for.
pub(crate) fn is_everything() -> bool {
    match env::var(VARIABLE).as_deref() {
        Err(_) | Ok("" | "quick") => false,
        Ok("all") => true,
        Ok(other) => panic!("{VARIABLE}={other} is not a valid extent: expected all or quick"),
    }
}

/// The number that a variable asks for, if it is set.
pub(crate) fn number_from(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// Says in one line what a quick run leaves out; libtest swallows what tests print.
pub(crate) fn say_left_out(suite: &str, runs: &str) {
    let line = format!("{suite}: {runs}; {VARIABLE}=all runs everything\n");
    // Who does not listen needs no telling.
    let _unheard = std::io::stderr().write_all(line.as_bytes());
}

/// Those of the trials that run: where nobody asks for more, the ones that are `in_sample` by their names.
pub(crate) fn chosen(
    suite: &str,
    arguments: &Arguments,
    trials: Vec<Trial>,
    in_sample: impl Fn(&str) -> bool,
) -> Vec<Trial> {
    if arguments.list || arguments.filter.is_some() || is_everything() {
        return trials;
    }
    let all = trials.len();
    let sample: Vec<_> = trials.into_iter().filter(|trial| in_sample(trial.name())).collect();
    if sample.len() < all {
        say_left_out(suite, &format!("{} of {all} trials run", sample.len()));
    }
    sample
}
