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
//! Must never block its caller: the disk is looked at on a blocking thread. A look that hangs is said to hang, and
//! the file is looked at again beside it.

mod hints;
mod read;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use hints::{Hints, Watcher};
use read::read;
pub use read::{ReadError, read_within};

/// How often the file is looked at without a hint. Long enough to cost nothing, short enough that an
/// operator who waits for it does not doubt.
const POLL: Duration = Duration::from_secs(10);
/// From the first hint to the look: a writer is done by then, and a storm of hints is one look.
const SETTLE: Duration = Duration::from_millis(100);

/// After so long a look is said to hang.
const PATIENCE: Duration = Duration::from_secs(10);
/// Looks at once: while one hangs, later ones find out whether a good file has taken the place of what hangs.
/// Each holds a thread.
const LOOKS_MAX: usize = 3;

/// Waits for changes of one settings file.
#[derive(Debug)]
pub struct SettingsWatch {
    path: PathBuf,
    seen: Result<String, ReadError>,
    pace: Pace,
    hints: Hints,
    watcher: Option<Watcher>,
    next_look: Instant,
    /// When the latest look is said to hang.
    hangs_at: Instant,
    /// The looks that have not ended: the latest, and those that hang.
    looks: JoinSet<Look>,
    /// Looks that were ever begun.
    begun: u64,
    /// Up to which of them the outcomes are known; what an earlier one brings is out of date.
    ended: u64,
    read: fn(&Path) -> Result<String, ReadError>,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    poll: Duration,
    settle: Duration,
    patience: Duration,
}

/// What one look brought.
#[derive(Debug)]
struct Look {
    number: u64,
    outcome: Result<String, ReadError>,
    watcher: Option<Watcher>,
}

impl SettingsWatch {
    /// Watches `path`, whose text was `seen` when it was last read. Nothing is touched before the first
    /// [`Self::changed`], which finds a change since then at once.
    pub fn new(path: PathBuf, seen: String) -> Self {
        Self::with_pace(path, seen, Pace { poll: POLL, settle: SETTLE, patience: PATIENCE })
    }

    fn with_pace(path: PathBuf, seen: String, pace: Pace) -> Self {
        Self {
            path,
            seen: Ok(seen),
            pace,
            hints: Hints::new(),
            watcher: None,
            next_look: Instant::now(),
            hangs_at: Instant::now(),
            looks: JoinSet::new(),
            begun: 0,
            ended: 0,
            read,
        }
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
        if self.begun == self.ended {
            self.wait().await;
            self.begin();
        }
        loop {
            tokio::select! {
                // A look that has ended does not hang, however late it is noticed.
                biased;
                Some(look) = self.looks.join_next() => {
                    // Only a runtime that shuts down abandons a look.
                    let Ok(look) = look else { return Err(ReadError::Unreadable(ErrorKind::Interrupted)) };
                    self.watcher = self.watcher.take().or(look.watcher);
                    if look.number > self.ended {
                        self.ended = look.number;
                        self.next_look = Instant::now() + self.pace.poll;
                        return look.outcome;
                    }
                }
                () = sleep_until(self.hangs_at) => {
                    if self.looks.len() < LOOKS_MAX {
                        self.begin();
                    } else {
                        self.hangs_at = Instant::now() + self.pace.patience;
                    }
                    return Err(ReadError::Stalled);
                }
            }
        }
    }

    fn begin(&mut self) {
        self.begun += 1;
        let (number, path, read) = (self.begun, self.path.clone(), self.read);
        let (watcher, hints) = (self.watcher.take(), self.hints.sender());
        self.looks.spawn_blocking(move || Look {
            number,
            // Watched before it is read, so that no change falls in between.
            watcher: watcher.or_else(|| hints::watch_directory_of(&path, hints)),
            outcome: read(&path),
        });
        self.hangs_at = Instant::now() + self.pace.patience;
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
