//! Additions close together, as a scale-up or a roll-out of several pods at once brings them.
//!
//! Prints how long each took from DNS until a server had it, and what a peer saw meanwhile of the servers'
//! own records; fails where a server was seen as anything but UP. How long it took is a figure of one machine at
//! one time, so it is printed and not judged.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::own_record::{Watch, wait_until_up};
use crate::cluster::Cluster;
use crate::pod::{PeerHost, Pod};
use crate::registry::Registry;
use crate::release::Release;

/// Servers that run; what joins them is in DNS and not up yet, as new pods are.
const SERVERS: u8 = 2;
/// Pods that join, one after the other.
const ADDITIONS: u8 = 5;
/// What lies between two of them.
const APART: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_millis(1_500)];
/// Bursts of each kind.
const ROUNDS: usize = 3;
/// Every addition is to be adopted within this time, whatever comes before and after it.
const ADOPTED_WITHIN: Duration = Duration::from_secs(2);
/// A burst in which something goes wrong ends all the same.
const BURST_WITHIN: Duration = Duration::from_secs(40);
/// From nothing left of it to a whole one.
const BUDGET_REFILLED_AFTER: Duration = Duration::from_secs(12);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// A server registers itself as soon as it is up, and at the latest with a heartbeat.
const REGISTERED_WITHIN: Duration = Duration::from_secs(70);
/// The client's own interval, and some more: whatever is told later was lost.
const SETTLED_AFTER: Duration = Duration::from_secs(8);

/// Five pods join two servers 0.3, 1 and 1.5 s apart.
pub(super) fn five_additions(release: &'static Release) {
    let mut cluster = Cluster::new(release, "bursts", PeerHost::Names);
    cluster.scale(SERVERS);
    cluster.wait_adopted();
    cluster.wait_shown();
    let watches: Vec<Watch> = (0..SERVERS).map(|ordinal| watch(&cluster, ordinal)).collect();
    let before = refreshes(&cluster);
    for apart in APART {
        let mut figures: Vec<Duration> = (0..ROUNDS).flat_map(|_| burst(&cluster, apart)).collect();
        figures.sort_unstable();
        let (median, longest) = (figures[figures.len() / 2], figures[figures.len() - 1]);
        let late = figures.iter().filter(|figure| **figure > ADOPTED_WITHIN).count();
        println!(
            "  {ADDITIONS} additions {apart:?} apart, {} figures: median {median:?}, longest {longest:?}, {late} over {ADOPTED_WITHIN:?}",
            figures.len()
        );
    }
    let made = refreshes(&cluster) - before;
    sleep(SETTLED_AFTER);
    let seen: Vec<_> = watches.into_iter().flat_map(Watch::end).collect();
    println!("  {made} refreshes; other than UP at the peer: {seen:?}");
    assert!(seen.is_empty(), "{seen:?}");
}

/// Looks at the record of one server of itself, as the next one has it.
fn watch(cluster: &Cluster, ordinal: u8) -> Watch {
    let id = cluster.server(ordinal).status().expect("an up server answers").instance_id;
    let peer = cluster.server((ordinal + 1) % SERVERS);
    wait_until_up(peer, &id, REGISTERED_WITHIN);
    Watch::begin(Registry::clone(peer), &id)
}

fn refreshes(cluster: &Cluster) -> u64 {
    (0..SERVERS).map(|ordinal| cluster.sidecar(ordinal).refreshes()).sum()
}

/// How long each addition took until each server had it; afterwards everything is as before.
fn burst(cluster: &Cluster, apart: Duration) -> Vec<Duration> {
    let pods: Vec<Pod> = (0..SERVERS + ADDITIONS).map(|ordinal| cluster.pod(ordinal)).collect();
    let begun = Instant::now();
    let mut due: Vec<(Duration, u8)> =
        (0..ADDITIONS).map(|nth| (apart * u32::from(nth), SERVERS + nth)).collect();
    due.reverse();
    let mut awaited: Vec<(Instant, u8, String)> = vec![];
    let mut figures = vec![];
    while !(due.is_empty() && awaited.is_empty()) {
        assert!(begun.elapsed() < BURST_WITHIN, "not adopted: {awaited:?}");
        if let Some((_, newest)) = due.pop_if(|(at, _)| *at <= begun.elapsed()) {
            cluster.set_pods(&pods[..=usize::from(newest)]);
            awaited.extend((0..SERVERS).map(|server| (Instant::now(), server, cluster.url(newest))));
        }
        for server in 0..SERVERS {
            let replicas = cluster.server(server).replicas().expect("an up server answers");
            awaited.retain(|(added, at, url)| {
                let is_adopted = *at == server && replicas.iter().any(|replica| replica == url);
                if is_adopted {
                    figures.push(added.elapsed());
                }
                !is_adopted
            });
        }
        sleep(LOOK);
    }
    cluster.tell_dns();
    cluster.wait_adopted();
    sleep(BUDGET_REFILLED_AFTER);
    figures
}
