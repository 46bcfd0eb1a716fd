//! The Helm chart renders what the kustomize folders do, so that the two cannot drift.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::audit::unread;
use crate::audited::values;
use crate::environment::written_out;
use crate::names::dangling;
use crate::rendered::{Object, at, build, containers_mut, environment_mut, parse};
use crate::tool::Tool;
use crate::{audited, chart_values, none, restricted, schema, sidecar};

pub(crate) const CHART: &str = "charts/eureka-peers";

/// Some of all that can be set, and two variables that are there by default.
const SETTINGS: [&str; 14] = [
    "server.imports[0]=optional:configserver:http://config-server:8888",
    "server.imports[1]=optional:configtree:/etc/secrets/",
    "server.javaOptions[0]=-javaagent:/agent.jar",
    "sidecar.settings.remove-after=1m",
    "sidecar.settings.max-peers=100",
    "sidecar.settings.freeze=true",
    "sidecar.image.digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "server.env[0].name=LOGGING_LEVEL_ROOT",
    "server.env[0].value=WARN",
    "server.env[1].name=SERVER_SHUTDOWN",
    "server.env[1].value=immediate",
    "sidecar.settings.service=eureka.shop",
    "clusterDomain=cluster.local",
    "nodeSelector.eureka=yes",
];

/// Values, and the example whose component does the same.
const PLATFORMS: [(&[&str], &str); 3] = [
    (&["podSecurityContext=null"], "examples/openshift"),
    (&["sidecar.resources.limits.cpu=200m", "server.resources.limits.cpu=2000m"], "examples/resource-quota"),
    (
        &["server.port=9000", "server.contextPath=/registry", "server.actuatorBasePath=/manage"],
        "examples/ports-and-paths",
    ),
];

/// The default of each topology against its folder, field by field.
pub(crate) fn same() -> Result<(), String> {
    let mut faults = Vec::new();
    for topology in ["statefulset", "daemonset", "deployment"] {
        let chart = template(&[&format!("topology={topology}")])?;
        faults.extend(differences(topology, &chart, &written_out(&build(topology)?)));
    }
    for (values, example) in PLATFORMS {
        let folder = written_out(&build(example)?);
        faults.extend(differences(example, &in_order(template(values)?), &in_order(folder)));
    }
    let chart = template(&["monitoring.enabled=true", "networkPolicy.enabled=true"])?;
    faults.extend(differences("monitoring", &additions(&chart), &additions(&build("examples/monitoring")?)));
    let (chart, folder) = (policy(&chart), policy(&build("examples/network-policy")?));
    faults.extend((chart.is_none() || chart != folder).then(|| "the NetworkPolicy differs".to_owned()));
    none(&faults)
}

/// What can be set does what it says, and the result is still right.
pub(crate) fn settings() -> Result<(), String> {
    let objects = template(&SETTINGS)?;
    let workload = objects.iter().find(|object| object.pod_template().is_some()).ok_or("no workload")?;
    let template = workload.pod_template().ok_or("no template")?;
    let mut faults = restricted::violations(template);
    let pod = workload.pod().ok_or("no pod")?;
    faults.extend(sidecar::faults(&objects, pod));
    let ours = pod.container("eureka-peers").ok_or("no sidecar")?;
    let expected = [
        ("EUREKA_PEERS_REMOVE_AFTER", "1m"),
        ("EUREKA_PEERS_MAX_PEERS", "100"),
        ("EUREKA_PEERS_FREEZE", "true"),
        ("EUREKA_PEERS_SERVICE", "eureka.shop"),
    ];
    let missing = expected.into_iter().filter(|(name, value)| ours.values().get(name) != Some(value));
    faults.extend(missing.map(|(name, _)| format!("{name} is not set")));
    let server = pod.container("eureka").ok_or("no server")?;
    let shutdown = server.values().get("SERVER_SHUTDOWN").copied();
    faults.extend((shutdown != Some("immediate")).then(|| format!("SERVER_SHUTDOWN is {shutdown:?}")));
    let added = [
        (
            "SPRING_CONFIG_IMPORT",
            "optional:configserver:http://config-server:8888,optional:configtree:/etc/secrets/,\
             optional:file:/eureka-peers/peers.properties",
        ),
        (
            "JAVA_TOOL_OPTIONS",
            "-XX:MaxRAMPercentage=50 -Dsun.net.inetaddr.ttl=5 -Dsun.net.inetaddr.negative.ttl=1 \
             -javaagent:/agent.jar",
        ),
    ];
    let wrong = added.into_iter().filter(|(name, value)| server.values().get(name) != Some(value));
    faults.extend(wrong.map(|(name, _)| format!("{name} is {:?}", server.values().get(name))));
    faults.extend(unread(&values(&objects)).into_iter().map(|finding| finding.to_string()));
    faults.extend((!ours.image().contains("@sha256:")).then(|| "the digest is not used".to_owned()));
    schema::check("chart", &objects, "1.30")?;
    none(&faults)
}

