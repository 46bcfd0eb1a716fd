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

/// The variables of `docs/environment/<file>.env`, with `known` for what comes from the pod, its
/// Secrets and the lines above, and `volume` mounted.
pub(crate) fn load(file: &str, known: &Variables, volume: &Path) -> Variables {
    let mut known = known.clone();
    let mut variables = Variables::new();
    for (name, value) in assignments(file) {
        // Mounted first: what is known by now may have the mount's name in its own path.
        let value = value.replace(MOUNT, &format!("{}/", volume.display()));
        let value =
            expand(&value, |name| known.get(name)).unwrap_or_else(|why| panic!("{file}: {name}: {why}"));
        known.insert(name.clone(), value.clone());
        variables.insert(name, value);
    }
    variables
}

/// What `docs/environment/<name>.env` says, in its order.
pub(crate) fn assignments(name: &str) -> Vec<(String, String)> {
    let file = format!("{DIRECTORY}/{name}.env");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let pairs =
        lines.map(|line| line.split_once('=').unwrap_or_else(|| panic!("{file}: no assignment: {line}")));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Kubernetes' `$(NAME)` (`third_party/forked/golang/expansion`): `$$` is one `$`, whatever follows. What is not
/// known is a fault here, and not left standing as it is.
pub(crate) fn expand<'a>(value: &str, known: impl Fn(&str) -> Option<&'a String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        rest = match (after.strip_prefix('$'), after.strip_prefix('(')) {
            (None, Some(reference)) => {
                let (name, after) = reference.split_once(')').ok_or("has $( without )")?;
                expanded.push_str(known(name).ok_or_else(|| format!("$({name}) is not set before it"))?);
                after
            }
            (escaped, _) => {
                expanded.push('$');
                escaped.unwrap_or(after)
            }
        };
    }
    Ok(expanded + rest)
}
