//! The closed sets that label metrics: what is counted apart, and under which name.
//!
//! Must never let a text from outside become a label: every label here is a constant.

use crate::model::{Answer, LookupFailure, RecordType, ServerFault};
use crate::reconcile::{ConditionKind, LastAnswer, PublishOutcome};

pub(super) const RECORD_TYPES: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Srv];

const ALL_DENIED: &str = "all_denied";

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupOutcome(&'static str);

impl LookupOutcome {
    /// Every name that the outcome of such a question can have.
    pub(super) fn labels(record_type: RecordType) -> impl Iterator<Item = &'static str> {
        let is_srv = record_type == RecordType::Srv;
        // Only SRV asks for a port by its name, and only addresses are allowed or denied.
        let never = if is_srv { ALL_DENIED } else { LookupFailure::PortNameMissing.label() };
        ["records", "no_such_name", "no_data"]
            .into_iter()
            .chain(LookupFailure::LABELS)
            .filter(move |label| *label != never)
    }

    pub(super) fn label(self) -> &'static str {
        self.0
    }
}

impl From<&Answer> for LookupOutcome {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Records(_) => Self(LastAnswer::Records { peers: 0 }.label()),
            &Answer::Empty { no_such_name, soa_serial } => {
                Self(LastAnswer::Empty { no_such_name, soa_serial }.label())
            }
            Answer::Failed(failure) => Self(failure.label()),
        }
    }
}

impl From<&LastAnswer> for LookupOutcome {
    /// As the machine judged the answer, which may be harder on it than the adapter.
    fn from(answer: &LastAnswer) -> Self {
        Self(answer.label())
    }
}

pub(super) const PUBLISH_LABELS: [&str; 4] = ["written", "unchanged", "repaired", "failed"];

pub(super) fn publish_label(outcome: &PublishOutcome) -> &'static str {
    match outcome {
        PublishOutcome::Written => "written",
        PublishOutcome::Unchanged => "unchanged",
        PublishOutcome::Repaired => "repaired",
        PublishOutcome::Failed(_) | PublishOutcome::Lost(_) => "failed",
    }
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshOutcome<'a> {
    /// The server took the call; that proves nothing about adoption.
    Taken,
    /// It was dropped, because something newer waited.
    Abandoned,
    /// The server did not take it.
    Failed(&'a ServerFault),
}

impl RefreshOutcome<'_> {
    pub(super) fn labels() -> impl Iterator<Item = &'static str> {
        ["taken", "abandoned"].into_iter().chain(ServerFault::LABELS)
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Abandoned => "abandoned",
            Self::Failed(fault) => fault.label(),
        }
    }
}

/// How a confirm ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmOutcome<'a> {
    /// The server holds exactly the desired list.
    Adopted,
    /// The server holds another list.
    Different,
    /// The server did not say.
    Failed(&'a ServerFault),
}

impl ConfirmOutcome<'_> {
    pub(super) fn labels() -> impl Iterator<Item = &'static str> {
        ["adopted", "different"].into_iter().chain(ServerFault::LABELS)
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Different => "different",
            Self::Failed(fault) => fault.label(),
        }
    }
}

/// What became of a changed settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// The new settings are in force.
    Applied,
    /// The file has faults; the old settings are in force.
    Rejected,
}

impl ReloadOutcome {
    pub(super) const ALL: [Self; 2] = [Self::Applied, Self::Rejected];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Rejected => "rejected",
        }
    }
}

/// A step whose last success is dated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Records came for every Service; of several, the one that has waited longest counts.
    Resolve,
    /// The files were found or made right.
    Publish,
    /// The server took a refresh.
    Refresh,
    /// The server was found holding the desired list.
    Confirm,
}

impl Step {
    pub(super) const ALL: [Self; 4] = [Self::Resolve, Self::Publish, Self::Refresh, Self::Confirm];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Publish => "publish",
            Self::Refresh => "refresh",
            Self::Confirm => "confirm",
        }
    }
}

/// One of the three lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Desired,
    Published,
    Adopted,
}

impl List {
    pub(super) const ALL: [Self; 3] = [Self::Desired, Self::Published, Self::Adopted];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Desired => "desired",
            Self::Published => "published",
            Self::Adopted => "adopted",
        }
    }
}

/// The conditions that keep a list against what DNS says.
pub(super) fn holds() -> impl Iterator<Item = ConditionKind> {
    ConditionKind::ALL.into_iter().filter(|kind| kind.may_hold())
}

#[cfg(test)]
mod tests {
    use crate::model::{Unusable, UnusableRecord, UnusableRecords};

    use super::*;

    #[test]
    fn every_answer_has_a_name_of_the_closed_set() {
        let empty = |no_such_name| Answer::Empty { no_such_name, soa_serial: 1 };
        for (answer, label) in [
            (Answer::Records(Vec::new()), "records"),
            (empty(true), "no_such_name"),
            (empty(false), "no_data"),
            (Answer::Failed(LookupFailure::Timeout), "timeout"),
            (Answer::Failed(LookupFailure::ResponseCode(9)), "response_code"),
        ] {
            let outcome = LookupOutcome::from(&answer);
            assert_eq!(outcome.label(), label);
            assert!(LookupOutcome::labels(RecordType::A).any(|known| known == label));
        }
        let denied = UnusableRecord { why: Unusable::Denied, what: "127.0.0.1".into() };
        let denied = UnusableRecords::among(vec![denied], 1).expect("one");
        let judged = LastAnswer::Failed(LookupFailure::NoneUsable(Box::new(denied)));
        assert_eq!(LookupOutcome::from(&judged).label(), "all_denied");
    }

    #[test]
    fn only_srv_asks_for_a_port_and_only_addresses_are_denied() {
        let can_be = |record_type, wanted| LookupOutcome::labels(record_type).any(|label| label == wanted);
        let port = LookupFailure::PortNameMissing.label();
        for (record_type, is_denied, is_nameless) in
            [(RecordType::Srv, false, true), (RecordType::A, true, false), (RecordType::Aaaa, true, false)]
        {
            assert_eq!(can_be(record_type, ALL_DENIED), is_denied, "{record_type:?}");
            assert_eq!(can_be(record_type, port), is_nameless, "{record_type:?}");
        }
    }

    #[test]
    fn every_server_fault_has_a_name_of_the_closed_set() {
        for fault in [
            ServerFault::Unreachable(String::new()),
            ServerFault::TimedOut,
            ServerFault::Failing { status: 500, reason: String::new() },
            ServerFault::Refused(crate::model::Refusal::Csrf),
            ServerFault::Unreadable(String::new()),
        ] {
            assert!(ServerFault::LABELS.contains(&RefreshOutcome::Failed(&fault).label()));
            assert!(ConfirmOutcome::labels().any(|known| known == ConfirmOutcome::Failed(&fault).label()));
        }
    }
}
