//! The pages: each is found from the README, each link leads somewhere, each thing that a reader is to type
//! is checked, and no address is made up.
//!
//! | what is typed | what holds it |
//! |---|---|
//! | `eureka-peers …`, also by `kubectl exec` and `docker compose exec` | read here by the program's own command line |
//! | folders of kustomize, chart and its values, images, services of compose | exist, here; built and rendered by `tests/manifests` |
//! | examples, suites, scripts | exist, here; `.ci/run` runs them, and the examples end by themselves |
//! | the README's walks with compose and on kind | done line by line by `.ci/walk`, where there are Docker and kind |
//! | verbs of kubectl, helm, docker, kind | known ones, here |
//!
//! A new kind of command is a fault until `typed.rs` says how it is checked.

mod page;
pub(crate) mod shell;
mod typed;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use eureka_peers::settings::Key;
use page::Page;

use crate::world::tool::project;

/// Words after a fence; of `console` and `sh` the commands are checked.
const LANGUAGES: [&str; 6] = ["console", "sh", "yaml", "text", "properties", "dockerfile"];
/// Lines of prose that a screen holds.
const SCREEN: usize = 45;
/// Where the program and its neighbours are known by other names than those of the internet.
const HOSTS: [&str; 9] = [
    "localhost",
    "127.0.0.1",
    "[$(POD_IP)]",
    "[::1]",
    "[fd00::1]",
    "$(POD_IP)",
    "$(POD_NAME).eureka.$(POD_NAMESPACE).svc.cluster.local",
    "config-server",
    "${EUREKA_USER}:${EUREKA_PASSWORD}@host",
];
/// Places of others that really are there.
const PLACES: [&str; 5] =
    ["keepachangelog.com", "semver.org", "www.contributor-covenant.org", "www.apache.org", "mutants.rs"];

/// The pages, by path.
fn pages() -> BTreeMap<String, Page> {
    Page::all().into_iter().map(|page| (page.path.clone(), page)).collect()
}

/// Where a link of a page leads, from the root; nothing where it leaves the sources.
fn target(page: &str, link: &str) -> Option<(String, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link, None),
    };
    let mut parts: Vec<&str> = if path.is_empty() { vec![] } else { page.split('/').collect() };
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    let whole = if path.is_empty() { page.to_owned() } else { parts.join("/") };
    Some((whole, anchor))
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_page_is_found_from_the_readme() {
    let pages = pages();
    let (mut found, mut next) = (BTreeSet::from(["README.md".to_owned()]), vec!["README.md".to_owned()]);
    while let Some(path) = next.pop() {
        let targets = pages[&path].links();
        let targets = targets.iter().filter_map(|(_, link)| Some(target(&path, link)?.0));
        for target in targets.filter(|target| pages.contains_key(target)) {
            if found.insert(target.clone()) {
                next.push(target);
            }
        }
    }
    let lost: Vec<&String> = pages.keys().filter(|path| !found.contains(*path)).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let (mut faults, mut count) = (vec![], 0);
    for (path, page) in &pages {
        for (at, link) in page.links() {
            let Some((target, anchor)) = target(path, &link) else { continue };
            count += 1;
            let fault = match (pages.get(&target), anchor) {
                _ if !project().join(&target).exists() => Some("is not there"),
                (Some(page), Some(anchor)) if !page.anchors().contains(&anchor) => {
                    Some("has no such heading")
                }
                _ => None,
            };
            faults.extend(fault.map(|fault| format!("{path}:{at}: {link} {fault}")));
        }
    }
    none(&faults);
    assert!(count > 100, "{count} links: the pages were not read");
}

#[test]
fn every_command_is_checked() {
    let (mut faults, mut count) = (vec![], 0);
    for page in pages().into_values() {
        for (at, line) in page.typed() {
            for words in shell::commands(&line) {
                count += 1;
                let fault = typed::fault(&words);
                faults.extend(fault.map(|fault| format!("{}:{at}: {line}\n    {fault}", page.path)));
            }
        }
    }
    none(&faults);
    assert!(count > 100, "{count} commands: the pages were not read");
}

