//! Lists are adopted: from a cold start, and at every step of scaling.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::server::Server;
use crate::trial::{holds_for, wait_for};

/// Through every kind of step: from alone, growing, shrinking, to alone, and growing again.
const STEPS: [u8; 6] = [1, 3, 5, 2, 1, 3];
/// Steps to "alone" from a list that had peers: each may cost one refresh more, for the sink.
const FLUSHES: u64 = 1;
/// Eureka itself looks each half minute.
const SHOWN_WITHIN: Duration = Duration::from_secs(35);
/// The server's own client reads the list again each half minute, and renews as often.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// The last tries to reach the peer that has gone.
const LINGERING: Duration = Duration::from_secs(10);
/// Two heartbeats.
const SINK_HELD: Duration = Duration::from_secs(65);
/// Pools of the JVM grow and shrink by a few.
const THREADS_OF_CHANCE: usize = 5;
/// Each pass of the WAR, five seconds apart, says that it found nobody; Spring counts evictions once a
/// minute; both say twice a minute that they read the list.
const LINES_OF_CHANCE: usize = 40;

/// Three pods at once, the program first in each: no server ever has a wrong list, and none is
/// refreshed.
pub(super) fn cold_start(release: &'static Release) {
    let mut cluster = Cluster::new(release, "cold_start", PeerHost::Names);
    cluster.scale(3);
    for ordinal in 0..3 {
        cluster.has_right_peers(ordinal).expect("the file named the peers before the server read it");
    }
    cluster.exchange_registrations();
    cluster.wait_shown();
    for ordinal in 0..3 {
        let (server, program) = (cluster.server(ordinal), cluster.sidecar(ordinal));
        assert_eq!(program.probe("/readyz"), Ok(200));
        assert_eq!(program.probe("/livez"), Ok(200));
        assert_eq!(program.refreshes(), 0, "a right list needs no refresh");
        assert_shown_as_available(release, server);
    }
}

/// Availability is name matching, and what Eureka's own page shows. The WAR knows no name but the
/// machine's, so its peers never match.
fn assert_shown_as_available(release: &Release, server: &Server) {
    if !release.is_refreshed() {
        return;
    }
    wait_for("peers are available", SHOWN_WITHIN, || {
        let status = server.status()?;
        if status.available == status.replicas { Ok(()) } else { Err(format!("{status:?}")) }
    });
}

/// URLs of names.
pub(super) fn scale_names(release: &'static Release) {
    scale(release, "scale_names", PeerHost::Names);
}

/// URLs of addresses.
pub(super) fn scale_addresses(release: &'static Release) {
    scale(release, "scale_addresses", PeerHost::Addresses);
}

fn scale(release: &'static Release, scenario: &str, peer_host: PeerHost) {
    let mut cluster = Cluster::new(release, scenario, peer_host);
    let mut witness = None;
    for count in STEPS {
        cluster.scale(count);
        let adopted = cluster.wait_adopted();
        println!("  {count} servers: every list right after {adopted:?}");
        cluster.exchange_registrations();
        let witness = witness.get_or_insert_with(|| cluster.register(0));
        cluster.renew(0, witness);
    }
    for (ordinal, containers) in &cluster.pods {
        let (refreshes, changes) = (containers.sidecar().refreshes(), containers.sidecar().changes());
        println!("  pod {ordinal}: {refreshes} refreshes for {changes} lists");
        assert!(refreshes <= changes + FLUSHES, "pod {ordinal}: {refreshes} refreshes, {changes} changes");
    }
}

/// The list handed over in the call, to servers that let their environment be written.
pub(super) fn by_env(release: &'static Release) {
    let mut cluster = Cluster::new(release, "adopted_by_env", PeerHost::Names);
    let writable = cluster.server.clone().with("MANAGEMENT_ENDPOINT_ENV_POST_ENABLED", "true");
    cluster.server = writable.with("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "env,health");
    cluster.sidecar = cluster.sidecar.clone().with(&["--adopt", "env"]);
    for count in [1, 2, 1, 2] {
        cluster.scale(count);
        cluster.wait_adopted();
        cluster.exchange_registrations();
    }
    let (refreshes, changes) = (cluster.sidecar(0).refreshes(), cluster.sidecar(0).changes());
    println!("  {refreshes} calls for {changes} lists");
    assert!(refreshes <= changes + FLUSHES, "{refreshes} calls, {changes} changes");
}

/// A server that was left alone holds the sink: for minutes, without a thread or a log line more.
pub(super) fn sink_held(release: &'static Release) {
    let mut cluster = Cluster::new(release, "sink_held", PeerHost::Names);
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.scale(1);
    cluster.wait_adopted();
    let own = cluster.server(0).status().expect("an up server answers").instance_id;
    // Its own client may have been talking to the peer that has gone.
    wait_for("its own registration is with itself", SETTLED_WITHIN, || cluster.server(0).knows(&own));
    sleep(LINGERING);
    let (threads, lines) = (cluster.server(0).threads(), cluster.server(0).log().lines().count());
    holds_for("the server stays alone and well", SINK_HELD, || {
        cluster.has_right_peers(0)?;
        cluster.server(0).knows(&own)
    });
    let server = cluster.server(0);
    let (more_threads, more_lines) =
        (server.threads().saturating_sub(threads), server.log().lines().count() - lines);
    println!("  {SINK_HELD:?} with the sink: {more_threads} threads and {more_lines} log lines more");
    assert!(more_threads <= THREADS_OF_CHANCE, "{more_threads} threads more");
    assert!(more_lines <= LINES_OF_CHANCE, "{more_lines} log lines more");
    assert_eq!(server.status().map(|status| status.available), Ok(BTreeSet::new()));
}
