//! The same as YAML, for configurations that are YAML throughout.
//!
//! Keys are written flat: Spring flattens nested ones to the same text, and a zone such as `on`
//! would be a boolean as a key of its own (YAML 1.1).

use std::collections::BTreeMap;

use super::format::{Files, FormatRules};
use super::whole::{after, lists_urls};
use super::{Document, spring_entries};

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "spring-yaml",
    extensions: &["yaml", "yml"],
    files: Files::One(|document| Ok(render(document))),
    is_whole: |zone, text, is_url| {
        let is_list = |value: &str| lists_urls(value.trim_matches(['\'', '"']), is_url);
        after(text, &format!("{}: ", spring_entries::zone_key(zone)), is_list)
    },
};

fn render(document: &Document<'_>) -> String {
    let entries = BTreeMap::from(spring_entries::entries(document));
    serde_yaml::to_string(&entries).expect("a map of texts has a YAML form")
}
