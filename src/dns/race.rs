//! The rungs of all servers, one after another and then side by side.
//!
//! The next rung begins when one has failed, or after a short silence; those before it are still listened to.
//! The first usable answer ends it all, and a broken one ends nothing but its own rung.

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
    /// How long the last rung is waited for where each server has spoken, and has no answer.
    pub(super) after_words: Duration,
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
    last_begun: Option<Instant>,
    /// What to say where nothing better comes.
    so_far: Answer,
}

/// How a race ended.
pub(super) enum Finish {
    /// With the first usable answer.
    Won { climb: usize, rung: Rung, answer: Answer, length: usize },
    /// Without one; what says most.
    Lost(Answer),
}

impl Race {
    pub(super) fn new(query: Query, climbs: Vec<Climb>, pace: Pace) -> Self {
        let so_far = Answer::Failed(LookupFailure::Timeout);
        Self { query, pace, climbs, running: JoinSet::new(), last_begun: None, so_far }
    }

    pub(super) fn climbs(&self) -> &[Climb] {
        &self.climbs
    }

    pub(super) async fn run(&mut self) -> Finish {
        let mut next_begins = Instant::now();
        loop {
            let next = self.climbs.iter().position(Climb::has_more);
            match next {
                Some(climb) if Instant::now() >= next_begins => {
                    self.begin(climb);
                    next_begins = Instant::now() + self.pace.silence;
                    continue;
                }
                None if self.running.is_empty() => return self.lost(),
                Some(_) | None => {}
            }
            let ends = self.ends();
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

    /// A server that is slow is waited for to the end of the look-up.
    fn ends(&self) -> Instant {
        match self.last_begun {
            Some(begun) if !self.climbs.iter().any(Climb::may_be_slow) => {
                self.pace.until.min(begun + self.pace.silence + self.pace.after_words)
            }
            Some(_) | None => self.pace.until,
        }
    }

    fn begin(&mut self, climb: usize) {
        let (server, standing) = (self.climbs[climb].server(), self.climbs[climb].standing());
        let Some(rung) = self.climbs[climb].next_rung() else { return };
        let pause = if self.last_begun.is_some() { self.pace.pause } else { self.pace.first_pause };
        let now = Instant::now();
        self.last_begun = Some(now);
        let whole = self.pace.until.saturating_duration_since(now);
        let asking = exchange::ask(server, standing, self.query.clone(), rung, Patience { whole, pause });
        self.running.spawn(async move { (climb, rung, asking.await) });
    }

    fn note(&mut self, climb: usize, rung: Rung, brought: Brought) {
        self.climbs[climb].brought(rung, &brought);
        if let Some(answer) = brought.or_else().filter(|answer| is_as_telling(answer, &self.so_far)) {
            self.so_far = answer;
        }
    }

    fn lost(&mut self) -> Finish {
        Finish::Lost(std::mem::replace(&mut self.so_far, Answer::Failed(LookupFailure::Timeout)))
    }
}

/// A server that said something tells more than a network that did not let us ask, and that tells
/// more than silence; among equals the later one.
fn is_as_telling(later: &Answer, earlier: &Answer) -> bool {
    how_telling(later) >= how_telling(earlier)
}

/// How much it says of DNS.
fn how_telling(answer: &Answer) -> u8 {
    match answer {
        Answer::Failed(LookupFailure::Timeout) => 0,
        Answer::Failed(LookupFailure::Network(_)) => 1,
        Answer::Failed(_) => 2,
        Answer::Records(_) | Answer::Empty { .. } => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_most_is_reported() {
        let network = LookupFailure::Network("unreachable".into());
        let none_usable = Answer::Records(Vec::new());
        let is = |later: LookupFailure, earlier: LookupFailure| {
            is_as_telling(&Answer::Failed(later), &Answer::Failed(earlier))
        };
        assert!(!is(LookupFailure::Timeout, LookupFailure::Refused));
        assert!(is(LookupFailure::Refused, LookupFailure::Timeout));
        assert!(is(LookupFailure::Refused, LookupFailure::ServerFailure));
        assert!(is(LookupFailure::ServerFailure, LookupFailure::Refused));
        assert!(is(network.clone(), LookupFailure::Timeout));
        assert!(!is(LookupFailure::Timeout, network.clone()));
        assert!(!is(network, LookupFailure::ServerFailure));
        assert!(is_as_telling(&none_usable, &Answer::Failed(LookupFailure::Refused)));
        assert!(!is_as_telling(&Answer::Failed(LookupFailure::Refused), &none_usable));
    }
}
