//! `docs/eureka.md` says what the tests run with: its blocks are the files of `docs/environment/`, and
//! every variable of a Spring server in them has its reason.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test house eureka_page` writes the blocks anew.

use std::collections::BTreeSet;
use std::fs;

use crate::world::machine::names_in;
use crate::world::tool::{project, text_of};

const BEGIN: &str = "<!-- environment: begin (kept in step with docs/environment/ by a test) -->\n";
const END: &str = "<!-- environment: end -->\n";

const PAGE: &str = "docs/eureka.md";
const FILES: &str = "docs/environment";

/// The files by name, sorted.
fn files() -> Vec<(String, String)> {
    let read = |file: String| {
        let name = file.strip_suffix(".env").unwrap_or_else(|| panic!("{FILES}/{file}"));
        (name.to_owned(), text_of(&format!("{FILES}/{file}")))
    };
    let mut files: Vec<_> = names_in(&project().join(FILES)).into_iter().map(read).collect();
    files.sort();
    files
}

#[test]
fn the_blocks_are_the_files() {
    let page = text_of(PAGE);
    let (before, rest) = page.split_once(BEGIN).expect("the blocks' begin");
    let (blocks, after) = rest.split_once(END).expect("the blocks' end");
    let block = |(name, text): &(String, String)| format!("### {name}\n\n```properties\n{text}```\n\n");
    let wanted = format!("\n{}", files().iter().map(block).collect::<String>());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let written = format!("{before}{BEGIN}{wanted}{END}{after}");
        fs::write(project().join(PAGE), written).expect("the sources are writable");
        return;
    }
    assert!(blocks == wanted, "the blocks are not the files; run with UPDATE_SNAPSHOTS=1");
}

#[test]
fn every_variable_has_its_reason() {
    let set: BTreeSet<String> = files()
        .iter()
        .filter(|(name, _)| name.starts_with("spring"))
        .flat_map(|(_, text)| text.lines())
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.to_owned()))
        .collect();
    let page = text_of(PAGE);
    let (_, table) = page.split_once("## Why each variable\n").expect("the table's heading");
    let rows = table.lines().take_while(|line| !line.starts_with("Take these away"));
    let first_cells = rows.filter_map(|row| row.strip_prefix("| `")?.split(" | ").next());
    let explained: BTreeSet<String> =
        first_cells.flat_map(|cell| cell.split(", ")).map(|name| name.replace('`', "")).collect();
    assert_eq!(explained, set);
}

/// Every file of the page's first table is there, and every file is in it.
#[test]
fn every_file_is_offered() {
    let page = text_of(PAGE);
    for (name, _) in files() {
        assert!(page.contains(&format!("`{name}`")), "{name} is offered for no server");
    }
    let links = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next());
    let headings: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### ").or_else(|| line.strip_prefix("## ")))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for link in links {
        assert!(headings.contains(link), "#{link} leads nowhere: {headings:?}");
    }
}

/// The table of patches is of those that the trials know, each in one row; and of none is it unknown how
/// it fared.
#[test]
fn every_patch_has_its_row() {
    let page = text_of(PAGE);
    let (_, rest) = page.split_once("<!-- patches: begin").expect("the table's begin");
    let (table, _) = rest.split_once("<!-- patches: end -->").expect("the table's end");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split('|').map(str::trim).collect())
        .filter(|row: &Vec<&str>| row[0] != "release")
        .collect();
    let listed = text_of("tests/stock_eureka/data/patches.txt");
    let listed = listed.lines().filter(|line| !line.starts_with('#'));
    let listed: Vec<(&str, &str)> = listed.filter_map(|line| line.split_once(' ')).collect();
    assert!(listed.len() > 50, "{listed:?}");
    let named = listed.iter().map(|(name, _)| *name);
    assert!(rows.iter().map(|row| row[0]).eq(named), "STOCK_EUREKA=patches writes the table anew: {rows:?}");
    for (row, (_, boot)) in rows.iter().zip(listed) {
        if boot == "-" {
            assert!(row[2].starts_with("Maven Central does not have"), "{row:?}");
            continue;
        }
        assert!(row[3..].iter().all(|cell| ["yes", "**no**"].contains(cell)), "{row:?}");
        assert!(row[1].starts_with(|c: char| c.is_ascii_digit()), "{row:?}");
        assert!(row[2].starts_with(|c: char| c.is_ascii_digit()), "{row:?}");
    }
}
