//! Our containers, read as the program itself would read them, and compared with what is around them.

use std::collections::BTreeMap;
use std::ffi::OsString;

use eureka_peers::admin::ListenAddress;
use eureka_peers::reconcile::Role;
use eureka_peers::settings::{Environment, Flags, Purpose, Settings, load};
use serde_yaml::Value;

use crate::environment::{Facts, expand};
use crate::rendered::{Container, Object, Pod, at, is_true, items, text};
use crate::{present, waiting};

/// The pod that stands for all of them.
const POD_NAME: &str = "eureka-0";
const POD_IP: &str = "10.244.1.7";
/// What the program reads besides its settings; anything else is misspelt.
const FROM_THE_POD: [&str; 3] = ["POD_NAME", "POD_NAMESPACE", "POD_IP"];
/// What other variables refer to: the name of a Service, from an annotation of the pod.
const REFERRED_TO: [&str; 2] = ["POD_SERVICE", "EUREKA_SERVICE"];

/// Where a Spring server is told of the file; the second leaves room for an import of the operator's own.
const IMPORTS: [&str; 2] = ["SPRING_CONFIG_IMPORT", "SPRING_CONFIG_IMPORT_0_"];

/// Everything that is wrong with our containers in this workload, and with their neighbour.
pub(crate) fn faults(objects: &[Object], pod: Pod<'_>) -> Vec<String> {
    let facts = Facts::of_pod(POD_NAME, POD_IP).with_objects(objects);
    let ours = pod.all_containers().into_iter().filter(|container| container.is_ours());
    ours.flat_map(|container| {
        let found = shape(container, pod).into_iter().chain(match settings(container, &facts) {
            Ok(settings) => {
                let waiting = waiting::faults(objects, pod, container, &settings);
                around(container, pod, &settings, &facts).into_iter().chain(waiting).collect()
            }
            Err(faults) => faults,
        });
        found.map(|what| format!("{}: {what}", container.name())).collect::<Vec<_>>()
    })
    .collect()
}

/// What the program makes of its variables and nothing else; a warning counts as a fault.
fn settings(container: Container<'_>, facts: &Facts) -> Result<Settings, Vec<String>> {
    let variables = expand(container, facts)?.into_iter().collect();
    match subcommand(container) {
        "run" => load_for(Purpose::Run, variables),
        "init" => load_for(Purpose::Init, variables),
        other => Err(vec![format!("runs `{other}`")]),
    }
}

/// What a subcommand makes of these variables, or what is wrong with them.
pub(crate) fn load_for(
    purpose: Purpose,
    variables: BTreeMap<String, String>,
) -> Result<Settings, Vec<String>> {
    let in_a_pod = ("KUBERNETES_SERVICE_HOST".to_owned(), "10.96.0.1".to_owned());
    let variables = variables.into_iter().chain([in_a_pod]);
    let environment = Environment {
        variables: variables.map(|(name, value)| (name, OsString::from(value))).collect(),
        host_name: Some(POD_NAME.to_owned()),
        ..Environment::default()
    };
    let loaded = load(&Flags::default(), None, &environment, purpose);
    let loaded = loaded.map_err(|rejected| vec![rejected.to_string()])?;
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    if warnings.is_empty() { Ok(loaded.settings) } else { Err(warnings) }
}

/// Whether the program takes these arguments.
pub(crate) fn is_a_command_line(arguments: &[&str]) -> bool {
    let line = ["eureka-peers"].iter().chain(arguments).map(OsString::from);
    eureka_peers::cli::parse(line).is_ok()
}

/// Whether what our settings say of the server is what its own variables say.
pub(crate) fn beside_faults(settings: &Settings, variables: &BTreeMap<String, String>) -> Vec<String> {
    let Role::Server(own) = &settings.policy.role else { return Vec::new() };
    identity(own.url.as_str(), variables).into_iter().chain(actuator(settings, variables)).collect()
}

