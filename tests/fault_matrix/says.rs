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

/// One row: what DNS says, what that is to the machine, its outcome in `/status`, its words for the page, and
/// how the server is had to say it, where that takes no more than a mode.
type Row = (Says, Kind, &'static str, &'static str, Option<Mode>);

const TABLE: [Row; 21] = {
    use Kind::{Failure, Nobody, Pods};
    use Says as S;
    const MORE: &[u8] = &[0, 1, 2, 3, 5];
    [
        (S::Records, Pods(MORE), "records", "records: 5 came, 4 is gone", None),
        (S::OnlySelf, Pods(&[0]), "records", "records: only self", None),
        (S::FarFewer, Pods(&[0, 4]), "records", "records: far fewer, self and 4", None),
        (S::NoSuchName, Nobody, "no_such_name", "NXDOMAIN with SOA", Some(Mode::NoSuchName)),
        (S::NoData, Nobody, "no_data", "NODATA with SOA", Some(Mode::NoData)),
        (S::PortNameMissing, Failure, "port_name_missing", PORT_NAME_MISSING, None),
        (S::ClusterIp, Failure, "not_headless", CLUSTER_IP, Some(Mode::ClusterIp)),
        (S::NoSuchNameWithoutSoa, Failure, NO_SOA, "NXDOMAIN without SOA", Some(Mode::NoSuchNameWithoutSoa)),
        (S::NoDataWithoutSoa, Failure, NO_SOA, "NODATA without SOA", Some(Mode::NoDataWithoutSoa)),
        (S::ServFail, Failure, "servfail", "SERVFAIL", Some(Mode::ServFail)),
        (S::Refused, Failure, "refused", "REFUSED", Some(Mode::Refused)),
        (S::NotImplemented, Failure, "response_code", "another code (NOTIMP)", Some(Mode::NotImplemented)),
        (S::Silence, Failure, "timeout", "nothing", Some(Mode::Silent)),
        (S::TruncatedWithoutTcp, Failure, "truncated", TRUNCATED, Some(Mode::TruncatedWithoutTcp)),
        (S::Unreadable, Failure, "malformed", "a record that cannot be read", Some(Mode::Unreadable)),
        (S::Alias, Failure, "malformed", "a CNAME and the pods' records behind it", Some(Mode::Alias)),
        (S::OtherService, Failure, "malformed", "pods of another Service", Some(Mode::OtherService)),
        (S::AllDenied, Failure, "all_denied", "addresses that are all denied", None),
        (S::TooMany, Failure, "too_many_peers", "more than `--max-peers`", None),
        // The kernel tells of a closed port at once, on a socket that is connected.
        (S::NobodyListens, Failure, "network", "nothing: its port is closed", None),
        (S::Unreachable, Failure, "network", "network unreachable", None),
    ]
};
const NO_SOA: &str = "negative_without_soa";
const PORT_NAME_MISSING: &str = "NXDOMAIN with SOA for SRV, while A has records";
const CLUSTER_IP: &str = "the Service's own name: it has a cluster IP";
const TRUNCATED: &str = "TC, and nothing over TCP";

impl Says {
    pub(crate) fn all() -> [Self; 21] {
        TABLE.map(|row| row.0)
    }

    fn row(self) -> Row {
        TABLE.into_iter().find(|row| row.0 == self).expect("each has its row")
    }

    pub(crate) fn kind(self) -> Kind {
        self.row().1
    }

    /// The name of this outcome in `/status`, and of a trial.
    pub(crate) fn outcome(self) -> &'static str {
        self.row().2
    }

    /// In words, for the table.
    pub(crate) fn words(self) -> &'static str {
        self.row().3
    }

    /// Has DNS say so from now on.
    pub(crate) fn apply(self, cluster: &Cluster) {
        if let (_, _, _, _, Some(mode)) = self.row() {
            return cluster.set_mode(mode);
        }
        match (self, self.kind()) {
            (_, Kind::Pods(pods)) => cluster.set_pods(pods),
            (Self::PortNameMissing, _) => {
                let pods = [0, 1].map(|pod| Pod::new(format!("eureka-{pod}"), address(pod), 8761));
                cluster.dns().set_pods(SERVICE, "web", pods);
            }
            (Self::AllDenied, _) => {
                let pod = |pod: u8| Pod::new(format!("eureka-{pod}"), [169, 254, 0, pod + 1], 8761);
                cluster.dns().set_pods(SERVICE, "http", [1, 2, 3].map(pod));
            }
            (Self::TooMany, _) => cluster.set_pods(&[0, 1, 2, 3, 4, 5, 6, 7]),
            (Self::NobodyListens, _) => cluster.stop_dns(),
            (Self::Unreachable, _) => network::take_away(cluster.dns_address.ip()),
            (other, _) => unreachable!("{other:?} has no mode and is not had"),
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
