//! Under which Service a pod that is called like us is ourselves: under one, never under two.
//!
//! Names of pods are unique in a namespace, and their addresses in a cluster. A Service that mirrors
//! another cluster has pods of our name, and of our dashed address where both clusters use the same range.
//! A URL with an address of ours is different: anyone who calls it here reaches us, whatever was meant.

use crate::model::{DnsName, HeadlessService, Host, Port, Question, Record, ServiceUrl};

use super::Policy;

/// Where we are known by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Home {
    /// The first Service whose records had a pod that is called like us; the one that should name us comes
    /// before all others. It stays so while records lack us, for a pod that is not ready is in none.
    found: Option<HeadlessService>,
    /// The port of our own SRV record, as it last was there.
    port: Option<Port>,
}

impl Home {
    /// What the run before knew of our port.
    pub(super) fn with_port(port: Option<Port>) -> Self {
        Self { port, ..Self::default() }
    }

    /// The port of our own SRV record, where that is the server's.
    pub(super) fn port(&self, policy: &Policy) -> Option<Port> {
        self.port.filter(|_| policy.takes_port_of_record())
    }

    /// The URL of the server beside us: with the port of its own record, once that is known.
    pub(super) fn own_url(&self, policy: &Policy) -> Option<ServiceUrl> {
        let url = policy.own()?.url.clone();
        Some(match self.port(policy) {
            Some(port) => url.at_port(port),
            None => url,
        })
    }

    /// Whether this URL is the server beside us, wherever it was found: in records, in the settings, in a
    /// saved list, in the server's own.
    pub(super) fn is_self(&self, url: &ServiceUrl, policy: &Policy) -> bool {
        let Some(own) = policy.own() else { return false };
        own.url.host() == url.host()
            || match url.host() {
                Host::Address(address) => own.identity.has_address(*address),
                Host::Name(name) => self.is_own_name(name, policy),
            }
    }

    fn is_own_name(&self, name: &DnsName, policy: &Policy) -> bool {
        let Some(own) = policy.own() else { return false };
        let found = self.found.as_ref().or_else(|| policy.home().map(Question::service));
        let named = policy.known_home().or(found.filter(|service| is_in_first_namespace(service, policy)));
        named.is_some_and(|service| own.identity.has_name(name, service))
            || found.is_some_and(|service| own.identity.has_dashed_address(name, service))
    }

    /// The home once this Service has given these records.
    pub(super) fn seen(&self, question: &Question, records: &[Record], policy: &Policy) -> Self {
        let service = question.service();
        let is_first = match &self.found {
            None => true,
            Some(found) => rank(service, policy) < rank(found, policy),
        };
        let ours = records.iter().find(|record| is_called_like_us(record, service, policy));
        match ours {
            Some(Record::Target { port, .. }) if is_first || self.is(service) => {
                Self { found: Some(service.clone()), port: Some(*port) }
            }
            _ => self.clone(),
        }
    }

    /// The home under other settings: as before, where its Service is still asked.
    pub(super) fn under(self, policy: &Policy) -> Self {
        let is_asked =
            |found: &HeadlessService| policy.questions.iter().any(|question| question.service() == found);
        Self { found: self.found.filter(is_asked), port: self.port }
    }

    /// Whether we were found under this Service.
    pub(super) fn is(&self, service: &HeadlessService) -> bool {
        self.found.as_ref() == Some(service)
    }
}

/// Whether `record` of `service` may be ourselves, as long as no other Service has a better right to us.
///
/// By our name only where settings and kubelet say that this is our Service, or say nothing: then in the
/// namespace of the first one. By an address of ours in any: the pod's own address is never a guess, and
/// cluster DNS makes such a name of nothing else.
fn is_called_like_us(record: &Record, service: &HeadlessService, policy: &Policy) -> bool {
    let (Some(own), Record::Target { name, .. }) = (policy.own(), record) else { return false };
    let may_be_named = match policy.known_home() {
        Some(known) => known == service,
        None => is_in_first_namespace(service, policy),
    };
    *own.url.host() == Host::Name(name.clone())
        || (may_be_named && own.identity.has_name(name, service))
        || own.identity.has_dashed_address(name, service)
}

fn is_in_first_namespace(service: &HeadlessService, policy: &Policy) -> bool {
    let first = policy.questions.first().map(Question::service_name);
    first.is_some_and(|first| first.labels().skip(1).eq(service.name().labels().skip(1)))
}

/// The order in which Services may have us: the one that should, then as they are asked.
fn rank(service: &HeadlessService, policy: &Policy) -> Option<usize> {
    if policy.home().is_some_and(|home| home.service() == service) {
        return Some(0);
    }
    let at = policy.questions.iter().position(|question| question.service() == service);
    at.map(|at| at + 1)
}
