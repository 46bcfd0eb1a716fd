//! What a command says: its outcome to standard output, everything else to standard error.
//!
//! Must never panic: `println!` does when its reader has gone away, or a disk behind it is full.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::mesh::Colour;

use super::ExitStatus;
use super::command::COLUMNS;

/// Colours are for terminals, and for those who want them: see no-color.org.
pub(super) fn colour() -> Colour {
    let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_plain = env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    if is_unwanted || is_plain || !io::stdout().is_terminal() { Colour::Plain } else { Colour::Ansi }
}

/// How wide texts for people may be: as the terminal, within what reads well.
pub(super) fn columns() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col).clamp(60, 100),
        // No terminal, or one that does not say.
        Ok(_) | Err(_) => COLUMNS,
    }
}

/// Says something besides the outcome. Where standard error is closed, nobody wants to hear it.
pub(super) fn say(message: impl Display) {
    let _lost = writeln!(io::stderr().lock(), "eureka-peers: {message}");
}

/// Prints an outcome whole, and gives its status, or a failure where it cannot be printed.
pub(super) fn print(text: &str, status: ExitStatus) -> ExitStatus {
    match put(text) {
        // The reader has seen enough.
        Ok(Audience::Listens | Audience::Gone) => status,
        Err(failure) => failure,
    }
}

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Listens,
    Gone,
}

/// Prints a part of an outcome; the error is said here.
pub(super) fn put(text: &str) -> Result<Audience, ExitStatus> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Audience::Listens),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Audience::Gone),
        Err(error) => {
            say(format_args!("cannot write to standard output: {error}"));
            Err(ExitStatus::Failure)
        }
    }
}
