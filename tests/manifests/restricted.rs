//! Pod Security "restricted", field by field, on pod templates.
//!
//! The API server only warns about a workload whose template violates it, and refuses its pods
//! later. Source: "Pod Security Standards", baseline and restricted, as of Kubernetes 1.37.

use serde_yaml::Value;

use crate::present;
use crate::rendered::{Container, Pod, at, is_true, items, text};

/// Volume kinds that "restricted" allows.
const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Kernel settings that "baseline" allows.
const SYSCTLS: [&str; 9] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
];

/// Every violation in a pod; none where it would be admitted.
pub(crate) fn violations(template: &Value) -> Vec<String> {
    let Some(spec) = at(template, &["spec"]) else { return vec!["a template without a spec".to_owned()] };
    let pod = Pod(spec);
    let ephemeral = items(spec, &["ephemeralContainers"]).iter().map(Container);
    let containers = pod.all_containers().into_iter().chain(ephemeral);
    of_the_pod(template, spec)
        .into_iter()
        .chain(containers.flat_map(|container| {
            let name = container.name().to_owned();
            of_a_container(container, spec).into_iter().map(move |what| format!("{name}: {what}"))
        }))
        .collect()
}

fn of_the_pod(template: &Value, spec: &Value) -> Vec<String> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|key| is_true(spec, &[key]));
    let volumes = items(spec, &["volumes"]).iter().flat_map(kinds_of_volume);
    let volumes = volumes.filter(|kind| !VOLUMES.contains(kind)).map(|kind| format!("volume {kind}"));
    let sysctls = items(spec, &["securityContext", "sysctls"]).iter();
    let sysctls = sysctls.map(|sysctl| text(sysctl, &["name"])).filter(|name| !SYSCTLS.contains(name));
    let annotations = at(template, &["metadata", "annotations"]).and_then(Value::as_mapping);
    let unconfined = annotations.into_iter().flatten().filter(|(name, value)| {
        let of_app_armor = name.as_str().is_some_and(|name| name.contains("apparmor.security"));
        of_app_armor && value.as_str() == Some("unconfined")
    });
    shared
        .map(str::to_owned)
        .chain(volumes)
        .chain(sysctls.map(|name| format!("sysctl {name}")))
        .chain(unconfined.map(|_| "appArmor annotation".to_owned()))
        .chain(of_a_context(at(spec, &["securityContext"])))
        .collect()
}

/// What may be said of a pod and of a container alike.
fn of_a_context(context: Option<&Value>) -> Vec<String> {
    let Some(context) = context else { return Vec::new() };
    let is_unconfined = |profile: &str| text(context, &[profile, "type"]) == "Unconfined";
    let has = |option: &str| at(context, &["seLinuxOptions", option]).is_some();
    present([
        (at(context, &["runAsUser"]).and_then(Value::as_u64) == Some(0), "runAsUser 0"),
        (is_false(context, "runAsNonRoot"), "runAsNonRoot false"),
        (is_unconfined("seccompProfile"), "seccompProfile Unconfined"),
        (is_unconfined("appArmorProfile"), "appArmorProfile Unconfined"),
        (is_true(context, &["windowsOptions", "hostProcess"]), "hostProcess"),
        (has("user") || has("role"), "seLinuxOptions user or role"),
    ])
}

fn of_a_container(container: Container<'_>, spec: &Value) -> Vec<String> {
    let context = at(container.0, &["securityContext"]);
    let mut found = of_a_context(context);
    let context = context.unwrap_or(&Value::Null);
    let pod = at(spec, &["securityContext"]).unwrap_or(&Value::Null);
    let drops_all = items(context, &["capabilities", "drop"]).iter().any(|name| name == "ALL");
    let is_user = is_true(context, &["runAsNonRoot"]) || is_true(pod, &["runAsNonRoot"]);
    let profile = at(context, &["seccompProfile"]).or(at(pod, &["seccompProfile"]));
    found.extend(present([
        (is_true(context, &["privileged"]), "privileged"),
        (!is_false(context, "allowPrivilegeEscalation"), "allowPrivilegeEscalation"),
        (!drops_all, "capabilities.drop without ALL"),
        (!is_user, "runAsNonRoot missing"),
        (profile.is_none(), "seccompProfile missing"),
        (!matches!(text(context, &["procMount"]), "" | "Default"), "procMount"),
    ]));
    let added = items(context, &["capabilities", "add"]).iter().filter(|name| *name != "NET_BIND_SERVICE");
    found.extend(added.map(|name| format!("capabilities.add {name:?}")));
    let host_ports = items(container.0, &["ports"]).iter().filter_map(|port| at(port, &["hostPort"]));
    found.extend(host_ports.filter(|port| port.as_u64() != Some(0)).map(|_| "hostPort".to_owned()));
    found.extend(hosts_of_handlers(container.0).map(|path| format!("{path} with a host")));
    found
}

/// Since 1.34: a probe or hook must not be able to reach other hosts from the node.
fn hosts_of_handlers(container: &Value) -> impl Iterator<Item = String> {
    const OWNERS: [&[&str]; 5] = [
        &["startupProbe"],
        &["readinessProbe"],
        &["livenessProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    let handlers = OWNERS.into_iter().flat_map(|owner| ["httpGet", "tcpSocket"].map(|kind| (owner, kind)));
    handlers.filter_map(move |(owner, kind)| {
        let host = text(at(container, owner)?, &[kind, "host"]);
        (!host.is_empty()).then(|| format!("{} {kind}", owner.join(".")))
    })
}

fn is_false(context: &Value, field: &str) -> bool {
    at(context, &[field]).and_then(Value::as_bool) == Some(false)
}

fn kinds_of_volume(volume: &Value) -> Vec<&str> {
    let keys = volume.as_mapping().into_iter().flatten().filter_map(|(key, _)| key.as_str());
    keys.filter(|key| *key != "name").collect()
}
