//! The pages on settings say what the program does: the short table of the README and every section of
//! `docs/settings.md` are made of its own table, and each example there is read by it.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test house readme` writes them anew. Of a section of `docs/settings.md` what
//! begins with the example is kept: example and advice are written by hand, and may not be missing.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use eureka_peers::cli::parse;
use eureka_peers::settings::{Environment, Flags, Key, Purpose, SettingsFile, load, markdown_table};

use crate::pages::shell;
use crate::world::tool::{project, text_of};

const BEGIN: &str = "<!-- settings: begin (kept in step with the program by a test";
const END: &str = "<!-- settings: end -->\n";
/// What the README has: the settings that most people touch.
const SHORT: [&str; 14] = [
    "service",
    "peer-host",
    "port",
    "context-path",
    "interval",
    "remove-after",
    "empty-after",
    "max-shrink",
    "on-deadline",
    "freeze",
    "output-dir",
    "output",
    "actuator-url",
    "config",
];
/// Where the part of a section begins that is written by hand.
const BY_HAND: &str = "**Example**: `";
const ADVICE: &str = "\n\n**Touch it** ";

/// A page before, in and after the part that is made of the table; the marks belong to the outer parts.
fn parts(page: &str) -> [String; 3] {
    let text = text_of(page);
    let begin = text.find(BEGIN).expect("the part's begin");
    let begin = begin + text[begin..].find('\n').expect("the end of the line") + 1;
    let end = text.find(END).expect("the part's end");
    [&text[..begin], &text[begin..end], &text[end..]].map(str::to_owned)
}

fn hold(page: &str, wanted: &str) {
    let [before, found, after] = parts(page);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(project().join(page), format!("{before}{wanted}{after}"))
            .expect("the sources are writable");
        return;
    }
    assert!(found == wanted, "{page} is not the program's; run with UPDATE_SNAPSHOTS=1");
}

#[test]
fn the_short_table_is_the_programs() {
    let table = markdown_table();
    let is_short = |row: &&str| SHORT.iter().any(|name| row.starts_with(&format!("| `--{name} ")));
    let rows: Vec<&str> = table.lines().skip(2).filter(is_short).collect();
    assert_eq!(rows.len(), SHORT.len(), "{rows:?}");
    let head = table.lines().take(2);
    let short = head.chain(rows).collect::<Vec<_>>().join("\n");
    hold("README.md", &format!("\n{short}\n\n"));
}

/// What is written by hand of each section, by the setting's name.
fn by_hand() -> Vec<(String, String)> {
    let [_, sections, _] = parts("docs/settings.md");
    let sections = sections.split("\n### ").skip(1).map(str::to_owned).collect::<Vec<_>>();
    let read = |section: String| {
        let name = section.lines().next().unwrap_or_default().to_owned();
        let text = section.split("\n## ").next().unwrap_or_default();
        let at = text.find(BY_HAND).unwrap_or_else(|| panic!("docs/settings.md: {name} has no example"));
        (name, text[at..].trim_end().to_owned())
    };
    sections.into_iter().map(read).collect()
}

#[test]
fn every_setting_has_its_section() {
    let by_hand = by_hand();
    let mut wanted = String::new();
    let mut group = None;
    for key in Key::all() {
        let (name, setting) = (key.name(), key.setting());
        if group.replace(setting.group) != Some(setting.group) {
            write!(wanted, "\n## {}\n", setting.group.heading()).expect("a String takes all text");
        }
        let hand = by_hand.iter().find(|(of, _)| of == name).map(|(_, text)| text.as_str());
        let hand =
            hand.unwrap_or_else(|| panic!("docs/settings.md has no section `### {name}` with `{BY_HAND}`"));
        let default = setting.requirement().or_else(|| setting.default_in_words());
        let default = default.map(|default| format!(" · default: {default}")).unwrap_or_default();
        let (value, variable, meaning) = (setting.value_name(), key.variable(), setting.meaning());
        let default = default.replace("default: required", "required").replace('<', "&lt;");
        let title = format!("\n### {name}\n\n`--{name} {value}` · `{variable}`{default}\n");
        write!(wanted, "{title}\n{meaning}\n\n{hand}\n").expect("a String takes all text");
    }
    wanted.push('\n');
    hold("docs/settings.md", &wanted);
}

fn in_a_pod() -> Environment {
    let facts = [("POD_NAME", "eureka-0"), ("POD_NAMESPACE", "shop"), ("POD_IP", "10.244.1.7")];
    let variables = facts.map(|(name, value)| (name.to_owned(), OsString::from(value)));
    Environment { variables: variables.into(), ..Environment::default() }
}

/// The file that `docs/settings.md` shows is one that is read.
#[test]
fn the_example_of_a_file_is_read() {
    let [before, _, _] = parts("docs/settings.md");
    let block = before.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let file = SettingsFile { path: PathBuf::from("settings.yaml"), content: Ok(block.to_owned()) };
    if let Err(rejected) = load(&Flags::default(), Some(&file), &in_a_pod(), Purpose::Run) {
        panic!("{rejected}");
    }
}

/// Each example is what `run` or `init` takes, together with what these need.
#[test]
fn every_example_is_taken() {
    for (name, text) in by_hand() {
        let example = text.strip_prefix(BY_HAND).and_then(|rest| rest.split('`').next()).expect("an example");
        let is_of_it = [' ', '='].iter().any(|sign| example.contains(&format!("--{name}{sign}")));
        assert!(is_of_it, "{name}: {example}");
        assert!(text.contains(ADVICE), "docs/settings.md does not say when to touch {name}");
        let needed = ["--service eureka", "--output-dir /eureka-peers"];
        let needed =
            needed.into_iter().filter(|flag| !example.contains(flag.split(' ').next().unwrap_or(flag)));
        let line = format!("eureka-peers run {} {example}", needed.collect::<Vec<_>>().join(" "));
        let words = shell::commands(&line).remove(0);
        let invocation = parse(words.into_iter().map(OsString::from));
        let invocation = invocation.unwrap_or_else(|error| panic!("{line}: {error}"));
        if let Err(rejected) = load(&invocation.flags, None, &in_a_pod(), Purpose::Run) {
            panic!("{line}: {rejected}");
        }
    }
}
