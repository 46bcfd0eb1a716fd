//! Where settings are given, besides the environment: on the command line and in a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::table::Key;

/// Values of flags, as they were typed; a repeatable flag has several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub(super) BTreeMap<Key, Vec<String>>);

impl Flags {
    /// Adds what was typed for one flag.
    pub fn insert(&mut self, key: Key, values: Vec<String>) {
        self.0.insert(key, values);
    }
}

impl FromIterator<(Key, Vec<String>)> for Flags {
    fn from_iter<I: IntoIterator<Item = (Key, Vec<String>)>>(flags: I) -> Self {
        Self(flags.into_iter().collect())
    }
}

/// The settings file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text, or why there is none.
    pub content: Result<String, String>,
}
