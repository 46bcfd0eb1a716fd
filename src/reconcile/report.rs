//! The machine's state as a status, with a sentence for each condition.

use crate::model::{HeadlessService, Moment, PeerSet, ServerFault};

use super::Own;
use super::adopting::Seen;
use super::ledger::Ledger;
use super::machine::Machine;
use super::status::{Condition, ConditionKind, Dated, LastAnswer, Status};

/// Peers above which a stock server feels it: it spends 24 threads on each.
const PEERS_LIGHT_MAX: usize = 64;

pub(super) fn status(machine: &Machine, now: Moment) -> Status {
    let on_disk = machine.publishing.on_disk();
    let adopted = |seen: &Dated<Seen>| Dated { value: seen.value.peers.clone(), since: seen.since };
    Status {
        own: machine.policy.own().map(|own| own.url.clone()),
        services: machine.ledgers.iter().map(Ledger::status).collect(),
        desired: machine.desired.clone(),
        published: on_disk
            .map(|(listing, since)| Dated { value: listing.urls().cloned().collect::<PeerSet>(), since }),
        flushing: on_disk.is_some_and(|(listing, _)| listing.sink().is_some()),
        adopted: machine.adopting.seen_now().map(adopted),
        confirmed_at: machine.adopting.confirmed_at(),
        refreshed_at: machine.adopting.refreshed_at(),
        propagation: machine.history.propagation().cloned(),
        conditions: conditions(machine, now),
        history: machine.history.changes().clone(),
    }
}

fn conditions(machine: &Machine, now: Moment) -> Vec<Condition> {
    let mut conditions: Vec<_> = files(machine, now)
        .into_iter()
        .chain(server(machine, now))
        .chain(no_list(machine))
        .chain(machine.ledgers.iter().filter_map(|ledger| held_by_answer(ledger, machine)))
        .chain(held_by_guard(machine))
        .chain(machine.ledgers.iter().filter_map(|ledger| held_removal(ledger, machine)))
        .chain(operators_will(machine))
        .chain(self_not_found(machine))
        .chain(many_peers(machine))
        .chain(machine.ledgers.iter().filter_map(|ledger| crowded_out(ledger, machine)))
        .collect();
    conditions.sort_by_key(|condition| (condition.kind, condition.since));
    conditions
}

fn condition(kind: ConditionKind, since: Moment, message: String) -> Condition {
    Condition { kind, since, message }
}

fn files(machine: &Machine, now: Moment) -> Option<Condition> {
    if let Some(since) = machine.publishing.stalled(now) {
        let message = "the volume's disk does not answer; the files are as they were before".to_owned();
        return Some(condition(ConditionKind::NotPublished, since, message));
    }
    let failure = machine.publishing.failure()?;
    Some(condition(ConditionKind::NotPublished, failure.since, failure.value.clone()))
}

fn server(machine: &Machine, now: Moment) -> impl Iterator<Item = Condition> {
    let adopting = &machine.adopting;
    let not_adopted = adopting.not_adopted(now).map(|(since, reason)| {
        condition(
            ConditionKind::NotAdopted,
            since,
            format!("the server does not take the list over: {reason}"),
        )
    });
    let refused = adopting.refresh_fault().map(|fault| {
        let kind = match fault.value {
            ServerFault::Refused(_) | ServerFault::Unreadable(_) => ConditionKind::RefreshRefused,
            ServerFault::Unreachable(_) | ServerFault::TimedOut | ServerFault::Failing { .. } => {
                ConditionKind::RefreshFailing
            }
        };
        condition(kind, fault.since, format!("refresh: {}", fault.value))
    });
    let unread = adopting.confirm_fault().map(|fault| {
        let kind = match fault.value {
            ServerFault::Unreachable(_) | ServerFault::TimedOut => ConditionKind::ServerUnreachable,
            ServerFault::Failing { .. } | ServerFault::Refused(_) | ServerFault::Unreadable(_) => {
                ConditionKind::StatusUnreadable
            }
        };
        condition(kind, fault.since, format!("status: {}", fault.value))
    });
    let own = adopting
        .seen_now()
        .filter(|seen| seen.value.lists_self)
        .map(|seen| self_not_recognised(machine, seen));
    let several = adopting.several_servers(now).map(|since| {
        let message = "several servers answer under --status-url: up-times or lists change there as those of one \
                       server do not, so what one adopts another may lack; point it at the server in this pod, such \
                       as http://127.0.0.1:8761/eureka/status, and not at a Service or a load balancer";
        condition(ConditionKind::SeveralServers, since, message.to_owned())
    });
    [not_adopted, refused, unread, own, several].into_iter().flatten()
}

