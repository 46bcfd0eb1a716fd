//! Settings of what is asked and of what becomes of the answer, up to the URLs.

use std::cell::RefCell;
use std::fmt::Display;

use crate::model::{
    AddressFamily, AddressPolicy, ContextPath, DnsName, HeadlessService, Host, IpNet, PeerSet, Port,
    PortName, Question, Scheme, ServiceError, ServiceUrl,
};

use super::fault::{Origin, Problem};
use super::reader::SettingsReader;
use super::table::Key;
use super::words::PeerHost;

/// What is asked, and how URLs are built from the answer.
pub(super) struct PeerSettings {
    pub(super) services: Vec<HeadlessService>,
    pub(super) questions: Vec<Question>,
    pub(super) static_peers: PeerSet,
    pub(super) peer_host: PeerHost,
    pub(super) scheme: Scheme,
    pub(super) context_path: ContextPath,
    /// Only an explicit one; it wins over SRV.
    pub(super) port: Option<Port>,
    /// The port of a URL that neither it nor an SRV record speaks for.
    pub(super) default_port: Port,
    pub(super) address_policy: AddressPolicy,
}

impl PeerSettings {
    /// The port of a URL that no SRV record speaks for.
    pub(super) fn port_or_default(&self) -> Port {
        self.port.unwrap_or(self.default_port)
    }
}

pub(super) fn read(reader: &mut SettingsReader<'_>) -> PeerSettings {
    let services = services(reader);
    let static_peers = static_peers(reader, &services);
    let peer_host = reader.word(Key::PeerHost);
    let port_name_is_given = reader.is_given(Key::PortName);
    let port_name = reader.value(Key::PortName, parsed);
    if port_name_is_given && peer_host != PeerHost::Name {
        reader.warn(Key::PortName, "is not used with addresses, whose records know no port; give --port");
    }
    PeerSettings {
        questions: questions(&services, peer_host, &port_name),
        services,
        static_peers,
        peer_host,
        port: reader.optional(Key::Port, parsed),
        default_port: reader.default(Key::Port, parsed),
        scheme: reader.word(Key::Scheme),
        context_path: reader.value(Key::ContextPath, parsed),
        address_policy: address_policy(reader, peer_host),
    }
}

/// Reads a value whose type says itself what is wrong with a text.
pub(super) fn parsed<T>(text: &str) -> Result<T, Problem>
where
    T: std::str::FromStr<Err: Display>,
{
    text.parse().map_err(|error| Problem::value(text, error))
}

fn services(reader: &mut SettingsReader<'_>) -> Vec<HeadlessService> {
    let (namespace, cluster_domain) = namespace_and_domain(reader);
    let texts = RefCell::new(vec![]);
    let services = reader.list(Key::Service, |text| {
        let service = HeadlessService::from_setting(text, namespace.as_str(), cluster_domain.as_str())
            .map_err(|error| no_service(text, &error))?;
        texts.borrow_mut().push((service.clone(), text.to_owned()));
        Ok(service)
    });
    texts.into_inner().into_iter().for_each(|(service, text)| reader.note_service(service, text));
    for service in &services {
        warn_of_half_a_name(reader, service, cluster_domain.as_str());
    }
    services
}

fn namespace_and_domain(reader: &mut SettingsReader<'_>) -> (DnsName, DnsName) {
    let environment = reader.environment;
    if let Some(namespace) = environment.variable("POD_NAMESPACE") {
        let origin = Origin::Variable("POD_NAMESPACE".to_owned());
        reader.fall_back(Key::Namespace, namespace.to_string_lossy().into_owned(), origin);
    }
    if let Some((namespace, domain)) = environment.namespace_and_domain() {
        let origin = || Origin::File { path: "/etc/resolv.conf".into(), line: None };
        reader.fall_back(Key::Namespace, namespace.to_owned(), origin());
        reader.fall_back(Key::ClusterDomain, domain.to_owned(), origin());
    }
    (reader.value(Key::Namespace, one_label), reader.value(Key::ClusterDomain, parsed))
}

pub(super) fn one_label(text: &str) -> Result<DnsName, Problem> {
    let name: DnsName = parsed(text)?;
    if name.labels().count() == 1 {
        Ok(name)
    } else {
        Err(Problem::value(text, "has more than one label: expected one"))
    }
}

