//! A list that something in the server masks: said plainly, with its reason, and no refresh storm.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::trial::{holds_for, wait_for};

/// What many images and manifests set, and what wins over every file.
const MASK: &str = "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE";
/// One refresh and two counted retries.
const REFRESHES_A_LIST: u64 = 3;
/// Three refreshes, five seconds and more apart.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(60);
/// Long enough for a loop to show.
const QUIET_FOR: Duration = Duration::from_secs(15);

/// The variable that the documentation says to remove was left in place.
pub(super) fn by_the_environment(release: &'static Release) {
    let mut cluster = Cluster::new(release, "masked", PeerHost::Names);
    let unmasked = cluster.server.clone();
    cluster.server = unmasked.clone().with(MASK, "http://127.0.0.1:8761/eureka/");
    cluster.scale(1);
    let pods = [cluster.pod(0), cluster.pod(1), cluster.pod(2)];
    cluster.dns.set(&pods[..2]);
    expect_given_up(&cluster, REFRESHES_A_LIST);
    // Another list is another try, as bounded as the first.
    cluster.dns.set(&pods);
    let peers = [cluster.url(1), cluster.url(2)];
    wait_for("the file follows all the same", GIVEN_UP_WITHIN, || {
        let file = cluster.sidecar(0).published();
        if peers.iter().all(|peer| file.contains(peer)) { Ok(()) } else { Err(file) }
    });
    expect_given_up(&cluster, 2 * REFRESHES_A_LIST);
    cluster.server = unmasked;
    cluster.containers(0).server.take().expect("it runs").terminate();
    cluster.start_server(0);
    cluster.wait_up(0);
    cluster.wait_for_peers(0, &peers);
    wait_for("the condition is lifted", GIVEN_UP_WITHIN, || match not_adopted(&cluster)? {
        None => Ok(()),
        Some(message) => Err(message),
    });
}

/// Where `env` is exposed, the very source is named, and nobody has to guess.
pub(super) fn and_shown(release: &'static Release) {
    let mut cluster = Cluster::new(release, "masked_and_shown", PeerHost::Names);
    let exposed =
        cluster.server.clone().with("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "env,health,refresh");
    cluster.server = exposed.with(MASK, "http://127.0.0.1:8761/eureka/");
    cluster.scale(1);
    cluster.dns.set([&cluster.pod(0), &cluster.pod(1)]);
    let message = expect_given_up(&cluster, REFRESHES_A_LIST);
    assert!(!message.contains("Suspects"), "the source is known: {message}");
}

/// The condition stands, names its reason, and the refreshes end.
fn expect_given_up(cluster: &Cluster, refreshes_max: u64) -> String {
    let (message, after) = wait_for("not_adopted, with its likely reason", GIVEN_UP_WITHIN, || {
        let message = not_adopted(cluster)?.ok_or_else(|| "no condition".to_owned())?;
        if message.contains(MASK) { Ok(message) } else { Err(message) }
    });
    println!("  given up after {after:?}: {message}");
    holds_for("no refresh storm", QUIET_FOR, || {
        let refreshes = cluster.sidecar(0).refreshes();
        if refreshes <= refreshes_max { Ok(()) } else { Err(format!("{refreshes} refreshes")) }
    });
    assert_eq!(cluster.sidecar(0).probe("/readyz"), Ok(200), "a masked server is no reason to leave DNS");
    message
}

fn not_adopted(cluster: &Cluster) -> Result<Option<String>, String> {
    cluster.sidecar(0).condition("not_adopted")
}
