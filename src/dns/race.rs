//! The rungs of all servers, one after another and then side by side.
//!
//! The next rung begins when one has failed, or after a short silence; those before it are still listened to.
//! The first usable answer ends it all, and a broken one ends nothing but its own rung.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::op::Query;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::model::{Answer, LookupFailure};

use super::exchange::{self, Brought, Patience, Rung};
use super::ladder::Climb;

/// How fast a race goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The silence after which the next rung begins.
    pub(super) silence: Duration,
    /// How long the last rung is waited for, and with it all others.
    pub(super) whole: Duration,
    /// From one datagram to the next on the first rung.
    pub(super) first_pause: Duration,
    /// The same on all others.
    pub(super) pause: Duration,
    /// The end, whatever has begun.
    pub(super) until: Instant,
}

/// One question to several servers.
pub(super) struct Race {
    query: Query,
    pace: Pace,
    climbs: Vec<Climb>,
    /// Ends with the race.
    running: JoinSet<(usize, Rung, Brought)>,
    has_begun: bool,
    failure: LookupFailure,
}

/// How a race ended.
pub(super) enum Finish {
    /// With the first usable answer.
    Won { climb: usize, rung: Rung, answer: Answer, length: usize },
    /// Without one; the failure that says most.
    Lost(LookupFailure),
}

impl Race {
    pub(super) fn new(query: Query, climbs: Vec<Climb>, pace: Pace) -> Self {
        let failure = LookupFailure::Timeout;
        Self { query, pace, climbs, running: JoinSet::new(), has_begun: false, failure }
    }

    pub(super) fn climbs(&self) -> &[Climb] {
        &self.climbs
    }

    pub(super) async fn run(&mut self) -> Finish {
        let mut next_begins = Instant::now();
        let mut ends = self.pace.until;
        loop {
            let next = self.climbs.iter().position(Climb::has_more);
            match next {
                Some(climb) if Instant::now() >= next_begins => {
                    self.begin(climb);
                    next_begins = Instant::now() + self.pace.silence;
                    ends = self.pace.until.min(next_begins + self.pace.whole);
                    continue;
                }
                None if self.running.is_empty() => return self.lost(),
                Some(_) | None => {}
            }
            let wakes = if next.is_some() { ends.min(next_begins) } else { ends };
            tokio::select! {
                biased;
                Some(ended) = self.running.join_next() => match ended {
                    Ok((climb, rung, Brought::Usable { answer, length })) => {
                        return Finish::Won { climb, rung, answer, length };
                    }
                    Ok((climb, rung, brought)) => {
                        self.note(climb, rung, brought);
                        next_begins = Instant::now();
                    }
                    // Nobody cancels it, so it has panicked.
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                () = sleep_until(wakes) => {
                    if Instant::now() >= ends {
                        return self.lost();
                    }
                }
            }
        }
    }

    fn begin(&mut self, climb: usize) {
        let server: SocketAddr = self.climbs[climb].server();
        let Some(rung) = self.climbs[climb].next_rung() else { return };
        let pause = if self.has_begun { self.pace.pause } else { self.pace.first_pause };
        self.has_begun = true;
        let whole = self.pace.until.saturating_duration_since(Instant::now());
        let asking = exchange::ask(server, self.query.clone(), rung, Patience { whole, pause });
        self.running.spawn(async move { (climb, rung, asking.await) });
    }

    fn note(&mut self, climb: usize, rung: Rung, brought: Brought) {
        self.climbs[climb].brought(rung, &brought);
        if let Some(failure) = brought.failure() {
            let earlier = std::mem::replace(&mut self.failure, LookupFailure::Timeout);
            self.failure = more_telling(earlier, failure);
        }
    }

    fn lost(&mut self) -> Finish {
        Finish::Lost(std::mem::replace(&mut self.failure, LookupFailure::Timeout))
    }
}

/// A server that said something tells more than a network that did not let us ask, and that tells
/// more than silence; among equals the later one.
fn more_telling(earlier: LookupFailure, later: LookupFailure) -> LookupFailure {
    if how_telling(&later) >= how_telling(&earlier) { later } else { earlier }
}

/// How much a failure says of DNS.
fn how_telling(failure: &LookupFailure) -> u8 {
    match failure {
        LookupFailure::Timeout => 0,
        LookupFailure::Network(_) => 1,
        LookupFailure::ServerFailure
        | LookupFailure::Refused
        | LookupFailure::ResponseCode(_)
        | LookupFailure::NegativeWithoutSoa
        | LookupFailure::Truncated
        | LookupFailure::Malformed(_)
        | LookupFailure::NotHeadless
        | LookupFailure::PortNameMissing
        | LookupFailure::AllDenied { .. }
        | LookupFailure::TooManyPeers { .. } => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_that_says_most_is_reported() {
        let network = || LookupFailure::Network("unreachable".into());
        assert_eq!(more_telling(LookupFailure::Refused, LookupFailure::Timeout), LookupFailure::Refused);
        assert_eq!(more_telling(LookupFailure::Timeout, LookupFailure::Refused), LookupFailure::Refused);
        assert_eq!(
            more_telling(LookupFailure::ServerFailure, LookupFailure::Refused),
            LookupFailure::Refused
        );
        assert_eq!(more_telling(network(), LookupFailure::Timeout), network());
        assert_eq!(more_telling(network(), LookupFailure::ServerFailure), LookupFailure::ServerFailure);
    }
}
