//! The README says what the program does: its table of settings, and every command line in it.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test house readme` writes the table anew.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use eureka_peers::cli::parse;
use eureka_peers::settings::markdown_table;

const BEGIN: &str = "<!-- settings: begin (kept in step with the program by a test) -->\n";
const END: &str = "<!-- settings: end -->\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).expect("there is a README")
}

#[test]
fn the_table_of_settings_is_the_programs() {
    let readme = readme();
    let (before, rest) = readme.split_once(BEGIN).expect("the table's begin");
    let (table, after) = rest.split_once(END).expect("the table's end");
    let wanted = format!("\n{}\n", markdown_table());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(path(), format!("{before}{BEGIN}{wanted}{END}{after}")).expect("the sources are writable");
        return;
    }
    assert!(table == wanted, "the table is not the program's; run with UPDATE_SNAPSHOTS=1");
}

/// Command lines of the README's consoles, prompts and comments taken away, continued lines joined.
fn command_lines(readme: &str) -> Vec<String> {
    let blocks =
        readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let joined = blocks.map(|block| block.replace("\\\n", " ")).collect::<String>();
    let typed = joined.lines().filter_map(|line| line.strip_prefix("$ "));
    typed.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn every_command_line_can_be_followed() {
    let readme = readme();
    let lines = command_lines(&readme);
    let ours: Vec<_> = lines.iter().filter(|line| line.starts_with("eureka-peers ")).collect();
    assert!(ours.len() >= 4, "{lines:?}");
    for line in ours {
        if let Err(error) = parse(line.split_whitespace().map(OsString::from)) {
            panic!("{line}: {error}");
        }
    }
    for line in lines.iter().filter(|line| line.contains("--example ")) {
        let name =
            line.split("--example ").nth(1).expect("a name").split_whitespace().next().expect("a word");
        let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
        assert!(example.exists(), "{line}");
    }
}
