//! What a team sets to make the chart its own: each value is where it belongs, and what is rendered stays right.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::audit::unread;
use crate::audited::{self, values};
use crate::chart::{CHART, template};
use crate::environment::written_out;
use crate::overlay::fresh;
use crate::rendered::{Object, Pod, items};
use crate::tool::{Tool, project};
use crate::{none, restricted, schema, sidecar};

/// Everything at once that an API server without custom resources knows.
pub(crate) const EVERYTHING: [&str; 40] = [
    "extraVolumes[0].name=ca",
    "extraVolumes[0].secret.secretName=eureka-ca",
    "server.extraVolumeMounts[0].name=ca",
    "server.extraVolumeMounts[0].mountPath=/etc/ca",
    "server.extraVolumeMounts[0].readOnly=true",
    "server.envFrom[0].configMapRef.name=shared",
    "sidecar.extraVolumeMounts[0].name=ca",
    "sidecar.extraVolumeMounts[0].mountPath=/etc/ca",
    "sidecar.settings.ca-file=/etc/ca/ca.pem",
    "sidecar.settings.log-level=warn",
    "sidecar.env[0].name=EUREKA_PEERS_LOG_LEVEL",
    "sidecar.env[0].value=debug",
    "sidecar.env[1].name=EUREKA_PEERS_LOG_FORMAT",
    "sidecar.env[1].value=json",
    "service.type=LoadBalancer",
    "service.annotations.example\\.com/internal=yes",
    "service.loadBalancerClass=example.com/inside",
    "service.loadBalancerSourceRanges[0]=10.0.0.0/8",
    "service.nodePort=30761",
    "ingress.enabled=true",
    "ingress.className=nginx",
    "ingress.hosts[0]=eureka.internal",
    "ingress.tls[0].secretName=eureka-tls",
    "ingress.annotations.example\\.com/a=b",
    "networkPolicy.enabled=true",
    "networkPolicy.extraFrom[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=ingress-nginx",
    "serviceAccount.create=true",
    "serviceAccount.annotations.example\\.com/role=none",
    "podDisruptionBudget.maxUnavailable=50%",
    "topologySpreadConstraints[0].maxSkew=2",
    "topologySpreadConstraints[0].topologyKey=topology.kubernetes.io/zone",
    "topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule",
    "terminationGracePeriodSeconds=60",
    "global.imagePullSecrets[0]=mirror",
    "imagePullSecrets[0].name=own",
    "podLabels.team=shop",
    "podAnnotations.example\\.com/owner=shop",
    "tolerations[0].operator=Exists",
    "nodeSelector.disk=ssd",
    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution=null",
];

