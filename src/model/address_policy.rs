//! Which addresses may stand in a peer list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use ipnet::IpNet;

/// Allowed and denied ranges, over a floor of ranges that no pod can have.
///
/// Whoever may edit the namespace's endpoints writes our list, so what is never a pod is denied
/// unless asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

impl AddressPolicy {
    /// Ranges of one kind that are kept; more than anyone has written by hand.
    pub const RANGES_MAX: usize = 256;

    /// `allow` is exclusive when not empty and lifts the built-in denials it covers; `deny` beats it.
    pub fn new(allow: Vec<IpNet>, deny: Vec<IpNet>) -> Self {
        Self { allow, deny }
    }

    /// Whether this address may be used. An IPv4-mapped IPv6 address is judged as its IPv4 self.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(&address));
        if within(&self.deny) {
            return false;
        }
        if self.allow.is_empty() { !is_never_a_pod(address) } else { within(&self.allow) }
    }
}

/// Loopback, unspecified, link-local (the cloud's metadata address among them), multicast, broadcast.
fn is_never_a_pod(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_never_a_pod_v4(v4),
        IpAddr::V6(v6) => is_never_a_pod_v6(v6),
    }
}

fn is_never_a_pod_v4(address: Ipv4Addr) -> bool {
    let this_network = address.octets()[0] == 0;
    this_network
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
}

fn is_never_a_pod_v6(address: Ipv6Addr) -> bool {
    address.is_unspecified()
        || address.is_loopback()
        || address.is_unicast_link_local()
        || address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("valid")
    }

    fn ranges(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect("valid")).collect()
    }

    #[test]
    fn denies_what_is_never_a_pod() {
        let policy = AddressPolicy::default();
        for denied in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            assert!(!policy.allows(address(denied)), "{denied}");
        }
        for allowed in ["10.244.1.7", "192.168.0.1", "fd00::1", "2001:db8::1", "::ffff:10.0.0.1"] {
            assert!(policy.allows(address(allowed)), "{allowed}");
        }
    }

    #[test]
    fn allow_is_exclusive_and_lifts_and_deny_beats_it() {
        let policy = AddressPolicy::new(ranges(&["127.0.0.0/8"]), ranges(&["127.0.0.9/32"]));
        assert!(policy.allows(address("127.0.0.2")));
        assert!(!policy.allows(address("127.0.0.9")));
        assert!(!policy.allows(address("10.0.0.1")));
    }
}
