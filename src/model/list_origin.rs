//! Where a server takes its list from: the likely reason why it does not adopt ours.

use super::{ServerFault, Zone};

/// Which of a server's property sources the list in force comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOrigin {
    /// An environment variable of the server.
    EnvironmentVariable(String),
    /// `SPRING_APPLICATION_JSON`, or the property of that name.
    ApplicationJson,
    /// A command-line argument.
    CommandLine(String),
    /// A `-D` argument of the JVM.
    SystemProperty(String),
    /// A value given through `POST /actuator/env`.
    Handed,
    /// A file, by the name Spring gives it.
    File(String),
    /// Any other source, such as a configuration server.
    Other(String),
    /// No source has the key.
    Nowhere,
    /// The server has the list, and takes its peers from DNS instead
    /// (`eureka.client.use-dns-for-fetching-service-urls`).
    DnsInstead,
    /// The server does not say: the likely ones for this zone.
    Unseen {
        /// Why it does not say.
        why: ServerFault,
        /// The zone of the list.
        zone: Zone,
    },
}

impl ListOrigin {
    /// Whether the list comes from a file, as it should.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The closed set of names used in status.
    pub fn label(&self) -> &'static str {
        match self {
            Self::EnvironmentVariable(_) => "environment_variable",
            Self::ApplicationJson => "application_json",
            Self::CommandLine(_) => "command_line",
            Self::SystemProperty(_) => "system_property",
            Self::Handed => "post_to_env",
            Self::File(_) => "file",
            Self::Other(_) => "other_source",
            Self::Nowhere => "nowhere",
            Self::DnsInstead => "dns_instead",
            Self::Unseen { .. } => "unseen",
        }
    }

    /// The name of the variable, key, file or source, where there is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::EnvironmentVariable(name)
            | Self::CommandLine(name)
            | Self::SystemProperty(name)
            | Self::File(name)
            | Self::Other(name) => Some(name),
            Self::ApplicationJson | Self::Handed | Self::Nowhere | Self::DnsInstead | Self::Unseen { .. } => {
                None
            }
        }
    }
}
