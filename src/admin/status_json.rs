//! `/status`: how things stand as JSON, for programs.
//!
//! The schema is a contract: fields may be added under the same number; renaming, removing or
//! giving another meaning raises it. Dates are RFC 3339 in UTC, ages and durations seconds with
//! milliseconds, both counted at `as_of`. What is not known yet is `null`.

use serde::Serialize;

use crate::model::{Moment, PeerSet, ServiceUrl};
use crate::reconcile::{self, LastAnswer, PeersOfChange, ServiceStatus};
use crate::wording::{lookup_failure, seconds, situation};

use super::facts::Facts;
use super::snapshot::{ListInPlace, Snapshot, Stage, WARNINGS_MAX};

/// The number of the schema.
pub const SCHEMA: u32 = 1;

/// The JSON text, ending with a line feed.
pub(super) fn render(snapshot: &Snapshot, is_started: bool) -> Vec<u8> {
    let mut json = serde_json::to_vec(&document(snapshot, is_started))
        .expect("strings and numbers cannot fail to serialise");
    json.push(b'\n');
    json
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    version: &'a str,
    as_of: String,
    started_at: String,
    uptime_seconds: f64,
    role: &'static str,
    #[serde(rename = "self")]
    own: Option<&'a str>,
    ready: bool,
    started: bool,
    stage: &'static str,
    list_in_place: &'static str,
    desired: Option<List<'a>>,
    published: Option<List<'a>>,
    flushing: bool,
    adopted: Option<List<'a>>,
    is_adopted: Option<bool>,
    confirmed: Option<Since>,
    refreshed: Option<Since>,
    held: Held,
    conditions: Vec<Condition<'a>>,
    services: Vec<Service<'a>>,
    history: Vec<Change<'a>>,
    settings: Settings<'a>,
    loop_restarts: u64,
}

#[derive(Serialize)]
struct Since {
    at: String,
    age_seconds: f64,
}

#[derive(Serialize)]
struct List<'a> {
    peers: Vec<&'a str>,
    since: Since,
}

#[derive(Serialize)]
struct Held {
    is_held: bool,
    reasons: Vec<&'static str>,
}

#[derive(Serialize)]
struct Condition<'a> {
    kind: &'static str,
    severity: &'static str,
    since: Since,
    /// When it ends by itself if nothing else changes, as far as that is known.
    until: Option<String>,
    message: String,
    cure: String,
    facts: Facts<'a>,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    question: String,
    record_type: &'static str,
    last: Option<Last>,
    records: Option<Since>,
    answered: Vec<&'a str>,
    kept: Vec<&'a str>,
    holds: Vec<Hold>,
    self_found: Option<bool>,
    unusable: Option<Unusable<'a>>,
}

/// The records that cannot be used, and the first of them.
#[derive(Serialize)]
struct Unusable<'a> {
    count: usize,
    of: usize,
    reason: &'static str,
    first: &'a str,
}

#[derive(Serialize)]
struct Hold {
    kind: &'static str,
    until: Option<String>,
}

#[derive(Serialize)]
struct Last {
    outcome: &'static str,
    since: Since,
    peers: Option<usize>,
    soa_serial: Option<u32>,
    message: Option<String>,
}

#[derive(Serialize)]
struct Change<'a> {
    number: u64,
    #[serde(flatten)]
    when: Since,
    cause: &'static str,
    added: Vec<&'a str>,
    added_count: usize,
    removed: Vec<&'a str>,
    removed_count: usize,
    peers: usize,
}

#[derive(Serialize)]
struct Settings<'a> {
    fingerprint: &'a str,
    warnings: Vec<&'a str>,
}

fn document(snapshot: &Snapshot, is_started: bool) -> Document<'_> {
    let status = &snapshot.status;
    let dated = |at: Option<Moment>| at.map(|at| snapshot.dated(at));
    Document {
        schema: SCHEMA,
        version: snapshot.version,
        as_of: snapshot.clock.rfc3339(snapshot.as_of),
        started_at: snapshot.clock.rfc3339(Moment::START),
        uptime_seconds: seconds(snapshot.as_of.since_start()),
        role: if status.own.is_some() { "server" } else { "client" },
        own: status.own.as_ref().map(ServiceUrl::as_str),
        ready: snapshot.is_ready(),
        started: is_started,
        stage: stage(snapshot.stage),
        list_in_place: list_in_place(snapshot.list),
        desired: snapshot.list_of(status.desired.as_ref()),
        published: snapshot.list_of(status.published.as_ref()),
        flushing: status.flushing,
        adopted: snapshot.list_of(status.adopted.as_ref()),
        is_adopted: snapshot.is_adopted(),
        confirmed: dated(status.confirmed_at),
        refreshed: dated(status.refreshed_at),
        held: held(snapshot),
        conditions: status.conditions.iter().map(|condition| snapshot.condition(condition)).collect(),
        services: status.services.iter().map(|service| snapshot.service(service)).collect(),
        history: status.history.iter().map(|change| snapshot.change(change)).collect(),
        settings: snapshot.settings_json(),
        loop_restarts: snapshot.loop_restarts,
    }
}

