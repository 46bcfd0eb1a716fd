//! A properties file for Spring's `spring.config.import`.

use super::{Document, properties_text, spring_entries};

pub(super) fn render(document: &Document<'_>) -> String {
    spring_entries::entries(document).iter().map(|(key, value)| properties_text::line(key, value)).collect()
}