/// What a page must not say, and what it may.
#[test]
fn a_wrong_line_is_found() {
    let wrong = [
        "eureka-peers run --servise eureka",
        "kubectl exec eureka-0 -c eureka-peers -- /usr/bin/eureka-peers mash",
        "kubectl exec eureka-0 -- /usr/bin/eureka-peers mesh",
        "kubectl exec eureka-0 -c eureka-peers -- sh",
        "kubectl aply -k manifests/statefulset",
        "kubectl apply -k manifests/statefulsets",
        "for POD in $(kubectl apply -k manifests/nowhere); do kubectl get pods; done",
        "kustomize edit set image eureka=here",
        "helm install eureka charts/eureka",
        "helm install eureka charts/eureka-peers --set topology=daemonset",
        "helm template eureka charts/eureka-peers --set server.picture.tag=1",
        "helm template eureka charts/eureka-peers --set topology=statefulset,sidecar.settings.removeafter=1m",
        "docker build -t eureka-peers:9.9.9 .",
        "docker build -t eureka-peers:0.1.0 manifests",
        "docker compose stop peers-9",
        "docker compose exec peers-0 /usr/bin/eureka-peers mesh --watchs",
        "kind load docker-image eureka-server:2.0.0",
        "cargo run --example nobody",
        "RUST_LOG=off cargo test --test nobody",
        ".ci/nothing",
        "curl -s localhost:9761/state",
        "cat page && rm -rf /",
    ];
    let is_taken = |line: &&str| shell::commands(line).iter().all(|words| typed::fault(words).is_none());
    let taken: Vec<&str> = wrong.into_iter().filter(is_taken).collect();
    assert!(taken.is_empty(), "{taken:?}");
    assert!(typed::flags("--freeze true").is_some());
    assert!(typed::flags("--freeze=true").is_none() && typed::flags("--remove-after").is_none());
    let right = "for POD in $(kubectl get pods -o name); do kubectl exec \"$POD\" -c eureka-peers -- \
                 /usr/bin/eureka-peers accept; done   # in each pod";
    assert!(is_taken(&right), "{right}");
}

/// `.ci/walk` does what the README says, where there are Docker and kind: lines of the page, and all of a section.
#[test]
fn the_walks_are_lines_of_the_readme() {
    let pages = pages();
    let typed: Vec<String> =
        pages["README.md"].typed().iter().map(|(_, line)| shell::commands(line).concat().join(" ")).collect();
    for (section, first, last) in [
        ("compose", "docker compose up", "docker compose down"),
        ("kind", "docker build", "kubectl port-forward"),
    ] {
        let mut walk = Command::new(project().join(".ci/walk"));
        let output = walk.args([section, "--list"]).output().expect("the command can be run");
        let text = String::from_utf8(output.stdout).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        let ends = [lines.first(), lines.last()].map(|line| line.copied().unwrap_or_default());
        assert!(ends[0].starts_with(first) && ends[1].starts_with(last), "{section}: {lines:?}");
        let foreign: Vec<_> = lines.iter().filter(|line| !typed.contains(&(**line).to_owned())).collect();
        assert!(foreign.is_empty(), "{section}: {foreign:?}");
    }
}

#[test]
fn every_block_says_what_it_is() {
    let pages = pages();
    let languages =
        pages.values().flat_map(|page| page.languages().into_iter().map(|found| (&page.path, found)));
    let odd = languages.filter(|(_, (_, language))| !LANGUAGES.contains(&language.as_str()));
    none(
        &odd.map(|(path, (at, language))| format!("{path}:{at}: a block of {language:?}"))
            .collect::<Vec<_>>(),
    );
}

