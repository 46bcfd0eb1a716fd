//! The reference model of one pod: what it was told, and what its list may therefore be.
//!
//! Written from the contract and from nothing else: it shares no rule with the machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use eureka_peers::model::{Answer, Listing, PeerSet, ServiceUrl};

use crate::names::url_of_record;
use crate::plan::{Shape, Time};
use crate::promise::{Broken, Promise, said};

/// How long a question may take beside the intervals.
const LOOKUP_MAX: Duration = Duration::from_secs(10);

/// What one sidecar was told.
pub(crate) struct Books {
    own: Option<ServiceUrl>,
    statics: PeerSet,
    /// By Service: every peer that an answer has ever named to this pod.
    named: Vec<PeerSet>,
    services: Vec<Service>,
    /// How many peers the latest answers named, and when.
    counts: VecDeque<(Time, usize)>,
    /// What the last publication that was begun says, in any life.
    listed: Option<PeerSet>,
    /// The present life knows nothing of it.
    has_lost_state: bool,
    /// The operator has decided since the last publication.
    is_operators_will: bool,
    freeze: Freeze,
    /// The latest publication has not succeeded yet: what was told since then may be in no list.
    is_pending: bool,
    /// Those in the list who may go at any time: their time was over, or the operator wants it so, while
    /// the list could not change.
    released: PeerSet,
    /// Longer than that between two answers the sidecar did not run, and has seen nothing.
    gap_max: Duration,
    remove_after: Duration,
    shrink_after: Duration,
}

/// The operator's freeze.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freeze {
    Lifted,
    /// In force since a publication was pending: the list that was wanted then has yet to be written.
    Behind,
    InForce,
}

/// What was told of one Service in the present life.
#[derive(Default)]
struct Service {
    latest: Option<PeerSet>,
    /// DNS's last word is that there is nobody.
    is_denied: bool,
    /// Since when DNS's last word is records.
    stands_since: Option<Time>,
    /// How long, in all, DNS's last word was records.
    stood: Duration,
    missing: BTreeMap<ServiceUrl, Missing>,
}

struct Missing {
    answers: u32,
    since_stood: Duration,
}

impl Books {
    pub(crate) fn new(own: Option<ServiceUrl>, statics: PeerSet, services: usize, shape: &Shape) -> Self {
        // With two Services, an answer counts from the other's answer before it: a pause earlier.
        let earlier = if services > 1 { shape.interval.mul_f64(1.1) } else { Duration::ZERO };
        Self {
            own,
            statics,
            named: vec![PeerSet::new(); services],
            services: (0..services).map(|_| Service::default()).collect(),
            counts: VecDeque::new(),
            listed: None,
            has_lost_state: false,
            is_operators_will: false,
            freeze: Freeze::Lifted,
            is_pending: false,
            released: PeerSet::new(),
            gap_max: 2 * shape.interval + LOOKUP_MAX,
            remove_after: shape.remove_after,
            shrink_after: shape.shrink_after.saturating_sub(earlier),
        }
    }

    /// The sidecar has died. What it was told goes with it; what it published stays.
    /// Where the state `is_lost`, nothing is known of those who are listed: they may go with the first list.
    pub(crate) fn begin_life(&mut self, listed: Option<PeerSet>, is_lost: bool) {
        self.services.iter_mut().for_each(|service| *service = Service::default());
        self.counts.clear();
        self.released.clear();
        self.is_pending = false;
        self.is_not_behind();
        self.listed = listed;
        self.has_lost_state = is_lost;
        if is_lost {
            self.released.extend(self.listed.iter().flatten().cloned());
        }
    }

    /// The operator accepts what DNS says.
    pub(crate) fn accepts(&mut self) {
        self.is_operators_will = true;
        self.counts.clear();
        for service in self.services.iter_mut().filter(|service| service.is_denied) {
            service.latest = None;
        }
        // A client's list stays rather than being empty, and goes with the next word of any Service.
        let is_named = |url: &&ServiceUrl| {
            self.services.iter().flat_map(|service| &service.latest).any(|latest| latest.contains(*url))
        };
        let nobodys = self.listed.iter().flatten().filter(|url| !is_named(url)).cloned();
        self.released.extend(nobodys);
    }

