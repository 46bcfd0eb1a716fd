//! One JSON object, for programs.
//!
//! Schema: `{"zone": text, "serviceUrls": [text, …], "generation": number}`. `serviceUrls` is never
//! empty and in the order of the other formats; readers ignore members they do not know.

use super::Document;

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema<'a> {
    zone: &'a str,
    service_urls: Vec<String>,
    generation: u64,
}

pub(super) fn render(document: &Document<'_>) -> String {
    let schema = Schema {
        zone: document.zone.as_str(),
        service_urls: document.urls().collect(),
        generation: document.listing.generation(),
    };
    let text = serde_json::to_string(&schema).expect("texts and a number have a JSON form");
    format!("{text}\n")
}
