//! Everything that can be verified on a live server without changing anything on it.
//!
//! Must never POST to refresh or env.

use tokio::time::Instant;

use crate::http_client::{Method, Request, Response};
use crate::model::{Host, HttpUrl, ListOrigin, Message, Refusal, Scheme, ServerFault, ServiceUrl};
use crate::reconcile::RefreshCall;
use crate::wording::{list_origin, server_fault};

use super::endpoint::below;
use super::origin::origin_of;
use super::property_sources::{InForce, PropertySources};
use super::quote::quoted;
use super::requirements::{inspect_requirements, wiped_fix};
use super::server::{READ_TIMEOUT, is_success};
use super::{EurekaServer, Expected, Finding, Instance, ServerStatus, Severity, fault};

/// Characters of a property source's name that are shown; it has a path in it, twice.
const SOURCE_MAX: usize = 200;

impl EurekaServer {
    /// Looks at endpoint, status, self and settings; each request within [`READ_TIMEOUT`], six at most.
    pub async fn inspect(&self, expected: &Expected<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut sources = None;
        if let Some(call) = expected.call {
            findings.push(self.inspect_endpoint(call).await);
            sources = self.inspect_sources(expected, &mut findings).await;
        }
        if self.status.is_some() {
            findings.extend(self.inspect_status(expected, sources.as_ref()).await);
        }
        findings
    }

    /// Whether the endpoint is there and takes a POST from us.
    async fn inspect_endpoint(&self, call: RefreshCall) -> Finding {
        let name = endpoint_name(call);
        match self.try_endpoint(name).await {
            Ok(()) => Finding::good(format!("the actuator exposes {name} and takes POSTs")),
            Err(fault) => unread(Severity::Fault, &format!("the actuator's {name} cannot be called"), &fault),
        }
    }

    async fn try_endpoint(&self, name: &str) -> Result<(), ServerFault> {
        let actuator = self.actuator_url()?;
        let endpoint = below(actuator, name)?;
        let response = self.send(Request::new(Method::Options, &endpoint), READ_TIMEOUT).await?;
        match response.status {
            200..=299 | 405 if !takes_post(&response) => Err(ServerFault::Refused(Refusal::MethodNotAllowed)),
            200..=299 | 405 => self.try_post(actuator).await,
            _ => Err(self.actuator_fault(response).await),
        }
    }

    /// Why an actuator did not do what it was asked; its reason is read as any reply is.
    async fn actuator_fault(&self, response: Response) -> ServerFault {
        let with_credentials = self.client.has_credentials();
        let read = move |response: Response| Ok(fault::from_actuator(&response, with_credentials));
        self.judge(response, Instant::now() + READ_TIMEOUT, read).await.unwrap_or_else(|unread| unread)
    }

    /// Whether security lets a POST through: one to the actuator's list of links, which only takes GET.
    ///
    /// Past security it ends with 405 (seen on 2021.0 to 2025.1); nothing there can change anything.
    async fn try_post(&self, actuator: &HttpUrl) -> Result<(), ServerFault> {
        let request = Request::new(Method::Post, actuator).accept("application/json").json(Vec::new());
        let response = self.send(request, READ_TIMEOUT).await?;
        match response.status {
            401 | 403 if self.lets_read(actuator, READ_TIMEOUT).await => {
                Err(ServerFault::Refused(Refusal::Csrf))
            }
            300..=399 | 401 | 403 => Err(self.actuator_fault(response).await),
            _ => Ok(()),
        }
    }

