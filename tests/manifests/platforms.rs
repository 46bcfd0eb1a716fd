//! What clusters want that are not like most: `OpenShift`, GKE's Cloud DNS, meshes beside `NetworkPolicy` objects, a
//! `ResourceQuota` on CPU, Flux that fills in variables, servers on other ports and below other paths.
//!
//! Each is a component or a value of the chart; here it is built over every folder that it is for, and audited.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_yaml::Value;

use crate::audited::{self, values};
use crate::chart::template;
use crate::folder::Folder;
use crate::overlay::{self, relative, run};
use crate::rendered::{Object, Pod, at, build, containers_mut, items, text};
use crate::stock_environment::expand;
use crate::tool::{Tool, project, text_of};
use crate::{audit, none, restricted, sidecar, trial, workload};

/// Folders that bring servers with a sidecar, and one that adds it to servers of others.
const SERVERS: [&str; 6] = [
    "statefulset",
    "deployment",
    "daemonset",
    "init-container",
    "examples/add-sidecar",
    "examples/add-sidecar-open-actuator",
];
/// Components before the last one.
const OTHERS: [&[&str]; 4] =
    [&[], &["network-policy"], &["basic-auth"], &["istio", "network-policy", "openshift"]];
const TOPOLOGIES: [&str; 3] = ["statefulset", "daemonset", "deployment"];

pub(crate) fn trials() -> Vec<Trial> {
    let both = [Tool::KUSTOMIZE, Tool::HELM];
    vec![
        trial("platforms::openshift", &both, openshift),
        trial("platforms::dns_on_the_node", &both, dns_on_the_node),
        trial("platforms::mesh_and_policy", &[Tool::KUSTOMIZE], mesh_and_policy),
        trial("platforms::mesh_and_policy_seen", &[Tool::KUSTOMIZE], mesh_and_policy_seen),
        trial("platforms::resource_quota", &both, resource_quota),
        trial("platforms::flux", &both, flux),
        trial("platforms::flux_seen", &[Tool::KUSTOMIZE], flux_seen),
        trial("platforms::ports_and_paths", &both, ports_and_paths),
    ]
}

/// `found` without what is wanted, and what of that was not found.
pub(crate) fn but_for(wanted: &[&str], mut found: Vec<String>) -> Vec<String> {
    for text in wanted {
        match found.iter().position(|fault| fault == text) {
            Some(at) => drop(found.remove(at)),
            None => found.push(format!("nothing says {text:?} any more")),
        }
    }
    found
}

/// No id of a user or a group anywhere, and "restricted" all the same.
fn openshift() -> Result<(), String> {
    let others = [
        "client",
        "client/plain",
        "init-container/client-env-file",
        "examples/netflix-war",
        "examples/basic-auth",
    ];
    let mut faults = Vec::new();
    for folder in SERVERS.into_iter().chain(others) {
        let objects = with(folder, &["openshift"])?;
        faults.extend(of_openshift(&objects).into_iter().map(|what| format!("{folder}: {what}")));
    }
    for topology in TOPOLOGIES {
        let objects = template(&[&format!("topology={topology}"), "podSecurityContext=null"])?;
        faults.extend(of_openshift(&objects).into_iter().map(|what| format!("chart, {topology}: {what}")));
    }
    if of_openshift(&build("statefulset")?).is_empty() {
        faults.push("ids in manifests/statefulset go unseen".to_owned());
    }
    none(&faults)
}

/// Ids of users and groups.
pub(crate) fn ids(objects: &[Object]) -> Vec<String> {
    let text = serde_json::to_string(&values(objects)).expect("manifests have texts for keys");
    let ids = ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"].into_iter();
    ids.filter(|id| text.contains(&format!("\"{id}\""))).map(|id| format!("says {id}")).collect()
}

fn of_openshift(objects: &[Object]) -> Vec<String> {
    let templates = objects.iter().filter_map(Object::pod_template);
    ids(objects)
        .into_iter()
        .chain(templates.flat_map(restricted::violations))
        .chain(audited::faults(objects))
        .collect()
}

/// NodeLocal DNSCache, that of Kubespray, and GKE's Cloud DNS, on the ports of DNS and on no other: the last is
/// the metadata server's address, too.
fn dns_on_the_node() -> Result<(), String> {
    let chart = template(&["networkPolicy.enabled=true"])?;
    let mut faults = Vec::new();
    for (name, objects) in [("component", build("examples/network-policy")?), ("chart", chart)] {
        let policy =
            objects.iter().find(|object| object.kind() == "NetworkPolicy").ok_or("no NetworkPolicy")?;
        for address in ["169.254.20.10/32", "169.254.25.10/32", "169.254.169.254/32"] {
            let rules = items(&policy.0, &["spec", "egress"]).iter();
            let to = |rule: &&Value| {
                items(rule, &["to"]).iter().any(|to| text(to, &["ipBlock", "cidr"]) == address)
            };
            let ports = rules.filter(to).flat_map(|rule| items(rule, &["ports"]));
            let ports: Vec<_> =
                ports.map(|port| (port["port"].as_u64(), text(port, &["protocol"]))).collect();
            if ports != [(Some(53), "UDP"), (Some(53), "TCP")] {
                faults.push(format!("{name}: {address} is open for {ports:?}"));
            }
        }
    }
    none(&faults)
}

