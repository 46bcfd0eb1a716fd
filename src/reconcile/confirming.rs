//! Reading the server's own list: when it is due, and what is known since.

use std::time::Duration;

use crate::model::{Moment, PeerSet, ServerFault};

use super::answerer::Answerer;
use super::condition::Situation;
use super::server_failures::ServerFailures;
use super::server_list::{Seen, ServerList};
use super::status::Dated;

/// How often the server's status is read at rest: drift, a restarted JVM.
const CONFIRM_INTERVAL: Duration = Duration::from_secs(30);
/// A server that polls the file by itself is watched this closely after a change, then less.
const WATCH_PAUSE_MIN: Duration = Duration::from_secs(1);
/// How long such a server may take: Archaius polls after 60 s, the peer pass runs every 600 s.
const WATCH_PATIENCE: Duration = Duration::from_secs(720);
/// A server whose status cannot be read for so long, although it answers, is refreshed unseen.
const BLIND_AFTER: Duration = Duration::from_secs(15);

/// How a server that has not got the list is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// It is told: the next look follows the next refresh, or comes at rest.
    AtRest,
    /// It reads the file by itself, so the next looks show when it has.
    Closely,
}

/// The reads of the server's status.
#[derive(Clone, Debug)]
pub(super) struct Confirming {
    list: ServerList,
    due: Moment,
    failures: ServerFailures,
    answerer: Answerer,
    has_replied: bool,
    confirmed_at: Option<Moment>,
}

impl Confirming {
    /// Nothing is known of the server.
    pub(super) fn new(now: Moment) -> Self {
        Self {
            list: ServerList::Unknown,
            due: now,
            failures: ServerFailures::default(),
            answerer: Answerer::default(),
            has_replied: false,
            confirmed_at: None,
        }
    }

    /// The server is reached in another way: of what was known of it, `list` is left.
    pub(super) fn begin_with(&mut self, list: ServerList) {
        self.list = list;
        self.failures.ended();
    }

    /// Anything about the server may have changed: look at once, and judge anew who answers.
    pub(super) fn begin_anew(&mut self, now: Moment) {
        self.answerer = Answerer::default();
        self.due = now;
        self.failures.reset_pauses();
    }

    /// Another list is wanted, or the same one of a new server.
    pub(super) fn start_over(&mut self) {
        self.answerer.start_over();
    }

    /// When the next read is due.
    pub(super) fn due(&self) -> Moment {
        self.due
    }

    /// Reads at `at`, unless that was to be earlier.
    pub(super) fn look_by(&mut self, at: Moment) {
        self.due = self.due.min(at);
    }

    /// Reads next at `at`, whatever was planned.
    pub(super) fn look_at(&mut self, at: Moment) {
        self.due = at;
    }

    /// Watches a server closely again that is to take over another list by itself.
    pub(super) fn watch_closely(&mut self, now: Moment) {
        if self.seen_now().is_some() {
            self.failures.reset_pauses();
            self.look_by(now.after(WATCH_PAUSE_MIN));
        }
    }

    /// Books an answer; returns whether it comes from a new process, which deserves new tries.
    pub(super) fn answered(&mut self, uptime_min: Option<u64>, now: Moment) -> bool {
        let was_away = matches!(
            self.failures.latest(),
            Some(Dated { value: ServerFault::Unreachable(_) | ServerFault::HungUp(_), .. })
        );
        self.failures.ended();
        self.has_replied = true;
        let is_new = self.answerer.answered(uptime_min, was_away, now);
        if is_new {
            self.answerer.restarted(now);
        }
        is_new
    }