    async fn inspect_sources(
        &self,
        expected: &Expected<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<PropertySources> {
        let sources = match self.ask_property_sources(|sources| sources).await {
            Ok(sources) => sources,
            Err(fault) => {
                findings.push(unseen(&fault));
                return None;
            }
        };
        findings.push(inspect_origin(&origin_of(&sources, &self.zone), expected));
        findings.extend(inspect_import(&sources, expected));
        findings.extend(inspect_requirements(&sources, expected.call));
        Some(sources)
    }

    async fn inspect_status(
        &self,
        expected: &Expected<'_>,
        sources: Option<&PropertySources>,
    ) -> Vec<Finding> {
        let status = match self.status().await {
            Ok(status) => status,
            Err(fault) => {
                return vec![unread(Severity::Fault, "the server's status cannot be read", &fault)];
            }
        };
        let mut findings = vec![inspect_replicas(&status)];
        findings.extend(inspect_placeholders(&status));
        findings.extend(expected.own.map(|own| inspect_self(own, &status, sources, expected.call)));
        findings.extend(expected.own.and_then(|own| inspect_port(own, &status.instance, sources)));
        findings.push(self.inspect_registration(&status.instance, sources).await);
        findings.extend(inspect_availability(&status, expected.sink));
        findings
    }

    /// Whether the server knows itself as an instance: what register-with-eureka brings about.
    async fn inspect_registration(&self, instance: &Instance, sources: Option<&PropertySources>) -> Finding {
        if instance.id.is_empty() || instance.app.is_empty() {
            return Finding::new(
                Severity::Fault,
                "the server's own registration has no id: a refresh has wiped it",
                wiped_fix(sources),
            );
        }
        match self.ask_registration(instance).await {
            Ok(true) => Finding::good(format!("the server is registered as {}", instance.id)),
            Ok(false) => Finding::new(
                Severity::Warning,
                format!("the server does not find itself among the instances ({})", instance.id),
                "set EUREKA_CLIENT_REGISTERWITHEUREKA=true; within a minute of a start this is normal",
            ),
            Err(fault) => {
                unread(Severity::Unknown, "whether the server is registered cannot be seen", &fault)
            }
        }
    }

    /// Whether a server's registry has the server itself, where that can be seen: it does where somebody replicates
    /// to the server, or it registers where it should.
    pub(super) async fn is_registered(&self, instance: &Instance) -> Option<bool> {
        if instance.id.is_empty() || instance.app.is_empty() {
            return None;
        }
        self.ask_registration(instance).await.ok()
    }

    /// `GET <context>/apps/<app>/<id>` (`InstanceResource`), which no cache stands before.
    async fn ask_registration(&self, instance: &Instance) -> Result<bool, ServerFault> {
        let request = Request::new(Method::Get, self.status_url()?)
            .beside("apps")
            .below(&instance.app)
            .below(&instance.id)
            .accept("application/xml");
        let response = self.send(request, READ_TIMEOUT).await?;
        match response.status {
            404 => Ok(false),
            _ if is_success(&response) => Ok(true),
            _ => Err(self.actuator_fault(response).await),
        }
    }
}

/// What could not be done, with the reason.
fn unread(severity: Severity, what: &str, fault: &ServerFault) -> Finding {
    let Message { what: why, cure, .. } = server_fault(fault);
    Finding::new(severity, format!("{what}: {why}"), cure)
}

fn endpoint_name(call: RefreshCall) -> &'static str {
    match call {
        RefreshCall::Refresh => "refresh",
        RefreshCall::Env => "env",
    }
}

/// `Allow` of a reply to OPTIONS, or of a 405.
fn takes_post(response: &Response) -> bool {
    let allow = response.allow.as_deref().unwrap_or_default();
    allow.split(',').any(|method| method.trim().eq_ignore_ascii_case("POST"))
}

fn unseen(fault: &ServerFault) -> Finding {
    Finding::new(
        Severity::Unknown,
        format!(
            "what masks the list, and the server's settings, cannot be seen ({})",
            server_fault(fault).what
        ),
        "to have them checked, where only loopback reaches the actuator, set \
         MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE=health,refresh,env and \
         MANAGEMENT_ENDPOINT_ENV_SHOWVALUES=always",
    )
}

fn inspect_origin(origin: &ListOrigin, expected: &Expected<'_>) -> Finding {
    let as_wanted = match origin {
        ListOrigin::File(source) => expected.wrote(source),
        ListOrigin::Handed => expected.call == Some(RefreshCall::Env),
        ListOrigin::EnvironmentVariable(_)
        | ListOrigin::ApplicationJson
        | ListOrigin::CommandLine(_)
        | ListOrigin::SystemProperty(_)
        | ListOrigin::Other(_)
        | ListOrigin::Nowhere
        | ListOrigin::DnsInstead
        | ListOrigin::Unseen { .. } => false,
    };
    if as_wanted {
        return Finding::good("no other property source masks the list");
    }
    let Message { what, cure, .. } = list_origin(origin);
    Finding::new(Severity::Fault, format!("the list in force is not that of the file: {what}"), cure)
}

/// Whether the files that we write are among those that the server has read.
fn inspect_import(sources: &PropertySources, expected: &Expected<'_>) -> Option<Finding> {
    let first = expected.files.first()?;
    if let Some(source) = sources.names().find(|source| expected.wrote(source)) {
        return Some(Finding::good(format!(
            "the server imports {}",
            quoted(source, SOURCE_MAX, &sources.secrets)
        )));
    }
    Some(Finding::new(
        Severity::Warning,
        format!("no property source of the server is called {first}"),
        format!(
            "set SPRING_CONFIG_IMPORT=optional:file:<directory>/{first}; a file that was not there when the \
             server started appears with the first refresh"
        ),
    ))
}

fn inspect_replicas(status: &ServerStatus) -> Finding {
    let replicas = &status.replicas;
    if replicas.foreign.is_empty() {
        return Finding::good(format!("the server's status can be read; peers: {}", replicas.peers.len()));
    }
    Finding::new(
        Severity::Fault,
        format!("the server has peers that are not URLs: {:?}", replicas.foreign),
        "see where its list comes from: blanks and commas at its end become peers",
    )
}

