//! The parts that this program plays when it has started itself again.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::machine::is_root;
use crate::namespace::{self, mount, unmount};
use crate::scene;
use eureka_peers::publish::{Hazard, Layout, Obstacle, Published, Publisher, inspect};

/// Names the part to be played.
pub(crate) const ROLE: &str = "PUBLISHED_DIRECTORY_ROLE";
/// The directory to play it in.
const DIRECTORY: &str = "PUBLISHED_DIRECTORY_PATH";
/// `volume` or `plain`, for the part that has only one.
const LAYOUT: &str = "PUBLISHED_DIRECTORY_LAYOUT";
/// The first number to publish, for the part that counts.
const FIRST: &str = "PUBLISHED_DIRECTORY_FIRST";

const PUBLISH_FOR_EVER: &str = "publish_for_ever";

/// A user that owns nothing, and a group that it is not in.
const NOBODY: u32 = 65534;
const FOREIGN_GROUP: u32 = 12345;

/// Each part is played in a directory of this name with this layout.
const LAYOUTS: [(Layout, &str); 2] = [(Layout::Volume, "volume"), (Layout::Plain, "plain")];

/// What a part needs around it.
#[derive(Clone, Copy)]
pub(crate) enum Surroundings {
    /// A process of its own.
    Process,
    /// A mount namespace, in which it may mount.
    Mounts,
    /// Another user than root.
    Unprivileged,
    /// Another user than root, in a setgid directory of a group that it is not in.
    ForeignGroup,
    /// Another user than root, in a directory of its own with root's lock.
    ForeignLock,
}

/// A test that is a process of its own.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) surroundings: Surroundings,
    play: fn(&Path, Layout),
}

pub(crate) const PARTS: [Part; 10] = [
    part("a_full_disk_keeps_the_files_and_is_not_filled_further", Surroundings::Mounts, full_disk),
    part("a_full_disk_does_not_stop_the_next_life", Surroundings::Mounts, full_disk_next_life),
    part("a_read_only_disk_is_named", Surroundings::Mounts, read_only),
    part("a_single_file_mount_is_named", Surroundings::Mounts, single_file_mount),
    part("a_sub_path_is_seen", Surroundings::Mounts, sub_path),
    part("lost_permission_is_named_and_survived", Surroundings::Unprivileged, lost_permission),
    part("the_lock_of_another_user_is_named", Surroundings::ForeignLock, foreign_lock),
    part("the_volumes_group_is_kept_by_strangers_to_it", Surroundings::ForeignGroup, foreign_group),
    part("the_umask_changes_nothing", Surroundings::Process, umask),
    part("running_out_of_descriptors_is_named_and_survived", Surroundings::Process, descriptors),
];

const fn part(name: &'static str, surroundings: Surroundings, play: fn(&Path, Layout)) -> Part {
    Part { name, surroundings, play }
}

/// A command to be run, and the directory that lives as long as it.
pub(crate) struct Stage {
    pub(crate) command: Command,
    _directory: tempfile::TempDir,
}

/// The command that plays a part in its surroundings, or why there can be none here.
pub(crate) fn command(role: &str, surroundings: Surroundings) -> Result<Stage, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let program = env::current_exe().expect("we run");
    let mut command = match surroundings {
        Surroundings::Process => Command::new(program),
        Surroundings::Mounts => in_mount_namespace(&program)?,
        Surroundings::Unprivileged => unprivileged(&program, directory.path(), NOBODY)?,
        Surroundings::ForeignGroup if is_root() => unprivileged(&program, directory.path(), FOREIGN_GROUP)?,
        Surroundings::ForeignLock if is_root() => {
            for (_, name) in LAYOUTS {
                lock_as_root(&directory.path().join(name));
            }
            unprivileged(&program, directory.path(), NOBODY)?
        }
        Surroundings::ForeignLock => return Err("only root can give a directory to another user".into()),
        Surroundings::ForeignGroup => return Err("only root can give a directory to a foreign group".into()),
    };
    command.env(ROLE, role).env(DIRECTORY, directory.path());
    Ok(Stage { command, _directory: directory })
}

