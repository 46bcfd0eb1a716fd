//! Why a server beside eureka-peers would not follow the published list: it does not read the file, or
//! something else sets the list.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::spelling::{Form, Meaning, meaning, relaxed, sets_the_list};
use super::workload::{Container, Workload, flattened, from_elsewhere, workloads};
use super::{Finding, at, text};

/// What the program publishes unless it is told otherwise.
const FILE: &str = "peers.properties";

/// What addresses are published with, unless `--port` says another.
const DEFAULT_PORT: u64 = 8761;

const PORT: &str = "docs/migration/from-a-static-list.md, On another port or path";
/// What a server's paths begin with unless `--context-path` says another.
const DEFAULT_PATH: &str = "/eureka/";
const TAKE_AWAY: &str = "take it away: docs/migration/from-a-static-list.md, Take the old list away";
const IMPORT: &str = "add optional:file:<directory>/peers.properties to the end of SPRING_CONFIG_IMPORT: \
     docs/migration/from-a-static-list.md, An import of your own";

/// A variable of a container, wherever it comes from.
pub(super) struct Variable<'a> {
    pub(super) name: String,
    /// None where it cannot be read: a Secret, the downward API, a file.
    pub(super) value: Option<&'a str>,
    /// Where the kubelet takes it from a file of a volume, the program may have written it.
    is_from_a_file: bool,
}

/// What keeps the servers beside eureka-peers from its list.
pub(crate) fn unread(objects: &[Value]) -> Vec<Finding> {
    let all = flattened(objects);
    workloads(objects).into_iter().flat_map(|workload| of_a_workload(workload, &all)).collect()
}

/// Every variable of a container: its own, then those of `envFrom` that it does not set itself.
pub(super) fn variables<'a>(container: Container<'a>, objects: &[&'a Value]) -> Vec<Variable<'a>> {
    let own = container.environment().into_iter().map(|(name, entry)| Variable {
        name: name.to_owned(),
        value: at(entry, &["value"]).and_then(Value::as_str).or_else(|| by_key(entry, objects)),
        is_from_a_file: at(entry, &["valueFrom", "fileKeyRef"]).is_some(),
    });
    let mut all: Vec<Variable<'_>> = own.collect();
    for (name, value) in from_elsewhere(container, objects).0 {
        if all.iter().all(|own| own.name != name) {
            all.push(Variable { name, value, is_from_a_file: false });
        }
    }
    all
}

/// What a ConfigMap that is here too holds under the key that an entry names.
fn by_key<'a>(entry: &Value, objects: &[&'a Value]) -> Option<&'a str> {
    let reference = at(entry, &["valueFrom", "configMapKeyRef"])?;
    let name = text(reference, &["name"]);
    let is_it = |object: &&&Value| {
        text(object, &["kind"]) == "ConfigMap" && text(object, &["metadata", "name"]) == name
    };
    at(objects.iter().find(is_it)?, &["data", text(reference, &["key"])])?.as_str()
}

/// Everything that sets the list in this container, as an operator would look for it.
pub(super) fn masks(container: Container<'_>, variables: &[Variable<'_>]) -> Vec<String> {
    let set = variables.iter().filter(|variable| {
        let value = variable.value.unwrap_or_default();
        match meaning(&variable.name) {
            Meaning::List => !variable.is_from_a_file,
            Meaning::Import(_) | Meaning::Location(_) => false,
            Meaning::Json | Meaning::JvmOptions | Meaning::Other => sets_the_list(value),
        }
    });
    let words = container.command_line().into_iter().filter(|word| sets_the_list(word));
    let of_variables = set.map(|variable| format!("the variable {}", variable.name));
    of_variables.chain(words.map(|word| format!("the argument {word:?}"))).collect()
}

/// What Spring reads as one property: the whole value, in capitals before any other spelling, and numbered
/// ones only where there is no whole one. As seen on 2020.0.6 to 2025.1.4.
pub(super) fn effective<'a, 'b>(
    variables: &'b [Variable<'a>],
    is_it: fn(Meaning) -> Option<Form>,
) -> Vec<&'b Variable<'a>> {
    let of = |wanted: Form| {
        variables.iter().filter(move |variable| is_it(meaning(&variable.name)) == Some(wanted))
    };
    let is_shouted = |variable: &&Variable<'_>| {
        !variable.name.contains(|letter: char| letter.is_ascii_lowercase() || letter == '.')
    };
    let mut whole: Vec<_> = of(Form::Whole).collect();
    whole.sort_by_key(|variable| !is_shouted(variable));
    match whole.first() {
        Some(first) => vec![first],
        None => of(Form::Numbered).collect(),
    }
}

pub(super) fn import(meaning: Meaning) -> Option<Form> {
    match meaning {
        Meaning::Import(form) => Some(form),
        _ => None,
    }
}

pub(super) fn location(meaning: Meaning) -> Option<Form> {
    match meaning {
        Meaning::Location(form) => Some(form),
        _ => None,
    }
}

fn of_a_workload(workload: Workload<'_>, objects: &[&Value]) -> Vec<Finding> {
    let containers = workload.containers();
    let ours = containers.iter().copied().filter(|container| container.is_ours());
    ours.flat_map(|ours| beside(workload, ours, &containers, objects)).collect()
}

