//! The audit, shown each violation that it must see; and what overlays make, held against it.

use serde_yaml::Value;

use crate::audit::{Finding, lost, refused, unread};
use crate::rendered::{Object, build};
use crate::seeds::{Seed, sown};

/// Each is a workload that no cluster takes, or that starts with a variable that nobody fills in.
pub(crate) const REFUSED: [Seed; 23] = [
    ("containers/0/image", "null"),
    ("containers/0/name", "Eureka"),
    ("containers/0/env/0", "{name: POD_NAME, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"),
    ("containers/0/env/0", "{name: POD_NAME, valueFrom: {fieldRef: {}, secretKeyRef: {}}}"),
    ("containers/0/env/0", "{name: POD_NAME, valueFrom: {}}"),
    ("containers/0/env/0", "{name: POD_NAME, value: 1}"),
    ("containers/0/env/0/name", "LATER"),
    ("containers/0/env/0/name", "POD_NAMESPACE"),
    ("containers/0/env/0/name", "0POD"),
    ("initContainers/0/env/0", "{name: FORWARD, value: $(EUREKA_PEERS_SERVICE)}"),
    ("initContainers/0/name", "eureka"),
    ("initContainers/0/restartPolicy", "null"),
    ("initContainers/0/restartPolicy", "Never"),
    ("containers/0/restartPolicy", "Always"),
    ("containers/0/args", "[8761]"),
    ("containers/0/ports/0/containerPort", "http"),
    ("containers/0/ports/0/name", "eureka-registry-http"),
    ("containers/0/livenessProbe/tcpSocket", "{port: 8761}"),
    ("initContainers/0/startupProbe/httpGet", "null"),
    ("initContainers/0/volumeMounts/0/name", "elsewhere"),
    ("containers/0/volumeMounts/1/mountPath", "/eureka-peers"),
    ("volumes/0/secret", "{secretName: x}"),
    ("volumes/1/name", "eureka-peers"),
];

/// Each is a server that does not follow the published list; [`read_all_the_same`] for what looks so.
const UNREAD: [Seed; 14] = [
    ("containers/0/env/3", "{name: EUREKA_CLIENT_SERVICEURL_DEFAULTZONE, value: x}"),
    ("containers/0/env/3", "{name: eureka.client.service-url.zone-1, value: x}"),
    (
        "containers/0/env/3",
        "{name: eureka_Client_serviceUrl_defaultZone, valueFrom: {secretKeyRef: {name: a, key: b}}}",
    ),
    (
        "containers/0/env/3",
        "{name: spring.application.json, value: '{\"eureka.client.serviceUrl.defaultZone\":\"x\"}'}",
    ),
    ("containers/0/env/3", "{name: JAVA_OPTS, value: -Xmx1g -Deureka.client.serviceUrl.defaultZone=x}"),
    ("containers/0/args", "[--eureka.client.service-url.defaultZone=x]"),
    ("containers/0/command", "[sh, -c, java -Deureka.client.serviceUrl.defaultZone=x -jar a.jar]"),
    ("containers/0/env/7", "{name: SPRING_CONFIG_IMPORT, value: 'optional:configserver:http://config'}"),
    ("containers/0/env/7", "{name: spring.config.import, value: 'configtree:/etc/'}"),
    ("containers/0/volumeMounts/0/subPath", "peers.properties"),
    ("containers/0/volumeMounts/0/mountPath", "/peers"),
    ("containers/0/volumeMounts/0/name", "tmp"),
    ("initContainers/0/volumeMounts/0/mountPath", "/elsewhere"),
    ("initContainers/0/env/4", "{name: EUREKA_PEERS_OUTPUT, value: list.properties}"),
];

