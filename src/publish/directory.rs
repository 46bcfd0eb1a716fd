//! An open directory: everything below it is reached through its descriptor.
//!
//! Must never follow a link below the directory, and never trust a file to be a file: others may
//! write into the volume. Every failure names its step and path.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use super::error::{Obstacle, Permissions, PublishError, PublishStep};
use super::file_mode::FileMode;

/// Permission, setuid, setgid and sticky bits.
const MODE_BITS: u32 = 0o7777;
const SETGID: u32 = 0o2000;

/// Ours alone.
const PRIVATE: u32 = 0o600;

/// Entries of ours that are dealt with at once; a volume has a dozen, and what is over it waits.
const ENTRIES_MAX: usize = 4096;

/// Entries that are looked at to find them among those of others: about a second's work.
const LOOKED_AT_MAX: usize = 1 << 20;

/// How a file is opened that somebody else may have put there: no link is followed, a planted FIFO
/// does not hold us for ever, and a terminal does not become ours.
const GUARDED: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// An open directory and the path under which it was opened, for messages.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// Which directory or file it is, whatever it is called; stays unique while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// Closes a file of ours to everybody else, whatever an earlier version, the umask or the kubelet's handling
/// of `fsGroup` made of its mode. One of another user's is theirs to close; where the file system keeps no
/// modes, or cannot be written to, it stays as it is.
pub(super) fn make_private(file: &File, stat: &Stat) {
    let is_ours = stat.st_uid == rustix::process::geteuid().as_raw();
    if is_ours && stat.st_mode & MODE_BITS != PRIVATE {
        let _as_it_is = rustix::fs::fchmod(file, Mode::from_raw_mode(PRIVATE));
    }
}

impl Identity {
    pub(super) fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// One name in a directory. Names that are not UTF-8 are not ours and are left out.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_link: bool,
}

/// A regular file as it was found.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