    /// New settings are in force; what is listed is beyond doubt.
    pub(crate) fn settings(&mut self, is_frozen: bool, remove_after: Duration) {
        if self.freeze != Freeze::Lifted || self.is_pending {
            let listed = self.listed.iter().flatten();
            let released: PeerSet = listed.filter(|url| self.may_leave(url).is_ok()).cloned().collect();
            self.released.extend(released);
        }
        self.freeze = match self.freeze {
            _ if !is_frozen => Freeze::Lifted,
            Freeze::Lifted if self.is_pending => Freeze::Behind,
            Freeze::Lifted => Freeze::InForce,
            as_before => as_before,
        };
        self.remove_after = remove_after;
        self.counts.clear();
    }

    /// The publication that was begun has ended.
    pub(crate) fn has_published(&mut self, has_failed: bool) {
        self.is_pending = has_failed;
    }

    fn is_not_behind(&mut self) {
        if self.freeze == Freeze::Behind {
            self.freeze = Freeze::InForce;
        }
    }

    /// An answer to the question asked at `asked` has come.
    pub(crate) fn told(&mut self, service: usize, answer: &Answer, asked: Time, now: Time) {
        let at = service;
        let service = &mut self.services[at];
        if let Some(since) = service.stands_since.take() {
            let until = if matches!(answer, Answer::Records(_)) { now } else { asked };
            service.stood += until.saturating_sub(since).min(self.gap_max);
        }
        service.is_denied = matches!(answer, Answer::Empty { .. });
        let Answer::Records(records) = answer else { return };
        service.stands_since = Some(now);
        let peers: PeerSet =
            records.iter().map(url_of_record).filter(|url| Some(url) != self.own.as_ref()).collect();
        service.missing.retain(|url, _| !peers.contains(url));
        self.released.retain(|url| !peers.contains(url));
        service.missing.values_mut().for_each(|missing| missing.answers += 1);
        for url in self.listed.iter().chain(&service.latest).flatten().filter(|url| !peers.contains(*url)) {
            let missing = Missing { answers: 1, since_stood: service.stood };
            service.missing.entry(url.clone()).or_insert(missing);
        }
        self.named[at].extend(peers.iter().cloned());
        service.latest = Some(peers);
        if let Some(count) = self.count() {
            self.counts.push_back((now, count));
        }
        while self.counts.front().is_some_and(|(at, _)| *at + self.shrink_after <= now) {
            self.counts.pop_front();
        }
    }

    /// A publication of `listing` begins; `is_fresh` where the answer on which it rests came just now.
    pub(crate) fn publishes(&mut self, listing: &Listing, is_fresh: bool) -> Result<(), Broken> {
        let peers: PeerSet = listing.urls().filter(|url| Some(*url) != self.own.as_ref()).cloned().collect();
        let before = self.listed.replace(peers.clone());
        self.is_pending = true;
        self.has_lost_state = false;
        let is_operators_will = std::mem::take(&mut self.is_operators_will);
        let freeze = self.freeze;
        self.is_not_behind();
        self.names_only_peers(listing, &peers)?;
        self.is_given_at_once(&peers)?;
        let Some(before) = before.filter(|_| !is_operators_will) else { return Ok(()) };
        if freeze == Freeze::InForce && before != peers {
            let expected = format!("the frozen list: {}", said(&before));
            return Err(Broken::of(Promise::Frozen, expected, said(&peers)));
        }
        let left: PeerSet = before.difference(&peers).cloned().collect();
        left.iter().try_for_each(|url| self.may_leave(url))?;
        if is_fresh && !left.is_empty() { self.is_plausible(&before, &peers) } else { Ok(()) }
    }

