//! What would keep files from being published, or from being seen, found without writing anything.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, StatVfs};
use rustix::io::Errno;

use super::error::{Obstacle, Permissions};
use super::layout::Layout;
use super::lock::LOCK;
use super::volume;
use crate::document::FileName;
use crate::model::Message;
use crate::small_file::mounts::{self, Mount};

/// One thing that is wrong with an output directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hazard {
    /// The directory, or the lock in it, is not ours to write to, and why.
    Unwritable {
        /// Which of them.
        directory: PathBuf,
        /// As a publication would meet it.
        obstacle: Obstacle,
    },
    /// No blocks or no inodes are left.
    Full(PathBuf),
    /// A file that we publish is a mount point of its own.
    FileMounted(PathBuf),
    /// A directory stands where a file belongs.
    Occupied(PathBuf),
    /// The volume is mounted by `subPath`.
    SubPath {
        directory: PathBuf,
        /// What of the volume is mounted there, from the volume's own directory on.
        root: PathBuf,
    },
    /// The directory lies in the container's own file system.
    NoVolume(PathBuf),
}

impl Hazard {
    /// What is so, where, and what to do.
    pub fn message(&self) -> Message {
        let (what, cure) = match self {
            Self::Unwritable { obstacle, .. } => {
                (format!("it cannot be written to: {}", obstacle.what()), obstacle.cure().to_owned())
            }
            Self::Full(_) => of(&Obstacle::Full),
            Self::FileMounted(_) => of(&Obstacle::SingleFileMount),
            Self::Occupied(_) => of(&Obstacle::Occupied),
            Self::SubPath { root, .. } => (
                format!("it is mounted by `subPath` ({})", root.display()),
                "mount the whole volume, in the server's container too: a file mounted by `subPath` never changes"
                    .to_owned(),
            ),
            Self::NoVolume(_) => (
                "it is in this container's own file system, where no other container sees it".to_owned(),
                "mount a volume there".to_owned(),
            ),
        };
        Message::new(what, cure).at(&self.path().display())
    }

    /// Where it is.
    fn path(&self) -> &Path {
        match self {
            Self::Unwritable { directory, .. } | Self::SubPath { directory, .. } => directory,
            Self::Full(path) | Self::FileMounted(path) | Self::Occupied(path) | Self::NoVolume(path) => path,
        }
    }
}

fn of(obstacle: &Obstacle) -> (String, String) {
    (obstacle.what().into_owned(), obstacle.cure().to_owned())
}

/// Everything that can be told of `directory` by looking: by permission, without a probe file.
///
/// `names` are the files that are to be published there.
pub fn inspect(directory: &Path, layout: Layout, names: &[FileName]) -> Vec<Hazard> {
    let of_directory = unwritable(directory).map(|obstacle| (directory.to_owned(), obstacle));
    let of_lock = locked_out(directory).map(|obstacle| (directory.join(LOCK), obstacle));
    let unwritable = of_directory.into_iter().chain(of_lock);
    let mut hazards: Vec<_> =
        unwritable.map(|(directory, obstacle)| Hazard::Unwritable { directory, obstacle }).collect();
    if !hazards.is_empty() {
        return hazards;
    }
    // What keeps no account of its room is not said to be full.
    if rustix::fs::statvfs(directory).is_ok_and(|room| is_used_up(&room)) {
        hazards.push(Hazard::Full(directory.to_owned()));
    }
    hazards.extend(occupied(directory, layout, names));
    // The table has real paths; a directory that we may write to has one.
    let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    hazards.extend(mounted(&mounts::all(), &real, names));
    hazards
}

fn unwritable(directory: &Path) -> Option<Obstacle> {
    match fs::metadata(directory) {
        Ok(metadata) if !metadata.is_dir() => return Some(Obstacle::NotADirectory),
        _ => {}
    }
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    let errno = rustix::fs::accessat(CWD, directory, wanted, AtFlags::EACCESS).err()?;
    let seen = || Permissions::seen(rustix::fs::stat(directory).ok().as_ref());
    Some(Obstacle::of(errno, seen))
}

