//! The manifests, before a real kube-apiserver: what an operator would apply, as a server-side dry run.
//!
//! The namespace enforces Pod Security "restricted", and a warning counts as a fault. A workload's
//! template is only warned about, so that each is asked for as a bare Pod too, which would be refused.
//! The server knows the real custom resources of the Prometheus operator.
//!
//! `.ci/api-server` builds the server; where it was not called, the trial is ignored, `CI=true` or not.

mod server;

use libtest_mimic::{Completion, Failed, Trial};
use serde_yaml::{Mapping, Value};

use crate::api_server::server::Server;
use crate::audited;
use crate::chart;
use crate::corpus;
use crate::executed::alone_in_time;
use crate::folder::Folder;
use crate::none;
use crate::rendered::{Object, build, items};
use crate::seeds;
use crate::tool::Tool;

/// Enforces "restricted".
const RESTRICTED: &str = "restricted";
/// Enforces nothing.
const PRIVILEGED: &str = "privileged";
/// How the server says that it refuses a pod for its namespace's sake.
const REFUSED: &str = "violates PodSecurity \"restricted:latest\"";
/// How it warns of a workload that it takes.
const WARNED: &str = "would violate PodSecurity \"restricted:latest\"";
/// Seeds that old versions refuse and this one does not: any letters in a variable's name (since 1.34), and
/// a policy for each container (since 1.35).
const TAKEN_BY_NEW_ONES: [seeds::Seed; 2] =
    [("containers/0/env/0/name", "0POD"), ("containers/0/restartPolicy", "Always")];
/// Seeds that no namespace takes: such a Pod contradicts itself.
const NEVER_VALID: [&str; 3] = [
    "securityContext/windowsOptions",
    "containers/0/securityContext/privileged",
    "containers/0/securityContext/procMount",
];

/// The trial, or what it lacks.
pub(crate) fn trial() -> Trial {
    let needs = [Tool::KUSTOMIZE, Tool::HELM, Tool::ETCD, Tool::KUBE_APISERVER, Tool::KUBECTL];
    let missing = needs.into_iter().find(|tool| !tool.is_there());
    Trial::ignorable_test("api_server", move || match missing {
        Some(tool) => Ok(Completion::ignored_with(format!("no {}: .ci/api-server builds it", tool.name()))),
        None => alone_in_time(everything).map(|()| Completion::Completed).map_err(Failed::from),
    })
}

fn everything() -> Result<(), String> {
    let server = Server::start()?;
    server.make_namespace(RESTRICTED, "restricted")?;
    server.make_namespace(PRIVILEGED, "privileged")?;
    server.make_custom_resources()?;
    let faults = [
        folders(&server)?,
        charts(&server)?,
        shapes(&server)?,
        audited(&server)?,
        insecure(&server)?,
        misspelt(&server)?,
    ];
    server.stop()?;
    none(&faults.concat())
}

/// Every folder that stands for itself.
fn folders(server: &Server) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for folder in Folder::all().iter().filter(|folder| !folder.is_component()) {
        let objects = build(&folder.path)?;
        if folder.is_on_the_host_network() {
            faults.extend(taken(server, &folder.path, PRIVILEGED, &objects));
            let pods = pods(&objects);
            let refusal = server.dry_run("host-network", RESTRICTED, &pods).err().unwrap_or_default();
            let named = ["hostNetwork=true", "hostPort"].iter().all(|what| refusal.contains(what));
            let is_refused = refusal.contains(REFUSED) && named;
            faults.extend((!is_refused).then(|| format!("{} is not refused: {refusal}", folder.path)));
        } else {
            faults.extend(taken(server, &folder.path, RESTRICTED, &objects));
        }
    }
    Ok(faults)
}

/// What the chart makes of its values.
fn charts(server: &Server) -> Result<Vec<String>, String> {
    let renderings = chart::renderings()?;
    let taken = |(name, objects): &(String, Vec<Object>)| taken(server, name, RESTRICTED, objects);
    Ok(renderings.iter().filter_map(taken).collect())
}

/// Manifests as people have them, with their overlays. Pods of kinds that the server does not know are
/// asked for alone.
fn shapes(server: &Server) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for (name, objects) in corpus::sound()? {
        let (built_in, others): (Vec<_>, Vec<_>) = objects.into_iter().partition(Object::is_built_in);
        let others: Vec<Object> = others.into_iter().map(with_claims).collect();
        let asked: Vec<Object> = built_in.into_iter().chain(pods(&others)).map(anywhere).collect();
        let refusal = server.dry_run(&format!("corpus-{name}"), PRIVILEGED, &asked).err();
        faults.extend(refusal.map(|why| format!("corpus {name}: {why}")));
    }
    Ok(faults)
}

