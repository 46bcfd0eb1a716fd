//! The books of one server's refreshes.

use std::time::Duration;

use eureka_peers::model::PeerSet;

use crate::plan::Time;
use crate::promise::{Broken, Promise, said};

/// Between the starts of two refreshes.
const SPACING: Duration = Duration::from_secs(5);
/// Refreshes that are answered 200 for one list: the first, and two counted retries.
const ACCEPTED_MAX: u32 = 3;

/// What was asked of the server in the sidecar's present life.
#[derive(Default)]
pub(crate) struct Refreshes {
    in_flight: bool,
    /// The one in flight began before the count did.
    is_of_before: bool,
    began: Option<Time>,
    list: PeerSet,
    accepted: u32,
    /// When the process began that was last seen to be another one.
    process: Option<Time>,
}

impl Refreshes {
    /// A refresh with `list` begins.
    pub(crate) fn begin(&mut self, list: PeerSet, now: Time) -> Result<(), Broken> {
        let is_early = self.began.is_some_and(|began| now < began + SPACING);
        if self.in_flight || is_early {
            let expected = "one refresh at a time, and 5 s after the one before";
            let seen = format!("one at {now:?}, the one before at {:?}", self.began.unwrap_or_default());
            return Err(Broken::of(Promise::RefreshOneAtATime, expected, seen));
        }
        (self.in_flight, self.is_of_before) = (true, false);
        (self.began, self.list) = (Some(now), list);
        Ok(())
    }

    /// The refresh in flight has ended, or was dropped; `is_accepted` where it was answered 200.
    pub(crate) fn end(&mut self, is_accepted: bool) -> Result<(), Broken> {
        self.in_flight = false;
        self.accepted += u32::from(is_accepted && !self.is_of_before);
        if self.accepted <= ACCEPTED_MAX {
            return Ok(());
        }
        let expected = format!("at most {ACCEPTED_MAX} refreshes with the list {}", said(&self.list));
        let seen = format!("the {}th that was answered 200", self.accepted);
        Err(Broken::of(Promise::RefreshBounded, expected, seen))
    }

    /// The wanted list is another, the server holds it, is another process, or is under other settings:
    /// it counts anew.
    pub(crate) fn begin_again(&mut self) {
        (self.accepted, self.is_of_before) = (0, true);
    }

    /// The server's status tells of the process that began at `born`. A restart is known from then on,
    /// and refreshes may have been made since it happened.
    pub(crate) fn sees_process(&mut self, born: Option<Time>) {
        if self.process != born {
            self.process = born;
            self.begin_again();
        }
    }
}