/// Kind, place and what stands there.
const PLACES: [(&str, &str, &str); 27] = [
    ("StatefulSet", "/spec/template/spec/volumes/2/secret/secretName", "\"eureka-ca\""),
    ("StatefulSet", "/spec/template/spec/containers/0/volumeMounts/2/mountPath", "\"/etc/ca\""),
    ("StatefulSet", "/spec/template/spec/containers/0/envFrom", "[{\"configMapRef\":{\"name\":\"shared\"}}]"),
    ("StatefulSet", "/spec/template/spec/initContainers/0/volumeMounts/1/name", "\"ca\""),
    ("StatefulSet", "/spec/template/spec/serviceAccountName", "\"eureka\""),
    ("StatefulSet", "/spec/template/spec/automountServiceAccountToken", "false"),
    ("StatefulSet", "/spec/template/spec/terminationGracePeriodSeconds", "60"),
    ("StatefulSet", "/spec/template/spec/imagePullSecrets", "[{\"name\":\"own\"},{\"name\":\"mirror\"}]"),
    ("StatefulSet", "/spec/template/metadata/labels/team", "\"shop\""),
    ("StatefulSet", "/spec/template/metadata/annotations/example.com~1owner", "\"shop\""),
    ("StatefulSet", "/spec/template/spec/topologySpreadConstraints/0/maxSkew", "2"),
    (
        "StatefulSet",
        "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels",
        "{\"app.kubernetes.io/instance\":\"eureka\",\"app.kubernetes.io/name\":\"eureka\"}",
    ),
    ("StatefulSet", "/spec/template/spec/topologySpreadConstraints/1", "null"),
    ("ServiceAccount", "/metadata/annotations/example.com~1role", "\"none\""),
    ("ServiceAccount", "/automountServiceAccountToken", "false"),
    ("PodDisruptionBudget", "/spec/maxUnavailable", "\"50%\""),
    ("Ingress", "/spec/ingressClassName", "\"nginx\""),
    ("Ingress", "/spec/tls/0/secretName", "\"eureka-tls\""),
    ("Ingress", "/spec/rules/0/host", "\"eureka.internal\""),
    ("Ingress", "/spec/rules/0/http/paths/0/path", "\"/\""),
    (
        "Ingress",
        "/spec/rules/0/http/paths/0/backend/service",
        "{\"name\":\"eureka-registry\",\"port\":{\"name\":\"http\"}}",
    ),
    ("NetworkPolicy", "/spec/ingress/2/ports/0/port", "8761"),
    (
        "NetworkPolicy",
        "/spec/ingress/2/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name",
        "\"ingress-nginx\"",
    ),
    ("Pod", "/spec/volumes", "[{\"name\":\"ca\",\"secret\":{\"secretName\":\"eureka-ca\"}}]"),
    ("Pod", "/spec/containers/0/volumeMounts/0/mountPath", "\"/etc/ca\""),
    ("Pod", "/spec/imagePullSecrets/1/name", "\"mirror\""),
    ("Pod", "/spec/tolerations/0/operator", "\"Exists\""),
];

/// All of it in each topology: in its place, of the schemas' shape, admitted, and right for the program.
pub(crate) fn everything() -> Result<(), String> {
    let mut faults = Vec::new();
    for topology in ["statefulset", "daemonset", "deployment"] {
        let set = format!("topology={topology}");
        let values: Vec<&str> = EVERYTHING.into_iter().chain([set.as_str()]).collect();
        let objects = template(&values)?;
        faults.extend(wrong(&objects).into_iter().map(|what| format!("{topology}: {what}")));
        for version in ["1.30", "1.37"] {
            schema::check(&format!("chart-everything-{topology}"), &objects, version)?;
        }
        if topology == "statefulset" {
            faults.extend(PLACES.into_iter().filter_map(|place| elsewhere(&objects, place)));
        }
        let levels = levels(&objects);
        faults.extend((levels != ["debug"]).then(|| format!("{topology}: the levels are {levels:?}")));
    }
    faults.extend(of_gateways()?);
    none(&faults)
}

fn wrong(objects: &[Object]) -> Vec<String> {
    let mut found = audited::faults(objects);
    found.extend(unread(&values(objects)).into_iter().map(|finding| finding.to_string()));
    // A hook is a Pod, which has the shape of a template.
    let hooks = objects.iter().filter(|object| object.is_hook()).map(|object| &object.0);
    let templates = objects.iter().filter_map(Object::pod_template).chain(hooks);
    found.extend(templates.flat_map(restricted::violations));
    found.extend(objects.iter().filter_map(Object::pod).flat_map(|pod| sidecar::faults(objects, pod)));
    found
}

/// Unless this stands there, in each object of the kind; of Services the one for clients has no place here.
fn elsewhere(objects: &[Object], (kind, path, wanted): (&str, &str, &str)) -> Option<String> {
    let wanted: Json = serde_json::from_str(wanted).expect("the table has JSON");
    let object = objects.iter().find(|object| object.kind() == kind);
    let found = object.and_then(|object| as_json(object).pointer(path).cloned()).unwrap_or_default();
    (found != wanted).then(|| format!("{kind}{path} is {found}, not {wanted}"))
}

fn as_json(object: &Object) -> Json {
    serde_json::to_value(&object.0).expect("manifests have texts for keys")
}