/// With a volume for each claim, which a bare Pod has nobody to make for.
fn with_claims(mut object: Object) -> Object {
    let claims = items(&object.0, &["spec", "volumeClaimTemplates"]).iter();
    let claims = claims.map(|claim| {
        let volume =
            [("name".into(), claim["metadata"]["name"].clone()), ("emptyDir".into(), Mapping::new().into())];
        Value::Mapping(volume.into_iter().collect())
    });
    let claims: Vec<Value> = claims.collect();
    if let Some(volumes) = object.pod_mut().and_then(|pod| pod.get_mut("volumes")?.as_sequence_mut()) {
        volumes.extend(claims);
    }
    object
}

/// What the audit says of a workload, the server says too: each seed of a refusal is one. What only looks
/// forward is taken, and stays as it is.
fn audited(server: &Server) -> Result<Vec<String>, String> {
    let objects = build("statefulset")?;
    let mut faults = Vec::new();
    for (path, value) in audited::REFUSED.into_iter().filter(|seed| !TAKEN_BY_NEW_ONES.contains(seed)) {
        let sown = seeds::sown(&objects, path, value);
        let only_looks_forward = audited::faults(&sown).iter().all(|fault| fault.contains("is not yet set"));
        let is_refused = server.dry_run("seed", RESTRICTED, &sown).is_err();
        let verdict = if is_refused { "refused" } else { "taken" };
        let differs = is_refused == only_looks_forward;
        faults.extend(differs.then(|| format!("{path}: {value} is {verdict}")));
    }
    Ok(faults)
}

/// Without a namespace of its own, which is not there.
fn anywhere(mut object: Object) -> Object {
    if let Some(metadata) = object.0.get_mut("metadata").and_then(Value::as_mapping_mut) {
        metadata.remove("namespace");
    }
    object
}

/// Objects and bare Pods; a refusal or a warning, if there is one.
fn taken(server: &Server, name: &str, namespace: &str, objects: &[Object]) -> Option<String> {
    let pods = pods(objects);
    let all: Vec<Object> = objects.iter().cloned().chain(pods).collect();
    assert!(!all.is_empty(), "{name} renders nothing");
    server.dry_run(name, namespace, &all).err().map(|why| format!("{name}: {why}"))
}

/// Each violation sown into a Pod is refused, and for the reason that it is sown for; in a workload it
/// is warned about.
fn insecure(server: &Server) -> Result<Vec<String>, String> {
    let objects = build("statefulset")?;
    let mut faults = Vec::new();
    let mut expect = |path: &str, objects: &[Object], reason: &str| {
        let said = server.dry_run("seed", RESTRICTED, objects).err().unwrap_or_default();
        if !said.contains(reason) {
            faults.push(format!("{path}: not {reason:?} but {said:?}"));
        }
    };
    for (path, value) in seeds::INSECURE {
        let reason = if NEVER_VALID.contains(&path) { "is invalid" } else { REFUSED };
        expect(path, &pods(&seeds::sown(&objects, path, value)), reason);
    }
    let (path, value) = seeds::INSECURE[0];
    expect(path, &seeds::sown(&objects, path, value), WARNED);
    Ok(faults)
}

/// Each misspelt field is refused.
fn misspelt(server: &Server) -> Result<Vec<String>, String> {
    let objects = build("statefulset")?;
    let taken = seeds::MISSPELT.into_iter().filter(|(path, value)| {
        server.dry_run("seed", RESTRICTED, &seeds::sown(&objects, path, value)).is_ok()
    });
    Ok(taken.map(|(path, _)| format!("{path} is taken")).collect())
}

/// The pod of each workload, alone.
fn pods(objects: &[Object]) -> Vec<Object> {
    let pod = |object: &Object| {
        let mut pod = object.pod_template()?.as_mapping()?.clone();
        let metadata = pod.entry("metadata".into()).or_insert_with(|| Value::from(Mapping::new()));
        metadata["name"] = Value::from(format!("{}-bare", object.name()));
        pod.insert("apiVersion".into(), "v1".into());
        pod.insert("kind".into(), "Pod".into());
        Some(Object(pod.into()))
    };
    objects.iter().filter_map(pod).collect()
}
