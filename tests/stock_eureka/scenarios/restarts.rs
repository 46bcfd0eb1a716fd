//! Either container of a pod dies and comes back.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::wait::{holds_for, wait_for};

/// A removal that is believed at once: two answers, a second each.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(10);
/// The server's own client reads the list again each half minute, and renews as often.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// Longer than one heartbeat, which is what a server has for its sink.
const AWAY_FOR: Duration = Duration::from_secs(40);
/// The program starts, asks the server, publishes, and refreshes.
const RESTORED_WITHIN: Duration = Duration::from_secs(20);
/// Moments of a start at which the list changes: before the file is read, between that and the
/// management port, and after it.
const MOMENTS: [u64; 6] = [200, 900, 1600, 2300, 3000, 4500];

/// A server is killed, the list changes meanwhile, and the server comes back with the right one.
pub(super) fn server_killed(release: &'static Release) {
    let mut cluster = Cluster::new(release, "server_killed", PeerHost::Names);
    cluster.scale(3);
    cluster.wait_adopted();
    let before = cluster.sidecar(1).refreshes();
    cluster.containers(1).server.take().expect("it runs").kill();
    cluster.remove(2);
    let gone = cluster.url(2);
    wait_for("the file follows while the server is dead", PUBLISHED_WITHIN, || {
        let file = cluster.sidecar(1).published();
        if file.contains(&gone) { Err(file) } else { Ok(()) }
    });
    cluster.start_server(1);
    cluster.wait_up(1);
    cluster.has_right_peers(1).expect("the file was right before the server read it");
    cluster.wait_adopted();
    cluster.exchange_registrations();
    assert_eq!(cluster.sidecar(1).refreshes(), before, "a server that reads the right file needs no refresh");
}

/// The program is killed: the server goes on with its list, and the next life takes over without
/// disturbing it, whether or not the list changed meanwhile.
pub(super) fn sidecar_killed(release: &'static Release) {
    let mut cluster = Cluster::new(release, "sidecar_killed", PeerHost::Names);
    cluster.scale(3);
    cluster.wait_adopted();
    restart_sidecar(&mut cluster, 1, |_| {});
    assert_eq!(cluster.sidecar(1).refreshes(), 0, "nothing had changed");
    restart_sidecar(&mut cluster, 1, |cluster| cluster.remove(2));
    cluster.wait_adopted();
    cluster.exchange_registrations();
    cluster.remove(1);
    cluster.wait_adopted();
    restart_sidecar(&mut cluster, 0, |_| {});
    cluster.wait_adopted();
    assert_eq!(cluster.sidecar(0).refreshes(), 0, "a server that holds the sink is left alone");
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.exchange_registrations();
}

/// Kills the program, lets something happen, and starts it again in the same pod.
fn restart_sidecar(cluster: &mut Cluster, ordinal: u8, meanwhile: impl FnOnce(&mut Cluster)) {
    let file = cluster.sidecar(ordinal).published();
    let replicas = cluster.server(ordinal).replicas();
    let sidecar = cluster.containers(ordinal).sidecar.take().expect("it runs");
    sidecar.kill();
    meanwhile(cluster);
    assert_eq!(cluster.server(ordinal).replicas(), replicas, "the server goes on alone");
    cluster.start_sidecar(ordinal);
    let published = cluster.sidecar(ordinal).published();
    assert!(!published.is_empty(), "the file outlives the program; before it was {file}");
}

/// The program dies while the server holds its sink, stays away, and comes back with the sink at another
/// port: the server keeps its own registration, is given the new sink once, and its next peers.
pub(super) fn stale_sink(release: &'static Release) {
    let mut cluster = Cluster::new(release, "stale_sink", PeerHost::Names);
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.scale(1);
    cluster.wait_adopted();
    let held = cluster.server(0).replicas().expect("an up server answers");
    assert_eq!(held.len(), 1, "the sink: {held:?}");
    let own = cluster.server(0).status().expect("an up server answers").instance_id;
    wait_for("its own registration is with itself", SETTLED_WITHIN, || cluster.server(0).knows(&own));
    let lines = cluster.server(0).log().lines().count();
    cluster.containers(0).sidecar.take().expect("it runs").kill();
    holds_for("the server goes on alone", AWAY_FOR, || cluster.server(0).knows(&own));
    let log = cluster.server(0).log();
    let said = log.lines().skip(lines);
    let errors = said.clone().filter(|line| line.contains(" ERROR ")).count();
    println!("  {AWAY_FOR:?} without the sink: {} log lines, {errors} errors", said.count());
    cluster.sidecar.local_listen += 1;
    cluster.start_sidecar(0);
    wait_for("the new sink in the old one's place", RESTORED_WITHIN, || {
        let now = cluster.server(0).replicas()?;
        if now.len() == 1 && now != held { Ok(()) } else { Err(format!("{now:?}")) }
    });
    wait_for("adopted by the program's word", RESTORED_WITHIN, || cluster.sidecar(0).is_adopted());
    assert!(cluster.sidecar(0).refreshes() <= 1, "one list, one call");
    let check = cluster.once("check", 0);
    assert_eq!(check.code, Some(0), "{}", check.output);
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.exchange_registrations();
}

/// The file is read early in a server's start and the management port opens seconds later: a change
/// in between must not be lost.
pub(super) fn change_during_start(release: &'static Release) {
    let mut cluster = Cluster::new(release, "change_during_start", PeerHost::Names);
    cluster.scale(1);
    for (moment, with_peer) in MOMENTS.into_iter().zip([true, false].into_iter().cycle()) {
        cluster.containers(0).server.take().expect("it runs").kill();
        cluster.start_server(0);
        std::thread::sleep(Duration::from_millis(moment));
        // The peer is in DNS and nowhere else: a list says nothing of who is alive.
        let peer = cluster.pod(1);
        cluster.set_pods([&cluster.pod(0)].into_iter().chain(with_peer.then_some(&peer)));
        let expected = if with_peer { vec![cluster.url(1)] } else { Vec::new() };
        cluster.wait_up(0);
        let adopted = cluster.wait_for_peers(0, &expected);
        println!("  change {moment} ms after the start: adopted {adopted:?} after the server was up");
    }
}