/// What an operator sets himself stands where ours stood: the kubelet's `$(NAME)` looks back only.
pub(crate) fn overridden() -> Result<(), String> {
    let field = "server.env[0].valueFrom.fieldRef.fieldPath";
    let cases = [
        ("statefulset", "POD_NAME", "metadata.name"),
        ("statefulset", "POD_NAMESPACE", "metadata.namespace"),
        ("deployment", "POD_IP", "status.podIP"),
        ("daemonset", "POD_IP", "status.podIP"),
    ];
    let mut faults = Vec::new();
    for (topology, name, path) in cases {
        let values =
            [format!("topology={topology}"), format!("server.env[0].name={name}"), format!("{field}={path}")];
        let objects = template(&values.each_ref().map(String::as_str))?;
        let pods = objects.iter().filter_map(Object::pod);
        faults.extend(
            audited::faults(&objects).into_iter().map(|fault| format!("{topology}, {name}: {fault}")),
        );
        faults.extend(pods.flat_map(|pod| sidecar::faults(&objects, pod)));
    }
    none(&faults)
}

/// Under any release's name, the longest that Helm takes included, each name is that of a Service.
pub(crate) fn names() -> Result<(), String> {
    let longest = "e".repeat(53);
    let mut faults = Vec::new();
    for release in ["prod-eureka", "e", longest.as_str()] {
        for topology in ["statefulset", "daemonset", "deployment"] {
            let values = [&format!("topology={topology}"), "networkPolicy.enabled=true"];
            let objects = template_as(release, &values)?;
            let mut services: Vec<&str> =
                objects.iter().filter(|object| object.kind() == "Service").map(Object::name).collect();
            services.sort_unstable();
            let mut found = dangling(topology, &objects);
            if services != [release, &format!("{release}-registry")] {
                found.push(format!("its Services are {services:?}"));
            }
            faults.extend(found.into_iter().map(|what| format!("{release}, {topology}: {what}")));
        }
    }
    none(&faults)
}

