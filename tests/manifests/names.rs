//! Overlays over each folder with `namePrefix`, `nameSuffix` and `namespace`, as an operator puts them
//! there: a Service and whatever names it are renamed alike, and nothing else is.

use std::collections::BTreeSet;

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::json;
use serde_yaml::Value;

use crate::chart::first_difference;
use crate::environment::written_out;
use crate::folder::Folder;
use crate::overlay::{build, over, run, write};
use crate::rendered::{Container, Object, Pod, at, containers_mut, environment_mut};
use crate::seeds::sown;
use crate::tool::{Tool, project, text_of};
use crate::workload::{is_the_operators_own, matches};
use crate::{audited, none, sidecars};

/// Layers from the inside out, and what they do to a name in all.
struct Overlay {
    name: &'static str,
    layers: &'static [&'static str],
    prefix: &'static str,
    suffix: &'static str,
}

const OVERLAYS: [Overlay; 6] = [
    Overlay { name: "prefix", layers: &["namePrefix: prod-"], prefix: "prod-", suffix: "" },
    Overlay { name: "suffix", layers: &["nameSuffix: -b"], prefix: "", suffix: "-b" },
    Overlay { name: "both", layers: &["namePrefix: prod-\nnameSuffix: -b"], prefix: "prod-", suffix: "-b" },
    Overlay {
        name: "prefix-over-suffix",
        layers: &["nameSuffix: -b", "namePrefix: prod-"],
        prefix: "prod-",
        suffix: "-b",
    },
    Overlay {
        name: "prefix-over-prefix",
        layers: &["namePrefix: eu-", "namePrefix: prod-\nnamespace: elsewhere"],
        prefix: "prod-eu-",
        suffix: "",
    },
    Overlay { name: "namespace", layers: &["namespace: elsewhere"], prefix: "", suffix: "" },
];

/// Variables of the operator's own, in every container: each reads as one of our Services.
const OWN: [(&str, &str); 3] =
    [("SHOP_REALM", "eureka"), ("SHOP_MESH", "eureka-mesh"), ("SHOP_LOOKUP", "eureka-registry")];

/// Variables that name a Service.
const SERVICE: &str = "EUREKA_PEERS_SERVICE";
const HOST_NAME: &str = "EUREKA_INSTANCE_HOSTNAME";
const URL: &str = "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE";

impl Overlay {
    fn rename(&self, name: &str) -> String {
        format!("{}{name}{}", self.prefix, self.suffix)
    }
}

/// Every overlay over one folder.
pub(crate) fn check(folder: &Folder) -> Result<(), String> {
    let plain = build(&folder.path, "plain", &[&user(&folder.path)?])?;
    let mut faults = Vec::new();
    for overlay in &OVERLAYS {
        let renamed = build_under(overlay, &folder.path)?;
        let found = differences(folder, &plain, &renamed, overlay)
            .into_iter()
            .chain(dangling(&folder.path, &renamed));
        faults.extend(found.map(|what| format!("{}: {what}", overlay.name)));
    }
    none(&faults)
}

/// A prefix that the checks above must find fault with, where it is not followed or does too much.
pub(crate) fn seen() -> Result<(), String> {
    let folder = Folder { path: "statefulset".to_owned() };
    let overlay = &OVERLAYS[0];
    let plain = build(&folder.path, "seen-plain", &[&user(&folder.path)?])?;
    let renamed = build_under(overlay, &folder.path)?;
    let is_seen = |objects: &[Object]| {
        !differences(&folder, &plain, objects, overlay).is_empty()
            || !dangling(&folder.path, objects).is_empty()
    };
    if is_seen(&renamed) {
        return Err("the overlay is not right to begin with".to_owned());
    }
    let pod = renamed.iter().find_map(Object::pod).ok_or("no workload")?;
    let place = |list: &str, container: Container<'_>, name: &str| {
        let at = container.environment().iter().position(|(other, _)| *other == name);
        format!("{list}/0/env/{}/value", at.expect("the container has this variable"))
    };
    let (ours, server) = (pod.init_containers()[0], pod.containers()[0]);
    let host = "$(POD_NAME).eureka.$(POD_NAMESPACE).svc.cluster.local";
    let seeds = [
        (place("initContainers", ours, SERVICE), "eureka"),
        (place("initContainers", ours, "SHOP_REALM"), "prod-eureka"),
        (place("containers", server, HOST_NAME), host),
        (place("containers", server, "SPRING_APPLICATION_NAME"), "prod-eureka"),
        (place("containers", server, "SHOP_LOOKUP"), "prod-eureka-registry"),
        ("containers/0/name".to_owned(), "prod-eureka"),
    ];
    let unseen: Vec<_> = seeds.iter().filter(|(path, to)| !is_seen(&sown(&renamed, path, to))).collect();
    if unseen.is_empty() { Ok(()) } else { Err(format!("not seen: {unseen:?}")) }
}

