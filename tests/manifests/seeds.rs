//! Violations sown into a folder that is right: each must be seen by the check it is meant for.

use serde_yaml::Value;

use crate::folder::Folder;
use crate::rendered::{Object, build};
use crate::{documented, environment, restricted, schema, sidecar, workload};

/// A change to one place of the StatefulSet's pod: a path, and the value put there.
pub(crate) type Seed = (&'static str, &'static str);

/// Each breaks Pod Security "restricted".
pub(crate) const INSECURE: [Seed; 24] = [
    ("hostNetwork", "true"),
    ("hostPID", "true"),
    ("hostIPC", "true"),
    ("securityContext/runAsNonRoot", "false"),
    ("securityContext/runAsUser", "0"),
    ("securityContext/seccompProfile", "null"),
    ("securityContext/seccompProfile/type", "Unconfined"),
    ("securityContext/appArmorProfile", "{type: Unconfined}"),
    ("securityContext/sysctls", "[{name: kernel.msgmax, value: '1'}]"),
    ("securityContext/seLinuxOptions", "{role: sysadm_r}"),
    ("securityContext/windowsOptions", "{hostProcess: true}"),
    ("volumes/0", "{name: eureka-peers, hostPath: {path: /var}}"),
    ("volumes/1", "{name: tmp, nfs: {server: a, path: /}}"),
    ("containers/0/securityContext", "null"),
    ("containers/0/securityContext/privileged", "true"),
    ("containers/0/securityContext/allowPrivilegeEscalation", "null"),
    ("containers/0/securityContext/capabilities/drop", "[NET_RAW]"),
    ("containers/0/securityContext/capabilities/add", "[SYS_PTRACE]"),
    ("containers/0/securityContext/procMount", "Unmasked"),
    ("containers/0/ports/0/hostPort", "8761"),
    ("containers/0/livenessProbe/httpGet/host", "127.0.0.1"),
    ("containers/0/lifecycle/preStop", "{httpGet: {host: 10.0.0.1, port: 80}}"),
    ("initContainers/0/securityContext/allowPrivilegeEscalation", "true"),
    ("initContainers/0/securityContext/runAsUser", "0"),
];

/// Each breaks a promise of ours; so does every misspelt variable (see [`variables`]).
const BROKEN: [Seed; 22] = [
    ("automountServiceAccountToken", "true"),
    ("enableServiceLinks", "null"),
    ("topologySpreadConstraints", "null"),
    ("initContainers/0/readinessProbe", "{httpGet: {path: /readyz, port: eureka-peers}}"),
    ("initContainers/0/restartPolicy", "null"),
    ("initContainers/0/startupProbe/httpGet/path", "/readyz"),
    ("initContainers/0/livenessProbe", "null"),
    ("initContainers/0/args", "[runn]"),
    ("initContainers/0/command", "[/eureka-peers]"),
    ("initContainers/0/image", "eureka-peers:0.0.9"),
    ("initContainers/0/ports/0/containerPort", "9760"),
    ("initContainers/0/resources/limits/cpu", "10m"),
    ("initContainers/0/securityContext/readOnlyRootFilesystem", "false"),
    ("initContainers/0/volumeMounts/0/mountPath", "/peers"),
    ("initContainers/0/volumeMounts/0/subPath", "peers"),
    ("containers/0/volumeMounts/0/readOnly", "false"),
    ("containers/0/volumeMounts/0/subPath", "peers.properties"),
    ("containers/0/volumeMounts/0/mountPath", "/peers"),
    ("containers/0/volumeMounts/1/name", "temp"),
    ("containers/0/startupProbe/httpGet/path", "/readyz"),
    ("containers/0/readinessProbe/httpGet/path", "/eureka/apps"),
    ("containers/0/livenessProbe/httpGet/port", "web"),
];

/// Each breaks a schema.
pub(crate) const MISSPELT: [Seed; 4] = [
    ("initContainers/0/restartpolicy", "Always"),
    ("containers/0/readinessprobe", "{}"),
    ("containers/0/ports/0/containerPort", "eight"),
    ("volumes/0/emptyDir/sizelimit", "4Mi"),
];

/// Sows each seed into the StatefulSet, alone, and wants it to be seen.
pub(crate) fn insecure() -> Result<(), String> {
    let objects = build("statefulset")?;
    unseen(&objects, &INSECURE, |objects| {
        let templates = objects.iter().filter_map(Object::pod_template);
        !templates.flat_map(restricted::violations).collect::<Vec<_>>().is_empty()
    })
}

/// As [`insecure`], for promises of ours.
pub(crate) fn broken() -> Result<(), String> {
    let objects = build("statefulset")?;
    unseen(&objects, &BROKEN, is_seen)
}

/// As [`insecure`], for schemas.
pub(crate) fn misspelt() -> Result<(), String> {
    let objects = build("statefulset")?;
    unseen(&objects, &MISSPELT, |objects| schema::check("seed", objects, "1.37").is_err())
}

