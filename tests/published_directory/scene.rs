//! What is published in these tests, and how a reader knows that it is whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use crate::machine::names_in as names;
use eureka_peers::document::File;
use eureka_peers::publish::{Layout, PublishError, Published, Publisher};

/// The files of each publication.
pub(crate) const NAMES: [&str; 2] = ["peers.properties", "peers.json"];

/// Longer than a generation is kept after its time.
pub(crate) const GRACE: Duration = Duration::from_millis(1100);

/// Lines of a file: several pages, so that half a file would show.
const LINES: usize = 400;

/// A file that says `number` in each of its lines.
pub(crate) fn text(number: u64) -> String {
    format!("eureka.client.service-url.defaultZone={number:020}\n").repeat(LINES)
}

/// The number that a whole file says; `None` for one that is empty, torn or mixed.
pub(crate) fn number(text: &str) -> Option<u64> {
    let first = text.lines().next()?.strip_prefix("eureka.client.service-url.defaultZone=")?;
    let number = first.parse().ok()?;
    (text == self::text(number)).then_some(number)
}

pub(crate) fn publish(publisher: &mut Publisher, number: u64) -> Result<Published, PublishError> {
    let file = |name: &str| File::new(name.parse().expect("a file name"), text(number).into_bytes());
    publisher.publish(&NAMES.map(file), number.to_string().as_bytes())
}

/// The numbers that the published files say.
pub(crate) fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let read = |name: &&str| {
        let text = fs::read_to_string(directory.join(name))?;
        number(&text).ok_or_else(|| io::Error::other(format!("{name} is torn: {} bytes", text.len())))
    };
    NAMES.iter().map(read).collect()
}

/// The number that the state says.
pub(crate) fn state_number(publisher: &Publisher) -> Option<u64> {
    let bytes = publisher.read_state().expect("readable")?;
    Some(String::from_utf8(bytes).expect("text").parse().expect("a number"))
}

/// The directories of generations, current and past.
pub(crate) fn generations(directory: &Path) -> Vec<PathBuf> {
    let names = names(directory).into_iter().filter(|name| name.starts_with("..2"));
    names.map(|name| directory.join(name)).collect()
}

/// A fresh directory in memory, where there is such a place: tens of thousands of fsyncs on a disk
/// would take minutes and show nothing more.
pub(crate) fn directory_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

pub(crate) fn publisher(directory: &Path, layout: Layout) -> Publisher {
    Publisher::new(PathBuf::from(directory), layout, 0o644)
}
