//! Desired against adopted: refresh only where the server's own word differs, one call at a time.
//!
//! A 200 from refresh is no proof, and each refresh disturbs the server: a list that is not taken
//! over after two counted retries becomes a condition, never a loop.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{ListOrigin, Moment, PeerSet, ServerFault, ServiceUrl};

use super::answerer::Answerer;
use super::backoff::Backoff;
use super::status::Dated;
use super::{Adoption, NotAdopted, RefreshCall, Replicas};

/// Starts of two refreshes are at least this far apart: each one disturbs the server.
const REFRESH_SPACING: Duration = Duration::from_secs(5);
/// Bound on one refresh; a server that re-registers itself takes 3.4 s.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(15);
/// Bound on one refresh while something newer waits behind it.
const REFRESH_TIMEOUT_OUTDATED: Duration = Duration::from_secs(5);
/// Retries of a refresh that was answered 200 and not adopted.
const COUNTED_RETRIES: u8 = 2;
/// How often the server's status is read at rest: drift, a restarted JVM.
const CONFIRM_INTERVAL: Duration = Duration::from_secs(30);
/// A server that polls the file by itself is watched this closely after a change, then less.
const WATCH_PAUSE_MIN: Duration = Duration::from_secs(1);
/// How long such a server may take: Archaius polls after 60 s, the peer pass runs every 600 s.
const WATCH_PATIENCE: Duration = Duration::from_secs(720);
/// A server whose status cannot be read for so long, although it answers, is refreshed unseen.
const BLIND_AFTER: Duration = Duration::from_secs(15);

/// What is wanted of the server just now.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) target: &'a PeerSet,
    /// Whether the files say so already.
    pub(super) is_published: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Refresh { call: RefreshCall, timeout: Duration },
    Abandon,
    Confirm,
    Diagnose,
}

/// The server's side of the loop.
#[derive(Clone, Debug)]
pub(super) struct Adopting {
    mode: Adoption,
    call: Call,
    knowledge: Knowledge,
    target: Option<PeerSet>,
    progress: Progress,
    generation: u64,
    confirm_due: Moment,
    refresh_due: Moment,
    refresh_spaced: Moment,
    confirm_backoff: Backoff,
    refresh_backoff: Backoff,
    confirm_fault: Option<Dated<ServerFault>>,
    refresh_fault: Option<Dated<ServerFault>>,
    answerer: Answerer,
    has_replied: bool,
    /// Whether the server was last seen with the target, and nothing has begun anew since.
    holds_target: bool,
    refreshed_at: Option<Moment>,
    confirmed_at: Option<Moment>,
}

#[derive(Clone, Debug)]
enum Call {
    None,
    Refreshing { target: PeerSet, since: Moment, deadline: Moment },
    Confirming,
    Diagnosing,
}

/// What is known of the server's list.
#[derive(Clone, Debug)]
enum Knowledge {
    /// The server has not said, or has gone since.
    Unknown,
    /// The server said so.
    Seen(Dated<Seen>),
    /// The server cannot say; this is what it was last told.
    Blind { told: Option<PeerSet> },
}

/// The server's list, self and sink aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) peers: PeerSet,
    pub(super) foreign: Vec<String>,
    pub(super) lists_self: bool,
}

/// How far the present target has come with this server.
#[derive(Clone, Debug)]
enum Progress {
    /// `accepted` refreshes were answered 200; `is_next_counted` once a retry has been decided on.
    Open { accepted: u8, is_next_counted: bool },
    /// Not adopted, whatever we do.
    GaveUp { since: Moment, reason: Option<Arc<ListOrigin>> },
}

const FRESH: Progress = Progress::Open { accepted: 0, is_next_counted: false };

impl Adopting {
    /// Nothing is known of the server.
    pub(super) fn new(mode: Adoption, generation: u64, now: Moment) -> Self {
        Self {
            mode,
            call: Call::None,
            knowledge: Knowledge::Unknown,
            target: None,
            progress: FRESH,
            generation,
            confirm_due: now,
            refresh_due: now,
            refresh_spaced: now,
            confirm_backoff: Backoff::default(),
            refresh_backoff: Backoff::default(),
            confirm_fault: None,
            refresh_fault: None,
            answerer: Answerer::default(),
            has_replied: false,
            holds_target: false,
            refreshed_at: None,
            confirmed_at: None,
        }
    }

