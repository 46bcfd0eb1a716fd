//! What is another cause of the same condition, and so is news to someone who reads a log.

use crate::model::ServerFault;

use super::{NotPublished, Situation};

impl Situation {
    /// Whether both are the same to someone who reads a log: counts, ages and times may differ, the cause
    /// and how serious it is may not.
    pub fn has_cause_of(&self, other: &Self) -> bool {
        let is_same = match (self, other) {
            (Self::NotPublished(one), Self::NotPublished(other)) => one.has_cause_of(other),
            (Self::NotAdopted(one), Self::NotAdopted(other)) => one == other,
            (Self::RefreshRefused(one), Self::RefreshRefused(other))
            | (Self::RefreshFailing(one), Self::RefreshFailing(other))
            | (Self::StatusUnreadable(one), Self::StatusUnreadable(other))
            | (Self::ServerUnreachable { fault: one, .. }, Self::ServerUnreachable { fault: other, .. }) => {
                is_same_fault(one, other)
            }
            (Self::HeldLookupFailed { failure: one, .. }, Self::HeldLookupFailed { failure: other, .. }) => {
                one.label() == other.label()
            }
            (Self::HeldEmpty { no_such_name: one, .. }, Self::HeldEmpty { no_such_name: other, .. }) => {
                one == other
            }
            (Self::RecordsUnusable { records: one, .. }, Self::RecordsUnusable { records: other, .. }) => {
                one.by_reason.keys().eq(other.by_reason.keys())
            }
            (Self::LoopRestarted { panic: one, .. }, Self::LoopRestarted { panic: other, .. })
            | (Self::SettingsRejected { faults: one }, Self::SettingsRejected { faults: other }) => {
                one == other
            }
            _ => true,
        };
        is_same && self.kind() == other.kind() && self.severity() == other.severity()
    }
}

impl NotPublished {
    fn has_cause_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed(one), Self::Failed(other)) => {
                one.reason == other.reason && one.message.place == other.message.place
            }
            (Self::Stalled, Self::Stalled) => true,
            (Self::Stalled, Self::Failed(_)) | (Self::Failed(_), Self::Stalled) => false,
        }
    }
}

/// The network's and the server's own words may change at each try.
fn is_same_fault(one: &ServerFault, other: &ServerFault) -> bool {
    match (one, other) {
        (ServerFault::Failing { status: one, .. }, ServerFault::Failing { status: other, .. }) => {
            one == other
        }
        (ServerFault::Refused(one), ServerFault::Refused(other)) => one == other,
        _ => one.label() == other.label(),
    }
}
