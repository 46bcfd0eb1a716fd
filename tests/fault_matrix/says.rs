//! Everything that DNS can say: the table of the contract, an entry a line.

use crate::cluster::{Cluster, SERVICE, address};
use crate::dns_server::{Mode, Pod};
use crate::network;

/// What DNS says in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Records,
    OnlySelf,
    FarFewer,
    NoSuchName,
    NoData,
    PortNameMissing,
    ClusterIp,
    NoSuchNameWithoutSoa,
    NoDataWithoutSoa,
    ServFail,
    Refused,
    NotImplemented,
    Silence,
    TruncatedWithoutTcp,
    Unreadable,
    Alias,
    OtherService,
    AllDenied,
    TooMany,
    NobodyListens,
    Unreachable,
}

/// What an answer is to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Records of these pods.
    Pods(&'static [u8]),
    /// The authority's word that nobody is there.
    Nobody,
    /// Nothing is known.
    Failure,
}

impl Says {
    pub(crate) const ALL: [Self; 21] = [
        Self::Records,
        Self::OnlySelf,
        Self::FarFewer,
        Self::NoSuchName,
        Self::NoData,
        Self::PortNameMissing,
        Self::ClusterIp,
        Self::NoSuchNameWithoutSoa,
        Self::NoDataWithoutSoa,
        Self::ServFail,
        Self::Refused,
        Self::NotImplemented,
        Self::Silence,
        Self::TruncatedWithoutTcp,
        Self::Unreadable,
        Self::Alias,
        Self::OtherService,
        Self::AllDenied,
        Self::TooMany,
        Self::NobodyListens,
        Self::Unreachable,
    ];

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Records => Kind::Pods(&[0, 1, 2, 3, 5]),
            Self::OnlySelf => Kind::Pods(&[0]),
            Self::FarFewer => Kind::Pods(&[0, 4]),
            Self::NoSuchName | Self::NoData => Kind::Nobody,
            Self::PortNameMissing
            | Self::ClusterIp
            | Self::NoSuchNameWithoutSoa
            | Self::NoDataWithoutSoa
            | Self::ServFail
            | Self::Refused
            | Self::NotImplemented
            | Self::Silence
            | Self::TruncatedWithoutTcp
            | Self::Unreadable
            | Self::Alias
            | Self::OtherService
            | Self::AllDenied
            | Self::TooMany
            | Self::NobodyListens
            | Self::Unreachable => Kind::Failure,
        }
    }

    /// The name of this outcome in `/status`, and of a trial.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Self::Records | Self::OnlySelf | Self::FarFewer => "records",
            Self::NoSuchName => "no_such_name",
            Self::NoData => "no_data",
            Self::PortNameMissing => "port_name_missing",
            Self::ClusterIp => "not_headless",
            Self::NoSuchNameWithoutSoa | Self::NoDataWithoutSoa => "negative_without_soa",
            Self::ServFail => "servfail",
            Self::Refused => "refused",
            Self::NotImplemented => "response_code",
            // A closed port is silence: nobody is told of it on a socket that is not connected.
            Self::Silence | Self::NobodyListens => "timeout",
            Self::TruncatedWithoutTcp => "truncated",
            Self::Unreadable | Self::Alias | Self::OtherService => "malformed",
            Self::AllDenied => "all_denied",
            Self::TooMany => "too_many_peers",
            Self::Unreachable => "network",
        }
    }

    /// In words, for the table.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Records => "records: 5 came, 4 is gone",
            Self::OnlySelf => "records: only self",
            Self::FarFewer => "records: far fewer, self and 4",
            Self::NoSuchName => "NXDOMAIN with SOA",
            Self::NoData => "NODATA with SOA",
            Self::PortNameMissing => "NXDOMAIN with SOA for SRV, while A has records",
            Self::ClusterIp => "the Service's own name: it has a cluster IP",
            Self::NoSuchNameWithoutSoa => "NXDOMAIN without SOA",
            Self::NoDataWithoutSoa => "NODATA without SOA",
            Self::ServFail => "SERVFAIL",
            Self::Refused => "REFUSED",
            Self::NotImplemented => "another code (NOTIMP)",
            Self::Silence => "nothing",
            Self::TruncatedWithoutTcp => "TC, and nothing over TCP",
            Self::Unreadable => "a record that cannot be read",
            Self::Alias => "a CNAME and the pods' records behind it",
            Self::OtherService => "pods of another Service",
            Self::AllDenied => "addresses that are all denied",
            Self::TooMany => "more than `--max-peers`",
            Self::NobodyListens => "nothing: its port is closed",
            Self::Unreachable => "network unreachable",
        }
    }

    /// Whether it can only be had with addresses in place of names.
    pub(crate) fn is_about_addresses(self) -> bool {
        self == Self::AllDenied
    }

    /// Has DNS say so from now on.
    pub(crate) fn apply(self, cluster: &Cluster) {
        match self {
            Self::Records | Self::OnlySelf | Self::FarFewer => {
                let Kind::Pods(pods) = self.kind() else { unreachable!("these are records") };
                cluster.set_pods(pods);
            }
            Self::NoSuchName => cluster.set_mode(Mode::NoSuchName),
            Self::NoData => cluster.set_mode(Mode::NoData),
            Self::PortNameMissing => {
                let pods = [0, 1].map(|pod| Pod::new(format!("eureka-{pod}"), address(pod), 8761));
                cluster.dns().set_pods(SERVICE, "web", pods);
            }
            Self::ClusterIp => cluster.set_mode(Mode::ClusterIp),
            Self::NoSuchNameWithoutSoa => cluster.set_mode(Mode::NoSuchNameWithoutSoa),
            Self::NoDataWithoutSoa => cluster.set_mode(Mode::NoDataWithoutSoa),
            Self::ServFail => cluster.set_mode(Mode::ServFail),
            Self::Refused => cluster.set_mode(Mode::Refused),
            Self::NotImplemented => cluster.set_mode(Mode::NotImplemented),
            Self::Silence => cluster.set_mode(Mode::Silent),
            Self::TruncatedWithoutTcp => cluster.set_mode(Mode::TruncatedWithoutTcp),
            Self::Unreadable => cluster.set_mode(Mode::Unreadable),
            Self::Alias => cluster.set_mode(Mode::Alias),
            Self::OtherService => cluster.set_mode(Mode::OtherService),
            Self::AllDenied => {
                let pod = |pod: u8| Pod::new(format!("eureka-{pod}"), [169, 254, 0, pod + 1], 8761);
                cluster.dns().set_pods(SERVICE, "http", [1, 2, 3].map(pod));
            }
            Self::TooMany => cluster.set_pods(&[0, 1, 2, 3, 4, 5, 6, 7]),
            Self::NobodyListens => cluster.stop_dns(),
            Self::Unreachable => network::take_away(cluster.dns_address.ip()),
        }
    }

    /// Has DNS name pods 0 to 5 again.
    pub(crate) fn mend(self, cluster: &Cluster) {
        match self {
            Self::NobodyListens => cluster.start_dns(),
            Self::Unreachable => network::give_back(cluster.dns_address.ip()),
            _ => {}
        }
        cluster.set_pods(&[0, 1, 2, 3, 4, 5]);
        cluster.set_mode(Mode::Normal);
    }
}
