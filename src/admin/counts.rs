//! What a listener counts, for metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::ConnectionTotals;

/// Running totals of one listener; clones share them.
#[derive(Clone, Debug, Default)]
pub struct ConnectionCounts(Arc<Totals>);

#[derive(Debug, Default)]
struct Totals {
    answered: AtomicU64,
    broken: AtomicU64,
    overdue: AtomicU64,
    evicted: AtomicU64,
    accept_errors: AtomicU64,
}

/// Something that is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Answered,
    Broken,
    Overdue,
    Evicted,
    AcceptError,
}

impl ConnectionCounts {
    /// The totals now.
    pub fn read(&self) -> ConnectionTotals {
        let read = |total: &AtomicU64| total.load(Ordering::Relaxed);
        ConnectionTotals {
            answered: read(&self.0.answered),
            broken: read(&self.0.broken),
            overdue: read(&self.0.overdue),
            evicted: read(&self.0.evicted),
            accept_errors: read(&self.0.accept_errors),
        }
    }

    pub(super) fn count(&self, event: Event) {
        let total = match event {
            Event::Answered => &self.0.answered,
            Event::Broken => &self.0.broken,
            Event::Overdue => &self.0.overdue,
            Event::Evicted => &self.0.evicted,
            Event::AcceptError => &self.0.accept_errors,
        };
        total.fetch_add(1, Ordering::Relaxed);
    }
}
