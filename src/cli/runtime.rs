//! The one runtime of a process.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

/// How long a thread of blocking work stays without work: for good. A pod has a bound on its threads
/// (`podPidsLimit`), a stock server spends 24 of them on each peer, and where the bound is reached no new
/// one can be made.
const IDLE_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What the program has open at work, connections to its listeners aside; the endurance suite holds it to that.
const DESCRIPTORS_AT_WORK: u64 = 32;
/// Connections without which a probe may find no place: one on each listener, with as many that are going.
const CONNECTIONS_MIN: u64 = 4;
/// Connections that both listeners have places for (`admin::Bounds`).
const CONNECTIONS_MAX: u64 = 2 * 64;

/// Whether probes could be answered: a process that runs and cannot even say so is killed by its probes, with
/// nothing in its log. A soft limit is raised as far as there is use for it. The error is a sentence.
pub(super) fn enough_descriptors() -> Result<(), String> {
    // What we were given at the start, with what this look takes.
    let open = fs::read_dir("/proc/self/fd").map_or(3, Iterator::count);
    let at_work = u64::try_from(open).unwrap_or(u64::MAX).saturating_add(DESCRIPTORS_AT_WORK);
    let needed = at_work.saturating_add(CONNECTIONS_MIN);
    let limit = raised_to(at_work.saturating_add(CONNECTIONS_MAX));
    if limit >= needed {
        return Ok(());
    }
    Err(format!(
        "{limit} open files are allowed, and {needed} are needed to work and to answer a probe; raise the limit \
         (`ulimit -n`, RLIMIT_NOFILE)"
    ))
}

/// The limit of open files, where it was below `wanted` as near to that as the hard limit lets us.
fn raised_to(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let raised = wanted.min(limit.maximum.unwrap_or(u64::MAX));
    if current < raised && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).is_ok() {
        return raised;
    }
    current
}

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
