//! A file to be: its name and its bytes.

use std::fmt;
use std::str::FromStr;

/// One file of a publication.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    name: FileName,
    bytes: Vec<u8>,
}

impl File {
    /// A file of this name and content.
    pub fn new(name: FileName, bytes: Vec<u8>) -> Self {
        Self { name, bytes }
    }

    /// Its name in the output directory.
    pub fn name(&self) -> &FileName {
        &self.name
    }

    /// Its content, which may hold a secret.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for File {
    /// Without the content, which may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// The name of a file in the output directory.
///
/// The grammar is that of a ConfigMap's keys (Kubernetes `IsConfigMapKey`), less names that begin
/// with a dot: those are hidden from readers, and `..` is where the publisher keeps its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<str>);

/// Why a text is not a valid [`FileName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// Nothing.
    #[error("is not a valid file name: expected a name such as peers.properties")]
    Empty,
    /// Over the bound.
    #[error("has {0} bytes: expected {max} at most", max = FileName::LENGTH_MAX)]
    TooLong(usize),
    /// It would not be seen.
    #[error("begins with a dot: expected a name that is not hidden")]
    Hidden,
    /// A character outside the grammar.
    #[error("contains {0:?}: expected a-z, A-Z, 0-9, - _ and .")]
    BadCharacter(char),
}

impl FileName {
    /// Bytes; leaves room for a prefix and a suffix within the 255 of Linux file systems.
    pub const LENGTH_MAX: usize = 200;

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if text.is_empty() {
            return Err(FileNameError::Empty);
        }
        if text.len() > Self::LENGTH_MAX {
            return Err(FileNameError::TooLong(text.len()));
        }
        if text.starts_with('.') {
            return Err(FileNameError::Hidden);
        }
        match text.chars().find(|c| !allowed(*c)) {
            Some(bad) => Err(FileNameError::BadCharacter(bad)),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
