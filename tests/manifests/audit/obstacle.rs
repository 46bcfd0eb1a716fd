//! What keeps `components/add-sidecar` from servers as they stand, each with the way around it.
//!
//! For those who come with manifests of their own: nothing here is a fault of theirs.

use serde_yaml::Value;

use super::Finding;
use super::reading::{Variable, effective, import, location, masks, variables};
use super::spelling::{Meaning, is_decided, meaning, properties, relaxed};
use super::workload::{Container, Workload, flattened, from_elsewhere, id, workloads};

/// The label by which components find a workload and its pods.
const LABEL: &str = "app.kubernetes.io/name";
const NAME: &str = "eureka";
const PORT: u64 = 8761;
/// Decided only where peers are names, and the component takes addresses.
const HOST_NAME: &str = "eurekainstancehostname";

/// What the components know; see `components/kinds`.
const KINDS: [(&str, &str); 11] = [
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps.kruise.io/v1alpha1", "CloneSet"),
    ("apps.kruise.io/v1alpha1", "DaemonSet"),
    ("apps.kruise.io/v1alpha1", "StatefulSet"),
    ("apps.kruise.io/v1beta1", "CloneSet"),
    ("apps.kruise.io/v1beta1", "DaemonSet"),
    ("apps.kruise.io/v1beta1", "StatefulSet"),
    ("apps.openshift.io/v1", "DeploymentConfig"),
    ("argoproj.io/v1alpha1", "Rollout"),
];

/// Spellings of the list that `components/add-sidecar` takes away.
pub(crate) const TAKEN_AWAY: [&str; 10] = [
    "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE",
    "EUREKA_CLIENT_SERVICE_URL_DEFAULTZONE",
    "EUREKA_CLIENT_SERVICE-URL_DEFAULTZONE",
    "EUREKA.CLIENT.SERVICEURL.DEFAULTZONE",
    "eureka.client.serviceUrl.defaultZone",
    "eureka.client.service-url.defaultZone",
    "eureka_client_serviceUrl_defaultZone",
    "eureka_client_service_url_defaultZone",
    "EUREKA_CLIENT_SERVICEURL_defaultZone",
    "eureka.client.service-url.default-zone",
];

const UNDER_OTHER_NAMES: &str = "docs/migration/from-a-static-list.md, Under other names";
const OLD_LIST: &str = "take it away: docs/migration/from-a-static-list.md, Take the old list away";
const OWN_IMPORT: &str = "docs/migration/from-a-static-list.md, An import of your own";

/// What stands in the way, in every workload that looks like a Eureka server.
pub(crate) fn obstacles(objects: &[Value]) -> Vec<Finding> {
    let all = flattened(objects);
    workloads(objects).into_iter().flat_map(|workload| of_a_workload(workload, &all)).collect()
}

fn of_a_workload(workload: Workload<'_>, objects: &[&Value]) -> Vec<Finding> {
    let Some(server) = server(workload, objects) else { return Vec::new() };
    let place = workload.place(server);
    let mut found = of_names(workload, server);
    found.extend(of_places(server, &place));
    let variables = variables(server, objects);
    found.extend(of_the_list(server, &variables, &place));
    found.extend(of_imports(&variables, &place));
    found.extend(of_what_beats_variables(server, &variables, &place));
    let unseen = from_elsewhere(server, objects).1.into_iter();
    found.extend(unseen.map(|name| {
        let what = format!("takes variables from {name}, which is not among these manifests");
        Finding::new(&place, what, "look there for the list and for imports")
    }));
    found
}

/// By its name, its image, its port, or a variable that only servers have.
fn is_a_server(workload: Workload<'_>, container: Container<'_>, objects: &[&Value]) -> bool {
    if container.is_init || container.is_ours() {
        return false;
    }
    let image = container.image().rsplit('/').next().unwrap_or_default().to_lowercase();
    let has_settings =
        || variables(container, objects).iter().any(|it| relaxed(&it.name).starts_with("eurekaserver"));
    // What tests or tends a registry may have its label.
    let stays = !["Pod", "Job", "CronJob"].contains(&workload.kind());
    let is_alone = stays && workload.containers().iter().filter(|other| !other.is_init).count() == 1;
    container.name() == NAME
        || is_alone && workload.pod_label(LABEL) == NAME
        || image.contains("eureka") && !image.contains("client")
        || container.ports().contains(&PORT)
        || has_settings()
}

