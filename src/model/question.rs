//! What is asked of DNS, and nothing wider than that.

use std::fmt;
use std::str::FromStr;

use super::{DnsName, HeadlessService};

/// Which family of addresses stands in the URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressFamily {
    /// A records.
    Ipv4,
    /// AAAA records.
    Ipv6,
}

/// The record types that this program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Names and ports (RFC 2782).
    Srv,
}

impl RecordType {
    /// As in a zone file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Srv => "SRV",
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a Service port: an IANA service name (RFC 6335, section 5.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortName(Box<str>);

/// Why a text is no [`PortName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a valid port name: expected 1 to 15 of a-z, 0-9 and single inner hyphens, with a letter among them"
)]
pub struct PortNameError;

impl PortName {
    /// Bytes in a port name (RFC 6335; Kubernetes `IsValidPortName`).
    pub const LENGTH_MAX: usize = 15;
}

impl FromStr for PortName {
    type Err = PortNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let valid = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && text.bytes().any(|b| b.is_ascii_lowercase())
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if valid { Ok(Self(text.into())) } else { Err(PortNameError) }
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One question about one headless Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// `_<port>._tcp.<service>` SRV: names and ports.
    Names {
        /// The Service asked about.
        service: HeadlessService,
        /// Its named port.
        port_name: PortName,
    },
    /// `<service>` A or AAAA: addresses.
    Addresses {
        /// The Service asked about.
        service: HeadlessService,
        /// Which addresses.
        family: AddressFamily,
    },
}

impl Question {
    /// The Service that this asks about.
    pub fn service(&self) -> &HeadlessService {
        match self {
            Self::Names { service, .. } | Self::Addresses { service, .. } => service,
        }
    }

    /// The record type asked for; records of any other type are no answer.
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::Names { .. } => RecordType::Srv,
            Self::Addresses { family: AddressFamily::Ipv4, .. } => RecordType::A,
            Self::Addresses { family: AddressFamily::Ipv6, .. } => RecordType::Aaaa,
        }
    }

    /// The owner name asked for, absolute, with its trailing dot.
    pub fn owner(&self) -> String {
        match self {
            Self::Names { service, port_name } => format!("_{port_name}._tcp.{service}."),
            Self::Addresses { service, .. } => format!("{service}."),
        }
    }

    /// The Service's own name, to which SRV targets must be subordinate.
    pub fn service_name(&self) -> &DnsName {
        self.service().name()
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.owner(), self.record_type())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_absolute_names() {
        let service = HeadlessService::from_setting("eureka.ns", "default", "cluster.local").expect("valid");
        let names = Question::Names { service: service.clone(), port_name: "http".parse().expect("valid") };
        assert_eq!(names.to_string(), "_http._tcp.eureka.ns.svc.cluster.local. SRV");
        let addresses = Question::Addresses { service, family: AddressFamily::Ipv6 };
        assert_eq!(addresses.to_string(), "eureka.ns.svc.cluster.local. AAAA");
    }

    #[test]
    fn port_names_follow_kubernetes() {
        for good in ["http", "a", "h2c", "a-b-c", "abcdefghijklmno"] {
            assert!(good.parse::<PortName>().is_ok(), "{good}");
        }
        for bad in ["", "HTTP", "8761", "-a", "a-", "a--b", "abcdefghijklmnop", "a_b", "a.b"] {
            assert!(bad.parse::<PortName>().is_err(), "{bad}");
        }
    }
}
