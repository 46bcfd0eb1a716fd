//! What can go wrong while files are put in place: which step, where, and what to do.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::Stat;
use rustix::io::Errno;

use super::file_mode::ModeNotKept;
use crate::model::Message;

const STICKY: u32 = 0o1000;

/// A publication, or the reading of its state, that failed.
///
/// The operating system's own words are in `source()`.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub struct PublishError {
    step: PublishStep,
    path: PathBuf,
    obstacle: Obstacle,
    source: Option<io::Error>,
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishStep {
    /// Opening the output directory, or one below it.
    Open,
    /// Becoming the only writer.
    Lock,
    /// Reading what is there.
    Read,
    /// Making a directory, file or link.
    Create,
    /// Filling a file, or setting its mode.
    Write,
    /// Waiting until it is on the disk.
    Sync,
    /// The rename that makes it visible.
    Rename,
    /// Removing what is no longer needed.
    Remove,
}

impl fmt::Display for PublishStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Lock => "lock",
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "put in place",
            Self::Remove => "remove",
        })
    }
}

/// Why it failed, in the kinds that call for different remedies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// ENOENT: the directory is not there, or was removed while we worked.
    Missing,
    /// ENOTDIR: the path, or a part of it, is something else.
    NotADirectory,
    /// EROFS.
    ReadOnly,
    /// ENOSPC, EDQUOT.
    Full,
    /// EFBIG: what this process may write into one file (`RLIMIT_FSIZE`), or what the file system can hold.
    FileSizeLimit,
    /// EBUSY: the file is a mount point of its own, over which nothing can be renamed.
    SingleFileMount,
    /// EACCES, and EPERM where owner and mode explain it.
    Denied(Permissions),
    /// EACCES of a lock that is there: another user made it.
    LockDenied {
        /// The lock's.
        lock: Permissions,
        /// The directory's, where that would not let us write either.
        directory: Option<Box<Permissions>>,
    },
    /// EPERM where owner and mode would let us: a flag of the file system's, or a security module.
    Forbidden(Permissions),
    /// ELOOP, EEXIST, or a special file: somebody else put something where only we write.
    Planted,
    /// A real directory stands where a file belongs.
    Occupied,
    /// EMFILE, ENFILE.
    OutOfDescriptors,
    /// EPERM of a link where files can be made: the file system has none (symlink(2)), as vfat.
    NoLinks,
    /// Another process holds the lock; what the last that wrote its name there called itself, if that was
    /// not us.
    Locked(Option<String>),
    /// The file is over the bound, in bytes.
    TooLarge(usize),
    /// The file would be open to more than may read the secret in it.
    ModeNotKept(ModeNotKept),
    /// Anything else; see `source()`.
    Other,
}

