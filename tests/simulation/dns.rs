//! DNS between the cluster and a sidecar: replicas that lag, caches that disagree, faults on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use eureka_peers::model::{Answer, LookupFailure};

use crate::dice::millis;
use crate::names::HostId;
use crate::plan::{Path, Shape, Time};

/// How long the look-up waits for a silent server.
const SILENCE: Duration = Duration::from_secs(4);
/// When the look-up sends a lost datagram again.
const RESEND: Duration = Duration::from_millis(333);

/// What the API server has said of each Service, and when.
pub(crate) struct Dns {
    truth: Vec<Vec<(Time, BTreeSet<HostId>)>>,
    replicas: Vec<Replica>,
    lag_max: Duration,
    pub(crate) path: Path,
}

struct Replica {
    cache: Option<Duration>,
    /// By Service: which hosts are cached, and until when.
    cached: Vec<Option<(BTreeSet<HostId>, Time)>>,
}

/// An answer, and how long it takes.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) after: Duration,
}

impl Dns {
    pub(crate) fn new(shape: &Shape) -> Self {
        let replica = |cache: &Option<Duration>| Replica { cache: *cache, cached: vec![None; 2] };
        Self {
            truth: vec![vec![(Time::ZERO, BTreeSet::new())]; 2],
            replicas: shape.caches.iter().map(replica).collect(),
            lag_max: shape.lag_max,
            path: Path::Works,
        }
    }

    /// The Service's endpoints as they are.
    pub(crate) fn truth(&self, service: usize) -> &BTreeSet<HostId> {
        let (_, hosts) = self.truth[service].last().expect("there is always one");
        hosts
    }

    /// The endpoints change.
    pub(crate) fn change(&mut self, service: usize, now: Time, change: impl FnOnce(&mut BTreeSet<HostId>)) {
        let mut hosts = self.truth(service).clone();
        change(&mut hosts);
        let changes = &mut self.truth[service];
        // What is older than any lag can never be answered again.
        let oldest = now.saturating_sub(self.lag_max);
        let before = changes.iter().take_while(|(since, _)| *since <= oldest).count();
        changes.drain(..before.saturating_sub(1));
        changes.push((now, hosts));
    }

    /// What becomes of a question.
    pub(crate) fn ask(&mut self, service: usize, now: Time, rng: &mut fastrand::Rng) -> Reply {
        let quick = millis(rng, 0, 5);
        let failed = |failure, after| Reply { answer: Answer::Failed(failure), after };
        match self.path {
            Path::ServFail => failed(LookupFailure::ServerFailure, quick),
            Path::Refused => failed(LookupFailure::Refused, quick),
            Path::Silent => failed(LookupFailure::Timeout, SILENCE),
            Path::Lossy(percent) if rng.u8(..100) < percent => {
                Reply { after: RESEND, ..self.answer(service, now, rng) }
            }
            Path::Works | Path::Lossy(_) | Path::Denied => {
                Reply { after: quick, ..self.answer(service, now, rng) }
            }
        }
    }

    fn answer(&mut self, service: usize, now: Time, rng: &mut fastrand::Rng) -> Reply {
        let replica = rng.usize(..self.replicas.len());
        let lag = millis(rng, 0, u64::try_from(self.lag_max.as_millis()).expect("short"));
        let fresh = self.said(service, now.saturating_sub(lag));
        let replica = &mut self.replicas[replica];
        let said = match &replica.cached[service] {
            Some((said, until)) if now < *until => said.clone(),
            Some(_) | None => {
                replica.cached[service] = replica.cache.map(|ttl| (fresh.clone(), now + ttl));
                fresh
            }
        };
        let answer = if said.is_empty() {
            Answer::Empty { no_such_name: true, soa_serial: 7 }
        } else {
            Answer::Records(said.into_iter().map(HostId::record).collect())
        };
        Reply { answer, after: Duration::ZERO }
    }

    /// The hosts that CoreDNS knew of at that time.
    fn said(&self, service: usize, at: Time) -> BTreeSet<HostId> {
        if self.path == Path::Denied {
            return BTreeSet::new();
        }
        let changes = &self.truth[service];
        let (_, hosts) = changes.iter().rev().find(|(since, _)| *since <= at).unwrap_or(&changes[0]);
        hosts.clone()
    }
}
