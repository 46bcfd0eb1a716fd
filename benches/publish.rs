//! How long it takes from peers in hand to files in place, on a disk and in memory.
//!
//! `cargo bench --bench publish`. Beside each figure, from the same run: the plainest way to do it
//! (write a temporary file, fsync, rename), and how long the fsyncs of one publication take alone.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use eureka_peers::document::{self, Document, FileName, Format};
use eureka_peers::model::{Listing, PeerSet, WallClock, Zone};
use eureka_peers::publish::{Layout, Publisher, encode_state};
use eureka_peers::reconcile::SavedState;

/// Enough for the 99th percentile to be more than the worst one.
const ROUNDS: u64 = 300;

/// Between two rounds: publications come a second apart, and a burst would leave old generations
/// about.
const PAUSE: Duration = Duration::from_millis(10);

const NAME: &str = "peers.properties";

fn main() -> io::Result<()> {
    // `cargo test --benches` runs this too, only to see that it works.
    let rounds = if env::args().any(|argument| argument == "--bench") { ROUNDS } else { 2 };
    println!("place   peers  layout     p50 ms   p99 ms   / plainest   fsyncs alone p50 ms");
    let memory = Path::new("/dev/shm");
    let places = [("disk", env::temp_dir()), ("memory", memory.to_owned())];
    for (place, parent) in places.iter().filter(|(_, parent)| parent.is_dir()) {
        for count in [3, 100, 1000] {
            compare(place, parent, count, rounds)?;
        }
    }
    Ok(())
}

fn compare(place: &str, parent: &Path, count: u16, rounds: u64) -> io::Result<()> {
    let peers = peers(count);
    let plainest = Times::of(rounds, parent, |directory, round| {
        replace(&directory.join("..temporary"), &directory.join(NAME), render(&peers, round).bytes())
    })?;
    let fsyncs = Times::of_parts(rounds, parent, |directory, round| fsyncs_alone(directory, &peers, round))?;
    for layout in [Layout::Volume, Layout::Plain] {
        let held = tempfile::tempdir_in(parent)?;
        let mut publisher = Publisher::new(held.path().to_owned(), layout, 0o644);
        let ours = Times::of(rounds, parent, |_, round| {
            publisher
                .publish(&[render(&peers, round)], &state(&peers, round))
                .map(drop)
                .map_err(io::Error::other)
        })?;
        println!(
            "{place:6} {count:6}  {:8} {:8.3} {:8.3} {:10.1}x {:14.3}",
            format!("{layout:?}"),
            ours.at(50),
            ours.at(99),
            ours.at(50) / plainest.at(50),
            fsyncs.at(50)
        );
    }
    Ok(())
}

/// Durations, the shortest first.
struct Times(Vec<Duration>);

impl Times {
    fn of(rounds: u64, parent: &Path, mut act: impl FnMut(&Path, u64) -> io::Result<()>) -> io::Result<Self> {
        Self::of_parts(rounds, parent, |directory, round| {
            let started = Instant::now();
            act(directory, round).map(|()| started.elapsed())
        })
    }

    /// Of acts that time themselves. The first round, which finds an empty directory, is left out.
    fn of_parts(
        rounds: u64,
        parent: &Path,
        mut act: impl FnMut(&Path, u64) -> io::Result<Duration>,
    ) -> io::Result<Self> {
        let directory = tempfile::tempdir_in(parent)?;
        act(directory.path(), 0)?;
        let mut times = Vec::new();
        for round in 1..=rounds {
            thread::sleep(PAUSE);
            times.push(act(directory.path(), round)?);
        }
        times.sort_unstable();
        Ok(Self(times))
    }

    /// In milliseconds.
    fn at(&self, percent: usize) -> f64 {
        let index = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0[index].as_secs_f64() * 1e3
    }
}

fn name() -> FileName {
    NAME.parse().expect("a file name")
}

fn peers(count: u16) -> PeerSet {
    let url = |n| format!("http://eureka-{n}.eureka.default.svc.cluster.local:8761/eureka/");
    (0..count).map(|n| url(n).parse().expect("a service URL")).collect()
}

fn render(peers: &PeerSet, generation: u64) -> document::File {
    let listing = Listing::of_peers(peers, generation).expect("not empty");
    let document = Document { listing: &listing, zone: &Zone::default(), user_info: None };
    let mut files = document.render(Format::SpringProperties, &name()).expect("always fits");
    files.pop().expect("one file")
}

fn state(peers: &PeerSet, generation: u64) -> Vec<u8> {
    let state = SavedState { static_peers: peers.clone(), generation, ..SavedState::default() };
    encode_state(&state, WallClock::started_at(SystemTime::UNIX_EPOCH))
}

/// The plainest way that is not wrong: write beside it, fsync, rename.
fn replace(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

/// Writes what a publication in a volume writes, and times only its fsyncs: file, state, the
/// generation's directory, the volume's.
fn fsyncs_alone(directory: &Path, peers: &PeerSet, round: u64) -> io::Result<Duration> {
    let generation = directory.join(round.to_string());
    fs::create_dir(&generation)?;
    let mut waited = Duration::ZERO;
    let mut sync = |file: File| {
        let started = Instant::now();
        file.sync_all().map(|()| waited += started.elapsed())
    };
    for (name, bytes) in [("state", state(peers, round)), (NAME, render(peers, round).bytes().to_vec())] {
        let mut file = File::create(generation.join(name))?;
        file.write_all(&bytes)?;
        sync(file)?;
    }
    sync(File::open(&generation)?)?;
    fs::rename(&generation, directory.join("current")).or_else(|_| {
        fs::remove_dir_all(directory.join("current"))?;
        fs::rename(&generation, directory.join("current"))
    })?;
    sync(File::open(directory)?)?;
    Ok(waited)
}
