//! What DNS says reaches the file: who comes, who leaves, who is self, and how peers are named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cluster::{Cluster, SERVICE, address, url, wait_until};
use crate::dns_server::{Mode, Pod};
use crate::sidecar::texts;

#[test]
fn peers_come_at_once_and_leave_after_their_time() {
    let cluster = Cluster::of(&[0]);
    let sidecar = cluster.run(&["--remove-after", "600ms", "--max-shrink", "100%"]);
    sidecar.until_listed(&[0]);
    cluster.set_pods(&[0, 1, 2]);
    let came = sidecar.until_listed(&[1, 2]);
    cluster.set_pods(&[0, 2]);
    let left = sidecar.until_listed(&[2]);
    assert!(left.as_millis() >= 600, "after {left:?}");
    cluster.set_pods(&[0]);
    sidecar.until_listed(&[0]);
    println!("came after {came:?}, left after {left:?}");

    assert_eq!(sidecar.logged("the list begins without peers").len(), 1, "it was alone");
    let changes = sidecar.logged("peers changed");
    let told: Vec<_> = changes
        .iter()
        .map(|line| [&line["added"], &line["removed"]].map(|urls| urls.as_str().expect("text").to_owned()))
        .collect();
    let [one, two] = [url(1), url(2)];
    assert_eq!(
        told,
        [[format!("{one} {two}"), String::new()], [String::new(), one], [String::new(), two],],
        "a line a change, who came and who left by name"
    );
    let history = texts(&sidecar.status()["history"], |change| &change["cause"]);
    assert_eq!(history, ["answer"; 4]);
}

#[test]
fn a_thousand_peers_come_over_tcp() {
    let cluster = Cluster::of(&[0]);
    let address = |at: u16| Ipv4Addr::from(0x0a01_0000 + u32::from(at));
    let pods = (0..1000).map(|at| Pod::new(format!("eureka-{at}"), address(at), 8761));
    cluster.dns().set_pods(SERVICE, "http", pods);
    let sidecar = cluster.run(&["--peer-host", "ipv4", "--max-peers", "2000"]);
    let all: Vec<_> = (0..1000).map(|at| format!("http://{}:8761/eureka/", address(at))).collect();
    let took = sidecar.until_listing(&all.sorted());
    println!("1,000 peers after {took:?}");
    assert!(sidecar.message_of("many_peers").starts_with("1000 peers"));
    assert!(cluster.dns().asked().last().expect("asked").over_tcp);
}

#[test]
fn more_than_max_peers_are_not_believed() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let sidecar = cluster.run_until_listed(&[1, 2], &["--max-peers", "3"]);
    cluster.set_pods(&[0, 1, 2, 3, 4]);
    sidecar.until_condition("held_lookup_failed");
    let message = sidecar.message_of("held_lookup_failed");
    assert!(message.contains("--max-peers"), "{message}");
    cluster.set_pods(&[0, 1, 2, 3]);
    sidecar.until_listed(&[1, 2, 3]);
}

#[test]
fn several_services_and_static_peers_are_united() {
    let cluster = Cluster::of(&[0, 1]);
    let other = "eureka.far.svc.cluster.local";
    cluster.set_pods_of(other, &[5, 6]);
    let services = ["--service", SERVICE, "--service", "eureka.far", "--cluster-domain", "cluster.local"];
    let sidecar =
        cluster.run(&[&services[..], &["--static-peer", "http://vm.example.org:80/eureka"]].concat());
    let far = |pod: u8| format!("http://eureka-{pod}.{other}:8761/eureka/");
    let vm = "http://vm.example.org:80/eureka/".to_owned();
    sidecar.until_listing(&vec![url(1), far(5), far(6), vm.clone()].sorted());
    // The holds of one Service are not those of the other.
    cluster.set_pods_of(other, &[]);
    sidecar.until_condition("held_empty");
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listing(&vec![url(1), url(2), far(5), far(6), vm].sorted());
}

#[test]
fn a_client_lists_every_server_and_publishes_nothing_before_it_knows() {
    let cluster = Cluster::of(&[]);
    let sidecar = cluster.run(&["--role", "client", "--start-deadline", "300ms"]);
    sidecar.until_condition("nothing_known");
    sidecar.until_asked_again();
    assert!(!cluster.file().exists());
    assert_eq!(sidecar.get("/readyz").status, 503);
    cluster.set_pods(&[0, 1]);
    sidecar.until_listed(&[0, 1]);
    sidecar.until("ready", |it| it.get("/readyz").status == 200);
}

#[test]
fn addresses_of_either_family_may_be_listed() {
    let v6 = |pod: u8| IpAddr::from(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(pod) + 0x10));
    let pod =
        |at| Pod { addresses: vec![address(at), v6(at)], ..Pod::new(format!("p-{at}"), address(at), 1) };
    for (family, own, others) in [
        ("ipv4", "http://10.0.0.10:1/", ["http://10.0.0.11:8080/eureka/", "http://10.0.0.12:8080/eureka/"]),
        (
            "ipv6",
            "http://[fd00::10]:1/",
            ["http://[fd00::11]:8080/eureka/", "http://[fd00::12]:8080/eureka/"],
        ),
    ] {
        let cluster = Cluster::of(&[]);
        cluster.dns().set_pods(SERVICE, "http", [0, 1, 2].map(pod));
        let sidecar = cluster.run(&["--peer-host", family, "--port", "8080", "--self-url", own]);
        sidecar.until_listing(&others.map(str::to_owned));
        sidecar.until_no_condition();
    }
}

#[test]
fn ranges_decide_which_addresses_may_be_listed() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let flags = ["--peer-host", "ipv4", "--allow-cidr", "10.0.0.0/24", "--deny-cidr", "10.0.0.12/32"];
    cluster.run(&flags).until_listing(&["http://10.0.0.11:8761/eureka/".into()]);
    cluster.set_pods(&[1, 2]);
    let flags = ["--peer-host", "ipv4", "--allow-cidr", "192.168.0.0/16", "--start-deadline", "300ms"];
    let sidecar = cluster.run(&flags);
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(sidecar.status()["services"][0]["last"]["outcome"], "all_denied");
    sidecar.until_listing(&["http://10.0.0.10:8761/eureka/".into()]);
}

#[test]
fn the_shape_of_urls_is_the_operators() {
    let cluster = Cluster::of(&[0, 1]);
    let shape = ["--scheme", "https", "--context-path", "/a/b", "--port", "443", "--zone", "west"];
    let _sidecar = cluster.run(&shape);
    let wanted = format!("eureka.client.service-url.west=https://eureka-1.{SERVICE}:443/a/b/\n");
    wait_until(
        "the shape",
        || std::fs::read_to_string(cluster.file()).is_ok_and(|text| text.starts_with(&wanted)),
        || std::fs::read_to_string(cluster.file()).unwrap_or_default(),
    );
}

#[test]
fn another_dns_server_is_asked_where_the_first_fails() {
    let first = Cluster::of(&[0, 1]);
    let second = Cluster::of(&[0, 1, 2]);
    first.set_mode(Mode::ServFail);
    let both = [first.dns_address, second.dns_address].map(|address| format!("--dns-server={address}"));
    let sidecar = first.run(&both.each_ref().map(String::as_str));
    sidecar.until_listed(&[1, 2]);
    assert_eq!(sidecar.conditions(), [""; 0]);
}

/// Lists in files are sorted.
trait Sorted {
    fn sorted(self) -> Self;
}

impl Sorted for Vec<String> {
    fn sorted(mut self) -> Self {
        self.sort();
        self
    }
}
