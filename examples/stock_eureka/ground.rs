//! What the demonstration stands on: this very executable as the program, and addresses of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

/// The first argument that makes this executable the program itself.
pub(crate) const AS_PROGRAM: &str = "as-eureka-peers";

/// The address of a pod.
pub(crate) fn pod(ordinal: u8) -> IpAddr {
    Ipv4Addr::new(127, 9, 0, ordinal + 1).into()
}

/// What stands for a pod's own 127.0.0.1.
pub(crate) fn loopback(ordinal: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 9, 1, ordinal + 1)
}

/// The program, without a word of arguments.
pub(crate) fn program() -> Command {
    let executable = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(executable);
    command.arg(AS_PROGRAM);
    command
}
