//! The manifests, as an operator would apply them.
//!
//! Each folder is built, held against Kubernetes' schemas, against Pod Security "restricted" and
//! against what we promise; each check is shown a violation that it must see. What needs an outside
//! tool is ignored where it is missing, unless `CI=true`. `.ci/tools` installs all of them.

mod api_server;
mod audit;
mod audited;
mod chart;
mod chart_mesh;
mod chart_values;
mod compose;
mod corpus;
mod documented;
mod environment;
mod executed;
mod folder;
mod image;
mod monitoring;
mod names;
mod pairs;
mod platforms;
mod recipes;
mod restricted;
mod schema;
mod seeds;
mod sidecar;
mod waiting;
mod workload;
#[path = "../world/mod.rs"]
mod world;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use world::stock::{environment as stock_environment, image as stock_image, pod as stock_pod, release};
use world::{
    control_plane, dns_server, extent, http, machine, overlay, ports, process, reader, registry, rendered,
    secret, tool, trial, view, wait,
};

use crate::folder::Folder;
use crate::rendered::{Object, Pod, build};
use crate::tool::Tool;

/// What may be wrong with the objects of a folder.
type Check = fn(&Folder, &[Object]) -> Vec<String>;

/// The executions that are run where everything is asked for.
const WIDE: [&str; 3] = [
    "executed::life",
    "executed::dead_peers::statefulset::2025.0.1",
    "executed::corpus::import-of-a-file::2025.0.1",
];

/// All pairs are a minute of work: one base stands for the others.
fn is_quick(name: &str) -> bool {
    !WIDE.contains(&name) && (!name.starts_with("pairs::") || name == "pairs::init-container")
}

