//! Small files that others write: settings, secrets, certificates, `resolv.conf`, the mount table.
//!
//! They may be anything and lie on any disk. Must never wait for a pipe, nor leave a second read behind
//! where a first one hangs.

pub mod mounts;

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinHandle};

/// `O_NONBLOCK` and `O_NOCTTY`: files are read as ever.
const WITHOUT_WAITING: i32 = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits().cast_signed();

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A regular file, all of it.
    Whole(Vec<u8>),
    /// The first bytes of one that is longer than the bound.
    Beginning(Vec<u8>),
    /// A directory, a device or a pipe, which is not opened.
    NotAFile,
}

/// Reads at most `max` bytes. Blocks for as long as the disk does.
pub fn read(path: &Path, max: usize) -> io::Result<Content> {
    // Asked before it is opened: to open a device may do something.
    if !fs::metadata(path)?.is_file() {
        return Ok(Content::NotAFile);
    }
    // A pipe may have taken its place meanwhile, and to open that would wait for its writer.
    let file = OpenOptions::new().read(true).custom_flags(WITHOUT_WAITING).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(Content::NotAFile);
    }
    let mut bytes = Vec::new();
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes)?;
    if bytes.len() <= max {
        return Ok(Content::Whole(bytes));
    }
    bytes.truncate(max);
    Ok(Content::Beginning(bytes))
}

/// The same of a text that people write: every such file is read here.
///
/// Editors on Windows put a byte order mark in front, which is no part of it: it would become part of a password.
pub fn read_text(path: &Path, max: usize) -> io::Result<Content> {
    Ok(match read(path, max)? {
        Content::Whole(bytes) => Content::Whole(without_mark(bytes)),
        Content::Beginning(bytes) => Content::Beginning(without_mark(bytes)),
        Content::NotAFile => Content::NotAFile,
    })
}

/// The same of texts of which the first `max` bytes are enough; none where there is no file.
pub fn read_beginning(path: &Path, max: usize) -> io::Result<Option<Vec<u8>>> {
    Ok(match read_text(path, max)? {
        Content::Whole(bytes) | Content::Beginning(bytes) => Some(bytes),
        Content::NotAFile => None,
    })
}

fn without_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    bytes
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

    #[test]
    fn what_is_read_is_bounded_and_a_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "12345").expect("written");
        for (max, content) in [
            (6, Content::Whole(b"12345".into())),
            (5, Content::Whole(b"12345".into())),
            (4, Content::Beginning(b"1234".into())),
        ] {
            assert_eq!(read(&path, max).expect("readable"), content);
        }
        assert_eq!(read_beginning(&path, 2).expect("readable"), Some(b"12".into()));
        for other in [directory.path(), Path::new("/dev/zero")] {
            assert_eq!(read(other, 5).expect("looked at"), Content::NotAFile);
            assert_eq!(read_beginning(other, 5).expect("looked at"), None);
        }
        assert_eq!(read(&path.join("below"), 5).expect_err("none").kind(), io::ErrorKind::NotADirectory);
    }

    /// As Notepad and PowerShell save it. What is not text for people is read as it is.
    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        for (bytes, text) in [
            ("\u{feff}secret\r\n", "secret\r\n"),
            ("secret\u{feff}", "secret\u{feff}"),
            ("\u{feff}\u{feff}x", "\u{feff}x"),
            ("\u{feff}", ""),
        ] {
            fs::write(&path, bytes).expect("written");
            assert_eq!(read_text(&path, 99).expect("readable"), Content::Whole(text.into()));
            assert_eq!(read_beginning(&path, 99).expect("readable"), Some(text.into()));
            assert_eq!(read(&path, 99).expect("readable"), Content::Whole(bytes.into()));
        }
        assert_eq!(read_text(directory.path(), 5).expect("looked at"), Content::NotAFile);
    }

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
