//! What the demonstration stands on: this very executable as the program, and addresses of its own.

use std::process::Command;

/// The first argument that makes this executable the program itself.
pub(crate) const AS_PROGRAM: &str = "as-eureka-peers";

/// The first three parts of the pods' addresses.
pub(crate) const fn pods() -> [u8; 3] {
    [127, 9, 0]
}

/// The same of what stands for each pod's own 127.0.0.1.
pub(crate) const fn loopbacks() -> [u8; 3] {
    [127, 9, 1]
}

/// The program, without a word of arguments.
pub(crate) fn program() -> Command {
    let executable = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(executable);
    command.arg(AS_PROGRAM);
    command
}
