//! One letter wrong in the Service's name, rolled out: it must stop at the first pod, say why, and be got out of.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::change::{for_container, hasten, set, set_variable};
use crate::install::{install, order};
use crate::pod::{Pod, SIDECAR};
use crate::rendered::Object;
use crate::shop::Shop;
use crate::wait;

/// The setting that is wrong.
const SETTING: &str = "EUREKA_PEERS_SERVICE";
/// `eureka` with a slip.
pub(crate) const NO_SERVICE: &str = "eurekq";
/// A Service that is there, and has one address for all: the clients'.
pub(crate) const NOT_HEADLESS: &str = "eureka-registry";
/// How long the sidecar may wait here before the kubelet ends it; the manifests give it ten minutes.
const PATIENCE: u64 = 60;
/// From the roll-out to the first pod that waits: the old one has 5 s of `preStop` and Spring's end before it.
const STUCK_WITHIN: Duration = Duration::from_secs(180);
/// The kubelet's first two ends of the sidecar, its pauses included.
const WATCHED: Duration = Duration::from_secs(100);
/// Whether a controller replaces the pod that waits by itself.
const REPLACED_WITHIN: Duration = Duration::from_secs(45);

/// Servers that start one after the other, as soon as may be.
pub(crate) fn in_order(object: &mut Object) {
    hasten(object);
    order(object);
}

/// What all of this is about: where a start does not wait, a server that knows no peer takes clients.
pub(crate) fn published(shop: &mut Shop<'_>) -> Result<(), String> {
    install(shop, "deployment", hasten, 3)?;
    shop.wait_until_available(3)?;
    let old: BTreeSet<String> = shop.pods()?.iter().map(|pod| pod.name().to_owned()).collect();
    shop.apply("deployment", |object| {
        hasten(object);
        set_variable(object, SIDECAR, SETTING, NO_SERVICE);
        set_variable(object, SIDECAR, "EUREKA_PEERS_ON_DEADLINE", "publish");
    })?;
    let limit = crate::shop::READY_WITHIN;
    let ((), took) = wait::until("clients are sent to a server that knows no peer", limit, || {
        let sent = shop.clients_are_sent_to()?;
        wait::is_so(sent.difference(&old).next().is_some(), || format!("clients are sent to {sent:?}"))
    })?;
    println!("    with `publish`, clients were sent to a server that knows no peer after {took:.0?}");
    Ok(())
}

/// The Service's port gets another name, and then one more server is wanted.
pub(crate) fn port_name(shop: &mut Shop<'_>) -> Result<(), String> {
    let two = |object: &mut Object| {
        hasten(object);
        set(object, "StatefulSet", &["spec", "replicas"], 2);
    };
    install(shop, "statefulset", two, 2)?;
    shop.wait_until_available(2)?;
    rename_port(shop, "web")?;
    shop.by_hand(&["scale", "statefulset/eureka", "--replicas=3"])?;
    let newest = || Ok::<_, String>(shop.pods()?.into_iter().find(|pod| pod.name() == "eureka-2"));
    wait::until("the new server waits", STUCK_WITHIN, || match newest()? {
        Some(pod) if pod.waits() => Ok(()),
        _ => Err("it does not".to_owned()),
    })?;
    wait::throughout("the new server waits", WATCHED, || {
        let (pods, new) = (shop.pods()?, newest()?.ok_or("the new pod is gone")?);
        if new.server_was_started() {
            return Err(new.brief());
        }
        whole(shop, &pods.into_iter().filter(|pod| pod.name() != new.name()).collect::<Vec<_>>(), 2)
    })?;
    println!("    the new server waits; 2 old ones are whole");
    rename_port(shop, "http")?;
    let took = shop.wait_for_mesh(3)?;
    println!("    full mesh {took:.0?} after the port had its name again");
    Ok(())
}

