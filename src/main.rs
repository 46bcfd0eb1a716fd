//! The `eureka-peers` program: hands the command line to the library, and its result to the shell.

fn main() {}