/// A registry twice in one build, and clients beside them: each names the Service of its own overlay.
pub(crate) fn together() -> Result<(), String> {
    let layered = |folder: &str, title: &str, layer: &str| write(folder, title, &[layer]);
    let bases = [
        layered("statefulset", "together-east", &registry("east"))?,
        layered("statefulset", "together-west", &registry("west"))?,
        layered("client", "together-client", "namePrefix: east-")?,
        layered("client/plain", "together-plain", "namePrefix: west-")?,
    ];
    let objects = written_out(&run(Tool::KUSTOMIZE, &over("together", &bases, "nameSuffix: -b")?)?);
    let expected = [
        ("east-eureka-b", SERVICE, "east-eureka-b"),
        ("west-eureka-b", SERVICE, "west-eureka-b"),
        ("east-eureka-b", HOST_NAME, "$(POD_NAME).east-eureka-b.$(POD_NAMESPACE).svc.cluster.local"),
        ("west-eureka-b", HOST_NAME, "$(POD_NAME).west-eureka-b.$(POD_NAMESPACE).svc.cluster.local"),
        ("east-orders-b", SERVICE, "east-eureka-b"),
        ("west-orders-b", URL, "http://west-eureka-registry-b:8761/eureka/"),
    ];
    let wrong = expected.into_iter().filter_map(|expected| differs(&objects, expected));
    let mut wrong: Vec<String> = wrong.chain(shared(&objects)).collect();
    // What the label is for: by its name alone a Service selects the pods of both.
    let mixed = [
        layered("statefulset", "mixed-east", "namePrefix: east-")?,
        layered("statefulset", "mixed-west", "namePrefix: west-")?,
    ];
    if shared(&run(Tool::KUSTOMIZE, &over("mixed", &mixed, "")?)?).is_empty() {
        wrong.push("Services that select the pods of two workloads go unseen".to_owned());
    }
    none(&wrong)
}

/// The layer of one of several registries in a namespace, as docs/topologies/README.md has it.
fn registry(name: &str) -> String {
    format!(
        "namePrefix: {name}-\nlabels:\n  - pairs: {{app.kubernetes.io/instance: {name}}}\n    includeSelectors: true"
    )
}

/// Services and budgets that select the pods of more than one workload.
fn shared(objects: &[Object]) -> Vec<String> {
    let count = |object: &Object| {
        let selector = &object.0["spec"]["selector"];
        let selector = selector.get("matchLabels").unwrap_or(selector).as_mapping();
        objects.iter().filter_map(Object::pod_template).filter(|template| matches(selector, template)).count()
    };
    let kinds = ["Service", "PodDisruptionBudget"];
    let of_several = objects.iter().filter(|object| kinds.contains(&object.kind()) && count(object) > 1);
    of_several.map(|object| format!("{} selects the pods of several workloads", object.id())).collect()
}

/// The patch of docs/topologies/statefulset.md, under a prefix: every name is written out.
pub(crate) fn another_domain() -> Result<(), String> {
    let page = text_of("docs/topologies/statefulset.md");
    let (_, rest) = page.split_once("**Another domain.**").ok_or("the page has no such patch")?;
    let patch = rest.split("```").nth(1).and_then(|block| block.strip_prefix("yaml\n")).ok_or("no YAML")?;
    let indented = patch.trim_end().replace('\n', "\n      ");
    let layer = format!("patches:\n  - patch: |-\n      {indented}");
    let objects = build("statefulset", "another-domain", &[&layer, "namePrefix: prod-"])?;
    let host = "$(POD_NAME).prod-eureka.$(POD_NAMESPACE).svc.k8s.example";
    let mut faults: Vec<String> =
        differs(&written_out(&objects), ("prod-eureka", HOST_NAME, host)).into_iter().collect();
    faults.extend(audited::faults(&objects));
    none(&faults)
}

