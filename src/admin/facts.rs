//! The facts of a condition as JSON, for programs: names and numbers, no sentences to take apart.
//!
//! The shape depends on the kind, and is listed in `docs/status.md`.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::model::{ListOrigin, LookupFailure, ServerFault};
use crate::reconcile::{NotAdopted, NotPublished, SelfNotFound, Situation};

/// The facts of this situation.
pub(super) struct Facts<'a>(pub(super) &'a Situation);

/// One value.
enum Fact {
    Unknown,
    Text(String),
    List(Vec<String>),
    Count(u64),
    Flag(bool),
}

type Named = Vec<(&'static str, Fact)>;

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = facts(self.0);
        let mut map = serializer.serialize_map(Some(facts.len()))?;
        for (name, fact) in &facts {
            map.serialize_entry(name, fact)?;
        }
        map.end()
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(texts) => texts.serialize(serializer),
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}

fn facts(situation: &Situation) -> Named {
    match situation {
        Situation::NotPublished(NotPublished::Stalled) => vec![("reason", text(&"stalled"))],
        Situation::NotPublished(NotPublished::Failed(fault)) => {
            vec![("reason", text(&fault.reason)), ("path", text(&fault.message.place))]
        }
        Situation::NotAdopted(why) => of_not_adopted(why),
        Situation::RefreshRefused(fault)
        | Situation::RefreshFailing(fault)
        | Situation::StatusUnreadable(fault) => of_fault(fault),
        Situation::ServerUnreachable { fault, has_replied } => {
            let mut facts = of_fault(fault);
            facts.push(("has_replied", Fact::Flag(*has_replied)));
            facts
        }
        Situation::SelfNotRecognised { own } => vec![("self", text(&own))],
        Situation::StartWaits { asked, governing } => {
            vec![("question", optional(asked.as_ref())), ("governing", optional(governing.as_ref()))]
        }
        Situation::NothingKnown { is_starting } => vec![("is_starting", Fact::Flag(*is_starting))],
        Situation::HeldLookupFailed { question, failure, kept } => {
            let mut facts = vec![("question", text(&question)), ("outcome", text(&failure.label()))];
            facts.extend(of_failure(failure));
            facts.push(("kept", count(kept.peers)));
            facts
        }
        Situation::HeldEmpty { question, no_such_name, soa_serial, kept, empty_after } => vec![
            ("question", text(&question)),
            ("outcome", text(&if *no_such_name { "no_such_name" } else { "no_data" })),
            ("soa_serial", number(*soa_serial)),
            ("kept", count(kept.peers)),
            ("empty_after", text(empty_after)),
        ],
        Situation::HeldShrink { before, now, max_shrink, shrink_after } => vec![
            ("before", count(*before)),
            ("now", count(*now)),
            ("max_shrink", text(&max_shrink)),
            ("shrink_after", text(shrink_after)),
        ],
        Situation::HeldRemoval { question, missing, remove_after } => vec![
            ("question", text(&question)),
            ("missing", count(*missing)),
            ("remove_after", text(remove_after)),
        ],
        Situation::SelfNotFound(facts) => of_self_not_found(facts),
        Situation::ManyPeers { peers } => vec![("peers", count(*peers))],
        Situation::NoRoom { question, unlisted, max_peers, remove_after } => vec![
            ("question", text(&question)),
            ("unlisted", count(*unlisted)),
            ("max_peers", count(*max_peers)),
            ("remove_after", text(remove_after)),
        ],
        Situation::LoopRestarted { panic, restarts } => {
            vec![("panic", text(&panic)), ("restarts", number(*restarts))]
        }
        Situation::SettingsRejected { faults } => vec![("faults", text(&faults))],
        Situation::SeveralServers | Situation::HeldDocument | Situation::Frozen => vec![],
    }
}

fn of_fault(fault: &ServerFault) -> Named {
    let mut facts = vec![("fault", text(&fault.label()))];
    match fault {
        ServerFault::Failing { status, .. } => facts.push(("status", number(*status))),
        ServerFault::Refused(refusal) => facts.push(("refusal", text(&refusal.label()))),
        ServerFault::Unreachable(_) | ServerFault::TimedOut | ServerFault::Unreadable(_) => {}
    }
    facts
}

fn of_failure(failure: &LookupFailure) -> Named {
    match failure {
        LookupFailure::ResponseCode(code) => vec![("response_code", number(*code))],
        LookupFailure::AllDenied { denied } => vec![("denied", count(*denied))],
        LookupFailure::TooManyPeers { peers, max } => {
            vec![("peers", count(*peers)), ("max_peers", count(*max))]
        }
        _ => vec![],
    }
}

fn of_not_adopted(why: &NotAdopted) -> Named {
    match why {
        NotAdopted::Unknown => vec![("reason", Fact::Unknown)],
        NotAdopted::PollsTooLong => vec![("reason", text(&"polls_too_long"))],
        NotAdopted::Masked(origin) => of_origin(origin),
    }
}

fn of_origin(origin: &ListOrigin) -> Named {
    vec![("reason", text(&origin.label())), ("source", optional(origin.name()))]
}

fn of_self_not_found(facts: &SelfNotFound) -> Named {
    let SelfNotFound { question, own, identity, sample, governing, namesake } = facts;
    vec![
        ("question", text(&question)),
        ("self", text(&own)),
        ("pod", optional(identity.name.as_ref())),
        ("addresses", list(&identity.addresses)),
        ("seen", list(sample)),
        ("governing", optional(governing.as_ref())),
        ("namesake", optional(namesake.as_ref())),
    ]
}

fn text(value: &dyn Display) -> Fact {
    Fact::Text(value.to_string())
}

fn optional<T: Display>(value: Option<T>) -> Fact {
    value.map_or(Fact::Unknown, |value| text(&value))
}

fn list<T: Display>(values: impl IntoIterator<Item = T>) -> Fact {
    Fact::List(values.into_iter().map(|value| value.to_string()).collect())
}

fn count(value: usize) -> Fact {
    Fact::Count(u64::try_from(value).unwrap_or(u64::MAX))
}

fn number(value: impl Into<u64>) -> Fact {
    Fact::Count(value.into())
}
