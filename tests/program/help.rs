//! Help texts are a contract: they change on purpose or not at all.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test program help` writes them anew.

use std::fs;
use std::path::PathBuf;

use crate::cluster::bare_command;
use crate::machine::names_in;
use crate::once::Outcome;

fn snapshots() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/program/help")
}

#[test]
fn help_is_what_it_was() {
    let commands = ["run", "init", "resolve", "check", "mesh", "accept", "health", "completions", "man"];
    let long = commands.map(|command| (command.to_owned(), vec![command, "--help"]));
    let short = [("eureka-peers".to_owned(), vec!["--help"]), ("run-short".to_owned(), vec!["run", "-h"])];
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
