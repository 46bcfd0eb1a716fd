//! What one Service has said, and which of its peers are kept.
//!
//! Additions count at once; a removal needs two records answers in a row and a time, and failures
//! neither advance nor reset that time.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{
    DnsName, DurationOrNever, HeadlessService, Host, LookupFailure, Moment, PeerSet, Question, Record,
    ServiceUrl, UnusableRecords,
};

use super::asking::Asking;
use super::evidence::{Evidence, Stretch};
use super::home::Home;
use super::members::Members;
use super::selection::{Selection, in_form_of, is_of_kind, is_permitted};
use super::status::{Dated, LastAnswer, ServiceStatus};
use super::{Belief, BelievedBy, Policy, Taken};

/// Peers named in a message that says what was seen.
const SAMPLE_MAX: usize = 3;

/// The list may have as many peers as an answer, and as many again that are missing from it: a roll-out
/// of all of them, and no more, however often DNS names others.
const KEPT_TO_ANSWERED_MAX: usize = 2;

/// The list in any case: what is read of a server's own list.
const KEPT_MAX: usize = 4096;

/// Answers of "empty" in a row before `--empty-after` can end.
const DENIALS_MIN: u32 = 2;

/// The books of one Service.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) question: Question,
    pub(super) asking: Asking,
    /// Since when it is asked about.
    asked_since: Moment,
    kept: Members,
    answered: PeerSet,
    /// What the last records answer named and was left out as self.
    own: PeerSet,
    self_found: Option<Dated<bool>>,
    last: Option<Dated<LastAnswer>>,
    /// When the last outcome came.
    heard_at: Option<Moment>,
    records_at: Option<Moment>,
    /// Time during which the last answer was records.
    records_stood: Evidence,
    empty: Option<Empty>,
    /// Since when look-ups fail, each for a reason of its own.
    failing_since: Option<Moment>,
    /// That it has no endpoints, where that is believed.
    belief: Option<Belief>,
    /// Since when there has always been a peer that was missing.
    missing_since: Option<Moment>,
    /// Peers of the last records answer for which there was no room.
    over_limit: Option<Dated<usize>>,
    /// Records of the last such answer that cannot be used, be it all of them.
    unusable: Option<Dated<UnusableRecords>>,
    /// The peers answered another port's or family's question, and leave with the first records.
    outdated: bool,
    /// What of the last records answer has been heard and not booked: the list is frozen.
    unbooked: Unbooked,
    /// The last records that were believed: the same ones mean the same again.
    judged: Option<Judged>,
    /// Grows with each change of whom the last answer names or who is kept.
    version: u64,
}

/// Records that were believed.
#[derive(Clone, Debug)]
struct Judged {
    records: Vec<Record>,
    /// In which state of all the books.
    epoch: u64,
}

/// A records answer that is to be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unbooked {
    /// There is none.
    Nothing,
    /// One that says what the one booked last has said.
    Again,
    /// Another one.
    New,
}

#[derive(Clone, Copy, Debug)]
struct Empty {
    since: Moment,
    answers: u32,
    latest: Moment,
    stood: Evidence,
}

impl Empty {
    /// Said since `since`; what counts begins at `now`.
    fn new(since: Moment, now: Moment) -> Self {
        let mut stood = Evidence::default();
        stood.count(Stretch::of_answer(now, now, Duration::ZERO));
        Self { since, answers: 0, latest: now, stood }
    }
}

impl Ledger {
    /// A Service that has not been asked yet.
    pub(super) fn new(question: Question, now: Moment) -> Self {
        Self {
            question,
            asking: Asking::new(now),
            asked_since: now,
            kept: Members::default(),
            answered: PeerSet::new(),
            own: PeerSet::new(),
            self_found: None,
            last: None,
            heard_at: None,
            records_at: None,
            records_stood: Evidence::default(),
            empty: None,
            failing_since: None,
            belief: None,
            missing_since: None,
            over_limit: None,
            unusable: None,
            outdated: false,
            unbooked: Unbooked::Nothing,
            judged: None,
            version: 0,
        }
    }

