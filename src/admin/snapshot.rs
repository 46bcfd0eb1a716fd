//! What the admin server shows: a copy of how things stand after a turn of the loop.

use crate::model::{Moment, WallClock};
use crate::reconcile::{Condition, ServiceStatus, Status};

/// Peers that are held and named for a Service; their count beside them is whole.
pub(super) const HELD_PEERS_MAX: usize = 32;

/// Warnings that are shown; a settings file yields a handful.
pub(super) const WARNINGS_MAX: usize = 64;

/// How things stood after one turn of the loop. Holds no secret.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The machine's own account, with the conditions from outside it among the others.
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
}

/// Whether a valid list is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListInPlace {
    /// None; a server that starts now would take its image's own value.
    Nothing,
    /// None any more: others have removed, emptied or changed the files, and they are not right again yet.
    TakenAway,
    /// A list that the start found in place, and that was not published again yet.
    FoundAtStart,
    /// The same after it was compared with what was found: it is whole, and stays as it is.
    KeptAsFound,
    /// A list was published since the start, or exactly what would have been was found in place.
    Published,
}

/// Where in its life the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At work.
    Running,
    /// Told to stop; readyz is red from here on.
    Draining,
}

/// Which settings are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsInForce {
    /// Tells settings apart; no setting can be read from it.
    pub fingerprint: String,
    /// What was ignored, and what to do about it.
    pub warnings: Vec<String>,
}

impl Snapshot {
    /// Whether readyz is green.
    pub(super) fn is_ready(&self) -> bool {
        self.has_list() && self.stage == Stage::Running
    }

    pub(super) fn has_list(&self) -> bool {
        match self.list {
            ListInPlace::Nothing | ListInPlace::TakenAway => false,
            ListInPlace::FoundAtStart | ListInPlace::KeptAsFound | ListInPlace::Published => true,
        }
    }

    /// What holds the peers of this Service: each hold that is about its question.
    pub(super) fn holds_of(&self, service: &ServiceStatus) -> impl Iterator<Item = &Condition> {
        let is_about = |it: &&Condition| it.is_hold() && it.situation.question() == Some(&service.question);
        self.status.conditions.iter().filter(is_about)
    }

    /// Whether the server is known to hold the desired list; unknown while it cannot be asked.
    pub(super) fn is_adopted(&self) -> Option<bool> {
        let desired = self.status.desired.as_ref()?;
        let adopted = self.status.adopted.as_ref()?;
        Some(desired.value == adopted.value)
    }
}
