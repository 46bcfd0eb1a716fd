//! The publisher in real directories, one situation a test. Long ones are in
//! `tests/published_directory/`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode};

use super::*;
use crate::document::{File, FileName};

const LAYOUTS: [Layout; 2] = [Layout::Volume, Layout::Plain];

const LONGER_THAN_THE_GRACE: Duration = Duration::from_millis(1100);

/// A directory of its own, with the publisher that writes into it.
struct Scene {
    _parent: tempfile::TempDir,
    path: PathBuf,
    layout: Layout,
    publisher: Publisher,
}

impl Scene {
    fn new(layout: Layout) -> Self {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("volume");
        fs::create_dir(&path).expect("made");
        let publisher = Publisher::new(path.clone(), layout, 0o644);
        Self { _parent: parent, path, layout, publisher }
    }

    fn each(check: impl Fn(Scene)) {
        LAYOUTS.into_iter().map(Self::new).for_each(check);
    }

    fn publish(&mut self, text: &str) -> Result<Published, PublishError> {
        self.publisher.publish(&[file("a", text), file("b", text)], text.as_bytes())
    }

    fn expect(&mut self, text: &str, outcome: Published) {
        assert_eq!(self.publish(text).expect("published"), outcome, "{:?}", self.layout);
        self.assert_published(text);
    }

    fn assert_published(&self, text: &str) {
        for name in ["a", "b"] {
            assert_eq!(self.read(name), text, "{:?}", self.layout);
        }
        let state = self.publisher.read_state().expect("readable");
        assert_eq!(state.as_deref(), Some(text.as_bytes()), "{:?}", self.layout);
    }

    fn obstacle(&mut self) -> Obstacle {
        self.publish("new").expect_err("refused").obstacle().clone()
    }

    fn next_life(&mut self) {
        // The old one goes first: it holds the lock.
        self.publisher = Publisher::new("/nowhere".into(), self.layout, 0o644);
        self.publisher = Publisher::new(self.path.clone(), self.layout, 0o644);
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn read(&self, name: &str) -> String {
        // To read a FIFO would be to wait for ever.
        assert!(fs::metadata(self.at(name)).expect("there").is_file(), "{name}");
        fs::read_to_string(self.at(name)).expect("readable")
    }

    fn names(&self) -> Vec<String> {
        names(&self.path)
    }

    fn generations(&self) -> usize {
        self.names().iter().filter(|name| name.starts_with("..2")).count()
    }

    /// A file outside that must never be written to.
    fn victim(&self) -> PathBuf {
        let victim = self.path.with_file_name("victim");
        fs::write(&victim, "untouched").expect("made");
        victim
    }
}

fn file(name: &str, text: &str) -> File {
    File::new(file_name(name), text.as_bytes().to_vec())
}

fn file_name(name: &str) -> FileName {
    name.parse().expect("a file name")
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).expect("readable");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
}

fn make_fifo(path: &Path) {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0).expect("made");
}

#[test]
fn a_volume_looks_like_the_kubelets() {
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    let generation = fs::read_link(scene.at("..data")).expect("a link");
    let generation = generation.to_str().expect("text");
    assert_eq!(scene.names(), [generation, "..data", "..lock", "a", "b"]);
    assert_eq!(fs::read_link(scene.at("a")).expect("a link"), Path::new("..data/a"));
    assert_eq!(names(&scene.at(generation)), ["..state.json", "a", "b"]);
    assert_eq!(mode(&scene.at(generation)), 0o755);
    assert_eq!(mode(&scene.at(generation).join("a")), 0o644);
}

#[test]
fn a_plain_directory_holds_files() {
    let mut scene = Scene::new(Layout::Plain);
    scene.expect("one", Published::Written);
    assert_eq!(scene.names(), ["..lock", "..state.json", "a", "b"]);
    assert!(fs::symlink_metadata(scene.at("a")).expect("there").is_file());
}

#[test]
fn what_is_right_is_not_touched() {
    Scene::each(|mut scene| {
        scene.expect("one", Published::Written);
        let times = |scene: &Scene| {
            let time = |name: &str| fs::metadata(scene.at(name)).expect("there").modified().expect("a time");
            ["", "a", "b", "..lock"].map(time)
        };
        let before = (scene.names(), times(&scene));
        scene.expect("one", Published::Unchanged);
        assert_eq!((scene.names(), times(&scene)), before);
        scene.next_life();
        scene.expect("one", Published::Unchanged);
        assert_eq!(scene.names(), before.0);
    });
}

