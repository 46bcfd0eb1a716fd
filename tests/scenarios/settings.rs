//! The settings of a scenario: the flags that decisions depend on, by their own names.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use eureka_peers::model::{
    AddressFamily, AddressPolicy, ContextPath, DnsName, DurationOrNever, HeadlessService, Host, IpNet,
    MaxShrink, PodIdentity, Port, PortName, Question, Scheme, ServiceUrl,
};
use eureka_peers::reconcile::{Adoption, OnDeadline, Own, Policy, RefreshCall, Role};
use serde::Deserialize;

use crate::words::{HostWord, Span, SpanOrNever, Written};

/// Number of the pod that is ourselves.
pub(crate) const OWN_NUMBER: u8 = 1;

/// What a file gives of the flags; the rest keeps its default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Given {
    role: Option<RoleWord>,
    service: Option<Vec<String>>,
    static_peer: Option<Vec<Written<ServiceUrl>>>,
    peer_host: Option<PeerHost>,
    port_name: Option<Written<PortName>>,
    port: Option<Written<Port>>,
    scheme: Option<Written<Scheme>>,
    context_path: Option<Written<ContextPath>>,
    self_url: Option<Written<ServiceUrl>>,
    allow_cidr: Option<Vec<Written<IpNet>>>,
    deny_cidr: Option<Vec<Written<IpNet>>>,
    adopt: Option<Adopt>,
    actuator_url: Option<String>,
    status_url: Option<String>,
    interval: Option<Written<Span>>,
    remove_after: Option<Written<SpanOrNever>>,
    empty_after: Option<Written<SpanOrNever>>,
    max_shrink: Option<Written<MaxShrink>>,
    shrink_after: Option<Written<SpanOrNever>>,
    min_peers: Option<usize>,
    start_deadline: Option<Written<Span>>,
    on_deadline: Option<OnDeadlineWord>,
    max_peers: Option<usize>,
    freeze: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum RoleWord {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PeerHost {
    Name,
    Ipv4,
    Ipv6,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Adopt {
    None,
    Refresh,
    Env,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OnDeadlineWord {
    Publish,
    Wait,
    Fail,
}

/// `later` where it says something, else `earlier`.
macro_rules! overlay {
    ($earlier:expr, $later:expr, $($field:ident)*) => {
        Given { $($field: $later.$field.clone().or_else(|| $earlier.$field.clone())),* }
    };
}

/// What is written, or the default.
fn or<T: Clone>(written: Option<&Written<T>>, default: T) -> T {
    written.map_or(default, |Written(value)| value.clone())
}

fn values<T: Clone>(written: Option<&Vec<Written<T>>>) -> Vec<T> {
    written.into_iter().flatten().map(|Written(value)| value.clone()).collect()
}

fn seconds(seconds: u64) -> Span {
    Span(Duration::from_secs(seconds))
}

fn after(seconds: u64) -> SpanOrNever {
    SpanOrNever(DurationOrNever::After(Duration::from_secs(seconds)))
}

impl Given {
    /// These settings with `later` ones over them, flag by flag.
    pub(crate) fn overlaid(&self, later: &Self) -> Self {
        overlay!(self, later,
            role service static_peer peer_host port_name port scheme context_path self_url allow_cidr deny_cidr
            adopt actuator_url status_url interval remove_after empty_after max_shrink shrink_after min_peers
            start_deadline on_deadline max_peers freeze)
    }

    /// These settings with `--freeze` as said.
    pub(crate) fn frozen(&self, is_frozen: bool) -> Self {
        Self { freeze: Some(is_frozen), ..self.clone() }
    }

    /// The policy in force; the defaults are those of the settings table, with addresses for brevity.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            role: self.role(),
            questions: self.services().iter().map(|service| self.question(service)).collect(),
            static_peers: values(self.static_peer.as_ref()).into_iter().collect(),
            scheme: self.scheme(),
            context_path: self.context_path(),
            port: self.port.as_ref().map(|Written(port)| *port),
            address_policy: AddressPolicy::new(
                values(self.allow_cidr.as_ref()),
                values(self.deny_cidr.as_ref()),
            ),
            interval: or(self.interval.as_ref(), seconds(if self.is_client() { 10 } else { 1 })).0,
            remove_after: or(self.remove_after.as_ref(), after(30)).0,
            empty_after: or(self.empty_after.as_ref(), SpanOrNever(DurationOrNever::Never)).0,
            max_shrink: or(self.max_shrink.as_ref(), MaxShrink::HALF),
            shrink_after: or(self.shrink_after.as_ref(), after(300)).0,
            min_peers: self.min_peers.unwrap_or(0),
            start_deadline: or(self.start_deadline.as_ref(), seconds(10)).0,
            on_deadline: match self.on_deadline {
                Some(OnDeadlineWord::Fail) => OnDeadline::Fail,
                Some(OnDeadlineWord::Wait) => OnDeadline::Wait,
                Some(OnDeadlineWord::Publish) | None => OnDeadline::Publish,
            },
            max_peers: self.max_peers.unwrap_or(512),
            freeze: self.freeze.unwrap_or(false),
            adoption: self.adoption(),
            sink: sink(),
        }
    }

    /// The host that a word stands for.
    pub(crate) fn host(&self, word: &HostWord) -> String {
        match word {
            HostWord::Pod { number, service, .. } => {
                let first = self.services().first().cloned().unwrap_or_default();
                self.pod(*number, service.as_ref().unwrap_or(&first))
            }
            HostWord::Own => self.own_url().host().to_string(),
            HostWord::Sink => sink().to_string(),
            HostWord::Raw(text) => text.clone(),
        }
    }

    /// A word of an expectation as [`Self::spoken`] speaks of a URL.
    pub(crate) fn spoken_word(&self, word: &HostWord) -> String {
        match word {
            HostWord::Pod { port: Some(port), .. } => {
                format!("{}://{}:{port}{}", self.scheme(), self.host(word), self.context_path())
            }
            HostWord::Pod { .. } | HostWord::Own | HostWord::Sink | HostWord::Raw(_) => self.host(word),
        }
    }

    /// A URL as scenarios speak of it: by its host alone where the rest is the default.
    pub(crate) fn spoken(url: &ServiceUrl) -> String {
        let is_plain = url.scheme() == Scheme::Http
            && url.port() == Port::EUREKA
            && *url.path() == ContextPath::default();
        if is_plain { url.host().to_string() } else { url.to_string() }
    }

    /// A peer of the saved state: the host a word stands for, in the form that these settings give it.
    pub(crate) fn peer(&self, word: &HostWord) -> ServiceUrl {
        let text = match word {
            HostWord::Raw(text) if text.contains("://") => text.clone(),
            _ => format!("{}://{}:8761{}", self.scheme(), self.host(word), self.context_path()),
        };
        text.parse().unwrap_or_else(|error| panic!("the host {text:?} {error}"))
    }

    /// What is asked about `service`.
    pub(crate) fn question(&self, service: &str) -> Question {
        let service = service_of(service);
        match self.peer_host() {
            PeerHost::Name => {
                let http = "http".parse().expect("a port name");
                Question::Names { service, port_name: or(self.port_name.as_ref(), http) }
            }
            PeerHost::Ipv4 => Question::Addresses { service, family: AddressFamily::Ipv4 },
            PeerHost::Ipv6 => Question::Addresses { service, family: AddressFamily::Ipv6 },
        }
    }

    /// The kind of hosts in URLs.
    pub(crate) fn peer_host(&self) -> PeerHost {
        self.peer_host.unwrap_or(PeerHost::Ipv4)
    }

    /// What the server takes for itself.
    pub(crate) fn own_url(&self) -> ServiceUrl {
        if let Some(Written(url)) = &self.self_url {
            return url.clone();
        }
        let first = self.services().first().cloned().unwrap_or_default();
        let port = or(self.port.as_ref(), Port::EUREKA);
        let host = self.pod(OWN_NUMBER, &first);
        let text = format!("{}://{host}:{port}{}", self.scheme(), self.context_path());
        text.parse().expect("made of valid parts")
    }

    fn pod(&self, number: u8, service: &str) -> String {
        match self.peer_host() {
            PeerHost::Name => format!("eureka-{number}.{}", service_of(service)),
            PeerHost::Ipv4 => format!("10.0.0.{number}"),
            PeerHost::Ipv6 => Host::Address(ipv6(number)).to_string(),
        }
    }

    fn services(&self) -> Vec<String> {
        self.service.clone().unwrap_or_else(|| vec!["eureka".to_owned()])
    }

    fn scheme(&self) -> Scheme {
        or(self.scheme.as_ref(), Scheme::Http)
    }

    fn context_path(&self) -> ContextPath {
        or(self.context_path.as_ref(), ContextPath::default())
    }

    fn is_client(&self) -> bool {
        self.role == Some(RoleWord::Client)
    }

    fn role(&self) -> Role {
        if self.is_client() {
            return Role::Client;
        }
        let name: DnsName = format!("eureka-{OWN_NUMBER}").parse().expect("a name");
        let addresses = BTreeSet::from([IpAddr::from([10, 0, 0, OWN_NUMBER]), ipv6(OWN_NUMBER)]);
        let identity = PodIdentity { name: Some(name), addresses, ..PodIdentity::default() };
        Role::Server(Own { identity, url: self.own_url() })
    }

    fn adoption(&self) -> Adoption {
        let adopt =
            self.adopt.unwrap_or(if self.actuator_url.is_some() { Adopt::Refresh } else { Adopt::None });
        let confirm = !self.is_client() || self.status_url.is_some();
        match adopt {
            Adopt::None if self.status_url.is_some() => Adoption::ConfirmOnly,
            Adopt::None => Adoption::None,
            Adopt::Refresh => Adoption::Refresh { call: RefreshCall::Refresh, confirm },
            Adopt::Env => Adoption::Refresh { call: RefreshCall::Env, confirm },
        }
    }
}

/// A short name completed as the settings complete it.
pub(crate) fn service_of(name: &str) -> HeadlessService {
    HeadlessService::from_setting(name, "ns", "cluster.local")
        .unwrap_or_else(|error| panic!("the Service {name:?} {error}"))
}

/// The sink, where the local listener has it by default.
pub(crate) fn sink() -> ServiceUrl {
    "http://127.0.0.1:9762/sink/eureka/".parse().expect("a service URL")
}

fn ipv6(number: u8) -> IpAddr {
    IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(number)])
}
