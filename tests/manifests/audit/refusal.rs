//! What an API server refuses of a workload or a Service, and what a kubelet leaves standing as it is.
//!
//! For the output of overlays, whose parts were right each for itself: a merge of two entries makes
//! `value` beside `valueFrom`, a probe with two handlers, a volume with two sources. Source:
//! `pkg/apis/core/validation` of Kubernetes; stricter in one point, since a variable that looks forward is
//! taken and never filled in.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::workload::{Container, Workload, flattened, id, workloads};
use super::{Finding, at, items, text};

const HANDLERS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];
const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];
/// A DNS label, as names of containers and volumes are.
const LABEL_MAX: usize = 63;
/// Of a port's name (RFC 6335).
const PORT_NAME_MAX: usize = 15;

/// Everything that an API server would not take, or that would never be filled in.
pub(crate) fn refused(objects: &[Value]) -> Vec<Finding> {
    let of_workloads = workloads(objects).into_iter().flat_map(of_a_workload);
    let of_objects = flattened(objects).into_iter().flat_map(of_an_object);
    of_objects.chain(of_workloads).collect()
}

fn of_an_object(object: &Value) -> Vec<Finding> {
    let mut found: Vec<String> = Vec::new();
    for texts in ["labels", "annotations"] {
        found.extend(untyped(at(object, &["metadata", texts])).map(|key| not_text(texts, &key)));
    }
    if text(object, &["kind"]) == "Service" {
        let ports = items(object, &["spec", "ports"]);
        let unnamed = ports.iter().filter(|port| text(port, &["name"]).is_empty()).count();
        found
            .extend((ports.len() > 1 && unnamed > 0).then(|| "several ports, one without a name".to_owned()));
        found.extend(twice("port", ports.iter().map(|port| text(port, &["name"]))));
        found.extend(untyped(at(object, &["spec", "selector"])).map(|key| not_text("selector", &key)));
    }
    found.into_iter().map(|what| Finding::new(&id(object), what, "")).collect()
}

fn of_a_workload(workload: Workload<'_>) -> Vec<Finding> {
    let pod = workload.pod();
    let claims = items(workload.object, &["spec", "volumeClaimTemplates"]);
    let claims = claims.iter().map(|claim| text(claim, &["metadata", "name"]));
    let volumes = items(pod, &["volumes"]);
    let mountable: Vec<&str> = volumes.iter().map(|volume| text(volume, &["name"])).chain(claims).collect();
    let containers = workload.containers();
    let mut found = unselected(&workload);
    let replicas = at(workload.object, &["spec", "replicas"]);
    found.extend(
        replicas.is_some_and(|replicas| !replicas.is_u64()).then(|| "replicas is not a number".to_owned()),
    );
    found.extend(
        untyped(at(workload.template, &["metadata", "labels"])).map(|key| not_text("pods' labels", &key)),
    );
    found.extend(twice("volume", volumes.iter().map(|volume| text(volume, &["name"]))));
    found.extend(twice("container", containers.iter().map(|container| container.name())));
    found.extend(volumes.iter().filter_map(sources_of_a_volume));
    let of_containers = containers.iter().flat_map(|container| {
        let place = workload.place(*container);
        of_a_container(*container, &mountable).into_iter().map(move |what| Finding::new(&place, what, ""))
    });
    found.into_iter().map(|what| Finding::new(&id(workload.object), what, "")).chain(of_containers).collect()
}

/// A selector that does not select the workload's own pods.
fn unselected(workload: &Workload<'_>) -> Vec<String> {
    let selector = at(workload.object, &["spec", "selector"]);
    let labels = selector.map(|selector| at(selector, &["matchLabels"]).unwrap_or(selector));
    let labels = labels.and_then(Value::as_mapping).into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.as_str()?, value.as_str()?)));
    labels
        .filter(|(key, value)| workload.pod_label(key) != *value)
        .map(|(key, value)| format!("its selector wants {key}={value}, which its pods do not have"))
        .collect()
}

fn sources_of_a_volume(volume: &Value) -> Option<String> {
    let entries = volume.as_mapping().into_iter().flatten();
    let sources = entries.filter(|(key, value)| key.as_str() != Some("name") && !value.is_null()).count();
    // A volume without a source is an emptyDir.
    (sources > 1).then(|| format!("the volume {} has {sources} sources", text(volume, &["name"])))
}

