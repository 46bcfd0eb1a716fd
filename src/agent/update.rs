//! What may change under a running loop.

use tokio::sync::mpsc;

use crate::settings::Settings;

/// Updates that wait for the loop: it takes each within milliseconds.
const WAITING_MAX: usize = 4;

/// News for the loop.
#[derive(Debug)]
pub enum Update {
    /// New settings without a fault.
    InForce {
        settings: Box<Settings>,
        /// Tells them apart.
        fingerprint: String,
        /// What was ignored.
        warnings: Vec<String>,
    },
    /// New settings with faults; all of them, in words.
    Rejected(String),
    /// Ask DNS now, whatever the schedule says.
    AskNow,
}

/// The side of the loop.
#[derive(Debug)]
pub struct Updates(mpsc::Receiver<Update>);

/// The side of the settings' watcher.
pub type UpdateSender = mpsc::Sender<Update>;

impl Updates {
    /// A channel of updates.
    pub fn channel() -> (UpdateSender, Self) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (sender, Self(receiver))
    }

    /// The next update; never ends, and may be dropped at any time.
    pub async fn next(&mut self) -> Update {
        match self.0.recv().await {
            Some(update) => update,
            None => std::future::pending().await,
        }
    }
}
