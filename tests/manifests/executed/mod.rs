//! The manifests, executed: the rendered pods' own processes on loopback, as the kubelet would run them.
//!
//! Stock servers from Maven, our program, and a DNS server that answers what the rendered Services
//! say. Nothing of a manifest is left out or repaired on the way: a misspelt variable shows.

mod cluster;
mod kubelet;
mod place;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_yaml::Value;

use crate::corpus;
use crate::http::Request;
use crate::monitoring;
use crate::overlay;
use crate::release::{REFERENCE, RELEASES, Release};
use crate::rendered::{Object, build, containers_mut, environment_mut};
use crate::seeds::misspelt_name;
use crate::trial;
use crate::wait;

pub(crate) use cluster::Cluster;

/// How long a server that could copy nothing stays away from its clients.
const NOTHING_TO_COPY: Duration = Duration::from_secs(40);
/// The copy is made before the port opens; the other probes succeed a moment later.
const AT_ONCE: Duration = Duration::from_secs(15);
/// A start takes three to six seconds, several at once on two busy cores longer; and the above.
const READY_WITHIN: Duration = Duration::from_secs(130);
/// One interval, one refresh, and on a busy machine some air.
const COMPLETE_WITHIN: Duration = Duration::from_secs(30);
/// `responseCacheUpdateIntervalMs`, and some air.
const HANDED_OUT_WITHIN: Duration = Duration::from_secs(40);
/// A server's client registers at its start, and tries again when a peer has refused.
const REGISTERED_WITHIN: Duration = Duration::from_secs(60);
/// Between the end of that wait and what is seen of it.
const LATE_BY: Duration = Duration::from_secs(15);

/// An application that is nowhere else.
const DEMO: &str = "DEMO";

/// What happens to a cluster.
pub(crate) type Scenario = fn(&mut Cluster) -> Result<(), String>;

/// Two executions would share addresses.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The StatefulSet's life: alone, three, one replaced.
pub(crate) fn life() -> Result<(), String> {
    let mut cluster = Cluster::new("life", build("statefulset")?, release_named(REFERENCE));
    cluster.start(0)?;
    cluster.wait_ready(0, READY_WITHIN)?;
    cluster.wait_complete(COMPLETE_WITHIN)?;
    cluster.handed_out(0, DEMO)?;
    cluster.registry(0).register(DEMO, "demo-0");
    wait_handed_out(&cluster, 0, "demo-0");
    cluster.start(1)?;
    cluster.start(2)?;
    for ordinal in [1, 2] {
        cluster.wait_ready(ordinal, READY_WITHIN)?;
        // Whoever is in the Service for clients has copied the registry.
        cluster.registry(ordinal).knows("demo-0")?;
    }
    cluster.wait_complete(COMPLETE_WITHIN)?;
    for ordinal in [0, 2] {
        cluster.handed_out(ordinal, DEMO)?;
    }
    cluster.registry(2).register(DEMO, "demo-2");
    cluster.wait_known("demo-2", COMPLETE_WITHIN)?;
    succeeds(&cluster, &["check"])?;
    succeeds(&cluster, &["mesh"])?;
    monitoring::unknown_in(&cluster.sidecar(0).ask("/metrics")?.ok()?)?;
    wait_handed_out(&cluster, 0, "demo-2");
    wait_handed_out(&cluster, 2, "demo-2");
    cluster.terminate(1)?;
    cluster.start(1)?;
    cluster.wait_ready(1, READY_WITHIN)?;
    cluster.registry(1).knows("demo-2")?;
    cluster.wait_complete(COMPLETE_WITHIN).map(drop)
}

/// A server that starts while all its neighbours are unreachable, but listed: kept from its clients for
/// a while, in case that they only answer late, and not for ever. A neighbour that comes back copies it.
pub(crate) fn dead_peers(folder: &'static str, release: &'static str) -> Result<(), String> {
    let name = format!("dead-peers-{folder}-{release}");
    let mut cluster = Cluster::new(&name, build(folder)?, release_named(release));
    late(&mut cluster)?;
    cluster.handed_out(0, DEMO)?;
    cluster.registry(0).register(DEMO, "demo-0");
    wait_handed_out(&cluster, 0, "demo-0");
    cluster.start(1)?;
    let waited = joins_after(&mut cluster, 1)?;
    if waited > AT_ONCE {
        return Err(format!("with a living neighbour a server was away for {waited:?}"));
    }
    cluster.registry(1).knows("demo-0")?;
    cluster.wait_complete(COMPLETE_WITHIN).map(drop)
}

