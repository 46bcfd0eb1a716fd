//! One log line a change: never one a poll, never a password.
//!
//! Of a condition there is a line when it begins, when its cause becomes known or another one, and when it
//! ends, with how long it lasted and what is so now; never for counts, ages and times. An end is at the level
//! of the line before it, so that a log of warnings has both. The beginnings of a kind (for one Service,
//! where it is about one) are a minute apart, unless it has become more serious: what flaps is said once. A
//! Service that was held as empty and is believed to be so has both lines: the end of the hold, and what follows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, field, info, warn};

use crate::model::{Moment, PeerSet, Port, ServiceUrl};
use crate::reconcile::{
    Change, Condition, ConditionKind, NotAdopted, PeersOfChange, PublishOutcome, Repairs, ServiceStatus,
    Severity, Situation, Status,
};
use crate::wording::{ended, seconds, situation, why_no_list};

/// As long as records may lack the pod of a server that starts, and is listed only when it is ready.
const SELF_MISSING_MAX: Duration = Duration::from_secs(60);

/// Between two lines that say of the same condition that it is so.
const LINE_INTERVAL: Duration = Duration::from_secs(60);

/// Bytes of names in one value of a line: the log cuts values at 2,048, and the count behind them is not to be lost.
const NAMES_LENGTH_MAX: usize = 2000;

const REPAIRED: &str = "published again: the files had been changed or removed by others";

/// What has been said already.
#[derive(Debug, Default)]
pub(super) struct Journal {
    last_change: u64,
    conditions: Vec<Said>,
    /// When it was last said that the start waits.
    reminded: Option<Moment>,
    adopted: Option<PeerSet>,
    own_port: Option<Port>,
    /// Files that were put right: said one by one, until there is a condition that says it of all.
    repairs: Repairs,
}

/// What the log last said of a condition.
#[derive(Debug)]
struct Said {
    situation: Situation,
    /// Since when it is so, as the status last said.
    since: Moment,
    /// When there was last a line that it is so.
    latest_line: Moment,
    is_over: bool,
}

/// What a publication is about. Peers are other servers, here as everywhere: self and sink are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Publishing {
    /// The files as the start found them.
    AsFound,
    /// The wanted list.
    List {
        /// How many peers it has.
        peers: usize,
    },
    /// A server that is alone, with the sink beside it, so that the server lets its last dead peers go.
    Flush,
    /// The first list after that: the server alone.
    Flushed,
    /// The same list under a new generation key, for a server that took the refresh and not the list.
    Retry {
        /// How many peers it has.
        peers: usize,
        /// The new key.
        generation: u64,
    },
}

impl Journal {
    /// Says what is new in `status`.
    pub(super) fn note(&mut self, status: &Status, now: Moment) {
        self.remind(status, now);
        self.note_own(status);
        self.note_changes(status);
        self.note_conditions(status, now);
        self.note_adopted(status);
    }

    /// Says how a publication ended, where it changed something.
    pub(super) fn published(&mut self, outcome: &PublishOutcome, publishing: Publishing, now: Moment) {
        let peers = match publishing {
            Publishing::AsFound => None,
            Publishing::Flush | Publishing::Flushed => Some(0),
            Publishing::List { peers } | Publishing::Retry { peers, .. } => Some(peers),
        };
        match outcome {
            PublishOutcome::Written => match publishing {
                Publishing::Flush => {
                    info!(peers, "published with the sink: the server is to let its last peers go");
                }
                Publishing::Flushed => info!(peers, "published without the sink: the last peers are gone"),
                Publishing::Retry { generation, .. } => info!(
                    peers,
                    generation, "published for a counted retry: the server took the refresh and not the list"
                ),
                Publishing::AsFound | Publishing::List { .. } => info!(peers, "published"),
            },
            PublishOutcome::Repaired => self.repaired(peers, now),
            PublishOutcome::Unchanged => debug!(peers, "the files say so already"),
            // Shown as a condition, once and for as long as it lasts.
            PublishOutcome::Failed(_) | PublishOutcome::Lost(_) => {}
        }
    }

    fn repaired(&mut self, peers: Option<usize>, now: Moment) {
        self.repairs.book(now);
        if self.repairs.of_another_writer(now).is_some() {
            debug!(peers, "{REPAIRED}");
        } else {
            warn!(peers, "{REPAIRED}");
        }
    }

    /// A pod that waits is told of again and again: anyone who looks at its log sees the end of it.
    fn remind(&mut self, status: &Status, now: Moment) {
        let is_waiting = |condition: &&Condition| condition.kind() == ConditionKind::StartWaits;
        let Some(waiting) = status.conditions.iter().find(is_waiting) else {
            self.reminded = None;
            return;
        };
        let said = *self.reminded.get_or_insert(now);
        if now.since(said) >= LINE_INTERVAL {
            self.reminded = Some(now);
            let severity = waiting.situation.severity();
            say(&waiting.situation, severity, None, &why_no_list(status, now));
        }
    }

    /// Once, where its own record has told another port than was taken until then.
    fn note_own(&mut self, status: &Status) {
        let Some(port) = status.own_port else { return };
        if port != self.own_port.unwrap_or(Port::EUREKA) {
            let (own, port) = (status.own.as_ref().map(field::display), port.get());
            info!(own, port, "the server beside us listens on the port of its own SRV record");
        }
        self.own_port = Some(port);
    }

    fn note_changes(&mut self, status: &Status) {
        for change in self.unsaid(&status.history) {
            let (cause, peers) = (change.cause.label(), change.peers);
            if change.added.count() + change.removed.count() == 0 {
                info!(cause, peers, "the list begins without peers");
            } else {
                let (added, removed) = (listed(&change.added), listed(&change.removed));
                info!(cause, added, removed, peers, "peers changed");
            }
        }
    }

