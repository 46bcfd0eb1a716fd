//! Where a server's properties come from: the reply of Spring Boot's `EnvironmentEndpoint`.
//!
//! Must never keep a value that may hold a secret: of a service URL only its source is looked at.
//!
//! The endpoint is asked for all properties of a pattern, not for one by its name. By name it finds
//! only that spelling: `/env/eureka.client.service-url.defaultZone` shows the file as the winner while
//! `EUREKA_CLIENT_SERVICEURL_DEFAULTZONE` masks it (seen on 2025.0.1).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::http_client::Secrets;
use crate::model::Zone;

/// What is asked for, as a regular expression of Java's: keys as files, and as environments write them.
pub(super) const PATTERN: &str = r"(?i)^(eureka|spring[._](config|main)|management[._]endpoint[._]env)[._]";

/// What stands in place of a value that the server does not show (Spring Boot's default since 3.0).
const MASKED: &str = "******";

/// Every property source of the server, the first winning.
#[derive(Debug, Deserialize)]
pub(super) struct PropertySources {
    #[serde(rename = "propertySources")]
    sources: Vec<Source>,
    /// What must not be shown of them.
    #[serde(skip)]
    pub(super) secrets: Secrets,
}

#[derive(Debug, Deserialize)]
struct Source {
    name: String,
    #[serde(default)]
    properties: BTreeMap<String, Property>,
}

#[derive(Debug, Deserialize)]
struct Property {
    #[serde(default)]
    value: Value,
}

/// The winning place of one property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The source's name, as the server prints it.
    pub(super) source: &'a str,
    /// The key, as it is spelt there.
    pub(super) key: &'a str,
}

/// The value in force of one property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InForce {
    /// No source has it: the program's default is in force.
    Default,
    /// A source has it, and the server does not show it.
    Masked,
    /// This.
    Value(String),
}

impl PropertySources {
    /// Reads a reply.
    pub(super) fn parse(body: &[u8], secrets: Secrets) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body).map(|sources| Self { secrets, ..sources })
    }

    /// Where the list of `zone` comes from.
    pub(super) fn service_url(&self, zone: &Zone) -> Option<Place<'_>> {
        self.find(|key| is_service_url(key, zone)).map(|(place, _)| place)
    }

    /// The value in force of `key`, given in kebab case.
    pub(super) fn in_force(&self, key: &str) -> InForce {
        let wanted = relaxed(key);
        match self.find(|key| relaxed(key) == wanted) {
            None => InForce::Default,
            Some((_, value)) => match value {
                Value::String(text) if text == MASKED => InForce::Masked,
                Value::String(text) => InForce::Value(text.clone()),
                other => InForce::Value(other.to_string()),
            },
        }
    }

    /// The sources' names, the first winning.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name.as_str())
    }

    fn find(&self, is: impl Fn(&str) -> bool) -> Option<(Place<'_>, &Value)> {
        self.sources.iter().find_map(|source| {
            let (key, property) = source.properties.iter().find(|(key, _)| is(key))?;
            Some((Place { source: &source.name, key }, &property.value))
        })
    }
}

/// A key without what Spring's relaxed binding ignores.
fn relaxed(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a key is the list of `zone`. A zone is a key of a map, to which relaxed binding does not
/// apply, except in the environment, where there are no lower-case letters to tell them by.
fn is_service_url(key: &str, zone: &Zone) -> bool {
    match key.rsplit_once('.') {
        Some((prefix, last)) => last == zone.as_str() && relaxed(prefix) == "eurekaclientserviceurl",
        None => relaxed(key) == format!("eurekaclientserviceurl{}", relaxed(zone.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_every_spelling_that_binds() {
        let zone = Zone::default();
        for key in [
            "eureka.client.service-url.defaultZone",
            "eureka.client.serviceUrl.defaultZone",
            "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE",
            "EUREKA_CLIENT_SERVICE_URL_DEFAULTZONE",
        ] {
            assert!(is_service_url(key, &zone), "{key}");
        }
        for key in [
            "eureka.client.service-url.default-zone",
            "eureka.client.service-url.other",
            "eureka.client.service-url.eureka-peers-generation",
            "EUREKA_CLIENT_SERVICEURL_OTHER",
            "eureka.client.availability-zones.defaultZone",
        ] {
            assert!(!is_service_url(key, &zone), "{key}");
        }
    }

    #[test]
    fn the_first_source_wins_and_values_come_as_they_are() {
        let reply = br#"{"propertySources":[
            {"name":"random","properties":{}},
            {"name":"a"},
            {"name":"systemEnvironment","properties":{"EUREKA_CLIENT_REFRESH_ENABLE":{"value":"false"},
             "EUREKA_CLIENT_FETCHREGISTRY":{"value":"******"}}},
            {"name":"b","properties":{"eureka.client.refresh.enable":{"value":true},
             "eureka.server.peer-node-read-timeout-ms":{"value":200}}}]}"#;
        let sources = PropertySources::parse(reply, Secrets::default()).expect("valid");
        assert_eq!(sources.in_force("eureka.client.refresh.enable"), InForce::Value("false".into()));
        assert_eq!(sources.in_force("eureka.server.peer-node-read-timeout-ms"), InForce::Value("200".into()));
        assert_eq!(sources.in_force("eureka.client.fetch-registry"), InForce::Masked);
        assert_eq!(sources.in_force("eureka.server.my-url"), InForce::Default);
    }
}
