//! A stock Eureka server, as far as its peer list goes.

use std::time::Duration;

use eureka_peers::model::{Listing, PeerSet, Refusal, ServerFault, ServiceUrl};
use eureka_peers::reconcile::Replicas;

use crate::plan::{Manners, Time};

/// From reading its file to the opening of its port.
const START: Duration = Duration::from_secs(7);

/// The server in one pod.
pub(crate) struct Eureka {
    own: ServiceUrl,
    peers: PeerSet,
    /// The document it computed its list from; the same bytes again change nothing.
    computed_from: Option<Listing>,
    /// When its process began; none while it waits for the sidecar's start-up probe.
    born: Option<Time>,
    pub(crate) manners: Manners,
}

impl Eureka {
    pub(crate) fn new(own: ServiceUrl) -> Self {
        Self { own, peers: PeerSet::new(), computed_from: None, born: None, manners: Manners::Takes }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.born.is_some()
    }

    pub(crate) fn born(&self) -> Option<Time> {
        self.born
    }

    pub(crate) fn peers(&self) -> &PeerSet {
        &self.peers
    }

    /// The process begins, and reads the file.
    pub(crate) fn begin(&mut self, file: Option<&Listing>, now: Time) {
        self.born = Some(now);
        // The mask was a property of the process that is gone.
        if self.manners == Manners::Masked {
            self.manners = Manners::Takes;
        }
        self.computed_from = file.cloned();
        self.peers = file.map(|file| self.peers_in(file)).unwrap_or_default();
    }

    /// Answers a refresh; none is silence.
    pub(crate) fn refresh(&mut self, file: Option<&Listing>, now: Time) -> Option<Result<(), ServerFault>> {
        if !self.is_up(now) {
            return Some(Err(refused_connection()));
        }
        match self.manners {
            Manners::Takes | Manners::Slow => {
                self.take(file);
                Some(Ok(()))
            }
            Manners::Masked => Some(Ok(())),
            Manners::Hangs => None,
            Manners::Fails => Some(Err(ServerFault::Failing { status: 500, reason: "a bean".to_owned() })),
            Manners::Refuses => Some(Err(ServerFault::Refused(Refusal::Forbidden))),
        }
    }

    /// Says what it has.
    pub(crate) fn status(&self, now: Time) -> Result<Replicas, ServerFault> {
        let Some(born) = self.born.filter(|_| self.is_up(now)) else { return Err(refused_connection()) };
        let uptime_min = Some(now.saturating_sub(born).as_secs() / 60);
        Ok(Replicas { peers: self.peers.clone(), foreign: vec![], uptime_min })
    }

    fn is_up(&self, now: Time) -> bool {
        self.born.is_some_and(|born| now >= born + START)
    }

    fn take(&mut self, file: Option<&Listing>) {
        let Some(file) = file.filter(|file| self.computed_from.as_ref() != Some(*file)) else { return };
        self.computed_from = Some(file.clone());
        let peers = self.peers_in(file);
        // A running server ignores an empty list.
        if !peers.is_empty() {
            self.peers = peers;
        }
    }

    fn peers_in(&self, file: &Listing) -> PeerSet {
        file.urls().chain(file.sink()).filter(|url| **url != self.own).cloned().collect()
    }
}

fn refused_connection() -> ServerFault {
    ServerFault::Unreachable("connection refused".to_owned())
}
