//! Hints that the settings file changed, and its text once it really did.
//!
//! Two sources of hints: notifications for the file's *directory* (one for the file itself goes deaf
//! when a ConfigMap volume swaps `..data`), and a slow look at the clock, because notifications may be
//! lost, or not to be had at all: a node grants a user 128 of them. A watch that cannot be made is
//! therefore no error, and is tried again at each look.
//!
//! A file that is written in place may be seen half written; what that gives is told, and the rest as
//! well. ConfigMap volumes, and anyone who renames a file into place, are never seen so.
//!
//! Must never block its caller: the disk is looked at on a blocking thread.

mod hints;
mod read;

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use hints::{Hints, Watcher};
pub use read::{ReadError, read};

/// How often the file is looked at without a hint. Long enough to cost nothing, short enough that an
/// operator who waits for it does not doubt.
const POLL: Duration = Duration::from_secs(10);
/// From the first hint to the look: a writer is done by then, and a storm of hints is one look.
const SETTLE: Duration = Duration::from_millis(100);

/// Waits for changes of one settings file.
#[derive(Debug)]
pub struct SettingsWatch {
    path: PathBuf,
    seen: Result<String, ReadError>,
    pace: Pace,
    hints: Hints,
    watcher: Option<Watcher>,
    next_look: Instant,
    looking: Option<JoinHandle<Look>>,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    poll: Duration,
    settle: Duration,
}

/// What one look brought.
#[derive(Debug)]
struct Look {
    outcome: Result<String, ReadError>,
    watcher: Option<Watcher>,
}

impl SettingsWatch {
    /// Watches `path`, whose text was `seen` when it was last read. Nothing is touched before the first
    /// [`Self::changed`], which finds a change since then at once.
    pub fn new(path: PathBuf, seen: String) -> Self {
        Self::with_pace(path, seen, Pace { poll: POLL, settle: SETTLE })
    }

    fn with_pace(path: PathBuf, seen: String, pace: Pace) -> Self {
        let (hints, watcher, looking) = (Hints::new(), None, None);
        Self { path, seen: Ok(seen), pace, hints, watcher, next_look: Instant::now(), looking }
    }

    /// Looks at the next opportunity, without a hint; for SIGHUP.
    pub fn look_now(&mut self) {
        self.next_look = Instant::now();
    }

    /// The file's text, or why there is none, as soon as that is not what it was at the last call.
    ///
    /// Never ends otherwise. May be dropped at any moment and called again: nothing is lost.
    pub async fn changed(&mut self) -> Result<String, ReadError> {
        loop {
            let outcome = self.look().await;
            if outcome != self.seen {
                self.seen.clone_from(&outcome);
                return outcome;
            }
        }
    }

    async fn look(&mut self) -> Result<String, ReadError> {
        if self.looking.is_none() {
            self.wait().await;
        }
        let looking = self.looking.get_or_insert_with(|| {
            let path = self.path.clone();
            let watcher = self.watcher.take();
            let hints = self.hints.sender();
            tokio::task::spawn_blocking(move || Look {
                // Watched before it is read, so that no change falls in between.
                watcher: watcher.or_else(|| hints::watch_directory_of(&path, hints)),
                outcome: read(&path),
            })
        });
        let look = looking.await;
        self.looking = None;
        self.next_look = Instant::now() + self.pace.poll;
        match look {
            Ok(look) => {
                self.watcher = look.watcher;
                look.outcome
            }
            // Only a runtime that shuts down abandons the look.
            Err(_) => Err(ReadError::Unreadable(std::io::ErrorKind::Interrupted)),
        }
    }

    /// Until it is time to look. Hints bring that nearer, and never push it away.
    async fn wait(&mut self) {
        loop {
            tokio::select! {
                () = sleep_until(self.next_look) => return,
                () = self.hints.next() => {
                    self.next_look = self.next_look.min(Instant::now() + self.pace.settle);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