fn self_not_recognised(machine: &Machine, seen: &Dated<Seen>) -> Condition {
    let url = machine.policy.own().map_or("", |own| own.url.as_str());
    let message = format!(
        "the server lists itself ({url}) among its peers and replicates to itself; its own host name differs from \
         that URL: with names set EUREKA_INSTANCE_HOSTNAME to the pod's name in the Service, with addresses \
         EUREKA_INSTANCE_PREFERIPADDRESS=true, with IPv6, or where the image sets eureka.server.my-url, \
         EUREKA_SERVER_MYURL to that URL (with user-info where the list has it)"
    );
    condition(ConditionKind::SelfNotRecognised, seen.since, message)
}

/// Why there is no list of our own yet: at most one of three reasons.
fn no_list(machine: &Machine) -> Option<Condition> {
    document_kept(machine).or_else(|| start_waits(machine)).or_else(|| nothing_known(machine))
}

fn document_kept(machine: &Machine) -> Option<Condition> {
    let since = machine.kept_document_since()?;
    let message = "the saved state cannot be used, so the files stay as they were found until every Service has given \
                   records; `eureka-peers accept` ends it with the records that there are, and with --empty \
                   without any";
    Some(condition(ConditionKind::HeldDocument, since, message.to_owned()))
}

fn start_waits(machine: &Machine) -> Option<Condition> {
    let since = machine.waiting_since()?;
    let asked = match machine.policy.home() {
        Some(home) => home.to_string(),
        None => "any Service".to_owned(),
    };
    let message = format!(
        "no list is published and the server beside us is not started before {asked} has given records, because \
         --on-deadline is wait; check that --service names the headless Service of these servers and that it has \
         publishNotReadyAddresses: true; `eureka-peers accept --empty` in this pod starts the server alone"
    );
    Some(condition(ConditionKind::StartWaits, since, message + &belongs_elsewhere(machine)))
}

/// What the kubelet knows better than the settings.
fn belongs_elsewhere(machine: &Machine) -> String {
    let own = machine.policy.own().filter(|_| machine.policy.is_governed_elsewhere());
    let governing = own.and_then(|own| own.identity.governing.as_ref());
    governing.map_or(String::new(), |service| format!("; /etc/hosts says that this pod belongs to {service}"))
}

fn nothing_known(machine: &Machine) -> Option<Condition> {
    let none_has_records = !machine.ledgers.iter().any(Ledger::has_records);
    let since = machine.ledgers.iter().filter_map(|ledger| ledger.last().map(|last| last.since)).min();
    let has_kept = machine.ledgers.iter().any(|ledger| ledger.kept().next().is_some());
    (none_has_records && !has_kept).then(|| {
        let message = "no Service has given records in this life, and none are known from the previous one";
        condition(ConditionKind::NothingKnown, since.unwrap_or_default(), message.to_owned())
    })
}

fn held_by_answer(ledger: &Ledger, machine: &Machine) -> Option<Condition> {
    let last = ledger.last()?;
    let question = &ledger.question;
    let kept = ledger.kept().count();
    match &last.value {
        LastAnswer::Records { .. } => None,
        LastAnswer::Nobody { no_such_name, soa_serial } => {
            let what = if *no_such_name { "no such name" } else { "no data" };
            let message = format!(
                "{question}: {what} (SOA serial {soa_serial}); nobody ready, Service missing, wrong port name and \
                 nodes cut off look alike, so {} kept; believed after --empty-after {}",
                peers_are(kept),
                machine.policy.empty_after
            );
            Some(condition(ConditionKind::HeldNobody, ledger.nobody_since().unwrap_or(last.since), message))
        }
        LastAnswer::Failed(failure) => {
            let message = format!("{question}: {failure}; {} kept", peers_are(kept));
            Some(condition(ConditionKind::HeldLookupFailed, last.since, message))
        }
    }
}

