//! A snapshot with its page and its JSON.
//!
//! Both are made at most once for each snapshot, when first asked for: however many ask, the work and the
//! memory are those of one.

use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use tokio::sync::watch;

use crate::model::Moment;
use crate::reconcile::Condition;

use super::snapshot::{ListInPlace, Snapshot};
use super::{page, status_json};

/// A snapshot with what is made from it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) snapshot: Snapshot,
    /// Whether a publication was ever made in the life of this process, or what was found is kept as it is.
    pub(super) is_started: bool,
    page: OnceLock<Bytes>,
    json: OnceLock<Bytes>,
}

impl Shown {
    fn new(snapshot: Snapshot, was_started: bool) -> Self {
        let is_started = was_started
            || match snapshot.list {
                ListInPlace::Nothing | ListInPlace::TakenAway | ListInPlace::FoundAtStart => false,
                ListInPlace::KeptAsFound | ListInPlace::Published => true,
            };
        Self { snapshot, is_started, page: OnceLock::new(), json: OnceLock::new() }
    }

    pub(super) fn page(&self) -> Bytes {
        self.page.get_or_init(|| page::render(&self.snapshot).into()).clone()
    }

    pub(super) fn json(&self) -> Bytes {
        self.json.get_or_init(|| status_json::render(&self.snapshot, self.is_started).into()).clone()
    }
}

/// The side of the loop.
#[derive(Debug)]
pub struct SnapshotSender(watch::Sender<Arc<Shown>>);

/// The side of the admin server.
#[derive(Clone, Debug)]
pub struct Snapshots(watch::Receiver<Arc<Shown>>);

/// A channel that always holds the latest snapshot.
pub fn snapshots(first: Snapshot) -> (SnapshotSender, Snapshots) {
    let (sender, receiver) = watch::channel(Arc::new(Shown::new(first, false)));
    (SnapshotSender(sender), Snapshots(receiver))
}

impl SnapshotSender {
    /// Shows this from now on. That a publication was made is remembered, also past a loop that
    /// starts anew.
    pub fn show(&self, snapshot: Snapshot) {
        self.0.send_modify(|shown| *shown = Arc::new(Shown::new(snapshot, shown.is_started)));
    }

    /// Shows what was shown, with these conditions in the place of its own.
    pub fn show_conditions(&self, conditions: Vec<Condition>, as_of: Moment) {
        let mut snapshot = self.0.borrow().snapshot.clone();
        snapshot.status.conditions = conditions;
        self.show(Snapshot { as_of, ..snapshot });
    }
}

impl Snapshots {
    pub(super) fn latest(&self) -> Arc<Shown> {
        Arc::clone(&self.0.borrow())
    }

    /// `/status` as it is now, for the same.
    #[cfg(test)]
    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.latest().json()).expect("JSON")
    }

    /// What is shown now, for tests of anyone who shows it.
    #[cfg(test)]
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.latest().snapshot.clone()
    }
}
