//! Flags, environment and YAML text become settings, or all their faults at once.
//!
//! One table ([`Setting::all`]) names every setting; flags, variables, keys of the file, help, README
//! and man page are derived from it. A higher source (flag over environment over file) replaces a
//! lower one and is never merged with it. Reading is a function of its arguments: what the machine
//! says is observed once, in [`Surroundings`], and handed in.
//!
//! Must never show a secret, and never read one: what holds it is named by its path.

mod asked;
mod closest;
mod environment;
mod fault;
mod files;
mod fixed;
mod given;
mod holds;
mod hosts;
mod identity;
mod load;
mod process;
mod provenance;
mod reader;
mod readme;
mod server;
mod surroundings;
mod table;
mod words;
mod yaml;

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::document::{FileName, Format, UserInfo};
use crate::model::{HttpUrl, Port, Zone};
use crate::reconcile::Policy;

pub use fault::{Fault, Origin, Rejected, Warning};
pub use given::{Flags, SettingsFile};
pub use load::{Loaded, Purpose, config_path, listeners, load};
pub use process::Listeners;
pub use provenance::{Provenance, ProvenanceEntry};
pub use readme::markdown_table;
pub use surroundings::Surroundings;
pub use table::{Group, Key, Setting, Shape, VARIABLE_PREFIX};
pub use yaml::FILE_SIZE_MAX;

/// Everything an operator can say, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What decisions depend on.
    pub policy: Policy,
    /// DNS servers to ask in turn; empty means those of `resolv.conf`.
    pub dns_servers: Vec<SocketAddr>,
    /// What is written, and where.
    pub output: OutputSettings,
    /// How the server beside us is reached.
    pub server: ServerSettings,
    /// Probes, metrics, status.
    pub listen: ListenAddress,
    /// Sink and overrides; a loopback address.
    pub local_listen: SocketAddr,
    /// How much is logged.
    pub log_level: LogLevel,
    /// In what shape.
    pub log_format: LogFormat,
}

/// What is written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSettings {
    /// The volume; `run` and `init` have one.
    pub directory: Option<PathBuf>,
    /// The files; at least one, names distinct.
    pub files: Vec<OutputFile>,
    /// How files are put in place.
    pub layout: Layout,
    /// Permission bits of the files.
    pub file_mode: u32,
    /// The zone under which the list is written.
    pub zone: Zone,
    /// Credentials in front of each peer's host.
    pub user_info: UserInfoSource,
}

/// One output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its name in the directory.
    pub name: FileName,
    /// What is in it.
    pub format: Format,
}

/// How files are put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The kubelet's `..data` swap: all files of a generation change together.
    Volume,
    /// Each file by a rename of its own.
    Plain,
}

/// Where the credentials in front of each peer's host come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserInfoSource {
    /// There are none.
    None,
    /// `${NAME}:${NAME}`, resolved by the server itself.
    Placeholders(UserInfo),
    /// A file that holds `user:password`, read again at each use.
    File(PathBuf),
}

/// How the server beside us is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// The actuator's base; refresh and env lie below it.
    pub actuator_url: Option<HttpUrl>,
    /// The status document; none where nothing is to be confirmed.
    pub status_url: Option<HttpUrl>,
    /// For actuator, status and mesh.
    pub credentials: Option<Credentials>,
    /// Certificates (PEM) that vouch for https servers, read again at each use.
    pub ca_file: Option<PathBuf>,
}

/// Who we are to the server; user and password come together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Holds no colon.
    pub user: String,
    /// Holds the password, read again at each use.
    pub password_file: PathBuf,
}

/// Where probes, metrics and status are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// On every address of the host: `[::]`, or `0.0.0.0` where it has no IPv6. The default, with 9761.
    Any(Port),
    /// On this address alone, as the operator says.
    Exactly(SocketAddr),
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What needs an operator.
    Error,
    /// What may.
    Warn,
    /// Each change.
    Info,
    /// Each question and outcome.
    Debug,
    /// Everything.
    Trace,
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