    /// The changes that were not said yet; they count as said from here on.
    fn unsaid<'a>(
        &mut self,
        history: &'a VecDeque<Arc<Change>>,
    ) -> impl Iterator<Item = &'a Change> + use<'a> {
        let newest = history.back().map_or(self.last_change, |change| change.number);
        // Numbers that fall are those of a loop that was started again.
        let said = if newest < self.last_change { 0 } else { self.last_change };
        self.last_change = newest;
        history.iter().map(Arc::as_ref).filter(move |change| change.number > said)
    }

    fn note_conditions(&mut self, status: &Status, now: Moment) {
        for said in self.conditions.iter_mut().filter(|said| !said.is_over) {
            said.since = status.conditions.iter().find(|it| said.is_of(it)).map_or(said.since, |it| it.since);
        }
        let is_so = |said: &Said| status.conditions.iter().any(|condition| said.is_of(condition));
        let waits = status.conditions.iter().any(|condition| condition.kind() == ConditionKind::StartWaits);
        for said in self.conditions.iter_mut().filter(|said| !said.is_over && !is_so(said)) {
            said.is_over = true;
            // A start that begins to wait still knows nothing.
            if !(waits && said.situation.kind() == ConditionKind::NothingKnown) {
                said.say_end(status, now);
            }
        }
        for condition in status.conditions.iter().filter(|condition| is_worth_saying(condition, status)) {
            self.note_condition(condition, now);
        }
        self.conditions.retain(|said| !said.is_over || now.since(said.latest_line) < LINE_INTERVAL);
    }

    /// Says that a condition is so, where that is news and its time has come.
    pub(super) fn note_condition(&mut self, condition: &Condition, now: Moment) {
        let Condition { situation: it, since, .. } = condition;
        let mut severity = it.severity();
        if let Some(at) = self.conditions.iter().position(|said| said.is_of(condition)) {
            if !self.conditions[at].is_news(it, now) {
                return;
            }
            let before = self.conditions.swap_remove(at);
            // That it has become less serious is for those who were told how serious it was.
            if !before.is_over {
                severity = severity.max(before.situation.severity());
            }
        }
        say(it, severity, None, &situation(it).to_string());
        self.conditions.push(Said { situation: it.clone(), since: *since, latest_line: now, is_over: false });
    }

    fn note_adopted(&mut self, status: &Status) {
        let Some(adopted) = status.adopted.as_ref().map(|adopted| &adopted.value) else { return };
        let is_desired = status.desired.as_ref().is_some_and(|desired| desired.value == *adopted);
        if is_desired && self.adopted.as_ref() != Some(adopted) {
            let seconds = status.propagation.as_ref().map(|propagation| seconds(propagation.value));
            info!(
                peers = adopted.len(),
                seconds, "adopted: the server's own status lists exactly the desired peers"
            );
        }
        self.adopted = Some(adopted.clone());
    }
}

impl Said {
    /// Whether `other` is the same condition: of its kind, and about the same Service.
    fn is_of(&self, other: &Condition) -> bool {
        self.situation.is_about_same(&other.situation)
    }

    fn is_news(&self, situation: &Situation, now: Moment) -> bool {
        let is_new = self.is_over || !self.situation.has_cause_of(situation);
        let is_worse = situation.severity() > self.situation.severity();
        is_new && (is_worse || now.since(self.latest_line) >= LINE_INTERVAL)
    }

    fn say_end(&self, status: &Status, now: Moment) {
        let duration = now.since(self.since);
        let message = ended(&self.situation, duration, status).to_string();
        say(&self.situation, self.situation.severity(), Some(duration), &message);
    }
}

/// That there is no list of our own says nothing before DNS has had its first word, that records lack us
/// nothing while the pod may only be starting, and that a list is not adopted little before the likely reason
/// is known, which takes a moment.
fn is_worth_saying(condition: &Condition, status: &Status) -> bool {
    let mut services = status.services.iter();
    match &condition.situation {
        Situation::NothingKnown { .. } | Situation::HeldDocument { .. } => {
            services.any(|service| service.last.is_some())
        }
        Situation::SelfNotFound(_) => services.any(|service| lacks_self_for_long(service, condition.since)),
        Situation::NotAdopted(why) => *why != NotAdopted::Unknown,
        _ => true,
    }
}

/// Whether the records of this Service have lacked self since then, in answers that are far enough apart.
fn lacks_self_for_long(service: &ServiceStatus, since: Moment) -> bool {
    let lacks = service.self_found.as_ref().is_some_and(|found| !found.value && found.since == since);
    lacks && service.records_at.is_some_and(|latest| latest.since(since) >= SELF_MISSING_MAX)
}

/// At the level of this severity; with how long it lasted where it is over.
fn say(situation: &Situation, severity: Severity, lasted: Option<Duration>, message: &str) {
    let condition = situation.kind().label();
    let (question, seconds) = (situation.question().map(field::display), lasted.map(seconds));
    match severity {
        Severity::Info => info!(condition, question, seconds, "{message}"),
        Severity::Warning => warn!(condition, question, seconds, "{message}"),
        Severity::Critical => error!(condition, question, seconds, "{message}"),
    }
}

/// As many of the names as a value of the log has room for, and how many there are besides.
fn listed(peers: &PeersOfChange) -> String {
    let mut room = NAMES_LENGTH_MAX;
    let fits = |url: &&str| room.checked_sub(url.len() + 1).map(|rest| room = rest).is_some();
    let named: Vec<_> = peers.named().iter().map(ServiceUrl::as_str).take_while(fits).collect();
    match peers.count() - named.len() {
        0 => named.join(" "),
        more => format!("{} and {more} more", named.join(" ")),
    }
}

#[cfg(test)]
mod tests;
