//! Clients in other languages, as their users run them, stay registered while servers come and go.

use std::time::Duration;

use crate::beside::Lookout;
use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::real_clients::{RealClient, javascript, python};
use crate::registry::Registry;
use crate::release::Release;
use crate::wait::wait_for;

/// Clients renew each five seconds; a new server learns of them from its neighbours or by a renewal.
const KNOWN_WITHIN: Duration = Duration::from_secs(40);
/// Shorter than any loss.
const WATCHED_EVERY: Duration = Duration::from_millis(100);
/// Enough to see what happened.
const LOSSES_KEPT: usize = 8;

/// Two clients through 3 → 1 → 3, the flush included: the server that stays never loses them.
pub(super) fn stay_registered(release: &'static Release) {
    let mut cluster = Cluster::new(release, "real_clients", PeerHost::Addresses);
    cluster.scale(3);
    cluster.wait_adopted();
    // The server that stays comes last: the clients have to find it when the others go.
    let urls = [cluster.url(2), cluster.url(1), cluster.url(0)];
    let directory = cluster.pod(0).file("clients");
    let clients = [python(&directory, &urls), javascript(&directory, &urls)];
    expect_known(&cluster, &clients);
    let watch = watch(cluster.server(0), &clients);
    for count in [1, 3] {
        cluster.scale(count);
        cluster.wait_adopted();
        expect_known(&cluster, &clients);
    }
    let losses = watch.end();
    assert!(losses.is_empty(), "{losses:?}");
}

fn expect_known(cluster: &Cluster, clients: &[RealClient]) {
    for client in clients {
        let what = format!("{} is registered everywhere", client.instance_id);
        let ((), after) = wait_for(&what, KNOWN_WITHIN, || cluster.everyone_knows(client.instance_id));
        println!("  {what} after {after:?}");
    }
}

/// Looks at one server all the time; what it says of a client that it does not know.
fn watch(registry: &Registry, clients: &[RealClient]) -> Lookout<Vec<String>> {
    let ids: Vec<&'static str> = clients.iter().map(|client| client.instance_id).collect();
    let registry = registry.clone();
    Lookout::begin(WATCHED_EVERY, move |losses: &mut Vec<String>| {
        if losses.len() < LOSSES_KEPT {
            losses.extend(ids.iter().filter_map(|id| registry.knows(id).err()));
        }
    })
}
