//! Whether the loop is alive: it stamps, and livez looks at the stamp.
//!
//! Must never turn red for a reason that lies outside the loop: a pod that is killed because DNS or
//! the server fails makes things worse.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Moment;

/// The loop's stamp; clones share it.
#[derive(Clone, Debug)]
pub struct Liveness(Arc<Stamp>);

#[derive(Debug)]
struct Stamp {
    start: Instant,
    turned_ms: AtomicU64,
    wait_ms: AtomicU64,
}

/// What the stamp says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastTurn {
    /// How long ago the loop turned.
    pub(super) ago: Duration,
    /// How long that may be.
    pub(super) allowed: Duration,
}

impl LastTurn {
    pub(super) fn is_alive(self) -> bool {
        self.ago <= self.allowed
    }
}

impl Liveness {
    /// The least that a loop is given between two turns: no pause of a busy node reaches it.
    const ALLOWED_MIN: Duration = Duration::from_secs(60);

    /// A loop that starts now; `start` is the instant of [`Moment::START`].
    pub fn starting(start: Instant) -> Self {
        Self(Arc::new(Stamp { start, turned_ms: AtomicU64::new(0), wait_ms: AtomicU64::new(0) }))
    }

    /// Called by the loop itself, at each turn: it turned at `now`, and means to turn again after
    /// `longest_wait` at the latest.
    pub fn stamp(&self, now: Moment, longest_wait: Duration) {
        self.0.turned_ms.store(whole_ms(now.since_start()), Ordering::Relaxed);
        self.0.wait_ms.store(whole_ms(longest_wait), Ordering::Relaxed);
    }

    pub(super) fn last_turn(&self) -> LastTurn {
        let turned = Duration::from_millis(self.0.turned_ms.load(Ordering::Relaxed));
        let wait = Duration::from_millis(self.0.wait_ms.load(Ordering::Relaxed));
        LastTurn {
            ago: self.0.start.elapsed().saturating_sub(turned),
            allowed: wait.saturating_mul(2).max(Self::ALLOWED_MIN),
        }
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    async fn alive_after(liveness: &Liveness, seconds: u64) -> bool {
        advance(Duration::from_secs(seconds)).await;
        liveness.last_turn().is_alive()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_red_a_minute_after_the_last_turn() {
        let start = Instant::now();
        let liveness = Liveness::starting(start);
        assert!(alive_after(&liveness, 60).await);
        assert!(!alive_after(&liveness, 1).await);
        liveness.stamp(Moment::at(start.elapsed()), Duration::from_secs(1));
        assert!(alive_after(&liveness, 60).await);
        assert!(!alive_after(&liveness, 1).await);
    }

    #[tokio::test(start_paused = true)]
    async fn twice_the_longest_wait_is_allowed() {
        let liveness = Liveness::starting(Instant::now());
        liveness.stamp(Moment::START, Duration::from_secs(45));
        assert!(alive_after(&liveness, 90).await);
        assert!(!alive_after(&liveness, 1).await);
    }

    #[tokio::test(start_paused = true)]
    async fn no_wait_is_too_long_to_be_told() {
        let liveness = Liveness::starting(Instant::now());
        liveness.stamp(Moment::at(Duration::MAX), Duration::MAX);
        assert!(alive_after(&liveness, 3600).await);
    }
}
