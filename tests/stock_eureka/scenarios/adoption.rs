//! Lists are adopted: from a cold start, and at every step of scaling.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::server::Server;
use crate::wait::{holds_for, wait_for};

/// Through every kind of step: from alone, growing, shrinking, to alone, and growing again.
const STEPS: [u8; 6] = [1, 3, 5, 2, 1, 3];
/// Steps to "alone" from a list that had peers: each may cost one refresh more, for the sink.
const FLUSHES: u64 = 1;
/// Peers are shown as available once the registrations of all have met everywhere. A server that was
/// not up when a neighbour's was sent gets it with one of its renewals, and these are what is waited for:
/// every five seconds instead of Eureka's thirty, so that one that a busy machine loses is not missed.
const RENEWAL_INTERVAL: &str = "EUREKA_INSTANCE_LEASERENEWALINTERVALINSECONDS";
const RENEWAL_SECONDS: &str = "5";
/// A dozen renewals.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// The server's own client reads the list again each half minute, and renews as often.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// The last tries to reach the peer that has gone.
const LINGERING: Duration = Duration::from_secs(10);
/// Two heartbeats.
pub(super) const SINK_HELD: Duration = Duration::from_secs(65);
/// Long past every retry and every pass of Eureka's own.
pub(super) const SINK_HELD_LONG: Duration = Duration::from_secs(600);
/// Pools of the JVM grow and shrink by a few.
const THREADS_OF_CHANCE: usize = 5;
/// Each pass of the WAR, a quarter of a second apart, says that it found nobody; Spring counts evictions
/// once a minute; both say twice a minute that they read the list.
const LINES_A_MINUTE_MAX: u64 = 270;

/// Three pods at once, the program first in each: no server ever has a wrong list, and none is
/// refreshed.
pub(super) fn cold_start(release: &'static Release) {
    let mut cluster = Cluster::new(release, "cold_start", PeerHost::Names);
    cluster.server = cluster.server.clone().with(RENEWAL_INTERVAL, RENEWAL_SECONDS);
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

/// Up and down through every step, with URLs of names or of addresses.
pub(super) fn scale(release: &'static Release, peer_host: PeerHost) {
    let mut cluster = Cluster::new(release, &format!("scale_{}", peer_host.as_str()), peer_host);
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
    // Also past a variable that was left in place, and beats the file alone.
    cluster.server =
        cluster.server.clone().with("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE", "http://127.0.0.1:1/eureka/");
    cluster.server.more.push("spring-adopt-env");
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

/// A server that was left alone holds the sink: for minutes, without a thread more or a line of trouble.
pub(super) fn hold_the_sink(release: &'static Release, scenario: &str, time: Duration) {
    let mut cluster = Cluster::new(release, scenario, PeerHost::Names);
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.scale(1);
    cluster.wait_adopted();
    let own = cluster.server(0).status().expect("an up server answers").instance_id;
    // Its own client may have been talking to the peer that has gone.
    wait_for("its own registration is with itself", SETTLED_WITHIN, || cluster.server(0).knows(&own));
    sleep(LINGERING);
    let server = cluster.server(0);
    let (threads, lines) = (server.threads(), server.log().lines().count());
    holds_for("the server stays alone and well", time, || {
        cluster.has_right_peers(0)?;
        server.knows(&own)
    });
    let log = server.log();
    let said: Vec<&str> = log.lines().skip(lines).collect();
    let trouble: Vec<&&str> = said.iter().filter(|line| tells_of_trouble(line)).collect();
    let more_threads = server.threads().saturating_sub(threads);
    println!(
        "  {time:?} with the sink: {more_threads} threads more than {threads}, {} log lines, {} of trouble",
        said.len(),
        trouble.len()
    );
    assert!(more_threads <= THREADS_OF_CHANCE, "{more_threads} threads more");
    let lines_max = LINES_A_MINUTE_MAX * time.as_secs().div_ceil(60);
    assert!(said.len() as u64 <= lines_max, "{} lines: {said:#?}", said.len());
    assert!(trouble.is_empty(), "{trouble:#?}");
    assert_eq!(server.status().map(|status| status.available), Ok(BTreeSet::new()));
}

/// A warning, an error, or an exception; but not the pass that finds nobody, which is the truth.
fn tells_of_trouble(line: &str) -> bool {
    let is_loud = [" WARN ", " ERROR ", "Exception"].iter().any(|word| line.contains(word));
    is_loud && !line.contains("The replica size seems to be empty")
}
