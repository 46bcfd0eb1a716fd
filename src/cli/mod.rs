//! The command line: what can be typed, what each subcommand does, and what it tells the shell.
//!
//! One file a subcommand. Flags of settings come from the settings' own table. Nothing below this
//! room ends the process; nothing here decides anything about peers.

mod accept;
mod asking;
mod check;
mod command;
mod completions;
mod examples;
mod exit_status;
mod health;
mod invocation;
mod list_difference;
mod local_call;
mod man;
mod mesh;
mod mesh_servers;
mod next_step;
mod outside;
mod published_list;
mod resolve;
mod run;
mod runtime;
mod settings_updates;
mod sources;
mod terminal;

use std::ffi::OsString;
use std::io;

use crate::settings::{Environment, Purpose};

use sources::Sources;

pub use command::command;
pub use exit_status::ExitStatus;
pub use invocation::{Invocation, ListFormat, MeshFormat, Probe, ReportFormat, Task, parse};

/// Runs the program with these arguments, its own name first, in the environment of this process.
///
/// What was asked for goes to standard output, everything else to standard error.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let Invocation { task, flags } = match parse(arguments) {
        Ok(invocation) => invocation,
        Err(error) => {
            // Help and version are asked for as well, and clap knows to which stream each belongs.
            let _closed = error.print();
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Success };
        }
    };
    // Those without a purpose of their own read the listeners at most.
    let purpose = task.purpose().unwrap_or(Purpose::Print);
    let sources = Sources::new(flags, Environment::observe(), purpose);
    match task {
        Task::Run => run::run(sources),
        Task::Init => run::init(sources),
        Task::Resolve { format, watch } => resolve::resolve(&sources, format, watch),
        Task::Check { format } => check::check(&sources, format),
        Task::Mesh { urls, format, watch } => mesh::mesh(&sources, urls, format, watch),
        Task::Accept { consent, mode, format } => accept::accept(&sources, consent, mode, format),
        Task::Health { probe } => health::health(&sources, probe),
        Task::Completions(shell) => print(|out| completions::write(shell, out)),
        Task::Man => print(|out| man::write(out)),
    }
}

fn print(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> ExitStatus {
    let mut text = Vec::new();
    write(&mut text).expect("a vector takes all bytes");
    terminal::print(&String::from_utf8_lossy(&text), ExitStatus::Success)
}
