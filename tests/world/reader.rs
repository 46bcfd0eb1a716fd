//! Somebody who reads the published file all the time, and remembers what it said.
//!
//! Must never overlook a fault: from the file's first sight on, each single read gives a whole list.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::beside::Lookout;

const KEY: &str = "eureka.client.service-url.defaultZone=";
const GENERATION_KEY: &str = "eureka.client.service-url.eureka-peers-generation=";

/// What was read, from the first sight of the file on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The lists in their order, and when each was first seen; a list is named again where it came back.
    pub(crate) lists: Vec<(Instant, Vec<String>)>,
    /// Reads that gave no whole list: what they gave.
    pub(crate) faults: Vec<String>,
    /// Reads in all.
    pub(crate) reads: u64,
}

/// A reader at work; ends with its handle.
pub(crate) struct Reader(Lookout<Seen>);

impl Reader {
    /// Reads `file` again and again, with `pause` in between.
    pub(crate) fn of(file: &Path, pause: Duration) -> Self {
        let file = file.to_owned();
        Self(Lookout::begin(pause, move |seen: &mut Seen| seen.read(&file)))
    }

    /// What it has seen so far.
    pub(crate) fn seen(&self) -> Seen {
        self.0.seen().clone()
    }

    /// The lists so far, in their order.
    pub(crate) fn lists(&self) -> Vec<Vec<String>> {
        self.0.seen().lists.iter().map(|(_, list)| list.clone()).collect()
    }

    /// Insists that no read has found anything but a whole list.
    pub(crate) fn expect_whole(&self) {
        let seen = self.0.seen();
        assert!(seen.faults.is_empty(), "of {} reads these failed: {:#?}", seen.reads, seen.faults);
    }

    /// Forgets what it has seen, but not that there was a file.
    pub(crate) fn forget(&self) {
        let mut seen = self.0.seen();
        let latest = seen.lists.pop();
        *seen = Seen { lists: latest.into_iter().collect(), ..Seen::default() };
    }
}

impl Seen {
    fn read(&mut self, file: &Path) {
        self.reads += 1;
        match list_in(file) {
            Ok(list) if self.lists.last().is_some_and(|(_, latest)| *latest == list) => {}
            Ok(list) => self.lists.push((Instant::now(), list)),
            Err(Unread::Absent) if self.lists.is_empty() => {}
            Err(fault) => self.faults.push(format!("{fault:?}")),
        }
    }
}

/// Why there is no list to be read.
#[derive(Debug)]
pub(crate) enum Unread {
    Absent,
    Unreadable(#[expect(dead_code, reason = "shown by Debug")] PathBuf, String),
    Torn(String),
}

/// The list in a published `peers.properties`, if the file is whole.
pub(crate) fn list_in(file: &Path) -> Result<Vec<String>, Unread> {
    match fs::read_to_string(file) {
        Ok(text) => list_of(&text).ok_or(Unread::Torn(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Unread::Absent),
        Err(error) => Err(Unread::Unreadable(file.to_owned(), error.to_string())),
    }
}

/// The URLs of a whole file: both keys, each line ended, one URL at least, each of them whole.
fn list_of(text: &str) -> Option<Vec<String>> {
    let [urls, generation] = text.strip_suffix('\n')?.split('\n').collect::<Vec<_>>()[..] else {
        return None;
    };
    let urls: Vec<_> = urls.strip_prefix(KEY)?.split(',').map(str::to_owned).collect();
    let is_whole = |url: &String| url.starts_with("http://") && url.ends_with("/eureka/");
    let counts = generation.strip_prefix(GENERATION_KEY)?.parse::<u64>().is_ok();
    (counts && urls.iter().all(is_whole)).then_some(urls)
}