/// A proxy that cannot reach its control plane never gets ready, and nothing after it starts.
fn mesh_and_policy() -> Result<(), String> {
    let mut faults = Vec::new();
    for folder in ["statefulset", "deployment", "daemonset"] {
        for mesh in ["istio", "linkerd"] {
            for components in [[mesh, "network-policy"], ["network-policy", mesh]] {
                let objects = with(folder, &components)?;
                let found = cut_off(&objects).into_iter().chain(audited::faults(&objects));
                let pods = objects.iter().filter_map(Object::pod);
                let found = found.chain(pods.flat_map(|pod| sidecar::faults(&objects, pod)));
                faults.extend(found.map(|what| format!("{folder}, {components:?}: {what}")));
            }
        }
    }
    none(&faults)
}

/// As [`mesh_and_policy`], with one rule less each time.
fn mesh_and_policy_seen() -> Result<(), String> {
    let mut unseen = Vec::new();
    for (mesh, namespace) in [("istio", "istio-system"), ("linkerd", "linkerd")] {
        let mut objects = with("statefulset", &[mesh, "network-policy"])?;
        let policy = objects.iter_mut().find(|object| object.kind() == "NetworkPolicy").ok_or("no policy")?;
        let rules = policy.0["spec"]["egress"].as_sequence_mut().ok_or("no egress")?;
        let before = rules.len();
        rules.retain(|rule| !opens_namespace(rule, namespace));
        if rules.len() + 1 != before || cut_off(&objects).is_empty() {
            unseen.push(mesh.to_owned());
        }
    }
    none(&unseen)
}

/// What a proxy's control plane listens on.
fn control_plane(template: &Value) -> &'static [(&'static str, u64)] {
    let metadata = |path: &[&str]| text(&template["metadata"], path).to_owned();
    if metadata(&["labels", "sidecar.istio.io/inject"]) == "true" {
        &[("istio-system", 15012)]
    } else if metadata(&["annotations", "linkerd.io/inject"]) == "enabled" {
        &[("linkerd", 8080), ("linkerd", 8086), ("linkerd", 8090)]
    } else {
        &[]
    }
}

/// Proxies whose pods may not call their control plane.
fn cut_off(objects: &[Object]) -> Vec<String> {
    let templates = objects.iter().filter_map(Object::pod_template);
    let policies = || objects.iter().filter(|object| object.kind() == "NetworkPolicy");
    templates
        .flat_map(|template| {
            let mut of_it = policies().filter(|policy| {
                let selector = at(&policy.0, &["spec", "podSelector", "matchLabels"]);
                workload::matches(selector.and_then(Value::as_mapping), template)
            });
            let rules: Vec<&Value> =
                of_it.by_ref().flat_map(|policy| items(&policy.0, &["spec", "egress"])).collect();
            control_plane(template).iter().filter_map(move |(namespace, port)| {
                let opens = |rule: &&Value| {
                    opens_namespace(rule, namespace)
                        && items(rule, &["ports"]).iter().any(|it| it["port"].as_u64() == Some(*port))
                };
                (!rules.iter().any(opens)).then(|| format!("the proxy cannot reach {namespace}:{port}"))
            })
        })
        .collect()
}

fn opens_namespace(rule: &Value, namespace: &str) -> bool {
    let path = ["namespaceSelector", "matchLabels", "kubernetes.io/metadata.name"];
    items(rule, &["to"]).iter().any(|to| text(to, &path) == namespace)
}

/// A limit of CPU for every container, and nothing else is different.
fn resource_quota() -> Result<(), String> {
    let mut faults = Vec::new();
    for folder in ["statefulset", "deployment", "daemonset", "init-container"] {
        let mut objects = with(folder, &["resource-quota"])?;
        faults.extend(unlimited(&objects).map(|what| format!("{folder}: {what}")));
        take_limits(&mut objects);
        faults
            .extend((objects != build(folder)?).then(|| format!("{folder}: more than limits are different")));
    }
    let values = ["sidecar.resources.limits.cpu=200m", "server.resources.limits.cpu=2000m"];
    faults.extend(unlimited(&template(&values)?).map(|what| format!("chart: {what}")));
    if unlimited(&build("statefulset")?).count() != 2 {
        faults.push("containers without a limit go unseen".to_owned());
    }
    none(&faults)
}

