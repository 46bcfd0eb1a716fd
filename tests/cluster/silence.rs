//! A start while DNS says nothing: what ends the wait, and how soon.

use std::time::{Duration, Instant};

use crate::change::{hasten, set};
use crate::ground;
use crate::pod::{Pod, SIDECAR};
use crate::shop::Shop;
use crate::wait;

/// From DNS's first answer to `/startupz` 200: asking backs off to five seconds at most.
const KNOWN_WITHIN: Duration = Duration::from_secs(6);
/// The kubelet asks each second, and tells it to the API server.
const STARTED_WITHIN: Duration = Duration::from_secs(5);
/// Until pods are scheduled and their sidecars run.
const RUNS_WITHIN: Duration = Duration::from_secs(90);

/// DNS takes questions and answers none, and speaks again after two minutes.
pub(crate) fn two_minutes(shop: &mut Shop<'_>) -> Result<(), String> {
    shop.ground.borrow().silence_dns();
    let waiting = begin(shop, 3)?;
    wait::throughout("nobody starts while DNS is silent", Duration::from_secs(120), || {
        all_wait(shop, waiting)
    })?;
    shop.ground.borrow().go_on_with_dns();
    let name = format!("eureka.{}.svc.cluster.local", shop.namespace());
    ground::wait_for_dns(&name)?;
    let back = Instant::now();
    let pods = shop.pods()?;
    let ((), known) =
        wait::closely("every /startupz is 200", KNOWN_WITHIN, || pods.iter().try_for_each(Pod::startupz))?;
    println!("    every /startupz 200 {known:.1?} after DNS's first answer");
    let ((), took) = wait::until("every sidecar is started", STARTED_WITHIN, || {
        let pods = shop.pods()?;
        let started = pods.iter().filter(|pod| pod.sidecar_is_started()).count();
        if started == waiting { Ok(()) } else { Err(format!("{started} of {waiting}")) }
    })?;
    println!("    the kubelets had seen it {took:.1?} later");
    let restarts: u64 = shop.pods()?.iter().map(Pod::sidecar_restarts).sum();
    shop.wait_for_mesh(waiting)?;
    println!("    full mesh {:.0?} after that; sidecars restarted {restarts} times", back.elapsed());
    if restarts == 0 { Ok(()) } else { Err(format!("the kubelet restarted sidecars {restarts} times")) }
}

/// An operator who knows that there is nobody else, while there is no DNS.
pub(crate) fn accept_empty(shop: &mut Shop<'_>) -> Result<(), String> {
    shop.ground.borrow_mut().stop_dns();
    begin(shop, 1)?;
    wait::throughout("it waits", Duration::from_secs(15), || all_wait(shop, 1))?;
    let pods = shop.pods()?;
    let pod = pods.first().ok_or("no pod")?;
    let program = "/usr/bin/eureka-peers";
    let said = shop.by_hand(&["exec", pod.name(), "-c", SIDECAR, "--", program, "accept", "--empty"])?;
    println!("        {}", said.trim());
    let ((), took) = wait::until("the sidecar is started", STARTED_WITHIN, || {
        let pods = shop.pods()?;
        if pods.iter().any(Pod::sidecar_is_started) { Ok(()) } else { Err("it waits".to_owned()) }
    })?;
    println!("    the wait ended {took:.1?} after `accept --empty`");
    let took = shop.wait_for_mesh(1)?;
    println!("    ready, alone, after {took:.0?} more, while DNS is silent");
    Ok(())
}

/// Installs servers while DNS is silent; they are there, and wait.
fn begin(shop: &mut Shop<'_>, count: usize) -> Result<usize, String> {
    shop.apply("statefulset", |object| {
        set(object, "StatefulSet", &["spec", "replicas"], count as u64);
        hasten(object);
    })?;
    wait::until("the pods' sidecars run", RUNS_WITHIN, || all_wait(shop, count))?;
    Ok(count)
}

/// Whether this many pods are there, and no server has been started.
pub(crate) fn all_wait(shop: &Shop<'_>, count: usize) -> Result<(), String> {
    let pods = shop.pods()?;
    let waiting = pods.iter().filter(|pod| pod.waits() && !pod.server_was_started()).count();
    wait::is_so(waiting == count, || format!("{:?}", pods.iter().map(Pod::brief).collect::<Vec<_>>()))
}
