//! How long a change takes from its first sight in DNS to a server that has it.
//!
//! Must never count what is no propagation: the list of the previous life, an operator's act, or
//! the time in which a server starts.

use std::time::Duration;

use crate::model::Moment;
use crate::reconcile::{ChangeCause, Status};

/// Watches the status for changes that DNS brought and the server took over.
#[derive(Debug, Default)]
pub(super) struct Propagation {
    /// When the server was last seen holding what was desired.
    confirmed_at: Option<Moment>,
    /// The change that waits for its confirmation.
    pending: Option<Moment>,
    /// The last change looked at; its date tells changes apart.
    seen: Option<Moment>,
}

impl Propagation {
    /// Takes one status in, and gives the time of a change that it shows to be confirmed.
    ///
    /// Of several changes before one confirmation the last is counted: the earlier ones were never
    /// the server's list. A removal counts from the end of its hold.
    pub(super) fn observe(&mut self, status: &Status) -> Option<Duration> {
        self.note_change(status);
        self.confirmed_at = status.confirmed_at;
        let since = self.pending?;
        let confirmed_at = status.confirmed_at.filter(|at| *at >= since)?;
        self.pending = None;
        Some(confirmed_at.since(since))
    }

    fn note_change(&mut self, status: &Status) {
        let Some(change) = status.history.back() else { return };
        if self.seen.replace(change.at) == Some(change.at) {
            return;
        }
        // Before its first confirmation the server is starting, and starts with what is published.
        let server_was_there = self.confirmed_at.is_some();
        let from_dns = matches!(change.cause, ChangeCause::Answer);
        self.pending = (from_dns && server_was_there).then_some(change.at);
    }
}

#[cfg(test)]
mod tests {
    use crate::model::PeerSet;
    use crate::reconcile::Change;

    use super::*;

    const CAUSES_NOT_COUNTED: [ChangeCause; 5] = [
        ChangeCause::PreviousLife,
        ChangeCause::EmptyAfter,
        ChangeCause::StartDeadline,
        ChangeCause::Accepted,
        ChangeCause::Settings,
    ];

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    fn status(confirmed_at: Option<u64>, changes: &[(u64, ChangeCause)]) -> Status {
        let change = |&(seconds, cause)| Change {
            at: at(seconds),
            cause,
            added: PeerSet::new(),
            removed: PeerSet::new(),
            peers: 0,
        };
        Status {
            confirmed_at: confirmed_at.map(at),
            history: changes.iter().map(change).collect(),
            ..super::super::metrics::tests::nothing_known()
        }
    }

    #[test]
    fn from_first_sight_to_the_first_confirmation_once() {
        let mut propagation = Propagation::default();
        let change = &[(10, ChangeCause::Answer)];
        assert_eq!(propagation.observe(&status(Some(5), &[])), None);
        assert_eq!(propagation.observe(&status(Some(5), change)), None);
        assert_eq!(propagation.observe(&status(Some(12), change)), Some(Duration::from_secs(2)));
        assert_eq!(propagation.observe(&status(Some(42), change)), None);
    }

    #[test]
    fn a_newer_change_takes_the_place_of_one_not_confirmed() {
        let mut propagation = Propagation::default();
        propagation.observe(&status(Some(5), &[]));
        propagation.observe(&status(Some(5), &[(10, ChangeCause::Answer)]));
        let both = &[(10, ChangeCause::Answer), (11, ChangeCause::Answer)];
        propagation.observe(&status(Some(5), both));
        assert_eq!(propagation.observe(&status(Some(14), both)), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_servers_start_is_no_propagation() {
        let mut propagation = Propagation::default();
        let change = &[(1, ChangeCause::Answer)];
        assert_eq!(propagation.observe(&status(None, change)), None);
        assert_eq!(propagation.observe(&status(Some(30), change)), None);
    }

    #[test]
    fn only_what_dns_brought_counts() {
        for cause in CAUSES_NOT_COUNTED {
            let mut propagation = Propagation::default();
            propagation.observe(&status(Some(1), &[]));
            assert_eq!(propagation.observe(&status(Some(12), &[(10, cause)])), None, "{cause:?}");
        }
    }
}
