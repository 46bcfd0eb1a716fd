//! Which of a server's property sources the list in force comes from: the reason behind "not adopted".

use crate::http_client::Secrets;
use crate::model::{ListOrigin, Zone};

use super::property_sources::{InForce, Place, PropertySources};
use super::quote::quoted;
use super::requirements::is_true;

/// Characters of a source's name or a key that are kept; a file's name stands in it with its path.
const NAME_MAX: usize = 512;

/// Judges what the server shows.
pub(super) fn origin_of(sources: &PropertySources, zone: &Zone) -> ListOrigin {
    let dns = sources.in_force("eureka.client.use-dns-for-fetching-service-urls");
    if matches!(dns, InForce::Value(value) if is_true(&value)) {
        return ListOrigin::DnsInstead;
    }
    sources.service_url(zone).map_or(ListOrigin::Nowhere, |place| of_place(place, &sources.secrets))
}

/// Names are those of Spring: `CommandLinePropertySource`, `SpringApplicationJsonEnvironmentPostProcessor`,
/// `StandardEnvironment`, Spring Cloud's `WritableEnvironmentEndpoint`, `ConfigDataEnvironment`.
fn of_place(place: Place<'_>, secrets: &Secrets) -> ListOrigin {
    let key = || quoted(place.key, NAME_MAX, secrets);
    let source = || quoted(place.source, NAME_MAX, secrets);
    match place.source {
        "commandLineArgs" => ListOrigin::CommandLine(key()),
        "spring.application.json" => ListOrigin::ApplicationJson,
        "systemProperties" => ListOrigin::SystemProperty(key()),
        "manager" => ListOrigin::Handed,
        name if name.starts_with("systemEnvironment") => ListOrigin::EnvironmentVariable(key()),
        name if is_file(name) => ListOrigin::File(source()),
        _ => ListOrigin::Other(source()),
    }
}

/// `Config resource 'file [/x]' via location 'y'` and `Config tree '/x'` since Boot 2.4;
/// `applicationConfig: [file:/x]` before.
fn is_file(name: &str) -> bool {
    ["Config resource ", "Config tree ", "applicationConfig:"].iter().any(|prefix| name.starts_with(prefix))
}
