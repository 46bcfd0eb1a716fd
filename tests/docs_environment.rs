//! Holds `docs/eureka.md` to the files that the trials beside stock servers run with
//! (`docs/environment/`): each block is its file, and each variable has its reason.
//!
//! Writes nothing, unless it is told to put the blocks right:
//!
//!     REWRITE_DOCS=1 cargo test --test docs_environment

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/eureka.md";
const FILES: &str = "docs/environment";
/// Stands on the line before a block, and names its file.
const MARK: &str = "<!-- environment: ";
const MARK_END: &str = " -->";
const FENCE: &str = "```";

fn in_the_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(in_the_repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of all files, without their ending.
fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(in_the_repository(FILES)).expect("the directory is there");
    let paths = entries.map(|entry| entry.expect("a readable directory").path());
    paths.map(|path| path.file_stem().expect("files have names").to_string_lossy().into_owned()).collect()
}

fn file(name: &str) -> String {
    read(&format!("{FILES}/{name}.env"))
}

/// The name on a line that announces a block.
fn mark(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)?.strip_suffix(MARK_END)
}

/// The page with every block replaced by its file, and the names of the blocks in their order.
fn rewritten(page: &str) -> (String, Vec<String>) {
    let (mut text, mut blocks) = (String::new(), Vec::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        text += &format!("{line}\n");
        let Some(name) = mark(line) else { continue };
        let opening = lines.next().filter(|line| line.starts_with(FENCE));
        let opening = opening.unwrap_or_else(|| panic!("no block behind the mark of {name}"));
        let closing = lines.by_ref().find(|line| *line == FENCE);
        assert!(closing.is_some(), "the block of {name} has no end");
        text += &format!("{opening}\n{}{FENCE}\n", file(name));
        blocks.push(name.to_owned());
    }
    (text, blocks)
}

#[test]
fn every_block_is_its_file() {
    let page = read(PAGE);
    let (right, _) = rewritten(&page);
    if std::env::var_os("REWRITE_DOCS").is_some() {
        fs::write(in_the_repository(PAGE), right).expect("the page can be written");
        return;
    }
    assert!(page == right, "{PAGE} shows other blocks than {FILES}/; REWRITE_DOCS=1 puts them right");
}

#[test]
fn every_file_has_one_block() {
    let (_, blocks) = rewritten(&read(PAGE));
    let shown: BTreeSet<String> = blocks.iter().cloned().collect();
    assert_eq!(shown, names());
    assert_eq!(shown.len(), blocks.len(), "a file is shown twice: {blocks:?}");
}

/// A row of the table of reasons begins with the variable, or with the JVM's option.
#[test]
fn every_variable_and_option_has_its_reason() {
    let page = read(PAGE);
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for name in names() {
        for setting in settings(&file(&name)) {
            let has_row =
                rows.iter().any(|row| row.split('|').nth(1).is_some_and(|cell| names_it(cell, &setting)));
            assert!(has_row, "{PAGE} gives no reason for {setting}, which {name}.env sets");
        }
    }
}

/// Whether a cell has this very name between backticks.
fn names_it(cell: &str, setting: &str) -> bool {
    cell.split('`').skip(1).step_by(2).any(|quoted| quoted.trim_start_matches("-D") == setting)
}

/// The variables of a file; of a variable with JVM options, these.
fn settings(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let assignments = lines.filter_map(|line| line.split_once('='));
    let settings = assignments.flat_map(|(name, value)| {
        let options: Vec<String> = value
            .split(' ')
            .filter_map(|option| option.strip_prefix("-D")?.split_once('='))
            .map(|(option, _)| option.to_owned())
            .collect();
        let is_only_parts = name.ends_with("_OPTIONS") && options.is_empty();
        match options.is_empty() {
            true if is_only_parts => vec![],
            true => vec![name.to_owned()],
            false => options,
        }
    });
    settings.collect()
}

#[test]
fn settings_are_read_as_they_stand() {
    let text = "# A=1\nB=2\n\nC_OPTIONS=-Dd.e=$(F) -Dg=h\nJAVA_TOOL_OPTIONS=$(C_OPTIONS)\n";
    assert_eq!(settings(text), ["B", "d.e", "g"]);
}