/// Each looks like one of [`UNREAD`], and is not.
const READ: [Seed; 4] = [
    ("containers/0/env/2", "{name: EUREKA_CLIENT_EUREKASERVICEURLPOLLINTERVALSECONDS, value: '30'}"),
    ("containers/0/env/2", "{name: JAVA_OPTS, value: -Deureka.serviceUrlPollIntervalMs=30000}"),
    ("containers/0/env/2", "{name: SPRING_CONFIG_NAME, value: registry}"),
    ("containers/0/args", "[--eureka.client.eureka-service-url-poll-interval-seconds=30]"),
];

/// Takes each leaf of a workload away, or changes it, alone, and wants that to be seen as lost.
pub(crate) fn lost_is_seen() -> Result<(), String> {
    let before = values(&build("examples/existing")?);
    if !lost(&before, &before).is_empty() {
        return Err(format!("something is lost where nothing changed: {:?}", lost(&before, &before)));
    }
    let mut leaves = Vec::new();
    for (at, object) in before.iter().enumerate() {
        find_leaves(object, &format!("/{at}"), &mut leaves);
    }
    let all = Value::Sequence(before.clone());
    let mut unseen = Vec::new();
    for leaf in leaves.iter().filter(|leaf| !leaf.ends_with("/containers/0/name")) {
        for seed in [Value::Null, Value::from("another")] {
            let mut after = all.clone();
            let place = place_of(&mut after, leaf);
            if *place == seed {
                continue;
            }
            *place = seed.clone();
            let after = after.as_sequence().expect("it is a list of objects");
            if lost(&before, after).is_empty() {
                unseen.push(format!("{leaf}: {seed:?}"));
            }
        }
    }
    if leaves.len() < 30 {
        return Err(format!("too little was looked at: {leaves:?}"));
    }
    if unseen.is_empty() { Ok(()) } else { Err(format!("not seen:\n{}", unseen.join("\n"))) }
}

/// Paths of everything that is neither a map nor a list.
fn find_leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Mapping(entries) => {
            for (key, value) in entries {
                find_leaves(value, &format!("{path}/{}", escaped(key)), found);
            }
        }
        Value::Sequence(items) => {
            for (at, value) in items.iter().enumerate() {
                find_leaves(value, &format!("{path}/{at}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

fn escaped(key: &Value) -> String {
    key.as_str().unwrap_or_default().replace('/', "~1")
}

fn place_of<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('/').skip(1).fold(value, |value, key| match value {
        Value::Sequence(items) => &mut items[key.parse::<usize>().expect("a place in a list")],
        other => &mut other[key.replace("~1", "/").as_str()],
    })
}

/// Everything that is wrong with these objects, whatever they are for.
pub(crate) fn faults(objects: &[Object]) -> Vec<String> {
    refused(&values(objects)).iter().map(Finding::to_string).collect()
}

pub(crate) fn values(objects: &[Object]) -> Vec<Value> {
    objects.iter().map(|object| object.0.clone()).collect()
}

/// Sows each into the StatefulSet, alone, and wants it to be seen.
pub(crate) fn seen() -> Result<(), String> {
    let objects = build("statefulset")?;
    let is_refused = |objects: &[Object]| !refused(&values(objects)).is_empty();
    let is_unread = |objects: &[Object]| !unread(&values(objects)).is_empty();
    if is_refused(&objects) || is_unread(&objects) {
        return Err(format!("the folder is not right to begin with: {:?}", faults(&objects)));
    }
    let unseen = |seeds: &[Seed], is_seen: &dyn Fn(&[Object]) -> bool| -> Vec<Seed> {
        let unseen = seeds.iter().filter(|(path, value)| !is_seen(&sown(&objects, path, value)));
        unseen.copied().collect()
    };
    let mut wrong = unseen(&REFUSED, &is_refused);
    wrong.extend(unseen(&UNREAD, &is_unread));
    wrong.extend(unseen(&READ, &|objects: &[Object]| !is_unread(objects)));
    if wrong.is_empty() { Ok(()) } else { Err(format!("judged wrongly: {wrong:?}")) }
}
