//! Reads a small file whole, off the loop's thread.
//!
//! Must never wait on a pipe, nor read more than its bound, nor leave a second read behind where a first
//! one hangs.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::FileError;

type Outcome = Result<Vec<u8>, FileError>;

/// A file that is read at each use.
///
/// Its clones are the same file. A read that the disk keeps is taken up by the next use, so that a Secret's
/// volume that hangs, as any disk may, holds one thread and not one for each use.
#[derive(Clone, Debug)]
pub(super) struct SmallFile {
    path: PathBuf,
    max: usize,
    reading: Arc<Mutex<Option<JoinHandle<Outcome>>>>,
}

impl SmallFile {
    /// Of at most `max` bytes.
    pub(super) fn new(path: PathBuf, max: usize) -> Self {
        Self { path, max, reading: Arc::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes. May be dropped at any point.
    pub(super) async fn read(&self) -> Outcome {
        let mut reading = self.reading.lock().await;
        let read = reading.get_or_insert_with(|| {
            let (path, max) = (self.path.clone(), self.max);
            tokio::task::spawn_blocking(move || read_blocking(&path, max))
        });
        let outcome = read.await;
        *reading = None;
        outcome.unwrap_or_else(|ended| {
            Err(FileError::Read { path: self.path.clone(), source: std::io::Error::other(ended) })
        })
    }
}

fn read_blocking(path: &Path, max: usize) -> Outcome {
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    /// A pool of one thread that is taken is a disk that hangs: what is begun waits for its end.
    #[test]
    fn a_read_that_hangs_is_taken_up_and_not_begun_again() {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
        runtime.expect("a runtime").block_on(async {
            let directory = tempfile::tempdir().expect("a directory");
            let file = SmallFile::new(directory.path().join("password"), 16);
            fs::write(file.path(), "one").expect("written");
            let (release, released) = mpsc::channel::<()>();
            let hangs = tokio::task::spawn_blocking(move || released.recv());
            for clone in [&file, &file.clone(), &file] {
                timeout(Duration::from_millis(20), clone.read()).await.expect_err("it hangs");
            }
            release.send(()).expect("awaited");
            hangs.await.expect("no panic").expect("sent");
            // Behind all that was begun before it.
            tokio::task::spawn_blocking(|| ()).await.expect("no panic");
            fs::write(file.path(), "two").expect("written");
            assert_eq!(file.read().await.expect("readable"), b"one", "the one read that was begun");
            assert_eq!(file.read().await.expect("readable"), b"two");
        });
    }
}
