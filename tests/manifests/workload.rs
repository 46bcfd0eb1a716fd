//! What an operator may rely on in each of our own folders: names, labels, Services, disruptions.

use serde_yaml::{Mapping, Value};

use crate::folder::Folder;
use crate::present;
use crate::rendered::{Container, Object, Pod, at, items};

/// "Recommended Labels" of the Kubernetes documentation.
const LABELS: [&str; 6] = ["name", "instance", "version", "component", "part-of", "managed-by"];

/// Folders whose workload is the operator's own: only what we add is ours to judge.
pub(crate) fn is_the_operators_own(folder: &Folder) -> bool {
    [
        "examples/existing",
        "examples/add-sidecar",
        "examples/add-sidecar-open-actuator",
        "examples/netflix-war",
    ]
    .contains(&folder.path.as_str())
}

/// Everything that is wrong with the objects of one of our folders.
pub(crate) fn faults(objects: &[Object]) -> Vec<String> {
    objects.iter().flat_map(|object| of_an_object(object, objects)).collect()
}

fn of_an_object(object: &Object, all: &[Object]) -> Vec<String> {
    let found = match object.kind() {
        "StatefulSet" | "DaemonSet" | "Deployment" => of_a_workload(object, all),
        "PodDisruptionBudget" => of_a_budget(object, all),
        "Service" => of_a_service(object, all),
        _ => Vec::new(),
    };
    found.into_iter().map(|what| format!("{}: {what}", object.id())).collect()
}

fn of_a_workload(object: &Object, all: &[Object]) -> Vec<String> {
    let template = object.pod_template().expect("a workload has a template");
    let pod = object.pod().expect("a template has a spec");
    let mut found = labels(object, template);
    for switch in ["automountServiceAccountToken", "enableServiceLinks"] {
        if at(pod.0, &[switch]).and_then(Value::as_bool) != Some(false) {
            found.push(format!("{switch} is not false"));
        }
    }
    for container in pod.all_containers() {
        found.extend(of_a_container(container, pod));
    }
    let Some(server) = pod.container("eureka") else { return found };
    found.extend(services(template, all));
    found.extend(joins_when_copied(server));
    let is_set = object.kind() == "StatefulSet";
    let is_parallel = object.text(&["spec", "podManagementPolicy"]) == "Parallel";
    let governs = |it: &Object| it.name() == object.text(&["spec", "serviceName"]) && it.is_headless();
    let has_budget = all.iter().any(|other| other.kind() == "PodDisruptionBudget");
    let is_drained = object.kind() != "DaemonSet";
    let is_spread = items(pod.0, &["topologySpreadConstraints"]).len() == 2;
    found.extend(present([
        (is_set && !is_parallel, "starts its servers one by one"),
        (is_set && !all.iter().any(governs), "its governing Service is not here"),
        (is_drained && !has_budget, "no PodDisruptionBudget"),
        (is_drained && !is_spread, "not spread over zones and nodes"),
    ]));
    found
}

fn labels(object: &Object, template: &Value) -> Vec<String> {
    let has = |labels: Option<&Value>, name: &str| {
        labels.is_some_and(|labels| labels.get(format!("app.kubernetes.io/{name}")).is_some())
    };
    let of_object = LABELS.iter().filter(|name| !has(at(&object.0, &["metadata", "labels"]), name));
    let of_pods = LABELS.iter().filter(|name| !has(at(template, &["metadata", "labels"]), name));
    let mut found: Vec<String> = of_object.map(|name| format!("has no label {name}")).collect();
    found.extend(of_pods.map(|name| format!("its pods have no label {name}")));
    let version = at(template, &["metadata", "labels", "app.kubernetes.io/version"]).and_then(Value::as_str);
    let image = items(template, &["spec", "containers"]).first().map(|first| Container(first).image());
    if version != image.and_then(|image| image.rsplit_once(':')).map(|(_, tag)| tag) {
        found.push(format!("its label says version {version:?}, its image is {image:?}"));
    }
    found
}

