//! The clock of every decision: the machine takes its time from here, as an argument.
//!
//! Rooms that wait, for DNS, a server or a caller, measure that by timers of their own; nothing is decided
//! by them but that the waiting is over. Log lines and the names of generations carry a date besides.

use std::time::SystemTime;

use tokio::time::Instant;

use crate::model::{Moment, WallClock};

/// Counts the moments since the start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    wall: WallClock,
}

impl Clock {
    /// A clock whose [`Moment::START`] is now.
    pub fn start() -> Self {
        Self { origin: Instant::now(), wall: WallClock::started_at(SystemTime::now()) }
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        Moment::at(self.origin.elapsed())
    }

    /// When `moment` comes on the timer's axis.
    pub fn instant_of(&self, moment: Moment) -> Instant {
        self.origin + moment.since_start()
    }

    /// Dates for what is saved: by the machine's clock as it was at the start, so that they never waver.
    pub fn wall_at_start(&self) -> WallClock {
        self.wall
    }

    /// Dates for moments, by the machine's clock as it is set now.
    pub fn wall(&self) -> WallClock {
        self.wall.set_to(SystemTime::now(), self.now())
    }
}
