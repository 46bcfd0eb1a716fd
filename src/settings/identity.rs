//! Who the server beside us is: its own URL, and how it is recognised in an answer.
//!
//! The downward API comes first; host name and interfaces only stand in where it says nothing. Which Service
//! governs the pod is known from the kubelet's lines of `/etc/hosts`, and only there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::{DnsName, HeadlessService, Host, PodIdentity, ServiceUrl};
use crate::reconcile::Own;

use super::environment::Environment;
use super::fault::{Origin, Problem, quoted};
use super::hosts;
use super::peer_settings::{PeerSettings, one_label, parsed};
use super::purpose::Purpose;
use super::reader::SettingsReader;
use super::table::Key;
use super::words::PeerHost;

/// What to do about a variable of the downward API.
const FIELDS: [(&str, &str); 3] =
    [("POD_NAME", "metadata.name"), ("POD_IP", "status.podIP"), ("POD_IPS", "status.podIPs")];

/// Reads `--self-url` or finds a value for it. None where there is nothing to find, with a fault where that
/// matters.
pub(super) fn own(reader: &mut SettingsReader<'_>, peers: &PeerSettings) -> Option<Own> {
    let mut pod = Pod::look(reader);
    pod.governing = pod.governing.map(|governing| as_asked(governing, &peers.services));
    if reader.is_given(Key::SelfUrl) {
        let url: ServiceUrl = reader.optional(Key::SelfUrl, parsed)?;
        warn_about_given(reader, peers, &pod, &url);
        if service_of(url.host(), &peers.services).is_none() {
            warn_about_service(reader, peers, &pod);
        }
        let identity = pod.identity_with(url.host(), &peers.services);
        return Some(Own { identity, url, url_is_given: true });
    }
    match pod.host_for(peers) {
        Ok((host, origin)) => {
            let url =
                ServiceUrl::new(peers.scheme, host, peers.port_or_default(), peers.context_path.clone());
            reader.record(Key::SelfUrl, &url, origin);
            warn_about_guesses(reader, peers, &pod);
            warn_about_service(reader, peers, &pod);
            Some(Own { identity: pod.identity(), url, url_is_given: false })
        }
        Err(why) => {
            without_url(reader, peers, why);
            None
        }
    }
}

/// Says that the own URL is unknown, to those who need it.
fn without_url(reader: &mut SettingsReader<'_>, peers: &PeerSettings, why: Problem) {
    match reader.purpose {
        // Without a Service there is no name to be known by, and that is a fault already.
        Purpose::Run | Purpose::Init | Purpose::Check if peers.services.is_empty() => {}
        Purpose::Run | Purpose::Init | Purpose::Check => reader.conflict(&[Key::SelfUrl], why),
        Purpose::Print => {
            let message = format!("is unknown here, so nothing is left out of the list; {}", why.cure());
            reader.warn(Key::SelfUrl, message);
        }
        Purpose::Contact => {}
    }
}

/// The pod as the downward API shows it, or this machine.
struct Pod {
    name: Option<(DnsName, Origin)>,
    addresses: Vec<IpAddr>,
    addresses_from: Origin,
    governing: Option<HeadlessService>,
}

impl Pod {
    fn look(reader: &mut SettingsReader<'_>) -> Self {
        let name = variable(reader, "POD_NAME", |text| one_label(text).map(|name| vec![name]))
            .and_then(|names| Some((names.into_iter().next()?, Origin::Variable("POD_NAME".to_owned()))));
        let addresses: Vec<IpAddr> = ["POD_IP", "POD_IPS"]
            .into_iter()
            .filter_map(|name| variable(reader, name, addresses_in))
            .flatten()
            .collect();
        let environment = reader.environment;
        let name = name.or_else(|| {
            let first_label = environment.host_name.as_deref()?.split('.').next()?;
            Some((one_label(first_label).ok()?, Origin::Observed("host name")))
        });
        let (addresses, addresses_from) = if addresses.is_empty() {
            (environment.interface_addresses.clone(), Origin::Observed("interfaces"))
        } else {
            (addresses, Origin::Variable("POD_IP".to_owned()))
        };
        let kubelet = governing(environment, name.as_ref().map(|(name, _)| name.as_str()), &addresses);
        // The pod's `hostname` may make its name in DNS another one than POD_NAME.
        let name = name.map(|(name, origin)| match &kubelet {
            Some((_, label)) => (label.clone(), origin),
            None => (name, origin),
        });
        let governing = kubelet.map(|(service, _)| service);
        Self { name, addresses, addresses_from, governing }
    }

