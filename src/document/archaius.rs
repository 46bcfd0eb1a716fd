//! A properties file for the Netflix server, whose Archaius polls it by itself.
//!
//! `DefaultEurekaClientConfig.getEurekaServerServiceUrls` asks for the zone's key and falls back to
//! `default`, so a server that knows nothing of the zone takes the list over as well. There is no
//! generation: nothing is refreshed here.

use std::collections::BTreeSet;

use super::{Document, properties_text};

const PREFIX: &str = "eureka.serviceUrl.";

pub(super) fn render(document: &Document<'_>) -> String {
    let value = document.value();
    // A set: a zone may itself be called `default`.
    let zones = BTreeSet::from(["default", document.zone.as_str()]);
    zones.iter().map(|zone| properties_text::line(&zone_key(zone), &value)).collect()
}

/// The key of a zone's list.
pub(super) fn zone_key(zone: &str) -> String {
    format!("{PREFIX}{zone}")
}