#[test]
fn only_the_file_that_differs_is_written_plainly() {
    let mut scene = Scene::new(Layout::Plain);
    scene.expect("one", Published::Written);
    let inode = |scene: &Scene, name: &str| fs::metadata(scene.at(name)).expect("there").ino();
    let (a, b) = (inode(&scene, "a"), inode(&scene, "b"));
    let files = [file("a", "one"), file("b", "two")];
    assert_eq!(scene.publisher.publish(&files, b"one").expect("published"), Published::Written);
    assert_eq!((inode(&scene, "a") == a, inode(&scene, "b") == b), (true, false));
}

#[test]
fn one_previous_generation_is_kept_and_more_only_in_a_burst() {
    let mut scene = Scene::new(Layout::Volume);
    for text in ["one", "two", "three", "four"] {
        let before = fs::read_link(scene.at("..data")).ok();
        scene.expect(text, Published::Written);
        assert!(before.is_none_or(|previous| scene.at(previous.to_str().expect("text")).is_dir()));
    }
    // Now the next publication removes all but the one it replaces.
    std::thread::sleep(LONGER_THAN_THE_GRACE);
    scene.expect("five", Published::Written);
    assert_eq!(scene.generations(), 2);
}

#[test]
fn failed_attempts_do_not_pile_up() {
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    fs::remove_file(scene.at("a")).expect("there");
    fs::create_dir(scene.at("..tmp~a")).expect("made");
    for _ in 0..5 {
        let error = scene.publish("two").expect_err("the link cannot be made");
        assert_eq!((error.obstacle(), error.path()), (&Obstacle::Occupied, scene.at("..tmp~a").as_path()));
    }
    std::thread::sleep(LONGER_THAN_THE_GRACE);
    assert!(scene.publish("two").is_err());
    assert_eq!(scene.generations(), 2);
    fs::remove_dir(scene.at("..tmp~a")).expect("empty");
    scene.expect("two", Published::Written);
}

#[test]
fn what_others_changed_is_put_back() {
    type Meddling = fn(&Scene);
    let meddlings: [Meddling; 6] = [
        |scene| fs::write(scene.at("a"), "changed").expect("writable"),
        |scene| fs::write(scene.at("a"), "").expect("writable"),
        |scene| fs::remove_file(scene.at("b")).expect("there"),
        |scene| set_mode(&fs::canonicalize(scene.at("a")).expect("there"), 0o600),
        |scene| fs::remove_file(fs::canonicalize(scene.at("b")).expect("there")).expect("there"),
        |scene| {
            let state = fs::canonicalize(scene.at("a")).expect("there").with_file_name(STATE);
            fs::remove_file(state).expect("there");
        },
    ];
    for meddling in meddlings {
        Scene::each(|mut scene| {
            scene.expect("one", Published::Written);
            meddling(&scene);
            scene.expect("one", Published::Repaired);
            assert_eq!(mode(&fs::canonicalize(scene.at("a")).expect("there")), 0o644);
            scene.expect("one", Published::Unchanged);
        });
    }
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    fs::remove_file(scene.at("..data")).expect("there");
    scene.expect("one", Published::Repaired);
    assert_eq!(scene.generations(), 1, "the one that nothing pointed to is gone");
}

#[test]
fn a_new_life_that_finds_another_content_writes() {
    Scene::each(|mut scene| {
        scene.expect("one", Published::Written);
        scene.next_life();
        fs::write(scene.at("a"), "changed").expect("writable");
        scene.expect("one", Published::Written);
    });
}

