//! One writer a directory: `flock` on `..lock`, held for as long as we publish there.
//!
//! The file is ours alone (0600): whoever may read a file can lock it, through a read-only mount too, and
//! would have the list stand still from our next restart on. So all that publish into a directory, one after
//! the other, share one uid.
//!
//! The file stays when we go: to remove it would let two writers hold two locks of one name.

use std::fs::{File, TryLockError};
use std::io::Read;

use rustix::fs::FileType;

use super::directory::{Directory, Identity, make_private};
use super::error::{Obstacle, PublishError, PublishStep};

/// The lock's name; hidden from readers like everything that begins with two dots.
pub(super) const LOCK: &str = "..lock";

/// Bytes read of what a writer calls itself.
const NAME_BYTES_MAX: u64 = 128;

/// The right to write; given back when dropped, and by the kernel when we die.
#[derive(Debug)]
pub(super) struct Lock {
    identity: Identity,
    /// Open for as long as the lock is held.
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(super) fn acquire(directory: &Directory) -> Result<Self, PublishError> {
        let file = directory.open_lock_file(LOCK)?;
        let stat = rustix::fs::fstat(&file)
            .map_err(|errno| directory.io_error(PublishStep::Lock, LOCK, &errno.into()))?;
        // A second name would be somebody's file that we are made to write to.
        if !FileType::from_raw_mode(stat.st_mode).is_file() || stat.st_nlink > 1 {
            return Err(directory.obstructed(PublishStep::Lock, LOCK, Obstacle::Planted));
        }
        make_private(&file, &stat);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(directory.obstructed(
                    PublishStep::Lock,
                    LOCK,
                    Obstacle::Locked(last_name_in(&file)),
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(directory.io_error(PublishStep::Lock, LOCK, &error));
            }
        }
        let lock = Self { identity: Identity::of(&stat), _file: file };
        if !lock.is_in(directory) {
            // Replaced between opening and locking: ours is a lock on a name that is gone.
            return Err(directory.obstructed(PublishStep::Lock, LOCK, Obstacle::Planted));
        }
        // A courtesy to whom it turns away; on a full disk, or in a file of another user, it fails.
        let _without = directory.rewrite(LOCK, lock.identity, introduction().as_bytes());
        Ok(lock)
    }

    /// Whether others who come to this directory find our lock.
    pub(super) fn is_in(&self, directory: &Directory) -> bool {
        directory.identity_below(LOCK) == Some(self.identity)
    }
}

/// Who we are.
fn introduction() -> String {
    let uname = rustix::system::uname();
    format!("pid {} on {}\n", std::process::id(), uname.nodename().to_string_lossy())
}

/// What the last writer that had the lock called itself, if it is fit to print. Our own name is none: it is
/// that of a predecessor that had our pid, and is dead.
fn last_name_in(file: &File) -> Option<String> {
    let mut text = String::new();
    file.take(NAME_BYTES_MAX).read_to_string(&mut text).ok()?;
    let text = text.trim_end();
    let printable = !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    (printable && text != introduction().trim_end()).then(|| text.to_owned())
}