fn peers_are(count: usize) -> String {
    match count {
        0 => "no peers are".to_owned(),
        1 => "1 peer is".to_owned(),
        _ => format!("{count} peers are"),
    }
}

fn held_by_guard(machine: &Machine) -> Option<Condition> {
    let since = machine.doubted_since?;
    let before = machine.guard.doubts(machine.policy.max_shrink)?;
    let now = machine.believed_count();
    let message = format!(
        "the peers in DNS fell from {before} to {now}, by more than --max-shrink {}; removals wait until it has stayed \
         so for --shrink-after {}, or for `eureka-peers accept`",
        machine.policy.max_shrink, machine.policy.shrink_after
    );
    Some(condition(ConditionKind::HeldShrink, since, message))
}

fn held_removal(ledger: &Ledger, machine: &Machine) -> Option<Condition> {
    let (since, count) = ledger.missing()?;
    let message = format!(
        "{}: {} missing and will leave after --remove-after {}",
        ledger.question,
        peers_are(count),
        machine.policy.remove_after
    );
    Some(condition(ConditionKind::HeldRemoval, since, message))
}

fn operators_will(machine: &Machine) -> Option<Condition> {
    if !machine.policy.freeze || !machine.has_list() {
        return None;
    }
    let since = machine.desired.as_ref().map(|desired| desired.since).or(machine.kept_document_since());
    Some(condition(
        ConditionKind::Frozen,
        machine.frozen_since.or(since).unwrap_or_default(),
        "the list is kept as it is until --freeze is lifted".to_owned(),
    ))
}

/// Self is under none of the Services; told of the one that should name it, once that has given records.
fn self_not_found(machine: &Machine) -> Option<Condition> {
    let found = |ledger: &Ledger| ledger.self_found().map(|found| found.value);
    if machine.ledgers.iter().any(|ledger| found(ledger) == Some(true)) {
        return None;
    }
    let home = machine.policy.home()?;
    let ledger = machine.ledgers.iter().find(|ledger| ledger.service() == home.service())?;
    let own = machine.policy.own()?;
    let missing = ledger.self_found()?;
    let message = format!(
        "{}: self is not among the records; looked for {} and {}; saw {}; {}",
        ledger.question,
        own.url,
        own.identity,
        ledger.answered_sample().join(", "),
        how_self_is_found(own, ledger, machine),
    );
    Some(condition(ConditionKind::SelfNotFound, missing.since, message))
}

fn how_self_is_found(own: &Own, ledger: &Ledger, machine: &Machine) -> String {
    let is_asked =
        |governing: &&HeadlessService| machine.ledgers.iter().any(|ledger| ledger.service() == *governing);
    if let Some(governing) = own.identity.governing.as_ref().filter(|governing| !is_asked(governing)) {
        let asked = ledger.service();
        return format!(
            "this pod belongs to the Service {governing} (/etc/hosts), asked was {asked}: give --service {governing}, or \
             see that {asked} selects this pod too and has publishNotReadyAddresses: true, or give --self-url"
        );
    }
    match ledger.answered_of_pod(own.identity.name.as_ref()).next() {
        Some(namesake) => format!(
            "a record begins with this pod's name: where it is this pod, give --self-url {namesake}, else set \
             publishNotReadyAddresses: true on the Service"
        ),
        None => "set publishNotReadyAddresses: true on the Service, or --self-url".to_owned(),
    }
}

fn many_peers(machine: &Machine) -> Option<Condition> {
    let desired = machine.desired.as_ref().filter(|desired| desired.value.len() > PEERS_LIGHT_MAX)?;
    let message = format!(
        "{} peers: a stock server spends 24 threads and 1.5 to 3 MB on each; above {PEERS_LIGHT_MAX} it is felt",
        desired.value.len()
    );
    Some(condition(ConditionKind::ManyPeers, desired.since, message))
}

fn crowded_out(ledger: &Ledger, machine: &Machine) -> Option<Condition> {
    let out = ledger.over_limit()?;
    let message = format!(
        "{}: {} not listed: with those that are missing the list has all that --max-peers {} lets it have, twice \
         as many; they enter as others leave after --remove-after {}",
        ledger.question,
        peers_are(out.value),
        machine.policy.max_peers,
        machine.policy.remove_after
    );
    Some(condition(ConditionKind::ManyPeers, out.since, message))
}
