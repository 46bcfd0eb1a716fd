//! A stock Eureka server, as far as its peer list goes; it answers at once.

use std::cell::Cell;
use std::time::Duration;

use eureka_peers::model::{Listing, PeerSet, ServerFault, ServiceUrl};
use eureka_peers::reconcile::{RefreshCall, Replicas};

use crate::format::ServerAct;
use crate::settings::Settings;
use crate::words::{OnRefresh, Reply, Span, Written};

/// The server beside the sidecar.
pub(crate) struct Server {
    own: ServiceUrl,
    peers: PeerSet,
    foreign: Vec<String>,
    /// The document it computed its list from; the same bytes again change nothing.
    computed_from: Option<Listing>,
    is_down: bool,
    started: Duration,
    on_refresh: OnRefresh,
    status: Result<(), ServerFault>,
    second: Option<Second>,
}

/// Another server behind the same address.
struct Second {
    is_down: bool,
    peers: PeerSet,
    up_before: Duration,
    /// Whether it answers the next question.
    is_next: Cell<bool>,
}

impl Server {
    /// A server that has been given nothing yet.
    pub(crate) fn new(own: ServiceUrl) -> Self {
        Self {
            own,
            peers: PeerSet::new(),
            foreign: vec![],
            computed_from: None,
            is_down: false,
            started: Duration::ZERO,
            on_refresh: OnRefresh::Takes,
            status: Ok(()),
            second: None,
        }
    }

    /// The peers that it really has.
    pub(crate) fn peers(&self) -> &PeerSet {
        &self.peers
    }

    /// Does what a file says becomes of it.
    pub(crate) fn act(
        &mut self,
        act: &ServerAct,
        settings: &Settings,
        file: Option<&Listing>,
        now: Duration,
    ) {
        if act.restart {
            self.start(file, now);
        }
        self.is_down = act.down.unwrap_or(self.is_down);
        if let Some(Written(on_refresh)) = &act.refresh {
            self.on_refresh = on_refresh.clone();
        }
        if let Some(Written(Reply(status))) = &act.status {
            self.status.clone_from(status);
        }
        if let Some(peers) = &act.peers {
            self.peers = peers.iter().map(|Written(word)| settings.peer(word)).collect();
        }
        if let Some(second) = &act.second {
            self.second = Some(Second {
                is_down: second.down,
                peers: second.peers.iter().map(|Written(word)| settings.peer(word)).collect(),
                up_before: second.up_for.as_ref().map_or(Duration::ZERO, |Written(Span(span))| *span),
                is_next: Cell::new(true),
            });
        }
        if let Some(foreign) = &act.foreign {
            self.foreign.clone_from(foreign);
        }
    }

    /// Hears of a refresh; none is silence.
    pub(crate) fn refresh(
        &mut self,
        call: RefreshCall,
        file: Option<&Listing>,
        handed_over: &Listing,
    ) -> Option<Result<(), ServerFault>> {
        if self.is_down {
            return Some(Err(refused()));
        }
        match &self.on_refresh {
            OnRefresh::Hangs => None,
            OnRefresh::Ignores => Some(Ok(())),
            OnRefresh::Answers(fault) => Some(Err(fault.clone())),
            OnRefresh::Takes => {
                let listing = match call {
                    RefreshCall::Refresh => file,
                    RefreshCall::Env => Some(handed_over),
                };
                self.take(listing);
                Some(Ok(()))
            }
        }
    }

    /// Says what it has.
    pub(crate) fn status(&self, now: Duration) -> Result<Replicas, ServerFault> {
        if let Some(second) =
            self.second.as_ref().filter(|second| second.is_next.replace(!second.is_next.get()))
        {
            return second.status(now);
        }
        if self.is_down {
            return Err(refused());
        }
        self.status.clone()?;
        Ok(Replicas {
            peers: self.peers.clone(),
            foreign: self.foreign.clone(),
            uptime_min: Some(now.saturating_sub(self.started).as_secs() / 60),
        })
    }

    fn start(&mut self, file: Option<&Listing>, now: Duration) {
        self.started = now;
        self.foreign.clear();
        self.computed_from = file.cloned();
        self.peers = file.map(|file| self.peers_in(file)).unwrap_or_default();
    }

    fn take(&mut self, listing: Option<&Listing>) {
        let Some(listing) = listing.filter(|listing| self.computed_from.as_ref() != Some(*listing)) else {
            return;
        };
        self.computed_from = Some(listing.clone());
        let peers = self.peers_in(listing);
        // A running server ignores an empty list.
        if !peers.is_empty() {
            self.peers = peers;
            self.foreign.clear();
        }
    }

    fn peers_in(&self, listing: &Listing) -> PeerSet {
        listing.urls().chain(listing.sink()).filter(|url| url.host() != self.own.host()).cloned().collect()
    }
}

impl Second {
    fn status(&self, now: Duration) -> Result<Replicas, ServerFault> {
        if self.is_down {
            return Err(refused());
        }
        let uptime_min = Some((self.up_before + now).as_secs() / 60);
        Ok(Replicas { peers: self.peers.clone(), foreign: vec![], uptime_min })
    }
}

fn refused() -> ServerFault {
    ServerFault::Unreachable("connection refused".to_owned())
}
