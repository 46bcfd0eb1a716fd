//! What DNS said, in the three kinds that matter: records, nobody, nothing known.

use std::fmt;
use std::net::IpAddr;

use super::{DnsName, Port};

/// One record that passed the hygiene of the adapter: right class, type and owner.
///
/// Whether it may be used (below the Service, in an allowed range) is decided by the core.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// An A or AAAA record's address.
    Address(IpAddr),
    /// An SRV record's target and port; the root target (`.`, RFC 2782 "not available") and port 0
    /// never become a record.
    Target {
        /// The host name.
        name: DnsName,
        /// The port of the endpoint.
        port: Port,
    },
}

/// The outcome of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One record or more: the truth, perhaps partial. Sorted, without duplicates.
    Records(Vec<Record>),
    /// No such name, or no data, on the authority's word (an SOA came with it, RFC 2308).
    ///
    /// On Kubernetes: nobody is ready, the Service is missing, the port's name is wrong, or the
    /// nodes are cut off. It proves none of them.
    Nobody {
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

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str(
                "no DNS server answered in time; allow egress to UDP and TCP port 53, and see resolv.conf or --dns-server",
            ),
            Self::ServerFailure => f.write_str("DNS answered SERVFAIL (CoreDNS says so until it has synchronised)"),
            Self::Refused => f.write_str(
                "DNS answered REFUSED; ask a server that serves this name: with `hostNetwork`, set \
                 `dnsPolicy: ClusterFirstWithHostNet`, or see --dns-server",
            ),
            Self::ResponseCode(code) => write!(
                f,
                "DNS answered with response code {code} (1 is FORMERR, 4 NOTIMP, 9 NOTAUTH); ask a server that \
                 serves this name, see resolv.conf or --dns-server"
            ),
            Self::NegativeWithoutSoa => {
                f.write_str("DNS denied the name without an SOA record, so nobody vouches for it")
            }
            Self::Truncated => f.write_str(
                "the answer was truncated and TCP gave none that can be read; allow egress to TCP port 53, or use \
                 --peer-host ipv4, which needs the least room",
            ),
            Self::Malformed(what) => write!(f, "DNS answered with {what}"),
            Self::Network(error) => write!(f, "DNS could not be asked: {error}"),
            Self::NotHeadless => f.write_str(
                "the Service has a cluster IP; set `clusterIP: None`, for only a headless Service lists its pods",
            ),
            Self::PortNameMissing => f.write_str(
                "the Service has addresses but no SRV records for a port of this name; name the Service's port as --port-name \
                 says, or, where something in between answers without SRV (Istio's DNS capture), use --peer-host ipv4",
            ),
            Self::AllDenied { denied } => {
                write!(f, "all records ({denied}) are denied by policy; see --allow-cidr and --deny-cidr")
            }
            Self::TooManyPeers { peers, max } => {
                write!(f, "{peers} peers are more than --max-peers {max}")
            }
        }
    }
}