    /// The settings may have changed anything about the server: look again, try again.
    pub(super) fn change(&mut self, mode: Adoption, now: Moment) {
        if mode != self.mode {
            self.mode = mode;
            self.knowledge = self.knowledge_at_a_change();
            self.confirm_fault = None;
            self.refresh_fault = None;
        }
        self.start_over(now);
        self.answerer = Answerer::default();
        self.confirm_due = now;
        self.confirm_backoff.reset();
    }

    /// The generation key of the document.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// What to do next for `wanted`; it counts as in flight from here on.
    pub(super) fn next_step(&mut self, wanted: Wanted<'_>, now: Moment) -> Option<Step> {
        self.aim_at(wanted.target, now);
        match &self.call {
            Call::Refreshing { deadline, .. } if *deadline <= now => {
                self.refreshed(Err(ServerFault::TimedOut), now);
                return Some(Step::Abandon);
            }
            Call::Refreshing { .. } | Call::Confirming | Call::Diagnosing => return None,
            Call::None => {}
        }
        if self.confirms() && self.confirm_due <= now {
            self.call = Call::Confirming;
            return Some(Step::Confirm);
        }
        if let Progress::GaveUp { reason: None, .. } = self.progress {
            self.call = Call::Diagnosing;
            return Some(Step::Diagnose);
        }
        let call = self.refresh_call(wanted).filter(|_| self.refresh_due <= now)?;
        self.refresh_spaced = now.after(REFRESH_SPACING);
        self.refresh_due = self.refresh_spaced;
        let deadline = now.after(REFRESH_TIMEOUT);
        self.call = Call::Refreshing { target: wanted.target.clone(), since: now, deadline };
        Some(Step::Refresh { call, timeout: REFRESH_TIMEOUT })
    }

    /// When [`Self::next_step`] may have something to do.
    pub(super) fn next_at(&self, wanted: Wanted<'_>) -> Option<Moment> {
        let is_outdated = self.target.as_ref() != Some(wanted.target);
        match &self.call {
            _ if is_outdated => Some(Moment::START),
            Call::Refreshing { deadline, .. } => Some(*deadline),
            Call::Confirming | Call::Diagnosing => None,
            Call::None if matches!(self.progress, Progress::GaveUp { reason: None, .. }) => {
                Some(Moment::START)
            }
            Call::None => {
                let confirm = self.confirms().then_some(self.confirm_due);
                let refresh = self.refresh_call(wanted).map(|_| self.refresh_due);
                confirm.into_iter().chain(refresh).min()
            }
        }
    }

    /// Books how the refresh in flight ended.
    pub(super) fn refreshed(&mut self, outcome: Result<(), ServerFault>, now: Moment) {
        let Call::Refreshing { target, .. } = std::mem::replace(&mut self.call, Call::None) else { return };
        match outcome {
            Ok(()) => self.refresh_taken(target, now),
            Err(fault) => self.refresh_failed(fault, now),
        }
    }

    /// Books how the confirm in flight ended; `is_own` tells self and `sink` the sink among the peers.
    ///
    /// Returns whether the server holds exactly the target.
    pub(super) fn confirmed(
        &mut self,
        outcome: Result<Replicas, ServerFault>,
        is_own: impl Fn(&ServiceUrl) -> bool,
        sink: &ServiceUrl,
        now: Moment,
    ) -> bool {
        if matches!(self.call, Call::Confirming) {
            self.call = Call::None;
        }
        if !self.confirms() {
            // Asked before the settings changed; what is never confirmed again must not be relied on.
            return false;
        }
        match outcome {
            Ok(replicas) => self.seen(replicas, is_own, sink, now),
            Err(fault) => {
                self.confirm_failed(fault, now);
                false
            }
        }
    }

    /// Books the likely reason why the list is not adopted.
    pub(super) fn diagnosed(&mut self, likely: ListOrigin) {
        if matches!(self.call, Call::Diagnosing) {
            self.call = Call::None;
        }
        if let Progress::GaveUp { reason: reason @ None, .. } = &mut self.progress {
            *reason = Some(Arc::new(likely));
        }
    }

