//! From one life to the next: a life begins with the very list that the one before it had.

use crate::model::{HeadlessService, PeerSet, ServiceUrl};

use super::PreviousLife;
use super::ledger::Ledger;
use super::machine::Machine;
use super::selection::is_permitted;

/// The list that a life begins with, its ledgers restored: with peers, or alone where the previous
/// one was alone with the same Services; none where nothing is left of that list.
pub(super) fn list_of(previous: &PreviousLife, machine: &Machine) -> Option<PeerSet> {
    let was_asked =
        |ledger: &Ledger| previous.services.iter().any(|(service, _)| service == ledger.service());
    let was_alone = machine.policy.own().is_some()
        && machine.ledgers.iter().all(was_asked)
        && previous.services.iter().all(|(_, peers)| peers.is_empty());
    let has_peers = machine.ledgers.iter().any(|ledger| ledger.kept().next().is_some());
    (has_peers || was_alone).then(|| machine.union())
}

/// What the next life needs to begin with the list of this one, frozen or not.
pub(super) fn left_by(machine: &Machine) -> PreviousLife {
    PreviousLife {
        services: services(machine),
        static_peers: machine.policy.static_peers.clone(),
        generation: machine.adopting.generation(),
    }
}

/// The desired peers by Service; a Service without any is left out of a list that has some, for it
/// would say that we are alone.
fn services(machine: &Machine) -> Vec<(HeadlessService, PeerSet)> {
    let none = PeerSet::new();
    let desired = machine.desired.as_ref().map_or(&none, |desired| &desired.value);
    let is_static = |url: &ServiceUrl| machine.policy.static_peers.contains(url);
    let is_alone = desired.iter().all(is_static);
    let kept = |ledger: &Ledger| ledger.kept().filter(|url| desired.contains(url)).cloned().collect();
    let mut services: Vec<(&Ledger, PeerSet)> =
        machine.ledgers.iter().map(|ledger| (ledger, kept(ledger))).collect();
    for url in desired.iter().filter(|url| !is_static(url)) {
        put_somewhere(url, &mut services, machine);
    }
    services.retain(|(_, peers)| is_alone || !peers.is_empty());
    services.into_iter().map(|(ledger, peers)| (ledger.service().clone(), peers)).collect()
}

/// A peer that no Service contributes, because the list is frozen or its Service has just been
/// replaced, is put under the first that permits it.
fn put_somewhere(url: &ServiceUrl, services: &mut [(&Ledger, PeerSet)], machine: &Machine) {
    if services.iter().any(|(_, peers)| peers.contains(url)) {
        return;
    }
    let permits = |ledger: &Ledger| is_permitted(url, &ledger.question, &machine.policy);
    if let Some((_, peers)) = services.iter_mut().find(|(ledger, _)| permits(ledger)) {
        peers.insert(url.clone());
    }
}
