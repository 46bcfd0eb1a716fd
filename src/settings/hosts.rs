//! What the kubelet has written into `/etc/hosts` about this pod.
//!
//! Others may write there as well, so anyone who uses this compares it with what else is known of the pod.

use std::net::IpAddr;

use crate::model::{DnsName, HeadlessService};

/// The kubelet's first line in a pod of its own network (`kubelet_pods.go`, `managedHostsFileContent`). On
/// the host's network it is another one, and the lines are the node's.
const HEADER: &str = "# Kubernetes-managed hosts file.";
/// From here on the lines are those of the pod's `hostAliases`.
const ALIASES: &str = "# Entries added by HostAliases.";

/// Each address and its full name, as the kubelet wrote them; none where it did not write this text.
pub(super) fn entries(hosts: &str) -> Vec<(IpAddr, DnsName)> {
    let mut lines = hosts.lines().map(str::trim_end);
    if lines.next() != Some(HEADER) {
        return Vec::new();
    }
    lines.take_while(|line| *line != ALIASES).filter_map(entry).collect()
}

/// `IP FQDN HOST`; the aliases after the full name say nothing new.
fn entry(line: &str) -> Option<(IpAddr, DnsName)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// The Service below which a pod has this name: `POD.SERVICE.NAMESPACE.svc.DOMAIN`, where the pod has a
/// `subdomain`.
pub(super) fn service_of(pod: &DnsName) -> Option<HeadlessService> {
    let (_, service) = pod.as_str().split_once('.')?;
    let is_service = matches!(service.split('.').collect::<Vec<_>>()[..], [_, _, "svc", _, ..]);
    is_service.then(|| HeadlessService::from_setting(service, "", "").ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANAGED: &str = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n\
        ::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n\
        fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n\
        10.244.1.7\teureka-0.eureka.shop.svc.cluster.local\teureka-0\n\
        fd00::7\teureka-0.eureka.shop.svc.cluster.local\teureka-0\n\
        \n# Entries added by HostAliases.\n10.244.1.7\teureka-0.other.shop.svc.cluster.local\n";

    fn named(hosts: &str) -> Vec<String> {
        let dotted = entries(hosts).into_iter().filter(|(_, name)| name.labels().count() > 1);
        dotted.map(|(address, name)| format!("{address} {name}")).collect()
    }

    #[test]
    fn the_kubelets_own_lines_are_read_and_nobody_elses() {
        let own = [
            "10.244.1.7 eureka-0.eureka.shop.svc.cluster.local",
            "fd00::7 eureka-0.eureka.shop.svc.cluster.local",
        ];
        assert_eq!(named(MANAGED), own);
        let of_the_node = MANAGED.replace("hosts file.", "hosts file (host network).");
        let of_others = MANAGED.replace('#', "##");
        let below_something = format!("127.0.0.1 localhost\n{MANAGED}");
        for text in ["", "\n", "# Kubernetes-managed hosts file.", &of_the_node, &of_others, &below_something]
        {
            assert_eq!(named(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn any_line_is_read_or_passed_over() {
        for line in
            ["x y", "10.0.0.1", "10.0.0.1\t${x}.a.b", "10.0.0.1 a_b.c", "\u{0} \u{fffd}", "10.0.0.1 # x.y"]
        {
            assert_eq!(entries(&format!("{HEADER}\n{line}\n")), [], "{line}");
        }
    }

    #[test]
    fn only_the_name_of_a_pod_in_a_service_tells_a_service() {
        let told = |name: &str| service_of(&name.parse().expect("valid")).map(|service| service.to_string());
        let service = Some("eureka.shop.svc.cluster.local");
        assert_eq!(told("eureka-0.eureka.shop.svc.cluster.local").as_deref(), service);
        for name in
            ["eureka-0", "node.example.org", "eureka.shop.svc.cluster.local", "a.b.c.svc", "a.b.c.d.svc.e"]
        {
            assert_eq!(told(name), None, "{name}");
        }
    }
}
