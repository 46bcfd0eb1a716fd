//! The file appears whole or not at all, whatever happens to us, the disk or the directory.
//!
//! Two layouts. `volume` does what the kubelet does to a ConfigMap volume (`AtomicWriter`): a
//! directory a generation, one rename of `..data`, so that all files change together. `plain`
//! renames each file into place. Either way nothing is written where everything is right already.
//!
//! What a directory holds, all of it hidden from readers that skip `..` as the kubelet's do:
//!
//! | name | layout | what |
//! |---|---|---|
//! | `..lock` | both | held by the one writer; stays |
//! | `..data` → `..2025_01_31_10_00_00.x7Gk2…` | volume | the current generation; the one before is kept for a while |
//! | `..state.json` | both | the saved state, which the next start reads; in `volume` inside the generation |
//! | `..data_aside` | volume | a directory that somebody made in the place of `..data`, as it was; stays |
//! | `..tmp~NAME`, `..data_tmp` | both | on their way to a rename; removed by the next writer |
//!
//! Everything here blocks. Must never follow a link below the directory, never leave a reader
//! without a file that was there, and never collect leftovers: each start and each publication
//! removes those of earlier ones.

mod directory;
mod error;
mod file_mode;
mod generation;
mod hazard;
mod layout;
mod lock;
mod plain;
mod state_file;
#[cfg(test)]
mod tests;
mod volume;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::document::{File, FileName};
use crate::small_file::{self, Content};
use directory::{Directory, Identity};
use file_mode::FileMode;
use lock::Lock;
use volume::Superseded;

pub use error::{Obstacle, Permissions, PublishError, PublishStep};
pub use file_mode::ModeNotKept;
pub use hazard::{Hazard, inspect};
pub use layout::Layout;
pub use state_file::{DecodedState, StateFault, decode_state, encode_state};

/// The state's name beside the files that it belongs to.
const STATE: &str = "..state.json";

/// Bytes of state that are read back: some 40,000 peers, far above what a server could carry.
pub const STATE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a file that are read back: 4,096 peers of the longest names, twice over.
const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Prefix of a file or link on its way to its own name.
const TEMPORARY: &str = "..tmp~";

/// How a publication ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The files say what they should, and said something else before.
    Written,
    /// The files said so already; nothing was touched.
    Unchanged,
    /// We had written this already, others changed or removed it, and it is there again.
    Repaired,
}

/// The owner of an output directory.
#[derive(Debug)]
pub struct Publisher {
    path: PathBuf,
    layout: Layout,
    file_mode: FileMode,
    held: Option<Held>,
    /// What this process put in place last.
    last: Option<Fingerprint>,
    /// What readers find, as far as nobody else has a hand in it: by file, what we put in place or found there.
    in_place: BTreeMap<String, Fingerprint>,
}

/// The directory that we are the one writer of.
#[derive(Debug)]
struct Held {
    directory: Directory,
    identity: Identity,
    lock: Lock,
    superseded: Superseded,
}

/// Tells one publication, or one file, from another; chance makes two alike once in 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint(u64);

