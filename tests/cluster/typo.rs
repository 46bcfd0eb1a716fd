//! One letter wrong in the Service's name, rolled out: it must stop at the first pod, say why, and be got out of.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::change::{for_container, hasten, set_variable};
use crate::ground::NODES;
use crate::install::{install, order};
use crate::rendered::Object;
use crate::shop::{Pod, SIDECAR, Shop};
use crate::wait;

/// The setting, and what is rolled out instead of `eureka`.
const WRONG: (&str, &str) = ("EUREKA_PEERS_SERVICE", "eurekq");
/// How long the sidecar may wait here before the kubelet ends it; the manifests give it ten minutes.
const PATIENCE: u64 = 60;
/// From the roll-out to the first pod that waits: the old one has 5 s of `preStop` and Spring's end before it.
const STUCK_WITHIN: Duration = Duration::from_secs(180);
/// The kubelet's first two ends of the sidecar, its pauses included.
const WATCHED: Duration = Duration::from_secs(100);
/// Whether a controller replaces the pod that waits by itself.
const REPLACED_WITHIN: Duration = Duration::from_secs(45);

pub(crate) fn statefulset(shop: &mut Shop<'_>) -> Result<(), String> {
    typo(shop, "statefulset", hasten, 3)
}

pub(crate) fn ordered_ready(shop: &mut Shop<'_>) -> Result<(), String> {
    typo(
        shop,
        "statefulset",
        |object| {
            hasten(object);
            order(object);
        },
        3,
    )
}

pub(crate) fn deployment(shop: &mut Shop<'_>) -> Result<(), String> {
    typo(shop, "deployment", hasten, 3)
}

pub(crate) fn daemonset(shop: &mut Shop<'_>) -> Result<(), String> {
    typo(shop, "daemonset", hasten, NODES)
}

fn typo(shop: &mut Shop<'_>, folder: &str, edit: fn(&mut Object), count: usize) -> Result<(), String> {
    install(shop, folder, edit, count)?;
    let old: BTreeSet<String> = shop.pods()?.iter().map(|pod| pod.uid().to_owned()).collect();
    shop.apply(folder, |object| {
        edit(object);
        set_variable(object, SIDECAR, WRONG.0, WRONG.1);
        for_container(object, SIDECAR, |sidecar| {
            sidecar["startupProbe"]["failureThreshold"] = PATIENCE.into()
        });
    })?;
    let new =
        |pods: &[Pod]| -> Vec<Pod> { pods.iter().filter(|pod| !old.contains(pod.uid())).cloned().collect() };
    wait::until("the first new pod waits", STUCK_WITHIN, || {
        let new = new(&shop.pods()?);
        if new.iter().any(Pod::waits) {
            Ok(())
        } else {
            Err(format!("{:?}", new.iter().map(Pod::brief).collect::<Vec<_>>()))
        }
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
    explained(shop, stuck, said.as_deref())?;
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
fn explained(shop: &Shop<'_>, stuck: &Pod, said: Option<&str>) -> Result<(), String> {
    let described = shop.by_hand(&["describe", "pod", stuck.name()])?;
    let said = said.ok_or_else(|| format!("no last words of the sidecar in:\n{described}"))?;
    let line = said.lines().next_back().unwrap_or_default().trim();
    println!("        Last State, Message, last line: {line}");
    // `describe` breaks no line, but indents.
    if line.contains(WRONG.1) && described.contains(line) {
        return Ok(());
    }
    Err(format!("{line:?} does not name {:?}, or is not in:\n{described}", WRONG.1))
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
    match replaced {
        Ok(((), took)) => println!("    the controller replaced the waiting pod by itself, {took:.0?} later"),
        Err(_) => {
            println!("    the controller leaves the waiting pod alone");
            shop.delete(&[stuck])?;
        }
    }
    shop.wait_for_mesh(count)?;
    println!("    repaired: full mesh {:.0?} after the correction", begun.elapsed());
    Ok(())
}