/// Trials that need these tools, each called as its function.
macro_rules! named {
    ($needs:expr; $($body:path),+) => {
        [$(trial(stringify!($body), $needs, $body)),+]
    };
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folders = Folder::all();
    let alone = folders.iter().filter(|folder| folder.is_built_alone());
    let mut trials: Vec<Trial> = alone.flat_map(trials_of).collect();
    trials.extend(named![&[Tool::KUSTOMIZE]; seeds::insecure, seeds::broken, seeds::variables,
        seeds::every_folder, seeds::waiting, audited::seen, audited::lost_is_seen, names::seen,
        names::together, names::client_follows, names::another_domain, old_pods_stay_peers]);
    trials.extend(named![&[Tool::KUSTOMIZE, Tool::KUBERNETES_VALIDATE]; seeds::misspelt]);
    trials.extend(named![&[Tool::KUSTOMIZE, Tool::HELM]; chart::same]);
    trials.extend(named![&[Tool::HELM]; chart::names, chart::overridden, chart::refused]);
    trials.extend(named![&[Tool::HELM]; chart_mesh::test_pod, chart_values::lint, chart_values::alone,
        chart_values::notes, chart_values::mirror]);
    trials
        .extend(named![&[Tool::HELM, Tool::KUBERNETES_VALIDATE]; chart::settings, chart_values::everything]);
    trials.extend(named![&[]; image::recipe, image::server_recipe, monitoring::every_alert_is_tested, monitoring::runbook,
        monitoring::queries, monitoring::seeded_queries]);
    trials.extend(named![&[Tool::BUILDAH]; image::layout]);
    trials.extend(named![&[Tool::ACTIONLINT]; workflows]);
    trials.extend(named![&[Tool::PROMTOOL]; monitoring::rules, monitoring::text_format]);
    trials.extend(named![&[Tool::OPEN_METRICS_PARSER]; monitoring::open_metrics]);
    trials.extend([
        trial("compose", &[Tool::COMPOSE_GO], compose::check),
        names::of_kubectl(),
        api_server::trial(),
    ]);
    // Two JVMs and a minute or two each: some are run where everything is asked for, all of them where stock
    // servers are wanted in full, and those that a filter on the command line chooses.
    let is_wanted = |trial: &Trial| arguments.filter.is_some() || wants_all() || WIDE.contains(&trial.name());
    trials.extend(corpus::trials());
    trials.extend(recipes::trials());
    trials.extend(platforms::trials());
    trials.extend(pairs::trials());
    trials.extend(renamed());
    trials.extend(executions().into_iter().filter(is_wanted));
    let trials = extent::chosen("manifests", &arguments, trials, is_quick);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether `STOCK_EUREKA`, as in the tests of stock servers, asks for everything.
fn wants_all() -> bool {
    std::env::var("STOCK_EUREKA").is_ok_and(|extent| extent == "full")
}

/// Our containers of renamed pods, which need no Java, and so run always.
fn renamed() -> impl Iterator<Item = Trial> {
    let folders = ["statefulset", "deployment", "init-container", "examples/add-sidecar"];
    folders.into_iter().map(|folder| {
        let name = format!("executed::renamed::{folder}");
        let body = move || executed::alone_in_time(move || executed::find_each_other(folder));
        trial(&name, &[Tool::KUSTOMIZE], body)
    })
}

/// Pods that really run; names begin with `executed::`.
fn executions() -> Vec<Trial> {
    let life = execution("life", executed::life);
    let gated = execution("gated", executed::gated);
    let pairs = [
        ("statefulset", "2021.0.9"),
        ("statefulset", "2025.1.2"),
        ("daemonset", "2025.0.1"),
        ("deployment", "2025.0.1"),
        ("init-container", "2025.0.1"),
        ("examples/add-sidecar", "2025.0.1"),
        ("examples/add-sidecar-open-actuator", "2025.0.1"),
        ("examples/daemonset-host-network", "2025.0.1"),
        ("examples/netflix-war", "war-1.10.1"),
    ];
    let shapes = [
        ("import-of-a-file", "2025.0.1"),
        ("import-of-a-file", "2021.0.9"),
        ("location-of-its-own", "2025.1.2"),
        ("from-a-configmap-by-key", "2025.0.1"),
    ];
    let dead_peers = [
        ("statefulset", "2025.0.1"),
        ("statefulset", "2021.0.9"),
        ("deployment", "2025.1.2"),
        ("init-container", "2025.0.1"),
        ("examples/netflix-war", "war-1.10.1"),
    ];
    let clients = ["client", "init-container/client-env-file"]
        .map(|folder| execution(&format!("client::{folder}"), move || executed::client(folder)));
    let typos: [(&str, executed::Scenario); 7] = [
        ("EUREKA_PEERS_ACTUATOR_URL", executed::two),
        ("EUREKA_CLIENT_REGISTERWITHEUREKA", executed::two),
        ("EUREKA_INSTANCE_HOSTNAME", executed::two),
        ("MANAGEMENT_SERVER_PORT", executed::two),
        ("SPRING_CONFIG_IMPORT", executed::two),
        ("EUREKA_SERVER_REGISTRYSYNCRETRIES", executed::late),
        ("EUREKA_INSTANCE_REGISTRY_DEFAULTOPENFORTRAFFICCOUNT", executed::late),
    ];
    let typos = typos.map(|(variable, scenario)| {
        execution(&format!("typo::{variable}"), move || executed::typo(variable, scenario))
    });
    let mut all = with_releases("renamed_pair", executed::renamed_pair, &[("statefulset", "2025.0.1")]);
    all.extend(with_releases("pair", executed::pair, &pairs));
    all.extend(with_releases("dead_peers", executed::dead_peers, &dead_peers));
    all.extend(with_releases("corpus", executed::of_the_corpus, &shapes));
    [life, gated].into_iter().chain(all).chain(clients).chain(typos).collect()
}

/// Executions of folders or shapes, each with a release of the server.
fn with_releases(
    kind: &str,
    body: fn(&'static str, &'static str) -> Result<(), String>,
    cases: &[(&'static str, &'static str)],
) -> Vec<Trial> {
    let trial = |(of, release): &(&'static str, &'static str)| {
        let (of, release) = (*of, *release);
        execution(&format!("{kind}::{of}::{release}"), move || body(of, release))
    };
    cases.iter().map(trial).collect()
}

fn execution(name: &str, body: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    let java = stock_image::missing_tools();
    let needs = [Tool::KUSTOMIZE].into_iter().filter(|tool| !tool.is_there()).map(Tool::name);
    let missing: Vec<&str> = java.into_iter().chain(needs).collect();
    trial_unless(&format!("executed::{name}"), &missing, || executed::alone_in_time(body))
}

/// Everything that is asked of one folder.
fn trials_of(folder: &Folder) -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in folder.versions() {
        let path = folder.path.clone();
        let body = move || schema::check(&path, &build(&path)?, version);
        let name = format!("{}::schema_{version}", folder.path);
        trials.push(trial(&name, &[Tool::KUSTOMIZE, Tool::KUBERNETES_VALIDATE], body));
    }
    let checks: [(&str, Check); 4] = [
        ("restricted", restricted),
        ("promises", promises),
        ("sidecar", sidecars),
        ("environment", environments),
    ];
    for (name, check) in checks {
        let folder = folder.clone();
        let title = format!("{}::{name}", folder.path);
        let body = move || none(&check(&folder, &build(&folder.path)?));
        trials.push(trial(&title, &[Tool::KUSTOMIZE], body));
    }
    if !folder.is_component() {
        let folder = folder.clone();
        let title = format!("{}::names", folder.path);
        trials.push(trial(&title, &[Tool::KUSTOMIZE], move || names::check(&folder)));
    }
    trials
}

