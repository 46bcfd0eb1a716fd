//! The directory may come late, go, come back, or be spoilt; the list is put in place again.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::{Cluster, url, urls};
use crate::machine::names_in;
use crate::sidecar::Sidecar;

#[test]
fn a_directory_may_come_late() {
    let cluster = Cluster::of(&[0, 1]);
    fs::remove_dir(cluster.volume()).expect("removed");
    let mut sidecar = cluster.run(&[]);
    sidecar.until_condition("not_published");
    assert!(sidecar.message_of("not_published").contains("it does not exist"));
    assert_eq!(sidecar.get("/startupz").status, 503);
    assert_eq!(sidecar.get("/readyz").status, 503);
    assert_eq!(sidecar.get("/livez").status, 200);
    fs::create_dir(cluster.volume()).expect("made");
    sidecar.until_listed(&[1]);
    sidecar.until("started", |it| it.get("/startupz").status == 200 && it.get("/readyz").status == 200);
    assert!(sidecar.is_running());
}

#[test]
fn a_directory_that_is_removed_is_filled_again_with_the_next_change() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    fs::remove_dir_all(cluster.volume()).expect("removed");
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_condition("not_published");
    fs::create_dir(cluster.volume()).expect("made");
    sidecar.until_listed(&[1, 2]);
    sidecar.until_no_condition();
}

/// The list is in place again, and what was put there is nobody's list.
#[test]
fn a_directory_in_the_place_of_the_link_is_set_aside() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let in_place = |name: &str| cluster.volume().join(name);
    fs::remove_file(in_place("..data")).expect("removed");
    fs::create_dir(in_place("..data")).expect("made");
    fs::write(in_place("..data/peers.properties"), "of somebody else").expect("written");
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
    assert_eq!(
        fs::read_to_string(in_place("..data_aside/peers.properties")).expect("kept"),
        "of somebody else"
    );
    // Once more, and there is no place to set it aside: readers have no list, and that is said.
    fs::remove_file(in_place("..data")).expect("removed");
    fs::create_dir(in_place("..data")).expect("made");
    cluster.set_pods(&[0, 1, 2, 3]);
    sidecar.until_condition("not_published");
    sidecar.until("not ready", |it| it.get("/readyz").status == 503);
    let why = sidecar.get("/readyz?verbose").body;
    assert!(why.contains("[-]list failed") && why.contains("..data_aside"), "{why}");
    assert_eq!((sidecar.get("/livez").status, sidecar.get("/startupz").status), (200, 200));
    fs::remove_dir_all(in_place("..data_aside")).expect("removed");
    sidecar.until_listed(&[1, 2, 3]);
    sidecar.until("ready", |it| it.get("/readyz").status == 200);
}

/// What readers find is what counts, and not that something is there.
#[test]
fn a_file_that_others_empty_or_replace_is_no_list_until_it_is_put_right() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("");
    let sidecar = cluster.run_until_listed(&[1], &["--config", config.to_str().expect("text")]);
    let lock = cluster.volume().join("..lock");
    for (content, shrink_after) in [("", "11s"), ("eureka.client.service-url.defaultZone=http://a/\n", "12s")]
    {
        // Nothing can be written there meanwhile.
        fs::remove_file(&lock).and_then(|()| fs::create_dir(&lock)).expect("a directory in its place");
        fs::write(cluster.file(), content).expect("written");
        have_it_look(&sidecar, shrink_after);
        sidecar.until("not ready", |it| it.get("/readyz").status == 503);
        sidecar.until_condition("not_published");
        let why = sidecar.get("/readyz").body;
        assert!(why.contains("others have removed, emptied or changed the files"), "{why}");
        assert!(why.contains("..lock"), "what hinders: {why}");
        assert_eq!(sidecar.status()["list_in_place"], "nothing");
        assert_eq!((sidecar.get("/livez").status, sidecar.get("/startupz").status), (200, 200));
        fs::remove_dir(&lock).expect("empty");
        sidecar.until_listed(&[1]);
        sidecar.until("ready", |it| it.get("/readyz").status == 200);
        sidecar.until_no_condition();
    }
}

#[test]
fn who_is_stopped_while_the_list_is_taken_away_says_that() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("");
    let sidecar = cluster.run_until_listed(&[1], &["--config", config.to_str().expect("text")]);
    let lock = cluster.volume().join("..lock");
    fs::remove_file(&lock).and_then(|()| fs::create_dir(&lock)).expect("a directory in its place");
    fs::write(cluster.file(), "").expect("emptied");
    have_it_look(&sidecar, "11s");
    sidecar.until("not ready", |it| it.get("/readyz").status == 503);
    let log = sidecar.log_path();
    let (status, _) = sidecar.end_by(Signal::TERM);
    assert_eq!(status.code(), Some(1));
    let text = fs::read_to_string(&log).expect("a log");
    let last = text.lines().last().expect("a line");
    assert!(last.contains("stopped while no valid list is in place, because others have removed"), "{last}");
    assert!(last.contains("..lock") && !last.contains("before a list"), "{last}");
}

