//! Components over components: each pair, in both orders, over everything that it may stand on. It is right, or the
//! build ends and says why. README of the manifests, "Pairs".

use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_yaml::Value;

use crate::audited::{self, values};
use crate::overlay::{fresh, put};
use crate::platforms::{elsewhere, moved, of_the_operator, over, unlimited};
use crate::rendered::{Container, Object, Pod, at};
use crate::tool::{Tool, project, text_of};
use crate::{audit, none, restricted, sidecar, trial, workload};

/// What has eureka-peers already.
const FOLDERS: [&str; 4] = ["statefulset", "deployment", "daemonset", "init-container"];
/// What changes a workload that has eureka-peers.
const CHANGES: [&str; 10] = [
    "basic-auth",
    "host-network",
    "labelled-nodes",
    "istio",
    "linkerd",
    "network-policy",
    "openshift",
    "resource-quota",
    "ports-and-paths",
    "monitoring",
];
/// What brings eureka-peers.
const BRINGERS: [&str; 3] = ["add-sidecar", "add-sidecar-open-actuator", "netflix-war"];
/// Changes that need to find eureka-peers.
const SECOND: [&str; 4] = ["basic-auth", "openshift", "resource-quota", "ports-and-paths"];
/// How kustomize says that a patch found no eureka-peers.
const NONE_THERE: &str = "nonexistent key: image";

pub(crate) fn trials() -> Vec<Trial> {
    let folders = FOLDERS
        .map(|folder| trial(&format!("pairs::{folder}"), &[Tool::KUSTOMIZE], move || over_a_folder(folder)));
    let others = [
        trial("pairs::add-sidecar", &[Tool::KUSTOMIZE], over_the_sidecar),
        trial("pairs::open-actuator", &[Tool::KUSTOMIZE], over_the_open_actuator),
        trial("pairs::netflix-war", &[Tool::KUSTOMIZE], over_the_war),
        trial("pairs::before", &[Tool::KUSTOMIZE], before_the_sidecar),
    ];
    folders.into_iter().chain(others).collect()
}

fn pairs() -> impl Iterator<Item = [&'static str; 2]> {
    let all = CHANGES.into_iter().flat_map(|one| CHANGES.map(|other| [one, other]));
    all.filter(|[one, other]| one != other)
}

/// Why these, in this order, have to end the build.
fn reason(base: &str, components: &[&str]) -> Option<&'static str> {
    let has = |name: &str| components.contains(&name);
    let place = |name: &str| components.iter().position(|it| *it == name);
    if has("host-network") && base != "daemonset" {
        return Some("host-network is for a DaemonSet");
    }
    if has("host-network") && has("ports-and-paths") {
        return Some("host-network and ports-and-paths exclude each other");
    }
    let is_after =
        |name: &str| place(name).zip(place("ports-and-paths")).is_some_and(|(one, other)| one > other);
    let late = ["basic-auth comes before ports-and-paths", "network-policy comes before ports-and-paths"];
    late.into_iter().find(|what| what.split(' ').next().is_some_and(is_after))
}

fn over_a_folder(folder: &str) -> Result<(), String> {
    let base = project().join("manifests").join(folder);
    let mut faults = Vec::new();
    for components in pairs() {
        faults.extend(judge(&base, &components, reason(folder, &components)));
    }
    for bringer in BRINGERS {
        faults.extend(judge(&base, &[bringer], Some("eureka-peers is there already")));
    }
    none(&faults)
}

fn over_the_sidecar() -> Result<(), String> {
    let mut faults = Vec::new();
    for [one, other] in pairs() {
        let components = ["add-sidecar", one, other];
        faults.extend(judge(&own(&components)?, &components, reason("statefulset", &components)));
    }
    let twice = "already registered id";
    for [one, other] in [["add-sidecar", "netflix-war"], ["add-sidecar-open-actuator", "add-sidecar"]] {
        faults.extend(judge(&own(&[])?, &[one, other], Some(twice)));
        faults.extend(judge(&own(&[])?, &[other, one], Some(twice)));
    }
    none(&faults)
}

fn over_the_open_actuator() -> Result<(), String> {
    let mut faults = Vec::new();
    for change in CHANGES {
        let components = ["add-sidecar-open-actuator", change];
        faults.extend(judge(&own(&components)?, &components, reason("statefulset", &components)));
    }
    none(&faults)
}

/// Netflix's server listens elsewhere, and knows no Spring.
fn over_the_war() -> Result<(), String> {
    let base = fresh("pairs-war")?;
    std::fs::write(base.join("eureka.yaml"), text_of("manifests/examples/netflix-war/eureka.yaml"))
        .map_err(|error| error.to_string())?;
    put(&base, "resources: [eureka.yaml]\n")?;
    let mut faults = Vec::new();
    for change in CHANGES {
        let reason = match change {
            "basic-auth" => Some("basic-auth is not for netflix-war"),
            "network-policy" => Some("network-policy is not for netflix-war"),
            "ports-and-paths" => Some("ports-and-paths is not for netflix-war"),
            other => reason("statefulset", &[other]),
        };
        faults.extend(judge(&base, &["netflix-war", change], reason));
        let reason = if SECOND.contains(&change) { Some(NONE_THERE) } else { reason };
        faults.extend(judge(&base, &[change, "netflix-war"], reason));
    }
    none(&faults)
}

