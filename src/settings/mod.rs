//! Flags, environment and YAML text become settings, or all their faults at once.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::document::Format;
use crate::model::{HttpUrl, Zone};
use crate::reconcile::Policy;

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
    pub listen: SocketAddr,
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
    /// Its name in the directory; never begins with a dot, holds no slash.
    pub name: String,
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
    Placeholders(Box<str>),
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
    /// User for actuator, status and mesh.
    pub user: Option<String>,
    /// Holds the password, read again at each use.
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) that vouch for https servers, read again at each use.
    pub ca_file: Option<PathBuf>,
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
