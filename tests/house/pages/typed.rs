//! What a reader is to type, checked as far as that goes without doing it.
//!
//! Ours is read by the program's own command line. Of all else it is held that what is named exists: folders,
//! examples, suites, scripts, images, values of the chart, services of compose, paths of the listeners.

use std::ffi::OsString;

use eureka_peers::cli::parse;
use serde_json::Value;

use crate::world::tool::{project, text_of};

/// Programs of which nothing is held but that pages use them.
const BY_NAME: [&str; 25] = [
    "apt-get",
    "argocd",
    "buildah",
    "cat",
    "cd",
    "chmod",
    "cosign",
    "cp",
    "done",
    "dot",
    "echo",
    "flux",
    "for",
    "git",
    "grep",
    "install",
    "jq",
    "mkdir",
    "rustup",
    "set",
    "sha256sum",
    "sleep",
    "systemctl",
    "dirname",
    "man",
];
/// Folders that stand for the reader's own.
const READERS_OWN: [&str; 7] =
    ["OVERLAY", ".", "your-overlay", "overlay", "my-eureka", "named", "./this-folder"];
const KUBECTL: [&str; 20] = [
    "annotate",
    "apply",
    "create",
    "delete",
    "describe",
    "diff",
    "exec",
    "get",
    "kustomize",
    "label",
    "logs",
    "patch",
    "port-forward",
    "rollout",
    "run",
    "scale",
    "set",
    "top",
    "version",
    "wait",
];
const HELM: [&str; 12] = [
    "dependency",
    "get",
    "install",
    "lint",
    "plugin",
    "pull",
    "rollback",
    "template",
    "test",
    "uninstall",
    "upgrade",
    "package",
];
const COMPOSE: [&str; 9] = ["build", "down", "exec", "kill", "logs", "ps", "start", "stop", "up"];
/// The route tables of the public listener and of a stock server.
const PATHS: [(&str, &[&str]); 2] = [
    ("9761", &["", "livez", "readyz", "startupz", "healthz", "status", "metrics"]),
    ("8761", &["", "eureka/apps", "eureka/status", "eureka/apps/EUREKA"]),
];

/// What is wrong with a command, if anything is.
pub(super) fn fault(words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (program, arguments) = words.split_first()?;
    match *program {
        "eureka-peers" | "/usr/bin/eureka-peers" => ours(&words),
        "kubectl" => kubectl(arguments),
        "helm" => helm(arguments),
        "kustomize" => kustomize(arguments),
        "docker" => docker(arguments),
        "kind" => kind(arguments),
        "cargo" => cargo(arguments),
        "curl" => curl(arguments),
        "mvn" => None,
        path if path.starts_with(".ci/") || path.starts_with("fuzz/") => missing_file(path),
        "./post-render" => None,
        other if BY_NAME.contains(&other) || super::shell::is_assignment(other) => None,
        other => Some(format!("nobody has said how `{other}` is checked")),
    }
}

fn ours(words: &[impl AsRef<str>]) -> Option<String> {
    // What is left to the reader.
    let arguments = words[1..].iter().map(AsRef::as_ref).filter(|word| *word != "…");
    let line = ["eureka-peers"].into_iter().chain(arguments).map(OsString::from);
    // Help and version are asked for as well.
    parse(line).err().filter(clap::Error::use_stderr).map(|error| error.to_string())
}

/// What is wrong with quoted flags of ours that have a value; of those without one, and of others, nothing is known.
pub(super) fn flags(quoted: &str) -> Option<String> {
    let name = quoted.strip_prefix("--")?.split([' ', '=']).next()?;
    let is_ours = eureka_peers::settings::Key::from_name(name).is_some();
    if !is_ours || !quoted.contains([' ', '=']) || quoted.contains(['<', '|', '…']) {
        return None;
    }
    let words = super::shell::commands(&format!("eureka-peers run {quoted}"));
    ours(words.first()?)
}

/// The words without flags, and without the values of those named.
fn plain<'a>(arguments: &[&'a str], with_value: &[&str]) -> Vec<&'a str> {
    let mut plain = vec![];
    let mut arguments = arguments.iter();
    while let Some(word) = arguments.next() {
        if with_value.contains(word) {
            arguments.next();
        } else if !word.starts_with('-') {
            plain.push(*word);
        }
    }
    plain
}