impl Obstacle {
    /// The closed set of names used in status.
    fn label(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotADirectory => "not_a_directory",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::SingleFileMount => "single_file_mount",
            Self::FileSizeLimit => "file_size_limit",
            Self::Denied(_) | Self::LockDenied { .. } => "permission_denied",
            Self::Forbidden(_) => "forbidden",
            Self::Planted => "planted",
            Self::Occupied => "occupied",
            Self::OutOfDescriptors => "out_of_descriptors",
            Self::NoLinks => "no_links",
            Self::Locked(_) => "another_writer",
            Self::TooLarge(_) => "too_large",
            Self::ModeNotKept(_) => "mode_not_kept",
            Self::Other => "other",
        }
    }

    pub(super) fn what(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Missing => "it does not exist",
            Self::NotADirectory => "it is not a directory",
            Self::ReadOnly => "the file system is read-only",
            Self::Full => "no space is left",
            Self::FileSizeLimit => "the file would be over the limit of a file's size",
            Self::SingleFileMount => "it is mounted by itself (a single file or `subPath`)",
            Self::Planted => "something is there that we did not put there",
            Self::Occupied => "a directory of that name is in the way",
            Self::OutOfDescriptors => "no file descriptors are left",
            Self::NoLinks => "the file system of the volume has no symbolic links",
            Self::Other => "the operating system refuses",
            Self::Denied(permissions) => {
                return format!("permission denied: {}", permissions.beside("directory")).into();
            }
            Self::LockDenied { lock, directory } => {
                let directory = directory.as_ref().and_then(|it| it.owned.as_ref());
                let more = directory.map_or(String::new(), |it| {
                    format!("; the directory does not let us write either: it is {it}")
                });
                return format!("permission denied: {}{more}", lock.beside("lock")).into();
            }
            Self::Forbidden(permissions) => {
                let permissions = permissions.beside("directory");
                return format!("forbidden although its mode allows it: {permissions}").into();
            }
            Self::Locked(None) => "another process holds the lock",
            Self::Locked(Some(name)) => {
                return format!(
                    "another process holds the lock; the last to write its name there was {name}"
                )
                .into();
            }
            Self::ModeNotKept(mode) => return format!("it holds a password, and {mode}").into(),
            Self::TooLarge(bytes_max) => return format!("it is larger than {bytes_max} bytes").into(),
        })
    }

    pub(super) fn cure(&self) -> &'static str {
        match self {
            Self::Missing => "mount the volume there, or create the directory",
            Self::NotADirectory => "--output-dir must name one",
            Self::ReadOnly => "mount the volume without `readOnly` in this container",
            Self::Full => "enlarge the volume's sizeLimit or free the node's disk",
            Self::FileSizeLimit => "raise the limit (`ulimit -f`, RLIMIT_FSIZE) of this container",
            Self::SingleFileMount => "mount the whole directory instead",
            Self::Planted => "let no other container write into the volume",
            Self::Occupied => "remove it",
            Self::OutOfDescriptors => "raise the limit of open files",
            Self::NoLinks => "give --layout plain, or use a volume that has them, such as an emptyDir",
            Self::Denied(_) => "set the pod's `fsGroup`, or `runAsUser` to the directory's owner",
            Self::Forbidden(_) => {
                "take the immutable or append-only flag off the directory (`lsattr -d`, `chattr -ia`), or have a \
                 security module (SELinux, AppArmor, seccomp) allow it"
            }
            Self::LockDenied { .. } => {
                "run everything that publishes there as one uid (`runAsUser`), init container and sidecar; a lock that \
                 nobody uses any more can be removed"
            }
            Self::Locked(_) => {
                "give each writer a directory of its own; `lslocks` on the node tells who holds the lock"
            }
            Self::ModeNotKept(_) => {
                "use a volume that keeps modes, such as an emptyDir, or mount this one with a mode that is not wider than \
                 --file-mode"
            }
            Self::TooLarge(_) | Self::Other => "",
        }
    }
}

impl Obstacle {
    pub(super) fn of(errno: Errno, permissions: impl FnOnce() -> Permissions) -> Self {
        match errno {
            Errno::NOENT => Self::Missing,
            Errno::NOTDIR => Self::NotADirectory,
            Errno::ROFS => Self::ReadOnly,
            Errno::NOSPC | Errno::DQUOT => Self::Full,
            Errno::FBIG => Self::FileSizeLimit,
            Errno::BUSY => Self::SingleFileMount,
            Errno::ACCESS => Self::Denied(permissions()),
            Errno::PERM => {
                let permissions = permissions();
                if permissions.allow() { Self::Forbidden(permissions) } else { Self::Denied(permissions) }
            }
            Errno::LOOP | Errno::EXIST => Self::Planted,
            Errno::ISDIR | Errno::NOTEMPTY => Self::Occupied,
            Errno::MFILE | Errno::NFILE => Self::OutOfDescriptors,
            _ => Self::Other,
        }
    }
}

/// Who we are, and what a directory, or the lock in it, allows to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    uid: u32,
    gid: u32,
    /// Ours besides `gid`, as `fsGroup` gives them.
    groups: Vec<u32>,
    owned: Option<Owned>,
}

/// Owner and permission bits of a directory or file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl fmt::Display for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uid, gid, mode } = self;
        write!(f, "mode {mode:04o} of uid {uid} gid {gid}")
    }
}