/// Nothing that the API server would refuse to run in a restricted namespace; one folder is named.
fn restricted(folder: &Folder, objects: &[Object]) -> Vec<String> {
    let templates = objects.iter().filter_map(Object::pod_template);
    let found: Vec<String> = templates.flat_map(restricted::violations).collect();
    if folder.is_on_the_host_network() {
        let named = ["hostNetwork", "eureka-peers: hostPort", "eureka: hostPort"];
        return if found == named { Vec::new() } else { found };
    }
    found
}

fn promises(folder: &Folder, objects: &[Object]) -> Vec<String> {
    let is_ours = !folder.is_component() && !workload::is_the_operators_own(folder);
    if is_ours { workload::faults(objects) } else { Vec::new() }
}

fn sidecars(folder: &Folder, objects: &[Object]) -> Vec<String> {
    let found = objects.iter().filter_map(Object::pod).flat_map(|pod| sidecar::faults(objects, pod));
    platforms::but_for(folder.wanted_by_its_platform(), found.collect())
}

fn environments(folder: &Folder, objects: &[Object]) -> Vec<String> {
    if folder.path == "examples/existing" {
        return Vec::new();
    }
    let objects = environment::written_out(objects);
    let pods = objects.iter().filter_map(Object::pod);
    let beside_us = pods.flat_map(Pod::containers).filter(|container| !container.is_ours());
    beside_us.flat_map(|container| documented::faults(folder, container)).collect()
}

/// In a roll-out that adds eureka-peers, the Service that it asks lists the pods from before as well.
fn old_pods_stay_peers() -> Result<(), String> {
    let before = build("examples/existing")?;
    let before = before.iter().find_map(Object::pod_template).ok_or("no workload before")?;
    let after = build("examples/add-sidecar")?;
    let mesh = after.iter().find(|object| object.name() == "eureka-mesh").ok_or("no Service eureka-mesh")?;
    wait::is_so(workload::selects(mesh, before), || "new servers would not list old ones".to_owned())
}

/// Each by its name, for actionlint looks for them in a git repository alone.
fn workflows() -> Result<(), String> {
    let folder = std::fs::read_dir(tool::project().join(".github/workflows"));
    let files = folder.and_then(|entries| {
        entries.map(|entry| Ok(entry?.path().display().to_string())).collect::<std::io::Result<Vec<_>>>()
    });
    let files = files.map_err(|error| format!(".github/workflows: {error}"))?;
    Tool::ACTIONLINT.run(&files.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
}

/// Those of the faults that are there.
fn present<'a>(faults: impl IntoIterator<Item = (bool, &'a str)>) -> Vec<String> {
    faults.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what.to_owned()).collect()
}

/// Faults as the outcome of a trial.
fn none(faults: &[String]) -> Result<(), String> {
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn trial(name: &str, needs: &[Tool], body: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    let missing = needs.iter().filter(|tool| !tool.is_there()).map(|tool| tool.name());
    trial_unless(name, &missing.collect::<Vec<_>>(), body)
}

/// Ignored where something is missing, and failed where nothing may be.
fn trial_unless(
    name: &str,
    missing: &[&str],
    body: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    let needed = wait::is_so(missing.is_empty(), || {
        format!("not on this machine, see .ci/tools: {}", missing.join(", "))
    });
    machine::trial_with(name, needed, move || body().unwrap_or_else(|fault| panic!("{fault}")))
}