    /// Whether the server is known to hold peers, self and sink aside.
    pub(super) fn has_other_peers(&self) -> bool {
        self.seen_now().is_some_and(|seen| !(seen.value.peers.is_empty() && seen.value.foreign.is_empty()))
    }

    /// What the server last said, while it stands.
    pub(super) fn seen_now(&self) -> Option<&Dated<Seen>> {
        match &self.knowledge {
            Knowledge::Seen(seen) => Some(seen),
            Knowledge::Unknown | Knowledge::Blind { .. } => None,
        }
    }

    /// Since when the list is not adopted whatever we do, and the likely reason.
    pub(super) fn not_adopted(&self, now: Moment) -> Option<(Moment, NotAdopted)> {
        match &self.progress {
            Progress::GaveUp { since, reason: Some(origin) } => {
                Some((*since, NotAdopted::Masked(Arc::clone(origin))))
            }
            Progress::GaveUp { since, reason: None } => Some((*since, NotAdopted::Unknown)),
            Progress::Open { .. } => self.overdue_since(now).map(|since| (since, NotAdopted::PollsTooLong)),
        }
    }

    /// Why the last refresh brought nothing.
    pub(super) fn refresh_fault(&self) -> Option<&Dated<ServerFault>> {
        self.refresh_fault.as_ref()
    }

    /// Why the status cannot be read.
    pub(super) fn confirm_fault(&self) -> Option<&Dated<ServerFault>> {
        self.confirm_fault.as_ref()
    }

    /// Whether the server has ever replied to a question for its status.
    pub(super) fn has_replied(&self) -> bool {
        self.has_replied
    }

    /// Until when several servers are taken to answer, if there is no other sign of it.
    pub(super) fn several_servers_until(&self) -> Option<Moment> {
        self.answerer.several_until()
    }

    /// Since when several servers answer under the status URL, where they do.
    pub(super) fn several_servers(&self, now: Moment) -> Option<Moment> {
        self.answerer.several(now)
    }

    /// When a refresh was last answered 200.
    pub(super) fn refreshed_at(&self) -> Option<Moment> {
        self.refreshed_at
    }

    /// When the server last said that it holds the target.
    pub(super) fn confirmed_at(&self) -> Option<Moment> {
        self.confirmed_at
    }

    /// What is known of a server that runs already and of which we have just been told: where it
    /// cannot be asked it is to be told the list once.
    fn knowledge_at_a_change(&self) -> Knowledge {
        match self.mode {
            Adoption::Refresh { confirm: false, .. } => Knowledge::Blind { told: None },
            Adoption::None | Adoption::ConfirmOnly | Adoption::Refresh { confirm: true, .. } => {
                Knowledge::Unknown
            }
        }
    }

    fn confirms(&self) -> bool {
        match self.mode {
            Adoption::None | Adoption::Refresh { confirm: false, .. } => false,
            Adoption::ConfirmOnly | Adoption::Refresh { confirm: true, .. } => true,
        }
    }

    /// The call to make, where the server is known not to have the target and may still take it.
    fn refresh_call(&self, wanted: Wanted<'_>) -> Option<RefreshCall> {
        let Adoption::Refresh { call, .. } = self.mode else { return None };
        let is_ready = match call {
            RefreshCall::Refresh => wanted.is_published,
            RefreshCall::Env => true,
        };
        // A refresh that was taken is answered by the server's own word, however late that comes.
        let is_open = match self.progress {
            Progress::Open { accepted, is_next_counted } => accepted == 0 || is_next_counted,
            Progress::GaveUp { .. } => false,
        };
        (is_ready && is_open && self.differs_from(wanted.target)).then_some(call)
    }

    /// Whether the server is known to hold something else; not knowing is not differing.
    fn differs_from(&self, target: &PeerSet) -> bool {
        match &self.knowledge {
            Knowledge::Unknown => false,
            Knowledge::Seen(seen) => !seen.value.is_exactly(target),
            Knowledge::Blind { told } => told.as_ref() != Some(target),
        }
    }