#[test]
fn modes_are_exact_and_the_volumes_group_is_kept() {
    Scene::each(|mut scene| {
        set_mode(&scene.path, 0o2777);
        scene.publisher = Publisher::new(scene.path.clone(), scene.layout, 0o640);
        scene.expect("one", Published::Written);
        let file = fs::canonicalize(scene.at("a")).expect("there");
        assert_eq!(mode(&file), 0o640);
        if scene.layout == Layout::Volume {
            assert_eq!(mode(file.parent().expect("a directory")), 0o2755);
        }
        scene.publisher = Publisher::new("/nowhere".into(), scene.layout, 0o640);
        scene.publisher = Publisher::new(scene.path.clone(), scene.layout, 0o644);
        scene.expect("one", Published::Written);
    });
}

#[test]
fn there_is_one_writer() {
    Scene::each(|mut scene| {
        scene.expect("one", Published::Written);
        let mut second = Publisher::new(scene.path.clone(), scene.layout, 0o644);
        let error = second.publish(&[file("a", "two")], b"").expect_err("locked");
        let name = fs::read_to_string(scene.at("..lock")).expect("ours");
        assert!(name.starts_with(&format!("pid {} on ", std::process::id())), "{name}");
        assert_eq!(error.obstacle(), &Obstacle::Locked(None), "our own name is no other's");
        assert_eq!((error.step(), error.path()), (PublishStep::Lock, scene.at("..lock").as_path()));
        scene.assert_published("one");
        assert!(second.read_state().is_ok(), "reading needs no lock");
        scene.publisher = Publisher::new("/nowhere".into(), scene.layout, 0o644);
        assert_eq!(second.publish(&[file("a", "two")], b"").expect("published"), Published::Written);
    });
}

#[test]
fn what_a_holder_wrote_is_told_where_it_is_fit_to_print() {
    let mut scene = Scene::new(Layout::Volume);
    let held = fs::File::create(scene.at("..lock")).expect("made");
    held.try_lock().expect("nobody else's");
    for (written, told) in [
        ("", None),
        ("\n", None),
        ("pid 7\u{7}", None),
        ("pid 7 auf ä", None),
        ("pid 7 on a\n", Some("pid 7 on a")),
    ] {
        fs::write(scene.at("..lock"), written).expect("writable");
        assert_eq!(scene.obstacle(), Obstacle::Locked(told.map(str::to_owned)), "{written:?}");
    }
}

/// `flock` needs no right to write: a lock that others can read is one that they can take.
#[test]
fn the_lock_is_ours_alone_whatever_made_it() {
    for earlier in [None, Some(0o644), Some(0o660), Some(0o4666)] {
        Scene::each(|mut scene| {
            let lock = scene.at("..lock");
            if let Some(mode) = earlier {
                fs::write(&lock, "pid 1 on a").expect("made");
                fs::set_permissions(&lock, fs::Permissions::from_mode(mode)).expect("ours");
            }
            scene.expect("one", Published::Written);
            assert_eq!(mode(&lock), 0o600, "{earlier:?}");
        });
    }
}

#[test]
fn a_removed_lock_is_taken_again() {
    Scene::each(|mut scene| {
        scene.expect("one", Published::Written);
        fs::remove_file(scene.at("..lock")).expect("there");
        let mut second = Publisher::new(scene.path.clone(), scene.layout, 0o644);
        assert!(second.publish(&[file("a", "two")], b"").is_ok(), "nobody can know of us");
        assert!(matches!(scene.obstacle(), Obstacle::Locked(_)));
        drop(second);
        scene.expect("one", Published::Repaired);
    });
}

#[test]
fn the_directory_may_come_late_go_and_be_replaced() {
    Scene::each(|mut scene| {
        fs::remove_dir(&scene.path).expect("empty");
        assert_eq!(scene.obstacle(), Obstacle::Missing);
        assert_eq!(scene.publisher.read_state().expect("nothing"), None);
        fs::create_dir(&scene.path).expect("made");
        scene.expect("one", Published::Written);
        fs::remove_dir_all(&scene.path).expect("ours");
        assert_eq!(scene.obstacle(), Obstacle::Missing);
        fs::create_dir(&scene.path).expect("made");
        scene.expect("one", Published::Repaired);
        fs::rename(&scene.path, scene.path.with_file_name("moved")).expect("ours");
        fs::create_dir(&scene.path).expect("made");
        scene.expect("one", Published::Repaired);
        let mut second = Publisher::new(scene.path.clone(), scene.layout, 0o644);
        assert!(second.publish(&[], b"").is_err(), "the new place is locked too");
        fs::remove_dir_all(&scene.path).expect("ours");
        fs::write(&scene.path, "").expect("made");
        assert_eq!(scene.obstacle(), Obstacle::NotADirectory);
    });
}

