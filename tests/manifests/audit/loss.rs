//! What stood in the manifests before an overlay, and does not stand there after it.
//!
//! Everything must stay but what the overlay is there to change: the peer list goes, probes of the server
//! and the variables of `docs/environment/` are ours to decide. A container may be called otherwise.

use serde_yaml::Value;

use super::spelling::{Meaning, is_decided, meaning};
use super::workload::{Container, Workload, flattened, id};
use super::{Finding, at, text};

/// Fields of a server's container that a component decides.
const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];
/// Fields of a pod that are compared by name, one container at a time.
const CONTAINERS: [&str; 2] = ["initContainers", "containers"];
/// What tells the entries of a list apart.
const KEYS: [&str; 4] = ["mountPath", "containerPort", "name", "topologyKey"];

/// Everything of `before` that is missing from `after`.
pub(crate) fn lost(before: &[Value], after: &[Value]) -> Vec<Finding> {
    let after = flattened(after);
    let pairs = flattened(before).into_iter().map(|object| {
        let same = |field: &[&str], other: &Value| text(object, field) == text(other, field);
        let found = after.iter().copied().find(|other| {
            same(&["apiVersion"], other) && same(&["kind"], other) && same(&["metadata", "name"], other)
        });
        (object, found)
    });
    pairs
        .flat_map(|(before, after)| match (after, Workload::of(before)) {
            (None, _) => vec![Finding::new(&id(before), "is gone", "")],
            (Some(after), None) => gone(before, after, "", &id(before)),
            (Some(after), Some(workload)) => of_a_workload(workload, after),
        })
        .collect()
}

fn of_a_workload(before: Workload<'_>, after: &Value) -> Vec<Finding> {
    let place = id(before.object);
    let Some(after) = Workload::of(after) else {
        return vec![Finding::new(&place, "has no containers any more", "")];
    };
    let mut found = gone(&without_containers(before), &without_containers(after), "", &place);
    for container in before.containers() {
        match counterpart(container, after) {
            Some(other) => found.extend(of_a_container(container, other, &before.place(container))),
            None => found.push(Finding::new(&before.place(container), "is gone", "")),
        }
    }
    found
}

fn without_containers(workload: Workload<'_>) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Mapping(entries) => {
                if entries.contains_key("containers") {
                    entries.retain(|key, _| !CONTAINERS.iter().any(|list| key == list));
                }
                entries.values_mut().for_each(strip);
            }
            Value::Sequence(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut object = workload.object.clone();
    strip(&mut object);
    object
}

/// The container of the same name, or the one of the same image that was called otherwise before.
fn counterpart<'a>(container: Container<'_>, after: Workload<'a>) -> Option<Container<'a>> {
    let all = after.containers();
    let of_its_kind = || all.iter().copied().filter(|other| other.is_init == container.is_init);
    let by_name = of_its_kind().find(|other| other.name() == container.name());
    by_name.or_else(|| of_its_kind().find(|other| other.image() == container.image()))
}

fn of_a_container(before: Container<'_>, after: Container<'_>, place: &str) -> Vec<Finding> {
    let is_the_server = after.mounts().iter().any(|mount| text(mount, &["name"]) == "eureka-peers");
    let fields = before.0.as_mapping().into_iter().flatten();
    let fields = fields.filter_map(|(field, value)| Some((field.as_str()?, value)));
    let mut found = Vec::new();
    for (field, value) in fields.filter(|(field, _)| !["name", "env"].contains(field)) {
        if is_the_server && PROBES.contains(&field) {
            continue;
        }
        match at(after.0, &[field]) {
            Some(after) => found.extend(gone(value, after, field, place)),
            None => found.push(Finding::new(place, format!("{field} is gone"), "")),
        }
    }
    found.extend(variables(before, after, is_the_server, place));
    found
}

fn variables(before: Container<'_>, after: Container<'_>, is_the_server: bool, place: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, entry) in before.environment() {
        let meaning = meaning(name);
        let other = after.environment().into_iter().find(|(other, _)| *other == name);
        if is_the_server && (meaning == Meaning::List || is_decided(name)) {
            continue;
        }
        let Some((_, other)) = other else {
            found.push(Finding::new(place, format!("the variable {name} is gone"), ""));
            continue;
        };
        let value = |entry| at(entry, &["value"]).and_then(Value::as_str);
        let is_kept = match (value(entry), value(other)) {
            (Some(before), Some(after)) => holds(after, before, meaning),
            _ => gone(&plain(entry), other, "", place).is_empty(),
        };
        if !is_kept {
            let what = format!("the variable {name} is {:?} no more", value(entry).unwrap_or("a reference"));
            found.push(Finding::new(place, what, cure(meaning)));
        }
    }
    found
}

/// Without the version of the downward API, of which there is one.
fn plain(entry: &Value) -> Value {
    let mut entry = entry.clone();
    let field = entry.get_mut("valueFrom").and_then(|source| source.get_mut("fieldRef")?.as_mapping_mut());
    if let Some(field) = field {
        field.remove("apiVersion");
    }
    entry
}

/// Whether everything of a value is in another: of a list its entries, of options its words.
fn holds(after: &str, before: &str, meaning: Meaning) -> bool {
    let separator = match meaning {
        Meaning::Import(_) | Meaning::Location(_) => ',',
        Meaning::JvmOptions => ' ',
        Meaning::List | Meaning::Json | Meaning::Other => return after == before,
    };
    let parts: Vec<&str> = after.split(separator).map(str::trim).collect();
    before.split(separator).map(str::trim).all(|part| part.is_empty() || parts.contains(&part))
}

fn cure(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Import(_) | Meaning::Location(_) => {
            "name both in one variable, the published file last: docs/migration/from-a-static-list.md"
        }
        Meaning::JvmOptions => "put both into one variable: docs/migration/from-a-static-list.md",
        Meaning::List | Meaning::Json | Meaning::Other => "",
    }
}

/// Whatever of `before` is not in `after`, at any depth.
fn gone(before: &Value, after: &Value, path: &str, place: &str) -> Vec<Finding> {
    match (before, after) {
        (Value::Mapping(entries), _) => entries
            .iter()
            .filter(|(_, value)| !value.is_null())
            .flat_map(|(key, value)| {
                let key = key.as_str().unwrap_or("?");
                let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                match at(after, &[key]) {
                    Some(after) => gone(value, after, &path, place),
                    None => vec![Finding::new(place, format!("{path} is gone"), "")],
                }
            })
            .collect(),
        (Value::Sequence(before), Value::Sequence(after)) => {
            before.iter().flat_map(|entry| of_an_entry(entry, after, path, place)).collect()
        }
        _ if before == after => Vec::new(),
        _ => vec![Finding::new(place, format!("{path} was {before:?} and is {after:?}"), "")],
    }
}

fn of_an_entry(entry: &Value, after: &[Value], path: &str, place: &str) -> Vec<Finding> {
    let key = KEYS.into_iter().find(|key| at(entry, &[key]).is_some());
    let other = match key {
        Some(key) => after.iter().find(|other| at(other, &[key]) == at(entry, &[key])),
        None => after.iter().find(|other| *other == entry),
    };
    match other {
        Some(other) => gone(entry, other, path, place),
        None => vec![Finding::new(place, format!("{path} has lost {entry:?}"), "")],
    }
}
