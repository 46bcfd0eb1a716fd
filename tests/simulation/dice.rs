//! Chance as a pure function: what happens to one thing does not depend on what happens to another.
//!
//! That is what lets a failing plan be shrunk: with an event removed, everything else still falls as
//! it fell before.

use std::time::Duration;

/// The dice of one seed.
#[derive(Clone, Copy)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The throws for one purpose, told by its numbers.
    pub(crate) fn at(self, purpose: &[u64]) -> fastrand::Rng {
        let mix =
            |hash: u64, number: &u64| (hash ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        fastrand::Rng::with_seed(purpose.iter().fold(self.0.wrapping_mul(0xd6e8_feb8_6659_fd93), mix))
    }
}

/// A time of `from` to `to` milliseconds.
pub(crate) fn millis(rng: &mut fastrand::Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.u64(from..=to))
}
