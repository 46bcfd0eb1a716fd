//! A page as its reader sees it: headings, links, blocks of code, and what is typed in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::world::machine::files_below;
use crate::world::tool::project;

/// Folders that hold no pages of ours.
const NOT_OURS: [&str; 4] = ["target", ".git", ".github", "corpus"];

/// One Markdown file.
pub(super) struct Page {
    /// From the root, with slashes.
    pub(super) path: String,
    /// The lines, each with what it is.
    lines: Vec<(Kind, String)>,
}

/// What a line belongs to.
#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Prose,
    /// The fence of a block, at its begin or its end.
    Fence,
    /// A line of a fenced block, and the word after its fence.
    Fenced(String),
    /// A line of an indented block.
    Indented,
}

impl Page {
    /// Every page of the sources, sorted.
    pub(super) fn all() -> Vec<Self> {
        let is_ours = |folder: &str| !NOT_OURS.contains(&folder);
        let mut paths = files_below(project(), is_ours);
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        assert!(paths.len() > 20, "only {} pages: {paths:?}", paths.len());
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let from_root = path.strip_prefix(project()).expect("below the root");
        Self { path: from_root.to_string_lossy().into_owned(), lines: kinds(&text) }
    }

    /// Lines outside blocks, with their numbers.
    pub(super) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        self.numbered().filter(|(_, kind, _)| **kind == Kind::Prose).map(|(at, _, line)| (at, line))
    }

    /// Every line with its number.
    fn numbered(&self) -> impl Iterator<Item = (usize, &Kind, &str)> {
        self.lines.iter().enumerate().map(|(at, (kind, line))| (at + 1, kind, line.as_str()))
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Where links can lead within the page, as GitHub makes it of the headings.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut seen = BTreeMap::<String, usize>::new();
        let titles = self.prose().filter(|(_, line)| line.starts_with('#'));
        titles
            .map(|(_, line)| {
                let slug = slug(line.trim_start_matches('#').trim());
                let count = seen.entry(slug.clone()).or_default();
                *count += 1;
                if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
            })
            .collect()
    }

    /// Where its links and pictures lead, with line numbers.
    pub(super) fn links(&self) -> Vec<(usize, String)> {
        let mut found = vec![];
        for (at, line) in self.prose() {
            let plain = without_code(line);
            for before in ["](", "src=\"", "srcset=\"", "href=\""] {
                let after = plain.split(before).skip(1);
                found.extend(after.filter_map(|rest| Some((at, rest.split([')', '"']).next()?.to_owned()))));
            }
        }
        found
    }

    /// What stands in backticks outside blocks, with line numbers.
    pub(super) fn quoted(&self) -> Vec<(usize, String)> {
        let quoted = |(at, line): (usize, &str)| -> Vec<(usize, String)> {
            line.split('`').skip(1).step_by(2).map(|word| (at, word.to_owned())).collect()
        };
        self.prose().flat_map(quoted).collect()
    }

    /// The words after fences, with line numbers.
    pub(super) fn languages(&self) -> Vec<(usize, String)> {
        let fences = self.numbered().filter(|(_, kind, _)| **kind == Kind::Fence).step_by(2);
        fences.map(|(at, _, line)| (at, line.trim_start_matches('`').to_owned())).collect()
    }

    /// What a reader is to type, a line each, continued lines joined, with line numbers.
    pub(super) fn typed(&self) -> Vec<(usize, String)> {
        let mut found: Vec<(usize, String)> = vec![];
        let mut is_continued = false;
        for (at, kind, line) in self.numbered() {
            let typed = match kind {
                Kind::Fenced(language) if language == "sh" => Some(line),
                Kind::Fenced(language) if language == "console" && is_continued => Some(line),
                Kind::Fenced(language) if language == "console" => line.strip_prefix("$ "),
                Kind::Indented => Some(line.trim_start()),
                Kind::Prose | Kind::Fence | Kind::Fenced(_) => None,
            };
            let Some(typed) = typed else { continue };
            let text = typed.trim_end_matches('\\');
            match found.last_mut() {
                Some((_, last)) if is_continued => last.push_str(text),
                _ => found.push((at, text.to_owned())),
            }
            is_continued = typed.ends_with('\\');
        }
        found.retain(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        found
    }

    /// The longest stretch of prose and tables without a heading: its first line and its length.
    pub(super) fn longest_stretch(&self) -> (usize, usize) {
        let (mut longest, mut begun, mut length) = ((0, 0), 0, 0);
        for (at, kind, line) in self.numbered() {
            if *kind == Kind::Prose && line.starts_with('#') {
                length = 0;
                begun = at;
                continue;
            }
            length += usize::from(*kind == Kind::Prose && !line.is_empty() && !line.starts_with('|'));
            if length > longest.1 {
                longest = (begun, length);
            }
        }
        longest
    }
}

fn kinds(text: &str) -> Vec<(Kind, String)> {
    let mut lines = vec![];
    let mut fence: Option<String> = None;
    let (mut is_after_blank, mut is_in_list) = (true, false);
    for line in text.lines() {
        let opens = line.trim_start().strip_prefix("```");
        let kind = match (&fence, opens) {
            (None, Some(language)) => {
                fence = Some(language.to_owned());
                Kind::Fence
            }
            (Some(_), Some(_)) => {
                fence = None;
                Kind::Fence
            }
            (Some(language), None) => Kind::Fenced(language.clone()),
            (None, None) if line.starts_with("    ") && !is_in_list => {
                let goes_on = matches!(lines.last(), Some((Kind::Indented, _)));
                if is_after_blank || goes_on { Kind::Indented } else { Kind::Prose }
            }
            (None, None) => Kind::Prose,
        };
        if kind == Kind::Prose && !line.is_empty() {
            let is_item =
                line.trim_start().starts_with("- ") || line.trim_start().starts_with(char::is_numeric);
            is_in_list = is_item || (is_in_list && line.starts_with(' '));
        }
        is_after_blank = line.is_empty();
        lines.push((kind, line.to_owned()));
    }
    assert!(fence.is_none(), "a block that does not end");
    lines
}

/// GitHub's way from a heading to its anchor.
fn slug(title: &str) -> String {
    let shown: String = title.chars().filter(|sign| *sign != '`').collect();
    let kept = shown.to_lowercase();
    let kept = kept.chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
    kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

/// The line with its code spans emptied.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}