impl Permissions {
    /// Ours, beside those of a directory or file as `stat` shows it, where it can be seen at all.
    pub(super) fn seen(stat: Option<&Stat>) -> Self {
        let owned = |stat: &Stat| Owned { uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode & 0o7777 };
        let groups = rustix::process::getgroups().unwrap_or_default();
        Self {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            groups: groups.iter().map(|group| group.as_raw()).collect(),
            owned: stat.map(owned),
        }
    }
}

impl Permissions {
    /// Whether owner and mode let us make and remove whatever we like in the directory.
    fn allow(&self) -> bool {
        let Some(Owned { uid, gid, mode }) = self.owned else { return false };
        let is_in_group = self.gid == gid || self.groups.contains(&gid);
        match self.uid {
            0 => true,
            ours if ours == uid => mode & 0o300 == 0o300,
            // In a sticky directory, what is of another user stays.
            _ if mode & STICKY != 0 => false,
            _ if is_in_group => mode & 0o030 == 0o030,
            _ => mode & 0o003 == 0o003,
        }
    }

    /// Ours beside those of this `thing`, for people.
    fn beside(&self, thing: &str) -> String {
        let mut text = format!("we are uid {} gid {}", self.uid, self.gid);
        if let Some(owned) = &self.owned {
            let _infallible = write!(text, ", the {thing} is {owned}");
        }
        text
    }
}

impl PublishError {
    /// A failed call; `permissions` is asked only where they explain it.
    pub(super) fn of_call(
        step: PublishStep,
        path: PathBuf,
        errno: Errno,
        permissions: impl FnOnce() -> Permissions,
    ) -> Self {
        Self { step, path, obstacle: Obstacle::of(errno, permissions), source: Some(errno.into()) }
    }

    /// An obstacle that no call reported.
    pub(super) fn of_obstacle(step: PublishStep, path: PathBuf, obstacle: Obstacle) -> Self {
        Self { step, path, obstacle, source: None }
    }

