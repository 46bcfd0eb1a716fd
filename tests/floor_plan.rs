//! Holds the house to its plan: imports point downwards only, rooms on one floor do not know each
//! other, every outside crate has its home, and every file says what it is for.
//!
//! The plan is the table below; `ARCHITECTURE.md` draws it. Change both together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms and their floors.
const ROOMS: [(&str, u8); 16] = [
    ("model", 0),
    ("small_file", 1),
    ("reconcile", 2),
    ("document", 2),
    ("mesh", 2),
    ("dns", 2),
    ("http_client", 2),
    ("eureka", 3),
    ("publish", 3),
    ("telemetry", 3),
    ("admin", 3),
    ("settings", 4),
    ("agent", 5),
    ("settings_watch", 5),
    ("cli", 6),
    ("main", 7),
];

/// Outside crates and the rooms that may name them.
const HOMES: [(&str, &[&str]); 25] = [
    ("ipnet", &["model"]),
    ("humantime", &["model", "settings", "admin", "telemetry", "cli"]),
    ("serde_yaml", &["settings", "document", "cli"]),
    ("serde_json", &["document", "publish", "eureka", "admin", "mesh", "cli", "telemetry"]),
    ("hyper", &["http_client", "admin"]),
    ("hyper_util", &["http_client", "admin"]),
    ("http_body_util", &["http_client", "admin"]),
    ("rustls", &["http_client"]),
    ("tokio_rustls", &["http_client"]),
    ("base64", &["http_client"]),
    ("hickory_resolver", &["dns"]),
    ("roxmltree", &["eureka"]),
    ("notify", &["settings_watch"]),
    ("prometheus_client", &["telemetry", "admin"]),
    ("tracing_subscriber", &["telemetry"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("rustix", &["publish", "settings", "telemetry", "admin"]),
    ("socket2", &["admin"]),
    ("if_addrs", &["settings"]),
    ("strsim", &["settings"]),
    ("fastrand", &["agent", "publish", "cli"]),
    (
        "tokio",
        &[
            "small_file",
            "http_client",
            "dns",
            "eureka",
            "settings_watch",
            "telemetry",
            "admin",
            "agent",
            "cli",
            "main",
        ],
    ),
    ("tracing", &["telemetry", "admin", "agent", "cli", "dns"]),
];

/// Rooms that must stay pure: no clock, no IO, no log line.
const PURE: [&str; 4] = ["model", "reconcile", "document", "mesh"];

/// What purity forbids, by the path that would name it.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime::now",
    "Instant",
    "std::io",
];

struct SourceFile {
    path: PathBuf,
    room: String,
    /// Line numbers and text of product code: comments and test modules left out.
    lines: Vec<(usize, String)>,
    text: String,
}

fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![];
    collect(&root, &root, &mut found);
    assert!(found.len() > 20, "only {} files found below {}", found.len(), root.display());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("readable source");
            let lives_in = room_of(root, &path);
            found.push(SourceFile { lines: product_lines(&path, &text), room: lives_in, text, path });
        }
    }
}

fn room_of(root: &Path, path: &Path) -> String {
    let first = path.strip_prefix(root).expect("below src").components().next().expect("a first part");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs")
    })
}

fn product_lines(path: &Path, text: &str) -> Vec<(usize, String)> {
    if is_test_file(path) {
        return vec![];
    }
    // The test module comes last in a file; a declaration of one in a file of its own does not end it.
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at + 1, line.to_owned()))
        .collect()
}