    /// A new target starts from the beginning: no count, no backoff, only the spacing stays.
    fn aim_at(&mut self, target: &PeerSet, now: Moment) {
        if self.target.as_ref() == Some(target) {
            return;
        }
        let is_first = self.target.replace(target.clone()).is_none();
        self.start_over(now);
        if let Adoption::Refresh { confirm: false, .. } = self.mode
            && is_first
        {
            // The program beside us has not started yet, or has read what the saved state left.
            self.knowledge = Knowledge::Blind { told: Some(target.clone()) };
        }
        if let Call::Refreshing { since, deadline, .. } = &mut self.call {
            *deadline = (*deadline).min(since.after(REFRESH_TIMEOUT_OUTDATED).max(now));
        }
        if let (Adoption::ConfirmOnly, Some(_)) = (self.mode, self.seen_now()) {
            self.confirm_backoff.reset();
            self.confirm_due = self.confirm_due.min(now.after(WATCH_PAUSE_MIN));
        }
    }

    fn start_over(&mut self, now: Moment) {
        self.progress = FRESH;
        self.holds_target = false;
        self.refresh_backoff.reset();
        self.refresh_due = self.refresh_spaced.max(now);
    }

    fn refresh_taken(&mut self, target: PeerSet, now: Moment) {
        self.refreshed_at = Some(now);
        self.refresh_fault = None;
        self.refresh_backoff.reset();
        self.confirm_due = now;
        if let Knowledge::Blind { told } = &mut self.knowledge {
            *told = Some(target);
        } else if self.target.as_ref() == Some(&target)
            && let Progress::Open { accepted, is_next_counted } = &mut self.progress
        {
            *accepted = accepted.saturating_add(1);
            *is_next_counted = false;
        }
    }

    fn refresh_failed(&mut self, fault: ServerFault, now: Moment) {
        if is_of_another_kind(self.refresh_fault.as_ref(), &fault) {
            self.refresh_backoff.reset();
        }
        let (first, max) = pauses_after(&fault);
        self.refresh_due = self.refresh_spaced.max(now.after(self.refresh_backoff.next(first, max)));
        // Before the next try the server is asked what it has: it may have been restarted, or slow.
        self.confirm_due = self.confirm_due.min(self.refresh_due);
        self.refresh_fault = Some(dated(self.refresh_fault.take(), fault, now));
    }

    fn seen(
        &mut self,
        replicas: Replicas,
        is_own: impl Fn(&ServiceUrl) -> bool,
        sink: &ServiceUrl,
        now: Moment,
    ) -> bool {
        self.note_answerer(replicas.uptime_min, now);
        self.has_replied = true;
        self.confirm_fault = None;
        let (own, peers): (PeerSet, PeerSet) =
            replicas.peers.into_iter().filter(|url| url != sink).partition(|url| is_own(url));
        let seen = Seen { peers, foreign: replicas.foreign, lists_self: !own.is_empty() };
        let is_adopted = self.target.as_ref().is_some_and(|target| seen.is_exactly(target));
        let since = self.seen_now().filter(|before| before.value == seen).map_or(now, |before| before.since);
        self.knowledge = Knowledge::Seen(Dated { value: seen, since });
        if is_adopted {
            self.adopted(now);
        } else {
            self.missed(now);
        }
        is_adopted
    }

    fn adopted(&mut self, now: Moment) {
        self.confirmed_at = Some(now);
        self.refresh_fault = None;
        self.holds_target = true;
        // Where servers take turns, the counts stay: the next one may not have the list.
        if self.several_servers(now).is_none() {
            self.progress = FRESH;
        }
        self.confirm_backoff.reset();
        self.confirm_due = now.after(CONFIRM_INTERVAL);
    }

    fn missed(&mut self, now: Moment) {
        if std::mem::take(&mut self.holds_target) {
            self.answerer.relapsed(now);
        }
        let pause = match self.mode {
            Adoption::ConfirmOnly => self.confirm_backoff.next(WATCH_PAUSE_MIN, CONFIRM_INTERVAL),
            Adoption::None | Adoption::Refresh { .. } => CONFIRM_INTERVAL,
        };
        self.confirm_due = now.after(pause);
        let Progress::Open { accepted, is_next_counted } = &mut self.progress else { return };
        if *accepted > COUNTED_RETRIES {
            self.progress = Progress::GaveUp { since: now, reason: None };
        } else if *accepted > 0 && !*is_next_counted {
            *is_next_counted = true;
            // The server computes nothing for bytes that it has seen; a new key makes it look.
            self.generation = self.generation.saturating_add(1);
        }
    }