#[test]
fn planted_links_are_replaced_and_never_followed() {
    for name in ["a", "..data", "..data_tmp", "..state.json", "..tmp~a", "..tmp~..state.json"] {
        Scene::each(|mut scene| {
            let victim = scene.victim();
            symlink(&victim, scene.at(name)).expect("made");
            scene.expect("one", Published::Written);
            scene.expect("two", Published::Written);
            assert_eq!(fs::read_to_string(victim).expect("there"), "untouched", "{name}");
        });
    }
    let mut scene = Scene::new(Layout::Volume);
    let elsewhere = scene.path.with_file_name("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    symlink("../elsewhere", scene.at("..data")).expect("made");
    symlink("../elsewhere", scene.at("..2025_01_01_00_00_00.link")).expect("made");
    fs::write(elsewhere.join("a"), "untouched").expect("made");
    scene.expect("one", Published::Written);
    scene.expect("two", Published::Written);
    assert_eq!(names(&elsewhere), ["a"]);
}

/// Does this on a thread of its own: who is held up by a FIFO fails one test and stops no others.
pub(super) fn soon(what: impl FnOnce() + Send + 'static) {
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        what();
        let _nobody_waits_any_more = done.send(());
    });
    waiting.recv_timeout(Duration::from_secs(10)).expect("failed, or held up");
}

#[test]
fn planted_locks_and_special_files_are_named_and_hold_nobody_up() {
    soon(planted_locks_and_special_files);
}

fn planted_locks_and_special_files() {
    Scene::each(|mut scene| {
        symlink(scene.victim(), scene.at("..lock")).expect("made");
        assert_eq!(scene.obstacle(), Obstacle::Planted);
        fs::remove_file(scene.at("..lock")).expect("there");
        make_fifo(&scene.at("..lock"));
        assert_eq!(scene.obstacle(), Obstacle::Planted);
        fs::remove_file(scene.at("..lock")).expect("there");
        let victim = scene.victim();
        fs::hard_link(&victim, scene.at("..lock")).expect("made");
        assert_eq!(scene.obstacle(), Obstacle::Planted);
        assert_eq!(fs::read_to_string(victim).expect("there"), "untouched");
        fs::remove_file(scene.at("..lock")).expect("there");
        make_fifo(&scene.at("a"));
        scene.expect("one", Published::Written);
    });
    let scene = Scene::new(Layout::Plain);
    for plant in [make_fifo, |path: &Path| symlink("/etc/hostname", path).expect("made")] {
        plant(&scene.at(STATE));
        let error = scene.publisher.read_state().expect_err("no file of ours");
        assert_eq!((error.obstacle(), error.path()), (&Obstacle::Planted, scene.at(STATE).as_path()));
        fs::remove_file(scene.at(STATE)).expect("there");
    }
}

#[test]
fn files_of_others_give_way_and_directories_do_not() {
    Scene::each(|mut scene| {
        fs::write(scene.at("a"), "of somebody else").expect("made");
        fs::create_dir(scene.at("b")).expect("made");
        let before = scene.names();
        let error = scene.publish("one").expect_err("in the way");
        assert_eq!((error.obstacle(), error.path()), (&Obstacle::Occupied, scene.at("b").as_path()));
        assert_eq!(scene.names(), [vec!["..lock".to_owned()], before].concat(), "nothing was written");
        assert_eq!(scene.read("a"), "of somebody else");
        fs::remove_dir(scene.at("b")).expect("empty");
        scene.expect("one", Published::Written);
    });
}

#[test]
fn leftovers_of_a_life_that_was_cut_short_are_collected() {
    Scene::each(|mut scene| {
        scene.expect("one", Published::Written);
        let before = scene.names();
        scene.next_life();
        for orphan in ["..2025_01_01_00_00_00.orphan1", "..2025_01_01_00_00_00.orphan2"] {
            fs::create_dir(scene.at(orphan)).expect("made");
            fs::write(scene.at(orphan).join("a"), "half").expect("made");
        }
        symlink("..2025_01_01_00_00_00.orphan1", scene.at("..data_tmp")).expect("made");
        fs::write(scene.at("..tmp~a"), "half").expect("made");
        scene.expect("one", Published::Unchanged);
        assert_eq!(scene.names(), before);
    });
}