    /// Takes over what the saved state has, as far as the policy still permits it.
    pub(super) fn restore(&mut self, peers: &PeerSet, policy: &Policy, home: &Home) {
        let peers = peers.iter().map(|url| in_form_of(policy, url));
        let is_wanted = |url: &ServiceUrl| is_wanted(url, &self.question, policy, home);
        self.kept = Members::of(peers.filter(is_wanted).collect());
        self.version += 1;
    }

    /// Takes over from the saved state that the Service is believed to be empty.
    pub(super) fn restore_belief(&mut self, belief: Belief) {
        self.belief = Some(belief);
    }

    /// That the Service has no endpoints, where that is believed.
    pub(super) fn belief(&self) -> Option<Belief> {
        self.belief.filter(|_| self.kept().is_empty())
    }

    /// Since when this Service is asked about.
    pub(super) fn asked_since(&self) -> Moment {
        self.asked_since
    }

    /// The Service asked about.
    pub(super) fn service(&self) -> &HeadlessService {
        self.question.service()
    }

    /// The peers that this Service contributes.
    pub(super) fn kept(&self) -> &PeerSet {
        self.kept.all()
    }

    /// Grows with each change of what [`Self::kept`] and [`Self::believed`] give.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The peers that the last records answer named; before the first, those that are kept.
    pub(super) fn believed(&self) -> &PeerSet {
        if self.records_at.is_some() { &self.answered } else { self.kept.all() }
    }

    /// Counts the time until `until` during which the last records answer stood, and gives that stretch;
    /// none where the last answer is anything else. To be called before the next answer is booked.
    pub(super) fn count_evidence(&mut self, until: Moment, policy: &Policy) -> Option<Stretch> {
        let answered_at = match self.last {
            Some(Dated { value: LastAnswer::Records { .. }, .. }) => self.records_at?,
            Some(_) | None => return None,
        };
        let stretch = Stretch::of_answer(answered_at, until, policy.interval);
        self.records_stood.count(stretch);
        Some(stretch)
    }

    /// When the last outcome came.
    pub(super) fn heard_at(&self) -> Option<Moment> {
        self.heard_at
    }

    /// Whether DNS has said anything at all yet.
    pub(super) fn is_asked(&self) -> bool {
        self.last.is_some()
    }

    /// Whether records have come since the start.
    pub(super) fn has_records(&self) -> bool {
        self.records_at.is_some()
    }

    /// Whether these records were believed in this state of the books, and mean what they meant then.
    pub(super) fn has_judged(&self, records: &[Record], epoch: u64) -> bool {
        self.judged.as_ref().is_some_and(|judged| judged.epoch == epoch && judged.records == records)
    }

    /// These records have been heard, and followed, and all books are in this state since.
    pub(super) fn note_judged(&mut self, records: Vec<Record>, epoch: u64) {
        self.judged = Some(Judged { records, epoch });
    }

    /// Hears a records answer; who is listed is said by [`Self::book`].
    pub(super) fn hear(&mut self, selection: Selection, now: Moment) {
        self.note_self(selection.self_found, now);
        if self.records_at.is_none() || self.answered != selection.peers || self.own != selection.own {
            self.answered = selection.peers;
            self.own = selection.own;
            self.version += 1;
        }
        self.note_unusable(selection.unusable, now);
        self.unbooked = Unbooked::New;
        self.note_records(now);
    }

    /// Hears the records answer that was heard last, come again.
    pub(super) fn hear_again(&mut self, now: Moment) {
        if self.unbooked == Unbooked::Nothing {
            self.unbooked = Unbooked::Again;
        }
        self.note_records(now);
    }

    fn note_records(&mut self, now: Moment) {
        self.records_at = Some(now);
        self.empty = None;
        self.failing_since = None;
        self.belief = None;
        self.note(LastAnswer::Records { peers: self.answered.len() }, now);
    }