    /// Everything that DNS names now stands in the list, unless the operator has frozen it, or it is files
    /// without their state that have to stay.
    pub(crate) fn is_given_at_once(&self, listed: &PeerSet) -> Result<(), Broken> {
        let named = self.services.iter().filter_map(|service| service.latest.as_ref()).flatten();
        let lacking: PeerSet = named.filter(|url| !listed.contains(*url)).cloned().collect();
        if self.freeze != Freeze::Lifted || lacking.is_empty() || !self.may_replace_found() {
            return Ok(());
        }
        let expected = format!("a list with {}, which DNS named just now", said(&lacking));
        Err(Broken::of(Promise::AdditionAtOnce, expected, said(listed)))
    }

    /// Whether the operator, or the Service that names self, lets a first list begin.
    pub(crate) fn may_begin(&self) -> bool {
        self.is_operators_will || self.services[0].latest.is_some()
    }

    /// Whether files without their state may be replaced now.
    pub(crate) fn may_replace_found(&self) -> bool {
        let all = self.services.iter().all(|service| service.latest.is_some());
        !self.has_lost_state || self.is_operators_will || all
    }

    /// Whether any Service has given records since the start.
    pub(crate) fn has_records(&self) -> bool {
        self.services.iter().any(|service| service.latest.is_some())
    }

    /// What the last publication that was begun says.
    pub(crate) fn listed(&self) -> Option<&PeerSet> {
        self.listed.as_ref()
    }

    fn names_only_peers(&self, listing: &Listing, peers: &PeerSet) -> Result<(), Broken> {
        let has_own = listing.urls().any(|url| Some(url) == self.own.as_ref());
        if has_own && !peers.is_empty() {
            let expected = "self beside nobody else";
            return Err(Broken::of(Promise::SelfOnlyAlone, expected, said(peers)));
        }
        if !has_own && peers.is_empty() {
            let expected = "a list that names somebody";
            return Err(Broken::of(Promise::NeverEmpty, expected, "nothing"));
        }
        let is_known = |url| self.statics.contains(url) || self.named.iter().any(|named| named.contains(url));
        match peers.iter().find(|url| !is_known(*url)) {
            Some(stranger) => {
                let expected = "peers that DNS has named, or the settings name";
                Err(Broken::of(Promise::NoStranger, expected, stranger.to_string()))
            }
            None => Ok(()),
        }
    }

    fn may_leave(&self, url: &ServiceUrl) -> Result<(), Broken> {
        let home = |at: &usize| self.named[*at].contains(url);
        let absence = |at: usize| {
            let missing = self.services[at].missing.get(url);
            missing.map_or((0, Duration::ZERO), |missing| {
                (missing.answers, self.services[at].stood.saturating_sub(missing.since_stood))
            })
        };
        let absences: Vec<_> = (0..self.services.len()).filter(home).map(absence).collect();
        let is_over = absences.iter().all(|(answers, stood)| *answers >= 2 && *stood >= self.remove_after);
        if is_over || self.released.contains(url) {
            return Ok(());
        }
        let expected = format!(
            "{url} in the list until two records answers in a row lack it and it has been missing for {:?}",
            self.remove_after
        );
        let seen = absences.iter().map(|(answers, stood)| {
            format!("it leaves after {answers} answers without it, DNS having given records for {stood:?} of that time")
        });
        let seen = seen.collect::<Vec<_>>().join("; ");
        Err(Broken::of(Promise::SlowToRemove, expected, seen))
    }

    fn is_plausible(&self, before: &PeerSet, after: &PeerSet) -> Result<(), Broken> {
        let (Some(peak), Some((_, latest))) =
            (self.counts.iter().map(|(_, count)| *count).max(), self.counts.back())
        else {
            return Ok(());
        };
        if 2 * latest >= peak {
            return Ok(());
        }
        let expected = format!(
            "{}, because {latest} peers are less than half of the {peak} within the last {:?}",
            said(before),
            self.shrink_after
        );
        Err(Broken::of(Promise::ShrinkDoubted, expected, said(after)))
    }

    /// How many peers DNS names; none before every Service has given records.
    fn count(&self) -> Option<usize> {
        let latest = self.services.iter().map(|service| service.latest.as_ref());
        latest.collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect::<BTreeSet<_>>().len())
    }
}