/// Volumes and ports that a container names must be there.
fn of_a_container(container: Container<'_>, pod: Pod<'_>) -> Vec<String> {
    let volumes: Vec<&str> =
        items(pod.0, &["volumes"]).iter().filter_map(|volume| volume["name"].as_str()).collect();
    let mounted = container.mounts().iter().filter_map(|mount| mount["name"].as_str());
    let mut found: Vec<String> = mounted
        .filter(|name| !volumes.contains(name))
        .map(|name| format!("mounts {name}, which is nowhere"))
        .collect();
    let ports: Vec<&str> =
        items(container.0, &["ports"]).iter().filter_map(|port| port["name"].as_str()).collect();
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let port = at(container.0, &[probe, "httpGet", "port"]).and_then(Value::as_str);
        found.extend(
            port.filter(|name| !ports.contains(name)).map(|name| format!("{probe} asks port {name}")),
        );
    }
    if container.is_ours() && !container.image().ends_with(concat!(":", env!("CARGO_PKG_VERSION"))) {
        found.push(format!("{} is another version than this", container.image()));
    }
    found.into_iter().map(|what| format!("{}: {what}", container.name())).collect()
}

/// One Service tells the servers of each other, another leads clients to those that are ready.
fn services(template: &Value, all: &[Object]) -> Vec<String> {
    let fronting: Vec<&Object> =
        all.iter().filter(|object| object.kind() == "Service" && selects(object, template)).collect();
    let is_for_servers = |service: &&Object| service.is_headless() && service.publishes_all();
    let is_for_clients = |service: &&Object| !service.is_headless() && !service.publishes_all();
    present([
        (
            !fronting.iter().any(is_for_servers),
            "no headless Service that publishes pods before they are ready",
        ),
        (!fronting.iter().any(is_for_clients), "no Service for clients"),
    ])
}

/// A latch, not a condition: a server that is cut off later must go on serving what it has.
fn joins_when_copied(server: Container<'_>) -> Vec<String> {
    let path = |probe: &str| at(server.0, &[probe, "httpGet", "path"]).and_then(Value::as_str);
    let password = server.environment().iter().any(|(name, _)| *name == "SPRING_SECURITY_USER_NAME");
    let below = server.values().get("SERVER_SERVLET_CONTEXTPATH").copied().unwrap_or_default();
    let gated = path("startupProbe").and_then(|path| path.strip_prefix(below)) == Some("/eureka/apps");
    let latched = path("readinessProbe").is_none_or(|path| !path.contains("/apps"));
    present([
        (!gated && !password, "serves clients before it has copied the registry"),
        (!latched, "leaves its clients when its registry is empty"),
    ])
}

fn of_a_budget(object: &Object, all: &[Object]) -> Vec<String> {
    let selector = at(&object.0, &["spec", "selector", "matchLabels"]).and_then(Value::as_mapping);
    let protects = all.iter().filter_map(Object::pod_template).any(|template| matches(selector, template));
    let at_most = at(&object.0, &["spec", "maxUnavailable"]).and_then(Value::as_u64);
    present([(!protects, "protects nothing"), (at_most != Some(1), "does not let exactly one go")])
}

fn of_a_service(object: &Object, all: &[Object]) -> Vec<String> {
    let fronts: Vec<&Value> =
        all.iter().filter_map(Object::pod_template).filter(|template| selects(object, template)).collect();
    let [template] = fronts[..] else { return vec![format!("selects {} workloads", fronts.len())] };
    let mut found = Vec::new();
    let ports = items(&object.0, &["spec", "ports"]);
    if object.is_headless() && !ports.iter().any(|port| port["name"].as_str() == Some("http")) {
        found.push("has no port named http, and so no SRV records".to_owned());
    }
    let offered: Vec<&Value> = items(template, &["spec", "containers"])
        .iter()
        .flat_map(|container| items(container, &["ports"]))
        .flat_map(|port| [port.get("name"), port.get("containerPort")])
        .flatten()
        .collect();
    let targets = ports.iter().map(|port| port.get("targetPort").unwrap_or(&port["port"]));
    found.extend(
        targets.filter(|port| !offered.contains(port)).map(|port| format!("leads to no port {port:?}")),
    );
    found
}

pub(crate) fn selects(service: &Object, template: &Value) -> bool {
    matches(at(&service.0, &["spec", "selector"]).and_then(Value::as_mapping), template)
}

pub(crate) fn matches(selector: Option<&Mapping>, template: &Value) -> bool {
    let Some(selector) = selector.filter(|selector| !selector.is_empty()) else { return false };
    let labels = at(template, &["metadata", "labels"]);
    selector.iter().all(|(name, value)| labels.and_then(|labels| labels.get(name)) == Some(value))
}