impl Directory {
    /// Opens the directory that an operator named; links on the way to it are the operator's.
    pub(super) fn open(path: &Path) -> Result<Self, PublishError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|errno| {
            let seen = || Permissions::seen(rustix::fs::stat(path).ok().as_ref());
            PublishError::of_call(PublishStep::Open, path.to_owned(), errno, seen)
        })?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// Opens a real directory directly below.
    pub(super) fn open_below(&self, name: &str) -> Result<Self, PublishError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())
            .map_err(|errno| self.error(PublishStep::Open, name, errno))?;
        Ok(Self { fd, path: self.path.join(name) })
    }

    /// Makes a directory that everybody may enter, in our group where this one is setgid.
    ///
    /// The mode is set only where the umask spoilt it: `chmod` by one who is not in the directory's
    /// group would clear the setgid bit that `mkdir` hands down.
    pub(super) fn create_directory(&self, name: &str) -> Result<Self, PublishError> {
        let failed = |errno| self.error(PublishStep::Create, name, errno);
        let setgid = self.stat().map_err(failed)?.st_mode & SETGID;
        rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o755)).map_err(failed)?;
        let made = self.open_below(name)?;
        if made.stat().map_err(failed)?.st_mode & MODE_BITS != 0o755 | setgid {
            rustix::fs::fchmod(&made.fd, Mode::from_raw_mode(0o755 | setgid)).map_err(failed)?;
        }
        Ok(made)
    }

    /// Makes a file that was not there, whatever the umask, and waits until it is on the disk.
    ///
    /// The mode comes before the bytes: where it is not to be had, a secret was never there to be read.
    pub(super) fn create_file(&self, name: &str, bytes: &[u8], mode: &FileMode) -> Result<(), PublishError> {
        // EXCL follows no link either.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o600))
            .map_err(|errno| self.error(PublishStep::Create, name, errno))?;
        let mut file = File::from(fd);
        self.set_mode(&file, name, mode)?;
        file.write_all(bytes).map_err(|error| self.io_error(PublishStep::Write, name, &error))?;
        file.sync_all().map_err(|error| self.io_error(PublishStep::Sync, name, &error))
    }

    fn set_mode(&self, file: &File, name: &str, mode: &FileMode) -> Result<(), PublishError> {
        let failed = |errno| self.error(PublishStep::Write, name, errno);
        let set = rustix::fs::fchmod(file, Mode::from_raw_mode(mode.asked()));
        let found = rustix::fs::fstat(file).map_err(failed)?.st_mode & MODE_BITS;
        match set {
            Ok(()) => {}
            // vfat refuses what it cannot keep. What is asked for and lacking is another's refusal.
            Err(Errno::PERM | Errno::OPNOTSUPP) if found & mode.asked() == mode.asked() => {}
            Err(errno) => return Err(failed(errno)),
        }
        mode.given(found)
            .map_err(|opened| self.obstructed(PublishStep::Write, name, Obstacle::ModeNotKept(opened)))
    }

    /// Opens a file for locking, creating it where there is none, so that nobody else can take it: a lock
    /// needs no more than a descriptor, and who may read a file gets one.
    ///
    /// Only for reading: a file held open for writing keeps the file system from being made
    /// read-only.
    pub(super) fn open_lock_file(&self, name: &str) -> Result<File, PublishError> {
        let flags = OFlags::RDONLY | GUARDED;
        let open = |flags| rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(PRIVATE));
        // Without CREATE first: on a read-only file system, what is there can still be opened.
        let opened = match open(flags) {
            Err(Errno::NOENT) => open(flags | OFlags::CREATE),
            opened => opened,
        };
        opened.map(File::from).map_err(|errno| match (errno, self.stat_below(name)) {
            (Errno::ACCESS, Some(stat)) => {
                let lock = Permissions::seen(Some(&stat));
                let denied = Obstacle::LockDenied { lock, directory: self.unwritable() };
                self.obstructed(PublishStep::Lock, name, denied)
            }
            (errno, _) => self.error(PublishStep::Lock, name, errno),
        })
    }

    /// Owner and mode, where they keep us from making files here.
    fn unwritable(&self) -> Option<Box<Permissions>> {
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::accessat(&self.fd, c".", wanted, AtFlags::EACCESS).err()?;
        Some(Permissions::seen(self.stat().ok().as_ref()).into())
    }

    /// Replaces the content of the file that `identity` tells, if it is still there.
    pub(super) fn rewrite(&self, name: &str, identity: Identity, bytes: &[u8]) -> io::Result<()> {
        let fd = rustix::fs::openat(&self.fd, name, OFlags::WRONLY | GUARDED, Mode::empty())?;
        let mut file = File::from(fd);
        if Identity::of(&rustix::fs::fstat(&file)?) != identity {
            return Ok(());
        }
        file.set_len(0)?;
        file.write_all(bytes)
    }

    /// A regular file of at most `bytes_max`; `None` where nothing is.
    pub(super) fn read(&self, name: &str, bytes_max: usize) -> Result<Option<Content>, PublishError> {
        let fd = match rustix::fs::openat(&self.fd, name, OFlags::RDONLY | GUARDED, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            fd => fd.map_err(|errno| self.error(PublishStep::Read, name, errno))?,
        };
        let stat = rustix::fs::fstat(&fd).map_err(|errno| self.error(PublishStep::Read, name, errno))?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return Err(self.obstructed(PublishStep::Read, name, Obstacle::Planted));
        }
        let mut bytes = Vec::new();
        let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        File::from(fd)
            .take(bound)
            .read_to_end(&mut bytes)
            .map_err(|error| self.io_error(PublishStep::Read, name, &error))?;
        if bytes.len() > bytes_max {
            return Err(self.obstructed(PublishStep::Read, name, Obstacle::TooLarge(bytes_max)));
        }
        Ok(Some(Content { bytes, mode: stat.st_mode & MODE_BITS }))
    }

    /// Whether a regular file has exactly this content and mode. What cannot be read, has not.
    pub(super) fn holds(&self, name: &str, bytes: &[u8], mode: &FileMode) -> bool {
        let found = self.read(name, bytes.len()).ok().flatten();
        found.is_some_and(|content| mode.is(content.mode) && content.bytes == bytes)
    }

    /// Where a symbolic link points; `None` where there is no link, or one that is not ours.
    pub(super) fn link_target(&self, name: &str) -> Result<Option<String>, PublishError> {
        match rustix::fs::readlinkat(&self.fd, name, Vec::new()) {
            Ok(target) => Ok(target.into_string().ok()),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(errno) => Err(self.error(PublishStep::Read, name, errno)),
        }
    }

    /// Whether `name` is a symbolic link to exactly `target`.
    pub(super) fn links(&self, name: &str, target: &str) -> bool {
        self.link_target(name).is_ok_and(|found| found.as_deref() == Some(target))
    }

    /// Makes `name` a link to `target` in one step, by way of `temporary`.
    pub(super) fn put_link(&self, target: &str, name: &str, temporary: &str) -> Result<(), PublishError> {
        self.remove_file(temporary)?;
        self.make_link(target, temporary)?;
        let outcome = self.rename(temporary, name);
        if outcome.is_err() {
            let _already_failing = self.remove_file(temporary);
        }
        outcome
    }

    fn make_link(&self, target: &str, name: &str) -> Result<(), PublishError> {
        rustix::fs::symlinkat(target, &self.fd, name).map_err(|errno| {
            let error = self.error(PublishStep::Create, name, errno);
            match error.obstacle() {
                // A directory was made here just before.
                Obstacle::Forbidden(_) => self.obstructed(PublishStep::Create, name, Obstacle::NoLinks),
                _ => error,
            }
        })
    }

    /// Makes `name`, which is a directory, a link to `target` in one step; the directory is `aside`
    /// from then on, whole: readers that find their files in it find them until the swap.
    pub(super) fn swap_link(&self, target: &str, name: &str, aside: &str) -> Result<(), PublishError> {
        self.remove_file(aside)?;
        self.make_link(target, aside)?;
        let swapped = rustix::fs::renameat_with(&self.fd, aside, &self.fd, name, RenameFlags::EXCHANGE);
        swapped.map_err(|errno| {
            let _already_failing = self.remove_file(aside);
            match errno {
                // The file system cannot do it.
                Errno::INVAL | Errno::NOSYS => self.obstructed(PublishStep::Rename, name, Obstacle::Occupied),
                errno => self.error(PublishStep::Rename, name, errno),
            }
        })
    }

    /// Puts `from` where `to` is, in one step.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), PublishError> {
        rustix::fs::renameat(&self.fd, from, &self.fd, to)
            .map_err(|errno| self.error(PublishStep::Rename, to, errno))
    }

    /// Removes a file or link; that it is gone already is not an error.
    pub(super) fn remove_file(&self, name: &str) -> Result<(), PublishError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error(PublishStep::Remove, name, errno)),
        }
    }

    /// Removes a directory that holds files and links only.
    pub(super) fn remove_directory(&self, name: &str) -> Result<(), PublishError> {
        let inner = self.open_below(name)?;
        for entry in inner.entries(|_| true)? {
            inner.remove_file(&entry.name)?;
        }
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)
            .map_err(|errno| self.error(PublishStep::Remove, name, errno))
    }

    /// What is in the directory and is `wanted`, `.` and `..` left out; at most [`ENTRIES_MAX`].
    ///
    /// However much of others is there, it takes no room from what is ours.
    pub(super) fn entries(&self, wanted: impl Fn(&Entry) -> bool) -> Result<Vec<Entry>, PublishError> {
        let failed = |errno| self.error(PublishStep::Read, ".", errno);
        let mut entries = Vec::new();
        for found in Dir::read_from(&self.fd).map_err(failed)?.take(LOOKED_AT_MAX) {
            let found = found.map_err(failed)?;
            let entry = entry_name(found.file_name())
                .map(|name| Entry { name, is_link: found.file_type().is_symlink() });
            entries.extend(entry.filter(&wanted));
            if entries.len() == ENTRIES_MAX {
                break;
            }
        }
        Ok(entries)
    }

    /// Refuses a real directory that is in the way of a file.
    pub(super) fn refuse_directory(&self, name: &str) -> Result<(), PublishError> {
        if self.has_directory(name) {
            return Err(self.obstructed(PublishStep::Create, name, Obstacle::Occupied));
        }
        Ok(())
    }

    /// Whether a real directory of this name is there.
    pub(super) fn has_directory(&self, name: &str) -> bool {
        self.stat_below(name).is_some_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
    }

    /// Waits until the names are on the disk.
    pub(super) fn sync(&self) -> Result<(), PublishError> {
        rustix::fs::fsync(&self.fd).map_err(|errno| self.error(PublishStep::Sync, ".", errno))
    }

    /// Which directory this is.
    pub(super) fn identity(&self) -> Result<Identity, PublishError> {
        let stat = self.stat().map_err(|errno| self.error(PublishStep::Open, ".", errno))?;
        Ok(Identity::of(&stat))
    }

    /// What `name` is, links not followed; `None` where it cannot be seen.
    pub(super) fn identity_below(&self, name: &str) -> Option<Identity> {
        self.stat_below(name).as_ref().map(Identity::of)
    }

    /// An obstacle that no call reported.
    pub(super) fn obstructed(&self, step: PublishStep, name: &str, obstacle: Obstacle) -> PublishError {
        PublishError::of_obstacle(step, self.path_of(name), obstacle)
    }

    /// A failure of the standard library's calls on an open file.
    pub(super) fn io_error(&self, step: PublishStep, name: &str, error: &io::Error) -> PublishError {
        let errno = Errno::from_io_error(error).unwrap_or(Errno::IO);
        self.error(step, name, errno)
    }

    fn error(&self, step: PublishStep, name: &str, errno: Errno) -> PublishError {
        let permissions = || Permissions::seen(self.stat().ok().as_ref());
        PublishError::of_call(step, self.path_of(name), errno, permissions)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        if name == "." { self.path.clone() } else { self.path.join(name) }
    }

    fn stat(&self) -> Result<Stat, Errno> {
        rustix::fs::fstat(&self.fd)
    }

    fn stat_below(&self, name: &str) -> Option<Stat> {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()
    }
}

