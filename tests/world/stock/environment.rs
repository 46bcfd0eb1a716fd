//! The environment of a server, taken from the very files that the documentation shows.
//!
//! Stands in for the kubelet: fills in `$(NAME)` and mounts `/eureka-peers`. Never adds a variable.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where the volume is mounted in the documentation.
const MOUNT: &str = "/eureka-peers/";
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/environment");

pub(crate) type Variables = BTreeMap<String, String>;

/// The variables of `docs/environment/<name>.env`, with `known` for what comes from the pod, its
/// Secrets and the lines above, and `volume` mounted.
pub(crate) fn load(name: &str, known: &Variables, volume: &Path) -> Variables {
    let file = format!("{DIRECTORY}/{name}.env");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut known = known.clone();
    let mut variables = Variables::new();
    for (name, value) in assignments(&file, &text) {
        // Mounted first: what is known by now may have the mount's name in its own path.
        let value = expand(&file, &value.replace(MOUNT, &format!("{}/", volume.display())), &known);
        known.insert(name.to_owned(), value.clone());
        variables.insert(name.to_owned(), value);
    }
    variables
}

fn assignments<'a>(file: &'a str, text: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(move |line| line.split_once('=').unwrap_or_else(|| panic!("{file}: no assignment: {line}")))
}

/// Kubernetes' dependent variables (`expansion.Expand`), but what is not known is a fault here.
fn expand(file: &str, value: &str, known: &Variables) -> String {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some((before, reference)) = rest.split_once("$(") {
        let (name, after) = reference.split_once(')').unwrap_or_else(|| panic!("{file}: $( without )"));
        let filler = known.get(name).unwrap_or_else(|| panic!("{file}: nobody sets {name}"));
        expanded += before;
        expanded += filler;
        rest = after;
    }
    expanded + rest
}