/// The values of a flag, `--flag value` and `--flag=value`.
fn values<'a>(arguments: &[&'a str], flags: &[&str]) -> Vec<&'a str> {
    let mut found = vec![];
    for (at, word) in arguments.iter().enumerate() {
        match word.split_once('=') {
            _ if flags.contains(word) => found.extend(arguments.get(at + 1).copied()),
            Some((flag, value)) if flags.contains(&flag) => found.push(value),
            _ => {}
        }
    }
    found
}

fn kubectl(arguments: &[&str]) -> Option<String> {
    let (own, inside) = match arguments.iter().position(|word| *word == "--") {
        Some(at) => (&arguments[..at], Some(&arguments[at + 1..])),
        None => (arguments, None),
    };
    let words = plain(own, &["-n", "--namespace", "--context", "-c", "-l", "-o", "-k", "-f", "--timeout"]);
    let verb = words.first()?;
    if !KUBECTL.contains(verb) {
        return Some(format!("kubectl has no `{verb}`, or nobody has said that it has"));
    }
    let mut folders = values(own, &["-k"]);
    folders.extend((*verb == "kustomize").then(|| words.get(1).copied().unwrap_or(".")));
    folders.into_iter().find_map(folder).or_else(|| inside.and_then(|words| in_the_pod(own, words)))
}

/// What is run in a container of ours.
fn in_the_pod(own: &[&str], inside: &[&str]) -> Option<String> {
    if inside.first() != Some(&"/usr/bin/eureka-peers") {
        return Some(format!("in a container without a shell: {inside:?}"));
    }
    let is_ours = values(own, &["-c"]).contains(&"eureka-peers");
    if is_ours { ours(inside) } else { Some("-c eureka-peers is missing".to_owned()) }
}

/// A folder that kustomize can build.
fn folder(path: &str) -> Option<String> {
    let is_there = project().join(path).join("kustomization.yaml").exists();
    (!is_there && !READERS_OWN.contains(&path)).then(|| format!("{path} has no kustomization.yaml"))
}

fn missing_file(path: &str) -> Option<String> {
    (!project().join(path).is_file()).then(|| format!("{path} is not there"))
}

fn kustomize(arguments: &[&str]) -> Option<String> {
    match arguments {
        ["build", path] => folder(path),
        ["edit", "set", "image", images @ ..] => images.iter().find_map(|image| {
            let name = image.split('=').next().unwrap_or_default();
            (!["eureka-peers", "eureka-server"].contains(&name)).then(|| format!("no image `{name}`"))
        }),
        other => Some(format!("nobody has said how kustomize {other:?} is checked")),
    }
}

fn helm(arguments: &[&str]) -> Option<String> {
    let verb = arguments.first()?;
    if !HELM.contains(verb) {
        return Some(format!("helm has no `{verb}`, or nobody has said that it has"));
    }
    let charts = arguments.iter().filter(|word| word.starts_with("charts/"));
    let lost = charts
        .filter(|path| !project().join(path).join("Chart.yaml").exists())
        .map(|path| format!("no {path}"));
    let sets = values(arguments, &["--set", "--set-string", "--set-json"]);
    let ours = arguments.iter().any(|word| word.starts_with("charts/eureka-peers"));
    let sets: Vec<&str> = if ours { sets } else { vec![] };
    // The chart has no default for it.
    let is_named = sets.iter().any(|set| set.starts_with("server.image.repository="));
    if ours && *verb == "install" && !is_named {
        return Some("no server.image.repository is set, without which the chart ends".to_owned());
    }
    let unknown = sets.into_iter().flat_map(|set| set.split(',')).filter_map(value_of_the_chart);
    lost.chain(unknown).next()
}

/// Whether the chart's schema knows the key of `key=value`.
pub(super) fn value_of_the_chart(set: &str) -> Option<String> {
    let key = set.split('=').next().unwrap_or_default();
    let schema: Value =
        serde_json::from_str(&text_of("charts/eureka-peers/values.schema.json")).expect("JSON");
    let mut places = vec![&schema];
    for part in key.split('.') {
        let name = part.split('[').next().unwrap_or_default();
        places = places.iter().flat_map(|place| below(&schema, place, name)).collect();
        if places.is_empty() {
            return Some(format!("the chart has no value {key}"));
        }
    }
    None
}

/// What the schema says of this property, wherever it says it.
fn below<'a>(schema: &'a Value, place: &'a Value, name: &str) -> Vec<&'a Value> {
    let mut found = vec![];
    if let Some(reference) = place["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        found.extend(schema.pointer(pointer).map(|target| below(schema, target, name)).unwrap_or_default());
    }
    for part in place["allOf"].as_array().into_iter().flatten() {
        found.extend(below(schema, part, name));
    }
    let items = &place["items"];
    let place = if items.is_object() { items } else { place };
    let is_open = place["additionalProperties"] != Value::Bool(false);
    match place["properties"].get(name) {
        Some(property) => found.push(property),
        None if is_open && place["properties"].is_null() && place["type"] == "object" => found.push(place),
        None => {}
    }
    found
}

