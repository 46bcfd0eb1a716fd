//! A properties file for the Netflix server, whose Archaius polls it by itself.
//!
//! `DefaultEurekaClientConfig.getEurekaServerServiceUrls` asks for the zone's key and falls back to
//! `default`, so a server that knows nothing of the zone takes the list over as well. There is no
//! generation: nothing is refreshed here.

use std::collections::BTreeSet;

use super::format::{Files, FormatRules};
use super::whole::{after, lists_urls};
use super::{Document, properties_text};

const PREFIX: &str = "eureka.serviceUrl.";

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "archaius",
    extensions: &[],
    files: Files::One(|document| Ok(render(document))),
    is_whole: |zone, text, is_url| {
        after(text, &format!("{}=", zone_key(zone.as_str())), |value| lists_urls(value, is_url))
    },
};

fn render(document: &Document<'_>) -> String {
    let value = document.value();
    // A set: a zone may itself be called `default`.
    let zones = BTreeSet::from(["default", document.zone.as_str()]);
    zones.iter().map(|zone| properties_text::line(&zone_key(zone), &value)).collect()
}

/// The key of a zone's list.
fn zone_key(zone: &str) -> String {
    format!("{PREFIX}{zone}")
}