/// Room names that a line reaches by `crate::room`, grouped imports included.
fn rooms_reached(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .filter(|(at, _)| {
            *at == 0 || !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
        })
        .map(|(at, found)| {
            let rest = &line[at + found.len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(&format!("{name}::"))
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

fn floors() -> BTreeMap<&'static str, u8> {
    ROOMS.into_iter().collect()
}

/// What is wrong with one file.
fn faults(file: &SourceFile) -> Vec<String> {
    let floors = floors();
    let at = |line: usize, rule: &str| format!("{}:{line}: {rule}", file.path.display());
    let mut faults = vec![];
    if !file.text.starts_with("//!") {
        faults.push(at(1, "a file opens with `//!`: what it is for"));
    }
    if file.room == "lib" {
        return faults;
    }
    let Some(own) = floors.get(file.room.as_str()) else {
        faults.push(at(1, "this room is not on the plan"));
        return faults;
    };
    for (number, line) in &file.lines {
        for room in rooms_reached(line).into_iter().filter(|room| *room != file.room) {
            match floors.get(room) {
                Some(floor) if floor < own => {}
                Some(_) => faults.push(at(
                    *number,
                    &format!("{} must not know {room}: imports point downwards", file.room),
                )),
                None => faults.push(at(
                    *number,
                    &format!("crate::{room} is no room; write one `use crate::room` a room"),
                )),
            }
        }
        for (name, homes) in HOMES {
            if names_crate(line, name) && !homes.contains(&file.room.as_str()) {
                faults.push(at(*number, &format!("{name} lives in {homes:?}")));
            }
        }
        if PURE.contains(&file.room.as_str()) {
            for impure in IMPURE.into_iter().filter(|impure| line.contains(impure)) {
                faults.push(at(*number, &format!("{} is pure and must not name {impure}", file.room)));
            }
        }
    }
    faults
}

#[test]
fn the_house_stands_as_planned() {
    let faults: Vec<_> = source_files().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The files of `settings/` that each of them imports from, by the paths that name them; a folder is one file.
fn imports_within_settings() -> BTreeMap<String, BTreeSet<String>> {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/settings");
    let part_of = |path: &Path| {
        let inside = path.strip_prefix(&room).expect("below the room").components().next();
        let name = inside.expect("a first part").as_os_str().to_string_lossy().into_owned();
        name.trim_end_matches(".rs").to_owned()
    };
    let files: Vec<_> = source_files().into_iter().filter(|file| file.path.starts_with(&room)).collect();
    let parts: BTreeSet<String> = files.iter().map(|file| part_of(&file.path)).collect();
    let mut imports = BTreeMap::<_, BTreeSet<_>>::new();
    for file in files.iter().filter(|file| !file.path.ends_with("settings/mod.rs")) {
        let own = part_of(&file.path);
        let is_on_top = file.path.parent() == Some(&room);
        let text = file.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
        let prefixes: &[&str] =
            if is_on_top { &["super::", "crate::settings::"] } else { &["crate::settings::"] };
        for at in
            prefixes.iter().flat_map(|prefix| text.match_indices(prefix).map(|(at, found)| at + found.len()))
        {
            // `super::{a, b}` names several at once.
            let (list, is_list) = match text[at..].strip_prefix('{') {
                Some(rest) => (rest.split('}').next().unwrap_or_default(), true),
                None => (&text[at..], false),
            };
            let names = list.split(',').take(if is_list { usize::MAX } else { 1 });
            for name in names.map(str::trim) {
                let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
                // What is no file of the room is a name that `mod.rs` hands on.
                let part = if parts.contains(&name[..end]) { &name[..end] } else { "mod" };
                imports.entry(own.clone()).or_default().insert(part.to_owned());
            }
        }
    }
    for (own, found) in &mut imports {
        found.remove(own);
    }
    imports
}

#[test]
fn inside_settings_no_import_runs_back_up() {
    let imports = imports_within_settings();
    assert!(imports.len() > 10 && imports["load"].contains("reader"), "too few are seen: {imports:?}");
    let by_mod: Vec<_> = imports.iter().filter(|(_, found)| found.contains("mod")).collect();
    assert!(by_mod.is_empty(), "import from the file that defines a name, not from mod.rs: {by_mod:?}");
    // Files that import from none that is left can be taken away, until those in a circle remain.
    let mut left = imports.clone();
    while let Some(done) = left
        .iter()
        .find(|(_, found)| !found.iter().any(|part| left.contains_key(part)))
        .map(|(part, _)| part.clone())
    {
        left.remove(&done);
    }
    assert!(left.is_empty(), "these import each other in a circle, or stand above one: {left:?}");
}

#[test]
fn every_dependency_has_a_home() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a manifest");
    let section = manifest
        .split("[dependencies]")
        .nth(1)
        .expect("dependencies")
        .split("\n[")
        .next()
        .expect("a section");
    let free = ["serde", "thiserror"];
    for line in section.lines().filter(|line| line.contains('=') && !line.starts_with('#')) {
        let name = line.split(['=', ' ', '.']).next().expect("a name").replace('-', "_");
        let known = HOMES.iter().any(|(home, _)| *home == name) || free.contains(&name.as_str());
        assert!(known, "{name} has no home in tests/floor_plan.rs");
    }
}

#[test]
fn a_seeded_violation_is_seen() {
    let file = |room: &str, text: &str| SourceFile {
        path: PathBuf::from(format!("src/{room}/seeded.rs")),
        room: room.to_owned(),
        lines: product_lines(Path::new("src/seeded.rs"), text),
        text: text.to_owned(),
    };
    for (room, text) in [
        ("reconcile", "//! x\nuse crate::settings::Settings;\n"),
        ("document", "//! x\nuse crate::reconcile::Policy;\n"),
        ("reconcile", "//! x\nlet now = std::time::Instant::now();\n"),
        ("model", "//! x\nuse tracing::info;\nfn f() { tracing::info!(); }\n"),
        ("dns", "//! x\nuse hyper::Request;\n"),
        ("dns", "use crate::model::Answer;\n"),
        ("cellar", "//! x\n"),
        ("settings", "//! x\nuse crate::{model, reconcile};\n"),
        ("publish", "//! x\nuse crate::settings::Settings;\n"),
    ] {
        assert!(!faults(&file(room, text)).is_empty(), "{room}: {text}");
    }
    let allowed = "//! x\nuse crate::model::Answer;\n#[cfg(test)]\nmod tests { use crate::cli::x; }\n";
    assert_eq!(faults(&file("dns", allowed)), Vec::<String>::new());
}
