//! What the admin server shows: a copy of how things stand after a turn of the loop.
//!
//! Page and JSON are made at most once for each copy, when first asked for: however many ask, the
//! work and the memory are those of one.

use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use tokio::sync::watch;

use crate::model::{Moment, WallClock};
use crate::reconcile::Status;

use super::{page, status_json};

/// How things stood after one turn of the loop. Holds no secret.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The machine's own account.
    pub status: Status,
    /// When this was so.
    pub as_of: Moment,
    /// The dates of moments.
    pub clock: WallClock,
    /// Whether a valid list is in place, and whose.
    pub list: ListInPlace,
    /// Where in its life the program is.
    pub stage: Stage,
    /// The program's version.
    pub version: &'static str,
    /// The settings.
    pub settings: SettingsInForce,
    /// How often the loop was started again after a panic.
    pub loop_restarts: u64,
    /// What deserves attention besides the machine's conditions.
    pub notices: Vec<Notice>,
}

/// Whether a valid list is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListInPlace {
    /// None; a server that starts now would take its image's own value.
    Nothing,
    /// The previous life's, found in place and not yet published again.
    OfPreviousLife,
    /// This life has published, or found in place exactly what it would have.
    OfThisLife,
}

/// Where in its life the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At work.
    Running,
    /// Told to stop; readyz is red from here on.
    Draining,
}

/// Which settings are in force, and what became of newer ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsInForce {
    /// Tells settings apart; no setting can be read from it.
    pub fingerprint: String,
    /// The newer settings that have faults, where there are any.
    pub rejected: Option<RejectedSettings>,
    /// What was ignored, and what to do about it.
    pub warnings: Vec<String>,
}

/// Settings that were refused whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedSettings {
    /// Since when.
    pub since: Moment,
    /// All their faults.
    pub message: String,
}

/// Something outside the machine that deserves attention, for as long as it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its name; lower case with underscores, as the names of conditions.
    pub kind: &'static str,
    /// Since when.
    pub since: Moment,
    /// What is so, where, and what to do.
    pub message: String,
}

impl Snapshot {
    /// Whether readyz is green.
    pub(super) fn is_ready(&self) -> bool {
        self.has_list() && self.stage == Stage::Running
    }

    pub(super) fn has_list(&self) -> bool {
        match self.list {
            ListInPlace::Nothing => false,
            ListInPlace::OfPreviousLife | ListInPlace::OfThisLife => true,
        }
    }

    /// Whether the server is known to hold the desired list; unknown while it cannot be asked.
    pub(super) fn is_adopted(&self) -> Option<bool> {
        let desired = self.status.desired.as_ref()?;
        let adopted = self.status.adopted.as_ref()?;
        Some(desired.value == adopted.value)
    }
}

/// A snapshot with what is made from it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) snapshot: Snapshot,
    /// Whether a publication was ever made in the life of this process.
    pub(super) is_started: bool,
    page: OnceLock<Bytes>,
    json: OnceLock<Bytes>,
}

impl Shown {
    fn new(snapshot: Snapshot, was_started: bool) -> Self {
        let is_started = was_started || snapshot.list == ListInPlace::OfThisLife;
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
}

impl Snapshots {
    pub(super) fn latest(&self) -> Arc<Shown> {
        Arc::clone(&self.0.borrow())
    }

    /// What is shown now, for tests of whoever shows it.
    #[cfg(test)]
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.latest().snapshot.clone()
    }
}
