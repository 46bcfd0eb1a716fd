//! The peers that a Service contributes, and since when DNS lacks some of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{DurationOrNever, PeerSet, ServiceUrl};

use super::evidence::Evidence;

/// Records answers in a row that must lack a peer before it may leave.
const ABSENCES_MIN: u32 = 2;

/// The peers that a Service contributes: those that DNS names, and those that have not left yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// All of them. Where nobody is missing it is the very set of the answer, and not a copy.
    all: PeerSet,
    /// Those of them that the last records answer lacks.
    missing: BTreeMap<ServiceUrl, Absence>,
}

/// What became of those in an answer who were new.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub(super) came: usize,
    /// For want of room.
    pub(super) left_out: usize,
}

/// Answers that lack a peer.
#[derive(Clone, Copy, Debug)]
struct Absence {
    answers: u32,
    /// How long records had stood when the first of them came.
    since_stood: Duration,
}

impl Absence {
    fn may_end(self, records: Evidence, remove_after: DurationOrNever) -> bool {
        self.answers >= ABSENCES_MIN && remove_after.is_over(records.since(self.since_stood))
    }
}

impl Members {
    /// These, none of them missing.
    pub(super) fn of(all: PeerSet) -> Self {
        Self { all, missing: BTreeMap::new() }
    }

    /// All of them.
    pub(super) fn all(&self) -> &PeerSet {
        &self.all
    }

    /// How many are missing.
    pub(super) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// When the latest of the missing was first missed, as the time that records had stood by then.
    pub(super) fn latest_missed(&self) -> Option<Duration> {
        self.missing.values().map(|absence| absence.since_stood).max()
    }

    /// Nobody is missing from here on.
    pub(super) fn forgive(&mut self) {
        self.missing.clear();
    }

    /// Keeps those for which `keep` is true; says whether anybody went.
    pub(super) fn retain(&mut self, keep: impl Fn(&ServiceUrl) -> bool) -> bool {
        if self.all.iter().all(&keep) {
            return false;
        }
        self.all.retain(&keep);
        self.missing.retain(|url, _| keep(url));
        true
    }

    /// Writes each in another form.
    pub(super) fn reform(&mut self, form: impl Fn(&ServiceUrl) -> ServiceUrl) {
        self.all = self.all.iter().map(&form).collect();
        let missing = std::mem::take(&mut self.missing).into_iter();
        self.missing = missing.map(|(url, absence)| (form(&url), absence)).collect();
    }

    /// Books an answer that names these, and came when records had stood for so long: whoever is not among
    /// them is missing.
    pub(super) fn note_absences(&mut self, answered: &PeerSet, stood: Duration) {
        self.missing.retain(|url, _| !answered.contains(url));
        self.note_same_absences();
        for url in self.all.iter().filter(|url| !answered.contains(*url)) {
            let first = Absence { answers: 1, since_stood: stood };
            self.missing.entry(url.clone()).or_insert(first);
        }
    }

    /// Books an answer that names whom the last one named.
    pub(super) fn note_same_absences(&mut self) {
        for absence in self.missing.values_mut() {
            absence.answers = absence.answers.saturating_add(1);
        }
    }

    /// Lists whom an answer names, at most so many new ones.
    pub(super) fn list(&mut self, answered: &PeerSet, room: usize) -> Listed {
        self.missing.retain(|url, _| !answered.contains(url));
        let new: Vec<_> = answered.iter().filter(|url| !self.all.contains(*url)).cloned().collect();
        let (came, left_out) = (new.len().min(room), new.len().saturating_sub(room));
        if self.missing.is_empty() && left_out == 0 {
            self.all = answered.clone();
        } else {
            self.all.extend(new.into_iter().take(room));
        }
        Listed { came, left_out }
    }

    /// Lets those go who have been missing long enough; says whether anybody went.
    pub(super) fn remove_missing(&mut self, records: Evidence, remove_after: DurationOrNever) -> bool {
        let all_before = self.missing.len();
        let Self { all, missing } = self;
        missing.retain(|url, absence| {
            let stays = !absence.may_end(records, remove_after);
            if !stays {
                all.remove(url);
            }
            stays
        });
        missing.len() < all_before
    }
}