    /// Books the records answer that was heard last, once: additions at once, absences counted. `others` are
    /// the peers that other Services keep.
    pub(super) fn book(&mut self, policy: &Policy, others: usize, now: Moment) {
        match std::mem::replace(&mut self.unbooked, Unbooked::Nothing) {
            Unbooked::Nothing => return,
            // Whoever was left out may have room by now.
            Unbooked::Again if self.over_limit.is_none() => self.kept.note_same_absences(),
            Unbooked::Again | Unbooked::New => self.book_anew(policy, others, now),
        }
        self.note_missing(now);
    }

    fn book_anew(&mut self, policy: &Policy, others: usize, now: Moment) {
        if std::mem::take(&mut self.outdated) {
            self.kept = Members::default();
            self.version += 1;
        }
        let Self { question, own, answered, .. } = self;
        // Whom a saved list has as a peer may turn out to be ourselves, and who is named under another port is
        // not missing but there.
        let hosts: BTreeSet<&Host> = answered.iter().map(ServiceUrl::host).collect();
        let has_moved = |url: &ServiceUrl| !answered.contains(url) && hosts.contains(url.host());
        if self.kept.retain(|url| is_of_kind(url, question) && !own.contains(url) && !has_moved(url)) {
            self.version += 1;
        }
        self.kept.note_absences(&self.answered, self.records_stood.stood());
        self.list_answered(policy, others, now);
    }

    /// Has every wait for a removal begin now: before that the list stood by the operator's word.
    pub(super) fn wait_anew(&mut self, now: Moment) {
        self.kept.forgive();
        self.missing_since = None;
        self.empty = self.empty.map(|empty| Empty::new(empty.since, now));
    }

    /// Self has turned out to be under another Service: who is called like us here is a peer. `others` are
    /// the peers that other Services keep.
    pub(super) fn give_back(&mut self, policy: &Policy, home: &Home, others: usize, now: Moment) {
        let own = std::mem::take(&mut self.own);
        let (back, own): (PeerSet, PeerSet) =
            own.into_iter().partition(|url| is_wanted(url, &self.question, policy, home));
        self.note_self(Some(!own.is_empty()), now);
        self.own = own;
        // Whether there are too many is judged with the next answer.
        if self.answered.len() + back.len() > policy.max_peers {
            return;
        }
        self.answered.extend(back);
        self.version += 1;
        self.list_answered(policy, others, now);
        self.note_missing(now);
        let peers = self.answered.len();
        if let Some(Dated { value: LastAnswer::Records { peers: counted }, .. }) = &mut self.last {
            *counted = peers;
        }
    }

    /// Lists whom the last records answer names, as far as there is room.
    fn list_answered(&mut self, policy: &Policy, others: usize, now: Moment) {
        let kept_max = policy.max_peers.saturating_mul(KEPT_TO_ANSWERED_MAX).min(KEPT_MAX);
        let kept_before = self.kept().len();
        let room = kept_max.saturating_sub(others).saturating_sub(kept_before);
        let listed = self.kept.list(&self.answered, room);
        if listed.came > 0 {
            self.version += 1;
        }
        self.note_over_limit(listed.left_out, now);
        debug_assert!(
            self.kept().len() <= kept_before.max(kept_max.saturating_sub(others)),
            "no answer makes the list longer than --max-peers lets it be"
        );
    }

    /// Books the authority's word that the Service is empty.
    pub(super) fn empty(&mut self, no_such_name: bool, soa_serial: u32, policy: &Policy, now: Moment) {
        let empty = self.empty.get_or_insert_with(|| Empty::new(now, now));
        self.unusable = None;
        self.judged = None;
        empty.answers = empty.answers.saturating_add(1);
        empty.stood.count(Stretch::of_answer(empty.latest, now, policy.interval));
        empty.latest = now;
        self.failing_since = None;
        self.note(LastAnswer::Empty { no_such_name, soa_serial }, now);
    }

    /// Books that nothing is known.
    pub(super) fn failed(&mut self, failure: LookupFailure, now: Moment) {
        self.empty = None;
        self.judged = None;
        self.failing_since.get_or_insert(now);
        if let LookupFailure::NoneUsable(records) = &failure {
            self.note_unusable(Some((**records).clone()), now);
        }
        self.note(LastAnswer::Failed(failure), now);
    }

