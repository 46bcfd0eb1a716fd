//! A properties file for Spring's `spring.config.import`.

use super::format::{Files, FormatRules};
use super::whole::{after, lists_urls};
use super::{Document, properties_text, spring_entries};

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "spring-properties",
    extensions: &["properties"],
    files: Files::One(|document| Ok(render(document))),
    is_whole: |zone, text, is_url| {
        after(text, &format!("{}=", spring_entries::zone_key(zone)), |value| lists_urls(value, is_url))
    },
};

fn render(document: &Document<'_>) -> String {
    spring_entries::entries(document).iter().map(|(key, value)| properties_text::line(key, value)).collect()
}
