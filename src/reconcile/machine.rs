//! The machine itself: routes observations to its parts, and keeps the desired list.

use std::collections::BTreeSet;

use crate::model::{Jitter, Listing, Moment, PeerSet, Port, Question, ServiceUrl};

use super::adopting::{Adopting, ServerStep, Wanted};
use super::history::History;
use super::home::Home;
use super::ledger::Ledger;
use super::publishing::{Content, Publishing};
use super::saved_state;
use super::shrink_guard::ShrinkGuard;
use super::start::Start;
use super::status::Dated;
use super::{
    Accepted, Action, Belief, ChangeCause, Consent, LastAnswer, NotAccepted, Observation, Policy,
    Publication, RefreshCall, SavedState, Taken,
};

/// The reconcile machine of one sidecar.
///
/// Call [`Machine::next_action`] until it gives none, wait until [`Machine::poll_timeout`] or the
/// outcome of an action, hand that to [`Machine::handle`], and begin again.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(super) policy: Policy,
    pub(super) home: Home,
    pub(super) ledgers: Vec<Ledger>,
    pub(super) guard: ShrinkGuard,
    pub(super) desired: Option<Dated<PeerSet>>,
    pub(super) start: Start,
    /// Since when a whole document of ours is known to be in place whose peers are not known.
    pub(super) found_since: Option<Moment>,
    pub(super) publishing: Publishing,
    pub(super) adopting: Adopting,
    pub(super) history: History,
    pub(super) doubted_since: Option<Moment>,
    pub(super) frozen_since: Option<Moment>,
    /// Grows with each change of settings and of where we are known by name.
    judged_under: u64,
    /// How many peers DNS names, and the state of the books in which they were counted.
    believed: Option<(u64, usize)>,
    /// The state of the books that the wanted list agrees with.
    agrees_with: Option<u64>,
    /// The latest moment that was told.
    latest: Moment,
}

impl Machine {
    /// A machine at the start of the program, with the saved state.
    pub fn new(policy: Policy, previous: Option<&SavedState>, now: Moment) -> Self {
        let home = Home::with_port(previous.and_then(|previous| previous.own_port));
        let mut ledgers: Vec<_> =
            policy.questions.iter().map(|question| Ledger::new(question.clone(), now)).collect();
        for (service, peers) in previous.iter().flat_map(|previous| &previous.services) {
            for ledger in ledgers.iter_mut().filter(|ledger| ledger.service() == service) {
                ledger.restore(peers, &policy, &home);
            }
        }
        for (question, belief) in previous.iter().flat_map(|previous| &previous.believed_empty) {
            for ledger in ledgers.iter_mut().filter(|ledger| ledger.question == *question) {
                ledger.restore_belief(Belief { since: belief.since.min(now), ..*belief });
            }
        }
        let generation = previous.map_or(0, |previous| previous.generation);
        let mut machine = Self {
            start: Start::Waiting { deadline: now.after(policy.start_deadline) },
            found_since: None,
            adopting: Adopting::new(policy.adoption, generation, now),
            publishing: Publishing::new(now),
            guard: ShrinkGuard::default(),
            desired: None,
            history: History::default(),
            doubted_since: None,
            frozen_since: policy.freeze.then_some(now),
            judged_under: 0,
            believed: None,
            agrees_with: None,
            latest: now,
            ledgers,
            home,
            policy,
        };
        machine.assert_one_ledger_a_service();
        machine.guard.trust(machine.believed_count());
        if previous.is_some_and(|previous| saved_state::is_left(previous, &machine.ledgers, &machine.policy))
        {
            let peers = machine.union();
            machine.history.changed(ChangeCause::SavedState, None, &peers, now);
            machine.desired = Some(Dated { value: peers, since: now });
        }
        machine
    }

    /// Books one observation. `jitter` spreads the next question that follows from it.
    pub fn handle(&mut self, observation: Observation, now: Moment, jitter: Jitter) {
        self.note_now(now);
        match observation {
            Observation::Answered { question, answer } => self.answered(&question, answer, now, jitter),
            Observation::Published(outcome) => self.publishing.ended(outcome, now),
            Observation::Refreshed(outcome) => self.adopting.refreshed(outcome, now),
            Observation::Confirmed(outcome) => {
                let (home, policy) = (&self.home, &self.policy);
                let is_own = |url: &ServiceUrl| home.is_self(url, policy);
                if self.adopting.confirmed(outcome, is_own, &policy.sink, now) {
                    self.history.confirmed(now);
                }
            }
            Observation::Diagnosed(likely) => self.adopting.diagnosed(likely),
            Observation::AskNow => self.ledgers.iter_mut().for_each(|ledger| ledger.asking.hurry(now)),
        }
    }

