//! What the trials stand on: the program, and addresses that no other test of this project uses.
//!
//! Never shared: the demonstration (`examples/stock_eureka/`) stands on another one, so that both can
//! run on one machine.

use std::fs::File;
use std::process::Command;

/// The first three parts of the pods' addresses.
pub(crate) const PODS: [u8; 3] = [127, 0, 10];

/// The same of what stands for each pod's own 127.0.0.1.
pub(crate) const LOOPBACKS: [u8; 3] = [127, 0, 11];

/// Waits until no other run of these trials, from whichever checkout, uses the same addresses; they are
/// ours until the file is closed.
pub(crate) fn alone() -> File {
    let lock = std::env::temp_dir().join("eureka-peers-stock-trials.lock");
    let lock = File::create(lock).expect("there is a directory for temporary files");
    lock.lock().expect("its file system has locks");
    lock
}

/// The program, without a word of arguments.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_eureka-peers"))
}