fn no_service(text: &str, error: &ServiceError) -> Problem {
    let problem = match error {
        ServiceError::Name { reason, .. } => Problem::value(text, reason),
        ServiceError::TooLong { length, .. } => {
            let max = HeadlessService::LENGTH_MAX;
            Problem::value(text, format_args!("has {length} bytes as a full name; with the port's {max} fit"))
        }
    };
    if text.contains(['/', ':']) {
        return problem
            .hint("write the Service's name alone; scheme, port and path are settings of their own");
    }
    problem
}

/// `a.b.svc` has three labels and so is absolute, but no cluster's DNS knows it.
fn warn_of_half_a_name(reader: &mut SettingsReader<'_>, service: &HeadlessService, cluster_domain: &str) {
    let name = service.name().as_str();
    let labels: Vec<&str> = name.split('.').collect();
    let [service, namespace, "svc"] = labels[..] else { return };
    let message = format!(
        "{name} is taken as an absolute name, because it has three labels; \
         write {service}.{namespace} or {name}.{cluster_domain}"
    );
    reader.warn(Key::Service, message);
}

/// In full where they name pods of our Services in short: a peer must not stand in the list twice, nor we
/// ourselves.
fn static_peers(reader: &mut SettingsReader<'_>, services: &[HeadlessService]) -> PeerSet {
    let urls = reader.list(Key::StaticPeer, parsed::<ServiceUrl>);
    for url in urls.iter().filter(|url| url.path().as_str() == "/") {
        reader.warn(Key::StaticPeer, format!("{url} has no path; a Eureka server's is usually /eureka/"));
    }
    urls.into_iter().map(|url| in_full(url, services)).collect()
}

fn in_full(url: ServiceUrl, services: &[HeadlessService]) -> ServiceUrl {
    let full = match url.host() {
        Host::Name(name) => HeadlessService::of_pod(name, services.iter())
            .filter(|service| !name.is_under(service.name()))
            .and_then(|service| service.name().child(name.labels().next()?).ok()),
        Host::Address(_) => None,
    };
    match full {
        Some(name) => ServiceUrl::new(url.scheme(), Host::Name(name), url.port(), url.path().clone()),
        None => url,
    }
}

fn questions(services: &[HeadlessService], peer_host: PeerHost, port_name: &PortName) -> Vec<Question> {
    let question_about = |service: &HeadlessService| {
        let service = service.clone();
        match peer_host {
            PeerHost::Name => Question::Names { service, port_name: port_name.clone() },
            PeerHost::Ipv4 => Question::Addresses { service, family: AddressFamily::Ipv4 },
            PeerHost::Ipv6 => Question::Addresses { service, family: AddressFamily::Ipv6 },
        }
    };
    services.iter().map(question_about).collect()
}

fn address_policy(reader: &mut SettingsReader<'_>, peer_host: PeerHost) -> AddressPolicy {
    let allow = reader.list(Key::AllowCidr, range);
    let deny = reader.list(Key::DenyCidr, range);
    for (key, ranges) in [(Key::AllowCidr, &allow), (Key::DenyCidr, &deny)] {
        if !ranges.is_empty() && peer_host == PeerHost::Name {
            let problem = Problem::new("applies to addresses, but --peer-host name lists names");
            reader.conflict(
                &[key, Key::PeerHost],
                problem.hint("leave it out, or give --peer-host ipv4 or ipv6"),
            );
        }
    }
    let is_of_family = |range: &IpNet| match peer_host {
        PeerHost::Name => true,
        PeerHost::Ipv4 => range.addr().is_ipv4(),
        PeerHost::Ipv6 => range.addr().is_ipv6(),
    };
    if !allow.is_empty() && !allow.iter().any(is_of_family) {
        let problem = Problem::new("allows no address of the family that --peer-host asks for");
        reader.conflict(&[Key::AllowCidr, Key::PeerHost], problem.hint("add a range of that family"));
    }
    AddressPolicy::new(allow, deny)
}

fn range(text: &str) -> Result<IpNet, Problem> {
    match text.parse::<std::net::IpAddr>() {
        Ok(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let problem = Problem::value(text, "is an address: expected a range of addresses");
            Err(problem.hint(format!("write {address}/{bits} for this address alone")))
        }
        Err(_) => text.parse().map_err(|_| Problem::invalid(text, "range", "one such as 10.0.0.0/8")),
    }
}