/// A server whose one neighbour is listed and unreachable joins its clients, late.
pub(crate) fn late(cluster: &mut Cluster) -> Result<(), String> {
    cluster.lose(1);
    cluster.start(0)?;
    let waited = joins_after(cluster, 0)?;
    if waited.abs_diff(NOTHING_TO_COPY) > LATE_BY {
        return Err(format!("joined its clients {waited:?} after it first answered"));
    }
    cluster.wait_complete(COMPLETE_WITHIN).map(drop)
}

/// A closed gate keeps a server from its clients and from nobody else: two servers that both have
/// nothing to give are in DNS, list each other, and replicate.
pub(crate) fn gated() -> Result<(), String> {
    let mut objects = build("statefulset")?;
    // It must not open while we look.
    variable_of(&mut objects, "EUREKA_SERVER_WAITTIMEINMSWHENSYNCEMPTY")?["value"] = Value::from("600000");
    let mut cluster = Cluster::new("gated", objects, release_named(REFERENCE));
    cluster.lose(2);
    for ordinal in [0, 1] {
        cluster.start(ordinal)?;
        let registry = cluster.registry(ordinal);
        wait::wait_for("the server answers", READY_WITHIN, || registry.replicas());
    }
    cluster.wait_complete(COMPLETE_WITHIN)?;
    cluster.registry(0).register(DEMO, "demo-0");
    cluster.wait_known("demo-0", COMPLETE_WITHIN)?;
    for ordinal in [0, 1] {
        match cluster.wait_ready(ordinal, Duration::ZERO) {
            Err(why) if why.contains("startupProbe") && why.contains("403") => {}
            other => return Err(format!("server {ordinal} is kept from its clients by {other:?}")),
        }
    }
    Ok(())
}

/// From the first answer of a server's port until it joins its clients.
fn joins_after(cluster: &mut Cluster, ordinal: u8) -> Result<Duration, String> {
    let registry = cluster.registry(ordinal);
    wait::wait_for("the server answers", READY_WITHIN, || registry.replicas());
    let answers = Instant::now();
    cluster.wait_ready(ordinal, READY_WITHIN)?;
    Ok(answers.elapsed())
}

/// Two pods of any folder with servers, one after the other, and then a mesh.
pub(crate) fn pair(folder: &'static str, release: &'static str) -> Result<(), String> {
    let mut cluster =
        Cluster::new(&format!("pair-{folder}-{release}"), build(folder)?, release_named(release));
    two(&mut cluster)?;
    succeeds(&cluster, &["mesh"])?;
    cluster.terminate(1)?;
    cluster.terminate(0)
}

/// As [`pair`], of a shape in which people have their manifests, with the overlay that fits it.
pub(crate) fn of_the_corpus(case: &'static str, release: &'static str) -> Result<(), String> {
    let objects = corpus::built(case)?;
    let mut cluster = Cluster::new(&format!("corpus-{case}-{release}"), objects, release_named(release));
    two(&mut cluster)?;
    succeeds(&cluster, &["check"])
}

/// As [`pair`], below an overlay that renames everything: host names, own URLs and lists agree.
pub(crate) fn renamed_pair(folder: &'static str, release: &'static str) -> Result<(), String> {
    let mut cluster = Cluster::new("renamed-pair", renamed(folder)?, release_named(release));
    two(&mut cluster)?;
    succeeds(&cluster, &["mesh"])
}

/// Pods of a folder below an overlay, without their servers: DNS knows the Service by its new name only,
/// and each pod publishes the others.
pub(crate) fn find_each_other(folder: &'static str) -> Result<(), String> {
    let mut cluster = Cluster::without_servers(&format!("renamed-{folder}"), renamed(folder)?);
    for ordinal in [0, 1, 2] {
        cluster.start(ordinal)?;
    }
    cluster.wait_published(COMPLETE_WITHIN).map(drop)
}

