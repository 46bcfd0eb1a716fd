//! The manifests, as an operator would apply them.
//!
//! Each folder is built, held against Kubernetes' schemas, against Pod Security "restricted" and
//! against what we promise; each check is shown a violation that it must see. What needs an outside
//! tool is ignored where it is missing, unless `CI=true`. `.ci/tools.sh` installs all of them.

mod compose;
mod documented;
mod environment;
mod folder;
mod image;
mod monitoring;
mod rendered;
mod restricted;
mod schema;
mod seeds;
mod sidecar;
mod tool;
mod workload;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::folder::Folder;
use crate::rendered::{Object, build};
use crate::tool::Tool;

type Body = Box<dyn FnOnce() -> Result<(), String> + Send>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Folder::all().into_iter().flat_map(trials_of).collect();
    trials.extend([
        trial("seeds::insecure", &[Tool::Kustomize], Box::new(seeds::insecure)),
        trial("seeds::broken", &[Tool::Kustomize], Box::new(seeds::broken)),
        trial("seeds::misspelt", &[Tool::Kustomize, Tool::KubernetesValidate], Box::new(seeds::misspelt)),
        trial("seeds::variables", &[Tool::Kustomize], Box::new(seeds::variables)),
        trial("image::recipe", &[], Box::new(image::recipe)),
        trial("image::layout", &[Tool::Buildah], Box::new(image::layout)),
        trial("compose", &[Tool::ComposeGo], Box::new(compose::check)),
        trial("release_workflow", &[Tool::Actionlint], Box::new(release_workflow)),
        trial("monitoring::rules", &[Tool::Promtool], Box::new(monitoring::rules)),
        trial("monitoring::every_alert_is_tested", &[], Box::new(monitoring::every_alert_is_tested)),
        trial("monitoring::queries", &[], Box::new(monitoring::queries)),
        trial("monitoring::seeded_queries", &[], Box::new(monitoring::seeded_queries)),
    ]);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Everything that is asked of one folder.
fn trials_of(folder: Folder) -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in folder.versions() {
        let path = folder.path.clone();
        let body = move || schema::check(&path, &build(&path)?, version);
        let name = format!("{}::schema_{version}", folder.path);
        trials.push(trial(&name, &[Tool::Kustomize, Tool::KubernetesValidate], Box::new(body)));
    }
    let checks: [(&str, fn(&Folder, &[Object]) -> Vec<String>); 4] = [
        ("restricted", restricted),
        ("promises", promises),
        ("sidecar", sidecars),
        ("environment", environments),
    ];
    for (name, check) in checks {
        let folder = folder.clone();
        let title = format!("{}::{name}", folder.path);
        let body = move || none(check(&folder, &build(&folder.path)?));
        trials.push(trial(&title, &[Tool::Kustomize], Box::new(body)));
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

fn sidecars(_folder: &Folder, objects: &[Object]) -> Vec<String> {
    objects.iter().filter_map(Object::pod).flat_map(|pod| sidecar::faults(objects, pod)).collect()
}

fn environments(folder: &Folder, objects: &[Object]) -> Vec<String> {
    if folder.path == "examples/existing" {
        return Vec::new();
    }
    let servers = objects.iter().filter_map(Object::pod).filter_map(|pod| pod.container("eureka"));
    servers.flat_map(|server| documented::faults(folder, server)).collect()
}

fn release_workflow() -> Result<(), String> {
    Tool::Actionlint.run(&[".github/workflows/release.yaml"]).map(drop)
}

fn none(faults: Vec<String>) -> Result<(), String> {
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn trial(name: &str, needs: &'static [Tool], body: Body) -> Trial {
    Trial::ignorable_test(name, move || {
        let missing: Vec<&str> =
            needs.iter().filter(|tool| !tool.is_there()).map(|tool| tool.name()).collect();
        if missing.is_empty() {
            return body().map(|()| Completion::Completed).map_err(Failed::from);
        }
        let reason = format!("not on this machine, see .ci/tools.sh: {}", missing.join(", "));
        if std::env::var("CI").is_ok_and(|ci| ci == "true") {
            return Err(Failed::from(reason));
        }
        Ok(Completion::ignored_with(reason))
    })
}