/// Gives the first port of the headless Service this name.
fn rename_port(shop: &Shop<'_>, name: &str) -> Result<(), String> {
    let patch = format!(r#"[{{"op": "replace", "path": "/spec/ports/0/name", "value": "{name}"}}]"#);
    shop.by_hand(&["patch", "service", "eureka", "--type=json", "--patch", &patch]).map(drop)
}

/// A template with the wrong name is rolled out over a folder as `edit` has it, stands, and is corrected.
pub(crate) fn typo(
    shop: &mut Shop<'_>,
    folder: &str,
    edit: fn(&mut Object),
    count: usize,
    wrong: &str,
) -> Result<(), String> {
    install(shop, folder, edit, count)?;
    shop.wait_until_available(count)?;
    let old: BTreeSet<String> = shop.pods()?.iter().map(|pod| pod.uid().to_owned()).collect();
    shop.apply(folder, |object| {
        edit(object);
        set_variable(object, SIDECAR, SETTING, wrong);
        for_container(object, SIDECAR, |sidecar| {
            sidecar["startupProbe"]["failureThreshold"] = PATIENCE.into();
        });
    })?;
    let new =
        |pods: &[Pod]| -> Vec<Pod> { pods.iter().filter(|pod| !old.contains(pod.uid())).cloned().collect() };
    wait::until("the first new pod waits", STUCK_WITHIN, || {
        let new = new(&shop.pods()?);
        wait::is_so(new.iter().any(Pod::waits), || {
            format!("{:?}", new.iter().map(Pod::brief).collect::<Vec<_>>())
        })
    })?;
    let left = if shop.workload().kind() == "Deployment" { count } else { count - 1 };
    let mut said = None;
    wait::throughout("the roll-out stands", WATCHED, || {
        let pods = shop.pods()?;
        let (new, kept) =
            (new(&pods), pods.iter().filter(|pod| old.contains(pod.uid())).cloned().collect::<Vec<_>>());
        if new.len() != 1 || new[0].server_was_started() || new[0].is_ready() {
            return Err(format!("new pods: {:?}", new.iter().map(Pod::brief).collect::<Vec<_>>()));
        }
        said = new[0].last_words().map(str::to_owned).or(said.take());
        whole(shop, &kept, left)
    })?;
    println!("    it stands at the first pod; {left} old servers are whole");
    let stuck = new(&shop.pods()?);
    let stuck = stuck.first().ok_or("the waiting pod is gone")?;
    explained(shop, stuck, said.as_deref(), wrong)?;
    repair(shop, folder, edit, count, stuck)
}

/// The old servers know each other, and clients are sent to them alone.
fn whole(shop: &Shop<'_>, kept: &[Pod], left: usize) -> Result<(), String> {
    let names: BTreeSet<String> = kept.iter().map(|pod| pod.name().to_owned()).collect();
    let sent = shop.clients_are_sent_to()?;
    if kept.len() != left || sent != names {
        return Err(format!("{} old pods; clients are sent to {sent:?}", kept.len()));
    }
    shop.know_each_other(kept, false)
}

/// `kubectl describe pod` says why.
fn explained(shop: &Shop<'_>, stuck: &Pod, said: Option<&str>, wrong: &str) -> Result<(), String> {
    let described = shop.by_hand(&["describe", "pod", stuck.name()])?;
    let said = said.ok_or_else(|| format!("no last words of the sidecar in:\n{described}"))?;
    let line = said.lines().next_back().unwrap_or_default().trim();
    println!("        Last State, Message, last line: {line}");
    // The kubelet writes into /etc/hosts which Service governs a pod.
    let log = shop.kubectl(&["logs", stuck.name(), "--container", SIDECAR])?;
    if shop.workload().kind() == "StatefulSet" && !log.contains("this pod belongs to the Service eureka.") {
        return Err(format!("the start does not say which Service the pod belongs to:\n{log}"));
    }
    // `describe` breaks no line, but indents.
    if line.contains(wrong) && described.contains(line) {
        return Ok(());
    }
    Err(format!("{line:?} does not name {wrong:?}, or is not in:\n{described}"))
}

/// The template is corrected; where the controller leaves the waiting pod alone, it is deleted.
fn repair(
    shop: &mut Shop<'_>,
    folder: &str,
    edit: fn(&mut Object),
    count: usize,
    stuck: &Pod,
) -> Result<(), String> {
    let begun = Instant::now();
    shop.apply(folder, edit)?;
    println!("      $ kubectl apply (the corrected template)");
    let replaced = wait::until("the waiting pod is replaced", REPLACED_WITHIN, || {
        let is_there = shop.pods()?.iter().any(|pod| pod.uid() == stuck.uid());
        if is_there { Err("it is there".to_owned()) } else { Ok(()) }
    });
    if let Ok(((), took)) = replaced {
        println!("    the controller replaced the waiting pod by itself, {took:.0?} later");
    } else {
        println!("    the controller leaves the waiting pod alone");
        shop.delete(&[stuck])?;
    }
    shop.wait_for_mesh(count)?;
    println!("    repaired: full mesh {:.0?} after the correction", begun.elapsed());
    Ok(())
}
