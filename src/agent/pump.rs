//! Turns the machine for anyone who has one: reads the clock for it, throws its dice, wakes it in time.

use std::time::Duration;

use crate::model::{Jitter, Moment};
use crate::reconcile::{Action, Machine, Observation, Policy};

use super::clock::Clock;

/// A machine is looked at this often at least, so that its stamp on livez never grows old by design.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// A machine in real time.
#[derive(Debug)]
pub struct Pump {
    pub machine: Machine,
    clock: Clock,
}

impl Pump {
    /// Turns `machine`, whose moments are those of `clock`.
    pub fn new(machine: Machine, clock: Clock) -> Self {
        Self { machine, clock }
    }

    /// A machine that begins now, without a saved state.
    pub fn start(policy: Policy) -> Self {
        let clock = Clock::start();
        Self::new(Machine::new(policy, None, clock.now()), clock)
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The next thing to be done now; after the last one, wait until [`Self::is_due`] or an observation.
    pub fn next_action(&mut self, now: Moment) -> Option<Action> {
        self.machine.next_action(now)
    }

    /// Hands the machine what has happened.
    pub fn handle(&mut self, observation: Observation, now: Moment) {
        self.machine.handle(observation, now, Jitter::from_random(fastrand::u8(..)));
    }

    /// Ends when the machine may have something to do by itself. May be dropped at any point.
    pub async fn is_due(&self) {
        let latest = self.now().after(LONGEST_WAIT);
        let wake = self.machine.poll_timeout().map_or(latest, |wake| wake.min(latest));
        tokio::time::sleep_until(self.clock.instant_of(wake)).await;
    }
}
