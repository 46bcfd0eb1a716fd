//! Holds SECURITY.md to the tree: each file that it names is there, and each test that it calls a proof.
//!
//! What a test proves is for people to judge; that it has been renamed or removed shows here.

use crate::world::tool::{project, text_of};

/// Folders whose files the page names by path.
const FOLDERS: [&str; 5] = ["src/", "tests/", "fuzz/", "docs/", "manifests/"];

fn page() -> String {
    text_of("SECURITY.md")
}

/// What stands in backticks in this text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_path(word: &str) -> bool {
    FOLDERS.iter().any(|folder| word.starts_with(folder))
}

#[test]
fn every_path_is_there() {
    let page = page();
    let links = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let named = quoted(&page).filter(|word| is_path(word)).chain(links.filter(|link| !link.is_empty()));
    let missing: Vec<_> = named.filter(|path| !project().join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_proof_is_a_test() {
    let page = page();
    let (_, proofs) = page.split_once("| proved in |\n").expect("the table of proofs");
    let rows = proofs.lines().skip(1).take_while(|line| line.starts_with('|'));
    let mut found = 0;
    for row in rows {
        let cell = row.trim_end_matches('|').rsplit('|').next().expect("a last cell");
        let mut source = None;
        for word in quoted(cell) {
            if is_path(word) {
                source = Some(text_of(word));
                found += 1;
                continue;
            }
            let source = source.as_ref().unwrap_or_else(|| panic!("a file comes first: {row}"));
            assert!(source.contains(&format!("fn {word}()")), "{word} is no test of the file before it");
        }
        assert!(source.is_some(), "nothing proves this: {row}");
    }
    assert!(found >= 10, "{found} files: the table was not read");
}