fn of_names(workload: Workload<'_>, server: Container<'_>) -> Vec<Finding> {
    let place = id(workload.object);
    let mut found = Vec::new();
    if !KINDS.contains(&(workload.version(), workload.kind())) {
        let kind = format!("{} of {}", workload.kind(), workload.version());
        let what = format!("eureka-peers cannot be put beside a {kind} as it is");
        found.push(Finding::new(&place, what, "manifests/README.md, Other kinds"));
    }
    if workload.label(LABEL) != NAME {
        found.push(Finding::new(&place, format!("has no label {LABEL}={NAME}"), UNDER_OTHER_NAMES));
    }
    if workload.pod_label(LABEL) != NAME {
        let what =
            format!("its pods have no label {LABEL}={NAME}, by which the Service eureka-mesh selects them");
        found.push(Finding::new(&place, what, UNDER_OTHER_NAMES));
    }
    if server.name() != NAME {
        found.push(Finding::new(&workload.place(server), format!("is not called {NAME}"), UNDER_OTHER_NAMES));
    }
    found
}

/// Where it listens, and below which path.
fn of_places(server: Container<'_>, place: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let ports = server.ports();
    if !ports.is_empty() && !ports.contains(&PORT) {
        let what = format!("listens on {ports:?} and not on {PORT}");
        found.push(Finding::new(
            place,
            what,
            "docs/migration/from-a-static-list.md, On another port or path",
        ));
    }
    let moved = server.environment().into_iter().map(|(name, _)| name);
    let moved = moved.filter(|name| {
        ["serverservletcontextpath", "managementendpointswebbasepath"].contains(&relaxed(name).as_str())
    });
    found.extend(moved.map(|name| {
        let what = format!("{name} moves paths that probes and eureka-peers ask");
        Finding::new(place, what, "docs/migration/from-a-static-list.md, On another port or path")
    }));
    found
}

/// What beats the component's variables: arguments and system properties come before them.
fn of_what_beats_variables(server: Container<'_>, variables: &[Variable<'_>], place: &str) -> Vec<Finding> {
    let values = variables.iter().filter_map(|variable| variable.value);
    let texts = server.command_line().into_iter().chain(values);
    let decided = texts.flat_map(properties).filter(|name| is_decided(name) && relaxed(name) != HOST_NAME);
    let cure = "take it away: it beats the variable that eureka-peers needs (docs/eureka.md)";
    decided
        .map(|name| Finding::new(place, format!("{name} is set by an argument or an option"), cure))
        .collect()
}

/// What sets the list, unless the component takes it away.
fn of_the_list(server: Container<'_>, variables: &[Variable<'_>], place: &str) -> Vec<Finding> {
    let own: Vec<&str> = server.environment().into_iter().map(|(name, _)| name).collect();
    let goes = |mask: &str| {
        let name = mask.strip_prefix("the variable ").unwrap_or_default();
        TAKEN_AWAY.contains(&name) && own.contains(&name)
    };
    let stays = masks(server, variables).into_iter().filter(|mask| !goes(mask));
    stays.map(|mask| Finding::new(place, format!("{mask} sets the list"), OLD_LIST)).collect()
}

/// One import or location of the server's own leaves room for ours; both do not.
fn of_imports(variables: &[Variable<'_>], place: &str) -> Vec<Finding> {
    let own = [effective(variables, import), effective(variables, location)];
    let names: Vec<&str> = own.iter().flatten().map(|variable| variable.name.as_str()).collect();
    let mut found = Vec::new();
    if own.iter().all(|own| !own.is_empty()) {
        let what = format!("{} leave no room for the published list", names.join(" and "));
        found.push(Finding::new(place, what, OWN_IMPORT));
    }
    let of_a_config_server = variables.iter().filter(|variable| {
        matches!(meaning(&variable.name), Meaning::Import(_))
            && variable.value.is_some_and(|value| value.contains("configserver:"))
    });
    found.extend(of_a_config_server.map(|variable| {
        let what =
            format!("{} names a Config Server, which beats the published list if it has one", variable.name);
        Finding::new(place, what, OWN_IMPORT)
    }));
    found
}

/// The servers beside which eureka-peers would stand, each as `StatefulSet/eureka, container eureka`.
pub(crate) fn servers(objects: &[Value]) -> Vec<String> {
    let all = flattened(objects);
    let workloads = workloads(objects).into_iter();
    workloads.filter_map(|workload| Some(workload.place(server(workload, &all)?))).collect()
}

/// The server in a workload: the container of our name, else the first that looks like one.
fn server<'a>(workload: Workload<'a>, objects: &[&Value]) -> Option<Container<'a>> {
    let containers = workload.containers();
    let servers = containers.into_iter().filter(|container| is_a_server(workload, *container, objects));
    let servers: Vec<Container<'_>> = servers.collect();
    servers.iter().find(|server| server.name() == NAME).or(servers.first()).copied()
}