fn subcommand(container: Container<'_>) -> &str {
    let [only] = items(container.0, &["args"]) else { return "" };
    only.as_str().unwrap_or_default()
}

/// What is asked of each of our containers, whatever it does.
fn shape(container: Container<'_>, pod: Pod<'_>) -> Vec<String> {
    let has = |path: &[&str]| at(container.0, path).is_some();
    let text = |path: &[&str]| text(container.0, path);
    let user = at(container.0, &["securityContext", "runAsUser"]);
    let user = user.or(at(pod.0, &["securityContext", "runAsUser"]));
    let is_read_only = is_true(container.0, &["securityContext", "readOnlyRootFilesystem"]);
    let runs = subcommand(container) == "run";
    let is_init = pod.init_containers().iter().any(|init| init.name() == container.name());
    let never_ends = runs && is_init && text(&["restartPolicy"]) != "Always";
    let mut found = present([
        (has(&["readinessProbe"]), "a readiness probe, which counts for Eureka"),
        (has(&["command"]), "a command: the image's own is meant"),
        (!has(&["resources", "requests", "cpu"]), "no request for CPU"),
        (!has(&["resources", "limits", "memory"]), "no limit of memory"),
        (has(&["resources", "limits", "cpu"]), "a limit of CPU, which delays a publication"),
        (!is_read_only, "a root that can be written"),
        (!user.is_some_and(Value::is_u64), "no numeric user"),
        (runs && text(&["startupProbe", "httpGet", "path"]) != "/startupz", "no startup probe on /startupz"),
        (runs && text(&["livenessProbe", "httpGet", "path"]) != "/livez", "no liveness probe on /livez"),
        (never_ends, "an init container that never ends"),
    ]);
    let names = container.environment().into_iter().map(|(name, _)| name);
    let is_known = |name: &&str| FROM_THE_POD.contains(name) || REFERRED_TO.contains(name);
    let foreign = names.filter(|name| !name.starts_with("EUREKA_PEERS_") && !is_known(name));
    found.extend(foreign.map(|name| format!("{name} means nothing to eureka-peers")));
    found
}

/// Whether the settings fit the container's own mounts and ports, and the server beside it.
fn around(container: Container<'_>, pod: Pod<'_>, settings: &Settings, facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    let directory = settings.output.directory.as_deref().and_then(|path| path.to_str()).unwrap_or_default();
    let Some(volume) = volume_at(container, directory) else {
        return vec![format!("nothing is mounted at {directory}")];
    };
    if subcommand(container) == "run" {
        let listen = at(container.0, &["ports"]).and_then(|ports| at(ports.get(0)?, &["containerPort"]));
        let listens = match settings.listen {
            ListenAddress::Any(port) => port.get(),
            ListenAddress::Exactly(address) => address.port(),
        };
        if listen.and_then(Value::as_u64) != Some(u64::from(listens)) {
            found.push(format!("listens on {listens}, and its port is {listen:?}"));
        }
    }
    if let (Role::Server(own), Some(server)) = (&settings.policy.role, pod.container("eureka")) {
        let variables = match expand(server, facts) {
            Ok(variables) => variables.into_iter().collect(),
            Err(faults) => return faults,
        };
        let written = settings.output.files.iter().map(|file| file.name.as_str());
        found.extend(beside(server, &volume, written, &variables));
        found.extend(identity(own.url.as_str(), &variables));
        if subcommand(container) == "run" {
            found.extend(actuator(settings, &variables));
        }
    }
    found
}