    /// What the own URL names by default: as peers are named.
    fn host_for(&self, peers: &PeerSettings) -> Result<(Host, Origin), Problem> {
        let address_of = |is_of_family: fn(&IpAddr) -> bool| {
            let address = self.addresses.iter().find(|address| is_of_family(address)).copied();
            let found = address.map(|address| (Host::Address(address), self.addresses_from.clone()));
            found.ok_or_else(|| unknown("POD_IP or POD_IPS", "status.podIPs"))
        };
        match peers.peer_host {
            PeerHost::Name => self.name_under(self.home_among(&peers.services)),
            PeerHost::Ipv4 => address_of(IpAddr::is_ipv4),
            PeerHost::Ipv6 => address_of(IpAddr::is_ipv6),
        }
    }

    /// The Service that gives the pod its name, asked or not: where the kubelet has said which, our name
    /// below another one is another pod's. Else the first.
    fn home_among<'a>(&'a self, services: &'a [HeadlessService]) -> Option<&'a HeadlessService> {
        if services.is_empty() { None } else { self.governing.as_ref().or(services.first()) }
    }

    fn name_under(&self, service: Option<&HeadlessService>) -> Result<(Host, Origin), Problem> {
        let (Some((label, origin)), Some(service)) = (&self.name, service) else {
            return Err(unknown("POD_NAME", "metadata.name"));
        };
        let name = service.name().child(label.as_str()).map_err(|error| {
            Problem::new(format!("cannot be made from {label} and {service}: the name {error}"))
                .hint("give --self-url")
        })?;
        Ok((Host::Name(name), origin.clone()))
    }

    fn identity(&self) -> PodIdentity {
        PodIdentity {
            name: self.name.as_ref().map(|(name, _)| name.clone()),
            addresses: self.addresses.iter().map(IpAddr::to_canonical).collect::<BTreeSet<_>>(),
            governing: self.governing.clone(),
            unset: self.unset(),
        }
    }

    /// The variables that the downward API would have set. Which of them matters is seen in the records.
    fn unset(&self) -> &'static [&'static str] {
        let is_guessed = |origin: &Origin| matches!(origin, Origin::Observed(_));
        match (
            self.name.as_ref().is_none_or(|(_, origin)| is_guessed(origin)),
            is_guessed(&self.addresses_from),
        ) {
            (true, true) => &["POD_NAME", "POD_IP"],
            (true, false) => &["POD_NAME"],
            (false, true) => &["POD_IP"],
            (false, false) => &[],
        }
    }

    /// The identity of a pod that is known as `host`: a label under a Service is its name there, which
    /// the pod's `hostname` may make another one than `POD_NAME`.
    fn identity_with(&self, host: &Host, services: &[HeadlessService]) -> PodIdentity {
        let mut identity = self.identity();
        match host {
            Host::Address(address) => {
                identity.addresses.insert(address.to_canonical());
            }
            Host::Name(name) => identity.name = label_under(name, services).or(identity.name),
        }
        identity
    }
}

/// The first label of a name that lies right under one of the Services, be it written in full or cut short
/// as in `eureka-0.eureka`.
fn label_under(name: &DnsName, services: &[HeadlessService]) -> Option<DnsName> {
    let service = HeadlessService::of_pod(name, services.iter())?;
    let (label, rest) = name.as_str().split_once('.')?;
    service.name().as_str().starts_with(rest).then(|| label.parse().ok()).flatten()
}

/// The Service that this host says it is of, by its name.
fn service_of<'a>(host: &Host, services: &'a [HeadlessService]) -> Option<&'a HeadlessService> {
    match host {
        Host::Name(name) => HeadlessService::of_pod(name, services.iter()),
        Host::Address(_) => None,
    }
}

/// The Service that governs the pod, and the pod's name below it, where the kubelet's lines with the pod's
/// name and one of its addresses name one, and only one.
fn governing(
    environment: &Environment,
    name: Option<&str>,
    addresses: &[IpAddr],
) -> Option<(HeadlessService, DnsName)> {
    let host_name = environment.host_name.as_deref().and_then(|host_name| host_name.split('.').next());
    let is_our_label =
        |label: &str| [name, host_name].into_iter().flatten().any(|own| own.eq_ignore_ascii_case(label));
    let is_our_address = |address: &IpAddr| {
        let ours = addresses.iter().chain(&environment.interface_addresses);
        ours.map(IpAddr::to_canonical).any(|own| own == address.to_canonical())
    };
    let lines = environment.managed_hosts.iter().filter(|(address, _)| is_our_address(address));
    let ours = lines.filter(|(_, name)| name.labels().next().is_some_and(is_our_label));
    let named =
        |(_, name): &(IpAddr, DnsName)| Some((hosts::service_of(name)?, name.labels().next()?.parse().ok()?));
    let mut found: BTreeSet<(HeadlessService, DnsName)> = ours.filter_map(named).collect();
    let first = found.pop_first();
    first.filter(|_| found.is_empty())
}

