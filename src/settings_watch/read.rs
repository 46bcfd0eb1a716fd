//! One bounded read of the settings file.

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::settings::FILE_SIZE_MAX;
use crate::small_file::{self, Content};

/// Why the settings file gave no text. Each is a state of the file, and equal where that is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is none.
    #[error("is missing")]
    Missing,
    /// A directory, a device or a pipe.
    #[error("is not a file: expected the path of the file itself")]
    NoFile,
    /// Over [`FILE_SIZE_MAX`].
    #[error("is larger than {FILE_SIZE_MAX} bytes")]
    TooLarge,
    /// Not text.
    #[error("is not valid UTF-8 text")]
    NotText,
    /// Text as other systems save it.
    #[error("is UTF-16 or UTF-32 text: save it as UTF-8")]
    WideText,
    /// Its disk, or the network behind it, does not answer.
    #[error("cannot be read: its disk or network file system does not answer")]
    Stalled,
    /// The system does not let us.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            kind => Self::Unreadable(kind),
        }
    }
}

/// The text of the file at `path`; blocks for as long as the disk does.
pub(super) fn read(path: &Path) -> Result<String, ReadError> {
    match small_file::read_text(path, FILE_SIZE_MAX)? {
        Content::Whole(bytes) => text_of(bytes),
        Content::Beginning(_) => Err(ReadError::TooLarge),
        Content::NotAFile => Err(ReadError::NoFile),
    }
}

/// The same within a time: a start that waits for a disk for ever would say nothing.
pub fn read_within(path: &Path, patience: Duration) -> Result<String, ReadError> {
    let (done, outcome) = mpsc::channel();
    let owned = path.to_owned();
    let reading = thread::Builder::new().spawn(move || {
        let _nobody_waits_any_more = done.send(read(&owned));
    });
    match reading {
        Ok(_left_behind_where_it_hangs) => outcome.recv_timeout(patience).unwrap_or(Err(ReadError::Stalled)),
        Err(_no_thread) => read(path),
    }
}

fn text_of(bytes: Vec<u8>) -> Result<String, ReadError> {
    // YAML 1.2.2, section 5.2: by its mark, or by a zero beside the first letter, which is of ASCII.
    if matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]) {
        return Err(ReadError::WideText);
    }
    String::from_utf8(bytes).map_err(|_| ReadError::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn reads_what_is_text_and_small() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("c.yaml");
        assert_eq!(read(&path), Err(ReadError::Missing));
        fs::write(&path, "a: ä\n").expect("written");
        assert_eq!(read(&path).as_deref(), Ok("a: ä\n"));
        fs::write(&path, "x".repeat(FILE_SIZE_MAX)).expect("written");
        assert_eq!(read(&path).map(|text| text.len()), Ok(FILE_SIZE_MAX));
        fs::write(&path, "x".repeat(FILE_SIZE_MAX + 1)).expect("written");
        assert_eq!(read(&path), Err(ReadError::TooLarge));
        fs::write(&path, [b'a', 0xff]).expect("written");
        assert_eq!(read(&path), Err(ReadError::NotText));
    }

    /// As Notepad and PowerShell save it.
    #[test]
    fn a_byte_order_mark_is_no_text_and_wide_text_is_named() {
        let text = "service: eureka.ns\n";
        let utf_16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        let (little, big) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
        let utf_32: Vec<_> = text.chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect();
        let marked = |mark: &[u8], text: &[u8]| [mark, text].concat();
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("c.yaml");
        fs::write(&path, marked(b"\xef\xbb\xbf", text.as_bytes())).expect("written");
        assert_eq!(read(&path).as_deref(), Ok(text));
        for wide in [
            marked(&[0xff, 0xfe], &little),
            marked(&[0xfe, 0xff], &big),
            marked(&[0, 0, 0xfe, 0xff], &utf_32),
            little,
            big,
            utf_32,
            vec![0xff, 0xfe],
        ] {
            assert_eq!(text_of(wide), Err(ReadError::WideText));
        }
    }

    #[test]
    fn a_read_has_its_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("c.yaml");
        fs::write(&path, "a: 1").expect("written");
        assert_eq!(read_within(&path, Duration::from_secs(10)).as_deref(), Ok("a: 1"));
        assert_eq!(read_within(&path, Duration::ZERO), Err(ReadError::Stalled));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(read(directory.path()), Err(ReadError::NoFile));
        assert_eq!(read(Path::new("/dev/zero")), Err(ReadError::NoFile));
        let path = directory.path().join("file").join("below");
        fs::write(directory.path().join("file"), "").expect("written");
        assert!(matches!(read(&path), Err(ReadError::Unreadable(_))));
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a pipe");
        assert_eq!(read(&pipe), Err(ReadError::NoFile));
    }
}
