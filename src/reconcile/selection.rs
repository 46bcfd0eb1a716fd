//! Records become peers: only hosts that the policy permits, self set aside.
//!
//! Must never let a host outside the asked Service, or an address outside the allowed ranges,
//! into a list.

use crate::model::{
    Host, LookupFailure, PeerSet, Port, Question, Record, ServiceUrl, Unusable, UnusableRecord,
    UnusableRecords,
};

use super::Policy;
use super::home::Home;

/// What one records answer means under a policy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// The peers, self left out; may be empty, which is "only self".
    pub(super) peers: PeerSet,
    /// What was left out as self.
    pub(super) own: PeerSet,
    /// Whether self was among the records; none without a self.
    pub(super) self_found: Option<bool>,
    /// What cannot be used; none where all of it can.
    pub(super) unusable: Option<UnusableRecords>,
}

/// Selects the peers out of `records`, which came as the answer to `question`.
///
/// Nothing usable is a failure, not an empty list.
pub(super) fn select(
    question: &Question,
    records: &[Record],
    policy: &Policy,
    home: &Home,
) -> Result<Selection, LookupFailure> {
    if is_cluster_ip(question, records) {
        return Err(LookupFailure::NotHeadless);
    }
    let (mut own, mut peers, mut unusable) = (PeerSet::new(), PeerSet::new(), vec![]);
    for record in records {
        match url_of(record, policy) {
            Ok(url) if home.is_self(&url, policy) => {
                own.insert(url);
            }
            Ok(url) if is_of_kind(&url, question) && is_permitted(&url, question, policy) => {
                peers.insert(url);
            }
            Ok(url) => unusable.push(not_permitted(&url, policy)),
            Err(record) => unusable.push(record),
        }
    }
    if peers.is_empty() && own.is_empty() {
        return Err(nothing_usable(unusable, records.len()));
    }
    let unusable = UnusableRecords::among(unusable, records.len());
    Ok(Selection { peers, self_found: policy.own().map(|_| !own.is_empty()), own, unusable })
}

fn not_permitted(url: &ServiceUrl, policy: &Policy) -> UnusableRecord {
    let why = match url.host() {
        Host::Name(_) => Unusable::OutsideService,
        Host::Address(address) => policy.address_policy.objection_to(*address).unwrap_or(Unusable::Denied),
    };
    UnusableRecord { why, what: url.host().to_string().into() }
}

/// Whether this peer may stand in a list under this policy, for this question's Service.
///
/// Also one of another kind of host: after a change of `--peer-host` it stays until the new question
/// has records.
pub(super) fn is_permitted(url: &ServiceUrl, question: &Question, policy: &Policy) -> bool {
    match url.host() {
        Host::Name(name) => name != question.service_name() && name.is_under(question.service_name()),
        Host::Address(address) => policy.address_policy.allows(*address),
    }
}

/// Whether records that answer this question name hosts of this kind.
pub(super) fn is_of_kind(url: &ServiceUrl, question: &Question) -> bool {
    match (url.host(), question) {
        (Host::Name(_), Question::Names { .. }) | (Host::Address(_), Question::Addresses { .. }) => true,
        (Host::Name(_), Question::Addresses { .. }) | (Host::Address(_), Question::Names { .. }) => false,
    }
}

/// The same peer with scheme, path and an explicit port as the policy wants them now.
pub(super) fn in_form_of(policy: &Policy, url: &ServiceUrl) -> ServiceUrl {
    let answered_port = match url.host() {
        Host::Name(_) => Some(url.port()),
        // No record says one.
        Host::Address(_) => None,
    };
    url_at(url.host().clone(), answered_port, policy)
}

fn url_of(record: &Record, policy: &Policy) -> Result<ServiceUrl, UnusableRecord> {
    match record {
        Record::Address(address) => Ok(url_at(Host::Address(address.to_canonical()), None, policy)),
        Record::Target { name, port } => Ok(url_at(Host::Name(name.clone()), Some(*port), policy)),
        Record::Unusable(record) => Err(record.clone()),
    }
}

fn url_at(host: Host, answered_port: Option<Port>, policy: &Policy) -> ServiceUrl {
    let port = policy.port.or(answered_port).unwrap_or(Port::EUREKA);
    ServiceUrl::new(policy.scheme, host, port, policy.context_path.clone())
}

/// A Service with a cluster IP answers SRV with its own name as the only target.
fn is_cluster_ip(question: &Question, records: &[Record]) -> bool {
    records.iter().all(|record| match record {
        Record::Target { name, .. } => name == question.service_name(),
        Record::Address(_) | Record::Unusable(_) => false,
    })
}

fn nothing_usable(unusable: Vec<UnusableRecord>, of: usize) -> LookupFailure {
    match UnusableRecords::among(unusable, of) {
        Some(unusable) => LookupFailure::NoneUsable(Box::new(unusable)),
        None => LookupFailure::Malformed("no record at all"),
    }
}