/// Of a setting that stands twice, in `settings` and in `env`, the second one counts.
fn levels(objects: &[Object]) -> Vec<String> {
    let ours = objects.iter().filter_map(Object::pod).filter_map(|pod| pod.container("eureka-peers"));
    let named = ours.flat_map(|ours| {
        ours.environment()
            .into_iter()
            .filter(|(name, _)| *name == "EUREKA_PEERS_LOG_LEVEL")
            .collect::<Vec<_>>()
    });
    named.filter_map(|(_, entry)| Some(entry.get("value")?.as_str()?.to_owned())).collect()
}

/// Services for people outside the cluster, and the route of a Gateway.
fn of_gateways() -> Result<Vec<String>, String> {
    let objects = template(&[
        "httpRoute.enabled=true",
        "httpRoute.parentRefs[0].name=gateway",
        "httpRoute.hostnames[0]=eureka.internal",
        "server.contextPath=/registry",
        "server.port=9000",
        "service.type=NodePort",
        "service.nodePort=30761",
    ])?;
    let rule = json!({
        "matches": [{ "path": { "type": "PathPrefix", "value": "/registry" } }],
        "backendRefs": [{ "name": "eureka-registry", "port": 9000 }],
    });
    let places = [
        ("HTTPRoute", "/spec/rules/0", rule.to_string()),
        ("HTTPRoute", "/spec/parentRefs", json!([{ "name": "gateway" }]).to_string()),
        ("HTTPRoute", "/spec/hostnames/0", json!("eureka.internal").to_string()),
    ];
    let mut faults: Vec<String> =
        places.iter().filter_map(|(kind, path, wanted)| elsewhere(&objects, (kind, path, wanted))).collect();
    let clients = objects.iter().find(|object| object.id() == "Service/eureka-registry").map(as_json);
    let port = clients.as_ref().and_then(|service| service.pointer("/spec/ports/0/nodePort"));
    faults.extend((port != Some(&json!(30761))).then(|| format!("the node's port is {port:?}")));
    let open: Vec<&Object> = objects.iter().filter(|it| it.text(&["spec", "type"]) == "NodePort").collect();
    faults.extend((open.len() != 1).then(|| "the servers' own Service is open too".to_owned()));
    Ok(faults)
}

