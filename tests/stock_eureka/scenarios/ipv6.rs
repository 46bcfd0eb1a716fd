//! Peers by addresses of IPv6, in a network namespace that has some.

use super::surroundings::{expect_not_recognised, expect_recognised};
use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;

/// Without its own URL in the environment a server takes itself for a peer, which is said with the cure;
/// with it, servers find each other, and one that is left alone is flushed.
pub(super) fn with_addresses(release: &'static Release) {
    let mut cluster = Cluster::new(release, "ipv6", PeerHost::Addresses);
    cluster.scale(1);
    expect_not_recognised(&cluster);
    cluster.scale(0);
    cluster.server.more.push("spring-ipv6");
    for count in [1, 2, 3, 1] {
        cluster.scale(count);
        let after = cluster.wait_adopted();
        println!("  {count} servers: every list right after {after:?}");
        cluster.exchange_registrations();
    }
    expect_recognised(&cluster);
}