/// A folder below two overlays, as an operator has them.
fn renamed(folder: &str) -> Result<Vec<Object>, String> {
    overlay::build(folder, "executed", &["nameSuffix: -b", "namePrefix: prod-"])
}

/// An application that follows the servers, or is given them once.
pub(crate) fn client(folder: &'static str) -> Result<(), String> {
    let release = release_named(REFERENCE);
    let mut cluster = Cluster::new(&format!("client-{folder}"), build("statefulset")?, release);
    two(&mut cluster)?;
    let objects = build(folder)?;
    let mut application = cluster.start_guest(&objects, "orders")?;
    application.wait_ready(READY_WITHIN)?;
    let apps = Request::get("/eureka/apps/ORDERS");
    wait::wait_for("the application is registered", COMPLETE_WITHIN, || {
        apps.send(cluster.socket(1)).map_err(|error| error.to_string())?.ok()
    });
    application.check_alive()?;
    application.terminate()
}

/// A misspelt variable of the StatefulSet keeps the mesh from becoming complete, or lets a server serve
/// clients that has nothing to give them.
pub(crate) fn typo(variable: &'static str, scenario: Scenario) -> Result<(), String> {
    let mut objects = build("statefulset")?;
    variable_of(&mut objects, variable)?["name"] = Value::from(misspelt_name(variable));
    let mut cluster = Cluster::new(&format!("typo-{variable}"), objects, release_named(REFERENCE));
    match scenario(&mut cluster) {
        Ok(()) => Err(format!("nothing went wrong without {variable}")),
        Err(_) => Ok(()),
    }
}

/// Two servers, one after the other, that list and know each other.
pub(crate) fn two(cluster: &mut Cluster) -> Result<(), String> {
    cluster.start(0)?;
    cluster.wait_ready(0, READY_WITHIN)?;
    cluster.start(1)?;
    cluster.wait_ready(1, READY_WITHIN)?;
    cluster.wait_complete(COMPLETE_WITHIN)?;
    cluster.wait_registered(REGISTERED_WITHIN)
}

/// `kubectl exec`: the program runs in an image without a shell.
fn succeeds(cluster: &Cluster, arguments: &[&str]) -> Result<(), String> {
    let (code, said) = cluster.exec(0, arguments)?;
    if code == Some(0) { Ok(()) } else { Err(format!("{arguments:?} ended with {code:?}:\n{said}")) }
}

/// What a server hands out, to clients and to fresh servers alike, is up to 30 s old. What it is asked
/// for is made new all at once, from its first request on: ask once before there is anything.
fn wait_handed_out(cluster: &Cluster, ordinal: u8, id: &str) {
    wait::wait_for("a registration is handed out", HANDED_OUT_WITHIN, || {
        let handed_out = cluster.handed_out(ordinal, DEMO)?;
        if handed_out.contains(id) { Ok(()) } else { Err(format!("{ordinal} hides {id}")) }
    });
}

/// The entry of a variable of the StatefulSet.
fn variable_of<'a>(objects: &'a mut [Object], variable: &str) -> Result<&'a mut Value, String> {
    let workload = objects.iter_mut().find(|object| object.kind() == "StatefulSet");
    let pod = workload.and_then(Object::pod_mut).ok_or("no StatefulSet")?;
    let entries = containers_mut(pod).filter_map(environment_mut).flatten();
    let mut named = entries.filter(|entry| entry["name"].as_str() == Some(variable));
    named.next().ok_or_else(|| format!("there is no {variable}"))
}

fn release_named(name: &str) -> &'static Release {
    let release = RELEASES.iter().find(|release| release.name == name);
    release.expect("the tests of stock servers have this release")
}

/// One at a time, bounded, and without a process that outlives it.
pub(crate) fn alone_in_time(
    body: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Result<(), String> {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    trial::run(move || {
        if let Err(why) = body() {
            panic!("{why}");
        }
    })
}