#[test]
fn what_others_left_stops_nothing_that_it_is_not_in_the_way_of() {
    for (layout, harmless) in
        [(Layout::Volume, vec!["..tmp~other", "..tmp~a"]), (Layout::Plain, vec!["..tmp~other", "..data_tmp"])]
    {
        let mut scene = Scene::new(layout);
        scene.expect("one", Published::Written);
        for name in &harmless {
            fs::create_dir(scene.at(name)).expect("made");
        }
        scene.next_life();
        scene.expect("one", Published::Unchanged);
        scene.expect("two", Published::Written);
        assert!(harmless.iter().all(|name| scene.at(name).is_dir()), "they are not ours");
    }
    for (layout, in_the_way) in [(Layout::Volume, "..data_tmp"), (Layout::Plain, "..tmp~a")] {
        let mut scene = Scene::new(layout);
        scene.expect("one", Published::Written);
        fs::create_dir(scene.at(in_the_way)).expect("made");
        scene.next_life();
        scene.expect("one", Published::Unchanged);
        let error = scene.publish("two").expect_err("in the way");
        assert_eq!((error.obstacle(), error.path()), (&Obstacle::Occupied, scene.at(in_the_way).as_path()));
        scene.assert_published("one");
        fs::remove_dir(scene.at(in_the_way)).expect("empty");
        scene.expect("two", Published::Written);
    }
}

#[test]
fn a_directory_in_the_links_place_is_set_aside_whole_and_only_once() {
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    let usurp = |scene: &Scene, text: &str| {
        fs::remove_file(scene.at("..data")).expect("a link");
        fs::create_dir(scene.at("..data")).expect("made");
        fs::write(scene.at("..data/a"), text).expect("made");
    };
    usurp(&scene, "of somebody else");
    scene.expect("one", Published::Repaired);
    scene.expect("one", Published::Unchanged);
    scene.next_life();
    scene.expect("two", Published::Written);
    assert_eq!(scene.read("..data_aside/a"), "of somebody else", "it stays");
    usurp(&scene, "once more");
    let before = scene.names();
    let error = scene.publish("three").expect_err("there is one already");
    assert_eq!((error.obstacle(), error.path()), (&Obstacle::Occupied, scene.at("..data_aside").as_path()));
    assert_eq!(scene.names(), before, "nothing was written");
    assert_eq!(
        (scene.read("a").as_str(), scene.read("..data_aside/a").as_str()),
        ("once more", "of somebody else")
    );
    fs::remove_dir_all(scene.at("..data_aside")).expect("there");
    scene.expect("three", Published::Written);
}

#[test]
fn what_is_set_aside_is_no_link_of_an_attempt_that_was_cut_short() {
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    for name in ["..data_aside", "..data_tmp"] {
        symlink("..2025_01_01_00_00_00.orphan", scene.at(name)).expect("made");
    }
    scene.next_life();
    scene.expect("one", Published::Unchanged);
    assert!(!scene.names().contains(&"..data_aside".to_owned()));
    symlink("..2025_01_01_00_00_00.orphan", scene.at("..data_aside")).expect("made");
    fs::remove_file(scene.at("..data")).expect("there");
    fs::create_dir(scene.at("..data")).expect("made");
    scene.expect("one", Published::Repaired);
    assert!(scene.at("..data_aside").is_dir());
}

#[test]
fn plain_files_want_no_link_beside_them_and_mind_no_directory() {
    let mut scene = Scene::new(Layout::Plain);
    scene.expect("one", Published::Written);
    symlink("nowhere", scene.at("..data")).expect("made");
    scene.expect("one", Published::Repaired);
    fs::create_dir(scene.at("..data")).expect("nothing is there");
    scene.expect("one", Published::Unchanged);
}