/// Lists are compared without user-info, so a server that calls its peers as nobody has adopted its list.
fn inspect_placeholders(status: &ServerStatus) -> Option<Finding> {
    let name = status.unresolved.as_deref()?;
    Some(Finding::new(
        Severity::Fault,
        format!("the server does not know {name}, which the URLs of its peers name: it calls them without"),
        format!("give the server's own container a variable {name}, and restart it"),
    ))
}

/// Whether `PeerEurekaNodes.isThisMyUrl` says so: the URL equals `eureka.server.my-url`, or, without
/// that, its host the instance's host name.
fn inspect_self(
    own: &ServiceUrl,
    status: &ServerStatus,
    sources: Option<&PropertySources>,
    call: Option<RefreshCall>,
) -> Finding {
    let name = &status.instance.host_name;
    if status.replicas.peers.contains(own) {
        let what =
            format!("the server takes itself for a peer: {own} is in its list, its host name is {name}");
        // Where the name is right, only a URL of its own can stand before it.
        let fix = if own.host().to_string() == *name { my_url_fix(own) } else { self_fix(own) };
        return Finding::new(Severity::Fault, what, fix);
    }
    let my_url = sources.map(|sources| sources.in_force("eureka.server.my-url"));
    let not_taken = format!("the server does not take {own} for itself");
    let (severity, why) = match my_url {
        Some(InForce::Value(url)) if url == own.as_str() => return recognised(own),
        Some(InForce::Value(_)) => {
            let what = format!("{not_taken}: its eureka.server.my-url is another one");
            return Finding::new(Severity::Fault, what, my_url_fix(own));
        }
        _ if own.host().to_string() == *name => return recognised(own),
        Some(InForce::Default) => (Severity::Fault, format!("its host name is {name}")),
        None if call.is_some() && !is_ipv6(own) => (Severity::Fault, format!("its host name is {name}")),
        Some(InForce::Masked) | None => {
            (Severity::Unknown, "unless that is what its own URL is set to".to_owned())
        }
    };
    let fix = if call.is_some() { self_fix(own) } else { self_fix_of_any(own) };
    Finding::new(severity, format!("{not_taken}: {why}"), fix)
}

/// The cure for a server that polls: most likely the WAR, whose host name is the machine's.
fn self_fix_of_any(own: &ServiceUrl) -> String {
    format!("Netflix WAR: -Deureka.myUrl={own}, to the letter; Spring: {}", self_fix(own))
}

fn recognised(own: &ServiceUrl) -> Finding {
    Finding::good(format!("the server takes {own} for itself"))
}

/// An IPv6 literal is never a host name to the server: a URL has it in brackets.
fn is_ipv6(url: &ServiceUrl) -> bool {
    matches!(url.host(), Host::Address(address) if address.is_ipv6())
}

fn self_fix(own: &ServiceUrl) -> String {
    match own.host() {
        Host::Name(name) => {
            format!("set EUREKA_INSTANCE_HOSTNAME={name} and EUREKA_INSTANCE_PREFERIPADDRESS=false")
        }
        Host::Address(address) if address.is_ipv4() => {
            format!("set EUREKA_INSTANCE_PREFERIPADDRESS=true and EUREKA_INSTANCE_IPADDRESS={address}")
        }
        Host::Address(_) => format!("set EUREKA_SERVER_MYURL={own}, to the letter; names need no such thing"),
    }
}

/// The cure where the server has a URL of its own, which beats its host name; some images set one.
fn my_url_fix(own: &ServiceUrl) -> String {
    format!(
        "set EUREKA_SERVER_MYURL={own}, to the letter and with user-info where the list has it, or take \
         eureka.server.my-url away"
    )
}

/// The port that the server registers, where its URL is a plain one.
fn inspect_port(own: &ServiceUrl, instance: &Instance, sources: Option<&PropertySources>) -> Option<Finding> {
    let port = instance.port.filter(|port| own.scheme() == Scheme::Http && *port != own.port())?;
    Some(Finding::new(
        Severity::Warning,
        format!("the server registers with port {port}, and its URL has {}", own.port()),
        format!(
            "a refresh has wiped its registration (Spring Cloud 2025.1.2 and .3), or a port is mapped: {}, or \
             check --port",
            wiped_fix(sources)
        ),
    ))
}

fn inspect_availability(status: &ServerStatus, sink: &ServiceUrl) -> Option<Finding> {
    let unavailable: Vec<_> =
        status.unavailable.iter().filter(|url| *url != sink).map(ServiceUrl::as_str).collect();
    let first = unavailable.first()?;
    Some(Finding::new(
        Severity::Warning,
        format!("peers that count as unavailable: {}, {first} among them", unavailable.len()),
        "normal while they start; otherwise their host names are not those of the URLs \
         (EUREKA_INSTANCE_HOSTNAME, EUREKA_INSTANCE_PREFERIPADDRESS), or they do not register, or their \
         spring.application.name is another one",
    ))
}
