//! The machine: observations in, actions out.
//!
//! Level-triggered and closed: desired, published and adopted are compared, and work is done only
//! where they differ. No IO, no clock, no randomness of its own, no log line: every input takes
//! `now`, and what happened is read from [`Machine::status`].

mod accepted;
mod action;
mod adopting;
mod answerer;
mod answers;
mod asking;
mod belief;
mod cause;
mod condition;
mod confirming;
mod evidence;
mod history;
mod home;
mod ledger;
mod machine;
mod members;
mod observation;
mod policy;
mod publishing;
mod refresh_budget;
mod refreshing;
mod repairs;
mod report;
mod saved_state;
mod selection;
mod server_failures;
mod server_list;
mod shrink_guard;
mod start;
mod status;

pub use accepted::{Accepted, Consent, NotAccepted, Taken};
pub use action::{Action, Publication};
pub use belief::{Belief, BelievedBy};
pub use condition::{
    Condition, ConditionKind, Kept, NotAdopted, NotPublished, RemovalTakes, SelfNotFound, Severity, Situation,
};
pub use machine::Machine;
pub use observation::{Observation, PublishFault, PublishOutcome, Replicas};
pub use policy::{Adoption, OnDeadline, Own, Policy, RefreshCall, Role};
pub use publishing::STALLED_AFTER;
pub use repairs::Repairs;
pub use saved_state::SavedState;
pub use status::{Change, ChangeCause, Dated, LastAnswer, PeersOfChange, ServiceStatus, Status};

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