/// Variables of ours are settings, values of the chart are in its schema, settings with a value are what the command
/// line takes, and paths lead somewhere.
#[test]
fn every_name_that_is_quoted_exists() {
    let mut variables: BTreeSet<String> = Key::all().map(Key::variable).collect();
    variables.extend(["EUREKA_PEERS_TESTS".to_owned(), "EUREKA_PEERS_".to_owned()]);
    let mut faults = vec![];
    for page in pages().into_values() {
        let text = page.text();
        let named = text.match_indices("EUREKA_PEERS_").map(|(at, _)| name_at(&text, at));
        let unknown = named.filter(|name| !variables.contains(*name));
        faults.extend(unknown.map(|name| format!("{}: {name} is no setting", page.path)));
        for (at, word) in page.quoted() {
            let is_value = ["server.", "sidecar."].iter().any(|before| word.starts_with(before));
            // A file of the tests, a property of Spring's, and what the changelog says is gone.
            let is_value = is_value && !word.contains(".rs") && !word.starts_with("server.servlet.");
            let is_value = is_value && page.path != "CHANGELOG.md";
            let fault = if is_value && !word.contains(' ') { typed::value_of_the_chart(&word) } else { None };
            let fault = fault.or_else(|| lost_path(&page.path, &word)).or_else(|| typed::flags(&word));
            faults.extend(fault.map(|fault| format!("{}:{at}: {fault}", page.path)));
        }
    }
    none(&faults);
}

fn name_at(text: &str, at: usize) -> &str {
    let is_part = |sign: char| sign.is_ascii_uppercase() || sign.is_ascii_digit() || sign == '_';
    let end = text[at..].find(|sign| !is_part(sign)).unwrap_or(text.len() - at);
    &text[at..at + end]
}

/// Whether this is a path of the sources, from the root or from the page, that is not there.
fn lost_path(page: &str, word: &str) -> Option<String> {
    const FOLDERS: [&str; 8] =
        ["manifests/", "charts/", "examples/", "docs/", "tests/", "src/", ".ci/", "fuzz/"];
    let is_path = FOLDERS.iter().any(|folder| word.starts_with(folder));
    let is_one = !word.contains([' ', '*', '<', '…', '{']);
    let from_the_page = project().join(page).with_file_name("").join(word);
    let is_there = project().join(word).exists() || from_the_page.exists();
    (is_path && is_one && !is_there).then(|| format!("{word} is not there"))
}

#[test]
fn no_page_goes_on_for_a_screen_without_a_heading() {
    let pages = pages();
    // A list of changes is looked through and not read.
    let read = pages.values().filter(|page| page.path != "CHANGELOG.md");
    let long = read.map(|page| (&page.path, page.longest_stretch()));
    let long = long.filter(|(_, (_, length))| *length > SCREEN);
    none(&long.map(|(path, (at, length))| format!("{path}:{at}: {length} lines")).collect::<Vec<_>>());
}

/// No registry or repository of ours exists yet; one that does is said in `release.env` alone.
#[test]
fn no_address_is_made_up() {
    let mut faults = vec![];
    for page in pages().into_values() {
        let text = page.text();
        for (at, _) in text.match_indices("://") {
            let rest = &text[at + 3..];
            let end = rest.find(|sign: char| " /`\"'),;\n<>|".contains(sign)).unwrap_or(rest.len());
            let host = rest[..end].trim_end_matches('.');
            if !is_nobodys(host) {
                faults.push(format!("{}: {host}", page.path));
            }
        }
        let registries = ["ghcr.io/", "quay.io/", "gcr.io/"];
        let named = registries.iter().filter(|registry| text.contains(*registry));
        faults.extend(named.map(|registry| format!("{}: {registry}", page.path)));
    }
    none(&faults);
}

/// A name within a cluster, one that is kept for examples, or a place of others that is there.
fn is_nobodys(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    let is_example = [".example", ".example.com", ".example.org", "example.com", "example.org"];
    let is_inside = !host.contains('.')
        || host.ends_with(".svc.cluster.local")
        || host.split('.').nth(1).is_some_and(|label| label.starts_with("eureka"));
    is_inside
        || is_example.iter().any(|end| host.ends_with(end))
        || HOSTS.iter().any(|known| known.starts_with(host))
        || PLACES.contains(&host)
}