impl Fingerprint {
    fn of(content: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Publisher {
    /// Writes into `directory`, which need not exist yet; files get exactly the mode `file_mode`.
    pub fn new(directory: PathBuf, layout: Layout, file_mode: u32) -> Self {
        let file_mode = FileMode::new(file_mode);
        Self { path: directory, layout, file_mode, held: None, last: None, in_place: BTreeMap::new() }
    }

    /// The same for files with secrets in them: where the file system would open them wider than the mode says,
    /// none is written.
    #[must_use]
    pub fn guarding_secrets(self) -> Self {
        Self { file_mode: self.file_mode.guarding_secrets(), ..self }
    }

    /// What the file system makes of the mode of our files, where it does not keep it.
    pub fn mode_not_kept(&self) -> Option<ModeNotKept> {
        self.file_mode.not_kept()
    }

    /// Puts `files` in place, and beside them `state`, unless all of it is there already.
    ///
    /// File names are distinct. After an error the files are as they were, or, where several had to
    /// change one by one, partly new, but each of them whole; the next call mends it.
    pub fn publish(&mut self, files: &[File], state: &[u8]) -> Result<Published, PublishError> {
        self.put(files, Some(state))
    }

    /// The same without a state: none is looked for, and none is written.
    pub fn keep(&mut self, files: &[File]) -> Result<Published, PublishError> {
        self.put(files, None)
    }

    fn put(&mut self, files: &[File], state: Option<&[u8]>) -> Result<Published, PublishError> {
        let outcome = self.try_put(files, state);
        if outcome.is_ok() {
            self.found(files);
        } else {
            // Some of them may be in place all the same.
            let is_there = |(name, mark): &(String, Fingerprint)| self.seen(name) == Seen::File(*mark);
            let ours: Vec<_> = marks(files).filter(is_there).collect();
            self.in_place.extend(ours);
        }
        outcome
    }

    fn try_put(&mut self, files: &[File], state: Option<&[u8]>) -> Result<Published, PublishError> {
        let wanted = &Wanted { files, state, mode: &self.file_mode };
        let fingerprint = wanted.fingerprint();
        let Held { directory, superseded, .. } = hold(&self.path, &mut self.held)?;
        let is_current = match self.layout {
            Layout::Volume => volume::is_current(directory, wanted)?,
            Layout::Plain => plain::is_current(directory, wanted),
        };
        if !is_current {
            match self.layout {
                Layout::Volume => volume::write(directory, superseded, wanted)?,
                Layout::Plain => plain::write(directory, wanted)?,
            }
        }
        let before = self.last.replace(fingerprint);
        Ok(match is_current {
            true => Published::Unchanged,
            false if before == Some(fingerprint) => Published::Repaired,
            false => Published::Written,
        })
    }

    /// These files were found in place and are as they should be: from here on they count as ours.
    pub fn found(&mut self, files: &[File]) {
        self.in_place = marks(files).collect();
    }

    /// Whether readers have lost a file that was in place: it is gone, no file any more, emptied, or says
    /// something that we have not written.
    ///
    /// An error by itself takes nothing away: others do. What we may not look at is not said to be lost.
    pub fn has_lost_files(&self) -> bool {
        self.in_place.iter().any(|(name, mark)| match self.seen(name) {
            Seen::File(found) => found != *mark,
            Seen::Unseen => false,
            Seen::NoFile => true,
        })
    }

    /// What readers find under this name: they follow links.
    fn seen(&self, name: &str) -> Seen {
        match small_file::read(&self.path.join(name), FILE_BYTES_MAX) {
            Ok(Content::Whole(bytes) | Content::Beginning(bytes)) => Seen::File(Fingerprint::of(&bytes)),
            Ok(Content::NotAFile) => Seen::NoFile,
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Seen::NoFile,
                _ => Seen::Unseen,
            },
        }
    }

    /// The files of these names as readers find them now, no matter who made them; none where one is missing.
    pub fn read_files(&self, names: &[FileName]) -> Result<Option<Vec<File>>, PublishError> {
        let directory = match Directory::open(&self.path) {
            Err(error) if *error.obstacle() == Obstacle::Missing => return Ok(None),
            directory => directory?,
        };
        let generation = volume::open_current(&directory)?;
        let read = |name: &FileName| {
            let home = match &generation {
                Some(generation) if volume::is_link(&directory, name.as_str()) => generation,
                Some(_) | None => &directory,
            };
            let content = home.read(name.as_str(), FILE_BYTES_MAX)?;
            Ok(content.map(|content| File::new(name.clone(), content.bytes)))
        };
        names.iter().map(read).collect()
    }

    /// The state that the last publication left, of whichever life and layout; at most
    /// [`STATE_BYTES_MAX`].
    pub fn read_state(&self) -> Result<Option<Vec<u8>>, PublishError> {
        let directory = match Directory::open(&self.path) {
            Err(error) if *error.obstacle() == Obstacle::Missing => return Ok(None),
            directory => directory?,
        };
        let generation = volume::open_current(&directory)?;
        let homes = match self.layout {
            Layout::Volume => [generation.as_ref(), Some(&directory)],
            Layout::Plain => [Some(&directory), generation.as_ref()],
        };
        for home in homes.into_iter().flatten() {
            if let Some(content) = home.read(STATE, STATE_BYTES_MAX)? {
                return Ok(Some(content.bytes));
            }
        }
        Ok(None)
    }
}

/// Each file's name, and what tells its content from another.
fn marks(files: &[File]) -> impl Iterator<Item = (String, Fingerprint)> {
    files.iter().map(|file| (file.name().as_str().to_owned(), Fingerprint::of(file.bytes())))
}

/// The directory that is at `path` now, with us as its only writer.
fn hold<'a>(path: &Path, held: &'a mut Option<Held>) -> Result<&'a mut Held, PublishError> {
    let directory = Directory::open(path)?;
    let identity = directory.identity()?;
    let is_same = |held: &Held| held.identity == identity && held.lock.is_in(&directory);
    let still = match held.take() {
        Some(same) if is_same(&same) => same,
        // Removed and made again, or replaced: another place, to be taken anew.
        _ => Held::take(directory, identity)?,
    };
    Ok(held.insert(still))
}

impl Held {
    fn take(directory: Directory, identity: Identity) -> Result<Self, PublishError> {
        let lock = Lock::acquire(&directory)?;
        volume::sweep(&directory)?;
        Ok(Self { directory, identity, lock, superseded: Superseded::default() })
    }
}

/// What a reader finds where a file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    File(Fingerprint),
    /// Nothing, or something else.
    NoFile,
    /// Not ours to look at.
    Unseen,
}

/// What should be in the directory.
struct Wanted<'a> {
    files: &'a [File],
    state: Option<&'a [u8]>,
    mode: &'a FileMode,
}

impl<'a> Wanted<'a> {
    /// Names and bytes, the state first.
    fn contents(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let files = self.files.iter().map(|file| (file.name().as_str(), file.bytes()));
        self.state.map(|state| (STATE, state)).into_iter().chain(files)
    }

    /// The names that readers use.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(|file| file.name().as_str())
    }

    /// Whether `directory` itself holds all of it.
    fn is_in(&self, directory: &Directory) -> bool {
        self.contents().all(|(name, bytes)| directory.holds(name, bytes, self.mode))
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut hasher = DefaultHasher::new();
        self.mode.asked().hash(&mut hasher);
        self.contents().for_each(|content| content.hash(&mut hasher));
        Fingerprint(hasher.finish())
    }
}

fn temporary(name: &str) -> String {
    format!("{TEMPORARY}{name}")
}
