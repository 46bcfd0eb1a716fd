//! Waiting for what must come, bounded in time, and watching what must stay.

use std::thread;
use std::time::{Duration, Instant};

use super::trial;

/// How often a test looks.
pub(crate) const GLANCE: Duration = Duration::from_millis(2);
/// Fine enough for figures of tens of milliseconds.
const POLL: Duration = Duration::from_millis(10);
/// Between two looks at what many tests wait for at once.
const FINE_PACE: Duration = Duration::from_millis(50);
/// Where each look is a program that is started: the cores are left to what is looked at.
const PACE: Duration = Duration::from_secs(1);

/// What is so, or says what is instead: an answer to those who wait.
pub(crate) fn is_so(is_so: bool, instead: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(instead()) }
}

/// Waits until `probe` gives a value, and says how long that took; `probe` says what is missing.
pub(crate) fn until<T>(
    what: &str,
    limit: Duration,
    probe: impl FnMut() -> Result<T, String>,
) -> Result<(T, Duration), String> {
    at_pace(PACE, what, limit, probe)
}

/// The same at a finer pace, for what costs little to ask.
pub(crate) fn closely<T>(
    what: &str,
    limit: Duration,
    probe: impl FnMut() -> Result<T, String>,
) -> Result<(T, Duration), String> {
    at_pace(FINE_PACE, what, limit, probe)
}

fn at_pace<T>(
    pace: Duration,
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<T, String>,
) -> Result<(T, Duration), String> {
    let begun = Instant::now();
    loop {
        trial::check();
        let outcome = probe();
        let waited = begun.elapsed();
        match outcome {
            Ok(value) => return Ok((value, waited)),
            Err(missing) if waited > limit => {
                return Err(format!("{what}: not within {limit:?}: {missing}"));
            }
            Err(_) => thread::sleep(pace),
        }
    }
}

/// The same more closely still, where what does not come is the end of the test.
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    probe: impl FnMut() -> Result<T, String>,
) -> (T, Duration) {
    at_pace(POLL, what, limit, probe).unwrap_or_else(|missing| panic!("{missing}"))
}

/// Waits until `is_so`, and says how long that took; `state` explains a failure.
pub(crate) fn wait_until(
    what: &str,
    limit: Duration,
    mut is_so: impl FnMut() -> bool,
    state: impl FnOnce() -> String,
) -> Duration {
    let probe = || is_so().then_some(()).ok_or_else(String::new);
    at_pace(GLANCE, what, limit, probe).unwrap_or_else(|missing| panic!("{missing}\n{}", state())).1
}

/// Watches `probe` for the whole of `time`; it must hold throughout.
pub(crate) fn throughout(
    what: &str,
    time: Duration,
    probe: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    throughout_at_pace(PACE, what, time, probe)
}

/// The same, watched more closely, where what does not hold is the end of the test.
pub(crate) fn holds_for(what: &str, time: Duration, probe: impl FnMut() -> Result<(), String>) {
    throughout_at_pace(POLL, what, time, probe).unwrap_or_else(|broken| panic!("{broken}"));
}

fn throughout_at_pace(
    pace: Duration,
    what: &str,
    time: Duration,
    mut probe: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < time {
        trial::check();
        probe().map_err(|broken| format!("{what}: broken after {:?}: {broken}", begun.elapsed()))?;
        thread::sleep(pace);
    }
    Ok(())
}
