//! The mode of the published files: what was asked for, and what the file system makes of it.
//!
//! Some keep no modes (vfat, CIFS and other network file systems): every file has the mode of the mount. Must
//! never let a file with a secret be wider than asked, nor have one written again and again for its mode.

use std::cell::Cell;
use std::fmt;

/// The mode that files are to have, and the one that they get here.
#[derive(Debug)]
pub(super) struct FileMode {
    asked: u32,
    guards_secrets: bool,
    /// What the file system made of it at the last file, where that is another.
    given: Cell<Option<u32>>,
}

/// A file system gives files another mode than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeNotKept {
    asked: u32,
    given: u32,
}

impl fmt::Display for ModeNotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, given } = self;
        write!(f, "the file system makes it {given:04o} and not {asked:04o}")
    }
}

impl FileMode {
    pub(super) fn new(asked: u32) -> Self {
        Self { asked, guards_secrets: false, given: Cell::new(None) }
    }

    pub(super) fn guarding_secrets(self) -> Self {
        Self { guards_secrets: true, ..self }
    }

    pub(super) fn asked(&self) -> u32 {
        self.asked
    }

    /// Whether a file that we wrote here may have the mode `found`.
    pub(super) fn is(&self, found: u32) -> bool {
        found == self.asked || self.given.get() == Some(found)
    }

    /// Takes note of the mode that a new file got; the error is that of a secret that would be open.
    pub(super) fn given(&self, found: u32) -> Result<(), ModeNotKept> {
        let is_wider = found & !self.asked != 0;
        if self.guards_secrets && is_wider {
            return Err(ModeNotKept { asked: self.asked, given: found });
        }
        self.given.set(Some(found).filter(|found| *found != self.asked));
        Ok(())
    }

    pub(super) fn not_kept(&self) -> Option<ModeNotKept> {
        self.given.get().map(|given| ModeNotKept { asked: self.asked, given })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_mode_is_taken_and_said_unless_it_opens_a_secret() {
        let not_kept = |given| ModeNotKept { asked: 0o640, given };
        for (given, opens) in [(0o640, false), (0o755, true), (0o644, true), (0o600, false), (0o1640, true)] {
            for secrets in [false, true] {
                let mode = FileMode::new(0o640);
                let mode = if secrets { mode.guarding_secrets() } else { mode };
                let refused = secrets && opens;
                assert_eq!(mode.given(given).err(), refused.then(|| not_kept(given)), "{given:o}");
                assert_eq!(mode.is(given), !refused, "{given:o}: it is not written again and again");
                assert!(mode.is(0o640) && !mode.is(0o666));
                let said = (given != 0o640 && !refused).then(|| not_kept(given));
                assert_eq!(mode.not_kept(), said);
            }
        }
        assert_eq!(not_kept(0o755).to_string(), "the file system makes it 0755 and not 0640");
    }

    #[test]
    fn one_that_is_kept_again_is_said_no_more() {
        let mode = FileMode::new(0o640);
        mode.given(0o755).expect("no secret");
        mode.given(0o640).expect("as asked");
        assert_eq!((mode.not_kept(), mode.is(0o755)), (None, false));
    }
}
