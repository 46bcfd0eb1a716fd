//! All names of a large Service replaced again and again: the most that what is kept of the past can hold.
//!
//!     ENDURANCE_ROUNDS=1000 cargo test --test endurance names -- --nocapture

use crate::cluster::{Cluster, SERVICE, address};
use crate::dns_server::Pod;
use crate::extent;
use crate::gauge::Gauge;
use crate::server::Server;
use crate::sidecar::Sidecar;

/// As many as one answer of our DNS server can name.
const PODS: u16 = 400;
/// A round more than the history has changes.
const ROUNDS: u64 = 66;
const ROUNDS_OF_EVERYTHING: u64 = 200;
/// Heap and stacks at any moment: half of what the manifests give the whole container.
const ANONYMOUS_MAX_KIB: u64 = 16 * 1024;

fn rounds() -> u64 {
    let usual = if extent::is_everything() { ROUNDS_OF_EVERYTHING } else { ROUNDS };
    extent::number_from("ENDURANCE_ROUNDS").unwrap_or(usual)
}

/// Pods of this round, and of no other; short enough that all fit into one answer of DNS.
fn name(round: u64, pod: u16) -> String {
    format!("e{round:04}-{pod:03}")
}

fn replace_all(cluster: &Cluster, round: u64) {
    let others = (1..PODS)
        .map(|pod| Pod::new(name(round, pod), [10, 1, pod.to_be_bytes()[0], pod.to_be_bytes()[1]], 8761));
    let own = Pod::new("eureka-0", address(0), 8761);
    cluster.dns().set_pods(SERVICE, "http", others.chain([own]));
}

fn has_all_of(sidecar: &Sidecar<'_>, round: u64) -> bool {
    let listed = sidecar.cluster.listed();
    let is_of_round = |url: &String| url.starts_with(&format!("http://e{round:04}-"));
    listed.len() + 1 == usize::from(PODS) && listed.iter().all(is_of_round)
}

#[test]
fn names_replaced_each_round_stay_within_the_shipped_limit() {
    let cluster = Cluster::of(&[0]);
    replace_all(&cluster, 0);
    let server = Server::start(cluster.file());
    let [actuator, status] = server.flags();
    let flags = [&actuator[..], &status, "--remove-after=0s", "--max-shrink=100%"];
    let sidecar = cluster.run(&flags);
    sidecar.until("listed", |it| has_all_of(it, 0));
    let gauge = Gauge::of(sidecar.pid());
    for round in 1..=rounds() {
        replace_all(&cluster, round);
        sidecar.until("replaced", |it| has_all_of(it, round));
        assert_eq!(
            sidecar.status()["desired"]["peers"].as_array().map(Vec::len),
            Some(usize::from(PODS) - 1)
        );
        if round % 50 == 0 {
            println!("round {round}: at most {}", gauge.most());
        }
    }
    let most = gauge.most();
    println!("{} rounds: at most {most}", rounds());
    assert!(most.anonymous_kib <= ANONYMOUS_MAX_KIB, "{most}");
}
