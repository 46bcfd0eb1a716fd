//! What the operator's override took.

use crate::model::{HeadlessService, LookupFailure};

use super::ledger::Ledger;
use super::status::LastAnswer;

/// What `accept` took of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The Service.
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
    /// The authority's word that nobody is there.
    Nobody,
    /// DNS says nothing just now, so there is nothing to take.
    Nothing,
}

/// An override cannot be taken while the list is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list is frozen; lift --freeze first")]
pub struct Frozen;

impl Accepted {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let (taken, failure) = match ledger.last().map(|last| &last.value) {
            Some(LastAnswer::Records { peers }) => (Taken::Records { peers: *peers }, None),
            Some(LastAnswer::Nobody { .. }) => (Taken::Nobody, None),
            Some(LastAnswer::Failed(failure)) => (Taken::Nothing, Some(failure.clone())),
            None => (Taken::Nothing, None),
        };
        Self { service: ledger.service().clone(), taken, failure }
    }
}