pub(crate) fn unlimited(objects: &[Object]) -> impl Iterator<Item = String> {
    let containers = objects.iter().filter_map(Object::pod).flat_map(Pod::all_containers);
    let without = containers.filter(|it| at(it.0, &["resources", "limits", "cpu"]).is_none());
    without.map(|container| format!("{} has no limit of CPU", container.name()))
}

fn take_limits(objects: &mut [Object]) {
    let containers = objects.iter_mut().filter_map(Object::pod_mut).flat_map(containers_mut);
    let limits = containers.filter_map(|it| it["resources"]["limits"].as_mapping_mut());
    limits.for_each(|limits| drop(limits.remove("cpu")));
}

/// Flux's `postBuild` leaves every folder, and what the chart renders, as they are meant.
fn flux() -> Result<(), String> {
    let mut faults = Vec::new();
    for folder in Folder::all().into_iter().filter(|folder| !folder.is_component()) {
        let objects = build(&folder.path)?;
        faults.extend(changed_by_flux(&objects).map(|what| format!("{}: {what}", folder.path)));
    }
    let chart = template(&["monitoring.enabled=true", "networkPolicy.enabled=true"])?;
    faults.extend(changed_by_flux(&chart).map(|what| format!("chart: {what}")));
    let user = "EUREKA_PEERS_USER_INFO";
    let objects = build("examples/basic-auth")?;
    let ours = objects.iter().find_map(Object::pod).and_then(|pod| pod.container("eureka-peers"));
    let ours = ours.ok_or("no sidecar")?;
    let value = ours.values().get(user).copied().ok_or("no user")?;
    for value in [value.to_owned(), substituted(value)] {
        let given = expand(&value, |_| None)?;
        if given != "${EUREKA_USER}:${EUREKA_PASSWORD}" {
            faults.push(format!("{user} would be {given}"));
        }
    }
    none(&faults)
}

/// A placeholder as Spring knows it, where Flux would look.
fn flux_seen() -> Result<(), String> {
    let mut objects = build("statefulset")?;
    let pod = objects.iter_mut().find(|object| object.pod().is_some()).ok_or("no workload")?;
    let before = pod.clone();
    let mut unseen = Vec::new();
    for value in ["${EUREKA_USER}", "a$(POD_NAME)${B:-c}", "$$${EUREKA_USER}"] {
        pod.0["spec"]["template"]["spec"]["containers"][0]["env"][0] =
            serde_json::from_value(serde_json::json!({ "name": "EUREKA_PEERS_USER_INFO", "value": value }))
                .map_err(|error| error.to_string())?;
        if changed_by_flux(std::slice::from_ref(pod)).next().is_none() {
            unseen.push(value.to_owned());
        }
        *pod = before.clone();
    }
    none(&unseen)
}

/// Texts that mean something else after Flux has filled them in.
fn changed_by_flux(objects: &[Object]) -> impl Iterator<Item = String> {
    let off = |object: &Object| {
        object.text(&["metadata", "annotations", "kustomize.toolkit.fluxcd.io/substitute"]) == "disabled"
    };
    objects.iter().filter(move |object| !off(object)).flat_map(|object| {
        let mut texts = Vec::new();
        find_texts(&object.0, &mut texts);
        let id = object.id();
        texts.into_iter().filter(|text| is_changed(text)).map(move |text| format!("{id}: {text:?}"))
    })
}

/// As the kubelet would hand it to a container; elsewhere nothing takes one `$` of two away.
fn is_changed(text: &str) -> bool {
    let any = "x".to_owned();
    let given = |text: &str| expand(text, |_| Some(&any)).unwrap_or_else(|_| text.to_owned());
    given(text) != given(&substituted(text))
}

fn find_texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Mapping(entries) => entries.values().for_each(|value| find_texts(value, found)),
        Value::Sequence(items) => items.iter().for_each(|value| find_texts(value, found)),
        Value::String(text) => found.push(text),
        _ => {}
    }
}

/// As Flux does it (fluxcd/pkg/envsubst, tried with 1.1): `${NAME}`, of which no variable is known, is nothing;
/// `$$` is one `$`, whatever follows; a `$` before anything else is itself.
fn substituted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = match (after.strip_prefix('$'), after.strip_prefix('{')) {
            (None, Some(name)) => name.split_once('}').map_or("", |(_, rest)| rest),
            (escaped, _) => {
                out.push('$');
                escaped.unwrap_or(after)
            }
        };
    }
    out + rest
}

