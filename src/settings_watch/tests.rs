//! Against a real directory, in real time.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// So slow that whatever is seen was seen by a hint.
const BY_HINT: Pace =
    Pace { poll: Duration::from_secs(600), settle: Duration::from_millis(20), patience: LONG };
/// So fast that a test can wait for it.
const BY_POLL: Pace =
    Pace { poll: Duration::from_millis(30), settle: Duration::from_millis(20), patience: LONG };
/// Longer than any look at a disk that answers.
const LONG: Duration = Duration::from_secs(60);

fn watch(path: &Path, seen: &str, pace: Pace) -> SettingsWatch {
    SettingsWatch::with_pace(path.to_owned(), seen.to_owned(), pace)
}

async fn next(watch: &mut SettingsWatch) -> Result<String, ReadError> {
    tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("a change is seen")
}

/// Waits for a text that was written in place, and so may be seen while it is still empty.
async fn written(watch: &mut SettingsWatch, text: &str) {
    let mut seen = next(watch).await;
    if seen.as_deref() == Ok("") {
        seen = next(watch).await;
    }
    assert_eq!(seen.as_deref(), Ok(text));
}

async fn nothing(watch: &mut SettingsWatch, wait: Duration) {
    let change = tokio::time::timeout(wait, watch.changed()).await;
    assert!(change.is_err(), "{change:?}");
}

const MOMENT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_plain_write_is_seen_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "a: 1").expect("written");
    let mut watch = watch(&path, "a: 1", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    fs::write(&path, "a: 2").expect("written");
    written(&mut watch, "a: 2").await;
    nothing(&mut watch, MOMENT).await;
}

#[tokio::test]
async fn the_same_bytes_are_no_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "a: 1").expect("written");
    let mut watch = watch(&path, "a: 1", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    let aside = directory.path().join("aside");
    fs::write(&aside, "a: 1").expect("written");
    fs::rename(&aside, &path).expect("renamed");
    nothing(&mut watch, MOMENT).await;
}

#[tokio::test]
async fn a_change_before_the_first_look_is_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "a: 2").expect("written");
    assert_eq!(next(&mut watch(&path, "a: 1", BY_HINT)).await.as_deref(), Ok("a: 2"));
}

#[tokio::test]
async fn a_rename_over_the_file_is_seen_each_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "0").expect("written");
    let mut watch = watch(&path, "0", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    for text in ["1", "2", "3"] {
        let aside = directory.path().join("aside");
        fs::write(&aside, text).expect("written");
        fs::rename(&aside, &path).expect("renamed");
        assert_eq!(next(&mut watch).await.as_deref(), Ok(text));
    }
}

/// One swap as the kubelet does it for a ConfigMap volume.
fn swap(volume: &Path, generation: &str, text: &str) {
    fs::create_dir(volume.join(generation)).expect("made");
    fs::write(volume.join(generation).join("c.yaml"), text).expect("written");
    symlink(generation, volume.join("..data_tmp")).expect("linked");
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).expect("swapped");
}

#[tokio::test]
async fn every_swap_of_a_configmap_volume_is_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let volume = directory.path();
    swap(volume, "..2026_1", "0");
    let path = volume.join("c.yaml");
    symlink("..data/c.yaml", &path).expect("linked");
    let mut watch = watch(&path, "0", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    let mut before = "..2026_1".to_owned();
    for text in ["1", "2", "3"] {
        let generation = format!("..2026_1{text}");
        swap(volume, &generation, text);
        fs::remove_dir_all(volume.join(&before)).expect("removed");
        before = generation;
        assert_eq!(next(&mut watch).await.as_deref(), Ok(text));
    }
}

#[tokio::test]
async fn a_file_that_goes_and_comes_back_is_seen_twice() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "a: 1").expect("written");
    let mut watch = watch(&path, "a: 1", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    fs::remove_file(&path).expect("removed");
    assert_eq!(next(&mut watch).await, Err(ReadError::Missing));
    nothing(&mut watch, MOMENT).await;
    fs::write(&path, "a: 1").expect("written");
    written(&mut watch, "a: 1").await;
}

