//! The kubelet's `..data` swap: all files of a generation change in one rename.
//!
//! Beyond the kubelet's: leftovers are removed instead of tripped over, everything is on the disk
//! before it is visible, and generations stay for a while after their time, because a reader may
//! have resolved `..data` just before the swap.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use super::directory::{Directory, Entry};
use super::error::PublishError;
use super::generation::GenerationName;
use super::{STATE, TEMPORARY, Wanted, temporary};

/// The link that is swapped.
pub(super) const DATA: &str = "..data";
/// Its successor, as the kubelet calls it.
const DATA_TEMPORARY: &str = "..data_tmp";
/// Where a directory goes that somebody made in the link's place. It is not ours to remove, so it
/// stays there, and there is one at most: who makes them again is for the operator to find out.
pub(super) const DATA_ASIDE: &str = "..data_aside";

/// How long a generation stays after its time, at least. A reader takes microseconds from `..data`
/// to the file, unless it is stopped in between: by a CPU limit for several periods of 100 ms, or with
/// its whole machine. On a busy one, a quarter of a second was once too short (a million reads).
const GRACE: Duration = Duration::from_secs(1);

/// Generations beside the current one. Publications come a second apart and then there are one or two;
/// this bounds what a burst takes of the disk, and what it takes is waited for.
const SUPERSEDED_MAX: usize = 256;

/// Generations that were current since the start, the latest last, and when they ceased to be.
#[derive(Debug, Default)]
pub(super) struct Superseded(VecDeque<(GenerationName, Instant)>);

impl Superseded {
    fn add(&mut self, name: GenerationName) {
        self.0.push_back((name, Instant::now()));
    }

    /// Forgets those whose grace is over; the latest is kept until there is a later one.
    fn forget(&mut self) {
        while let Some((_, since)) = self.0.front()
            && self.0.len() > 1
        {
            let left = GRACE.saturating_sub(since.elapsed());
            if !left.is_zero() && self.0.len() <= SUPERSEDED_MAX {
                break;
            }
            thread::sleep(left);
            self.0.pop_front();
        }
    }

    fn holds(&self, name: &GenerationName) -> bool {
        self.0.iter().any(|(superseded, _)| superseded == name)
    }
}

/// Whether readers find exactly this already.
pub(super) fn is_current(directory: &Directory, wanted: &Wanted<'_>) -> Result<bool, PublishError> {
    let Some(generation) = open_current(directory)? else { return Ok(false) };
    if !wanted.is_in(&generation) || !wanted.names().all(|name| is_link(directory, name)) {
        return Ok(false);
    }
    Ok(stale_links(directory, wanted)?.is_empty())
}

/// Writes a generation and makes it the current one.
pub(super) fn write(
    directory: &Directory,
    superseded: &mut Superseded,
    wanted: &Wanted<'_>,
) -> Result<(), PublishError> {
    let aside = directory.has_directory(DATA).then_some(DATA_ASIDE);
    wanted.names().chain(aside).try_for_each(|name| directory.refuse_directory(name))?;
    let outcome = replace(directory, superseded, wanted)
        .and_then(|()| link(directory, wanted))
        .and_then(|()| directory.sync());
    superseded.forget();
    // After a failure too: a full disk must not be filled further by one attempt after the other.
    let _next_time = remove_generations(directory, superseded);
    outcome?;
    remove_replaced(directory, wanted);
    Ok(())
}

/// Removes what a life that ended in the middle left behind, before anything new needs the room.
///
/// What cannot be removed was made by somebody else. Where it is in the way, the publication says so.
pub(super) fn sweep(directory: &Directory) -> Result<(), PublishError> {
    remove_generations(directory, &Superseded::default())?;
    let is_temporary =
        |name: &str| [DATA_TEMPORARY, DATA_ASIDE].contains(&name) || name.starts_with(TEMPORARY);
    for entry in directory.entries(|entry| is_temporary(&entry.name))? {
        let _in_nobodys_way = directory.remove_file(&entry.name);
    }
    Ok(())
}

/// The directory of the current generation, if `..data` leads to one of ours.
pub(super) fn open_current(directory: &Directory) -> Result<Option<Directory>, PublishError> {
    Ok(current(directory)?.and_then(|name| directory.open_below(name.as_str()).ok()))
}

/// Removes this layout's links, `..data` and generations: the files are elsewhere now.
///
/// What cannot be removed is in nobody's way, and the next publication tries again.
pub(super) fn clear(directory: &Directory, wanted: &Wanted<'_>) {
    let Ok(stale) = stale_links(directory, wanted) else { return };
    for name in stale.iter().map(|entry| entry.name.as_str()).chain([DATA]) {
        let _next_time = directory.remove_file(name);
    }
    let _next_time = remove_generations(directory, &Superseded::default());
}

