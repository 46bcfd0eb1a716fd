//! The `eureka-peers` program: hands the command line to the library, and its result to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    eureka_peers::cli::main(std::env::args_os()).into()
}