/// The images that manifests and compose name, with their tags.
fn images() -> Vec<String> {
    let kustomization = text_of("manifests/statefulset/kustomization.yaml");
    let kustomization: serde_yaml::Value = serde_yaml::from_str(&kustomization).expect("YAML");
    let text = |image: &serde_yaml::Value, key| image[key].as_str().expect("a text").to_owned();
    let images = kustomization["images"].as_sequence().expect("images").iter();
    images.map(|image| format!("{}:{}", text(image, "name"), text(image, "newTag"))).collect()
}

fn unknown_image(name: &str) -> Option<String> {
    let is_elsewhere = name.contains("$REGISTRY/") || name.contains("registry.example.com/");
    (!is_elsewhere && !images().iter().any(|image| image == name))
        .then(|| format!("{name} is none of {:?}, which the manifests name", images()))
}

fn docker(arguments: &[&str]) -> Option<String> {
    match arguments {
        ["compose", rest @ ..] => compose(rest),
        ["build", rest @ ..] => {
            let place = plain(rest, &["-t", "--tag", "--build-arg", "--target", "--platform"]);
            let [folder] = place[..] else { return Some(format!("build what: {place:?}?")) };
            let tags = values(rest, &["-t", "--tag"]);
            missing_file(&format!("{folder}/Dockerfile")).or_else(|| tags.into_iter().find_map(unknown_image))
        }
        [
            "push" | "image" | "tag" | "run" | "exec" | "kill" | "stop" | "start" | "swarm" | "stack"
            | "service" | "save",
            ..,
        ] => None,
        other => Some(format!("nobody has said how docker {other:?} is checked")),
    }
}

fn compose(arguments: &[&str]) -> Option<String> {
    let (verb, rest) = arguments.split_first()?;
    if !COMPOSE.contains(verb) {
        return Some(format!("docker compose has no `{verb}`, or nobody has said that it has"));
    }
    let file: serde_yaml::Value = serde_yaml::from_str(&text_of("compose.yaml")).expect("YAML");
    let services = file["services"].as_mapping().expect("services");
    let is_a_service = |name: &str| services.contains_key(name);
    let named = plain(rest, &["--tail", "--timeout"]);
    if *verb == "exec" {
        let (service, inside) = named.split_first()?;
        let at = rest.iter().position(|word| word == service).expect("it was found there");
        let is_ours = inside.first() == Some(&"/usr/bin/eureka-peers");
        let wrong = (!is_a_service(service)).then(|| format!("compose.yaml has no {service}"));
        return wrong.or_else(|| if is_ours { ours(&rest[at + 1..]) } else { Some(format!("{inside:?}")) });
    }
    named.into_iter().find(|name| !is_a_service(name)).map(|name| format!("compose.yaml has no {name}"))
}

fn kind(arguments: &[&str]) -> Option<String> {
    match arguments {
        ["create" | "delete", "cluster", ..] => None,
        ["load", "docker-image", images @ ..] => {
            plain(images, &["--name"]).into_iter().find_map(unknown_image)
        }
        other => Some(format!("nobody has said how kind {other:?} is checked")),
    }
}

fn cargo(arguments: &[&str]) -> Option<String> {
    let own = arguments.split(|word| *word == "--").next().unwrap_or_default();
    let known = |flag: &str, places: &[&str]| -> Option<String> {
        let lost =
            |name: &&str| !places.iter().any(|place| project().join(place.replace('*', name)).exists());
        values(own, &[flag]).into_iter().find(lost).map(|name| format!("no {flag} {name}"))
    };
    known("--example", &["examples/*.rs", "examples/*/main.rs"])
        .or_else(|| known("--test", &["tests/*/main.rs"]))
        .or_else(|| known("--bench", &["benches/*.rs"]))
}

fn curl(arguments: &[&str]) -> Option<String> {
    let url = arguments.iter().find(|word| word.contains(':') && word.contains("localhost"))?;
    let (_, rest) = url.split_once("localhost:")?;
    let (port, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split('?').next().unwrap_or_default();
    let (_, paths) = PATHS.iter().find(|(known, _)| *known == port)?;
    (!paths.contains(&path)).then(|| format!("nothing answers at /{path} on {port}"))
}