#[tokio::test]
async fn without_a_watch_the_clock_sees_it_and_a_watch_is_tried_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("not yet").join("c.yaml");
    let mut watch = watch(&path, "a: 1", BY_POLL);
    assert_eq!(next(&mut watch).await, Err(ReadError::Missing));
    assert!(watch.watcher.is_none());
    fs::create_dir(directory.path().join("not yet")).expect("made");
    fs::write(&path, "a: 2").expect("written");
    written(&mut watch, "a: 2").await;
    nothing(&mut watch, MOMENT).await;
    assert!(watch.watcher.is_some());
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "0").expect("written");
    let mut watch = watch(&path, "0", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    let aside = directory.path().join("aside");
    fs::write(&aside, "1").expect("written");
    fs::rename(&aside, &path).expect("renamed");
    let mut seen = None;
    for _ in 0..100_000 {
        let wait = tokio::time::timeout(Duration::from_micros(100), watch.changed());
        if let Ok(change) = wait.await {
            seen = Some(change);
            break;
        }
    }
    assert_eq!(seen, Some(Ok("1".to_owned())));
    nothing(&mut watch, MOMENT).await;
}

#[tokio::test]
async fn a_look_can_be_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "0").expect("written");
    let mut watch = watch(&path, "0", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    watch.watcher = None;
    fs::write(&path, "1").expect("written");
    watch.look_now();
    assert_eq!(next(&mut watch).await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn a_storm_of_hints_puts_nothing_off() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "0").expect("written");
    let mut watch = watch(&path, "0", BY_HINT);
    nothing(&mut watch, MOMENT).await;
    let noise = directory.path().join("noise");
    let storm = tokio::spawn(async move {
        for n in 0_u32.. {
            fs::write(&noise, n.to_string()).expect("written");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    fs::write(&path, "1").expect("written");
    written(&mut watch, "1").await;
    storm.abort();
}

/// A disk that answers as the text of the file says: not before a file `released` lies beside it, or not while a
/// test lasts.
fn hangs_or_reads(path: &Path) -> Result<String, ReadError> {
    let text = read(path)?;
    let end = Instant::now() + LONG;
    while text == "hangs" && !path.with_file_name("released").exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(text)
}

#[tokio::test]
async fn a_look_that_hangs_is_said_and_a_good_file_that_follows_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    let put = |text: &str| {
        let aside = directory.path().join("aside");
        fs::write(&aside, text).expect("written");
        fs::rename(&aside, &path).expect("renamed");
    };
    put("hangs");
    let pace = Pace { patience: Duration::from_millis(50), ..BY_POLL };
    let mut watch = SettingsWatch { read: hangs_or_reads, ..watch(&path, "0", pace) };
    assert_eq!(next(&mut watch).await, Err(ReadError::Stalled));
    nothing(&mut watch, MOMENT).await;
    assert!((2..=LOOKS_MAX).contains(&watch.looks.len()), "{} threads", watch.looks.len());
    // Where every look may hang, the good one is read when one of them ends.
    fs::write(directory.path().join("released"), "").expect("written");
    assert_eq!(next(&mut watch).await.as_deref(), Ok("hangs"));
    // From here on nothing hangs, and a busy machine may take its time.
    (watch.pace.patience, watch.hangs_at) = (LONG, Instant::now() + LONG);
    put("1");
    assert_eq!(next(&mut watch).await.as_deref(), Ok("1"));
    nothing(&mut watch, MOMENT).await;
    assert!(watch.looks.len() <= 1, "{} threads", watch.looks.len());
}

#[tokio::test]
async fn what_takes_the_place_of_a_file_that_hangs_is_read_beside_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "hangs").expect("written");
    let pace = Pace { patience: Duration::from_millis(50), ..BY_POLL };
    let mut watch = SettingsWatch { read: hangs_or_reads, ..watch(&path, "0", pace) };
    assert_eq!(next(&mut watch).await, Err(ReadError::Stalled));
    fs::write(directory.path().join("aside"), "1").expect("written");
    fs::rename(directory.path().join("aside"), &path).expect("renamed");
    assert_eq!(next(&mut watch).await.as_deref(), Ok("1"));
    // The one that hung brings nothing that is still of interest.
    (watch.pace.patience, watch.hangs_at) = (LONG, Instant::now() + LONG);
    fs::write(directory.path().join("released"), "").expect("written");
    nothing(&mut watch, MOMENT).await;
}

#[tokio::test]
async fn a_pipe_is_said_and_a_good_file_that_follows_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.yaml");
    fs::write(&path, "0").expect("written");
    let mut watch = watch(&path, "0", BY_POLL);
    nothing(&mut watch, MOMENT).await;
    fs::remove_file(&path).expect("there");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .expect("a pipe");
    let mut seen = next(&mut watch).await;
    if seen == Err(ReadError::Missing) {
        seen = next(&mut watch).await;
    }
    assert_eq!(seen, Err(ReadError::NoFile));
    fs::write(directory.path().join("aside"), "1").expect("written");
    fs::rename(directory.path().join("aside"), &path).expect("renamed");
    assert_eq!(next(&mut watch).await.as_deref(), Ok("1"));
}
