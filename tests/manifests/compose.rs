//! `compose.yaml`: read as Docker reads it, and held against what the manifests are held against.

use std::collections::BTreeMap;

use eureka_peers::settings::Purpose;
use serde_yaml::Value;

use crate::rendered::{at, is_true, items, text};
use crate::sidecar;
use crate::tool::Tool;
use crate::{documented, none, present};

/// Everything that is wrong with it.
pub(crate) fn check() -> Result<(), String> {
    let text = Tool::COMPOSE_GO.run(&["compose.yaml"])?;
    let project: Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
    let services = at(&project, &["services"]).and_then(Value::as_mapping).expect("a project has services");
    let services: BTreeMap<&str, &Value> =
        services.iter().filter_map(|(name, service)| Some((name.as_str()?, service))).collect();
    let pods: Vec<&str> = services.keys().filter_map(|name| name.strip_prefix("eureka-")).collect();
    if pods != ["0", "1", "2"] || services.len() != 6 {
        return Err(format!("not three servers and their sidecars: {:?}", services.keys()));
    }
    let faults = pods.into_iter().flat_map(|pod| {
        let (server, ours) =
            (services[format!("eureka-{pod}").as_str()], services[format!("peers-{pod}").as_str()]);
        let found = of_the_server(server, pod).into_iter().chain(of_ours(ours)).chain(of_both(server, ours));
        found.map(move |what| format!("{pod}: {what}"))
    });
    let faults: Vec<String> = faults.collect();
    none(&faults)
}

fn of_the_server(server: &Value, pod: &str) -> Vec<String> {
    let mut faults = documented::compose_faults(&variables(server));
    let sidecar = format!("peers-{pod}");
    let is_beside = text(server, &["network_mode"]) == format!("service:{sidecar}");
    let waits = text(server, &["depends_on", &sidecar, "condition"]) == "service_healthy";
    let mount = items(server, &["volumes"]).iter().find(|mount| text(mount, &["target"]) == "/eureka-peers");
    let may_write = !mount.is_some_and(|mount| is_true(mount, &["read_only"]));
    faults.extend(present([
        (!is_beside, "the server is not on its sidecar's network"),
        (!waits, "the server does not wait for the first list"),
        (may_write, "the server may write to the volume"),
    ]));
    faults
}

fn of_ours(ours: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let health: Vec<&str> = items(ours, &["healthcheck", "test"]).iter().filter_map(Value::as_str).collect();
    let (command, arguments) = health.split_at(health.len().min(2));
    if command != ["CMD", "/usr/bin/eureka-peers"] || !sidecar::is_a_command_line(arguments) {
        faults.push(format!("its health check is {health:?}"));
    }
    faults
}

/// What the sidecar would make of its variables fits the server.
fn of_both(server: &Value, ours: &Value) -> Vec<String> {
    let settings = match sidecar::load_for(Purpose::Run, variables(ours)) {
        Ok(settings) => settings,
        Err(faults) => return faults,
    };
    let server = variables(server);
    let mut faults = sidecar::beside_faults(&settings, &server);
    let directory = settings.output.directory.as_deref().and_then(|path| path.to_str()).unwrap_or_default();
    if !items(ours, &["volumes"]).iter().any(|mount| text(mount, &["target"]) == directory) {
        faults.push(format!("nothing is mounted at {directory}"));
    }
    faults
}

fn variables(service: &Value) -> BTreeMap<String, String> {
    let variables = at(service, &["environment"]).and_then(Value::as_mapping);
    let pairs = variables.into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()))).collect()
}