    /// Books what the server has; returns whether that is exactly the target.
    pub(super) fn seen(&mut self, seen: Seen, target: Option<&PeerSet>, watch: Watch, now: Moment) -> bool {
        let is_adopted = target.is_some_and(|target| seen.is_exactly(target));
        let since = self.seen_now().filter(|before| before.value == seen).map_or(now, |before| before.since);
        self.list = ServerList::Seen(Dated { value: seen, since });
        if is_adopted {
            self.confirmed_at = Some(now);
            self.answerer.took_over();
            self.failures.reset_pauses();
            self.due = now.after(CONFIRM_INTERVAL);
        } else {
            self.answerer.has_another_list(now);
            self.due = now.after(match watch {
                Watch::Closely => self.failures.next_pause(WATCH_PAUSE_MIN, CONFIRM_INTERVAL),
                Watch::AtRest => CONFIRM_INTERVAL,
            });
        }
        is_adopted
    }

    /// Books that the status could not be read; `told` says what a server was last told that said it had
    /// these peers.
    pub(super) fn failed(
        &mut self,
        fault: ServerFault,
        told: impl FnOnce(PeerSet) -> Option<PeerSet>,
        now: Moment,
    ) {
        let is_up = match fault {
            ServerFault::Unreachable(_) | ServerFault::HungUp(_) => false,
            ServerFault::TimedOut
            | ServerFault::Failing { .. }
            | ServerFault::Refused(_)
            | ServerFault::Unreadable(_) => true,
        };
        self.has_replied |= is_up && fault != ServerFault::TimedOut;
        let kind = Situation::of_status(fault.clone(), self.has_replied).kind();
        self.due = now.after(self.failures.failed(fault, kind, now));
        let since = self.failures.latest().map_or(now, |latest| latest.since);
        let is_blind = is_up && now.since(since) >= BLIND_AFTER;
        self.list = match std::mem::replace(&mut self.list, ServerList::Unknown) {
            blind @ ServerList::Blind { .. } if is_up => blind,
            ServerList::Unknown | ServerList::Blind { .. } if is_blind => ServerList::Blind { told: None },
            ServerList::Seen(seen) if is_blind => ServerList::Blind { told: told(seen.value.peers) },
            seen @ ServerList::Seen(_) if is_up => seen,
            ServerList::Unknown | ServerList::Seen(_) | ServerList::Blind { .. } => ServerList::Unknown,
        };
    }

    /// What is known of the server's list.
    pub(super) fn list(&self) -> &ServerList {
        &self.list
    }

    /// Books what the server was told, where it cannot say by itself what it has; returns whether it cannot.
    pub(super) fn note_told(&mut self, target: &PeerSet) -> bool {
        match &mut self.list {
            ServerList::Blind { told } => {
                *told = Some(target.clone());
                true
            }
            ServerList::Unknown | ServerList::Seen(_) => false,
        }
    }

    /// What the server last said, while it stands.
    pub(super) fn seen_now(&self) -> Option<&Dated<Seen>> {
        match &self.list {
            ServerList::Seen(seen) => Some(seen),
            ServerList::Unknown | ServerList::Blind { .. } => None,
        }
    }

    /// Since when a server that polls the file by itself is late with this target.
    pub(super) fn overdue_since(&self, target: Option<&PeerSet>, now: Moment) -> Option<Moment> {
        let seen = self.seen_now()?;
        let differs = target.is_some_and(|target| !seen.value.is_exactly(target));
        let since = self.confirmed_at.unwrap_or(seen.since);
        (differs && now.since(since) > WATCH_PATIENCE).then_some(since)
    }

    /// Why the status cannot be read.
    pub(super) fn fault(&self) -> Option<(Moment, &ServerFault)> {
        self.failures.shown()
    }

    /// Since when several servers answer under the status URL, where they do.
    pub(super) fn several_servers(&self, now: Moment) -> Option<Moment> {
        self.answerer.several(now)
    }

    /// Until when several servers are taken to answer, if there is no other sign of it.
    pub(super) fn several_servers_until(&self) -> Option<Moment> {
        self.answerer.several_until()
    }

    /// Whether the server has ever replied to a question for its status.
    pub(super) fn has_replied(&self) -> bool {
        self.has_replied
    }

    /// When the server last said that it holds the target.
    pub(super) fn confirmed_at(&self) -> Option<Moment> {
        self.confirmed_at
    }
}
