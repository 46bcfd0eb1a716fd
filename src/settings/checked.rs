//! Everything an operator can say, checked: each room's own configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::admin::ListenAddress;
use crate::document::{OutputFile, UserInfoSource};
use crate::eureka::ServerAccess;
use crate::model::{Port, Zone};
use crate::publish::Layout;
use crate::reconcile::{Policy, Role};
use crate::telemetry::{LogFormat, LogLevel};

use super::until_restart::UntilRestart;

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
    pub server: ServerAccess,
    /// Probes, metrics, status.
    pub listen: ListenAddress,
    /// Sink and overrides; a loopback address.
    pub local_listen: SocketAddr,
    /// How much is logged.
    pub log_level: LogLevel,
    /// In what shape.
    pub log_format: LogFormat,
    /// What of all this stays as it is until a restart.
    pub until_restart: UntilRestart,
}

impl Settings {
    /// The same where the server beside us listens on the port of its own SRV record, as far as that is known.
    #[must_use]
    pub fn at_own_port(&self, port: Option<Port>) -> Self {
        let mut settings = self.clone();
        if let Some(port) = port.filter(|_| self.policy.takes_port_of_record()) {
            if let Role::Server(own) = &mut settings.policy.role {
                own.url = own.url.at_port(port);
            }
            if settings.server.status_url_is_default {
                settings.server.status_url = settings.server.status_url.map(|url| url.at_port(port));
            }
        }
        settings
    }
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