    /// The next thing to be done now; it counts as in flight from here on.
    pub fn next_action(&mut self, now: Moment) -> Option<Action> {
        self.note_now(now);
        let action = self.action_due(now);
        debug_assert!(
            action.is_some() || self.poll_timeout().is_none_or(|wake| wake > now),
            "a machine that has nothing to do now does not ask to be woken now, or its loop would spin"
        );
        action
    }

    fn action_due(&mut self, now: Moment) -> Option<Action> {
        self.note_time(now);
        if let Some(ledger) =
            self.ledgers.iter_mut().find_map(|ledger| ledger.asking.start_if_due(now).then_some(ledger))
        {
            return Some(Action::Ask(ledger.question.clone()));
        }
        let content = self.wanted_content()?;
        if self.publishing.start_if_due(&content, now) {
            return Some(match content {
                Content::Listing(listing) => {
                    Action::Publish(Publication { listing, state: self.state_to_save() })
                }
                Content::AsFound => Action::KeepFound,
            });
        }
        let is_published = self.publishing.says(&content);
        let Content::Listing(listing) = content else { return None };
        let target = &self.desired.as_ref()?.value;
        let alone_as = listing.own();
        match self.adopting.next_step(Wanted { target, alone_as, is_published }, now)? {
            ServerStep::Refresh { call, timeout } => {
                debug_assert!(
                    is_published || call == RefreshCall::Env,
                    "a server is told to read the files only once they say what is wanted"
                );
                Some(Action::Refresh { call, listing, timeout })
            }
            ServerStep::Abandon => Some(Action::AbandonRefresh),
            ServerStep::Confirm => Some(Action::Confirm),
            ServerStep::Diagnose => Some(Action::Diagnose),
        }
    }