    /// Lets those go who have been missing long enough; whether that may be is the caller's to say.
    pub(super) fn remove_missing(&mut self, policy: &Policy) {
        if self.kept.remove_missing(self.records_stood, policy.remove_after) {
            self.version += 1;
        }
        self.missing_since = self.missing_since.filter(|_| self.is_anybody_missing());
    }

    /// Lets all go once "empty" has been said for `--empty-after`; says whether any went.
    pub(super) fn remove_all_after_empty(&mut self, policy: &Policy, now: Moment) -> bool {
        let is_over = self.empty.is_some_and(|empty| {
            empty.answers >= DENIALS_MIN && policy.empty_after.is_over(empty.stood.stood())
        });
        let any_went = is_over && self.forget_all();
        if any_went {
            self.belief = Some(Belief { by: BelievedBy::EmptyAfter, since: now });
        }
        any_went
    }

    /// Takes of what DNS said last what the operator takes, past all holds.
    pub(super) fn take(&mut self, taken: Taken, now: Moment) {
        match taken {
            Taken::Records { .. } => {
                let Self { kept, answered, .. } = self;
                kept.retain(|url| answered.contains(url));
                self.version += 1;
                // There is room now for all of them.
                self.unbooked = Unbooked::New;
            }
            Taken::Empty => {
                let since = self.belief().map_or(now, |belief| belief.since);
                self.forget_all();
                self.belief = Some(Belief { by: BelievedBy::Operator, since });
            }
            Taken::NeedsConsent | Taken::TooOld | Taken::Nothing => {}
        }
    }

    /// Takes over new settings for the same Service.
    ///
    /// What the policy no longer permits leaves at once; peers of another kind of host stay until
    /// the new question has records.
    pub(super) fn change(&mut self, question: Question, policy: &Policy, home: &Home, now: Moment) {
        if question != self.question {
            // Hosts of another kind are known by themselves, also in a later life.
            let is_same_kind = matches!(
                (&question, &self.question),
                (Question::Names { .. }, Question::Names { .. })
                    | (Question::Addresses { .. }, Question::Addresses { .. })
            );
            self.outdated |= is_same_kind;
            self.question = question;
            self.asking = Asking::new(now);
            self.forget_answer();
        }
        let Self { question, kept, answered, .. } = self;
        let is_wanted = |url: &ServiceUrl| is_wanted(url, question, policy, home);
        kept.reform(|url| in_form_of(policy, url));
        kept.retain(is_wanted);
        *answered = answered.iter().map(|url| in_form_of(policy, url)).filter(is_wanted).collect();
        self.version += 1;
    }

    /// Since when there are always peers missing that have not left yet, and how many there are now.
    pub(super) fn missing(&self) -> Option<(Moment, usize)> {
        let count = self.kept.missing();
        self.missing_since.filter(|_| count > 0).map(|since| (since, count))
    }

    /// How many peers of the last records answer are not listed for want of room, and since when there
    /// are such.
    pub(super) fn over_limit(&self) -> Option<&Dated<usize>> {
        self.over_limit.as_ref()
    }

    /// The kind of the last outcome.
    pub(super) fn last(&self) -> Option<&Dated<LastAnswer>> {
        self.last.as_ref()
    }

    /// Whether self was in the last records answer.
    pub(super) fn self_found(&self) -> Option<&Dated<bool>> {
        self.self_found.as_ref()
    }

    /// A few of the peers in the last records answer, for a message.
    pub(super) fn answered_sample(&self) -> Vec<ServiceUrl> {
        self.answered.iter().take(SAMPLE_MAX).cloned().collect()
    }

    /// Whether DNS's last word was records.
    pub(super) fn says_records(&self) -> bool {
        matches!(self.last, Some(Dated { value: LastAnswer::Records { .. }, .. }))
    }

    /// When the last of the missing peers may leave, should records go on to lack them.
    pub(super) fn missing_until(&self, policy: &Policy) -> Option<Moment> {
        let DurationOrNever::After(limit) = policy.remove_after else { return None };
        let latest = self.kept.latest_missed()?;
        self.says_records().then(|| self.records_stood.reaches(limit, latest))
    }