/// Whether `name` leads to the current generation.
pub(super) fn is_link(directory: &Directory, name: &str) -> bool {
    directory.links(name, &target_of(name))
}

/// Whether a link `..data` is there, wherever it leads.
pub(super) fn is_linked(directory: &Directory) -> bool {
    directory.link_target(DATA).is_ok_and(|target| target.is_some())
}

fn current(directory: &Directory) -> Result<Option<GenerationName>, PublishError> {
    Ok(directory.link_target(DATA)?.and_then(|target| GenerationName::parse(&target)))
}

/// Fills a generation and swaps it in: the one step that readers see.
fn replace(
    directory: &Directory,
    superseded: &mut Superseded,
    wanted: &Wanted<'_>,
) -> Result<(), PublishError> {
    let previous = current(directory)?;
    let name = GenerationName::fresh();
    let generation = directory.create_directory(name.as_str())?;
    wanted.contents().try_for_each(|(file, bytes)| generation.create_file(file, bytes, wanted.mode))?;
    generation.sync()?;
    if directory.has_directory(DATA) {
        directory.swap_link(name.as_str(), DATA, DATA_ASIDE)?;
    } else {
        directory.put_link(name.as_str(), DATA, DATA_TEMPORARY)?;
    }
    if let Some(previous) = previous {
        superseded.add(previous);
    }
    Ok(())
}

/// Links come after the swap: where a file of somebody else's making was, it is there until then.
fn link(directory: &Directory, wanted: &Wanted<'_>) -> Result<(), PublishError> {
    for name in wanted.names() {
        if !is_link(directory, name) {
            directory.put_link(&target_of(name), name, &temporary(name))?;
        }
    }
    Ok(())
}

/// Removes what this publication has replaced. It is in nobody's way, so a failure is not a failure of
/// the publication, and the next one tries again.
fn remove_replaced(directory: &Directory, wanted: &Wanted<'_>) {
    let Ok(stale) = stale_links(directory, wanted) else { return };
    for name in stale.iter().map(|entry| entry.name.as_str()).chain([STATE]) {
        let _next_time = directory.remove_file(name);
    }
}

/// Removes every generation that is neither current nor in its grace.
///
/// One that cannot be removed was made by somebody else, and does not grow.
fn remove_generations(directory: &Directory, superseded: &Superseded) -> Result<(), PublishError> {
    let current = current(directory)?;
    let is_needed = |name: &GenerationName| current.as_ref() == Some(name) || superseded.holds(name);
    let is_over = |entry: &Entry| GenerationName::parse(&entry.name).is_some_and(|name| !is_needed(&name));
    for entry in directory.entries(is_over)? {
        let _next_time = directory.remove_directory(&entry.name);
    }
    Ok(())
}

/// Links of ours to files that are no longer published.
fn stale_links(directory: &Directory, wanted: &Wanted<'_>) -> Result<Vec<Entry>, PublishError> {
    let is_wanted = |link: &str| wanted.names().any(|name| name == link);
    directory
        .entries(|Entry { name, is_link }| *is_link && !is_wanted(name) && self::is_link(directory, name))
}

fn target_of(name: &str) -> String {
    format!("{DATA}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Generations that all ceased to be current at `since`; the first one's name ends in 0.
    fn superseded(count: usize, since: Instant) -> Superseded {
        let name = |number| GenerationName::parse(&format!("..2025_01_01_00_00_00.{number}"));
        Superseded((0..count).map(|number| (name(number).expect("a name"), since)).collect())
    }

    #[test]
    fn a_burst_waits_for_no_grace_while_there_is_room() {
        let later = Instant::now() + Duration::from_secs(3600);
        let mut fresh = superseded(3, later);
        fresh.forget();
        assert_eq!(fresh.0.len(), 3);
        let mut too_many = superseded(SUPERSEDED_MAX + 1, later);
        too_many.forget();
        assert_eq!(too_many.0.len(), SUPERSEDED_MAX);
        assert!(!too_many.holds(&superseded(1, later).0[0].0), "the oldest is gone");
    }

    #[test]
    fn the_latest_outlives_its_grace() {
        let start = Instant::now();
        thread::sleep(GRACE);
        let mut stale = superseded(3, start);
        stale.forget();
        assert_eq!(stale.0.len(), 1);
        assert!(stale.holds(&superseded(3, start).0[2].0));
    }
}
