//! Readers that never stop while thousands of publications go by.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::beside::Beside;
use crate::scene;
use eureka_peers::publish::{Layout, Published};

const PUBLICATIONS: u64 = 10_000;
const READERS: usize = 2;

/// What readers saw, by kind.
type Tally = BTreeMap<String, u64>;

pub(crate) fn run(layout: Layout) -> Result<(), Failed> {
    let directory = scene::directory_in_memory();
    let mut publisher = scene::publisher(directory.path(), layout);
    scene::publish(&mut publisher, 0)?;
    let readers = [(); READERS].map(|()| {
        let directory = directory.path().to_owned();
        Beside::begin(move |done| read_until(done, &directory))
    });
    let started = Instant::now();
    for number in 1..=PUBLICATIONS {
        match scene::publish(&mut publisher, number) {
            Ok(Published::Written) => {}
            other => return Err(format!("publication {number}: {other:?}").into()),
        }
    }
    let took = started.elapsed();
    let tally = readers.map(Beside::end).into_iter().fold(Tally::new(), united);
    report(layout, took, &tally);
    if tally.keys().any(|kind| kind != "whole") {
        return Err(format!("{tally:?}").into());
    }
    Ok(())
}

fn read_until(done: &AtomicBool, directory: &Path) -> Tally {
    let mut tally = Tally::new();
    for name in scene::NAMES.iter().cycle() {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let since = Instant::now();
        let seen = match fs::read_to_string(directory.join(name)) {
            Err(error) => format!("{error} after {:?}", since.elapsed()),
            Ok(text) if scene::number(&text).is_some() => "whole".to_owned(),
            Ok(text) if text.is_empty() => "empty".to_owned(),
            Ok(_) => "torn".to_owned(),
        };
        *tally.entry(seen).or_default() += 1;
    }
    tally
}

fn united(mut all: Tally, one: Tally) -> Tally {
    for (kind, count) in one {
        *all.entry(kind).or_default() += count;
    }
    all
}

fn report(layout: Layout, took: Duration, tally: &Tally) {
    let rate = f64::from(u32::try_from(PUBLICATIONS).expect("fits")) / took.as_secs_f64();
    eprintln!("{layout:?}: {PUBLICATIONS} publications at {rate:.0}/s, reads: {tally:?}");
}