#[test]
fn lost_files_are_told_from_those_that_an_error_left() {
    type Loss = fn(&Scene);
    let losses: [Loss; 7] = [
        |scene| fs::write(scene.at("a"), "").expect("ours"),
        |scene| fs::write(scene.at("a"), "foreign").expect("ours"),
        |scene| {
            fs::remove_file(scene.at("a")).expect("there");
            make_fifo(&scene.at("a"));
        },
        |scene| fs::remove_file(scene.at("a")).expect("there"),
        |scene| {
            fs::remove_file(scene.at("b")).expect("there");
            fs::create_dir(scene.at("b")).expect("made");
        },
        |scene| fs::remove_dir_all(&scene.path).expect("ours"),
        |scene| {
            fs::remove_dir_all(&scene.path).expect("ours");
            fs::write(&scene.path, "").expect("made");
        },
    ];
    for lose in losses {
        Scene::each(|mut scene| {
            assert!(!scene.publisher.has_lost_files(), "nothing was put in place");
            scene.expect("one", Published::Written);
            fs::remove_file(scene.at("..lock")).expect("there");
            fs::create_dir(scene.at("..lock")).expect("made");
            assert!(
                scene.publish("two").is_err() && !scene.publisher.has_lost_files(),
                "the old ones are there"
            );
            lose(&scene);
            assert!(scene.publish("two").is_err() && scene.publisher.has_lost_files(), "{:?}", scene.layout);
        });
    }
}

/// As a start finds them, before it has written anything.
#[test]
fn files_that_were_found_are_lost_as_well() {
    Scene::each(|mut scene| {
        fs::write(scene.at("a"), "one").expect("made");
        let found = [file("a", "one")];
        scene.publisher.found(&found);
        assert!(!scene.publisher.has_lost_files());
        fs::write(scene.at("a"), "").expect("ours");
        assert!(scene.publisher.has_lost_files());
        assert_eq!(
            scene.publisher.publish(&found, b"").expect("published"),
            Published::Written,
            "not repaired"
        );
        assert!(!scene.publisher.has_lost_files());
    });
}

/// One of two files was renamed into place before the error: readers find nothing foreign.
#[test]
fn what_an_attempt_put_in_place_before_it_failed_is_not_lost() {
    let mut scene = Scene::new(Layout::Plain);
    scene.expect("one", Published::Written);
    fs::remove_file(scene.at("b")).expect("there");
    fs::create_dir(scene.at("b")).expect("made");
    assert!(scene.publish("two").is_err() && scene.publisher.has_lost_files(), "b is a directory");
    fs::remove_dir(scene.at("b")).expect("empty");
    fs::write(scene.at("b"), "one").expect("made");
    fs::write(scene.at("a"), "two").expect("made");
    fs::remove_file(scene.at("..lock")).expect("there");
    fs::create_dir(scene.at("..lock")).expect("made");
    assert!(scene.publisher.has_lost_files(), "as if by others");
    assert!(scene.publish("two").is_err() && !scene.publisher.has_lost_files(), "it is what we want there");
}

#[test]
fn what_others_keep_in_the_directory_hides_nothing_of_ours() {
    const MANY: usize = 3000;
    let parent = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
    let at = |name: &str| parent.path().join(name);
    for number in 0..MANY {
        // Whatever order a directory has, of its names or of their coming.
        fs::write(at(&format!("!{number}")), "").expect("made");
        symlink("nowhere", at(&format!("~{number}"))).expect("made");
    }
    let mut publisher = Publisher::new(parent.path().to_owned(), Layout::Volume, 0o644);
    for number in 0..30 {
        publisher.publish(&[file("a", &number.to_string())], b"").expect("published");
    }
    fs::write(at("..tmp~a"), "half").expect("made");
    symlink("..data/gone", at("gone")).expect("made");
    for number in 0..MANY {
        fs::write(at(&format!("zz{number}")), "").expect("made");
    }
    drop(publisher);
    std::thread::sleep(LONGER_THAN_THE_GRACE);
    let mut publisher = Publisher::new(parent.path().to_owned(), Layout::Volume, 0o644);
    assert_eq!(publisher.publish(&[file("a", "29")], b"").expect("published"), Published::Written);
    let generations = names(parent.path()).iter().filter(|name| name.starts_with("..2")).count();
    assert_eq!(generations, 2);
    assert!(!at("..tmp~a").exists() && fs::symlink_metadata(at("gone")).is_err());
    assert!(names(parent.path()).len() > 3 * MANY, "what is of others stays");
}

