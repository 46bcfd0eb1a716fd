//! DNS fails, or denies everything, while pods come and go: lists are held, and follow afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::dns_server::Mode;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::wait::{holds_for, wait_for};

/// Several questions go wrong in this time.
const OUTAGE: Duration = Duration::from_secs(8);
/// Silence is noticed after two tries of two seconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);
/// The longest wait between questions under failure, and then the way to adoption.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// Each kind of outage, and the condition under which the list is held.
const OUTAGES: [(Mode, &str); 6] = [
    (Mode::ServFail, "held_lookup_failed"),
    (Mode::Silent, "held_lookup_failed"),
    (Mode::Refused, "held_lookup_failed"),
    (Mode::NoSuchName, "held_empty"),
    (Mode::NoSuchNameWithoutSoa, "held_lookup_failed"),
    (Mode::NoData, "held_empty"),
];

/// Two servers; a third pod comes or goes in DNS behind each outage.
pub(super) fn failures_and_denials(release: &'static Release) {
    let mut cluster = Cluster::new(release, "dns_outage", PeerHost::Names);
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.wait_shown();
    let pods = [cluster.pod(0), cluster.pod(1), cluster.pod(2)];
    for (nth, (mode, condition)) in OUTAGES.into_iter().enumerate() {
        let before = seen(&cluster);
        cluster.dns.set_mode(mode);
        let joins = nth % 2 == 0;
        cluster.set_pods(if joins { &pods } else { &pods[..2] });
        expect_held(&cluster, mode, condition, &before);
        cluster.dns.set_mode(Mode::Normal);
        let third = joins.then(|| cluster.url(2));
        let ((), after) = wait_for("both lists follow", RECOVERED_WITHIN, || {
            [(0, 1), (1, 0)].into_iter().try_for_each(|(ordinal, other)| {
                let peers: Vec<String> = [cluster.url(other)].into_iter().chain(third.clone()).collect();
                cluster.has_peers(ordinal, &peers)
            })
        });
        println!("  {mode:?}: adopted {after:?} after its end");
        cluster.wait_shown();
    }
    cluster.exchange_registrations();
}

/// What an outage must not change at either server.
fn seen(cluster: &Cluster) -> [(BTreeSet<String>, String, u64); 2] {
    [0, 1].map(|ordinal| {
        let replicas = cluster.server(ordinal).replicas().expect("an up server answers");
        let sidecar = cluster.sidecar(ordinal);
        (replicas, sidecar.published(), sidecar.refreshes())
    })
}

fn expect_held(
    cluster: &Cluster,
    mode: Mode,
    condition: &str,
    before: &[(BTreeSet<String>, String, u64); 2],
) {
    wait_for("the hold is visible", NOTICED_WITHIN, || {
        cluster.sidecar(0).condition(condition)?.ok_or_else(|| format!("{mode:?}: no {condition}"))
    });
    holds_for("nothing changes while nothing is known", OUTAGE, || {
        let now = seen(cluster);
        if now == *before { Ok(()) } else { Err(format!("{mode:?}: {now:?} instead of {before:?}")) }
    });
    for path in ["/readyz", "/livez"] {
        assert_eq!(cluster.sidecar(0).probe(path), Ok(200), "{path} during {mode:?}");
    }
}