fn of_a_container(container: Container<'_>, mountable: &[&str]) -> Vec<String> {
    let mut found = variables(container);
    found.extend((!is_a_label(container.name())).then(|| "its name is not a DNS label".to_owned()));
    found.extend(container.image().is_empty().then(|| "has no image".to_owned()));
    for probe in PROBES {
        let Some(settings) = at(container.0, &[probe]) else { continue };
        let handlers = HANDLERS.into_iter().filter(|handler| at(settings, &[handler]).is_some()).count();
        found.extend((handlers != 1).then(|| format!("{probe} has {handlers} handlers")));
    }
    let mounts = container.mounts();
    let nowhere = mounts.iter().map(|mount| text(mount, &["name"])).filter(|name| !mountable.contains(name));
    found.extend(nowhere.map(|name| format!("mounts {name}, which is nowhere")));
    found.extend(twice("mount path", mounts.iter().map(|mount| text(mount, &["mountPath"]))));
    let ports = items(container.0, &["ports"]);
    let names = || ports.iter().map(|port| text(port, &["name"]));
    found.extend(twice("port", names()));
    let long = names().filter(|name| name.len() > PORT_NAME_MAX);
    found.extend(long.map(|name| format!("the port's name {name} is longer than {PORT_NAME_MAX}")));
    let numbers = ports.iter().filter(|port| at(port, &["containerPort"]).and_then(Value::as_u64).is_none());
    found.extend(numbers.map(|_| "a containerPort is not a number".to_owned()));
    for list in ["command", "args"] {
        let strange = items(container.0, &[list]).iter().filter(|word| !word.is_string());
        found.extend(strange.map(|word| format!("{list} holds {word:?}, which is not a text")));
    }
    found.extend(of_an_init_container(container));
    found
}

/// Only a native sidecar has probes among the init containers.
fn of_an_init_container(container: Container<'_>) -> Vec<String> {
    let policy = at(container.0, &["restartPolicy"]).and_then(Value::as_str);
    let is_sidecar = container.is_init && policy == Some("Always");
    let mut found = Vec::new();
    found.extend((policy.is_some() && !is_sidecar).then(|| format!("restartPolicy is {policy:?}")));
    if container.is_init && !is_sidecar {
        let fields = PROBES.into_iter().chain(["lifecycle"]);
        let there = fields.filter(|field| at(container.0, &[field]).is_some());
        found.extend(there.map(|field| format!("an init container with {field}")));
    }
    found
}

fn variables(container: Container<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for (name, entry) in container.environment() {
        found.extend((!is_a_variable(name)).then(|| format!("{name:?} is not a valid name of a variable")));
        let source = at(entry, &["valueFrom"]).and_then(Value::as_mapping);
        let sources = source.map_or(0, |source| source.values().filter(|value| !value.is_null()).count());
        let value = at(entry, &["value"]);
        // An empty text beside a source is taken, and nothing else.
        let is_set = value.is_some_and(|value| value.as_str() != Some(""));
        found.extend((source.is_some() && sources != 1).then(|| format!("{name} has {sources} sources")));
        found.extend((sources > 0 && is_set).then(|| format!("{name} has both value and valueFrom")));
        found.extend(
            value
                .is_some_and(|value| !value.is_string())
                .then(|| format!("the value of {name} is not a text")),
        );
        let value = value.and_then(Value::as_str).unwrap_or_default();
        let forward = references(value).filter(|reference| !known.contains(reference));
        found.extend(forward.map(|reference| format!("{name} refers to {reference}, which is not yet set")));
        found.extend(known.contains(&name).then(|| format!("{name} is set twice")));
        known.push(name);
    }
    found
}

/// `$(NAME)`; `$$(` stands for itself.
fn references(value: &str) -> impl Iterator<Item = &str> {
    let unescaped = value.match_indices("$(").filter(|(at, _)| !value[..*at].ends_with('$'));
    unescaped.filter_map(|(at, _)| Some(value[at + 2..].split_once(')')?.0))
}

/// As every version of Kubernetes takes it; since 1.34 any letter but `=` will do.
fn is_a_variable(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    name.chars().all(is_letter) && name.starts_with(|first: char| !first.is_ascii_digit())
}

fn is_a_label(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=LABEL_MAX).contains(&name.len())
        && name.chars().all(is_letter)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// What is there more than once; empty texts are absent ones.
fn twice<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut known = BTreeSet::new();
    let again = names.filter(|name| !name.is_empty() && !known.insert(*name));
    again.map(|name| format!("the {what} {name} is there twice")).collect()
}

/// Keys of a map of texts whose values are something else to a reader of YAML: `1.0`, `yes`.
fn untyped(texts: Option<&Value>) -> impl Iterator<Item = String> {
    let texts = texts.and_then(Value::as_mapping).into_iter().flatten();
    let strange = texts.filter(|(_, value)| !value.is_string() && !value.is_null());
    strange.map(|(key, _)| key.as_str().unwrap_or("a key").to_owned())
}

fn not_text(place: &str, key: &str) -> String {
    format!("{key} among its {place} is not a text: YAML reads it as something else")
}
