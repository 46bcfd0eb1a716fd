//! What an answer does: it is judged, booked, and followed by what may come and leave.

use crate::model::{Answer, Jitter, LookupFailure, Moment, Question, Record};

use super::ChangeCause;
use super::asking::Pauses;
use super::home::Home;
use super::ledger::Ledger;
use super::machine::{Machine, size_of_union};
use super::selection::{Selection, select};
use super::start::{LATE_START_PAUSE_MAX, Pace, start_pause};

impl Machine {
    /// Books what DNS said to a question, and when to ask it again.
    pub(super) fn answered(&mut self, question: &Question, answer: Answer, now: Moment, jitter: Jitter) {
        let Some(at) = self.ledgers.iter().position(|ledger| ledger.question == *question) else { return };
        match answer {
            Answer::Records(records) if self.ledgers[at].has_judged(&records, self.epoch()) => {
                self.count_evidence(at, now);
                self.ledgers[at].hear_again(now);
                self.follow(at, now);
                self.ask_again(at, now, jitter);
            }
            Answer::Records(records) => match self.believable(at, question, &records) {
                Ok((selection, home)) => {
                    self.count_evidence(at, now);
                    self.ledgers[at].hear(selection, now);
                    self.settle(home, now);
                    self.follow(at, now);
                    let epoch = self.epoch();
                    self.ledgers[at].note_judged(records, epoch);
                    self.ask_again(at, now, jitter);
                }
                Err(failure) => self.failed(at, failure, now, jitter),
            },
            Answer::Empty { no_such_name, soa_serial } => {
                self.count_evidence(at, self.ledgers[at].asking.asked_at(now));
                self.ledgers[at].empty(no_such_name, soa_serial, &self.policy, now);
                self.ask_again(at, now, jitter);
                let may_leave = !self.is_frozen() && self.may_all_leave(at);
                if may_leave && self.ledgers[at].remove_all_after_empty(&self.policy, now) {
                    self.desire(ChangeCause::EmptyAfter, now);
                }
            }
            Answer::Failed(failure) => self.failed(at, failure, now, jitter),
        }
    }

    /// Has the list follow the records that were heard last. In one that is frozen nobody comes or goes; where
    /// that is what the files were found to say, whom DNS names is in the books, and nobody leaves them.
    fn follow(&mut self, at: usize, now: Moment) {
        if self.stands_frozen() {
            return;
        }
        self.book(at, now);
        if !self.is_frozen() {
            self.remove_what_may_leave(at, now);
        }
        self.desire(ChangeCause::Answer, now);
    }

    /// Whether a list of our own is frozen, so that nobody comes or goes in the books either.
    fn stands_frozen(&self) -> bool {
        self.is_frozen() && self.desired.is_some()
    }

    pub(super) fn book(&mut self, at: usize, now: Moment) {
        let others = self.kept_beside(at);
        self.ledgers[at].book(&self.policy, others, now);
    }

    /// The operator lets the list follow DNS again. What DNS named last comes at once, and every wait for a
    /// removal begins anew: while the list stood by the operator's word, no time counted against anybody.
    pub(super) fn thaw(&mut self, now: Moment) {
        for at in 0..self.ledgers.len() {
            self.count_evidence(at, now);
            self.ledgers[at].wait_anew(now);
            self.book(at, now);
        }
    }

    /// Whether all peers of one Service may leave: a client's list is never empty.
    pub(super) fn may_all_leave(&self, at: usize) -> bool {
        let has_others = || self.kept_beside(at) > 0 || !self.policy.static_peers.is_empty();
        self.policy.own().is_some() || has_others()
    }

    fn failed(&mut self, at: usize, failure: LookupFailure, now: Moment, jitter: Jitter) {
        let asked_at = self.ledgers[at].asking.asked_at(now);
        self.count_evidence(at, asked_at);
        self.ledgers[at].failed(failure, now);
        let pauses = match self.pace() {
            Pace::FirstList => return self.ask_again(at, now, jitter),
            Pace::LateStart => {
                let first = self.policy.interval.min(LATE_START_PAUSE_MAX);
                Pauses { first, max: LATE_START_PAUSE_MAX, spent: now.since(asked_at) }
            }
            Pace::Steady => Pauses::steady(self.policy.interval),
        };
        self.ledgers[at].asking.failed(pauses, now, jitter);
    }

    /// Schedules the next question after an answer.
    fn ask_again(&mut self, at: usize, now: Moment, jitter: Jitter) {
        let interval = self.policy.interval;
        let pause = match self.pace() {
            Pace::FirstList => {
                // A server that was silent for seconds has been waited for: DNS may come up in the next moment.
                let took = now.since(self.ledgers[at].asking.asked_at(now));
                let waited = now.since(self.ledgers[at].asked_since());
                interval.min(start_pause(waited)).saturating_sub(took)
            }
            Pace::LateStart => interval.min(LATE_START_PAUSE_MAX),
            Pace::Steady => interval,
        };
        self.ledgers[at].asking.answered(pause, now, jitter);
    }

    fn believable(
        &self,
        at: usize,
        question: &Question,
        records: &[Record],
    ) -> Result<(Selection, Home), LookupFailure> {
        let home = self.home.seen(question, records, &self.policy);
        let selection = select(question, records, &self.policy, &home)?;
        let believed = self.others(at).map(Ledger::believed);
        let peers = size_of_union(believed.chain([&selection.peers]));
        if peers > self.policy.max_peers {
            return Err(LookupFailure::TooManyPeers { peers, max: self.policy.max_peers });
        }
        Ok((selection, home))
    }

    /// Takes over where we are, unless the list is frozen.
    fn settle(&mut self, home: Home, now: Moment) {
        let port = self.own_port();
        if !self.stands_frozen() {
            self.move_home(home, now);
        }
        if self.own_port() != port {
            // Saved at once, also where the list is the same.
            self.publishing.forget(now);
        }
    }

    /// Takes over where we are known by name; who was left out under another Service is a peer there.
    fn move_home(&mut self, home: Home, now: Moment) {
        if home == self.home {
            return;
        }
        let before = std::mem::replace(&mut self.home, home);
        self.judge_anew();
        let left = self.ledgers.iter().position(|ledger| before.is(ledger.service()));
        if let Some(left) = left.filter(|left| !self.home.is(self.ledgers[*left].service())) {
            let others = self.kept_beside(left);
            self.ledgers[left].give_back(&self.policy, &self.home, others, now);
        }
    }

    /// How many peers the other Services keep.
    fn kept_beside(&self, at: usize) -> usize {
        self.others(at).map(|ledger| ledger.kept().len()).sum()
    }

    fn others(&self, at: usize) -> impl Iterator<Item = &Ledger> {
        self.ledgers.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, ledger)| ledger)
    }

    /// Counts the time until `until` during which the last records of one Service stood.
    fn count_evidence(&mut self, at: usize, until: Moment) {
        if let Some(stretch) = self.ledgers[at].count_evidence(until, &self.policy) {
            self.guard.count(stretch);
        }
    }

    /// Lets those go who have been missing long enough, unless far too many are missing at once.
    fn remove_what_may_leave(&mut self, at: usize, now: Moment) {
        let believed = self.count_believed();
        self.guard.observe(believed, self.policy.shrink_after);
        if self.guard.doubts(self.policy.max_shrink).is_some() {
            self.doubted_since.get_or_insert(now);
            return;
        }
        self.doubted_since = None;
        self.ledgers[at].remove_missing(&self.policy);
    }
}