fn entry_name(name: &CStr) -> Option<String> {
    let name = name.to_str().ok()?;
    (name != "." && name != "..").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::super::tests::soon;
    use super::*;

    fn directory() -> (tempfile::TempDir, Directory) {
        let place = tempfile::tempdir().expect("a directory");
        let directory = Directory::open(place.path()).expect("made");
        (place, directory)
    }

    #[test]
    fn makes_only_files_that_were_not_there() {
        let (place, directory) = directory();
        let at = |name: &str| place.path().join(name);
        std::fs::write(at("victim"), "untouched").expect("made");
        symlink("victim", at("link")).expect("made");
        symlink("nowhere", at("dangling")).expect("made");
        for name in ["victim", "link", "dangling"] {
            let error = directory.create_file(name, b"new", &FileMode::new(0o644)).expect_err("it is there");
            assert_eq!((error.step(), error.obstacle()), (PublishStep::Create, &Obstacle::Planted), "{name}");
        }
        assert_eq!(std::fs::read_to_string(at("victim")).expect("there"), "untouched");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn follows_no_link_to_a_file() {
        let (place, directory) = directory();
        std::fs::write(place.path().join("victim"), "untouched").expect("made");
        symlink("victim", place.path().join("link")).expect("made");
        let read = directory.read("link", 100).expect_err("a link");
        let opened = directory.open_lock_file("link").expect_err("a link");
        assert_eq!((read.obstacle(), opened.obstacle()), (&Obstacle::Planted, &Obstacle::Planted));
        let victim = directory.identity_below("victim").expect("there");
        assert!(directory.rewrite("link", victim, b"new").is_err());
        assert_eq!(std::fs::read_to_string(place.path().join("victim")).expect("there"), "untouched");
    }

    #[test]
    fn is_held_up_by_no_fifo() {
        let (place, directory) = directory();
        rustix::fs::mknodat(&directory.fd, "fifo", FileType::Fifo, Mode::from_raw_mode(0o666), 0)
            .expect("made");
        soon(move || {
            let read = directory.read("fifo", 100).expect_err("no file").obstacle().clone();
            assert_eq!((read, directory.open_lock_file("fifo").is_ok()), (Obstacle::Planted, true));
        });
        drop(place);
    }

    #[test]
    fn opens_only_directories_and_none_through_a_link() {
        let (place, directory) = directory();
        std::fs::create_dir(place.path().join("real")).expect("made");
        std::fs::write(place.path().join("file"), "").expect("made");
        symlink("real", place.path().join("link")).expect("made");
        assert!(directory.open_below("real").is_ok());
        for name in ["file", "link"] {
            let error = directory.open_below(name).expect_err("no real directory");
            assert_eq!((error.step(), error.path()), (PublishStep::Open, place.path().join(name).as_path()));
        }
        let error = Directory::open(&place.path().join("file")).expect_err("no directory");
        assert_eq!((error.step(), error.obstacle()), (PublishStep::Open, &Obstacle::NotADirectory));
    }

    #[test]
    fn reads_up_to_the_bound_and_tells_exact_content_and_mode() {
        let (place, directory) = directory();
        let path = place.path().join("file");
        std::fs::write(&path, "four").expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("ours");
        let content = directory.read("file", 4).expect("readable").expect("there");
        assert_eq!((content.bytes.as_slice(), content.mode), (b"four".as_slice(), 0o640));
        assert_eq!(directory.read("file", 3).expect_err("too large").obstacle(), &Obstacle::TooLarge(3));
        assert!(directory.read("none", 4).expect("nothing").is_none());
        assert!(directory.holds("file", b"four", &FileMode::new(0o640)));
        for (bytes, mode) in
            [(b"four".as_slice(), 0o644), (b"five", 0o640), (b"fou", 0o640), (b"fours", 0o640)]
        {
            assert!(!directory.holds("file", bytes, &FileMode::new(mode)));
        }
    }

    #[test]
    fn rewrites_only_the_file_that_is_meant() {
        let (place, directory) = directory();
        for name in ["a", "b"] {
            std::fs::write(place.path().join(name), "longer than what comes").expect("made");
        }
        let identity = directory.identity_below("a").expect("there");
        directory.rewrite("a", identity, b"new").expect("ours");
        directory.rewrite("b", identity, b"new").expect("left alone");
        let read = |name: &str| std::fs::read_to_string(place.path().join(name)).expect("there");
        assert_eq!((read("a").as_str(), read("b").as_str()), ("new", "longer than what comes"));
    }

    #[test]
    fn errors_name_the_directory_itself_or_what_is_in_it() {
        let (place, directory) = directory();
        let path_of = |name| directory.obstructed(PublishStep::Read, name, Obstacle::Other).path().to_owned();
        assert_eq!(path_of("."), place.path());
        assert_eq!(path_of("a"), place.path().join("a"));
    }
}
