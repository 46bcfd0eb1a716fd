//! Small files that others write: settings, secrets, certificates, `resolv.conf`.
//!
//! They may be anything and lie on any disk. Must never wait for a pipe, nor leave a second read behind
//! where a first one hangs.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinHandle};

/// Opens a regular file; none where something else is there. Blocks for as long as the disk does.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    // Asked before it is opened: to open a pipe waits for its writer.
    if fs::metadata(path)?.is_file() { File::open(path).map(Some) } else { Ok(None) }
}

/// A read that is made off the loop's thread, again at each use and never twice at once.
///
/// One that the disk keeps is taken up by the next use: a volume that hangs holds one thread, and not one
/// for each use. Clones are the same read.
#[derive(Debug)]
pub struct OneRead<T>(Arc<Mutex<Option<JoinHandle<T>>>>);

impl<T> Clone for OneRead<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for OneRead<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Send + 'static> OneRead<T> {
    /// What `read` brings, or an earlier one that has not ended yet. May be dropped at any point.
    ///
    /// The error is that of a runtime that shuts down.
    pub async fn make(&self, read: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
        let mut reading = self.0.lock().await;
        let outcome = reading.get_or_insert_with(|| tokio::task::spawn_blocking(read)).await;
        *reading = None;
        outcome
    }
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
            let path = directory.path().join("password");
            let reading = OneRead::default();
            let read = |clone: OneRead<io::Result<String>>| {
                let path = path.clone();
                async move { clone.make(move || fs::read_to_string(path)).await }
            };
            fs::write(&path, "one").expect("written");
            let (release, released) = mpsc::channel::<()>();
            let hangs = tokio::task::spawn_blocking(move || released.recv());
            for _ in 0..3 {
                timeout(Duration::from_millis(20), read(reading.clone())).await.expect_err("it hangs");
            }
            release.send(()).expect("awaited");
            hangs.await.expect("no panic").expect("sent");
            // Behind all that was begun before it.
            tokio::task::spawn_blocking(|| ()).await.expect("no panic");
            fs::write(&path, "two").expect("written");
            for text in ["one", "two"] {
                let outcome = read(reading.clone()).await.expect("no panic");
                assert_eq!(outcome.expect("readable"), text, "first the one read that was begun");
            }
        });
    }
}