/// The same Service as the settings spell it, where they do: one cluster may have several domains.
fn as_asked(governing: HeadlessService, services: &[HeadlessService]) -> HeadlessService {
    let in_cluster =
        |service: &HeadlessService| service.name().labels().take(3).map(str::to_owned).collect::<Vec<_>>();
    if services.contains(&governing) {
        return governing;
    }
    let same = services.iter().find(|service| in_cluster(service) == in_cluster(&governing));
    same.cloned().unwrap_or(governing)
}

fn addresses_in(text: &str) -> Result<Vec<IpAddr>, Problem> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| item.parse().map_err(|_| Problem::invalid(item, "address", "an IP address"))).collect()
}

/// Reads a variable of the downward API; one that is set and makes no sense is a fault, because a
/// guess in its place would be wrong as well.
fn variable<T>(
    reader: &mut SettingsReader<'_>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Option<T> {
    let value = reader.environment.variable(name)?.to_string_lossy();
    match parse(value.trim()) {
        Ok(value) => Some(value),
        Err(_) if matches!(reader.purpose, Purpose::Print | Purpose::Contact) => None,
        Err(problem) => {
            let field = FIELDS.iter().find(|(variable, _)| *variable == name).map_or("", |(_, field)| field);
            reader
                .fault_around(name, problem.hint(format!("set it with `fieldRef: {field}`, or not at all")));
            None
        }
    }
}

fn unknown(variable: &str, field: &str) -> Problem {
    Problem::new("is unknown: the pod does not say who it is")
        .hint(format!("set {variable} with `fieldRef: {field}`, or give --self-url"))
}

fn warn_about_given(reader: &mut SettingsReader<'_>, peers: &PeerSettings, pod: &Pod, url: &ServiceUrl) {
    if url.path().as_str() == "/" {
        reader.warn(Key::SelfUrl, format!("{url} has no path; a Eureka server's is usually /eureka/"));
    }
    let Host::Name(name) = url.host() else { return };
    let (Some(label), Some((pod_name, Origin::Variable(_)))) =
        (label_under(name, &peers.services), &pod.name)
    else {
        return;
    };
    if label != *pod_name {
        let message = format!("names {label} while POD_NAME says {pod_name}; the URL is believed");
        reader.warn(Key::SelfUrl, message);
    }
}

/// Names are found below the governing Service alone. With addresses another Service over the same pods is as
/// good, and nothing is said.
fn warn_about_service(reader: &mut SettingsReader<'_>, peers: &PeerSettings, pod: &Pod) {
    let Some(governing) = &pod.governing else { return };
    let is_said = peers.peer_host == PeerHost::Name && reader.purpose != Purpose::Contact;
    if !is_said || peers.services.is_empty() || peers.services.contains(governing) {
        return;
    }
    let names = peers.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let message = format!(
        "names {names}, while this pod belongs to the Service {governing} (/etc/hosts): two registries may merge, \
         or no peer be found; give --service {governing}, or say with --self-url who this pod is there"
    );
    reader.warn(Key::Service, message);
}

/// In a pod a guess is worth a warning, because the downward API would have known.
fn warn_about_guesses(reader: &mut SettingsReader<'_>, peers: &PeerSettings, pod: &Pod) {
    if matches!(reader.purpose, Purpose::Print | Purpose::Contact) || !reader.environment.is_pod() {
        return;
    }
    if let (PeerHost::Name, Some((name, Origin::Observed(_)))) = (peers.peer_host, &pod.name) {
        let message = format!(
            "is not set, so the host name {} stands in; set it with `fieldRef: metadata.name`",
            quoted(name.as_str())
        );
        reader.warn("POD_NAME", message);
    }
    if let Origin::Observed(_) = pod.addresses_from {
        reader.warn(
            "POD_IP",
            "is not set, so the interfaces' addresses stand in; set it with `fieldRef: status.podIP`",
        );
    }
}
