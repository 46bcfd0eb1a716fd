//! From an addition in an uncached DNS to a complete mesh, by every server's own word: how long it
//! takes, and what it costs.
//!
//! Prints times; fails by counts, and where a time is no question of how busy the machine is.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::pod::{PeerHost, Pod};
use crate::release::Release;
use crate::wait::wait_for;

/// Additions that are measured.
const ADDITIONS: usize = 30;
/// Servers; the youngest leaves DNS and comes back.
const SERVERS: u8 = 3;
/// A removal waits for five seconds after the refresh before it; an addition waits for no removal.
const REMOVAL_AFTER: Duration = Duration::from_millis(5200);
/// Until two answers in a row have lacked a peer, and the refresh that follows has ended.
const REMOVED_AFTER: Duration = Duration::from_secs(4);
/// What design promises of the slowest; here of the middle one, which no load of the machine excuses.
const MEDIAN_MAX: Duration = Duration::from_secs(2);
/// A server registers with itself or its peer as soon as it is up, and at the latest with a heartbeat.
const REGISTERED_WITHIN: Duration = Duration::from_secs(70);
/// The refresh that does it takes three seconds and more.
const CANCELLED_WITHIN: Duration = Duration::from_secs(30);
/// What every server logs of a registration that ends (`AbstractInstanceRegistry.internalCancel`).
const CANCELLED: &str = "Cancelled instance ";

/// One server of three joins thirty times: every list is right within the promised time, each change
/// costs one refresh, and nobody's own registration is ever cancelled.
pub(super) fn thirty(release: &'static Release) {
    let mut cluster = Cluster::new(release, "additions", PeerHost::Names);
    cluster.scale(SERVERS);
    cluster.wait_adopted();
    cluster.wait_shown();
    let before: Vec<Books> = cluster.pods.keys().map(|ordinal| Books::of(&cluster, *ordinal)).collect();
    let pods: Vec<Pod> = (0..SERVERS).map(|ordinal| cluster.pod(ordinal)).collect();
    let mut figures: Vec<Duration> = (0..ADDITIONS).map(|_| remove_and_add(&cluster, &pods)).collect();
    figures.sort_unstable();
    tell(&figures, release);
    cluster.wait_shown();
    for (ordinal, before) in (0..).zip(&before) {
        before.balance(&cluster, ordinal, release);
    }
    expect_nobody_cancelled(&cluster);
    cluster.exchange_registrations();
}

/// Says how long it took from the addition in DNS until every server had it.
fn remove_and_add(cluster: &Cluster, pods: &[Pod]) -> Duration {
    let (youngest, others) = pods.split_last().expect("there are several");
    let begun = Instant::now();
    cluster.set_pods(others);
    for ordinal in 0..youngest.ordinal {
        let peers = others.iter().filter(|pod| pod.ordinal != ordinal).map(|pod| cluster.url(pod.ordinal));
        cluster.wait_for_peers(ordinal, &peers.collect::<Vec<_>>());
    }
    sleep(REMOVED_AFTER.saturating_sub(begun.elapsed()));
    let added = Instant::now();
    cluster.set_pods(pods);
    let figure = cluster.wait_adopted();
    sleep(REMOVAL_AFTER.saturating_sub(added.elapsed()));
    figure
}

fn tell(sorted: &[Duration], release: &Release) {
    let percentile = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1];
    let median = percentile(50);
    println!(
        "  {} additions: median {median:?}, p90 {:?}, p99 {:?}, longest {:?}, shortest {:?}",
        sorted.len(),
        percentile(90),
        percentile(99),
        percentile(100),
        sorted[0]
    );
    // The WAR takes its list over in passes of its own.
    assert!(!release.is_refreshed() || median <= MEDIAN_MAX, "median {median:?}: {sorted:?}");
}

/// What a program has counted.
#[derive(Debug)]
struct Books {
    refreshes: u64,
    changes: u64,
    retries: u64,
}

impl Books {
    fn of(cluster: &Cluster, ordinal: u8) -> Self {
        let sidecar = cluster.sidecar(ordinal);
        Self {
            refreshes: sidecar.refreshes(),
            changes: sidecar.changes(),
            retries: sidecar.counted_retries(),
        }
    }

    /// Refreshes since then are no more than changes and counted retries; nobody was alone, so there
    /// was no flush.
    fn balance(&self, cluster: &Cluster, ordinal: u8, release: &Release) {
        let now = Self::of(cluster, ordinal);
        let refreshes = now.refreshes - self.refreshes;
        let (changes, retries) = (now.changes - self.changes, now.retries - self.retries);
        println!(
            "  pod {ordinal}: {refreshes} refreshes for {changes} changes and {retries} counted retries"
        );
        assert!(refreshes <= changes + retries, "pod {ordinal}: {now:?} after {self:?}");
        // The one that leaves DNS sees the same peers all the time.
        let changes_min = if ordinal == SERVERS - 1 { 0 } else { 2 * ADDITIONS };
        assert!(changes >= changes_min as u64, "pod {ordinal}: {now:?} after {self:?}");
        assert!(!release.is_refreshed() || refreshes >= changes_min as u64, "pod {ordinal}: {now:?}");
    }
}

/// In no server's log does a server's own registration end.
fn expect_nobody_cancelled(cluster: &Cluster) {
    for containers in cluster.pods.values() {
        let log = containers.server().log();
        let cancelled: Vec<&str> = log.lines().filter(|line| line.contains(CANCELLED)).collect();
        assert!(cancelled.is_empty(), "{cancelled:#?}");
    }
}

/// The control: with Eureka's own default the very first refresh does cancel it.
pub(super) fn with_client_refresh(release: &'static Release) {
    let mut cluster = Cluster::new(release, "with_client_refresh", PeerHost::Names);
    cluster.server = cluster.server.clone().with("EUREKA_CLIENT_REFRESH_ENABLE", "true");
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.wait_shown();
    let own = cluster.server(0).status().expect("an up server answers").instance_id;
    wait_for("there is something to cancel", REGISTERED_WITHIN, || cluster.everyone_knows(&own));
    cluster.set_pods([&cluster.pod(0), &cluster.pod(1), &cluster.pod(2)]);
    let is_own = |line: &str| line.contains(CANCELLED) && line.contains(&own);
    wait_for("its registration is cancelled", CANCELLED_WITHIN, || {
        let log = cluster.server(0).log() + &cluster.server(1).log();
        if log.lines().any(is_own) { Ok(()) } else { Err("not a word of it".to_owned()) }
    });
}