/// The part that is there to be killed; writes a byte when its first publication is done.
pub(crate) fn publish_for_ever(directory: &Path, layout: Layout, first: u64) -> Command {
    let (_, name) = LAYOUTS.into_iter().find(|(known, _)| *known == layout).expect("all have names");
    let mut command = Command::new(env::current_exe().expect("we run"));
    command.env(ROLE, PUBLISH_FOR_EVER).env(DIRECTORY, directory).env(LAYOUT, name);
    command.env(FIRST, first.to_string());
    command
}

/// Plays a part; panics where it does not go as it should.
pub(crate) fn play(role: &str) {
    let directory = PathBuf::from(env::var_os(DIRECTORY).expect("given with the role"));
    if role == PUBLISH_FOR_EVER {
        return count_up(&directory);
    }
    let part = PARTS.iter().find(|part| part.name == role).expect("a role of ours");
    for (layout, name) in LAYOUTS {
        let directory = directory.join(name);
        fs::create_dir_all(&directory).expect("made");
        (part.play)(&directory, layout);
    }
}

fn in_mount_namespace(program: &Path) -> Result<Command, String> {
    let mounts = namespace::unshare_for(&["--mount"], &["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    let mut command = mounts.ok_or("no mount namespace can be had here")?;
    command.arg(program);
    Ok(command)
}

/// As ourselves where we are not root; else as nobody, who may not be able to reach the program
/// itself.
fn unprivileged(program: &Path, directory: &Path, group: u32) -> Result<Command, String> {
    if !is_root() {
        return Ok(Command::new(program));
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        return Err("no setpriv here".into());
    }
    let copy = directory.join("program");
    // By another process: one that this one forks meanwhile would have the copy open, and nobody could run it.
    let copied = Command::new("cp").arg(program).arg(&copy).status();
    assert!(copied.is_ok_and(|status| status.success()), "room for a copy");
    chown(directory, Some(NOBODY), Some(group)).expect("root may");
    set_mode(directory, 0o2755);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy);
    Ok(command)
}

/// A directory of nobody's, in which root has published before.
fn lock_as_root(directory: &Path) {
    fs::create_dir(directory).expect("made");
    fs::write(directory.join("..lock"), "pid 1 on eureka-0\n").expect("made");
    set_mode(&directory.join("..lock"), 0o600);
    chown(directory, Some(NOBODY), Some(NOBODY)).expect("root may");
}

fn count_up(directory: &Path) {
    let given = env::var(LAYOUT).expect("given");
    let (layout, _) = LAYOUTS.into_iter().find(|(_, name)| *name == given).expect("a layout's name");
    let first: u64 = env::var(FIRST).expect("given").parse().expect("a number");
    let mut publisher = scene::publisher(directory, layout);
    for number in first.. {
        scene::publish(&mut publisher, number).expect("nothing is in the way");
        if number == first {
            let mut stdout = std::io::stdout();
            stdout.write_all(b".").and_then(|()| stdout.flush()).expect("somebody listens");
        }
    }
}

fn obstacle(publisher: &mut Publisher, number: u64) -> Obstacle {
    scene::publish(publisher, number).expect_err("refused").obstacle().clone()
}

/// Fills the disk to the last byte, and gives back what filled it.
fn fill(directory: &Path) -> PathBuf {
    let ballast = directory.join("ballast");
    let mut file = fs::File::create(&ballast).expect("made");
    while file.write_all(&[0; 512]).is_ok() {}
    ballast
}

fn full_disk(directory: &Path, layout: Layout) {
    mount(directory, &["-t", "tmpfs", "-o", "size=256k", "tmpfs"]);
    let mut publisher = scene::publisher(directory, layout);
    for number in 0..3 {
        scene::publish(&mut publisher, number).expect("room enough");
    }
    let ballast = fill(directory);
    let before = scene::names(directory);
    for number in 3..20 {
        assert_eq!(obstacle(&mut publisher, number), Obstacle::Full);
        assert_eq!(scene::numbers(directory).expect("whole"), [2, 2]);
        assert_eq!(scene::names(directory), before, "nothing is left of the attempt");
    }
    assert!(inspect(directory, layout, &[]).contains(&Hazard::Full(directory.to_owned())));
    fs::remove_file(ballast).expect("ours");
    thread::sleep(scene::GRACE);
    assert_eq!(scene::publish(&mut publisher, 20).expect("room again"), Published::Written);
    assert!(scene::generations(directory).len() <= 2);
}

fn full_disk_next_life(directory: &Path, layout: Layout) {
    mount(directory, &["-t", "tmpfs", "-o", "size=256k", "tmpfs"]);
    scene::publish(&mut scene::publisher(directory, layout), 0).expect("room enough");
    // What a life that was killed left behind is what fills the disk.
    let orphan = directory.join("..2025_01_01_00_00_00.orphan");
    fs::create_dir(&orphan).expect("made");
    fill(&orphan);
    let mut publisher = scene::publisher(directory, layout);
    assert_eq!(scene::publish(&mut publisher, 0).expect("nothing to do"), Published::Unchanged);
    assert!(!orphan.exists());
    assert_eq!(scene::publish(&mut publisher, 1).expect("room again"), Published::Written);
}

fn read_only(directory: &Path, layout: Layout) {
    mount(directory, &["-t", "tmpfs", "tmpfs"]);
    let mut publisher = scene::publisher(directory, layout);
    scene::publish(&mut publisher, 0).expect("writable");
    mount(directory, &["-o", "remount,bind,ro"]);
    assert_eq!(scene::publish(&mut publisher, 0).expect("nothing to do"), Published::Unchanged);
    assert_eq!(obstacle(&mut publisher, 1), Obstacle::ReadOnly);
    drop(publisher);
    let mut next_life = scene::publisher(directory, layout);
    assert_eq!(scene::publish(&mut next_life, 0).expect("nothing to do"), Published::Unchanged);
    assert_eq!(obstacle(&mut next_life, 1), Obstacle::ReadOnly);
    let unwritable = Hazard::Unwritable { directory: directory.to_owned(), obstacle: Obstacle::ReadOnly };
    assert_eq!(inspect(directory, layout, &[]), [unwritable]);
    mount(directory, &["-o", "remount,bind,rw"]);
    assert_eq!(scene::publish(&mut next_life, 1).expect("writable"), Published::Written);
}

fn single_file_mount(directory: &Path, layout: Layout) {
    mount(directory, &["-t", "tmpfs", "tmpfs"]);
    let (file, source) = (directory.join(scene::NAMES[1]), directory.join("..source"));
    fs::write(&file, "").expect("made");
    fs::write(&source, "of somebody else").expect("made");
    mount(&file, &["--bind", source.to_str().expect("text")]);
    let mut publisher = scene::publisher(directory, layout);
    assert_eq!(obstacle(&mut publisher, 0), Obstacle::SingleFileMount);
    assert_eq!(fs::read_to_string(&source).expect("there"), "of somebody else");
    let on_its_way = |name: &String| name.starts_with("..tmp~");
    assert!(!scene::names(directory).iter().any(on_its_way), "nothing is left of the attempt");
    let names = [scene::NAMES[1].parse().expect("a file name")];
    assert_eq!(inspect(directory, layout, &names), [Hazard::FileMounted(file.clone())]);
    unmount(&file).expect("ours");
    scene::publish(&mut publisher, 0).expect("free again");
    assert_eq!(inspect(directory, layout, &names), []);
}

fn sub_path(directory: &Path, layout: Layout) {
    let whole = directory.with_file_name("whole");
    fs::create_dir_all(&whole).expect("made");
    mount(&whole, &["-t", "tmpfs", "tmpfs"]);
    let part = whole.join("a");
    fs::create_dir(&part).expect("made");
    mount(directory, &["--bind", part.to_str().expect("text")]);
    let hazard = Hazard::SubPath { directory: directory.to_owned(), root: "a".into() };
    assert_eq!(inspect(directory, layout, &[]), [hazard]);
    assert_eq!(inspect(&whole, layout, &[]), []);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o7777
}

fn lost_permission(directory: &Path, layout: Layout) {
    assert!(!is_root(), "root is denied nothing");
    let mut publisher = scene::publisher(directory, layout);
    scene::publish(&mut publisher, 0).expect("ours");
    for lost in [0o555, 0o444, 0o000] {
        set_mode(directory, lost);
        let denied = obstacle(&mut publisher, 1);
        assert!(matches!(denied, Obstacle::Denied(_)), "{lost:o}: {denied:?}");
        let unwritable = Hazard::Unwritable { directory: directory.to_owned(), obstacle: denied };
        let shown = unwritable.message().what;
        let expected = format!("the directory is mode {lost:04o} of uid");
        assert!(shown.contains(&expected), "{shown}");
        assert_eq!(inspect(directory, layout, &[]), [unwritable]);
    }
    set_mode(directory, 0o755);
    assert_eq!(scene::numbers(directory).expect("whole"), [0, 0]);
    assert_eq!(scene::publish(&mut publisher, 1).expect("ours again"), Published::Written);
}

/// As an init container leaves it that runs as another uid than the sidecar.
fn foreign_lock(directory: &Path, layout: Layout) {
    let lock = directory.join("..lock");
    assert_eq!((fs::metadata(&lock).expect("there").uid(), mode(&lock)), (0, 0o600));
    let denied = obstacle(&mut scene::publisher(directory, layout), 0);
    assert!(matches!(denied, Obstacle::LockDenied { .. }), "{denied:?}");
    let unwritable = Hazard::Unwritable { directory: lock.clone(), obstacle: denied };
    let shown = unwritable.message().what;
    let expected = format!("we are uid {NOBODY} gid {NOBODY}, the lock is mode 0600 of uid 0 gid");
    assert!(shown.contains(&expected), "{shown}");
    assert_eq!(inspect(directory, layout, &[]), [unwritable]);
    // Where the directory is in the way as well, both are told at once.
    set_mode(directory, 0o555);
    let both = obstacle(&mut scene::publisher(directory, layout), 0);
    let shown = Hazard::Unwritable { directory: lock.clone(), obstacle: both }.message().what;
    assert!(shown.contains(&expected) && shown.contains("write either: it is mode 0555"), "{shown}");
    let hazards = inspect(directory, layout, &[]);
    let [Hazard::Unwritable { directory: first, .. }, Hazard::Unwritable { directory: second, .. }] =
        &hazards[..]
    else {
        panic!("{hazards:?}")
    };
    assert_eq!((&**first, second), (directory, &lock));
    set_mode(directory, 0o755);
    fs::remove_file(lock).expect("the directory is ours");
    scene::publish(&mut scene::publisher(directory, layout), 0).expect("in nobody's way");
}

fn foreign_group(directory: &Path, layout: Layout) {
    let group = |path: &Path| fs::metadata(path).expect("there").gid();
    assert_eq!((group(directory), mode(directory)), (FOREIGN_GROUP, 0o2755), "handed down by mkdir");
    scene::publish(&mut scene::publisher(directory, layout), 0).expect("ours");
    let file = fs::canonicalize(directory.join(scene::NAMES[0])).expect("there");
    assert_eq!((group(&file), mode(&file)), (FOREIGN_GROUP, 0o644));
    assert_eq!(mode(file.parent().expect("a directory")), 0o2755);
}

fn umask(directory: &Path, layout: Layout) {
    set_mode(directory, 0o2755);
    for mask in [0o077, 0o000] {
        rustix::process::umask(Mode::from_raw_mode(mask));
        scene::publish(&mut scene::publisher(directory, layout), mask.into()).expect("ours");
        let file = fs::canonicalize(directory.join(scene::NAMES[0])).expect("there");
        assert_eq!(mode(&file), 0o644, "umask {mask:o}");
        assert_eq!(mode(file.parent().expect("a directory")), 0o2755, "umask {mask:o}");
        assert_eq!(mode(&directory.join("..lock")), 0o600, "ours alone, umask {mask:o}");
    }
    rustix::process::umask(Mode::from_raw_mode(0o022));
}

fn descriptors(directory: &Path, layout: Layout) {
    let mut publisher = scene::publisher(directory, layout);
    scene::publish(&mut publisher, 0).expect("ours");
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..before }).expect("lowering is allowed");
    assert_eq!(obstacle(&mut publisher, 1), Obstacle::OutOfDescriptors);
    setrlimit(Resource::Nofile, before).expect("up to the hard limit");
    assert_eq!(scene::publish(&mut publisher, 1).expect("ours"), Published::Written);
}
