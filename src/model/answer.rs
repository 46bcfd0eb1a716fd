//! What DNS said, in the three kinds that matter: records, empty, nothing known.

use std::net::IpAddr;

use super::{DnsName, Port};

/// One record that passed the hygiene of the adapter: right class, type and owner.
///
/// Whether it may be used (below the Service, in an allowed range) is decided by the core.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// An A or AAAA record's address.
    Address(IpAddr),
    /// An SRV record's target and port.
    Target {
        /// The host name.
        name: DnsName,
        /// The port of the endpoint.
        port: Port,
    },
    /// One that answers the question and is of no use.
    Unusable(UnusableRecord),
}

/// A record that answers the question and cannot stand in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnusableRecord {
    /// Why not.
    pub why: Unusable,
    /// What stands in it: printable, and no longer than a host name with its port.
    pub what: Box<str>,
}

/// Why a record is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unusable {
    /// The target is no host name: no JVM could reach it. The root (`.`, RFC 2782 "not available") is none.
    NotAHostName,
    /// The port is 0.
    PortZero,
    /// The target does not lie below the Service.
    OutsideService,
    /// The address lies outside of what is allowed.
    NotAllowed,
    /// The address is denied, by the operator or because no pod can have it.
    Denied,
}

impl Unusable {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::NotAHostName, Self::PortZero, Self::OutsideService, Self::NotAllowed, Self::Denied];

    /// The closed set of names used as metric labels and in status.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotAHostName => "not_a_host_name",
            Self::PortZero => "port_zero",
            Self::OutsideService => "outside_the_service",
            Self::NotAllowed => "not_allowed",
            Self::Denied => "denied",
        }
    }
}

/// The outcome of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One record or more: the truth, perhaps partial. Sorted, without duplicates.
    Records(Vec<Record>),
    /// No such name, or no data, on the authority's word (an SOA came with it, RFC 2308).
    ///
    /// On Kubernetes: no pod is ready, the Service is missing, the port's name is wrong, or the
    /// nodes are cut off. It proves none of them.
    Empty {
        /// Whether the name itself does not exist (NXDOMAIN), or just no such record (NODATA).
        no_such_name: bool,
        /// The SOA's serial: CoreDNS writes the Unix time of the last change it saw, 0 before it
        /// has synchronised.
        soa_serial: u32,
    },
    /// Nothing is known.
    Failed(LookupFailure),
}

/// Why a question has no answer. None of these says anything about peers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookupFailure {
    /// No answer in time, from any server.
    Timeout,
    /// SERVFAIL.
    ServerFailure,
    /// REFUSED.
    Refused,
    /// Another response code, by its number (RFC 6895).
    ResponseCode(u16),
    /// NXDOMAIN or NODATA without an SOA: nobody vouches for it.
    NegativeWithoutSoa,
    /// The answer was cut short and TCP gave none either.
    Truncated,
    /// Records came, but none that answers the question; says what came instead.
    Malformed(&'static str),
    /// The network refused.
    Network(String),
    /// Every SRV target is the Service's own name: the Service has a cluster IP.
    NotHeadless,
    /// SRV: no such name, while the Service has addresses: no port of that name.
    PortNameMissing,
    /// Records came, and the policy allows none of them.
    AllDenied {
        /// How many were denied.
        denied: usize,
    },
    /// More peers than `--max-peers`.
    TooManyPeers {
        /// How many there were.
        peers: usize,
        max: usize,
    },
}

impl LookupFailure {
    /// The closed set of names used as metric labels and in status.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ServerFailure => "servfail",
            Self::Refused => "refused",
            Self::ResponseCode(_) => "response_code",
            Self::NegativeWithoutSoa => "negative_without_soa",
            Self::Truncated => "truncated",
            Self::Malformed(_) => "malformed",
            Self::Network(_) => "network",
            Self::NotHeadless => "not_headless",
            Self::PortNameMissing => "port_name_missing",
            Self::AllDenied { .. } => "all_denied",
            Self::TooManyPeers { .. } => "too_many_peers",
        }
    }

    /// Every value of [`Self::label`].
    pub const LABELS: [&'static str; 12] = [
        "timeout",
        "servfail",
        "refused",
        "response_code",
        "negative_without_soa",
        "truncated",
        "malformed",
        "network",
        "not_headless",
        "port_name_missing",
        "all_denied",
        "too_many_peers",
    ];
}