/// The place where the three are said, for an overlay.
pub(crate) fn moved() -> &'static str {
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eureka-ports-and-paths}\n\
     data: {port: \"9000\", context-path: /registry, actuator-base-path: /manage/ops}\n"
}

/// Said once, and followed by everything that says a port or a path.
fn ports_and_paths() -> Result<(), String> {
    let place = moved();
    let mut faults = Vec::new();
    let own = of_the_operator()?;
    let folders = ["statefulset", "deployment", "daemonset", "init-container"].map(|folder| (folder, vec![]));
    let added = ["add-sidecar", "add-sidecar-open-actuator"].map(|component| ("", vec![component]));
    for (folder, first) in folders.into_iter().chain(added) {
        let below = if folder.is_empty() { own.clone() } else { project().join("manifests").join(folder) };
        for others in OTHERS {
            let components: Vec<&str> =
                first.iter().chain(others).copied().chain(["ports-and-paths"]).collect();
            let objects = over(&below, &components, Some(place))?;
            let found = elsewhere(&objects).into_iter();
            faults.extend(found.map(|what| format!("{folder}, {components:?}: {what}")));
        }
    }
    let chart = ["server.port=9000", "server.contextPath=/registry", "server.actuatorBasePath=/manage/ops"];
    for topology in TOPOLOGIES {
        let topology = format!("topology={topology}");
        let values: Vec<&str> =
            chart.into_iter().chain([topology.as_str(), "networkPolicy.enabled=true"]).collect();
        faults.extend(
            elsewhere(&template(&values)?).into_iter().map(|what| format!("chart, {topology}: {what}")),
        );
    }
    // As everywhere else, where nothing is moved.
    let usual =
        place.replace("9000", "8761").replace("/registry", "\"\"").replace("/manage/ops", "/actuator");
    for folder in SERVERS {
        let objects = over(&project().join("manifests").join(folder), &["ports-and-paths"], Some(&usual))?;
        let found = audited::faults(&objects).into_iter();
        let pods = objects.iter().filter_map(Object::pod);
        let found = found.chain(pods.flat_map(|pod| sidecar::faults(&objects, pod)));
        faults.extend(found.map(|what| format!("{folder}, as usual: {what}")));
    }
    none(&faults)
}

pub(crate) fn elsewhere(objects: &[Object]) -> Vec<String> {
    let mut found = audited::faults(objects);
    found.extend(audit::unread(&values(objects)).into_iter().map(|finding| finding.to_string()));
    for object in objects.iter().filter(|object| object.kind() != "ConfigMap") {
        let text = serde_json::to_string(&object.0).expect("manifests have texts for keys");
        found.extend(text.contains("8761").then(|| format!("{}: something still says 8761", object.id())));
    }
    found.extend(
        objects
            .iter()
            .any(|it| it.id() == "ConfigMap/eureka-ports-and-paths")
            .then(|| "the ConfigMap is applied".to_owned()),
    );
    for pod in objects.iter().filter_map(Object::pod) {
        found.extend(
            sidecar::faults(objects, pod).into_iter().filter(|fault| !fault.ends_with("no numeric user")),
        );
        let server = pod.container("eureka");
        let probes = ["startupProbe", "readinessProbe", "livenessProbe"].into_iter();
        let paths = probes.filter_map(|probe| at(server?.0, &[probe, "httpGet", "path"])?.as_str());
        found.extend(
            paths.filter(|path| !path.starts_with("/registry/")).map(|path| format!("a probe of {path}")),
        );
    }
    found
}

/// Manifests of an operator's own, whose servers listen on 9000.
pub(crate) fn of_the_operator() -> Result<PathBuf, String> {
    let manifests = text_of("manifests/examples/existing/eureka.yaml").replace("8761", "9000");
    overlay::base("platform-existing", &manifests)
}

/// What kustomize makes of these components over a folder.
fn with(folder: &str, components: &[&str]) -> Result<Vec<Object>, String> {
    over(&project().join("manifests").join(folder), components, None)
}

/// The same over any directory, with a resource of the overlay's own.
pub(crate) fn over(below: &Path, components: &[&str], own: Option<&str>) -> Result<Vec<Object>, String> {
    let base = relative(&project().join("manifests"), below)?.replace(['/', '.'], "-");
    let name = format!("platform-{base}-{}", components.join("-"));
    let mut bases = vec![below.to_owned()];
    if let Some(own) = own {
        bases.push(overlay::base(&format!("{name}-own"), own)?);
    }
    let components: Vec<String> = components.iter().map(|name| format!("$components/{name}")).collect();
    let text = format!("components: [{}]", components.join(", "));
    run(Tool::KUSTOMIZE, &overlay::over(&name, &bases, &text)?)
}
