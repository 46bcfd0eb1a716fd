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

/// Why a text is no [`FileName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no file name: 1 to {max} of a-z, A-Z, 0-9, - _ and ., not beginning with a dot", max = FileName::LENGTH_MAX)]
pub struct FileNameError;

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
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len());
        if fits && !text.starts_with('.') && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(FileNameError)
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
