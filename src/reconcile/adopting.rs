//! Desired against adopted: refresh only where the server's own word differs, one call at a time.
//!
//! Two machines that share the one call: `confirming` reads what the server has, `refreshing` tells it.
//! Here the wanted list is kept, and what one of them learns is handed to the other.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{ListOrigin, Moment, PeerSet, ServerFault, ServiceUrl};

use super::confirming::{Confirming, Watch};
use super::refresh_budget::Haste;
use super::refreshing::Refreshing;
use super::server_list::ServerList;
use super::status::Dated;
use super::{Adoption, NotAdopted, RefreshCall, Replicas};

pub(super) use super::server_list::Seen;

/// Bound on one refresh; a server that re-registers itself takes 3.4 s.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(15);
/// Bound on one refresh while something newer waits behind it.
const REFRESH_TIMEOUT_OUTDATED: Duration = Duration::from_secs(5);

/// What is wanted of the server just now.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) target: &'a PeerSet,
    /// Under which URL the server is given itself, where the target is nobody else.
    pub(super) alone_as: Option<&'a ServiceUrl>,
    /// Whether the files say so already.
    pub(super) is_published: bool,
}

/// What to do next with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerStep {
    Refresh { call: RefreshCall, timeout: Duration },
    Abandon,
    Confirm,
    Diagnose,
}

/// The server's side of the loop.
#[derive(Clone, Debug)]
pub(super) struct Adopting {
    mode: Adoption,
    target: Option<PeerSet>,
    alone: Alone,
    call: Call,
    confirming: Confirming,
    refreshing: Refreshing,
}

/// The server's own URL in a list of itself alone. Its status does not show it, and by a wrong one it registers
/// with nobody: where it changes, the server is told once.
#[derive(Clone, Debug, Default)]
struct Alone {
    wanted: Option<ServiceUrl>,
    /// What the server has read at its start, or was told.
    told: Option<ServiceUrl>,
}

impl Alone {
    /// Returns whether this is news for a server that has another one.
    fn aim_at(&mut self, wanted: Option<&ServiceUrl>) -> bool {
        if self.wanted.as_ref() == wanted {
            return false;
        }
        self.wanted = wanted.cloned();
        // Until now it had peers, or nothing is known: then the list as a whole is told, or read.
        if self.told.is_none() || self.wanted.is_none() {
            self.told.clone_from(&self.wanted);
        }
        self.differs()
    }

    fn differs(&self) -> bool {
        self.told != self.wanted
    }

    /// The server has read what is wanted.
    fn is_read(&mut self) {
        self.told.clone_from(&self.wanted);
    }
}

/// The call in flight: one at most.
#[derive(Clone, Debug)]
enum Call {
    None,
    Refreshing { target: PeerSet, alone_as: Option<ServiceUrl>, since: Moment, deadline: Moment },
    Confirming,
    Diagnosing,
}

impl Adopting {
    /// Nothing is known of the server.
    pub(super) fn new(mode: Adoption, generation: u64, now: Moment) -> Self {
        Self {
            mode,
            target: None,
            alone: Alone::default(),
            call: Call::None,
            confirming: Confirming::new(now),
            refreshing: Refreshing::new(generation),
        }
    }

    /// The settings may have changed anything about the server: look again, try again.
    pub(super) fn change(&mut self, mode: Adoption, now: Moment) {
        if mode != self.mode {
            self.mode = mode;
            self.confirming.begin_with(known_of_a_running_server(mode));
            self.refreshing.forget_failures();
        }
        self.start_over();
        self.confirming.begin_anew(now);
    }

    /// The generation key of the document.
    pub(super) fn generation(&self) -> u64 {
        self.refreshing.generation()
    }

    /// What to do next for `wanted`; it counts as in flight from here on.
    pub(super) fn next_step(&mut self, wanted: Wanted<'_>, now: Moment) -> Option<ServerStep> {
        self.aim_at(wanted.target, now);
        if self.alone.aim_at(wanted.alone_as) {
            self.refreshing.aim_anew();
        }
        match &self.call {
            Call::Refreshing { deadline, .. } if *deadline <= now => {
                self.refreshed(Err(ServerFault::TimedOut), now);
                return Some(ServerStep::Abandon);
            }
            Call::Refreshing { .. } | Call::Confirming | Call::Diagnosing => return None,
            Call::None => {}
        }
        if self.confirms() && self.confirming.due() <= now {
            self.begin(Call::Confirming);
            return Some(ServerStep::Confirm);
        }
        if self.refreshing.lacks_reason() {
            self.begin(Call::Diagnosing);
            return Some(ServerStep::Diagnose);
        }
        let (call, _) = self.next_refresh(wanted).filter(|(_, due)| *due <= now)?;
        debug_assert!(
            self.confirming.list().differs_from(wanted.target) || self.alone.differs(),
            "each refresh disturbs the server: none without need"
        );
        debug_assert_eq!(
            self.target.as_ref(),
            Some(wanted.target),
            "a refresh is for the list that is aimed at"
        );
        self.refreshing.started(now);
        let deadline = now.after(REFRESH_TIMEOUT);
        let (target, alone_as) = (wanted.target.clone(), wanted.alone_as.cloned());
        self.begin(Call::Refreshing { target, alone_as, since: now, deadline });
        Some(ServerStep::Refresh { call, timeout: REFRESH_TIMEOUT })
    }