/// Whether the lock is there and cannot be opened; who holds it is found out by taking it, and not here.
fn locked_out(directory: &Path) -> Option<Obstacle> {
    let lock = rustix::fs::stat(directory.join(LOCK)).ok()?;
    let errno = rustix::fs::accessat(CWD, directory.join(LOCK), Access::READ_OK, AtFlags::EACCESS).err()?;
    let lock = Permissions::seen(Some(&lock));
    (errno == Errno::ACCESS).then_some(Obstacle::LockDenied { lock, directory: None })
}

/// Whether no more blocks or no more inodes can be had. A file system that counts none has none in all.
fn is_used_up(room: &StatVfs) -> bool {
    let none_left = |total: u64, available: u64| total > 0 && available == 0;
    none_left(room.f_blocks, room.f_bavail) || none_left(room.f_files, room.f_favail)
}

fn occupied(directory: &Path, layout: Layout, names: &[FileName]) -> Vec<Hazard> {
    let is_directory = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    // A directory `..data` is set aside, unless one is there already.
    let aside = match layout {
        Layout::Volume if is_directory(&directory.join(volume::DATA)) => Some(volume::DATA_ASIDE),
        Layout::Volume | Layout::Plain => None,
    };
    let names = names.iter().map(FileName::as_str).chain(aside);
    names.map(|name| directory.join(name)).filter(is_directory).map(Hazard::Occupied).collect()
}

/// What the mount table says of a directory, given by its real path.
fn mounted(mounts: &[Mount], directory: &Path, names: &[FileName]) -> Vec<Hazard> {
    let paths = names.iter().map(|name| directory.join(name.as_str()));
    let is_mount_point = |path: &PathBuf| mounts.iter().any(|mount| mount.point == *path);
    let mut hazards: Vec<_> = paths.filter(is_mount_point).map(Hazard::FileMounted).collect();
    let Some(mount) = mounts::mount_of(mounts, directory) else { return hazards };
    if mount.kind == "overlay" {
        hazards.push(Hazard::NoVolume(directory.to_owned()));
    }
    if let Some(root) = sub_path(mount) {
        hazards.push(Hazard::SubPath { directory: directory.to_owned(), root });
    }
    hazards
}

/// What of a volume is mounted, from the volume's own directory on; `None` where it is the whole.
fn sub_path(mount: &Mount) -> Option<PathBuf> {
    // An emptyDir in memory is a file system of its own.
    let is_in_memory = mount.kind == "tmpfs";
    let below =
        if is_in_memory { mount.root.strip_prefix("/").ok()?.into() } else { below_volume(&mount.root)? };
    (below != Path::new("")).then_some(below)
}