    /// When [`Self::next_action`] may have something to do without a new observation.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let asks = self.ledgers.iter().filter_map(|ledger| ledger.asking.due_at());
        let files = self.wanted_content().and_then(|content| self.publishing.next_at(&content));
        asks.chain(self.deadline()).chain(files).chain(self.adoption_due()).min()
    }

    /// Takes what DNS says now past all holds, once: the operator's word.
    ///
    /// Returns what was taken of each Service. With [`Consent::Empty`] a start that has no list begins
    /// with what there is, be it nothing: self alone.
    pub fn accept(&mut self, consent: Consent, now: Moment) -> Result<Vec<Accepted>, NotAccepted> {
        if self.is_frozen() {
            return Err(NotAccepted::Frozen);
        }
        if consent == Consent::Empty && self.would_be_nothing(now) {
            return Err(NotAccepted::NeverEmpty);
        }
        let interval = self.policy.interval;
        let of = |ledger| Accepted::of(ledger, consent, interval, now);
        let accepted: Vec<_> = self.ledgers.iter().map(of).collect();
        let is_first = self.desired.is_none();
        let ends_start = is_first && consent == Consent::Empty && self.policy.own().is_some();
        let takes_any = ends_start || accepted.iter().any(Accepted::has_taken);
        // Whom a Service that is left alone has in found files is not known, and would leave with them.
        let loses_some = consent == Consent::Records
            && self.kept_document_since().is_some()
            && !accepted.iter().all(Accepted::has_taken);
        if !takes_any || loses_some {
            return Err(NotAccepted::Nothing(accepted));
        }
        for (at, Accepted { taken, .. }) in accepted.iter().enumerate() {
            self.ledgers[at].take(*taken, now);
        }
        (0..self.ledgers.len()).for_each(|at| self.book(at, now));
        self.trust(self.believed_count());
        self.start = Start::Accepted;
        self.desire(ChangeCause::Accepted, now);
        // What was accepted is saved at once, also where the list is the same.
        self.publishing.forget(now);
        Ok(accepted)
    }

    /// Whether nobody would be left in the list where the operator took even "no endpoints": a client's list is
    /// never empty, whatever anyone says.
    pub(super) fn would_be_nothing(&self, now: Moment) -> bool {
        let would_keep =
            |ledger: &Ledger| match Accepted::of(ledger, Consent::Empty, self.policy.interval, now).taken {
                Taken::Records { peers } => peers > 0,
                Taken::Empty => false,
                Taken::NeedsConsent | Taken::TooOld | Taken::Nothing => !ledger.kept().is_empty(),
            };
        let is_client = self.policy.own().is_none();
        is_client && self.policy.static_peers.is_empty() && !self.ledgers.iter().any(would_keep)
    }

    /// Judges each answer anew from here on, also one that says what the one before it said. Nothing that this
    /// machine does may depend on it.
    pub fn judge_anew(&mut self) {
        self.judged_under += 1;
    }

    /// Takes over new settings. Services and static peers that are gone leave at once.
    pub fn change_policy(&mut self, policy: Policy, now: Moment) {
        let was_frozen = self.is_frozen();
        // Ledgers that go take their versions with them, and no state of the books may look like an earlier one.
        self.judged_under = self.epoch() + 1;
        let mut before = std::mem::take(&mut self.ledgers);
        self.home = std::mem::take(&mut self.home).under(&policy);
        for question in &policy.questions {
            let known = before.iter().position(|ledger| ledger.service() == question.service());
            let ledger = match known.map(|at| before.swap_remove(at)) {
                Some(mut ledger) => {
                    ledger.change(question.clone(), &policy, &self.home, now);
                    ledger
                }
                None => Ledger::new(question.clone(), now),
            };
            self.ledgers.push(ledger);
        }
        self.assert_one_ledger_a_service();
        self.adopting.change(policy.adoption, now);
        self.publishing.forget(now);
        self.policy = policy;
        if self.desired.is_none() {
            self.start_anew(now);
        }
        self.trust(self.kept_count());
        self.note_freeze(now);
        if was_frozen && !self.is_frozen() {
            self.thaw(now);
        }
        // Nothing is what Services say that have given records, and none that has not.
        if !self.union().is_empty() || self.ledgers.iter().all(Ledger::has_records) {
            self.desire(ChangeCause::Settings, now);
        }
    }

    /// What the last answer to `question` came to: the machine may refuse what the adapter has brought.
    pub fn last_answer(&self, question: &Question) -> Option<&LastAnswer> {
        let ledger = self.ledgers.iter().find(|ledger| ledger.question == *question)?;
        ledger.last().map(|last| &last.value)
    }

    /// The URL of the server beside us, with the port of its own SRV record where that is known and counts.
    pub fn own_url(&self) -> Option<ServiceUrl> {
        self.home.own_url(&self.policy)
    }

    /// The port of the own SRV record, where that is the server's.
    pub fn own_port(&self) -> Option<Port> {
        self.home.port(&self.policy)
    }

    /// The wanted list, once there is one.
    pub fn desired(&self) -> Option<&PeerSet> {
        self.desired.as_ref().map(|desired| &desired.value)
    }

    /// When the server last said that it holds the wanted list.
    pub fn confirmed_at(&self) -> Option<Moment> {
        self.adopting.confirmed_at()
    }

    /// Whether the files cannot be written just now.
    pub fn cannot_publish(&self, now: Moment) -> bool {
        self.publishing.failure().is_some() || self.publishing.stalled(now).is_some()
    }

    /// What the next run of the program needs to begin with the list of this one, frozen or not.
    fn state_to_save(&self) -> SavedState {
        let none = PeerSet::new();
        let desired = self.desired.as_ref().map_or(&none, |desired| &desired.value);
        SavedState {
            services: saved_state::by_service(desired, &self.ledgers, &self.policy),
            believed_empty: self.ledgers.iter().filter_map(believed_empty).collect(),
            static_peers: self.policy.static_peers.clone(),
            generation: self.adopting.generation(),
            own_port: self.own_port(),
        }
    }

    /// What should be in place; none before there is a list.
    pub(super) fn wanted_content(&self) -> Option<Content> {
        let found = self.kept_document_since().map(|_| Content::AsFound);
        self.wanted_listing().map(Content::Listing).or(found)
    }

    /// The document that should be in place; none before there is a list of our own.
    fn wanted_listing(&self) -> Option<Listing> {
        let desired = &self.desired.as_ref()?.value;
        let generation = self.adopting.generation();
        Listing::of_peers(desired, generation).or_else(|| {
            let sink = self.adopting.has_other_peers().then(|| self.policy.sink.clone());
            Some(Listing::alone(self.own_url()?, sink, generation))
        })
    }

    /// Recomputes the desired list, unless it is frozen or may not exist yet.
    pub(super) fn desire(&mut self, cause: ChangeCause, now: Moment) {
        let epoch = self.epoch();
        if self.agrees_with == Some(epoch) || self.is_frozen() {
            return;
        }
        let peers = self.union();
        if !self.may_stand(&peers) {
            return;
        }
        self.agrees_with = Some(epoch);
        let before = self.desired.as_ref().map(|desired| &desired.value);
        if before == Some(&peers) {
            return;
        }
        debug_assert!(!peers.is_empty() || self.policy.own().is_some(), "a client's list is never empty");
        debug_assert!(
            !peers.iter().any(|url| self.home.is_self(url, &self.policy)),
            "a server is not its own peer"
        );
        self.history.changed(cause, before, &peers, now);
        self.desired = Some(Dated { value: peers, since: now });
    }

    /// The operator has decided: later answers are measured by so many peers.
    fn trust(&mut self, count: usize) {
        self.guard.trust(count);
        self.doubted_since = None;
    }

    /// Whether the list stands by the operator's word: what DNS says is heard, and nothing follows from it.
    pub(super) fn is_frozen(&self) -> bool {
        self.policy.freeze && self.has_list()
    }

    fn note_freeze(&mut self, now: Moment) {
        self.frozen_since = self.policy.freeze.then(|| self.frozen_since.unwrap_or(now));
    }

    fn note_now(&mut self, now: Moment) {
        debug_assert!(self.latest <= now, "moments never run backwards: {} after {}", now, self.latest);
        self.latest = now;
    }

    fn assert_one_ledger_a_service(&self) {
        debug_assert_eq!(
            self.ledgers.iter().map(Ledger::service).collect::<BTreeSet<_>>().len(),
            self.ledgers.len(),
            "answers to two questions about one Service would be booked as one Service's"
        );
    }

    /// What all Services and the static peers contribute.
    pub(super) fn union(&self) -> PeerSet {
        let is_other = |url: &&ServiceUrl| !self.home.is_self(url, &self.policy);
        let mut statics = self.policy.static_peers.iter().filter(is_other).peekable();
        match &self.ledgers[..] {
            [only] if statics.peek().is_none() => only.kept().clone(),
            ledgers => ledgers.iter().flat_map(Ledger::kept).chain(statics).cloned().collect(),
        }
    }

    /// The state of the books: another one whenever what DNS names, who is kept, where we are, or the settings
    /// have changed.
    pub(super) fn epoch(&self) -> u64 {
        self.judged_under + self.ledgers.iter().map(Ledger::version).sum::<u64>()
    }

    /// How many peers the Services contribute; more than DNS names while removals are held.
    fn kept_count(&self) -> usize {
        size_of_union(self.ledgers.iter().map(Ledger::kept))
    }

    /// How many peers DNS names now: a pod that two Services name is one peer.
    pub(super) fn believed_count(&self) -> usize {
        match self.believed {
            Some((epoch, count)) if epoch == self.epoch() => count,
            Some(_) | None => size_of_union(self.ledgers.iter().map(Ledger::believed)),
        }
    }

    /// The same, and remembers it.
    pub(super) fn count_believed(&mut self) -> usize {
        let count = self.believed_count();
        self.believed = Some((self.epoch(), count));
        count
    }

    fn adoption_due(&self) -> Option<Moment> {
        let listing = self.wanted_listing()?;
        let target = &self.desired.as_ref()?.value;
        let is_published = self.publishing.says(&Content::Listing(listing.clone()));
        self.adopting.next_at(Wanted { target, alone_as: listing.own(), is_published })
    }
}

fn believed_empty(ledger: &Ledger) -> Option<(Question, Belief)> {
    Some((ledger.question.clone(), ledger.belief()?))
}

/// How many peers there are in any of these sets.
pub(super) fn size_of_union<'a>(sets: impl IntoIterator<Item = &'a PeerSet>) -> usize {
    let mut sets = sets.into_iter();
    match (sets.next(), sets.next()) {
        (None, _) => 0,
        (Some(only), None) => only.len(),
        (Some(first), Some(second)) => {
            [first, second].into_iter().chain(sets).flatten().collect::<BTreeSet<_>>().len()
        }
    }
}
