//! What DNS said, in the three kinds that matter: records, empty, nothing known.

use std::collections::BTreeMap;
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

impl Record {
    /// Whether it is of no use to anybody, whatever the policy.
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Unusable(_))
    }
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

/// The records of one answer that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnusableRecords {
    /// How many, by reason; none of them 0.
    pub by_reason: BTreeMap<Unusable, usize>,
    /// How many records there were, the usable ones included.
    pub of: usize,
    /// One of them, of the first reason.
    pub first: UnusableRecord,
}

impl UnusableRecords {
    /// Those of `of` records; none where there is none.
    pub fn among(mut unusable: Vec<UnusableRecord>, of: usize) -> Option<Self> {
        unusable.sort();
        let mut by_reason = BTreeMap::new();
        for record in &unusable {
            *by_reason.entry(record.why).or_default() += 1;
        }
        Some(Self { by_reason, of, first: unusable.into_iter().next()? })
    }

    /// Whether the operator, or what no pod can be, is the only reason: as wanted, and nobody is missing.
    pub fn are_denied(&self) -> bool {
        self.by_reason.keys().all(|why| *why == Unusable::Denied)
    }

    /// How many, whatever the reason.
    pub fn count(&self) -> usize {
        self.by_reason.values().sum()
    }

    /// Whether the policy is the only reason, which knows addresses alone.
    fn are_against_policy(&self) -> bool {
        self.by_reason.keys().all(|why| matches!(why, Unusable::Denied | Unusable::NotAllowed))
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
    /// NXDOMAIN or NODATA without the SOA of a zone that can know it: nobody vouches for it.
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
    /// Records came, and none of them can be used.
    NoneUsable(Box<UnusableRecords>),
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
            Self::NoneUsable(records) if records.are_against_policy() => "all_denied",
            Self::Malformed(_) | Self::NoneUsable(_) => "malformed",
            Self::Network(_) => "network",
            Self::NotHeadless => "not_headless",
            Self::PortNameMissing => "port_name_missing",
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
