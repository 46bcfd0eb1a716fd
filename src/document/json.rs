//! One JSON object, for programs.
//!
//! Schema: `{"zone": text, "serviceUrls": [text, …], "generation": number}`. `serviceUrls` is never
//! empty and in the order of the other formats; readers ignore members they do not know.

use super::Document;
use super::format::{Files, FormatRules, IsUrl};
use crate::model::Zone;

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "json",
    extensions: &["json"],
    files: Files::One(|document| Ok(render(document))),
    is_whole,
};

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema<'a> {
    zone: &'a str,
    service_urls: Vec<String>,
    generation: u64,
}

fn render(document: &Document<'_>) -> String {
    let schema = Schema {
        zone: document.zone.as_str(),
        service_urls: document.urls().collect(),
        generation: document.listing.generation(),
    };
    let text = serde_json::to_string(&schema).expect("texts and a number have a JSON form");
    format!("{text}\n")
}

fn is_whole(zone: &Zone, text: &str, is_url: IsUrl<'_>) -> bool {
    let Ok(found) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    let urls = found["serviceUrls"].as_array().map(Vec::as_slice).unwrap_or_default();
    found["zone"] == zone.as_str()
        && !urls.is_empty()
        && urls.iter().all(|url| url.as_str().is_some_and(is_url))
}
