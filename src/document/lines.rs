//! One URL a line, for shells.

use super::Document;
use super::format::{Files, FormatRules};

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "lines",
    extensions: &["txt", "lines"],
    files: Files::One(|document| Ok(render(document))),
    is_whole: |_zone, text, is_url| !text.is_empty() && text.lines().all(is_url),
};

fn render(document: &Document<'_>) -> String {
    document.urls().map(|url| url + "\n").collect()
}