/// The server sees the file that is written, and cannot change it.
fn beside<'a>(
    server: Container<'_>,
    volume: &str,
    written: impl Iterator<Item = &'a str>,
    variables: &BTreeMap<String, String>,
) -> Vec<String> {
    let mount =
        server.mounts().iter().find(|mount| at(mount, &["name"]).and_then(Value::as_str) == Some(volume));
    let Some(mount) = mount else { return vec![format!("Eureka does not mount {volume}")] };
    let is_part = at(mount, &["subPath"]).or(at(mount, &["subPathExpr"])).is_some();
    let mut found = present([
        (!is_true(mount, &["readOnly"]), "Eureka may write to the volume"),
        (is_part, "Eureka mounts a subPath, which never sees a change"),
    ]);
    let path = text(mount, &["mountPath"]);
    let files: Vec<String> = written.map(|name| format!("{path}/{name}")).collect();
    let reads = |file: &String| {
        // Of several imports the last one wins.
        let spring = IMPORTS.iter().find_map(|name| variables.get(*name));
        let last = spring.and_then(|value| value.split(',').next_back());
        last == Some(&format!("optional:file:{file}"))
            || jvm_options(variables).contains(&format!("additionalUrls=file://{file} "))
    };
    if !files.iter().any(reads) {
        found.push(format!("Eureka reads none of {files:?}"));
    }
    let masks = ["EUREKA_CLIENT_SERVICEURL_", "EUREKA_CLIENT_SERVICE_URL_", "SPRING_APPLICATION_JSON"];
    let masking = variables.keys().filter(|name| masks.iter().any(|mask| name.starts_with(mask)));
    found.extend(masking.map(|name| format!("{name} masks the file")));
    found
}

/// All that the JVM is told by variables that it reads itself.
fn jvm_options(variables: &BTreeMap<String, String>) -> String {
    let names = ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"].into_iter();
    names.filter_map(|name| variables.get(name)).flat_map(|value| [value.as_str(), " "]).collect()
}

/// The server takes for itself what the list calls it.
fn identity(own: &str, variables: &BTreeMap<String, String>) -> Vec<String> {
    let value = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
    let host = match value("EUREKA_INSTANCE_PREFERIPADDRESS") {
        "true" => value("EUREKA_INSTANCE_IPADDRESS"),
        "false" => value("EUREKA_INSTANCE_HOSTNAME"),
        _ if jvm_options(variables).contains(&format!("-Deureka.myUrl={own} ")) => return Vec::new(),
        other => return vec![format!("nobody says what Eureka takes for itself: {other:?}")],
    };
    let below = value("SERVER_SERVLET_CONTEXTPATH");
    let expected = format!("http://{host}:{}{below}/eureka/", value_or(variables, "SERVER_PORT", "8761"));
    if own == expected {
        return Vec::new();
    }
    vec![format!("the list calls this server {own}, and it calls itself {expected}")]
}

/// The refresh goes where the server listens for it, and what it has adopted is confirmed.
fn actuator(settings: &Settings, variables: &BTreeMap<String, String>) -> Vec<String> {
    let port = variables.get("MANAGEMENT_SERVER_PORT");
    let base = value_or(variables, "MANAGEMENT_ENDPOINTS_WEB_BASEPATH", "/actuator");
    let expected = port.map(|port| format!("http://127.0.0.1:{port}{base}"));
    let asked = settings.server.actuator_url.as_ref().map(ToString::to_string);
    let mut found = Vec::new();
    if asked.as_deref().map(|url| url.trim_end_matches('/')) != expected.as_deref() {
        found.push(format!("refreshes at {asked:?}, and Eureka's actuator is at {expected:?}"));
    }
    if settings.server.status_url.is_none() {
        found.push("never confirms what Eureka has adopted".to_owned());
    }
    found
}

fn value_or<'a>(variables: &'a BTreeMap<String, String>, name: &str, default: &'a str) -> &'a str {
    variables.get(name).map_or(default, String::as_str)
}

/// The volume that a container mounts at exactly this path.
fn volume_at(container: Container<'_>, path: &str) -> Option<String> {
    let mount = container.mounts().iter().find(|mount| {
        at(mount, &["mountPath"]).and_then(Value::as_str) == Some(path) && at(mount, &["subPath"]).is_none()
    });
    at(mount?, &["name"])?.as_str().map(str::to_owned)
}