/// Something that others do to the volume.
type Spoil = fn(&Path) -> std::io::Result<()>;

/// Has the program look at its files now: new settings make it do so, be they ever so alike.
fn have_it_look(sidecar: &Sidecar<'_>, shrink_after: &str) {
    sidecar.cluster.write_config(&format!("shrink-after: {shrink_after}\n"));
}

#[test]
fn what_others_change_is_put_back() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("");
    let sidecar = cluster.run_until_listed(&[1], &["--config", config.to_str().expect("text")]);
    let spoils: [(&str, Spoil); 4] = [
        ("11s", |volume| {
            fs::write(
                volume.join("peers.properties"),
                "eureka.client.service-url.defaultZone=http://evil:1/\n",
            )
        }),
        ("12s", |volume| fs::remove_file(volume.join("peers.properties"))),
        ("13s", |volume| fs::remove_file(volume.join("..data"))),
        ("14s", |volume| fs::remove_dir_all(volume).and_then(|()| fs::create_dir(volume))),
    ];
    for (round, (shrink_after, spoil)) in spoils.into_iter().enumerate() {
        spoil(&cluster.volume()).expect("spoilt");
        have_it_look(&sidecar, shrink_after);
        sidecar.until_listed(&[1]);
        let repaired = "published again: the files had been changed or removed by others";
        sidecar.until("a line", |it| it.logged(repaired).len() == round + 1);
    }
}

/// A process that writes the file every few milliseconds: no look finds it as it was left.
struct OtherWriter(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl OtherWriter {
    fn of(file: PathBuf) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let writing = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                // There may be no directory for a moment.
                let _again = fs::write(&file, "eureka.client.service-url.defaultZone=http://a/\n");
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self(is_over, Some(writing))
    }

    fn end(mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().expect("once").join().expect("no panic");
    }
}

#[test]
fn another_writer_is_a_condition_and_not_a_line_each_time() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("");
    let arguments = ["--config", config.to_str().expect("text"), "--layout", "plain"];
    let sidecar = cluster.run_until_listed(&[1], &arguments);
    let writer = OtherWriter::of(cluster.volume().join("peers.properties"));
    let looks = Cell::new(11);
    sidecar.until("a condition", |it| {
        looks.set(looks.get() + 1);
        have_it_look(it, &format!("{}s", looks.get()));
        it.conditions().contains(&"files_overwritten".to_owned())
    });
    let status = sidecar.status();
    let condition = &status["conditions"][0];
    assert_eq!(
        (&condition["kind"], &condition["severity"]),
        (&"files_overwritten".into(), &"warning".into())
    );
    assert!(condition["facts"]["repairs"].as_u64().is_some_and(|repairs| repairs >= 5), "{condition}");
    assert!(condition["until"].is_string(), "{condition}");
    assert!(sidecar.get("/").body.contains("another process writes, changes or removes the published files"));
    let again = "published again: the files had been changed or removed by others";
    assert_eq!(sidecar.logged(again).len(), 4, "the condition says the rest");
    let log = sidecar.log();
    assert_eq!(log.iter().filter(|line| line["condition"] == "files_overwritten").count(), 1);
    writer.end();
    have_it_look(&sidecar, "10s");
    sidecar.until_listed(&[1]);
}

#[test]
fn a_read_only_directory_is_told_and_survived() {
    let cluster = Cluster::of(&[0, 1]);
    let proc = cluster.run(&["--output-dir", "/proc"]);
    proc.until_condition("not_published");
    assert_eq!(proc.get("/livez").status, 200);
    let (status, _) = proc.end_by(Signal::TERM);
    assert_eq!(status.code(), Some(1), "there was no list");
}

#[test]
fn kills_at_any_moment_leave_a_whole_list_and_no_leftovers() {
    let cluster = Cluster::of(&[0, 1]);
    cluster.once("init", &[]).expect(0);
    for round in 0..15_u8 {
        cluster.set_pods(&[0, 1, 2 + round]);
        let sidecar = cluster.run(&["--remove-after", "0s", "--interval", "100ms"]);
        std::thread::sleep(Duration::from_millis(4 + 2 * u64::from(round)));
        sidecar.kill();
        assert!(cluster.listed().contains(&url(1)), "{:?}", cluster.listed());
    }
    cluster.set_pods(&[0, 1]);
    let sidecar = cluster.run(&["--remove-after", "0s", "--max-shrink", "100%"]);
    sidecar.until_listed(&[1]);
    sidecar.until_no_condition();
    // What a generation leaves is kept for a moment, for readers that are in the middle of it.
    let names = || names_in(&cluster.volume());
    drop(sidecar);
    cluster.set_pods(&[0, 1, 2]);
    let sidecar = cluster.run(&[]);
    sidecar.until_listed(&[1, 2]);
    let generations = names().iter().filter(|name| name.starts_with("..2")).count();
    assert!(generations <= 2, "the current one and the one before: {:?}", names());
    assert!(!names().iter().any(|name| name.contains("tmp")), "{:?}", names());
    assert_eq!(cluster.listed(), urls(&[1, 2]));
}
