//! Servers in several places, as docs/topologies/several-clusters.md has them: what DNS looks like there.

use std::net::Ipv4Addr;

use crate::cluster::{Cluster, SERVICE, address, url, urls};
use crate::dns_server::Pod;

const CLUSTERSET: &str = "eureka.ns.svc.clusterset.local";

fn lines(stdout: &str) -> Vec<&str> {
    stdout.lines().collect()
}

#[test]
fn in_a_clusterset_a_record_with_our_name_is_the_hint() {
    let cluster = Cluster::of(&[]);
    let pods = ["eureka-0.east", "eureka-1.east", "eureka-0.west", "eureka-1.west"];
    cluster.dns().set_pods(CLUSTERSET, "http", pods.map(|pod| Pod::new(pod, address(9), 8761)));
    let of_pod = |pod: &str| format!("http://{pod}.{CLUSTERSET}:8761/eureka/");
    let flags = ["--service", CLUSTERSET, "-o", "lines"];
    let outcome = cluster.once("resolve", &flags).expect(0);
    assert!(outcome.stderr.contains(&format!("give --self-url {}", of_pod(pods[0]))), "{outcome:#?}");
    // As long as nobody says which one we are, all are listed: one too many, and none too few.
    assert_eq!(lines(&outcome.stdout).len(), 4, "{outcome:#?}");
    let own = format!("--self-url={}", of_pod(pods[0]));
    let outcome = cluster.once("resolve", &[&flags[..], &[&own]].concat()).expect(0);
    assert_eq!(outcome.stderr, "");
    let mut others = [&pods[1], &pods[2], &pods[3]].map(|pod| of_pod(pod));
    others.sort();
    assert_eq!(lines(&outcome.stdout), others);
    // By addresses nobody needs a hint.
    let pods = [0, 1, 2].map(|pod| Pod::new(format!("eureka-{pod}"), address(pod), 8761));
    cluster.dns().set_pods(CLUSTERSET, "http", pods);
    let outcome = cluster.once("resolve", &[&flags[..], &["--peer-host", "ipv4"]].concat()).expect(0);
    assert_eq!(outcome.stderr, "");
    assert_eq!(lines(&outcome.stdout).len(), 2, "{outcome:#?}");
}

#[test]
fn endpoints_by_hand_have_names_of_addresses_and_are_peers() {
    let cluster = Cluster::of(&[0, 1]);
    let by_hand = "eureka-west.ns.svc.cluster.local";
    // Ranges of clusters may overlap: the first has our own address.
    let pods = [Ipv4Addr::new(10, 0, 0, 10), Ipv4Addr::new(192, 0, 2, 7)];
    let pods = pods.map(|ip| Pod::new(ip.to_string().replace('.', "-"), ip, 8761));
    cluster.dns().set_pods(by_hand, "http", pods);
    let outcome =
        cluster.once("resolve", &["--service", SERVICE, "--service", by_hand, "-o", "lines"]).expect(0);
    assert_eq!(outcome.stderr, "");
    let mut all = vec![url(1)];
    all.extend(["10-0-0-10", "192-0-2-7"].map(|pod| format!("http://{pod}.{by_hand}:8761/eureka/")));
    all.sort();
    assert_eq!(lines(&outcome.stdout), all);
}

#[test]
fn a_virtual_machine_is_a_static_peer_and_lists_the_pods_itself() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let vm = "http://vm1.example:8761/eureka/";
    let outcome = cluster.once("resolve", &["--static-peer", vm, "-o", "lines"]).expect(0);
    let mut all = [&urls(&[1, 2])[..], &[vm.to_owned()]].concat();
    all.sort();
    assert_eq!(lines(&outcome.stdout), all);
    // On the machine: no pod, so the role says that nobody in DNS is to be left out.
    let mut command = cluster.command("resolve", &["--role", "client", "-o", "lines"]);
    command.env_remove("POD_NAME").env_remove("POD_IP");
    let outcome = crate::once::Outcome::of(command).expect(0);
    assert_eq!(outcome.stderr, "");
    assert_eq!(lines(&outcome.stdout), urls(&[0, 1, 2]));
}

/// Docker Swarm: `tasks.NAME` has an address for each task, and neither SRV records nor names for them.
#[test]
fn the_tasks_of_a_swarm_service_are_peers() {
    let cluster = Cluster::of(&[]);
    let pods = [0, 1, 2].map(|task| Pod::new(format!("t{task}"), address(task), 8761));
    cluster.dns().set_pods("tasks.eureka", "none", pods);
    let flags = ["--service", "tasks.eureka.", "--peer-host", "ipv4", "-o", "lines"];
    let outcome = cluster.once("resolve", &flags).expect(0);
    assert_eq!(outcome.stderr, "");
    assert_eq!(lines(&outcome.stdout), [1, 2].map(|task| format!("http://{}:8761/eureka/", address(task))));
    // Without the dot at its end it is a Service `tasks` in a namespace `eureka`, which the message shows.
    let outcome = cluster.once("resolve", &["--service", "tasks.eureka", "--peer-host", "ipv4"]).expect(1);
    assert!(outcome.stderr.contains("asked in the namespace eureka, which --service names"), "{outcome:#?}");
}