/// The kubelet keeps volumes in `…/pods/<uid>/volumes/<plugin>/<name>`.
fn below_volume(root: &Path) -> Option<PathBuf> {
    let mut parts = root.iter().skip_while(|part| *part != "pods").skip(2);
    (parts.next()? == "volumes").then(|| parts.skip(2).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FileName {
        text.parse().expect("a file name")
    }

    /// The hazards of `/peers` where it is mounted with this root and kind.
    fn of(root: &str, kind: &str) -> Vec<Hazard> {
        let table = format!("1 0 0:1 / / rw - overlay o rw\n2 1 0:2 {root} /peers rw - {kind} d rw\n");
        mounted(&mounts::parse(&table), Path::new("/peers"), &[name("peers.properties")])
    }

    #[test]
    fn each_says_where_and_what_to_do() {
        let peers = || PathBuf::from("/peers");
        for (hazard, what, cure) in [
            (
                Hazard::Unwritable { directory: peers(), obstacle: Obstacle::ReadOnly },
                "it cannot be written to: the file system is read-only",
                "mount the volume without `readOnly` in this container",
            ),
            (Hazard::Full(peers()), "no space is left", Obstacle::Full.cure()),
            (
                Hazard::FileMounted(peers()),
                "it is mounted by itself (a single file or `subPath`)",
                "mount the whole directory instead",
            ),
            (Hazard::Occupied(peers()), "a directory of that name is in the way", "remove it"),
            (
                Hazard::SubPath { directory: peers(), root: "a/b".into() },
                "it is mounted by `subPath` (a/b)",
                "mount the whole volume, in the server's container too: a file mounted by `subPath` never changes",
            ),
            (
                Hazard::NoVolume(peers()),
                "it is in this container's own file system, where no other container sees it",
                "mount a volume there",
            ),
        ] {
            assert_eq!(hazard.message(), Message::new(what, cure).at(&"/peers"));
        }
    }

    const EMPTY_DIR: &str = "/var/lib/kubelet/pods/1-2/volumes/kubernetes.io~empty-dir/peers";

    #[test]
    fn a_whole_volume_is_no_hazard() {
        assert_eq!(of(EMPTY_DIR, "ext4"), []);
        assert_eq!(of("/", "tmpfs"), []);
        assert_eq!(of("/srv/peers", "ext4"), []);
        assert_eq!(of("/pods/x", "ext4"), []);
    }

    #[test]
    fn a_part_of_a_volume_is_one() {
        for (root, kind) in [(format!("{EMPTY_DIR}/a/b"), "ext4"), ("/a/b".to_owned(), "tmpfs")] {
            let hazard = Hazard::SubPath { directory: "/peers".into(), root: "a/b".into() };
            assert_eq!(of(&root, kind), [hazard]);
        }
    }

    #[test]
    fn the_containers_own_files_are_one() {
        let table = "1 0 0:1 / / rw - overlay o rw\n";
        let found = mounted(&mounts::parse(table), Path::new("/peers"), &[]);
        assert_eq!(found, [Hazard::NoVolume("/peers".into())]);
    }

    #[test]
    fn a_file_that_is_mounted_is_one() {
        let table = "1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 /x /peers/a rw - ext4 d rw\n";
        let found = mounted(&mounts::parse(table), Path::new("/peers"), &[name("a"), name("b")]);
        assert_eq!(found, [Hazard::FileMounted("/peers/a".into())]);
    }

    #[test]
    fn room_is_used_up_where_it_is_counted_and_none_is_left() {
        let machine = rustix::fs::statvfs("/").expect("there");
        let is_used_up = |[f_blocks, f_bavail, f_files, f_favail]: [u64; 4]| {
            is_used_up(&StatVfs { f_blocks, f_bavail, f_files, f_favail, ..machine })
        };
        for used_up in [[1, 0, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]] {
            assert!(is_used_up(used_up), "{used_up:?}");
        }
        for room in [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1]] {
            assert!(!is_used_up(room), "{room:?}");
        }
    }

    #[test]
    fn what_is_in_the_way_is_told_by_looking() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("a")).expect("made");
        fs::write(at("file"), "").expect("made");
        let occupied = |layout| occupied(directory.path(), layout, &[name("a"), name("b")]);
        assert_eq!(occupied(Layout::Plain), [Hazard::Occupied(at("a"))]);
        let data = ["..data", "..data_aside"].map(at);
        for alone in &data {
            fs::create_dir(alone).expect("made");
            assert_eq!(occupied(Layout::Volume), [Hazard::Occupied(at("a"))], "it can be set aside");
            fs::remove_dir(alone).expect("empty");
        }
        for name in &data {
            fs::create_dir(name).expect("made");
        }
        assert_eq!(occupied(Layout::Plain), [Hazard::Occupied(at("a"))]);
        assert_eq!(
            occupied(Layout::Volume),
            [Hazard::Occupied(at("a")), Hazard::Occupied(at("..data_aside"))]
        );
        let inspect = |name| inspect(&at(name), Layout::Volume, &[]);
        let unwritable = |name, obstacle| Hazard::Unwritable { directory: at(name), obstacle };
        assert_eq!(inspect("none"), [unwritable("none", Obstacle::Missing)]);
        assert_eq!(inspect("file"), [unwritable("file", Obstacle::NotADirectory)]);
        assert_eq!(inspect("file/below"), [unwritable("file/below", Obstacle::NotADirectory)]);
        let before = fs::read_dir(directory.path()).expect("readable").count();
        let _hazards_of_the_machine = inspect("a");
        assert_eq!(fs::read_dir(directory.path()).expect("readable").count(), before, "no probe file");
    }
}