/// The schema of the values refuses what cannot be meant.
pub(crate) fn refused() -> Result<(), String> {
    let bad = [
        "sidecar.image.repository=",
        "topology=cronjob",
        // Names are the release's own: an override that is not looked at must not pass.
        "nameOverride=registry",
        "fullnameOverride=registry",
        "replicas=0",
        "replica=3",
        "server.env[0].name=EUREKA_CLIENT_SERVICEURL_DEFAULTZONE",
        "server.env[0].name=SPRING_APPLICATION_JSON",
        "server.env[0].name=eureka.client.serviceUrl.defaultZone",
        "server.env[0].name=eureka_client_service-url_defaultZone",
        "server.env[0].name=spring.config.import",
        "server.env[0].name=SERVER_PORT,server.env[0].value=8761",
        "server.imports[0]=optional:file:/a\\,optional:file:/b",
        "server.imports[0]=optional:file:/eureka-peers/peers.properties",
        "server.imports=optional:file:/a",
        "server.javaOptions=-Xmx1g",
        "server.image.digest=latest",
        "server.image.tag=",
        "server.image.tag=1.0.0+build",
        "sidecar.image.pullPolicy=Sometimes",
        "sidecar.settings.removeAfter=1m",
        "sidecar.settings.output-dir=/peers",
        "sidecar.settings.listen=0.0.0.0:80",
        "networkPolicy.enable=true",
        "server.port=0",
        "server.port=http",
        // The actuator's, and those of eureka-peers.
        "server.port=8762",
        "server.port=9761",
        "server.contextPath=registry",
        "server.contextPath=/registry/",
        "server.actuatorBasePath=",
        // Said once, in a place that everything follows.
        "server.env[0].name=SERVER_PORT",
        "server.env[0].name=server.servlet.context-path",
        "server.env[0].name=MANAGEMENT_ENDPOINTS_WEB_BASE_PATH",
        "sidecar.settings.port=9000",
        "sidecar.settings.context-path=/registry/eureka/",
        "podSecurityContext=none",
        // The pages' stand-in for a registry of one's own.
        "server.image.repository=registry.example.com/eureka-server",
        "sidecar.image.repository=registry.example.com/eureka-peers",
        "sidecar.env[0].name=EUREKA_PEERS_OUTPUT_DIR",
        "sidecar.env[0].name=EUREKA_PEERS_REMOVE_AFTR",
        "server.extraVolumeMounts[0].name=x,server.extraVolumeMounts[0].mountPath=/eureka-peers",
        "server.extraVolumeMounts[0].name=x,server.extraVolumeMounts[0].mountPath=/tmp",
        "extraVolumes[0].name=tmp",
        "service.type=ExternalName",
        "terminationGracePeriodSeconds=3",
        "podDisruptionBudget.maxUnavailable=0",
        "ingress.enabled=true",
        "ingress.hosts[0]=https://eureka.internal/",
        "httpRoute.enabled=true",
        "networkPolicy.enabled=true,service.type=NodePort",
        "networkPolicy.enabled=true,ingress.enabled=true,ingress.hosts[0]=eureka.internal",
    ];
    let taken: Vec<&str> = bad.into_iter().filter(|value| template(&[value]).is_ok()).collect();
    if !taken.is_empty() {
        return Err(format!("taken: {taken:?}"));
    }
    let said = Tool::HELM.run(&["template", "eureka", CHART, "--kube-version", "1.37"]).err();
    let said = said.ok_or("taken: a server without an image")?;
    let wanted = "server.image.repository is not set: name the image of your own Eureka server";
    if said.contains(wanted) { Ok(()) } else { Err(format!("of a server without an image it says {said}")) }
}

/// What there is to install: each topology with all that can be switched on, and what can be set.
pub(crate) fn renderings() -> Result<Vec<(String, Vec<Object>)>, String> {
    let topologies = ["statefulset", "daemonset", "deployment"];
    let all = topologies.map(|topology| {
        let topology = format!("topology={topology}");
        let values: Vec<&str> = chart_values::EVERYTHING.into_iter().chain([topology.as_str()]).collect();
        Ok((format!("chart-everything-{topology}"), template(&values)?))
    });
    let rendered = topologies.map(|topology| {
        let values =
            [&format!("topology={topology}"), "monitoring.enabled=true", "networkPolicy.enabled=true"];
        Ok((format!("chart-{topology}"), template(&values)?))
    });
    let set = [Ok(("chart-settings".to_owned(), template(&SETTINGS)?))];
    let platforms = PLATFORMS.map(|(values, example)| Ok((format!("chart-as-{example}"), template(values)?)));
    rendered.into_iter().chain(all).chain(set).chain(platforms).collect()
}

pub(crate) fn template(values: &[&str]) -> Result<Vec<Object>, String> {
    template_as("eureka", values)
}

/// Under another release's name, with the image that the folders have.
fn template_as(release: &str, values: &[&str]) -> Result<Vec<Object>, String> {
    let image = ["server.image.repository=eureka-server"];
    let set = image.iter().chain(values).flat_map(|value| ["--set", value]);
    let arguments: Vec<&str> =
        ["template", release, CHART, "--kube-version", "1.37"].into_iter().chain(set).collect();
    parse(&Tool::HELM.run(&arguments)?)
}