/// A start that waits where records may never come, or whose wait nobody would see.
pub(crate) fn waiting() -> Result<(), String> {
    let objects = build("statefulset")?;
    let probe = "initContainers/0/startupProbe/failureThreshold";
    let policy = "initContainers/0/terminationMessagePolicy";
    unseen(&objects, &[(probe, "599"), (policy, "null"), (policy, "File")], is_seen)?;
    let mut captured = build("examples/istio")?;
    let faults = |objects: &[Object]| {
        let pod = objects[workload_of(objects)].pod().expect("a workload has a pod");
        sidecar::faults(objects, pod)
    };
    if !faults(&captured).is_empty() {
        return Err(format!("examples/istio is not right to begin with: {:?}", faults(&captured)));
    }
    for switch in ["proxy.istio.io/config", "ambient.istio.io/dns-capture"] {
        let workload = workload_of(&captured);
        let before = captured[workload].0.clone();
        captured[workload].0["spec"]["template"]["metadata"]["annotations"][switch] = Value::Null;
        if faults(&captured).is_empty() {
            return Err(format!("DNS capture without {switch} goes unseen"));
        }
        captured[workload].0 = before;
    }
    for (field, value) in [("publishNotReadyAddresses", Value::Bool(false)), ("clusterIP", Value::Null)] {
        let mut unlisted = build("statefulset")?;
        let is_home = |object: &&mut Object| object.id() == "Service/eureka";
        let service = unlisted.iter_mut().find(is_home).ok_or("there is no Service eureka")?;
        service.0["spec"][field] = value;
        if !is_seen(&unlisted) {
            return Err(format!("a Service without {field} goes unseen"));
        }
    }
    Ok(())
}

/// Misspells, takes away and changes each variable of each container, alone; each must be seen.
pub(crate) fn variables() -> Result<(), String> {
    let objects = build("statefulset")?;
    let workload = workload_of(&objects);
    let mut seeds = Vec::new();
    for list in ["initContainers", "containers"] {
        let entries = objects[workload].0["spec"]["template"]["spec"][list][0]["env"].as_sequence();
        for at in 0..entries.expect("each container has variables").len() {
            seeds.push((format!("{list}/0/env/{at}/name"), "MISSPELT_VARIABLE"));
            seeds.push((format!("{list}/0/env/{at}"), "{name: ANOTHER_ONE, value: x}"));
        }
    }
    let seeds: Vec<(&str, &str)> = seeds.iter().map(|(path, value)| (path.as_str(), *value)).collect();
    unseen(&objects, &seeds, is_seen)
}

/// Misspells each variable of each container of each folder that has a workload, alone.
///
/// What the checks of a folder say, no more: a variable that only the execution of its pods misses is
/// not seen here.
pub(crate) fn every_folder() -> Result<(), String> {
    let folders = Folder::all().into_iter().filter(|folder| !folder.is_component());
    let mut unseen = Vec::new();
    for folder in folders.filter(|folder| folder.path != "examples/existing") {
        let objects = build(&folder.path)?;
        for (path, name) in variables_of(&objects) {
            let misspelt = sown(&objects, &path, misspelt_name(&name));
            if crate::sidecars(&folder, &misspelt).is_empty()
                && crate::environments(&folder, &misspelt).is_empty()
            {
                unseen.push(format!("{}: {name} ({path})", folder.path));
            }
        }
    }
    if unseen.is_empty() { Ok(()) } else { Err(format!("not seen:\n{}", unseen.join("\n"))) }
}

/// A letter short, and without a number: to Spring's relaxed binding a lost or an added underscore is no
/// other name.
pub(crate) fn misspelt_name(name: &str) -> &str {
    let name = name.strip_suffix("_0_").unwrap_or(name);
    let letters = name.strip_suffix(char::is_alphanumeric).unwrap_or(name);
    assert!(letters != name && !letters.ends_with('_'), "{name} cannot be a letter short");
    letters
}

/// Where the name of each variable stands, and what it is.
fn variables_of(objects: &[Object]) -> Vec<(String, String)> {
    let pod = objects[workload_of(objects)].pod().expect("a workload has a pod");
    let lists = [("initContainers", pod.init_containers()), ("containers", pod.containers())];
    let mut found = Vec::new();
    for (list, containers) in lists {
        for (which, container) in containers.into_iter().enumerate() {
            let names = container.environment().into_iter().enumerate();
            found.extend(
                names.map(|(at, (name, _))| (format!("{list}/{which}/env/{at}/name"), name.to_owned())),
            );
        }
    }
    found
}

fn is_seen(objects: &[Object]) -> bool {
    let folder = Folder { path: "statefulset".to_owned() };
    let pod = objects[workload_of(objects)].pod().expect("a workload has a pod");
    let written_out = environment::written_out(objects);
    let server = written_out[workload_of(objects)].pod().and_then(|pod| pod.container("eureka"));
    let server = server.expect("the pod has a server");
    !workload::faults(objects).is_empty()
        || !sidecar::faults(objects, pod).is_empty()
        || !documented::faults(&folder, server).is_empty()
        || !documented::lacks(server).is_empty()
}

fn unseen(
    objects: &[Object],
    seeds: &[(&str, &str)],
    seen: impl Fn(&[Object]) -> bool,
) -> Result<(), String> {
    if seen(objects) {
        return Err("the folder is not right to begin with".to_owned());
    }
    let unseen = seeds.iter().filter(|(path, value)| !seen(&sown(objects, path, value)));
    let unseen: Vec<&str> = unseen.map(|(path, _)| *path).collect();
    if unseen.is_empty() { Ok(()) } else { Err(format!("not seen: {unseen:?}")) }
}

fn workload_of(objects: &[Object]) -> usize {
    objects.iter().position(|object| object.pod_template().is_some()).expect("the folder has a workload")
}

pub(crate) fn sown(objects: &[Object], path: &str, value: &str) -> Vec<Object> {
    let mut objects = objects.to_vec();
    let workload = workload_of(&objects);
    let mut place = &mut objects[workload].0["spec"]["template"]["spec"];
    for key in path.split('/') {
        place = match key.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[key],
        };
    }
    *place = serde_yaml::from_str::<Value>(value).expect("a seed is YAML");
    objects
}