    /// When "empty" is believed, should DNS go on to say so.
    pub(super) fn empty_until(&self, policy: &Policy) -> Option<Moment> {
        let DurationOrNever::After(limit) = policy.empty_after else { return None };
        self.empty.map(|empty| empty.stood.reaches(limit, Duration::ZERO))
    }

    /// The peers in the last records answer whose names begin with this label.
    pub(super) fn answered_of_pod<'a>(
        &'a self,
        label: Option<&'a DnsName>,
    ) -> impl Iterator<Item = &'a ServiceUrl> {
        let is_first = move |url: &&ServiceUrl| match url.host() {
            Host::Name(name) => label.is_some_and(|label| name.labels().next() == Some(label.as_str())),
            Host::Address(_) => false,
        };
        self.answered.iter().filter(is_first)
    }

    /// The records of the last records answer that cannot be used; none where a failure says so.
    pub(super) fn unusable_beside_others(&self) -> Option<&Dated<UnusableRecords>> {
        self.unusable.as_ref().filter(|unusable| unusable.value.count() < unusable.value.of)
    }

    /// Since when DNS says "empty"; none where it says something else.
    pub(super) fn empty_since(&self) -> Option<Moment> {
        self.empty.map(|empty| empty.since)
    }

    /// Since when look-ups fail; none where the last one did not.
    pub(super) fn failing_since(&self) -> Option<Moment> {
        self.failing_since
    }

    /// A copy for the status.
    pub(super) fn status(&self) -> ServiceStatus {
        ServiceStatus {
            question: self.question.clone(),
            last: self.last.clone(),
            unanswered_since: self.asking.in_flight_since(),
            records_at: self.records_at,
            answered: self.answered.clone(),
            kept: self.kept().clone(),
            self_found: self.self_found.clone(),
            unusable: self.unusable.clone(),
        }
    }

    /// What was said to another question, and believed of it, says nothing of this one. The peers stay.
    fn forget_answer(&mut self) {
        self.last = None;
        self.heard_at = None;
        self.records_at = None;
        self.empty = None;
        self.failing_since = None;
        self.belief = None;
        self.self_found = None;
        self.unusable = None;
        self.unbooked = Unbooked::Nothing;
        self.version += 1;
    }

    fn forget_all(&mut self) -> bool {
        self.answered.clear();
        self.unusable = None;
        self.version += 1;
        !std::mem::take(&mut self.kept).all().is_empty()
    }

    fn note_missing(&mut self, now: Moment) {
        self.missing_since = self.is_anybody_missing().then(|| self.missing_since.unwrap_or(now));
    }

    fn is_anybody_missing(&self) -> bool {
        self.kept.missing() > 0
    }

    fn note_over_limit(&mut self, count: usize, now: Moment) {
        let since = self.over_limit.as_ref().map_or(now, |before| before.since);
        self.over_limit = (count > 0).then_some(Dated { value: count, since });
    }

    fn note_unusable(&mut self, records: Option<UnusableRecords>, now: Moment) {
        let since = self.unusable.take().map_or(now, |before| before.since);
        self.unusable = records.map(|value| Dated { value, since });
    }

    fn note_self(&mut self, found: Option<bool>, now: Moment) {
        let before = self.self_found.take();
        self.self_found = found.map(|value| match before {
            Some(before) if before.value == value => before,
            Some(_) | None => Dated { value, since: now },
        });
    }

    fn note(&mut self, value: LastAnswer, now: Moment) {
        self.heard_at = Some(now);
        let since = match &self.last {
            Some(last) if last.value.label() == value.label() => last.since,
            Some(_) | None => now,
        };
        self.last = Some(Dated { value, since });
    }
}

/// Whether this peer of a Service may be in a list: permitted, and not ourselves.
fn is_wanted(url: &ServiceUrl, question: &Question, policy: &Policy, home: &Home) -> bool {
    is_permitted(url, question, policy) && !home.is_self(url, policy)
}
