//! Flags, environment and YAML text become settings, or all their faults at once.
//!
//! One table ([`Key::all`]) names every setting; flags, variables, keys of the file, help, README
//! and man page are derived from it. A higher source (flag over environment over file) replaces a
//! lower one and is never merged with it. Reading is a function of its arguments: what the machine
//! says is observed once, in [`Environment`], and handed in.
//!
//! Must never show a secret, and never read one: what holds it is named by its path.

mod checked;
mod closest;
mod environment;
mod fault;
mod files;
mod hosts;
mod identity;
mod load;
mod peer_settings;
mod policy;
mod process;
mod provenance;
mod purpose;
mod raw_settings;
mod reader;
mod readme;
mod restart;
mod server;
mod sources;
mod table;
#[cfg(test)]
mod tests;
mod until_restart;
mod variables;
mod words;
mod yaml;

pub use checked::{OutputSettings, Settings};
pub use environment::{Environment, Files, cluster_ips};
pub use fault::{Fault, Origin, Rejected, Warning};
pub use load::{Loaded, config_path, listeners, load};
pub use provenance::{Provenance, ProvenanceEntry};
pub use purpose::Purpose;
pub use readme::markdown_table;
pub use sources::{Flags, SettingsFile};
pub use table::{Change, Condition, DefaultValue, Group, Key, Setting, Shape, VARIABLE_PREFIX, Value};
pub use until_restart::UntilRestart;
pub use yaml::FILE_SIZE_MAX;
