//! The machine's state as a status: its conditions with their facts, and no words.

use std::sync::Arc;

use crate::model::Moment;

use super::OnDeadline;
use super::adopting::Seen;
use super::condition::{Condition, Kept, NotPublished, RemovalTakes, SelfNotFound, Situation};
use super::ledger::Ledger;
use super::machine::Machine;
use super::status::{Dated, LastAnswer, Status};

/// Peers above which a stock server feels it: it spends 24 threads on each.
const PEERS_LIGHT_MAX: usize = 64;

impl Machine {
    /// Everything worth showing.
    pub fn status(&self, now: Moment) -> Status {
        let on_disk = self.publishing.on_disk();
        let own = self.own_url();
        let adopted = |seen: &Dated<Seen>| Dated { value: seen.value.peers.clone(), since: seen.since };
        Status {
            own,
            own_port: self.own_port(),
            services: self.ledgers.iter().map(Ledger::status).collect(),
            desired: self.desired.clone(),
            published: on_disk.map(|(listing, since)| Dated { value: listing.peers(), since }),
            flushing: on_disk.is_some_and(|(listing, _)| listing.sink().is_some()),
            adopted: self.adopting.seen_now().map(adopted),
            confirmed_at: self.adopting.confirmed_at(),
            refreshed_at: self.adopting.refreshed_at(),
            propagation: self.history.propagation().cloned(),
            conditions: conditions(self, now),
            history: self.history.changes().clone(),
        }
    }
}

fn conditions(machine: &Machine, now: Moment) -> Vec<Condition> {
    let mut conditions: Vec<_> = files(machine, now)
        .into_iter()
        .chain(overwritten(machine, now))
        .chain(server(machine, now))
        .chain(no_list(machine))
        .chain(too_few_peers(machine))
        .chain((0..machine.ledgers.len()).filter_map(|at| held_by_answer(at, machine, now)))
        .chain(changes_to_come(machine))
        .chain(operators_will(machine))
        .chain(self_not_found(machine))
        .chain(port_unknown(machine))
        .chain(machine.ledgers.iter().filter_map(records_unusable))
        .chain(many_peers(machine))
        .collect();
    conditions.sort_by_key(|condition| (condition.kind(), condition.since));
    conditions
}

fn condition(since: Moment, situation: Situation) -> Condition {
    Condition { since, until: None, situation }
}

fn files(machine: &Machine, now: Moment) -> Option<Condition> {
    let failure = machine.publishing.failure();
    if let Some(since) = machine.publishing.stalled(now) {
        let since = failure.map_or(since, |failure| failure.since);
        return Some(condition(since, Situation::NotPublished(NotPublished::Stalled)));
    }
    let failure = failure?;
    let failed = NotPublished::Failed(failure.value.clone());
    Some(condition(failure.since, Situation::NotPublished(failed)))
}

fn overwritten(machine: &Machine, now: Moment) -> Option<Condition> {
    let (since, repairs, over_at) = machine.publishing.repairs().of_another_writer(now)?;
    Some(Condition { since, until: Some(over_at), situation: Situation::FilesOverwritten { repairs } })
}

fn server(machine: &Machine, now: Moment) -> impl Iterator<Item = Condition> {
    let adopting = &machine.adopting;
    let not_adopted =
        adopting.not_adopted(now).map(|(since, why)| condition(since, Situation::NotAdopted(why)));
    let refused =
        adopting.refresh_fault().map(|(since, fault)| condition(since, Situation::of_refresh(fault.clone())));
    let unread = adopting
        .confirm_fault()
        .map(|(since, fault)| condition(since, Situation::of_status(fault.clone(), adopting.has_replied())));
    let listed = adopting.seen_now().filter(|seen| seen.value.lists_self);
    let not_recognised = listed
        .zip(machine.own_url())
        .map(|(seen, own)| condition(seen.since, Situation::SelfNotRecognised { own }));
    let several = adopting.several_servers(now).map(|since| Condition {
        since,
        until: adopting.several_servers_until(),
        situation: Situation::SeveralServers,
    });
    [not_adopted, refused, unread, not_recognised, several].into_iter().flatten()
}

