//! One pod: a sidecar's process, its volume, the server beside it, and the books kept of them.

use std::time::Duration;

use eureka_peers::model::{DurationOrNever, Listing, Message, Moment, PeerSet};
use eureka_peers::reconcile::{Policy, Publication, PublishFault, PublishOutcome};

use crate::books::Books;
use crate::eureka::Eureka;
use crate::names::{HostId, policy, static_peers};
use crate::plan::{Shape, Time};
use crate::promise::{Broken, Promise};
use crate::refreshes::Refreshes;
use crate::sabotage::Sabotage;
use crate::twins::Twins;

/// A pod of the workload.
pub(crate) struct Pod {
    /// Tells this pod from others of the same number.
    pub(crate) uid: u64,
    pub(crate) host: HostId,
    pub(crate) policy: Policy,
    pub(crate) sidecar: Option<Sidecar>,
    /// None beside a client.
    pub(crate) eureka: Option<Eureka>,
    pub(crate) files: Option<Publication>,
    pub(crate) is_full: bool,
    /// The next life finds the files without their state.
    pub(crate) loses_state: bool,
    pub(crate) suspended_until: Time,
    pub(crate) books: Books,
    pub(crate) refreshes: Refreshes,
    pub(crate) throws: u64,
    lives: u64,
}

/// One life of the sidecar's process.
pub(crate) struct Sidecar {
    pub(crate) machine: Twins,
    pub(crate) life: u64,
    pub(crate) born: Time,
    pub(crate) wakes_at: Option<Time>,
    pub(crate) publishing: Option<Publication>,
    /// The files are being compared with what was found in them.
    pub(crate) is_keeping: bool,
    /// Whether the last publication failed.
    pub(crate) has_failed: bool,
    /// Counts the refreshes, so that one that was dropped is recognised.
    pub(crate) refresh: u64,
    pub(crate) asked: Vec<Asked>,
}

/// The last question for one Service.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) is_in_flight: bool,
    not_before: Time,
}

impl Pod {
    pub(crate) fn new(shape: &Shape, uid: u64, host: HostId, is_client: bool) -> Self {
        let own = (!is_client).then_some(host);
        let policy = policy(shape, own);
        let url = own.map(HostId::url);
        let services = policy.questions.len();
        Self {
            uid,
            host,
            sidecar: None,
            eureka: url.clone().map(Eureka::new),
            files: None,
            is_full: false,
            loses_state: false,
            suspended_until: Time::ZERO,
            books: Books::new(url, static_peers(shape), services, shape),
            refreshes: Refreshes::default(),
            throws: 0,
            lives: 0,
            policy,
        }
    }

    /// A life of the sidecar begins, with what the one before it left.
    pub(crate) fn start_sidecar(&mut self, sabotage: Sabotage, now: Time) {
        self.lives += 1;
        let is_lost = std::mem::take(&mut self.loses_state) && self.files.is_some();
        let previous = self.files.as_ref().map(|files| &files.state);
        let previous = previous.filter(|_| sabotage != Sabotage::ForgetsItsLife && !is_lost);
        self.books.begin_life(self.listing().map(|listing| self.peers_of(listing)), is_lost);
        let mut machine = Twins::new(sabotage, sabotage.policy(&self.policy), previous);
        if is_lost && sabotage != Sabotage::ForgetsItsFiles {
            machine.found_document(Moment::START);
        }
        self.refreshes = Refreshes::default();
        self.sidecar = Some(Sidecar {
            machine,
            life: self.lives,
            born: now,
            wakes_at: None,
            publishing: None,
            is_keeping: false,
            has_failed: false,
            refresh: 0,
            asked: vec![Asked::default(); self.policy.questions.len()],
        });
    }

    /// What the file says.
    pub(crate) fn listing(&self) -> Option<&Listing> {
        self.files.as_ref().map(|files| &files.listing)
    }

    /// The peers in `listing`, self aside.
    pub(crate) fn peers_of(&self, listing: &Listing) -> PeerSet {
        let own = self.policy.own().map(|own| &own.url);
        listing.urls().filter(|url| Some(*url) != own).cloned().collect()
    }

    /// The publication in flight reaches the volume, or does not.
    pub(crate) fn write(&mut self, publication: Publication) -> PublishOutcome {
        if self.is_full {
            return PublishOutcome::Failed(PublishFault {
                reason: "full",
                message: Message::new("no space left on device", "").into(),
            });
        }
        if self.files.as_ref() == Some(&publication) {
            return PublishOutcome::Unchanged;
        }
        self.files = Some(publication);
        PublishOutcome::Written
    }

    /// The next purpose of a throw of dice.
    pub(crate) fn throw(&mut self) -> [u64; 3] {
        self.throws += 1;
        [2, self.uid, self.throws]
    }

    /// New settings, such as a reload brings them.
    pub(crate) fn change_policy(&mut self, policy: Policy, sabotage: Sabotage, now: Time) {
        let DurationOrNever::After(remove_after) = policy.remove_after else {
            unreachable!("no plan says never")
        };
        self.books.settings(policy.freeze, remove_after);
        self.refreshes.forget();
        if let Some(sidecar) = &mut self.sidecar {
            sidecar.machine.change_policy(sabotage.policy(&policy), sidecar.moment(now));
        }
        self.policy = policy;
    }
}

impl Sidecar {
    /// The process's own time.
    pub(crate) fn moment(&self, now: Time) -> Moment {
        Moment::at(now.saturating_sub(self.born))
    }

    /// A question goes out.
    pub(crate) fn asks(&mut self, service: usize, pause: Duration, now: Time) -> Result<(), Broken> {
        let asked = &mut self.asked[service];
        if asked.is_in_flight || now < asked.not_before {
            let expected = format!("no question before {:?}, and none beside another", asked.not_before);
            let seen = format!("a question at {now:?}, another in flight: {}", asked.is_in_flight);
            return Err(Broken::of(Promise::AsksInMeasure, expected, seen));
        }
        *asked = Asked { is_in_flight: true, not_before: now + pause };
        Ok(())
    }

    /// The operator wants an answer now.
    pub(crate) fn may_ask_now(&mut self) {
        self.asked.iter_mut().for_each(|asked| asked.not_before = Time::ZERO);
    }
}
