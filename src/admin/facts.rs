//! The facts of a condition as JSON, for programs: names and numbers, no sentences to take apart.
//!
//! The shape depends on the kind, and is listed in `docs/status.md`.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::model::{ListOrigin, LookupFailure, ServerFault, UnusableRecords};
use crate::reconcile::{Kept, NotAdopted, NotPublished, SelfNotFound, Situation};

/// The facts of this situation.
pub(super) struct Facts<'a>(pub(super) &'a Situation);

/// One value.
enum Fact<'a> {
    Unknown,
    Text(&'a dyn Display),
    Word(&'a str),
    List(Vec<String>),
    Count(u64),
    Flag(bool),
}

type Named<'a> = Vec<(&'static str, Fact<'a>)>;

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

impl Serialize for Fact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown => serializer.serialize_none(),
            Self::Text(text) => serializer.collect_str(text),
            Self::Word(word) => serializer.serialize_str(word),
            Self::List(texts) => texts.serialize(serializer),
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}

fn facts(situation: &Situation) -> Named<'_> {
    match situation {
        Situation::NotPublished(NotPublished::Stalled) => vec![("reason", Fact::Word("stalled"))],
        Situation::NotPublished(NotPublished::Failed(fault)) => {
            vec![("reason", Fact::Word(fault.reason)), ("path", Fact::Word(&fault.message.place))]
        }
        Situation::FilesOverwritten { repairs } => vec![("repairs", number(*repairs))],
        Situation::NotAdopted(why) => of_not_adopted(why),
        Situation::RefreshRefused(fault)
        | Situation::RefreshFailing(fault)
        | Situation::StatusUnreadable(fault) => of_fault(fault),
        Situation::ServerUnreachable { fault, has_replied } => {
            let mut facts = of_fault(fault);
            facts.push(("has_replied", Fact::Flag(*has_replied)));
            facts
        }
        Situation::SelfNotRecognised { own } | Situation::PortUnknown { own } => {
            vec![("self", Fact::Text(own))]
        }
        Situation::StartWaits { asked, governing } => {
            vec![("question", optional(asked.as_ref())), ("governing", optional(governing.as_ref()))]
        }
        Situation::NothingKnown { is_starting } => vec![("is_starting", Fact::Flag(*is_starting))],
        Situation::HeldLookupFailed { question, failure, kept } => {
            let mut facts =
                vec![("question", Fact::Text(question)), ("outcome", Fact::Word(failure.label()))];
            facts.extend(of_failure(failure));
            facts.extend(of_kept(*kept));
            facts
        }
        Situation::TooFewPeers { peers, min_peers } => {
            vec![("peers", count(*peers)), ("min_peers", count(*min_peers))]
        }
        Situation::HeldEmpty { question, no_such_name, soa_serial, kept, empty_after, never_empty } => {
            let mut facts = vec![
                ("question", Fact::Text(question)),
                ("outcome", Fact::Word(if *no_such_name { "no_such_name" } else { "no_data" })),
                ("soa_serial", number(*soa_serial)),
                ("empty_after", Fact::Text(empty_after)),
                ("never_empty", Fact::Flag(*never_empty)),
            ];
            facts.extend(of_kept(*kept));
            facts
        }
        Situation::HeldShrink { before, now, max_shrink, shrink_after } => vec![
            ("before", count(*before)),
            ("now", count(*now)),
            ("max_shrink", Fact::Text(max_shrink)),
            ("shrink_after", Fact::Text(shrink_after)),
        ],
        Situation::HeldRemoval { question, missing, remove_after, takes } => vec![
            ("question", Fact::Text(question)),
            ("missing", count(*missing)),
            ("remove_after", Fact::Text(remove_after)),
            ("takes", Fact::Word(takes.label())),
        ],
        Situation::SelfNotFound(facts) => of_self_not_found(facts),
        Situation::RecordsUnusable { question, records } => {
            let mut facts = vec![("question", Fact::Text(question))];
            facts.extend(of_unusable(records));
            facts
        }
        Situation::ManyPeers { peers } => vec![("peers", count(*peers))],
        Situation::NoRoom { question, unlisted, max_peers, remove_after } => vec![
            ("question", Fact::Text(question)),
            ("unlisted", count(*unlisted)),
            ("max_peers", count(*max_peers)),
            ("remove_after", Fact::Text(remove_after)),
        ],
        Situation::LoopRestarted { panic, restarts } => {
            vec![("panic", Fact::Text(panic)), ("restarts", number(*restarts))]
        }
        Situation::SettingsRejected { faults } => vec![("faults", Fact::Text(faults))],
        Situation::HeldDocument { is_client } => vec![("is_client", Fact::Flag(*is_client))],
        Situation::SeveralServers | Situation::Frozen => vec![],
    }
}

