//! Each file by a rename of its own, and only those that differ.
//!
//! The state goes first. If we die between the renames, it is ahead of the files, and the next start
//! publishes from it what this one meant to; the other way round it would take the files back to
//! the list before, and the generation with them.

use super::directory::Directory;
use super::error::PublishError;
use super::file_mode::FileMode;
use super::{Wanted, temporary, volume};

/// Whether readers find exactly this already.
pub(super) fn is_current(directory: &Directory, wanted: &Wanted<'_>) -> bool {
    wanted.is_in(directory) && !volume::is_linked(directory)
}

/// Writes what differs and renames it into place.
pub(super) fn write(directory: &Directory, wanted: &Wanted<'_>) -> Result<(), PublishError> {
    wanted.names().try_for_each(|name| directory.refuse_directory(name))?;
    let differs = |(name, bytes): &(&str, &[u8])| !directory.holds(name, bytes, wanted.mode);
    let changed: Vec<_> = wanted.contents().filter(differs).collect();
    let put = |(name, _): &(&str, &[u8])| directory.rename(&temporary(name), name);
    let outcome = stage(directory, &changed, wanted.mode).and_then(|()| changed.iter().try_for_each(put));
    if let Err(error) = outcome {
        for (name, _) in &changed {
            // A full disk must not stay fuller than it was.
            let _already_failing = directory.remove_file(&temporary(name));
        }
        return Err(error);
    }
    directory.sync()?;
    volume::clear(directory, wanted);
    Ok(())
}

/// All of them before the first rename, so that a full disk is noticed while nothing has changed.
fn stage(directory: &Directory, changed: &[(&str, &[u8])], mode: &FileMode) -> Result<(), PublishError> {
    for (name, bytes) in changed {
        let staged = temporary(name);
        directory.remove_file(&staged)?;
        directory.create_file(&staged, bytes, mode)?;
    }
    Ok(())
}
