//! The same as YAML, for configurations that are YAML throughout.
//!
//! Keys are written flat: Spring flattens nested ones to the same text, and a zone such as `on`
//! would be a boolean as a key of its own (YAML 1.1).

use std::collections::BTreeMap;

use super::{Document, spring_entries};

pub(super) fn render(document: &Document<'_>) -> String {
    let entries = BTreeMap::from(spring_entries::entries(document));
    serde_yaml::to_string(&entries).expect("a map of texts has a YAML form")
}