fn differences(name: &str, chart: &[Object], folder: &[Object]) -> Vec<String> {
    let (chart, folder) = (by_id(chart), by_id(folder));
    if chart.keys().ne(folder.keys()) {
        return vec![format!("{name}: {:?} instead of {:?}", chart.keys(), folder.keys())];
    }
    let pairs = chart.iter().map(|(id, object)| (id, object, &folder[id]));
    pairs
        .filter(|(_, chart, folder)| chart != folder)
        .map(|(id, chart, folder)| {
            format!("{name}: {id} differs:\n{}", first_difference(chart, folder, "").unwrap_or_default())
        })
        .collect()
}

/// With variables in the order of their names: kustomize puts those of a patch before all others. Whether one
/// refers to another that comes later is seen elsewhere.
fn in_order(mut objects: Vec<Object>) -> Vec<Object> {
    let containers = objects.iter_mut().filter_map(Object::pod_mut).flat_map(containers_mut);
    for environment in containers.filter_map(environment_mut) {
        environment.sort_by_key(|entry| entry["name"].as_str().map(str::to_owned));
    }
    objects
}

/// Who manages an object is the one thing that must differ, and that a chart tests itself.
fn by_id(objects: &[Object]) -> BTreeMap<String, Value> {
    let stays = objects.iter().filter(|object| !object.is_hook());
    let unmanaged = |object: &Object| {
        let mut object = object.clone();
        forget_manager(&mut object.0);
        forget_mark(&mut object.0);
        (object.id(), object.0)
    };
    stays.map(unmanaged).collect()
}

/// By which components know of each other.
fn forget_mark(object: &mut Value) {
    let Some(metadata) = object["metadata"].as_mapping_mut() else { return };
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_mapping_mut) else { return };
    annotations.remove("eureka-peers-moved");
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn forget_instance(value: &mut Value) {
    match value {
        Value::Mapping(entries) => {
            entries.remove("app.kubernetes.io/instance");
            entries.values_mut().for_each(forget_instance);
        }
        Value::Sequence(items) => items.iter_mut().for_each(forget_instance),
        _ => {}
    }
}

fn forget_manager(value: &mut Value) {
    match value {
        Value::Mapping(entries) => {
            entries.remove("app.kubernetes.io/managed-by");
            entries.values_mut().for_each(forget_manager);
        }
        Value::Sequence(items) => items.iter_mut().for_each(forget_manager),
        _ => {}
    }
}

/// Where two values first differ, and how.
pub(crate) fn first_difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    if one == other {
        return None;
    }
    let deeper = match (one, other) {
        (Value::Mapping(ours), Value::Mapping(theirs)) => {
            let mut keys = ours.keys().chain(theirs.keys()).filter_map(Value::as_str);
            let under = |entries: &Mapping, key: &str| entries.get(key).cloned().unwrap_or_default();
            keys.find_map(|key| {
                first_difference(&under(ours, key), &under(theirs, key), &format!("{path}/{key}"))
            })
        }
        (Value::Sequence(ours), Value::Sequence(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            pairs.find_map(|(at, (ours, theirs))| first_difference(ours, theirs, &format!("{path}/{at}")))
        }
        _ => None,
    };
    deeper.or_else(|| Some(format!("{path}: chart {one:?}, folder {other:?}")))
}

/// Alerts, monitor and dashboard.
fn additions(objects: &[Object]) -> Vec<Object> {
    let kinds = ["PodMonitor", "PrometheusRule", "ConfigMap"];
    objects.iter().filter(|object| kinds.contains(&object.kind())).cloned().collect()
}

/// The chart's names the release besides: there may be two in a namespace.
fn policy(objects: &[Object]) -> Option<Value> {
    let policy = objects.iter().find(|object| object.kind() == "NetworkPolicy")?;
    let mut spec = at(&policy.0, &["spec"]).cloned()?;
    forget_instance(&mut spec);
    Some(spec)
}
