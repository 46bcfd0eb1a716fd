//! Peers by addresses of IPv6, in a network namespace that has some.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::wait::wait_for;

/// What the server must be told to take such a URL for its own.
const OWN_URL: &str = "EUREKA_SERVER_MYURL";
/// The program looks at a server as soon as it is up.
const TOLD_WITHIN: Duration = Duration::from_secs(40);

/// Without its own URL in the environment a server takes itself for a peer, which is said with the cure;
/// with it, servers find each other, and one that is left alone is flushed.
pub(super) fn with_addresses(release: &'static Release) {
    let mut cluster = Cluster::new(release, "ipv6", PeerHost::Addresses);
    cluster.scale(1);
    let ((), after) = wait_for("self is not recognised", TOLD_WITHIN, || {
        let told = cluster.sidecar(0).condition("self_not_recognised")?;
        let told = told.ok_or_else(|| "no condition".to_owned())?;
        if told.contains(OWN_URL) { Ok(()) } else { Err(told) }
    });
    println!("  told after {after:?}");
    let check = cluster.once("check", 0);
    let cure = format!("{OWN_URL}={}", cluster.url(0));
    assert!(check.output.contains(&cure), "{}", check.output);
    cluster.scale(0);
    cluster.server.more.push("spring-ipv6");
    for count in [1, 2, 3, 1] {
        cluster.scale(count);
        let after = cluster.wait_adopted();
        println!("  {count} servers: every list right after {after:?}");
        cluster.exchange_registrations();
    }
    wait_for("it knows itself", TOLD_WITHIN, || {
        cluster.sidecar(0).condition("self_not_recognised")?.map_or(Ok(()), Err)
    });
}
