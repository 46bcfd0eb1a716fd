//! What an API server refuses of a workload, and what a kubelet leaves standing as it is.
//!
//! For the output of overlays, whose parts were right each for itself: a merge of two entries makes
//! `value` beside `valueFrom`, a probe with two handlers, a volume with two sources.

use serde_yaml::Value;

use crate::rendered::{Container, Object, Pod, at, build, items};
use crate::seeds::{Seed, sown};

const HANDLERS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];
const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

/// Each is a workload that no cluster takes, or that starts with a variable that nobody fills in.
const REFUSED: [Seed; 10] = [
    ("containers/0/image", "null"),
    ("containers/0/env/0", "{name: POD_NAME, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"),
    ("containers/0/env/0", "{name: POD_NAME, valueFrom: {fieldRef: {}, secretKeyRef: {}}}"),
    ("containers/0/env/0/name", "LATER"),
    ("containers/0/env/0/name", "POD_NAMESPACE"),
    ("initContainers/0/env/0", "{name: FORWARD, value: $(EUREKA_PEERS_SERVICE)}"),
    ("containers/0/livenessProbe/tcpSocket", "{port: 8761}"),
    ("initContainers/0/startupProbe/httpGet", "null"),
    ("initContainers/0/volumeMounts/0/name", "elsewhere"),
    ("volumes/0/secret", "{secretName: x}"),
];

/// Everything that is wrong with these workloads.
pub(crate) fn faults(objects: &[Object]) -> Vec<String> {
    let workloads = objects.iter().filter(|object| object.pod().is_some());
    workloads.flat_map(|workload| of_a_workload(workload).into_iter()).collect()
}

/// Sows each into the StatefulSet, alone, and wants it to be seen.
pub(crate) fn seen() -> Result<(), String> {
    let objects = build("statefulset")?;
    let found = faults(&objects);
    if !found.is_empty() {
        return Err(format!("the folder is not right to begin with: {found:?}"));
    }
    let unseen = REFUSED.into_iter().filter(|(path, value)| faults(&sown(&objects, path, value)).is_empty());
    let unseen: Vec<Seed> = unseen.collect();
    if unseen.is_empty() { Ok(()) } else { Err(format!("not seen: {unseen:?}")) }
}

fn of_a_workload(workload: &Object) -> Vec<String> {
    let pod = workload.pod().expect("only workloads are asked");
    let claims = items(&workload.0, &["spec", "volumeClaimTemplates"]);
    let claims = claims.iter().filter_map(|claim| at(claim, &["metadata", "name"]));
    let volumes = items(pod.0, &["volumes"]);
    let mountable: Vec<&Value> = volumes.iter().filter_map(|it| it.get("name")).chain(claims).collect();
    let mut found = Vec::new();
    for volume in volumes {
        let sources = volume.as_mapping().map_or(0, |volume| volume.len() - 1);
        found.extend((sources != 1).then(|| format!("a volume has {sources} sources: {volume:?}")));
    }
    for container in Pod::all_containers(pod) {
        let faults = of_a_container(container, &mountable);
        found.extend(faults.into_iter().map(|what| format!("{}: {what}", container.name())));
    }
    found.into_iter().map(|what| format!("{}: {what}", workload.id())).collect()
}

fn of_a_container(container: Container<'_>, mountable: &[&Value]) -> Vec<String> {
    let mut found = variables(container);
    found.extend(container.image().is_empty().then(|| "has no image".to_owned()));
    for probe in PROBES {
        let Some(settings) = at(container.0, &[probe]) else { continue };
        let handlers = HANDLERS.into_iter().filter(|handler| at(settings, &[handler]).is_some()).count();
        found.extend((handlers != 1).then(|| format!("{probe} has {handlers} handlers")));
    }
    let mounts = container.mounts().iter().filter_map(|mount| mount.get("name"));
    let nowhere = mounts.filter(|name| !mountable.contains(name));
    found.extend(nowhere.map(|name| format!("mounts {name:?}, which is nowhere")));
    found
}

fn variables(container: Container<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for (name, entry) in container.environment() {
        let source = at(entry, &["valueFrom"]).and_then(Value::as_mapping);
        if source.is_some_and(|source| source.len() != 1 || at(entry, &["value"]).is_some()) {
            found.push(format!("{name} has two sources"));
        }
        let value = at(entry, &["value"]).and_then(Value::as_str).unwrap_or_default();
        let forward = references(value).filter(|reference| !known.contains(reference));
        found.extend(forward.map(|reference| format!("{name} refers to {reference}, which is not yet set")));
        found.extend(known.contains(&name).then(|| format!("{name} is set twice")));
        known.push(name);
    }
    found
}

fn references(value: &str) -> impl Iterator<Item = &str> {
    value.split("$(").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0))
}
