//! Who we are: the pod's own name and addresses.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::{DnsName, HeadlessService};

/// The pod as the downward API describes it (`metadata.name`, `status.podIPs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodIdentity {
    /// `POD_NAME`, else the host name; the first label of the pod's name in DNS.
    pub name: Option<DnsName>,
    /// `POD_IP` and `POD_IPS`, else the addresses of the interfaces.
    pub addresses: BTreeSet<IpAddr>,
    /// The Service that gives the pod its name in DNS (`serviceName` of a StatefulSet, `subdomain` of a
    /// pod), where the kubelet has written it down.
    pub governing: Option<HeadlessService>,
    /// The variables of the downward API that would say who we are and are not set: what stands in may be wrong.
    pub unset: &'static [&'static str],
}

impl PodIdentity {
    /// Whether `name` is that of a pod of this name in `service`; a name is compared as a full name.
    ///
    /// Pod names are unique in a namespace only: below another Service this may be another pod.
    pub fn has_name(&self, name: &DnsName, service: &HeadlessService) -> bool {
        self.name.iter().any(|own| is_label_under(name, own.as_str(), service))
    }

    /// Whether `name` is that of a pod at one of these addresses in `service`: CoreDNS makes it of the
    /// address where a pod has no `hostname` (`plugin/kubernetes`, `endpointHostname`).
    pub fn has_dashed_address(&self, name: &DnsName, service: &HeadlessService) -> bool {
        self.addresses.iter().any(|own| is_label_under(name, &dashed(*own), service))
    }

    /// Whether this is one of the pod's addresses.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address.to_canonical())
    }
}

impl fmt::Display for PodIdentity {
    /// For messages: `pod eureka-0 at 10.244.1.7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pod")?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        for (at, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if at == 0 { " at " } else { ", " })?;
        }
        Ok(())
    }
}

/// Whether CoreDNS makes this label of an address: `10-244-1-7`, `fd00--1`.
pub(super) fn is_dashed_address(label: &str) -> bool {
    label.contains('-') && [".", ":"].iter().any(|point| label.replace('-', point).parse::<IpAddr>().is_ok())
}

fn is_label_under(name: &DnsName, label: &str, service: &HeadlessService) -> bool {
    name.is_child_of(service.name()) && name.labels().next() == Some(label)
}

fn dashed(address: IpAddr) -> String {
    address.to_string().replace(['.', ':'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        text.parse().expect("valid")
    }

    #[test]
    fn a_dashed_address_is_one_of_either_family() {
        for label in ["10-244-1-7", "fd00--1", "2001-db8-0-0-0-0-0-7"] {
            assert!(is_dashed_address(label), "{label}");
        }
        for label in ["eureka-0", "10-244-1", "10-244-1-700", "eureka", "fd00", "a-b-c-d"] {
            assert!(!is_dashed_address(label), "{label}");
        }
    }

    #[test]
    fn knows_itself_by_name_and_by_dashed_address() {
        let pod = PodIdentity {
            name: Some(name("eureka-0")),
            addresses: ["10.244.1.7".parse().expect("valid"), "fd00::1".parse().expect("valid")].into(),
            ..PodIdentity::default()
        };
        let service = HeadlessService::from_setting("eureka", "ns", "cluster.local").expect("valid");
        let is =
            |host: &str| pod.has_name(&name(host), &service) || pod.has_dashed_address(&name(host), &service);
        let at = |address: &str| pod.has_address(address.parse().expect("valid"));
        assert!(is("eureka-0.eureka.ns.svc.cluster.local"));
        assert!(is("10-244-1-7.eureka.ns.svc.cluster.local"));
        assert!(is("fd00--1.eureka.ns.svc.cluster.local"));
        assert!(!is("eureka-0.other.ns.svc.cluster.local"));
        assert!(!is("eureka-1.eureka.ns.svc.cluster.local"));
        assert!(!is("10-244-1-7.other.ns.svc.cluster.local"));
        assert!(!is("10-244-1-8.eureka.ns.svc.cluster.local"));
        assert!(!is("eureka-0.west.eureka.ns.svc.cluster.local"));
        assert!(at("10.244.1.7"));
        assert!(at("::ffff:10.244.1.7"));
        assert!(!at("10.244.1.8"));
    }
}
