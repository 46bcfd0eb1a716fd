//! Reads a small file whole, off the loop's thread.
//!
//! Must never wait on a pipe, nor read more than its bound.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::FileError;

/// The file's bytes, at most `max` of them.
///
/// The read runs on the blocking pool: a Secret's volume may hang like any other disk.
pub(super) async fn read_bounded(path: PathBuf, max: usize) -> Result<Vec<u8>, FileError> {
    let at = path.clone();
    match tokio::task::spawn_blocking(move || read_blocking(&path, max)).await {
        Ok(outcome) => outcome,
        Err(ended) => Err(FileError::Read { path: at, source: std::io::Error::other(ended) }),
    }
}

fn read_blocking(path: &Path, max: usize) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    // Asked before the file is opened: opening a pipe waits for its writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(failed)?.take(bound).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max {
        return Err(FileError::TooLarge { path: path.to_owned(), max });
    }
    Ok(bytes)
}