/// Why there is no list of our own yet: at most one of three reasons.
fn no_list(machine: &Machine) -> Option<Condition> {
    let is_client = machine.policy.own().is_none();
    let document =
        machine.kept_document_since().map(|since| condition(since, Situation::HeldDocument { is_client }));
    document.or_else(|| start_waits(machine)).or_else(|| nothing_known(machine))
}

fn start_waits(machine: &Machine) -> Option<Condition> {
    let since = machine.waiting_since()?;
    let asked = machine.policy.home().cloned();
    let governing = machine.policy.governed_elsewhere().cloned();
    Some(condition(since, Situation::StartWaits { asked, governing }))
}

fn nothing_known(machine: &Machine) -> Option<Condition> {
    let is_known =
        |ledger: &Ledger| ledger.has_records() || ledger.belief().is_some() || !ledger.kept().is_empty();
    let since = machine.ledgers.iter().map(Ledger::asked_since).min().unwrap_or_default();
    (!machine.ledgers.iter().any(is_known))
        .then(|| condition(since, Situation::NothingKnown { is_starting: machine.is_starting() }))
}

/// DNS gives records, and not of peers enough for a first list.
fn too_few_peers(machine: &Machine) -> Option<Condition> {
    let asked = machine.waits_for_peers().then(|| machine.ledgers.iter().filter_map(Ledger::last))?;
    Some(Condition {
        since: asked.map(|last| last.since).min().unwrap_or_default(),
        until: machine.deadline().filter(|_| machine.policy.on_deadline != OnDeadline::Fail),
        situation: Situation::TooFewPeers {
            peers: machine.union().len(),
            min_peers: machine.policy.min_peers,
        },
    })
}

fn held_by_answer(at: usize, machine: &Machine, now: Moment) -> Option<Condition> {
    let ledger = &machine.ledgers[at];
    let last = ledger.last()?;
    let question = ledger.question.clone();
    let belief = ledger.belief();
    let by = belief.map(|belief| belief.by);
    let kept = Kept::of(ledger.kept().len(), by, machine.is_starting());
    match &last.value {
        LastAnswer::Records { .. } => None,
        LastAnswer::Empty { no_such_name, soa_serial } => Some(Condition {
            since: belief.map(|belief| belief.since).or(ledger.empty_since()).unwrap_or(last.since),
            // What keeps nothing lasts until DNS says something else.
            until: ledger
                .empty_until(&machine.policy)
                .filter(|_| kept.peers() > 0 && machine.may_all_leave(at) && !machine.is_frozen()),
            situation: Situation::HeldEmpty {
                question,
                no_such_name: *no_such_name,
                soa_serial: *soa_serial,
                kept,
                empty_after: machine.policy.empty_after,
                never_empty: machine.would_be_nothing(now),
            },
        }),
        LastAnswer::Failed(failure) => Some(condition(
            ledger.failing_since().unwrap_or(last.since),
            Situation::HeldLookupFailed { question, failure: failure.clone(), kept },
        )),
    }
}

/// What is to leave, and to enter, in time: nothing where the list is frozen.
fn changes_to_come(machine: &Machine) -> Vec<Condition> {
    if machine.is_frozen() {
        return vec![];
    }
    let of_each = machine.ledgers.iter();
    let removals = of_each.clone().filter_map(|ledger| held_removal(ledger, machine));
    let unlisted = of_each.filter_map(|ledger| no_room(ledger, machine));
    held_by_guard(machine).into_iter().chain(removals).chain(unlisted).collect()
}

fn held_by_guard(machine: &Machine) -> Option<Condition> {
    let since = machine.doubted_since?;
    let policy = &machine.policy;
    let before = machine.guard.doubts(policy.max_shrink)?;
    // What DNS has denied until --empty-after has left all the same.
    machine.ledgers.iter().find_map(Ledger::missing)?;
    let situation = Situation::HeldShrink {
        before,
        now: machine.believed_count(),
        max_shrink: policy.max_shrink,
        shrink_after: policy.shrink_after,
    };
    Some(Condition { since, until: doubts_until(machine), situation })
}

