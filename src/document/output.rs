//! What an operator says of an output: its file and format, and whose credentials stand in it.

use std::fmt;
use std::path::PathBuf;

use super::{FileName, Format, UserInfo};

/// One output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its name in the directory.
    pub name: FileName,
    /// What is in it.
    pub format: Format,
}

impl fmt::Display for OutputFile {
    /// As an operator would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.format.word())
    }
}

/// Where the credentials in front of each peer's host come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserInfoSource {
    /// There are none.
    None,
    /// `${NAME}:${NAME}`, resolved by the server itself.
    Placeholders(UserInfo),
    /// A file that holds `user:password`, read again at each use.
    File(PathBuf),
}