#[test]
fn outputs_that_are_no_longer_published_lose_their_links() {
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    symlink("..data/a", scene.at("of-somebody-else")).expect("made");
    scene.next_life();
    let outcome = scene.publisher.publish(&[file("a", "one")], b"one").expect("published");
    assert_eq!(outcome, Published::Written);
    let visible: Vec<_> = scene.names().into_iter().filter(|name| !name.starts_with("..")).collect();
    assert_eq!(visible, ["a", "of-somebody-else"]);
}

#[test]
fn a_layout_may_change_between_two_lives() {
    let mut scene = Scene::new(Layout::Volume);
    scene.expect("one", Published::Written);
    scene.layout = Layout::Plain;
    scene.next_life();
    assert_eq!(scene.publisher.read_state().expect("readable").as_deref(), Some(b"one".as_slice()));
    scene.expect("one", Published::Written);
    assert_eq!(scene.names(), ["..lock", "..state.json", "a", "b"]);
    scene.layout = Layout::Volume;
    scene.next_life();
    assert_eq!(scene.publisher.read_state().expect("readable").as_deref(), Some(b"one".as_slice()));
    scene.expect("one", Published::Written);
    assert!(!scene.at(STATE).exists());
}

#[test]
fn an_oversized_state_is_not_read() {
    let scene = Scene::new(Layout::Plain);
    let huge = fs::File::create(scene.at(STATE)).expect("made");
    huge.set_len(u64::try_from(STATE_BYTES_MAX).expect("fits") + 1).expect("sparse");
    let error = scene.publisher.read_state().expect_err("too large");
    assert_eq!(error.obstacle(), &Obstacle::TooLarge(STATE_BYTES_MAX));
    huge.set_len(u64::try_from(STATE_BYTES_MAX).expect("fits")).expect("sparse");
    let read = scene.publisher.read_state().expect("readable").expect("there");
    assert_eq!(read.len(), STATE_BYTES_MAX);
}

#[test]
fn a_place_that_is_no_directory_has_no_state_and_says_so() {
    let parent = tempfile::tempdir().expect("a directory");
    let path = parent.path().join("volume");
    let publisher = Publisher::new(path.clone(), Layout::Volume, 0o644);
    assert_eq!(publisher.read_state().expect("nothing yet"), None);
    fs::write(&path, "a file").expect("written");
    let error = publisher.read_state().expect_err("no directory");
    assert_eq!(error.path(), path);
}

#[test]
fn the_largest_list_is_read_back() {
    const PEERS_MAX: usize = 4096;
    let path = "p".repeat(253);
    let long = ["x"; 3].map(|label| label.repeat(63)).join(".");
    let url = |number: usize| format!("https://{number:061}.{long}:65535/{path}/").parse().expect("a URL");
    let peers: crate::model::PeerSet = (0..PEERS_MAX).map(url).collect();
    let service = crate::model::HeadlessService::from_setting("eureka.ns.svc.", "", "").expect("a Service");
    let state = crate::reconcile::SavedState { services: vec![(service, peers)], ..Default::default() };
    let clock = crate::model::WallClock::started_at(std::time::SystemTime::UNIX_EPOCH);
    let bytes = encode_state(&state, clock);
    assert!(bytes.len() <= STATE_BYTES_MAX, "{}", bytes.len());
    let mut scene = Scene::new(Layout::Plain);
    scene.publisher.publish(&[file("a", "one")], &bytes).expect("published");
    scene.next_life();
    let read = scene.publisher.read_state().expect("readable").expect("there");
    assert_eq!(decode_state(&read, clock).expect("ours").state, state);
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let mut publisher = Publisher::new("/nonexistent/peers".into(), Layout::Volume, 0o644);
    let error = publisher.publish(&[], b"").expect_err("missing");
    assert_eq!(
        error.to_string(),
        "cannot open it: it does not exist (/nonexistent/peers); mount the volume there, or create the directory"
    );
    let source = std::error::Error::source(&error).expect("the operating system's word");
    assert!(!error.to_string().contains(&source.to_string()));
}