fn beside(
    workload: Workload<'_>,
    ours: Container<'_>,
    containers: &[Container<'_>],
    objects: &[&Value],
) -> Vec<Finding> {
    let settings = ours.values();
    let Some(directory) = settings.get("EUREKA_PEERS_OUTPUT_DIR").copied() else { return Vec::new() };
    let output = settings.get("EUREKA_PEERS_OUTPUT").copied().unwrap_or(FILE);
    let files = output.split(',').filter_map(|output| output.split('=').next());
    let mount = ours.mounts().iter().find(|mount| text(mount, &["mountPath"]) == directory);
    let volume = mount.map(|mount| text(mount, &["name"])).unwrap_or_default();
    let place = workload.place(ours);
    if volume.is_empty() {
        return vec![Finding::new(&place, format!("mounts no volume at {directory}"), "")];
    }
    let mounts = |container: &Container<'_>| {
        container.mounts().iter().find(|mount| text(mount, &["name"]) == volume).cloned()
    };
    let others = containers.iter().copied().filter(|container| !container.is_ours());
    let readers: Vec<_> = others.filter_map(|other| Some((other, mounts(&other)?))).collect();
    let hands_over = containers.iter().any(|container| {
        container.environment().iter().any(|(_, entry)| at(entry, &["valueFrom", "fileKeyRef"]).is_some())
    });
    if readers.is_empty() && !hands_over {
        return vec![Finding::new(&place, format!("no other container mounts {volume}"), "")];
    }
    let files: Vec<&str> = files.collect();
    readers
        .into_iter()
        .flat_map(|(reader, mount)| {
            of_a_reader(&workload.place(reader), reader, &mount, &files, &settings, objects)
        })
        .collect()
}

fn of_a_reader(
    place: &str,
    reader: Container<'_>,
    mount: &Value,
    files: &[&str],
    settings: &BTreeMap<&str, &str>,
    objects: &[&Value],
) -> Vec<Finding> {
    let directory = text(mount, &["mountPath"]).trim_end_matches('/');
    let variables = variables(reader, objects);
    let mut found = Vec::new();
    if at(mount, &["subPath"]).or(at(mount, &["subPathExpr"])).is_some() {
        let cure = "mount the whole volume: a subPath never sees a change";
        found.push(Finding::new(place, "mounts the published list by subPath", cure));
    }
    if !files.iter().any(|file| reads(&variables, directory, file)) {
        let what = format!("does not read {directory}/{}", files.first().unwrap_or(&FILE));
        found.push(Finding::new(place, what + &instead(&variables), IMPORT));
    }
    if let Some(port) = published_port(settings).filter(|port| is_missing(*port, reader)) {
        let what =
            format!("is published at port {port}, where nobody listens: it listens on {:?}", reader.ports());
        found.push(Finding::new(place, what, PORT));
    }
    found.extend(below_a_path(place, reader, &variables, settings));
    let masks = masks(reader, &variables);
    found.extend(masks.into_iter().map(|mask| {
        Finding::new(place, format!("{mask} sets the list, and masks the published one"), TAKE_AWAY)
    }));
    found
}

/// Where peers are told to find the server; unknown where names come with their ports, or for a client.
fn published_port(settings: &BTreeMap<&str, &str>) -> Option<u64> {
    let is_client = settings.get("EUREKA_PEERS_ROLE") == Some(&"client");
    let is_known = settings.contains_key("EUREKA_PEERS_PEER_HOST") && !is_client;
    let given = settings.get("EUREKA_PEERS_PORT").and_then(|port| port.parse().ok());
    given.or(is_known.then_some(DEFAULT_PORT))
}

/// What peers, eureka-peers and the kubelet ask beside the server's own context path.
fn below_a_path(
    place: &str,
    reader: Container<'_>,
    variables: &[Variable<'_>],
    settings: &BTreeMap<&str, &str>,
) -> Vec<Finding> {
    let context = variables.iter().find(|variable| relaxed(&variable.name) == "serverservletcontextpath");
    let Some(context) = context.and_then(|variable| variable.value) else { return Vec::new() };
    let context = context.trim_end_matches('/');
    let published = settings.get("EUREKA_PEERS_CONTEXT_PATH").copied().unwrap_or(DEFAULT_PATH);
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    let asked = probes.into_iter().filter_map(|probe| {
        Some((probe, at(reader.0, &[probe, "httpGet", "path"]).and_then(Value::as_str)?))
    });
    let asked = [("the published list", published)].into_iter().chain(asked);
    let beside =
        asked.filter(|(_, path)| !path.strip_prefix(context).is_some_and(|rest| rest.starts_with('/')));
    let what = |(what, path)| format!("serves below {context}, and {what} says {path}");
    beside.map(|asked| Finding::new(place, what(asked), PORT)).collect()
}

fn is_missing(port: u64, reader: Container<'_>) -> bool {
    let ports = reader.ports();
    !ports.is_empty() && !ports.contains(&port)
}

fn reads(variables: &[Variable<'_>], directory: &str, file: &str) -> bool {
    let path = format!("file:{directory}/{file}");
    let names = |variable: &Variable<'_>| {
        let entries = variable.value.unwrap_or_default().split([',', ';']);
        let mut entries = entries.map(|entry| entry.trim().trim_start_matches("optional:"));
        entries.any(|entry| {
            entry == path
                || [format!("file:{directory}/"), format!("configtree:{directory}/")]
                    .contains(&entry.to_owned())
        })
    };
    let by_spring = effective(variables, import).into_iter().chain(effective(variables, location)).any(names);
    // The kubelet fills in what a variable of options refers to.
    let option = format!("additionalUrls=file://{directory}/{file}");
    let by_archaius =
        variables.iter().any(|variable| variable.value.is_some_and(|value| value.contains(&option)));
    by_spring || by_archaius
}

/// What it reads in its place.
fn instead(variables: &[Variable<'_>]) -> String {
    let named = effective(variables, import).into_iter().chain(effective(variables, location));
    let named: Vec<&str> = named.map(|variable| variable.name.as_str()).collect();
    if named.is_empty() { String::new() } else { format!(", because {} say otherwise", named.join(" and ")) }
}
