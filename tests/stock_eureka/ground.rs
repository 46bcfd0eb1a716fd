//! What the trials stand on: the program, and addresses that no other test of this project uses.
//!
//! Never shared: the demonstration (`examples/stock_eureka/`) stands on another one, so that both can
//! run on one machine.

use std::process::Command;

/// The first three parts of the pods' addresses.
pub(crate) const PODS: [u8; 3] = [127, 0, 10];

/// The same of what stands for each pod's own 127.0.0.1.
pub(crate) const LOOPBACKS: [u8; 3] = [127, 0, 11];

/// The program, without a word of arguments.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_eureka-peers"))
}