fn of_fault(fault: &ServerFault) -> Named<'_> {
    let mut facts = vec![("fault", Fact::Word(fault.label()))];
    match fault {
        ServerFault::Failing { status, .. } => facts.push(("status", number(*status))),
        ServerFault::Refused(refusal) => facts.push(("refusal", Fact::Word(refusal.label()))),
        ServerFault::Unreachable(_)
        | ServerFault::HungUp(_)
        | ServerFault::TimedOut
        | ServerFault::Unreadable(_) => {}
    }
    facts
}

fn of_failure(failure: &LookupFailure) -> Named<'_> {
    match failure {
        LookupFailure::ResponseCode(code) => vec![("response_code", number(*code))],
        LookupFailure::NoneUsable(records) => of_unusable(records),
        LookupFailure::TooManyPeers { peers, max } => {
            vec![("peers", count(*peers)), ("max_peers", count(*max))]
        }
        _ => vec![],
    }
}

fn of_unusable(records: &UnusableRecords) -> Named<'_> {
    vec![
        ("unusable", count(records.count())),
        ("records", count(records.of)),
        ("reason", Fact::Word(records.first.why.label())),
        ("first", Fact::Text(&records.first.what)),
    ]
}

fn of_kept(kept: Kept) -> Named<'static> {
    let believed_by = kept.believed_by().map_or(Fact::Unknown, |by| Fact::Word(by.label()));
    vec![("kept", count(kept.peers())), ("believed_by", believed_by)]
}

fn of_not_adopted(why: &NotAdopted) -> Named<'_> {
    match why {
        NotAdopted::Unknown => vec![("reason", Fact::Unknown)],
        NotAdopted::PollsTooLong => vec![("reason", Fact::Word("polls_too_long"))],
        NotAdopted::Masked(origin) => of_origin(origin),
    }
}

fn of_origin(origin: &ListOrigin) -> Named<'_> {
    vec![("reason", Fact::Word(origin.label())), ("source", origin.name().map_or(Fact::Unknown, Fact::Word))]
}

fn of_self_not_found(facts: &SelfNotFound) -> Named<'_> {
    let SelfNotFound { question, own, identity, sample, governing, namesake } = facts;
    vec![
        ("question", Fact::Text(question)),
        ("self", Fact::Text(own)),
        ("pod", optional(identity.name.as_ref())),
        ("addresses", list(&identity.addresses)),
        ("seen", list(sample)),
        ("governing", optional(governing.as_ref())),
        ("namesake", optional(namesake.as_ref())),
    ]
}

fn optional<T: Display>(value: Option<&T>) -> Fact<'_> {
    value.map_or(Fact::Unknown, |value| Fact::Text(value))
}

fn list<T: Display>(values: impl IntoIterator<Item = T>) -> Fact<'static> {
    Fact::List(values.into_iter().map(|value| value.to_string()).collect())
}

fn count(value: usize) -> Fact<'static> {
    Fact::Count(u64::try_from(value).unwrap_or(u64::MAX))
}

fn number(value: impl Into<u64>) -> Fact<'static> {
    Fact::Count(value.into())
}
