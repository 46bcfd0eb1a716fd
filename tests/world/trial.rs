//! One trial: bounded in time, and leaving nothing behind.
//!
//! A process runs one at most: it ends by ending every process that this one has started.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::process;

/// The longest scenario takes five minutes on two cores.
const TRIAL_MAX: Duration = Duration::from_secs(15 * 60);
/// A trial whose processes are gone fails within this.
const UNWOUND_WITHIN: Duration = Duration::from_secs(60);

/// Set while a trial that has run out of time, or was told to stop, unwinds.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Runs `body` to its end or to the end of its time; says why it failed.
pub(crate) fn run(body: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let (done, ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(body)).map_err(|panic| message(&*panic));
        // Nobody listens any more where the trial has been given up.
        drop(done.send(outcome));
    });
    let outcome = ended.recv_timeout(TRIAL_MAX).unwrap_or_else(|_| give_up(&ended));
    drop(thread);
    outcome
}

fn give_up(ended: &mpsc::Receiver<Result<(), String>>) -> Result<(), String> {
    stop();
    let why = ended.recv_timeout(UNWOUND_WITHIN);
    STOPPED.store(false, Ordering::SeqCst);
    Err(format!("took more than {TRIAL_MAX:?}; it ended with {why:?}"))
}

/// Ends every process of the trial, and with them the trial.
pub(crate) fn stop() {
    STOPPED.store(true, Ordering::SeqCst);
    process::kill_all();
}

/// Fails where the trial has run out of time, or was told to stop.
pub(crate) fn check() {
    assert!(!STOPPED.load(Ordering::SeqCst), "out of time, or told to stop");
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
