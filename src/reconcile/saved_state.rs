//! What one run of the program leaves to the next: the next begins with the very list that this one had.

use crate::model::{HeadlessService, PeerSet, Port, Question, ServiceUrl};

use super::ledger::Ledger;
use super::selection::is_permitted;
use super::{Belief, Policy};

/// The saved state: what one run of the program leaves to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedState {
    /// The peers each Service contributed. Services no longer asked are dropped at once.
    pub services: Vec<(HeadlessService, PeerSet)>,
    /// The Services that are believed to have no endpoints, by the question to which that was the answer.
    pub believed_empty: Vec<(Question, Belief)>,
    /// The static peers; those no longer configured are dropped at once.
    pub static_peers: PeerSet,
    /// The generation key.
    pub generation: u64,
    /// The port of the own SRV record, where that is the server's and was known.
    pub own_port: Option<Port>,
}

/// Whether anything is left of the list that was saved, its ledgers restored: peers, or that the server was
/// alone with the same Services.
pub(super) fn is_left(saved: &SavedState, ledgers: &[Ledger], policy: &Policy) -> bool {
    let was_asked = |ledger: &Ledger| saved.services.iter().any(|(service, _)| service == ledger.service());
    let was_alone = policy.own().is_some()
        && ledgers.iter().all(was_asked)
        && saved.services.iter().all(|(_, peers)| peers.is_empty());
    was_alone || ledgers.iter().any(|ledger| ledger.kept().next().is_some())
}

/// The desired peers by Service; a Service without any is left out of a list that has some, for it
/// would say that we are alone.
pub(super) fn by_service(
    desired: &PeerSet,
    ledgers: &[Ledger],
    policy: &Policy,
) -> Vec<(HeadlessService, PeerSet)> {
    let is_static = |url: &ServiceUrl| policy.static_peers.contains(url);
    let is_alone = desired.iter().all(is_static);
    let kept = |ledger: &Ledger| ledger.kept().filter(|url| desired.contains(url)).cloned().collect();
    let mut services: Vec<(&Ledger, PeerSet)> = ledgers.iter().map(|ledger| (ledger, kept(ledger))).collect();
    for url in desired.iter().filter(|url| !is_static(url)) {
        put_somewhere(url, &mut services, policy);
    }
    services.retain(|(_, peers)| is_alone || !peers.is_empty());
    services.into_iter().map(|(ledger, peers)| (ledger.service().clone(), peers)).collect()
}

/// A peer that no Service contributes, because the list is frozen or its Service has just been
/// replaced, is put under the first that permits it.
fn put_somewhere(url: &ServiceUrl, services: &mut [(&Ledger, PeerSet)], policy: &Policy) {
    if services.iter().any(|(_, peers)| peers.contains(url)) {
        return;
    }
    let permits = |ledger: &Ledger| is_permitted(url, &ledger.question, policy);
    if let Some((_, peers)) = services.iter_mut().find(|(ledger, _)| permits(ledger)) {
        peers.insert(url.clone());
    }
}
