//! One bounded read of the settings file.

use std::io;
use std::path::Path;

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
pub fn read(path: &Path) -> Result<String, ReadError> {
    match small_file::read(path, FILE_SIZE_MAX)? {
        Content::Whole(bytes) => String::from_utf8(bytes).map_err(|_| ReadError::NotText),
        Content::Beginning(_) => Err(ReadError::TooLarge),
        Content::NotAFile => Err(ReadError::NoFile),
    }
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
        fs::write(&path, [0xff, 0xfe]).expect("written");
        assert_eq!(read(&path), Err(ReadError::NotText));
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
