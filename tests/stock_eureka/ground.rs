//! What the trials stand on: the program, and loopback addresses that no other test of this project uses.
//!
//! There are two grounds, so that two trials can run at once, each in a process of its own. Never
//! shared: whoever has one keeps everybody else off it, other checkouts included. The demonstration
//! (`examples/stock_eureka/`) stands on a third.

use std::fs::File;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// The second part of the pods' addresses on each ground.
const GROUNDS: [u8; 2] = [10, 11];
/// Between two looks for a free ground.
const POLL: Duration = Duration::from_millis(100);

/// The ground of this process.
static TAKEN: OnceLock<u8> = OnceLock::new();

/// How much of the machine a trial stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One ground.
    One,
    /// All of them, and the ports of the machine itself.
    Machine,
}

/// Waits until there is a free ground and takes it for this process, until the files are closed.
pub(crate) fn take(extent: Extent) -> Vec<File> {
    let (ground, locks) = match extent {
        Extent::One => {
            let (ground, lock) = take_one();
            (ground, vec![lock])
        }
        // Always in the same order: two who want all of them do not wait for each other.
        Extent::Machine => (GROUNDS[0], GROUNDS.into_iter().map(wait_for).collect()),
    };
    TAKEN.set(ground).expect("a process runs one trial");
    locks
}

/// The first three parts of the pods' addresses.
pub(crate) fn pods() -> [u8; 3] {
    [127, taken(), 0]
}

/// The same of what stands for each pod's own 127.0.0.1.
pub(crate) fn loopbacks() -> [u8; 3] {
    [127, taken(), 1]
}

/// The program, without a word of arguments.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_eureka-peers"))
}

fn taken() -> u8 {
    *TAKEN.get().expect("a trial takes its ground before it begins")
}

fn take_one() -> (u8, File) {
    loop {
        for ground in GROUNDS {
            let lock = lock_of(ground);
            if lock.try_lock().is_ok() {
                return (ground, lock);
            }
        }
        thread::sleep(POLL);
    }
}

fn wait_for(ground: u8) -> File {
    let lock = lock_of(ground);
    lock.lock().expect("the file system for temporary files has locks");
    lock
}

fn lock_of(ground: u8) -> File {
    let file = std::env::temp_dir().join(format!("eureka-peers-stock-trials-{ground}.lock"));
    File::create(file).expect("there is a directory for temporary files")
}
