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

/// The name of a Service's port: a DNS label, as Kubernetes has it for Services (`ValidateDNS1123Label`).
///
/// Only a *container's* port is bound to 15 characters with a letter among them (RFC 6335).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortName(Box<str>);

/// Why a text is no [`PortName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortNameError {
    /// A Service can have a port of this name, and DNS has no room for it.
    #[error(
        "is {0} characters long: expected {max} at most, because DNS asks for it with `_` in front, and a label \
         has {label}",
        max = PortName::LENGTH_MAX,
        label = DnsName::LABEL_MAX
    )]
    TooLong(usize),
    /// No Service can have a port of this name.
    #[error(
        "is not a valid port name: expected 1 to {max} of a-z, 0-9 and inner hyphens",
        max = PortName::LENGTH_MAX
    )]
    NotALabel,
}

impl PortName {
    /// Characters in a name that can be asked for: one less than Kubernetes allows, for the `_` (RFC 2782).
    pub const LENGTH_MAX: usize = DnsName::LABEL_MAX - 1;
    /// What most call the port of their Eureka servers.
    pub const USUAL: &'static str = "http";

    /// Whether this name is the usual one, which a port without a name answers to as well.
    pub fn is_usual(&self) -> bool {
        *self.0 == *Self::USUAL
    }
}

impl FromStr for PortName {
    type Err = PortNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_label =
            !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-');
        match text.len() {
            _ if !is_label => Err(PortNameError::NotALabel),
            ..=Self::LENGTH_MAX => Ok(Self(text.into())),
            length => Err(PortNameError::TooLong(length)),
        }
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
        let longest = "a".repeat(62);
        for good in ["http", "a", "h2c", "a-b-c", "8761", "a--b", "http-eureka-server", &longest] {
            assert!(good.parse::<PortName>().is_ok(), "{good}");
        }
        for bad in ["", "HTTP", "-a", "a-", "a_b", "a.b", "http ", "é"] {
            assert_eq!(bad.parse::<PortName>(), Err(PortNameError::NotALabel), "{bad}");
        }
        let error = "a".repeat(63).parse::<PortName>().expect_err("`_` and 63 do not fit");
        assert_eq!(error, PortNameError::TooLong(63));
        assert!(error.to_string().contains("`_`"), "{error}");
        assert_eq!("-".repeat(63).parse::<PortName>(), Err(PortNameError::NotALabel));
    }
}