/// When the guard believes what DNS says, should it go on to say so.
fn doubts_until(machine: &Machine) -> Option<Moment> {
    let goes_on = machine.ledgers.iter().any(Ledger::says_records);
    let policy = &machine.policy;
    machine.guard.doubts_until(policy.max_shrink, policy.shrink_after).filter(|_| goes_on)
}

fn held_removal(ledger: &Ledger, machine: &Machine) -> Option<Condition> {
    let (since, missing) = ledger.missing()?;
    let alone = ledger.missing_until(&machine.policy);
    let (takes, until) = match machine.doubted_since {
        _ if !ledger.says_records() => (RemovalTakes::Records, None),
        None => (RemovalTakes::Time, alone),
        Some(_) => {
            (RemovalTakes::Belief, alone.zip(doubts_until(machine)).map(|(one, other)| one.max(other)))
        }
    };
    let (question, remove_after) = (ledger.question.clone(), machine.policy.remove_after);
    let situation = Situation::HeldRemoval { question, missing, remove_after, takes };
    Some(Condition { since, until, situation })
}

fn operators_will(machine: &Machine) -> Option<Condition> {
    if !machine.is_frozen() {
        return None;
    }
    let since = machine.desired.as_ref().map(|desired| desired.since).or(machine.kept_document_since());
    Some(condition(machine.frozen_since.or(since).unwrap_or_default(), Situation::Frozen))
}

/// Self is under none of the Services; told of the one that should name it, once that has given records.
fn self_not_found(machine: &Machine) -> Option<Condition> {
    let found = |ledger: &Ledger| ledger.self_found().map(|found| found.value);
    if machine.ledgers.iter().any(|ledger| found(ledger) == Some(true)) {
        return None;
    }
    let home = machine.policy.home()?;
    let ledger = machine.ledgers.iter().find(|ledger| ledger.service() == home.service())?;
    if ledger.belief().is_some() {
        // Nobody is among no records.
        return None;
    }
    let own = machine.policy.own()?;
    let missing = ledger.self_found()?;
    let situation = Situation::SelfNotFound(Arc::new(SelfNotFound {
        question: ledger.question.clone(),
        own: machine.own_url()?,
        identity: own.identity.clone(),
        sample: ledger.answered_sample(),
        governing: machine.policy.governed_elsewhere().cloned(),
        namesake: ledger.answered_of_pod(own.identity.name.as_ref()).next().cloned(),
    }));
    Some(condition(missing.since, situation))
}

/// The list says self alone, at a port that nobody has told.
fn port_unknown(machine: &Machine) -> Option<Condition> {
    let is_guessed = machine.policy.takes_port_of_record() && machine.own_port().is_none();
    let alone = machine.desired.as_ref().filter(|desired| is_guessed && desired.value.is_empty())?;
    Some(condition(alone.since, Situation::PortUnknown { own: machine.own_url()? }))
}

fn records_unusable(ledger: &Ledger) -> Option<Condition> {
    let unusable = ledger.unusable_beside_others()?;
    let (question, records) = (ledger.question.clone(), Arc::new(unusable.value.clone()));
    Some(condition(unusable.since, Situation::RecordsUnusable { question, records }))
}

fn many_peers(machine: &Machine) -> Option<Condition> {
    let desired = machine.desired.as_ref().filter(|desired| desired.value.len() > PEERS_LIGHT_MAX)?;
    Some(condition(desired.since, Situation::ManyPeers { peers: desired.value.len() }))
}

fn no_room(ledger: &Ledger, machine: &Machine) -> Option<Condition> {
    let out = ledger.over_limit()?;
    let situation = Situation::NoRoom {
        question: ledger.question.clone(),
        unlisted: out.value,
        max_peers: machine.policy.max_peers,
        remove_after: machine.policy.remove_after,
    };
    Some(condition(out.since, situation))
}
