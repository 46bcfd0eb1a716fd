//! The one runtime of a process.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// How long a thread of blocking work stays without work: for good. A pod has a bound on its threads
/// (`podPidsLimit`), a stock server spends 24 of them on each peer, and where the bound is reached no new
/// one can be made.
const IDLE_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One thread for everything; more only for what blocks: file work, and the reading of a server's replies.
/// The error is a sentence.
pub(super) fn runtime() -> Result<Runtime, String> {
    let runtime = Builder::new_current_thread().enable_all().thread_keep_alive(IDLE_MAX).build();
    runtime.map_err(|error| format!("no runtime: {error}"))
}

/// The same with a thread for file work and one for the replies of a server, made now: work that finds all
/// threads taken, and can have no other, waits for one. One reply at a time is read, so whatever a server
/// sends leaves a thread to the files.
///
/// Where only one can be had, replies and files take turns.
pub(super) fn runtime_for_files() -> Result<Runtime, String> {
    // The runtime panics where it can have no thread at all.
    let trial = thread::Builder::new().spawn(|| ());
    let no_thread = |error| format!("no thread for file work: {error}; see podPidsLimit and ulimit -u");
    trial.map_err(no_thread)?.join().map_err(|_| "a thread that does nothing panicked".to_owned())?;
    let runtime = runtime()?;
    // The first thread is still busy when the second is asked for.
    let (both_asked_for, busy) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || busy.recv());
    runtime.spawn_blocking(|| ());
    drop(both_asked_for);
    Ok(runtime)
}
