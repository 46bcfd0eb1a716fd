//! The call that makes a server adopt its list: slow, hanging, and asked for too often.

use std::thread::sleep;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::{PeerHost, Pod};
use crate::proxy::{Manner, Proxy};
use crate::release::Release;
use crate::sidecar::MANAGEMENT;
use crate::wait::wait_for;

/// What a slow actuator takes.
const SLOW: Duration = Duration::from_secs(4);
/// Past the time after which a server is taken for one that cannot say what it has, and several of the
/// spacings between refreshes.
const UNHEARD_FOR: Duration = Duration::from_secs(25);
/// Shorter than the bound on a refresh.
const HANGING: Duration = Duration::from_secs(8);
/// A call in flight is cut to five seconds when something newer waits.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);
/// The rest of a call in flight, and the longest wait between two tries.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// Changes of the storm, and what lies between two of them: 60 in 20 s.
const STORM_CHANGES: u8 = 60;
const STORM_PAUSE: Duration = Duration::from_millis(333);
/// A budget of six, one more each two of 20 s, and one for what the storm leaves behind.
const STORM_REFRESHES_MAX: u64 = 17;
/// Pods whose names come and go in a storm.
const STORM_PODS: u8 = 6;

/// A server that takes its time adopts, and is not called twice.
pub(super) fn slow_server(release: &'static Release) {
    let (cluster, proxy) = behind_proxy(release, "slow_server");
    let before = cluster.sidecar(0).refreshes();
    proxy.set(Manner::Slow(SLOW));
    cluster.set_pods([&cluster.pod(0), &cluster.pod(1)]);
    let adopted = cluster.wait_for_peers(0, &[cluster.url(1)]);
    println!("  adopted after {adopted:?}, with a server that takes {SLOW:?}");
    sleep(SLOW);
    assert_eq!(cluster.sidecar(0).refreshes() - before, 1, "one change, one call");
}

/// A server that tells what it has too late to be heard is told of each change once, and believed again
/// when it is heard.
pub(super) fn slow_status(release: &'static Release) {
    let mut cluster = Cluster::new(release, "slow_status", PeerHost::Names);
    let proxy = Proxy::start(cluster.pod(0).socket(release.port()));
    cluster.sidecar.status = Some(proxy.address());
    cluster.scale(1);
    wait_for("the first word", RECOVERED_WITHIN, || cluster.sidecar(0).is_adopted());
    let before = cluster.sidecar(0).refreshes();
    proxy.set(Manner::Slow(SLOW));
    cluster.set_pods([&cluster.pod(0), &cluster.pod(1)]);
    cluster.wait_for_peers(0, &[cluster.url(1)]);
    sleep(UNHEARD_FOR);
    assert_eq!(cluster.sidecar(0).refreshes() - before, 1, "one change, one call");
    proxy.set(Manner::Pass);
    wait_for("it is heard again", RECOVERED_WITHIN, || cluster.sidecar(0).is_adopted());
    assert_eq!(cluster.sidecar(0).refreshes() - before, 1, "one change, one call");
}

/// A server that hangs is waited for; the file follows meanwhile, and the newest list wins.
pub(super) fn hanging_server(release: &'static Release) {
    let (cluster, proxy) = behind_proxy(release, "hanging_server");
    let pods = [cluster.pod(0), cluster.pod(1), cluster.pod(2)];
    proxy.set(Manner::Hang);
    for count in [2, 3] {
        cluster.set_pods(&pods[..count]);
        let newest = cluster.url(u8::try_from(count - 1).expect("three pods"));
        wait_for("the file follows behind a hanging call", PUBLISHED_WITHIN, || {
            let file = cluster.sidecar(0).published();
            if file.contains(&newest) { Ok(()) } else { Err(file) }
        });
        sleep(HANGING);
    }
    for path in ["/readyz", "/livez"] {
        assert_eq!(cluster.sidecar(0).probe(path), Ok(200), "{path} behind a hanging call");
    }
    proxy.set(Manner::Pass);
    let peers = [cluster.url(1), cluster.url(2)];
    let ((), after) = wait_for("the newest list wins", RECOVERED_WITHIN, || cluster.has_peers(0, &peers));
    println!("  adopted {after:?} after the server had come to itself");
}

/// 60 changes in 20 seconds cost no more refreshes than their budget, and end with the last list.
pub(super) fn storm(release: &'static Release) {
    let mut cluster = Cluster::new(release, "storm", PeerHost::Names);
    cluster.scale(1);
    let before = cluster.sidecar(0).refreshes();
    let all: Vec<Pod> = (0..=STORM_PODS).map(|ordinal| cluster.pod(ordinal)).collect();
    for change in 1..=STORM_CHANGES {
        cluster.set_pods(in_storm(change).map(|ordinal| &all[usize::from(ordinal)]));
        sleep(STORM_PAUSE);
    }
    let peers: Vec<String> = in_storm(STORM_CHANGES).skip(1).map(|ordinal| cluster.url(ordinal)).collect();
    let after = cluster.wait_for_peers(0, &peers);
    let refreshes = cluster.sidecar(0).refreshes() - before;
    println!("  {refreshes} refreshes for {STORM_CHANGES} changes; the last list {after:?} after its change");
    assert!(refreshes <= STORM_REFRESHES_MAX, "{refreshes} refreshes");
}

/// The pods of one moment: self, and those whose bit is set.
fn in_storm(change: u8) -> impl Iterator<Item = u8> {
    (0..=STORM_PODS).filter(move |ordinal| *ordinal == 0 || change & (1 << (ordinal - 1)) != 0)
}

/// One pod, alone, whose actuator is reached through a proxy.
fn behind_proxy(release: &'static Release, scenario: &str) -> (Cluster, Proxy) {
    let mut cluster = Cluster::new(release, scenario, PeerHost::Names);
    let proxy = Proxy::start(cluster.pod(0).socket(MANAGEMENT));
    cluster.sidecar.actuator = Some(proxy.address());
    cluster.scale(1);
    (cluster, proxy)
}
