//! The environment of a server in the manifests is that of `docs/environment/`, which is what the
//! tests against stock servers run with; that of a client is there too. No other variable may stand
//! beside it: a misspelt one is a variable that nobody has documented.

use std::collections::BTreeMap;

use serde_yaml::Value;

use crate::folder::Folder;
use crate::rendered::{Container, at};
use crate::stock_environment;

/// What manifests set besides, each for a reason that stands beside it there.
const BESIDES: [&str; 4] = ["JAVA_TOOL_OPTIONS", "SERVER_PORT", "SERVER_SHUTDOWN", "SPRING_APPLICATION_NAME"];

/// What the cluster fills in, for others to refer to.
const FILLED_IN: [&str; 5] = ["POD_NAME", "POD_NAMESPACE", "POD_IP", "EUREKA_USER", "EUREKA_PASSWORD"];

/// What an init container writes, for the kubelet to hand to a client.
const FROM_A_FILE: &str = "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE";

/// Faults of the container `eureka`, or of the application, of this folder.
pub(crate) fn faults(folder: &Folder, container: Container<'_>) -> Vec<String> {
    let Some(documented) = documented(&folder.path) else {
        return vec!["nobody has said which file of docs/environment/ it follows".to_owned()];
    };
    let values = container.values();
    let missing = documented.iter().filter_map(|(name, value)| {
        let found = values.get(name.as_str()).copied();
        (found != Some(value)).then(|| format!("{name} is {found:?}, documented as {value:?}"))
    });
    let known = |name: &str, entry: &Value| match at(entry, &["valueFrom"]) {
        None => documented.contains_key(name) || BESIDES.contains(&name),
        Some(source) if at(source, &["fileKeyRef"]).is_some() => name == FROM_A_FILE,
        Some(_) => FILLED_IN.contains(&name),
    };
    let foreign = container.environment().into_iter().filter(|(name, entry)| !known(name, entry));
    missing.chain(foreign.map(|(name, _)| format!("{name} is not documented"))).collect()
}

/// Faults of a server in `compose.yaml`, where nobody fills in `$(POD_IP)`.
pub(crate) fn compose_faults(variables: &BTreeMap<String, String>) -> Vec<String> {
    let mut documented = read("spring-addresses");
    documented.remove("EUREKA_INSTANCE_IPADDRESS");
    let wrong = documented.iter().filter(|(name, value)| variables.get(*name) != Some(value));
    wrong.map(|(name, value)| format!("{name} is not {value:?}, as documented")).collect()
}

/// What the files say that this folder follows.
fn documented(folder: &str) -> Option<BTreeMap<String, String>> {
    let all = |files: &[&str]| -> BTreeMap<_, _> { files.iter().flat_map(|name| read(name)).collect() };
    let names = || all(&["spring-names", "spring-registry-copy"]);
    let addresses = || all(&["spring-addresses", "spring-registry-copy"]);
    // Beside imports of the operator's own.
    let beside = || {
        let mut variables = addresses();
        variables.remove("SPRING_CONFIG_IMPORT");
        variables.extend(read("spring-beside"));
        variables
    };
    Some(match folder {
        "statefulset"
        | "init-container"
        | "examples/istio"
        | "examples/linkerd"
        | "examples/monitoring"
        | "examples/network-policy"
        | "examples/openshift"
        | "examples/resource-quota" => names(),
        "examples/ports-and-paths" => {
            let moved = [
                ("SERVER_SERVLET_CONTEXTPATH", "/registry"),
                ("MANAGEMENT_ENDPOINTS_WEB_BASEPATH", "/manage"),
            ];
            let moved = moved.map(|(name, value)| (name.to_owned(), value.to_owned()));
            names().into_iter().chain(moved).collect()
        }
        "daemonset" | "deployment" | "examples/daemonset-labelled-nodes" => addresses(),
        "examples/add-sidecar" => beside(),
        "examples/basic-auth" => all(&["spring-names", "spring-registry-copy", "spring-basic-auth"]),
        "examples/netflix-war" => {
            let mut variables = all(&["war-addresses", "war-registry-copy"]);
            // Beside options of the operator's own.
            let options = variables.remove("JAVA_TOOL_OPTIONS").expect("documented");
            variables.insert("_JAVA_OPTIONS".to_owned(), options);
            variables
        }
        "client" => read("client-file"),
        "client/plain" => read("client-service"),
        "init-container/client-env-file" => read("client-variable"),
        "examples/daemonset-host-network" => {
            let port = ("MANAGEMENT_SERVER_PORT".to_owned(), "18762".to_owned());
            addresses().into_iter().chain([port]).collect()
        }
        "examples/add-sidecar-open-actuator" => {
            let is_management = |name: &str| name.starts_with("MANAGEMENT_");
            let closed = beside().into_iter().filter(|(name, _)| !is_management(name));
            let open = read("spring-names-open-actuator");
            closed.chain(open.into_iter().filter(|(name, _)| is_management(name))).collect()
        }
        _ => return None,
    })
}

fn read(name: &str) -> BTreeMap<String, String> {
    stock_environment::assignments(name).into_iter().collect()
}

/// What manifests must set besides, for probes and heap to mean what they say.
pub(crate) fn lacks(container: Container<'_>) -> Vec<&'static str> {
    let values = container.values();
    BESIDES.into_iter().filter(|name| !values.contains_key(name)).collect()
}