fn list_in_place(list: ListInPlace) -> &'static str {
    match list {
        ListInPlace::Nothing | ListInPlace::TakenAway => "nothing",
        ListInPlace::FoundAtStart | ListInPlace::KeptAsFound => "found_at_start",
        ListInPlace::Published => "published",
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Running => "running",
        Stage::Draining => "draining",
    }
}

fn held(snapshot: &Snapshot) -> Held {
    let holds = snapshot.status.conditions.iter().filter(|condition| condition.is_hold());
    let reasons = holds.map(|condition| condition.kind().label()).collect();
    Held { is_held: snapshot.status.is_held(), reasons }
}

impl Snapshot {
    fn dated(&self, at: Moment) -> Since {
        Since { at: self.clock.rfc3339(at), age_seconds: seconds(self.as_of.since(at)) }
    }

    fn list_of<'a>(&self, list: Option<&'a reconcile::Dated<PeerSet>>) -> Option<List<'a>> {
        list.map(|list| List { peers: texts(&list.value), since: self.dated(list.since) })
    }

    fn condition<'a>(&self, condition: &'a reconcile::Condition) -> Condition<'a> {
        let message = situation(&condition.situation);
        Condition {
            kind: condition.kind().label(),
            severity: condition.situation.severity().label(),
            since: self.dated(condition.since),
            until: condition.until.map(|until| self.clock.rfc3339(until)),
            message: message.fact(),
            cure: message.cure,
            facts: Facts(&condition.situation),
        }
    }

    fn service<'a>(&self, service: &'a ServiceStatus) -> Service<'a> {
        Service {
            name: service.question.service_name().as_str(),
            question: service.question.owner(),
            record_type: service.question.record_type().as_str(),
            last: service.last.as_ref().map(|last| self.last(last)),
            records: service.records_at.map(|at| self.dated(at)),
            answered: texts(&service.answered),
            kept: texts(&service.kept),
            holds: self.holds_of(service).map(|condition| self.hold(condition)).collect(),
            self_found: service.self_found.as_ref().map(|found| found.value),
            unusable: service.unusable.as_ref().map(|unusable| Unusable {
                count: unusable.value.count(),
                of: unusable.value.of,
                reason: unusable.value.first.why.label(),
                first: &unusable.value.first.what,
            }),
        }
    }

    fn hold(&self, condition: &reconcile::Condition) -> Hold {
        Hold { kind: condition.kind().label(), until: condition.until.map(|until| self.clock.rfc3339(until)) }
    }

    fn last(&self, last: &reconcile::Dated<LastAnswer>) -> Last {
        let (peers, soa_serial, message) = match &last.value {
            LastAnswer::Records { peers } => (Some(*peers), None, None),
            LastAnswer::Empty { no_such_name: _, soa_serial } => (None, Some(*soa_serial), None),
            LastAnswer::Failed(failure) => (None, None, Some(lookup_failure(failure).to_string())),
        };
        Last { outcome: last.value.label(), since: self.dated(last.since), peers, soa_serial, message }
    }

    fn change<'a>(&self, change: &'a reconcile::Change) -> Change<'a> {
        let first = |peers: &'a PeersOfChange| peers.named().iter().map(ServiceUrl::as_str).collect();
        Change {
            number: change.number,
            when: self.dated(change.at),
            cause: change.cause.label(),
            added: first(&change.added),
            added_count: change.added.count(),
            removed: first(&change.removed),
            removed_count: change.removed.count(),
            peers: change.peers,
        }
    }

    fn settings_json(&self) -> Settings<'_> {
        let settings = &self.settings;
        Settings {
            fingerprint: &settings.fingerprint,
            warnings: settings.warnings.iter().take(WARNINGS_MAX).map(String::as_str).collect(),
        }
    }
}

fn texts(peers: &PeerSet) -> Vec<&str> {
    peers.iter().map(ServiceUrl::as_str).collect()
}