/// What needs eureka-peers and stands before the component that brings it.
fn before_the_sidecar() -> Result<(), String> {
    let mut faults = Vec::new();
    for change in CHANGES {
        let reason =
            if SECOND.contains(&change) { Some(NONE_THERE) } else { reason("statefulset", &[change]) };
        for bringer in ["add-sidecar", "add-sidecar-open-actuator"] {
            faults.extend(judge(&own(&[])?, &[change, bringer], reason));
        }
        if SECOND.contains(&change) {
            faults.extend(judge(&own(&[])?, &[change], reason));
        }
    }
    none(&faults)
}

/// Manifests of an operator's own, which say their port themselves.
fn own(components: &[&str]) -> Result<PathBuf, String> {
    if components.contains(&"ports-and-paths") {
        return of_the_operator();
    }
    Ok(project().join("manifests/examples/existing"))
}

fn judge(base: &std::path::Path, components: &[&str], reason: Option<&str>) -> Vec<String> {
    let place = components.contains(&"ports-and-paths").then_some(moved());
    let found = match (over(base, components, place), reason) {
        (Ok(_), Some(reason)) => vec![format!("is built, and not refused: {reason}")],
        (Err(said), Some(reason)) if said.contains(reason) => vec![],
        (Err(said), _) => vec![format!("is refused: {said}")],
        (Ok(objects), None) => wrong(&objects, components),
    };
    let base = base.file_name().unwrap_or_default().display();
    found.into_iter().map(|what| format!("{base}, {components:?}: {what}")).collect()
}

/// Everything that is wrong with servers that these were put over.
fn wrong(objects: &[Object], components: &[&str]) -> Vec<String> {
    let has = |name: &str| components.contains(&name);
    let mut found = audited::faults(objects);
    found.extend(audit::unread(&values(objects)).into_iter().map(|finding| finding.to_string()));
    found.extend(objects.iter().filter_map(Object::pod).flat_map(|pod| sidecar::faults(objects, pod)));
    if has("ports-and-paths") {
        found.extend(elsewhere(objects));
    }
    if has("resource-quota") {
        found.retain(|fault| !fault.ends_with("a limit of CPU, which delays a publication"));
        found.extend(unlimited(objects).filter(|fault| fault.starts_with("eureka-peers")));
    }
    if has("openshift") {
        found.retain(|fault| !fault.ends_with("no numeric user"));
        found.extend(crate::platforms::ids(objects));
    }
    if !has("host-network") {
        found.extend(objects.iter().filter_map(Object::pod_template).flat_map(restricted::violations));
    }
    let servers = objects.iter().filter_map(Object::pod).filter_map(|pod| pod.container("eureka"));
    found.extend(servers.flat_map(|server| unanswered(server, has("basic-auth"))));
    found.extend(protects_nothing(objects));
    found
}

/// Probes that ask where the server does not listen, or for what it hands out with a password alone.
fn unanswered(server: Container<'_>, has_password: bool) -> Vec<String> {
    let values = server.values();
    let listens = values.get("SERVER_PORT").copied();
    let mut found = Vec::new();
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let Some(probe_of) = at(server.0, &[probe]) else { continue };
        found.extend(
            (has_password && at(probe_of, &["httpGet"]).is_some())
                .then(|| format!("{probe} knows no password")),
        );
        let asked = at(probe_of, &["httpGet", "port"]).or(at(probe_of, &["tcpSocket", "port"]));
        let asked = asked.and_then(Value::as_u64).map(|port| port.to_string());
        let is_elsewhere = asked.as_deref().zip(listens).is_some_and(|(asked, listens)| asked != listens);
        found.extend(
            is_elsewhere.then(|| format!("{probe} asks {asked:?}, and the server listens on {listens:?}")),
        );
    }
    found
}

/// A policy that selects none of these pods lets everything through.
fn protects_nothing(objects: &[Object]) -> Vec<String> {
    let servers: Vec<&Value> = objects
        .iter()
        .filter_map(Object::pod_template)
        .filter(|template| Pod(&template["spec"]).container("eureka").is_some())
        .collect();
    let policies = objects.iter().filter(|object| object.kind() == "NetworkPolicy");
    let idle = policies.filter(|policy| {
        let selector = at(&policy.0, &["spec", "podSelector", "matchLabels"]).and_then(Value::as_mapping);
        !servers.iter().any(|template| workload::matches(selector, template))
    });
    idle.map(|policy| format!("{} selects no server", policy.id())).collect()
}
