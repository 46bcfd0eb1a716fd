//! The words for what is over: which condition, of what, how long it lasted, and what is so now.

use std::time::Duration;

use crate::model::{Message, Question};
use crate::reconcile::{ConditionKind, LastAnswer, Situation, Status};

use super::{EMPTY, are_kept, lasted, lookup_failure, situation};

const SERVER_UNKNOWN: &str = "what the server has is not known";

/// That a condition is over.
pub fn ended(over: &Situation, lasted_for: Duration, status: &Status) -> Message {
    let what = format!(
        "{} ended after {}: {}",
        over.kind().label(),
        lasted(lasted_for),
        what_is_so_now(over, status)
    );
    Message::new(what, "").at(&situation(over).place)
}

fn what_is_so_now(over: &Situation, status: &Status) -> String {
    if let Some(believed) = believed_now(over, status) {
        return believed;
    }
    match over.kind() {
        // A start may have waited for its disk before it could know what to write.
        ConditionKind::NotPublished if status.published.is_none() => "the disk answers".to_owned(),
        ConditionKind::NotPublished => "the files are written".to_owned(),
        ConditionKind::FilesOverwritten => "the files have stayed as they were put".to_owned(),
        ConditionKind::NotAdopted
        | ConditionKind::RefreshRefused
        | ConditionKind::RefreshFailing
        | ConditionKind::SelfNotRecognised
        | ConditionKind::StatusUnreadable
        | ConditionKind::ServerUnreachable => servers_list(status),
        ConditionKind::SeveralServers => "there is no further sign of a second server".to_owned(),
        ConditionKind::HeldLookupFailed | ConditionKind::HeldEmpty | ConditionKind::RecordsUnusable => {
            answer_now(over.question(), status)
        }
        ConditionKind::StartWaits
        | ConditionKind::NothingKnown
        | ConditionKind::TooFewPeers
        | ConditionKind::HeldDocument
        | ConditionKind::HeldShrink
        | ConditionKind::HeldRemoval
        | ConditionKind::ManyPeers => list(status),
        ConditionKind::PortUnknown => match &status.own {
            Some(own) => format!("self is {own}; {}", list(status)),
            None => list(status),
        },
        ConditionKind::Frozen => format!("the list follows DNS again; {}", list(status)),
        ConditionKind::SelfNotFound => self_now(status).to_owned(),
        ConditionKind::SettingsRejected => "new settings are in force".to_owned(),
        ConditionKind::LoopRestarted => "the loop turns".to_owned(),
    }
}

/// Where a Service was held as empty and is believed to be so now: by whose word.
fn believed_now(over: &Situation, status: &Status) -> Option<String> {
    let is_of = |it: &&Situation| {
        it.kind() == ConditionKind::HeldEmpty && it.kind() == over.kind() && it.question() == over.question()
    };
    let now = status.conditions.iter().map(|condition| &condition.situation).find(is_of)?;
    match now {
        Situation::HeldEmpty { kept, .. } if kept.believed_by().is_some() => Some(are_kept(*kept)),
        _ => None,
    }
}

fn list(status: &Status) -> String {
    match &status.desired {
        Some(desired) => format!("the list has peers: {}", desired.value.len()),
        None => "there is no list yet".to_owned(),
    }
}

fn servers_list(status: &Status) -> String {
    let Some(adopted) = &status.adopted else { return SERVER_UNKNOWN.to_owned() };
    let which = match &status.desired {
        Some(desired) if desired.value == adopted.value => "the list",
        Some(_) | None => "another list",
    };
    format!("the server has {which}, peers: {}", adopted.value.len())
}

fn self_now(status: &Status) -> &'static str {
    let mut found = status.services.iter().filter_map(|service| service.self_found.as_ref());
    if found.any(|found| found.value) {
        "self is among the records"
    } else {
        "self is not looked for among these records any more"
    }
}

fn answer_now(question: Option<&Question>, status: &Status) -> String {
    let asked = status.services.iter().find(|service| Some(&service.question) == question);
    match asked.map(|service| service.last.as_ref()) {
        None => "it is not asked any more".to_owned(),
        Some(None) => "there is no answer yet".to_owned(),
        Some(Some(last)) => last_answer(&last.value),
    }
}

/// What DNS said last.
pub(super) fn last_answer(answer: &LastAnswer) -> String {
    match answer {
        LastAnswer::Records { peers } => format!("DNS gives records, peers: {peers}"),
        LastAnswer::Empty { .. } => EMPTY.to_owned(),
        LastAnswer::Failed(failure) => lookup_failure(failure).what,
    }
}
