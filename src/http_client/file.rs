//! Reads a small file whole, off the loop's thread.
//!
//! Must never read more than its bound.

use std::path::{Path, PathBuf};

use crate::small_file::{self, Content, OneRead};

use super::FileError;

type Outcome = Result<Vec<u8>, FileError>;

/// A file that is read at each use; its clones are the same file.
#[derive(Clone, Debug)]
pub(super) struct SmallFile {
    path: PathBuf,
    max: usize,
    reading: OneRead<Outcome>,
}

impl SmallFile {
    /// Of at most `max` bytes.
    pub(super) fn new(path: PathBuf, max: usize) -> Self {
        Self { path, max, reading: OneRead::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes. May be dropped at any point.
    pub(super) async fn read(&self) -> Outcome {
        let (path, max) = (self.path.clone(), self.max);
        self.reading.make(move || read_blocking(&path, max)).await.unwrap_or_else(|ended| {
            Err(FileError::Read { path: self.path.clone(), source: std::io::Error::other(ended) })
        })
    }
}

fn read_blocking(path: &Path, max: usize) -> Outcome {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    match small_file::read_text(path, max).map_err(failed)? {
        Content::Whole(bytes) => Ok(bytes),
        Content::Beginning(_) => Err(FileError::TooLarge { path: path.to_owned(), max }),
        Content::NotAFile => Err(FileError::NotAFile { path: path.to_owned() }),
    }
}