/// Servers under a prefix and a client without one, in one build: the client follows the servers. And
/// what an overlay of a client sets itself stays as it is, whatever else is renamed.
pub(crate) fn client_follows() -> Result<(), String> {
    let servers = write("statefulset", "follows-servers", &["namePrefix: prod-"])?;
    let both = over("follows", &[servers, project().join("manifests/client")], "")?;
    let objects = written_out(&run(Tool::KUSTOMIZE, &both)?);
    let mut faults: Vec<String> = differs(&objects, ("orders", SERVICE, "prod-eureka")).into_iter().collect();
    let own = |list: &str, container: &str, variable: &str, value: &str| {
        let patch = format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: orders}}, spec: {{template: {{spec: \
             {{{list}: [{{name: {container}, env: [{{name: {variable}, value: \"{value}\"}}]}}]}}}}}}}}"
        );
        format!("patches:\n  - patch: '{patch}'\n")
    };
    let layer = own("initContainers", "eureka-peers", SERVICE, "eureka.platform");
    let objects = build("client", "own-service", &[&layer, "namePrefix: team-\nnameSuffix: -canary"])?;
    faults.extend(differs(&objects, ("team-orders-canary", SERVICE, "eureka.platform")));
    let url = "http://eureka-registry.platform:8761/eureka/";
    let layer = own("containers", "orders", URL, url);
    let plain = build("client/plain", "own-url", &[&layer, "namePrefix: team-\nnameSuffix: -canary"])?;
    faults.extend(differs(&plain, ("team-orders-canary", URL, url)));
    faults.extend(audited::faults(&objects).into_iter().chain(audited::faults(&plain)));
    none(&faults)
}

/// The kustomize inside kubectl, mostly an older one, makes the same of it; ignored where there is none.
pub(crate) fn of_kubectl() -> Trial {
    Trial::ignorable_test("names::kubectl", || {
        if !Tool::KUBECTL.is_there() {
            return Ok(Completion::ignored_with("no kubectl on this machine"));
        }
        let mut faults = Vec::new();
        for folder in Folder::all().iter().filter(|folder| !folder.is_component()) {
            let directory = write(&folder.path, "kubectl", &["nameSuffix: -b", "namePrefix: prod-"])?;
            if run(Tool::KUBECTL, &directory)? != run(Tool::KUSTOMIZE, &directory)? {
                faults.push(format!("{}: kubectl makes something else of it", folder.path));
            }
        }
        none(&faults).map(|()| Completion::Completed).map_err(Failed::from)
    })
}

/// Names of Services and of what refers to them, in any rendering: nothing dangles.
pub(crate) fn dangling(folder: &str, objects: &[Object]) -> Vec<String> {
    let mut found = audited::faults(objects);
    let ours: Vec<Object> = objects.iter().cloned().map(without_own).collect();
    found.extend(sidecars(&Folder { path: folder.to_owned() }, &ours));
    let services: BTreeSet<&str> =
        objects.iter().filter(|object| object.kind() == "Service").map(Object::name).collect();
    // A client's servers are elsewhere; the list that an operator had before is his own.
    if services.is_empty() || folder == "examples/existing" {
        return found;
    }
    for object in written_out(objects) {
        let governing = object.text(&["spec", "serviceName"]);
        let mut named: Vec<&str> = if governing.is_empty() { Vec::new() } else { vec![governing] };
        let containers = object.pod().map(Pod::all_containers).unwrap_or_default();
        for (name, value) in containers.iter().flat_map(|container| container.values()) {
            named.extend((name == SERVICE).then_some(value));
            let label = value.split('.').nth(1).filter(|_| name == HOST_NAME);
            if let Some(label) = label {
                named.push(label);
                let governs = label == governing;
                found.extend((!governs).then(|| format!("{name} is {value}, below {governing}")));
            }
            named.extend(value.split("http://").skip(1).filter_map(host).filter(|host| is_a_name(host)));
        }
        let nowhere = named.into_iter().filter(|name| !services.contains(name));
        found.extend(nowhere.map(|name| format!("{} names {name}, which is nowhere", object.id())));
    }
    found
}

/// Where the overlay's objects are others than those of the folder, renamed.
fn differences(folder: &Folder, plain: &[Object], renamed: &[Object], overlay: &Overlay) -> Vec<String> {
    let (plain, renamed) = (written_out(plain), written_out(renamed));
    if plain.len() != renamed.len() {
        return vec![format!("{} objects instead of {}", renamed.len(), plain.len())];
    }
    let generated: Vec<(&str, &str)> = plain
        .iter()
        .zip(&renamed)
        .filter(|(object, _)| object.kind() == "Secret")
        .map(|(before, after)| (before.name(), after.name()))
        .collect();
    let compare = |(before, after): (&Object, &Object)| {
        let mut expected = before.0.clone();
        expect_renamed(&mut expected, folder, overlay);
        replace(&mut expected, &generated);
        let mut found = after.0.clone();
        for side in [&mut expected, &mut found] {
            side["metadata"].as_mapping_mut()?.remove("namespace");
        }
        first_difference(&found, &expected, &before.id())
    };
    plain.iter().zip(&renamed).filter_map(compare).collect()
}

/// An object as it must be under the overlay.
fn expect_renamed(object: &mut Value, folder: &Folder, overlay: &Overlay) {
    let rename = |value: &mut Value| {
        if let Some(name) = value.as_str() {
            *value = Value::from(overlay.rename(name));
        }
    };
    if object["kind"] != "Secret" {
        rename(&mut object["metadata"]["name"]);
    }
    let Some(spec) = object.get_mut("spec").and_then(Value::as_mapping_mut) else { return };
    spec.get_mut("serviceName").into_iter().for_each(rename);
    let Some(pod) = spec.get_mut("template").and_then(|template| template.get_mut("spec")) else { return };
    let entries = containers_mut(pod).filter_map(environment_mut).flatten();
    for entry in entries.filter(|entry| at(entry, &["value"]).is_some()) {
        let value = entry["value"].as_str().unwrap_or_default();
        let renamed = match entry["name"].as_str().unwrap_or_default() {
            SERVICE => overlay.rename(value),
            HOST_NAME => value.replacen(".eureka.", &format!(".{}.", overlay.rename("eureka")), 1),
            URL if !is_the_operators_own(folder) => {
                let registry = overlay.rename("eureka-registry");
                value.replacen("//eureka-registry:", &format!("//{registry}:"), 1)
            }
            _ => continue,
        };
        entry["value"] = Value::from(renamed);
    }
}

/// Every text that is the name of a generated object.
fn replace(value: &mut Value, names: &[(&str, &str)]) {
    match value {
        Value::Mapping(entries) => entries.values_mut().for_each(|value| replace(value, names)),
        Value::Sequence(items) => items.iter_mut().for_each(|value| replace(value, names)),
        Value::String(text) => {
            if let Some((_, after)) = names.iter().find(|(before, _)| before == text) {
                (*after).clone_into(text);
            }
        }
        _ => {}
    }
}

fn without_own(mut object: Object) -> Object {
    let containers = object.pod_mut().into_iter().flat_map(containers_mut);
    for environment in containers.filter_map(environment_mut) {
        environment.retain(|entry| OWN.iter().all(|(name, _)| entry["name"].as_str() != Some(name)));
    }
    object
}

/// Unless the variable of the workload of this name has this value.
fn differs(objects: &[Object], (workload, variable, value): (&str, &str, &str)) -> Option<String> {
    let object = objects.iter().find(|it| it.name() == workload && it.pod_template().is_some());
    let containers = object.and_then(Object::pod).map(Pod::all_containers).unwrap_or_default();
    let found = containers.iter().find_map(|container| container.values().get(variable).copied());
    (found != Some(value)).then(|| format!("{workload}: {variable} is {found:?}"))
}

/// The host at the beginning of what follows `http://`.
fn host(rest: &str) -> Option<&str> {
    rest.split([':', '/', ',']).next()
}

/// Of one label, as Services of the same namespace are called; no address and no `$(…)`.
fn is_a_name(host: &str) -> bool {
    host.starts_with(|first: char| first.is_ascii_lowercase()) && !host.contains(['.', '$'])
}

/// The layer that adds the operator's own variables to every container of the folder.
fn user(folder: &str) -> Result<String, String> {
    let objects = crate::rendered::build(folder)?;
    let workload = objects.iter().find(|object| object.pod().is_some()).ok_or("no workload")?;
    let pod = workload.pod().ok_or("no pod")?;
    let lists = [("initContainers", pod.init_containers().len()), ("containers", pod.containers().len())];
    let places = lists.into_iter().flat_map(|(list, count)| (0..count).map(move |at| (list, at)));
    let operations = places.flat_map(|(list, at)| {
        let path = format!("/spec/template/spec/{list}/{at}/env/-");
        OWN.map(|(name, value)| {
            let entry = json!({ "name": name, "value": value });
            json!({ "op": "add", "path": path, "value": entry })
        })
    });
    let patch = operations.collect::<serde_json::Value>();
    Ok(format!("patches:\n  - target: {{kind: {}}}\n    patch: '{patch}'", workload.kind()))
}

fn build_under(overlay: &Overlay, folder: &str) -> Result<Vec<Object>, String> {
    let user = user(folder)?;
    let layers: Vec<&str> = [user.as_str()].into_iter().chain(overlay.layers.iter().copied()).collect();
    build(folder, overlay.name, &layers)
}
