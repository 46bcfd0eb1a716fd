//! Volumes that fill up, become read-only, are swapped under the program, or are mounted in a way that
//! cannot work: said by name, and right again by itself.
//!
//! Must only be played in a mount namespace of this run's own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cluster::{Cluster, urls};
use crate::namespace::{mount, unmount};
use crate::sidecar::Sidecar;

pub(crate) const ALL: [(&str, fn()); 5] = [
    ("a_full_volume", full_volume),
    ("a_volume_that_becomes_read_only", read_only_volume),
    ("a_volume_that_is_replaced", replaced_volume),
    ("a_single_file_mount", single_file_mount),
    ("a_sub_path", sub_path),
];

/// A mount; gone with its handle, so that its directory can be removed.
struct Mount(PathBuf);

impl Mount {
    fn at(point: &Path, arguments: &[&str]) -> Self {
        mount(point, arguments);
        Self(point.to_owned())
    }

    fn in_memory(point: &Path) -> Self {
        // Room for the list and a few more.
        Self::at(point, &["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let unmounted = unmount(&self.0);
        assert!(unmounted.is_ok() || std::thread::panicking(), "{unmounted:?}");
    }
}

/// The condition that holds while nothing can be published, and the list that is in place all the same.
fn is_refused(sidecar: &Sidecar<'_>, step: &str, reason: &str) {
    let cluster = sidecar.cluster;
    sidecar.until_condition("not_published");
    let message = sidecar.message_of("not_published");
    assert!(message.contains(step) && crate::errors::says(&message, reason), "{message}");
    assert_eq!(sidecar.get("/livez").status, 200);
    assert_eq!(cluster.listed(), urls(&[1]), "the list stays");
}

/// `init` on a volume where nobody else publishes.
fn init_is_refused(cluster: &Cluster, step: &str, reason: &str) {
    let outcome = cluster.once("init", &[]).expect(73);
    assert!(outcome.stderr.contains(step) && crate::errors::says(&outcome.stderr, reason), "{outcome:#?}");
}

fn full_volume() {
    let cluster = Cluster::of(&[0, 1]);
    let _mount = Mount::in_memory(&cluster.volume());
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let ballast = cluster.volume().join("ballast");
    let mut size = 64 * 1024;
    while fs::write(&ballast, vec![b'x'; size]).is_err() {
        size -= 4096;
    }
    cluster.set_pods(&[0, 1, 2]);
    is_refused(&sidecar, "cannot ", "no space is left; enlarge the volume's sizeLimit");
    sidecar.kill();
    init_is_refused(&cluster, "cannot ", "no space is left; enlarge the volume's sizeLimit");
    let sidecar = cluster.run(&[]);
    is_refused(&sidecar, "cannot ", "no space is left; enlarge the volume's sizeLimit");
    fs::remove_file(ballast).expect("ours");
    sidecar.until_listed(&[1, 2]);
    sidecar.until_no_condition();
}

fn read_only_volume() {
    let cluster = Cluster::of(&[0, 1]);
    let _mount = Mount::in_memory(&cluster.volume());
    let sidecar = cluster.run_until_listed(&[1], &[]);
    mount(&cluster.volume(), &["-o", "remount,bind,ro"]);
    cluster.set_pods(&[0, 1, 2]);
    let (step, reason) =
        ("cannot create it: ", "the file system is read-only; mount the volume without `readOnly`");
    is_refused(&sidecar, step, reason);
    sidecar.kill();
    init_is_refused(&cluster, step, reason);
    let sidecar = cluster.run(&[]);
    is_refused(&sidecar, step, reason);
    mount(&cluster.volume(), &["-o", "remount,bind,rw"]);
    sidecar.until_listed(&[1, 2]);
    sidecar.until_no_condition();
}

/// Another volume under the same path, and then the first one again.
fn replaced_volume() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let mount = Mount::in_memory(&cluster.volume());
    assert!(!cluster.file().exists());
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
    sidecar.until_no_condition();
    drop(mount);
    assert_eq!(cluster.listed(), urls(&[1]), "left as it was");
    cluster.set_pods(&[0, 1, 2, 3]);
    sidecar.until_listed(&[1, 2, 3]);
    sidecar.until_no_condition();
    let other = cluster.once("init", &["--static-peer", "http://vm:1/"]).expect(73);
    assert!(other.stderr.contains("another process holds the lock"), "the lock was taken anew: {other:#?}");
}

fn single_file_mount() {
    let cluster = Cluster::of(&[0, 1]);
    let source = cluster.directory().join("source");
    fs::write(&source, "of somebody else\n").expect("made");
    fs::write(cluster.file(), "").expect("made");
    let mount = Mount::at(&cluster.file(), &["--bind", source.to_str().expect("text")]);
    let (step, reason) = (
        "cannot put it in place: ",
        "it is mounted by itself (a single file or `subPath`); /peers.properties); mount the",
    );
    init_is_refused(&cluster, step, reason);
    let check = cluster.once("check", &[]).expect(3);
    assert!(crate::errors::says(&check.stdout, reason), "{check:#?}");
    let sidecar = cluster.run(&[]);
    sidecar.until_condition("not_published");
    let message = sidecar.message_of("not_published");
    assert!(message.contains(step) && crate::errors::says(&message, reason), "{message}");
    assert_eq!(fs::read_to_string(&source).expect("there"), "of somebody else\n");
    drop(mount);
    sidecar.until_listed(&[1]);
    sidecar.until_no_condition();
}

fn sub_path() {
    let cluster = Cluster::of(&[0, 1]);
    let whole = cluster.directory().join("whole");
    fs::create_dir(&whole).expect("made");
    let _whole = Mount::in_memory(&whole);
    fs::create_dir(whole.join("part")).expect("made");
    let part = whole.join("part");
    let _part = Mount::at(&cluster.volume(), &["--bind", part.to_str().expect("text")]);
    let check = cluster.once("check", &[]);
    assert!(
        crate::errors::says(&check.stdout, "is mounted by `subPath` (part) (; mount the whole volume"),
        "{check:#?}"
    );
    // The volume itself may be shared all the same, so the list is published.
    cluster.run_until_listed(&[1], &[]).until_no_condition();
}