    /// A server that has restarted deserves new tries; which one answers, and whether it has, is judged by
    /// its up-time.
    fn note_answerer(&mut self, uptime_min: Option<u64>, now: Moment) {
        let was_away = matches!(self.confirm_fault, Some(Dated { value: ServerFault::Unreachable(_), .. }));
        if self.answerer.answered(uptime_min, was_away, now) {
            self.answerer.restarted(now);
            self.start_over(now);
        }
    }

    fn confirm_failed(&mut self, fault: ServerFault, now: Moment) {
        if is_of_another_kind(self.confirm_fault.as_ref(), &fault) {
            self.confirm_backoff.reset();
        }
        let (first, max) = pauses_after(&fault);
        self.confirm_due = now.after(self.confirm_backoff.next(first, max));
        let is_up = match fault {
            ServerFault::Unreachable(_) => false,
            ServerFault::TimedOut
            | ServerFault::Failing { .. }
            | ServerFault::Refused(_)
            | ServerFault::Unreadable(_) => true,
        };
        self.has_replied |= is_up && fault != ServerFault::TimedOut;
        let fault = dated(self.confirm_fault.take(), fault, now);
        let is_blind = is_up && now.since(fault.since) >= BLIND_AFTER;
        self.confirm_fault = Some(fault);
        self.knowledge = match std::mem::replace(&mut self.knowledge, Knowledge::Unknown) {
            blind @ Knowledge::Blind { .. } if is_up => blind,
            Knowledge::Unknown | Knowledge::Blind { .. } if is_blind => Knowledge::Blind { told: None },
            Knowledge::Seen(seen) if is_blind => Knowledge::Blind { told: self.last_told(seen.value.peers) },
            seen @ Knowledge::Seen(_) if is_up => seen,
            Knowledge::Unknown | Knowledge::Seen(_) | Knowledge::Blind { .. } => Knowledge::Unknown,
        };
    }

    /// What a server was last told that said `peers` before: the target, once it has taken that.
    fn last_told(&self, peers: PeerSet) -> Option<PeerSet> {
        match self.progress {
            Progress::Open { accepted: 1.., .. } => self.target.clone(),
            Progress::Open { accepted: 0, .. } | Progress::GaveUp { .. } => Some(peers),
        }
    }

    fn overdue_since(&self, now: Moment) -> Option<Moment> {
        let Adoption::ConfirmOnly = self.mode else { return None };
        let seen = self.seen_now()?;
        let differs = self.target.as_ref().is_some_and(|target| !seen.value.is_exactly(target));
        let since = self.confirmed_at.unwrap_or(seen.since);
        (differs && now.since(since) > WATCH_PATIENCE).then_some(since)
    }
}

impl Seen {
    fn is_exactly(&self, target: &PeerSet) -> bool {
        self.foreign.is_empty() && self.peers == *target
    }
}

/// First and longest pause before the server is called again.
fn pauses_after(fault: &ServerFault) -> (Duration, Duration) {
    let (first, max) = match fault {
        // A server on its way up: cheap to ask, and someone waits for it.
        ServerFault::Unreachable(_) => (500, 5_000),
        ServerFault::TimedOut | ServerFault::Failing { .. } => (1_000, 30_000),
        ServerFault::Refused(_) | ServerFault::Unreadable(_) => (5_000, 60_000),
    };
    (Duration::from_millis(first), Duration::from_millis(max))
}

/// `fault`, dated from when faults of its kind began.
fn dated(before: Option<Dated<ServerFault>>, fault: ServerFault, now: Moment) -> Dated<ServerFault> {
    let since = match before {
        Some(before) if !is_of_another_kind(Some(&before), &fault) => before.since,
        Some(_) | None => now,
    };
    Dated { value: fault, since }
}

/// Whether `fault` is news: a server that comes up and stumbles is not one that was long away.
fn is_of_another_kind(before: Option<&Dated<ServerFault>>, fault: &ServerFault) -> bool {
    before.is_none_or(|before| before.value.label() != fault.label())
}
