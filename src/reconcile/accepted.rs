//! What the operator's override took.

use crate::model::{HeadlessService, LookupFailure};

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
    /// DNS says nothing just now, so there is nothing to take.
    Nothing,
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
    pub(super) fn of(ledger: &Ledger, consent: Consent) -> Self {
        let (taken, failure) = match ledger.last().map(|last| &last.value) {
            Some(LastAnswer::Records { peers }) => (Taken::Records { peers: *peers }, None),
            Some(LastAnswer::Empty { .. }) => match consent {
                Consent::Records => (Taken::NeedsConsent, None),
                Consent::Empty => (Taken::Empty, None),
            },
            Some(LastAnswer::Failed(failure)) => (Taken::Nothing, Some(failure.clone())),
            None => (Taken::Nothing, None),
        };
        Self { service: ledger.service().clone(), taken, failure }
    }

    pub(super) fn has_taken(&self) -> bool {
        match self.taken {
            Taken::Records { .. } | Taken::Empty => true,
            Taken::NeedsConsent | Taken::Nothing => false,
        }
    }
}
