//! The values that stay as they are until a restart, by the table's word.

use super::provenance::Provenance;
use super::table::{Change, Key};

/// Each setting whose change needs a restart, and what must not change of it, as an operator would write
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntilRestart(Vec<(Key, Option<String>)>);

impl UntilRestart {
    pub(super) fn of(provenance: &Provenance) -> Self {
        let entries = provenance.entries().iter();
        let kept = entries.filter_map(|entry| match entry.key.setting().change {
            Change::AtRestart => Some((entry.key, entry.value.clone())),
            Change::PresenceAtRestart => Some((entry.key, entry.value.as_ref().map(|_| String::new()))),
            Change::AtRunTime | Change::NotInFile => None,
        });
        Self(kept.collect())
    }

    /// The settings in which `new` differs, in the order of the table.
    pub(super) fn changed_in(&self, new: &Self) -> Vec<Key> {
        self.0.iter().filter(|kept| !new.0.contains(kept)).map(|(key, _)| *key).collect()
    }
}
