//! A directory for Spring's `configtree:`: file name = property name, content = value.

use super::{Document, File, spring_entries};

pub(super) fn render(document: &Document<'_>) -> Vec<File> {
    spring_entries::entries(document)
        .into_iter()
        .map(|(key, value)| {
            let name = key.parse().expect("the prefix and a zone of 63 bytes make a file name");
            File::new(name, value.into_bytes())
        })
        .collect()
}
