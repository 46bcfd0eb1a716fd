//! The host part of a service URL.

use std::fmt;
use std::net::IpAddr;

use super::DnsName;

/// A name or an address; printed as it stands in a URL, IPv6 in brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A validated host name.
    Name(DnsName),
    /// A literal address.
    Address(IpAddr),
}

impl Host {
    /// Whether it is an address, or the name that CoreDNS makes of one.
    pub fn is_by_address(&self) -> bool {
        match self {
            Self::Name(name) => name.labels().next().is_some_and(super::identity::is_dashed_address),
            Self::Address(_) => true,
        }
    }

    /// Reads the host part of a URL: a name, an IPv4 literal, or an IPv6 literal in brackets.
    pub(super) fn from_url_part(text: &str) -> Result<Self, super::DnsNameError> {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(Ok(address)) = bracketed.map(str::parse) {
            return Ok(Self::Address(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        let name: DnsName = text.parse()?;
        // Resolvers read such a name as an address (`127.1`, `2130706433`, `0x7f.1`: inet_aton, and the URL
        // standard's "ends in a number"), or refuse it.
        match name.labels().last().filter(|label| is_number(label)) {
            Some(_) => Err(super::DnsNameError::EndsInNumber),
            None => Ok(Self::Name(name)),
        }
    }
}

fn is_number(label: &str) -> bool {
    let is_hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    label.bytes().all(|byte| byte.is_ascii_digit()) || label.strip_prefix("0x").is_some_and(is_hexadecimal)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}
