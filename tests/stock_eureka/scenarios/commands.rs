//! The operator's subcommands, beside running servers.

use std::net::TcpStream;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::sidecar::{MANAGEMENT, SetUp};
use crate::wait::wait_for;

/// The exit code of `mesh` and `check` for what they found.
const FINDINGS: i32 = 3;
/// Spring opens the port of the actuator after the registry's own.
const ACTUATOR_WITHIN: Duration = Duration::from_secs(15);
/// Two answers without the peer.
const HELD_WITHIN: Duration = Duration::from_secs(10);
/// Shorter than the default of `--remove-after`.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(10);

/// `check` and `mesh` find nothing where all is well, and name the server that does not know another.
pub(super) fn mesh_and_check(release: &'static Release) {
    let mut cluster = Cluster::new(release, "mesh_and_check", PeerHost::Names);
    cluster.scale(2);
    cluster.wait_adopted();
    wait_for("the actuator is there: its port opens last", ACTUATOR_WITHIN, || {
        let actuator = cluster.pod(0).socket(MANAGEMENT);
        TcpStream::connect_timeout(&actuator, ACTUATOR_WITHIN).map(drop).map_err(|error| error.to_string())
    });
    expect(&cluster, "check", 0);
    expect(&cluster, "mesh", 0);
    cluster.containers(1).sidecar.take().expect("it runs").kill();
    cluster.scale(3);
    cluster.wait_for_peers(0, &[cluster.url(1), cluster.url(2)]);
    cluster.wait_for_peers(2, &[cluster.url(0), cluster.url(1)]);
    let found = expect(&cluster, "mesh", FINDINGS);
    for ordinal in [1, 2] {
        assert!(found.contains(&cluster.pod(ordinal).name()), "{ordinal} is not named: {found}");
    }
    cluster.start_sidecar(1);
    cluster.wait_adopted();
    expect(&cluster, "mesh", 0);
}

/// A removal that is held for its time leaves at once when the operator says so.
pub(super) fn accept(release: &'static Release) {
    let mut cluster = Cluster::new(release, "accept", PeerHost::Names);
    cluster.sidecar = SetUp::documented(PeerHost::Names);
    cluster.scale(2);
    cluster.wait_adopted();
    let held = [cluster.url(1)];
    cluster.remove(1);
    wait_for("the removal is held", HELD_WITHIN, || {
        cluster.sidecar(0).condition("held_removal")?.ok_or_else(|| "no condition".to_owned())
    });
    cluster.has_peers(0, &held).expect("a held peer stays");
    expect(&cluster, "accept", 0);
    wait_for("the flush", ACCEPTED_WITHIN, || cluster.has_peers(0, &[]));
}

fn expect(cluster: &Cluster, subcommand: &str, code: i32) -> String {
    let outcome = cluster.once(subcommand, 0);
    assert_eq!(outcome.code, Some(code), "{subcommand}: {}", outcome.output);
    outcome.output
}
