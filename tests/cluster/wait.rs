//! Waiting, bounded in time and at a pace that leaves the cores to the cluster.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks: each of them is a program that is started.
const PACE: Duration = Duration::from_secs(1);
/// Between two questions to a program that runs.
const FINE_PACE: Duration = Duration::from_millis(20);

/// Waits until `probe` gives a value; says with it how long that took.
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
        match probe() {
            Ok(value) => return Ok((value, begun.elapsed())),
            Err(missing) if begun.elapsed() > limit => {
                return Err(format!("{what}: not within {limit:?}: {missing}"));
            }
            Err(_) => thread::sleep(pace),
        }
    }
}

/// Watches `probe` for the whole of `time`; it must hold throughout.
pub(crate) fn throughout(
    what: &str,
    time: Duration,
    mut probe: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < time {
        probe().map_err(|broken| format!("{what}: broken after {:?}: {broken}", begun.elapsed()))?;
        thread::sleep(PACE);
    }
    Ok(())
}