/// A mirror takes the place of a registry, and a name without one goes below it.
pub(crate) fn mirror() -> Result<(), String> {
    let images = |repository: &str| -> Result<Vec<String>, String> {
        let ours = format!("sidecar.image.repository={repository}");
        let objects = template(&["global.imageRegistry=mirror.internal:5000", &ours])?;
        let pods = objects.iter().filter_map(Object::pod).flat_map(Pod::all_containers);
        Ok(pods.map(|container| container.image().to_owned()).collect())
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut faults = Vec::new();
    for (repository, below) in [
        ("eureka-peers", "eureka-peers"),
        ("team/eureka-peers", "team/eureka-peers"),
        ("ghcr.io/team/eureka-peers", "team/eureka-peers"),
        ("localhost/eureka-peers", "eureka-peers"),
        ("registry:5000/eureka-peers", "eureka-peers"),
    ] {
        let wanted = [
            format!("mirror.internal:5000/{below}:{version}"),
            "mirror.internal:5000/eureka-server:1.0.0".to_owned(),
        ];
        let found = images(repository)?;
        faults.extend((found != wanted).then(|| format!("{repository} is {found:?}")));
    }
    none(&faults)
}

/// Helm itself finds nothing to say but that there is no picture.
pub(crate) fn lint() -> Result<(), String> {
    let sets: Vec<&str> = EVERYTHING
        .into_iter()
        .chain(["server.image.repository=eureka-server"])
        .flat_map(|it| ["--set", it])
        .collect();
    let plain = ["lint", CHART, "--strict", "--set", "server.image.repository=eureka-server"];
    for arguments in [plain.to_vec(), ["lint", CHART, "--strict"].into_iter().chain(sets).collect()] {
        let said = Tool::HELM.run(&arguments)?;
        let lines = said.lines().filter(|line| line.starts_with('['));
        let lines: Vec<&str> = lines.filter(|line| !line.contains("icon is recommended")).collect();
        none(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// A copy of its folder alone, as on a system without symbolic links, renders the same; packed it does too.
pub(crate) fn alone() -> Result<(), String> {
    let place = fresh("chart-alone")?;
    drop(fs::remove_dir_all(&place));
    copy(&project().join(CHART), &place.join("eureka-peers"))?;
    let set =
        ["--set", "server.image.repository=eureka-server,monitoring.enabled=true", "--kube-version", "1.37"];
    let render = |chart: &Path| {
        let chart = chart.display().to_string();
        Tool::HELM.run(&[&["template", "eureka", &chart][..], &set].concat())
    };
    let wanted = render(&project().join(CHART))?;
    let directory = place.display().to_string();
    Tool::HELM.run(&["package", &place.join("eureka-peers").display().to_string(), "-d", &directory])?;
    let packed = place.join(format!("eureka-peers-{}.tgz", env!("CARGO_PKG_VERSION")));
    for chart in [place.join("eureka-peers"), packed] {
        if render(&chart)? != wanted {
            return Err(format!("{} renders something else", chart.display()));
        }
    }
    Ok(())
}

/// Bytes of plain files; a link is a text to a system that knows none.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(said)?;
    for entry in fs::read_dir(from).map_err(said)? {
        let entry = entry.map_err(said)?;
        let (kind, target) = (entry.file_type().map_err(said)?, to.join(entry.file_name()));
        if kind.is_symlink() {
            let text = fs::read_link(entry.path()).map_err(said)?;
            fs::write(target, text.as_os_str().as_encoded_bytes()).map_err(said)?;
        } else if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(said)?;
        }
    }
    Ok(())
}

/// What is printed after an install can be copied: names are filled in, and ours are command lines.
pub(crate) fn notes() -> Result<(), String> {
    let mut faults = Vec::new();
    for topology in ["statefulset", "daemonset", "deployment"] {
        let set = format!("topology={topology},server.image.repository=eureka-server");
        let arguments = ["install", "shop", CHART, "--dry-run=client", "--namespace", "prod", "--set", &set];
        let said = Tool::HELM.run(&arguments)?;
        let (_, notes) = said.split_once("NOTES:\n").ok_or("no notes")?;
        let commands: Vec<&str> = notes.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        for verb in [
            "rollout status",
            "helm test shop --namespace prod",
            "port-forward",
            " mesh",
            " check",
            " accept",
        ] {
            let is_there = commands.iter().any(|command| command.contains(verb));
            faults.extend((!is_there).then(|| format!("{topology}: nobody says {verb}")));
        }
        for command in commands {
            faults.extend(not_copyable(command, topology).map(|why| format!("{topology}: {command}: {why}")));
        }
    }
    none(&faults)
}

fn not_copyable(command: &str, topology: &str) -> Option<String> {
    if command.contains('<') || command.contains("NAME") || !command.contains("--namespace prod") {
        return Some("names are missing".to_owned());
    }
    let resource = command.split(' ').find(|word| word.contains("set/") || word.contains("deployment/"));
    if resource.is_some_and(|word| word != format!("{topology}/shop")) {
        return Some(format!("no {resource:?}"));
    }
    let (_, ours) = command.split_once("/usr/bin/eureka-peers ")?;
    let words: Vec<&str> = ours.split(';').next().unwrap_or_default().split(' ').collect();
    (!sidecar::is_a_command_line(&words)).then(|| format!("{words:?} is no command line"))
}

/// Of the pod of `helm test`: its own variables, as they would be in a pod.
pub(crate) fn test_pod(objects: &[Object]) -> Result<&Object, String> {
    let found: Vec<&Object> = objects.iter().filter(|it| it.is_hook()).collect();
    let [pod] = found[..] else { return Err(format!("{} hooks", found.len())) };
    let is_one = items(&pod.0, &["spec", "containers"]).len() == 1;
    let is_none_of_the_servers = written_out(objects)
        .iter()
        .filter(|it| it.kind() == "Service")
        .all(|service| !crate::workload::selects(service, &pod.0));
    if is_one && is_none_of_the_servers {
        Ok(pod)
    } else {
        Err("the pod of helm test is a server".to_owned())
    }
}
