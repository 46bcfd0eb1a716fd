//! Help texts are a contract: they change on purpose or not at all.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test program help` writes them anew.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::cluster::bare_command;
use crate::machine::{self, names_in};
use crate::once::Outcome;

fn snapshots() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/program/help")
}

#[test]
fn help_is_what_it_was() {
    let commands = ["run", "init", "resolve", "check", "mesh", "accept", "health", "completions", "man"];
    let long = commands.map(|command| (command.to_owned(), vec![command, "--help"]));
    let short = [
        ("eureka-peers".to_owned(), vec!["--help"]),
        ("eureka-peers-short".to_owned(), vec!["-h"]),
        ("run-short".to_owned(), vec!["run", "-h"]),
    ];
    let mut wanted: Vec<String> = vec![];
    for (name, arguments) in long.into_iter().chain(short) {
        let mut command = bare_command();
        // Neither a terminal's width nor the operator's settings may show in it.
        command.args(arguments).env("COLUMNS", "40").env("EUREKA_PEERS_ZONE", "elsewhere");
        let help = Outcome::of(command).expect(0).stdout;
        let path = snapshots().join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&path, &help).expect("the sources are writable");
        }
        let before = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            help == before,
            "the help of {name} has changed; if so it should be, run with UPDATE_SNAPSHOTS=1:\n{help}"
        );
        wanted.push(format!("{name}.txt"));
    }
    wanted.sort();
    assert_eq!(names_in(&snapshots()), wanted, "no snapshot without its command");
}

#[test]
fn help_of_a_command_is_its_help() {
    for name in ["run", "accept", "man"] {
        let help = |arguments: [&str; 2]| {
            let mut command = bare_command();
            command.args(arguments);
            Outcome::of(command).expect(0).stdout
        };
        assert_eq!(help(["help", name]), help([name, "--help"]));
    }
}

/// As `man` lays it out: no name is broken, and nothing is wrong with the page.
#[test]
fn the_manual_page_can_be_read() {
    let Some(man) = machine::find_program("man").filter(|_| machine::find_program("groff").is_some()) else {
        assert!(!machine::is_ci(), "man is missing");
        return;
    };
    let mut command = bare_command();
    command.arg("man");
    let page = Outcome::of(command).expect(0).stdout;
    let file = tempfile::Builder::new().suffix(".1").tempfile().expect("a file");
    fs::write(file.path(), &page).expect("written");
    let mut command = Command::new(man);
    command
        .args(["--warnings", "--local-file"])
        .arg(file.path())
        .envs([("MANWIDTH", "80"), ("LC_ALL", "C.UTF-8")]);
    let read = Outcome::of(command).expect(0);
    assert_eq!(read.stderr, "");
    let plain =
        ["\\fB", "\\fI", "\\fR"].iter().fold(page.replace("\\-", "-"), |text, font| text.replace(font, ""));
    for name in plain.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)) {
        if name.starts_with("EUREKA_PEERS_") || name.starts_with("--") {
            assert!(read.stdout.contains(name), "{name} is broken in {}", read.stdout);
        }
    }
    for section in ["NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"] {
        assert!(read.stdout.lines().any(|line| line == section), "{section}");
    }
}
