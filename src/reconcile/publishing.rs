//! Wanted document against files: one publication in flight, verified for ever, retried for ever.

use std::time::Duration;

use crate::model::{Backoff, Listing, Moment};

use super::repairs::Repairs;
use super::status::Dated;
use super::{PublishFault, PublishOutcome};

/// How often the files are compared again, for what others may have done to them.
const VERIFY_INTERVAL: Duration = Duration::from_secs(30);
/// First pause after files were put right: whoever writes there again and again is found out soon. It grows to
/// the interval, so that what such a one costs is bounded.
const REPAIR_PAUSE_MIN: Duration = Duration::from_secs(1);
/// First pause after a failed publication: a volume may just be late.
const RETRY_PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause: an operator who has made room should not wait for us.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(15);

/// A publication that takes longer waits for a disk that does not answer; a slow one takes 0.1 s.
pub const STALLED_AFTER: Duration = Duration::from_secs(10);

/// What the files should say, or do say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// This.
    Listing(Listing),
    /// What they said at the start, whatever that is.
    AsFound,
}

/// What is known of the files.
#[derive(Clone, Debug)]
pub(super) struct Publishing {
    on_disk: Option<Dated<Content>>,
    in_flight: Option<Dated<Content>>,
    due_at: Moment,
    backoff: Backoff,
    failure: Option<Dated<PublishFault>>,
    repairs: Repairs,
    repair_pauses: Backoff,
}

impl Publishing {
    /// Nothing is known of the files.
    pub(super) fn new(now: Moment) -> Self {
        Self {
            on_disk: None,
            in_flight: None,
            due_at: now,
            backoff: Backoff::default(),
            failure: None,
            repairs: Repairs::default(),
            repair_pauses: Backoff::default(),
        }
    }

    /// Whether the files should be made to say `wanted` now; it counts as in flight from here on.
    pub(super) fn start_if_due(&mut self, wanted: &Content, now: Moment) -> bool {
        if self.in_flight.is_some() || self.due_at(wanted).is_some_and(|due| due > now) {
            return false;
        }
        self.in_flight = Some(Dated { value: wanted.clone(), since: now });
        true
    }

    /// When the files are to be looked at again: none while that goes on.
    pub(super) fn next_at(&self, wanted: &Content) -> Option<Moment> {
        if self.in_flight.is_some() { None } else { Some(self.due_at(wanted).unwrap_or(Moment::START)) }
    }

    /// Books how the publication in flight ended.
    pub(super) fn ended(&mut self, outcome: PublishOutcome, now: Moment) {
        let is_stalled = self.stalled(now).is_some();
        let Some(Dated { value: content, since: begun }) = self.in_flight.take() else { return };
        // One that has stalled has been a condition since it began.
        let since = if is_stalled { begun } else { now };
        match outcome {
            PublishOutcome::Written => self.succeeded(content, now),
            PublishOutcome::Unchanged => {
                self.repair_pauses.reset();
                self.succeeded(content, now);
            }
            PublishOutcome::Repaired => {
                self.repairs.book(now);
                self.succeeded(content, now);
                self.due_at = now.after(self.repair_pauses.next(REPAIR_PAUSE_MIN, VERIFY_INTERVAL));
            }
            PublishOutcome::Failed(fault) => self.failed(fault, since, now),
            PublishOutcome::Lost(fault) => {
                self.on_disk = None;
                self.failed(fault, since, now);
            }
        }
    }

    /// Whether the files are known to say `wanted`.
    pub(super) fn says(&self, wanted: &Content) -> bool {
        self.on_disk.as_ref().is_some_and(|on_disk| on_disk.value == *wanted)
    }

    /// What the files are known to say, and since when; none where they are as they were found.
    pub(super) fn on_disk(&self) -> Option<(&Listing, Moment)> {
        match self.on_disk.as_ref()? {
            Dated { value: Content::Listing(listing), since } => Some((listing, *since)),
            Dated { value: Content::AsFound, .. } => None,
        }
    }

    /// Why the last publication failed, and since when they fail.
    pub(super) fn failure(&self) -> Option<&Dated<PublishFault>> {
        self.failure.as_ref()
    }

    /// Since when a publication has been waiting for its disk, where it is too long.
    pub(super) fn stalled(&self, now: Moment) -> Option<Moment> {
        let since = self.in_flight.as_ref()?.since;
        (now.since(since) > STALLED_AFTER).then_some(since)
    }

    /// How often what others have written was put right, where they write again and again.
    pub(super) fn repairs(&self) -> &Repairs {
        &self.repairs
    }

    /// Where and how files are written may have changed: look at once.
    pub(super) fn forget(&mut self, now: Moment) {
        self.due_at = now;
        self.backoff.reset();
    }

    /// None is "at once".
    fn due_at(&self, wanted: &Content) -> Option<Moment> {
        let is_behind = self.failure.is_none() && !self.says(wanted);
        if is_behind { None } else { Some(self.due_at) }
    }

    fn succeeded(&mut self, content: Content, now: Moment) {
        let since = match &self.on_disk {
            Some(on_disk) if on_disk.value == content => on_disk.since,
            Some(_) | None => now,
        };
        self.on_disk = Some(Dated { value: content, since });
        self.due_at = now.after(VERIFY_INTERVAL);
        self.backoff.reset();
        self.failure = None;
    }

    fn failed(&mut self, fault: PublishFault, since: Moment, now: Moment) {
        let since = self.failure.as_ref().map_or(since, |failure| failure.since);
        self.failure = Some(Dated { value: fault, since });
        self.due_at = now.after(self.backoff.next(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX));
    }
}
