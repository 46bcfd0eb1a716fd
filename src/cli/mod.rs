//! The command line: what can be typed, and what was.
//!
//! One file a subcommand. Flags of settings come from the settings' own table; nothing here knows what
//! they mean.

mod command;
pub mod completions;
mod invocation;
pub mod man;

pub use command::command;
pub use invocation::{Invocation, ListFormat, MeshFormat, Probe, ReportFormat, Task, parse};
