//! The operator's override: what it takes, what it leaves alone and why, against the list in place.

use tracing::info;

use crate::admin::{AcceptMode, AcceptReply, Accepted, AcceptedOf, NotAccepted};
use crate::model::PeerSet;
use crate::reconcile::{self, Consent, Machine, Taken};
use crate::wording::{lasted, lookup_failure, seconds};

use super::{Agent, Outside, volume};

impl<O: Outside> Agent<'_, O> {
    /// A dry run is the same on a copy.
    pub(super) fn accept(&mut self, consent: Consent, mode: AcceptMode) -> AcceptReply {
        let now = self.pump.now();
        let before = self.peers_in_place();
        let may_begin_alone = self.settings.policy.own().is_some() && !self.pump.machine.has_list();
        let mut copy;
        let machine = match mode {
            AcceptMode::Take => &mut self.pump.machine,
            AcceptMode::DryRun => {
                copy = self.pump.machine.clone();
                &mut copy
            }
        };
        let of_each = machine
            .accept(consent, now)
            .map_err(|refused| NotAccepted(why_not_accepted(&refused, may_begin_alone)))?;
        let accepted = accepted(before, machine, &of_each);
        if mode == AcceptMode::Take {
            say(&accepted);
        }
        Ok(accepted)
    }

    /// The peers of the list in place: the wanted one, or the one of the files that are kept as they were found;
    /// none where no list is in place.
    fn peers_in_place(&self) -> Option<PeerSet> {
        let policy = &self.settings.policy;
        let is_peer = |url: &_| policy.own().is_none_or(|own| own.url != *url) && policy.sink != *url;
        let found = || volume::urls_in(&self.found, &self.settings.output);
        let found = || found().map(|urls| urls.into_iter().filter(is_peer).collect());
        self.pump.machine.desired().cloned().or_else(found)
    }
}

fn accepted(before: Option<PeerSet>, machine: &Machine, of_each: &[reconcile::Accepted]) -> Accepted {
    let is_first = before.is_none();
    let before = before.unwrap_or_default();
    let after = machine.desired().cloned().unwrap_or_else(|| before.clone());
    let (added, removed) = (&after - &before, &before - &after);
    Accepted { peers: after, added, removed, is_first, services: of_each.iter().map(of_service).collect() }
}

fn of_service(accepted: &reconcile::Accepted) -> AcceptedOf {
    AcceptedOf {
        service: accepted.service.to_string(),
        taken: accepted.taken.label(),
        age: accepted.age,
        left_because: why_left(accepted),
    }
}

fn say(accepted: &Accepted) {
    let Accepted { peers, added, removed, services, .. } = accepted;
    let left: Vec<_> =
        services.iter().filter(|it| it.left_because.is_some()).map(|it| &*it.service).collect();
    let left_alone = (!left.is_empty()).then(|| left.join(" "));
    let oldest = services.iter().filter(|it| it.left_because.is_none()).filter_map(|it| it.age).max();
    info!(
        added = added.len(),
        removed = removed.len(),
        peers = peers.len(),
        left_alone,
        answer_age_seconds = oldest.map(seconds),
        "accepted by the operator"
    );
}

/// Why nothing was taken of a Service; none where something was.
fn why_left(accepted: &reconcile::Accepted) -> Option<String> {
    match accepted.taken {
        Taken::Records { .. } | Taken::Empty => None,
        Taken::NeedsConsent => {
            Some("DNS says that it has no endpoints, which `eureka-peers accept --empty` takes".to_owned())
        }
        Taken::TooOld => Some(format!(
            "the last answer came {} ago, which is too old to be taken; try again in a moment",
            lasted(accepted.age.unwrap_or_default())
        )),
        Taken::Nothing => Some(match &accepted.failure {
            Some(failure) => lookup_failure(failure).to_string(),
            None => "DNS has not answered yet".to_owned(),
        }),
    }
}

fn why_not_accepted(refused: &reconcile::NotAccepted, may_begin_alone: bool) -> String {
    let services = match refused {
        reconcile::NotAccepted::Frozen => return "the list is frozen; lift --freeze first".to_owned(),
        reconcile::NotAccepted::NeverEmpty => {
            return "a client's list is never empty: expected records of DNS, or a static peer".to_owned();
        }
        reconcile::NotAccepted::Nothing(services) => services,
    };
    let because = |it: &reconcile::Accepted| why_left(it).map(|why| format!("{}: {why}", it.service));
    let reasons = services.iter().filter_map(because).collect::<Vec<_>>().join("; ");
    let begin = if may_begin_alone { "; a start without a list begins alone by --empty" } else { "" };
    format!("DNS says nothing that could be taken: {reasons}{begin}")
}
