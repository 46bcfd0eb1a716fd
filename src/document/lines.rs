//! One URL a line, for shells.

use super::Document;

pub(super) fn render(document: &Document<'_>) -> String {
    document.urls().map(|url| url + "\n").collect()
}
