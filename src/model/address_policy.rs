//! Which addresses may stand in a peer list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use ipnet::IpNet;
use ipnet::{Ipv4Net, Ipv6Net};

use super::Unusable;

/// Allowed and denied ranges, over a floor of ranges that no pod can have.
///
/// Anyone who may edit the namespace's endpoints writes our list, so what is never a pod is denied
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

    /// Whether this address may be used.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.objection_to(address).is_none()
    }

    /// Why this address may not be used; none where it may.
    ///
    /// An IPv4-mapped IPv6 address is judged as its IPv4 self. One that carries an IPv4 address in another
    /// way is denied wherever that one is: a translator may lead there.
    pub fn objection_to(&self, address: IpAddr) -> Option<Unusable> {
        let address = address.to_canonical();
        let carried = carried_v4(address);
        let within = |ranges: &[IpNet], it: IpAddr| ranges.iter().any(|range| range.contains(&it));
        if within(&self.deny, address) || carried.is_some_and(|v4| within(&self.deny, v4.into())) {
            return Some(Unusable::Denied);
        }
        if !self.allow.is_empty() {
            return (!within(&self.allow, address)).then_some(Unusable::NotAllowed);
        }
        let is_never = is_never_a_pod(address) || carried.is_some_and(|v4| is_never_a_pod(v4.into()));
        is_never.then_some(Unusable::Denied)
    }
}

/// What no pod has as its address (IANA's special-purpose registries, RFC 6890): "this network", loopback,
/// link-local (the usual metadata address among them), multicast, and class E with broadcast.
const NEVER_A_POD_V4: [Ipv4Net; 8] = [
    v4([0, 0, 0, 0], 8),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    // The metadata services of clouds that have it elsewhere: Alibaba, Oracle, and Azure's wire server.
    v4([100, 100, 100, 200], 32),
    v4([192, 0, 0, 192], 32),
    v4([168, 63, 129, 16], 32),
];

/// The same of IPv6: unspecified, loopback, link-local, multicast, the discard prefixes (RFC 6666, RFC 9780),
/// Teredo (RFC 4380).
const NEVER_A_POD_V6: [Ipv6Net; 10] = [
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
    // The metadata services of clouds: Amazon (with its DNS and time beside it), Google, Scaleway.
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
    v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128),
];

/// IPv4 inside IPv6: deprecated "compatible" addresses (RFC 4291), NAT64 as well known and as local use (RFC
/// 6052, RFC 8215), each in the last 32 bits; and 6to4 (RFC 3056), behind the first 16.
const CARRIES_V4_LAST: [Ipv6Net; 3] = [
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
];
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

#[expect(clippy::many_single_char_names, reason = "an IPv6 address has eight groups")]
const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length)
}

fn is_never_a_pod(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => NEVER_A_POD_V4.iter().any(|range| range.contains(&v4)),
        IpAddr::V6(v6) => NEVER_A_POD_V6.iter().any(|range| range.contains(&v6)),
    }
}

/// The IPv4 address to which a translator or a tunnel would lead.
fn carried_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    if CARRIES_V4_LAST.iter().any(|range| range.contains(&v6)) {
        let [.., a, b, c, d] = v6.octets();
        return Some(Ipv4Addr::new(a, b, c, d));
    }
    let [_, _, a, b, c, d, ..] = v6.octets();
    SIX_TO_FOUR.contains(&v6).then(|| Ipv4Addr::new(a, b, c, d))
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
            "::127.0.0.1",
            "::169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "240.0.0.1",
            "255.255.255.254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "100::1",
            "100:0:0:1::1",
        ] {
            assert!(!policy.allows(address(denied)), "{denied}");
        }
        for allowed in [
            "10.244.1.7",
            "192.168.0.1",
            "100.64.0.7",
            "100.100.100.201",
            "fd00::1",
            "fd00:ec3::254",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
        ] {
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

    #[test]
    fn a_denied_address_stays_denied_in_any_clothes() {
        let policy = AddressPolicy::new(vec![], ranges(&["10.9.0.0/16"]));
        for denied in ["10.9.0.1", "::ffff:10.9.0.1", "::10.9.0.1", "64:ff9b::10.9.0.1", "2002:a09:1::1"] {
            assert!(!policy.allows(address(denied)), "{denied}");
        }
        assert!(policy.allows(address("64:ff9b::10.8.0.1")));
    }

    #[test]
    fn allow_lifts_what_it_covers_itself() {
        let policy = AddressPolicy::new(ranges(&["64:ff9b::/96"]), vec![]);
        assert!(policy.allows(address("64:ff9b::127.0.0.1")));
        assert!(!policy.allows(address("127.0.0.1")));
    }
}
