//! Holds the house to its plan: imports point downwards only, rooms on one floor do not know each
//! other, every outside crate has its home, and every file says what it is for.
//!
//! The plan is the table below; `ARCHITECTURE.md` draws it. Change both together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::machine::files_below;
use crate::world::tool::{project, text_of};

/// Rooms and their floors.
const ROOMS: [(&str, u8); 17] = [
    ("model", 0),
    ("small_file", 1),
    ("reconcile", 1),
    ("document", 1),
    ("mesh", 1),
    ("dns", 2),
    ("wording", 2),
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
    ("humantime", &["model", "settings"]),
    ("serde_yaml", &["settings", "document"]),
    ("serde_json", &["document", "publish", "eureka", "admin", "cli", "telemetry"]),
    ("hyper", &["http_client", "admin"]),
    ("hyper_util", &["http_client", "admin"]),
    ("http_body_util", &["http_client", "admin"]),
    ("rustls", &["http_client"]),
    ("tokio_rustls", &["http_client"]),
    ("base64", &["http_client"]),
    ("hickory_resolver", &["dns"]),
    ("roxmltree", &["eureka"]),
    ("notify", &["settings_watch"]),
    ("prometheus_client", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("rustix", &["small_file", "publish", "settings", "telemetry", "cli"]),
    ("socket2", &["admin"]),
    ("if_addrs", &["settings"]),
    ("strsim", &["settings"]),
    ("fastrand", &["agent", "publish"]),
    ("tokio", &["small_file", "http_client", "dns", "eureka", "settings_watch", "admin", "agent", "cli"]),
    ("tracing", &["telemetry", "admin", "agent", "cli"]),
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
    let found = files_of("src");
    assert!(found.len() > 20, "only {} files found below src", found.len());
    found
}

/// All Rust below a folder of the project.
fn files_of(folder: &str) -> Vec<SourceFile> {
    let root = project().join(folder);
    let paths = files_below(&root, |_| true).into_iter();
    let sources = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("readable source");
        SourceFile { lines: product_lines(&path, &text), room: room_of(&root, &path), text, path }
    };
    sources.map(read).collect()
}

fn room_of(root: &Path, path: &Path) -> String {
    let first = path.strip_prefix(root).expect("below src").components().next().expect("a first part");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        part == "tests" || part == "tests.rs"
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

/// Lines with a public type or trait that no doc comment stands above.
fn unexplained(text: &str) -> Vec<usize> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_type =
        |line: &str| ["pub struct ", "pub enum ", "pub trait "].iter().any(|it| line.starts_with(it));
    let ends_item = |line: &&&str| line.is_empty() || line.ends_with(['}', ';']);
    let is_explained = |at: usize| {
        lines[..at].iter().rev().take_while(|line| !ends_item(line)).any(|line| line.starts_with("///"))
    };
    (0..lines.len()).filter(|at| is_type(lines[*at]) && !is_explained(*at)).map(|at| at + 1).collect()
}

/// What is wrong with one file.
fn faults(file: &SourceFile) -> Vec<String> {
    let floors = BTreeMap::from(ROOMS);
    let at = |line: usize, rule: &str| format!("{}:{line}: {rule}", file.path.display());
    let mut faults = vec![];
    if !file.text.starts_with("//!") {
        faults.push(at(1, "a file opens with `//!`: what it is for"));
    }
    for number in unexplained(&file.text) {
        faults.push(at(
            number,
            "a public type says what it is; its fields and variants may speak for themselves",
        ));
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

/// What tests need in a room stands where ARCHITECTURE.md says, so that it is told from the product by name.
#[test]
fn tests_stand_where_they_should() {
    let strays = source_files().into_iter().filter(|file| {
        let name = file.path.file_name().expect("a file").to_string_lossy();
        file.text.contains("#[path") || (name.contains("test") && !is_test_file(&file.path))
    });
    let strays: Vec<_> = strays.map(|file| file.path).collect();
    assert!(strays.is_empty(), "tests are `tests.rs` or in `tests/`: {strays:?}");
}

/// The files of `settings/` that each of them imports from, by the paths that name them; a folder is one file.
fn imports_within_settings() -> BTreeMap<String, BTreeSet<String>> {
    let room = project().join("src/settings");
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

/// Suites have the world, and the fuzzer's inputs; what two of them need belongs there.
#[test]
fn suites_borrow_nothing_from_each_other() {
    for SourceFile { path, room, text, .. } in files_of("tests") {
        let from = text.lines().filter(|line| line.starts_with("#[path = "));
        let borrowed: Vec<_> =
            from.filter(|line| !line.contains("/world/") && !line.contains("/fuzz/src/")).collect();
        assert!(borrowed.is_empty(), "{}: {borrowed:?}", path.display());
        let names_the_library = names_crate(&text, "eureka_peers");
        assert!(room != "world" || !names_the_library, "{} names the library", path.display());
    }
}

#[test]
fn every_dependency_has_a_home() {
    let manifest = text_of("Cargo.toml");
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
        assert!(known, "{name} has no home in tests/house/floor_plan.rs");
    }
}

#[test]
fn a_home_is_lived_in() {
    let files = source_files();
    for (name, homes) in HOMES {
        for home in homes {
            let mut lines = files.iter().filter(|file| file.room == *home).flat_map(|file| &file.lines);
            let has_it = lines.any(|(_, line)| names_crate(line, name));
            assert!(has_it, "tests/floor_plan.rs lets {home} name {name}, which it does not");
        }
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
        ("dns", "//! x\n\n#[derive(Debug)]\npub struct Unexplained;\n"),
        ("settings", "//! x\nuse crate::{model, reconcile};\n"),
        ("publish", "//! x\nuse crate::settings::Settings;\n"),
    ] {
        assert!(!faults(&file(room, text)).is_empty(), "{room}: {text}");
    }
    let allowed = "//! x\nuse crate::model::Answer;\n/// It is one.\n#[derive(Debug)]\npub enum It {}\n\
                   #[cfg(test)]\nmod tests { use crate::cli::x; }\n";
    assert_eq!(faults(&file("dns", allowed)), Vec::<String>::new());
}
