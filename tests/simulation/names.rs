//! Services, hosts, URLs and settings of the simulated cluster.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use eureka_peers::model::{
    AddressFamily, AddressPolicy, DurationOrNever, HeadlessService, Host, MaxShrink, PeerSet, PodIdentity,
    Port, Question, Record, ServiceUrl,
};
use eureka_peers::reconcile::{Adoption, OnDeadline, Own, Policy, RefreshCall, Role};

use crate::plan::{Hosts, Shape};

/// One host of a Service, as DNS knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostId {
    /// The pod of this number of a StatefulSet.
    Named { service: usize, number: u32 },
    /// A pod that is known by its address alone.
    At { service: usize, address: u32 },
}

/// The Services' names; the first is the workload's own, the second mirrors one of another cluster.
pub(crate) const SERVICES: [&str; 2] = ["eureka.ns.svc.cluster.local", "eureka-west.ns.svc.cluster.local"];

pub(crate) fn question(service: usize, hosts: Hosts) -> Question {
    let service = HeadlessService::from_setting(SERVICES[service], "", "").expect("a valid Service");
    match hosts {
        Hosts::Names => Question::Names { service, port_name: "http".parse().expect("a valid port name") },
        Hosts::Addresses => Question::Addresses { service, family: AddressFamily::Ipv4 },
    }
}

impl HostId {
    fn host(self) -> Host {
        match self {
            Self::Named { service, number } => {
                Host::Name(format!("eureka-{number}.{}", SERVICES[service]).parse().expect("a valid name"))
            }
            Self::At { service, address } => Host::Address(address_of(service, address)),
        }
    }

    pub(crate) fn url(self) -> ServiceUrl {
        url_of(self.host())
    }

    pub(crate) fn record(self) -> Record {
        match self.host() {
            Host::Name(name) => Record::Target { name, port: Port::EUREKA },
            Host::Address(address) => Record::Address(address),
        }
    }

    fn identity(self) -> PodIdentity {
        match self {
            Self::Named { number, .. } => PodIdentity {
                name: Some(format!("eureka-{number}").parse().expect("a valid name")),
                ..PodIdentity::default()
            },
            Self::At { service, address } => {
                PodIdentity { addresses: [address_of(service, address)].into(), ..PodIdentity::default() }
            }
        }
    }
}

fn address_of(service: usize, address: u32) -> IpAddr {
    let service = u32::try_from(service).expect("few Services");
    Ipv4Addr::from(0x0a00_0000 + (service << 16) + address).into()
}

/// The URL that an answer's record becomes.
pub(crate) fn url_of_record(record: &Record) -> ServiceUrl {
    match record {
        Record::Target { name, .. } => url_of(Host::Name(name.clone())),
        Record::Address(address) => url_of(Host::Address(*address)),
        Record::Unusable(_) => unreachable!("the simulated DNS has none"),
    }
}

fn url_of(host: Host) -> ServiceUrl {
    let scheme = "http".parse().expect("a scheme");
    ServiceUrl::new(scheme, host, Port::EUREKA, "/eureka/".parse().expect("a path"))
}

pub(crate) fn static_peers(shape: &Shape) -> PeerSet {
    let peer = "http://vm.example.com:8761/eureka/".parse().expect("a valid URL");
    if shape.has_static_peer { [peer].into() } else { PeerSet::new() }
}

pub(crate) fn sink() -> ServiceUrl {
    "http://127.0.0.1:9762/sink/eureka/".parse().expect("a valid URL")
}

/// The settings of one pod's sidecar; `own` is none beside a client.
pub(crate) fn policy(shape: &Shape, own: Option<HostId>) -> Policy {
    let services = if shape.others > 0 { 2 } else { 1 };
    Policy {
        role: match own {
            Some(own) => Role::Server(Own { identity: own.identity(), url: own.url(), url_is_given: false }),
            None => Role::Client,
        },
        questions: (0..services).map(|service| question(service, shape.hosts)).collect(),
        static_peers: static_peers(shape),
        scheme: "http".parse().expect("a scheme"),
        context_path: "/eureka/".parse().expect("a path"),
        port: None,
        address_policy: AddressPolicy::default(),
        interval: shape.interval,
        remove_after: DurationOrNever::After(shape.remove_after),
        empty_after: DurationOrNever::Never,
        max_shrink: MaxShrink::HALF,
        shrink_after: DurationOrNever::After(shape.shrink_after),
        min_peers: 0,
        start_deadline: Duration::from_secs(10),
        on_deadline: if shape.waits { OnDeadline::Wait } else { OnDeadline::Publish },
        max_peers: 512,
        freeze: false,
        adoption: match own {
            Some(_) => Adoption::Refresh { call: RefreshCall::Refresh, confirm: true },
            None => Adoption::None,
        },
        sink: sink(),
    }
}
