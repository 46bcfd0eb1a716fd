//! The documented environment, to the letter.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::server::Network;
use crate::sidecar::MANAGEMENT;
use crate::verdicts::{ADOPTED, STARTED};

/// A connection to this machine is made or refused at once.
const CONNECTED_WITHIN: Duration = Duration::from_secs(1);

/// `init` publishes and exits; a server that then starts has the right list, and nobody runs beside it.
pub(super) fn init_container_only(release: &'static Release) {
    let mut cluster = Cluster::new(release, "init_container_only", PeerHost::Names);
    let pods = [cluster.pod(0), cluster.pod(1), cluster.pod(2)];
    cluster.set_pods(&pods);
    cluster.add(0);
    let init = cluster.once("init", 0);
    assert_eq!(init.code, Some(0), "{}", init.output);
    cluster.start_server(0);
    cluster.wait_up(0);
    let peers = [cluster.url(1), cluster.url(2)];
    cluster.has_peers(0, &peers).expect("the file was right before the server read it");
}

/// Not one variable more than `docs/environment/` says: refresh on the pod's own loopback, and
/// reachable from nowhere else.
pub(super) fn exactly(release: &'static Release) {
    let cluster = on_the_machine(release, "documented_environment", "names");
    let elsewhere = cluster.pod(0).socket(MANAGEMENT);
    assert!(is_refused(elsewhere), "the management port is reachable at {elsewhere}");
    assert!(!is_refused(cluster.pod(0).socket(release.port())), "the registry is not reachable");
}

/// The variant for those who scrape the actuator from outside.
pub(super) fn open_actuator(release: &'static Release) {
    let cluster = on_the_machine(release, "open_actuator", "names-open-actuator");
    let elsewhere = cluster.pod(0).socket(MANAGEMENT);
    assert!(!is_refused(elsewhere), "the management port is not reachable at {elsewhere}");
}

/// One pod that has the machine's network as a pod has its own; a peer joins and is adopted.
fn on_the_machine(release: &'static Release, scenario: &str, environment: &str) -> Cluster {
    let mut cluster = Cluster::new(release, scenario, PeerHost::Names);
    environment.clone_into(&mut cluster.server.environment);
    cluster.server.network = Network::Machine;
    cluster.sidecar.network = Network::Machine;
    cluster.scale(1);
    println!("{STARTED}");
    let pods = [cluster.pod(0), cluster.pod(1)];
    cluster.set_pods(&pods);
    let peers = [cluster.url(1)];
    cluster.wait_for_peers(0, &peers);
    println!("{ADOPTED}");
    cluster
}

fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, CONNECTED_WITHIN).is_err()
}