    /// The class of it, out of a closed set.
    pub fn reason(&self) -> &'static str {
        self.obstacle.label()
    }

    /// What failed, with the operating system's own words; where; and what to do.
    pub fn message(&self) -> Message {
        let mut what = match self.step {
            PublishStep::Rename => "cannot put it in place: ".to_owned(),
            step => format!("cannot {step} it: "),
        };
        what.push_str(&self.obstacle.what());
        // Where the obstacle has a name, the operating system's words say the same again.
        if let (Obstacle::Other, Some(source)) = (&self.obstacle, &self.source) {
            let _infallible = write!(what, ": {source}");
        }
        Message::new(what, self.obstacle.cure()).at(&self.path.display())
    }

    /// What was being done.
    pub fn step(&self) -> PublishStep {
        self.step
    }

    /// To what.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why it failed.
    pub fn obstacle(&self) -> &Obstacle {
        &self.obstacle
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::Mode;

    use super::*;

    #[test]
    fn each_step_has_its_word() {
        let said = |step| PublishError::of_obstacle(step, "/peers/a".into(), Obstacle::Other).to_string();
        for (step, word) in [
            (PublishStep::Open, "open it"),
            (PublishStep::Lock, "lock it"),
            (PublishStep::Read, "read it"),
            (PublishStep::Create, "create it"),
            (PublishStep::Write, "write it"),
            (PublishStep::Sync, "sync it"),
            (PublishStep::Rename, "put it in place"),
            (PublishStep::Remove, "remove it"),
        ] {
            assert_eq!(said(step), format!("cannot {word}: the operating system refuses (/peers/a)"));
        }
    }

    #[test]
    fn each_error_number_has_its_obstacle() {
        let permissions = || Permissions { uid: 1, gid: 2, groups: vec![], owned: None };
        for (errno, obstacle) in [
            (Errno::NOENT, Obstacle::Missing),
            (Errno::NOTDIR, Obstacle::NotADirectory),
            (Errno::ROFS, Obstacle::ReadOnly),
            (Errno::NOSPC, Obstacle::Full),
            (Errno::DQUOT, Obstacle::Full),
            (Errno::FBIG, Obstacle::FileSizeLimit),
            (Errno::BUSY, Obstacle::SingleFileMount),
            (Errno::ACCESS, Obstacle::Denied(permissions())),
            (Errno::PERM, Obstacle::Denied(permissions())),
            (Errno::LOOP, Obstacle::Planted),
            (Errno::EXIST, Obstacle::Planted),
            (Errno::ISDIR, Obstacle::Occupied),
            (Errno::NOTEMPTY, Obstacle::Occupied),
            (Errno::MFILE, Obstacle::OutOfDescriptors),
            (Errno::NFILE, Obstacle::OutOfDescriptors),
            (Errno::IO, Obstacle::Other),
        ] {
            assert_eq!(Obstacle::of(errno, permissions), obstacle);
        }
    }

    #[test]
    fn permissions_are_those_of_the_directory_without_its_type() {
        let directory = tempfile::tempdir().expect("a directory");
        rustix::fs::chmod(directory.path(), Mode::from_raw_mode(0o2750)).expect("ours");
        let stat = rustix::fs::stat(directory.path()).expect("there");
        let Some(owned) = Permissions::seen(Some(&stat)).owned else { panic!("it was seen") };
        assert_eq!((owned.uid, owned.gid, owned.mode), (stat.st_uid, stat.st_gid, 0o2750));
        assert_eq!(Permissions::seen(None).owned, None);
    }

    #[test]
    fn what_owner_and_mode_allow_is_forbidden_by_something_else() {
        let owned = |mode| Owned { uid: 3, gid: 4, mode };
        let we = |uid, gid, groups: &[u32], mode| {
            let groups = groups.to_vec();
            Permissions { uid, gid, groups, owned: Some(owned(mode)) }
        };
        for allowed in [
            we(0, 0, &[], 0o000),
            we(3, 9, &[], 0o1300),
            we(9, 4, &[], 0o030),
            we(9, 8, &[7, 4], 0o2030),
            we(9, 8, &[7], 0o003),
            we(9, 8, &[7], 0o757),
        ] {
            let permissions = allowed.clone();
            assert_eq!(Obstacle::of(Errno::PERM, || permissions), Obstacle::Forbidden(allowed));
        }
        for denied in [
            we(3, 4, &[], 0o477),
            we(3, 4, &[], 0o277),
            we(3, 4, &[], 0o177),
            we(9, 4, &[], 0o727),
            we(9, 8, &[4], 0o717),
            we(9, 8, &[], 0o775),
            we(9, 8, &[], 0o776),
            we(9, 8, &[], 0o1777),
            Permissions { uid: 0, gid: 0, groups: vec![], owned: None },
        ] {
            let permissions = denied.clone();
            assert_eq!(Obstacle::of(Errno::PERM, || permissions), Obstacle::Denied(denied));
        }
    }

    #[test]
    fn obstacles_that_carry_something_say_it() {
        let owned = Owned { uid: 3, gid: 4, mode: 0o2755 };
        let permissions = Permissions { uid: 1, gid: 2, groups: vec![], owned: Some(owned) };
        let denied = Obstacle::Denied(permissions.clone());
        for (obstacle, what) in [
            (denied, "permission denied: we are uid 1 gid 2, the directory is mode 2755 of uid 3 gid 4"),
            (
                Obstacle::LockDenied { lock: permissions.clone(), directory: None },
                "permission denied: we are uid 1 gid 2, the lock is mode 2755 of uid 3 gid 4",
            ),
            (
                Obstacle::LockDenied {
                    lock: permissions.clone(),
                    directory: Some(permissions.clone().into()),
                },
                "permission denied: we are uid 1 gid 2, the lock is mode 2755 of uid 3 gid 4; the directory \
                 does not let us write either: it is mode 2755 of uid 3 gid 4",
            ),
            (
                Obstacle::Forbidden(permissions),
                "forbidden although its mode allows it: we are uid 1 gid 2, the directory is mode 2755 of uid 3 gid 4",
            ),
            (
                Obstacle::Locked(Some("pid 7 on a".to_owned())),
                "another process holds the lock; the last to write its name there was pid 7 on a",
            ),
            (Obstacle::Locked(None), "another process holds the lock"),
            (Obstacle::TooLarge(9), "it is larger than 9 bytes"),
        ] {
            assert_eq!(obstacle.what(), what);
        }
    }
}
