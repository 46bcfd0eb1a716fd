//! What the operator's override took.

use std::time::Duration;

use crate::model::{HeadlessService, LookupFailure, Moment};

use super::evidence::Stretch;
use super::ledger::Ledger;
use super::status::LastAnswer;

/// How much of what DNS says an operator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Records. That a Service has no endpoints is left alone.
    Records,
    /// That a Service has no endpoints as well; and that a start without a list begins with none at all.
    Empty,
}

/// What `accept` took of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub service: HeadlessService,
    /// What was taken.
    pub taken: Taken,
    /// Why nothing was taken, where DNS gave a reason.
    pub failure: Option<LookupFailure>,
    /// How long ago DNS said what was taken or left; none before its first word.
    pub age: Option<Duration>,
}

/// What there was to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The last records answer.
    Records {
        /// Peers in it, self left out.
        peers: usize,
    },
    /// The authority's word that the Service has no endpoints.
    Empty,
    /// The authority says that the Service has no endpoints, which is taken only with [`Consent::Empty`].
    NeedsConsent,
    /// The answer is older than one that is asked for again and again can be, as when the program stood still.
    TooOld,
    /// DNS says nothing just now, so there is nothing to take.
    Nothing,
}

impl Taken {
    /// The name used in the reply.
    pub fn label(self) -> &'static str {
        match self {
            Self::Records { .. } => "records",
            Self::Empty => "empty",
            Self::NeedsConsent => "needs_consent",
            Self::TooOld => "too_old",
            Self::Nothing => "nothing",
        }
    }
}

/// Why an override took nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAccepted {
    /// The list is frozen, and freezing is the operator's word too.
    Frozen,
    /// It would leave a client's list empty.
    NeverEmpty,
    /// There was nothing to take; what was there of each Service.
    Nothing(Vec<Accepted>),
}

impl Accepted {
    /// What there is to take of `ledger` now. An answer stands for as long as it counts as evidence.
    pub(super) fn of(ledger: &Ledger, consent: Consent, interval: Duration, now: Moment) -> Self {
        let heard_at = ledger.heard_at();
        let stands = heard_at.is_some_and(|at| Stretch::of_answer(at, now, interval).lasts_until(now));
        let (taken, failure) = match ledger.last().map(|last| &last.value) {
            Some(LastAnswer::Failed(failure)) => (Taken::Nothing, Some(failure.clone())),
            None => (Taken::Nothing, None),
            Some(_) if !stands => (Taken::TooOld, None),
            Some(LastAnswer::Records { peers }) => (Taken::Records { peers: *peers }, None),
            Some(LastAnswer::Empty { .. }) => match consent {
                Consent::Records => (Taken::NeedsConsent, None),
                Consent::Empty => (Taken::Empty, None),
            },
        };
        let age = heard_at.map(|at| now.since(at));
        Self { service: ledger.service().clone(), taken, failure, age }
    }

    /// Whether anything of this Service was taken.
    pub fn has_taken(&self) -> bool {
        match self.taken {
            Taken::Records { .. } | Taken::Empty => true,
            Taken::NeedsConsent | Taken::TooOld | Taken::Nothing => false,
        }
    }
}
