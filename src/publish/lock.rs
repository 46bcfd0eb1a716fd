//! One writer a directory: `flock` on `..lock`, held for as long as we publish there.
//!
//! The file stays when we go: to remove it would let two writers hold two locks of one name.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};

use rustix::fs::FileType;

use super::directory::{Directory, Identity};
use super::error::{Fault, PublishError, Step};

/// The lock's name; hidden from readers like everything that begins with two dots.
pub(super) const LOCK: &str = "..lock";

/// Bytes read of what the holder wrote about itself.
const HOLDER_BYTES_MAX: u64 = 128;

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
        let mut file = directory.open_lock_file(LOCK)?;
        let stat =
            rustix::fs::fstat(&file).map_err(|errno| directory.io_error(Step::Lock, LOCK, &errno.into()))?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return Err(directory.fault(Step::Lock, LOCK, Fault::Planted));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(directory.fault(Step::Lock, LOCK, Fault::Locked(holder(&file))));
            }
            Err(TryLockError::Error(error)) => return Err(directory.io_error(Step::Lock, LOCK, &error)),
        }
        let lock = Identity::of(&stat);
        if directory.identity_below(LOCK) != Some(lock) {
            // Replaced between opening and locking: ours is a lock on a name that is gone.
            return Err(directory.fault(Step::Lock, LOCK, Fault::Planted));
        }
        introduce_ourselves(&mut file);
        Ok(Self { identity: lock, _file: file })
    }

    /// Whether others who come to this directory find our lock.
    pub(super) fn is_in(&self, directory: &Directory) -> bool {
        directory.identity_below(LOCK) == Some(self.identity)
    }
}

/// Writes who we are. That is a courtesy: on a full disk, or in a file of another user, it may fail.
fn introduce_ourselves(file: &mut File) {
    let uname = rustix::system::uname();
    let host = uname.nodename().to_string_lossy();
    let text = format!("pid {} on {host}\n", std::process::id());
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    drop(written);
}

/// What the holder wrote, if it is fit to print.
fn holder(file: &File) -> Option<String> {
    let mut text = String::new();
    file.take(HOLDER_BYTES_MAX).read_to_string(&mut text).ok()?;
    let text = text.trim_end();
    let printable = !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    printable.then(|| text.to_owned())
}