    /// When [`Self::next_step`] may have something to do.
    pub(super) fn next_at(&self, wanted: Wanted<'_>) -> Option<Moment> {
        let is_outdated =
            self.target.as_ref() != Some(wanted.target) || self.alone.wanted.as_ref() != wanted.alone_as;
        match &self.call {
            _ if is_outdated => Some(Moment::START),
            Call::Refreshing { deadline, .. } => Some(*deadline),
            Call::Confirming | Call::Diagnosing => None,
            Call::None if self.refreshing.lacks_reason() => Some(Moment::START),
            Call::None => {
                let confirm = self.confirms().then_some(self.confirming.due());
                let refresh = self.next_refresh(wanted).map(|(_, due)| due);
                confirm.into_iter().chain(refresh).min()
            }
        }
    }

    /// Books how the refresh in flight ended.
    pub(super) fn refreshed(&mut self, outcome: Result<(), ServerFault>, now: Moment) {
        let (target, alone_as) = match std::mem::replace(&mut self.call, Call::None) {
            Call::Refreshing { target, alone_as, .. } => (target, alone_as),
            // An end without a begin: another call is under way, and stays so.
            other @ (Call::None | Call::Confirming | Call::Diagnosing) => {
                self.call = other;
                return;
            }
        };
        self.refreshing.ended(&outcome, now);
        match outcome {
            Ok(()) => {
                self.alone.told = alone_as;
                self.refresh_taken(&target, now);
            }
            Err(fault) => {
                let next = self.refreshing.failed(fault, now);
                // Before the next try the server is asked what it has: it may have been restarted, or slow.
                self.confirming.look_by(next);
            }
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
        self.refreshing.diagnosed(likely);
    }

    /// Whether the server is known to hold peers, self and sink aside.
    pub(super) fn has_other_peers(&self) -> bool {
        self.seen_now().is_some_and(|seen| !seen.value.is_empty())
    }

    /// What the server last said, while it stands.
    pub(super) fn seen_now(&self) -> Option<&Dated<Seen>> {
        self.confirming.seen_now()
    }

    /// Since when the list is not adopted whatever we do, and the likely reason.
    pub(super) fn not_adopted(&self, now: Moment) -> Option<(Moment, NotAdopted)> {
        let given_up = self.refreshing.given_up().map(|(since, origin)| match origin {
            Some(origin) => (since, NotAdopted::Masked(Arc::clone(origin))),
            None => (since, NotAdopted::Unknown),
        });
        let overdue = || {
            let Adoption::ConfirmOnly = self.mode else { return None };
            let since = self.confirming.overdue_since(self.target.as_ref(), now)?;
            Some((since, NotAdopted::PollsTooLong))
        };
        given_up.or_else(overdue)
    }

    /// Why the last refresh brought nothing.
    pub(super) fn refresh_fault(&self) -> Option<(Moment, &ServerFault)> {
        self.refreshing.fault()
    }

    /// Why the status cannot be read.
    pub(super) fn confirm_fault(&self) -> Option<(Moment, &ServerFault)> {
        self.confirming.fault()
    }

    /// Whether the server has ever replied to a question for its status.
    pub(super) fn has_replied(&self) -> bool {
        self.confirming.has_replied()
    }

    /// Until when several servers are taken to answer, if there is no other sign of it.
    pub(super) fn several_servers_until(&self) -> Option<Moment> {
        self.confirming.several_servers_until()
    }

    /// Since when several servers answer under the status URL, where they do.
    pub(super) fn several_servers(&self, now: Moment) -> Option<Moment> {
        self.confirming.several_servers(now)
    }

    /// When a refresh was last answered 200.
    pub(super) fn refreshed_at(&self) -> Option<Moment> {
        self.refreshing.refreshed_at()
    }

    /// When the server last said that it holds the target.
    pub(super) fn confirmed_at(&self) -> Option<Moment> {
        self.confirming.confirmed_at()
    }

    fn begin(&mut self, call: Call) {
        debug_assert!(matches!(self.call, Call::None), "one call to the server is in flight at most");
        self.call = call;
    }

    fn confirms(&self) -> bool {
        match self.mode {
            Adoption::None | Adoption::Refresh { confirm: false, .. } => false,
            Adoption::ConfirmOnly | Adoption::Refresh { confirm: true, .. } => true,
        }
    }

    /// The refresh to make and when, where the server is known not to have the target and may still take
    /// it.
    fn next_refresh(&self, wanted: Wanted<'_>) -> Option<(RefreshCall, Moment)> {
        let Adoption::Refresh { call, .. } = self.mode else { return None };
        let is_ready = match call {
            RefreshCall::Refresh => wanted.is_published,
            RefreshCall::Env => true,
        };
        let list = self.confirming.list();
        let is_named_anew = self.alone.differs() && !matches!(list, ServerList::Unknown);
        if !is_ready || !(list.differs_from(wanted.target) || is_named_anew) {
            return None;
        }
        let haste = if list.lacks_some_of(wanted.target) { Haste::Early } else { Haste::Late };
        self.refreshing.due(haste).map(|due| (call, due))
    }

    /// A new target starts from the beginning.
    fn aim_at(&mut self, target: &PeerSet, now: Moment) {
        if self.target.as_ref() == Some(target) {
            return;
        }
        let is_first = self.target.replace(target.clone()).is_none();
        self.confirming.start_over();
        if self.confirming.seen_now().is_some_and(|seen| seen.value.is_exactly(target)) {
            self.refreshing.start_over();
        } else {
            self.refreshing.aim_anew();
        }
        if let Adoption::Refresh { confirm: false, .. } = self.mode
            && is_first
        {
            // The program beside us has not started yet, or has read what was in place before our start.
            self.confirming.begin_with(ServerList::Blind { told: Some(target.clone()) });
        }
        if let Call::Refreshing { since, deadline, .. } = &mut self.call {
            *deadline = (*deadline).min(since.after(REFRESH_TIMEOUT_OUTDATED).max(now));
        }
        if let Adoption::ConfirmOnly = self.mode {
            self.confirming.watch_closely(now);
        }
    }

    fn start_over(&mut self) {
        self.confirming.start_over();
        self.refreshing.start_over();
    }

    fn refresh_taken(&mut self, target: &PeerSet, now: Moment) {
        self.refreshing.taken(now);
        self.confirming.look_at(now);
        let is_blind = self.confirming.note_told(target);
        if !is_blind && self.target.as_ref() == Some(target) {
            self.refreshing.count_taken();
        }
    }

    fn seen(
        &mut self,
        replicas: Replicas,
        is_own: impl Fn(&ServiceUrl) -> bool,
        sink: &ServiceUrl,
        now: Moment,
    ) -> bool {
        if self.confirming.answered(replicas.uptime_min, now) {
            self.start_over();
            self.alone.is_read();
        }
        let (own, peers): (PeerSet, PeerSet) =
            replicas.peers.into_iter().filter(|url| url != sink).partition(|url| is_own(url));
        let seen = Seen { peers, foreign: replicas.foreign, lists_self: !own.is_empty() };
        let watch = match self.mode {
            Adoption::ConfirmOnly => Watch::Closely,
            Adoption::None | Adoption::Refresh { .. } => Watch::AtRest,
        };
        let is_adopted = self.confirming.seen(seen, self.target.as_ref(), watch, now);
        if is_adopted {
            self.refreshing.adopted();
            // Where servers take turns, the counts stay: the next one may not have the list.
            if self.several_servers(now).is_none() {
                self.refreshing.forget_count();
            }
        } else {
            self.refreshing.missed(now);
        }
        is_adopted
    }

    fn confirm_failed(&mut self, fault: ServerFault, now: Moment) {
        let Self { target, confirming, refreshing, .. } = self;
        // A server that has taken the target was told that last; another one has what it said before.
        let told = |peers| if refreshing.is_taken() { target.clone() } else { Some(peers) };
        confirming.failed(fault, told, now);
    }
}

/// What is known of a server that runs already and of which we have just been told: where it cannot be
/// asked it is to be told the list once.
fn known_of_a_running_server(mode: Adoption) -> ServerList {
    match mode {
        Adoption::Refresh { confirm: false, .. } => ServerList::Blind { told: None },
        Adoption::None | Adoption::ConfirmOnly | Adoption::Refresh { confirm: true, .. } => {
            ServerList::Unknown
        }
    }
}
