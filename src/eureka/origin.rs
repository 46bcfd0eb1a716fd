//! Which of a server's property sources the list in force comes from: the reason behind "not adopted".

use std::fmt;

use crate::model::{ServerFault, Zone};

use super::fault;
use super::property_sources::{InForce, Place, PropertySources};
use super::quote::quoted;
use super::requirements::is_true;

/// Characters of a source's name or a key that are kept; a file's name stands in it with its path.
const NAME_MAX: usize = 512;

/// Where the server takes its list from. `Display` says what follows from it, and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
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

impl Origin {
    /// Judges what the server shows.
    pub(super) fn of(sources: &PropertySources, zone: &Zone) -> Self {
        let dns = sources.in_force("eureka.client.use-dns-for-fetching-service-urls");
        if matches!(dns, InForce::Value(value) if is_true(&value)) {
            return Self::DnsInstead;
        }
        sources.service_url(zone).map_or(Self::Nowhere, Self::of_place)
    }

    /// Names are those of Spring: `CommandLinePropertySource`, `SpringApplicationJsonEnvironmentPostProcessor`,
    /// `StandardEnvironment`, Spring Cloud's `WritableEnvironmentEndpoint`, `ConfigDataEnvironment`.
    fn of_place(place: Place<'_>) -> Self {
        let key = || quoted(place.key, NAME_MAX);
        let source = || quoted(place.source, NAME_MAX);
        match place.source {
            "commandLineArgs" => Self::CommandLine(key()),
            "spring.application.json" => Self::ApplicationJson,
            "systemProperties" => Self::SystemProperty(key()),
            "manager" => Self::Handed,
            name if name.starts_with("systemEnvironment") => Self::EnvironmentVariable(key()),
            name if is_file(name) => Self::File(source()),
            _ => Self::Other(source()),
        }
    }
}

/// `Config resource 'file [/x]' via location 'y'` and `Config tree '/x'` since Boot 2.4;
/// `applicationConfig: [file:/x]` before.
fn is_file(name: &str) -> bool {
    ["Config resource ", "Config tree ", "applicationConfig:"].iter().any(|prefix| name.starts_with(prefix))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnvironmentVariable(name) => write!(
                f,
                "the server's environment variable {name} wins over the file; remove it from the container"
            ),
            Self::ApplicationJson => f.write_str(
                "the list in SPRING_APPLICATION_JSON wins over the file; remove it from there",
            ),
            Self::CommandLine(key) => {
                write!(f, "the server's command line sets {key}, which wins over the file; remove it from its arguments")
            }
            Self::SystemProperty(key) => write!(
                f,
                "the JVM's -D{key} wins over the file; remove it from its arguments (JAVA_TOOL_OPTIONS among them)"
            ),
            Self::Handed => f.write_str(
                "a list given through POST /actuator/env is in force and masks the file until \
                 DELETE /actuator/env, or a restart of the server",
            ),
            Self::File(source) => write!(
                f,
                "the list comes from {source}; if that is not the file written here, import this one with \
                 SPRING_CONFIG_IMPORT; if it is, see the server's log, and eureka.client.availability-zones"
            ),
            Self::Other(source) => {
                write!(f, "the list comes from the property source {source}; take the key out of it")
            }
            Self::Nowhere => f.write_str(
                "no property source of the server has the list: it does not import the file; set \
                 SPRING_CONFIG_IMPORT=optional:file:<directory>/peers.properties, and check the mount and the zone",
            ),
            Self::DnsInstead => f.write_str(
                "eureka.client.use-dns-for-fetching-service-urls is on, so the server ignores every list; turn it off",
            ),
            Self::Unseen { why, zone } => write_suspects(f, why, zone),
        }
    }
}

fn write_suspects(f: &mut fmt::Formatter<'_>, why: &ServerFault, zone: &Zone) -> fmt::Result {
    let variable = zone.as_str().to_ascii_uppercase();
    write!(
        f,
        "the server does not show where its list comes from ({}). Suspects that win over the file: \
         EUREKA_CLIENT_SERVICEURL_{variable}, EUREKA_CLIENT_SERVICE_URL_{variable}, SPRING_APPLICATION_JSON, \
         arguments with eureka.client.serviceUrl.{zone}, an earlier POST to /actuator/env; or \
         SPRING_CONFIG_IMPORT does not name the file. With `env` exposed on the management port this is told exactly",
        fault::in_short(why)
    )
}
