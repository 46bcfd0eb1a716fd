//! A publisher killed at random moments, and what the next one makes of it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;

use crate::{roles, scene};
use eureka_peers::publish::Layout;

const KILLS: u64 = 200;

/// The longest life after the first publication: a dozen publications in memory.
const LIFE_MAX: Duration = Duration::from_millis(4);

/// The longest life of one that may be killed before its first publication.
const START_MAX: Duration = Duration::from_millis(8);

pub(crate) fn run(layout: Layout) -> Result<(), Failed> {
    let directory = scene::directory_in_memory();
    let mut found_in_the_middle = 0;
    for life in 0..KILLS {
        let first = life * 1_000_000;
        one_life(directory.path(), layout, first, life)?;
        found_in_the_middle += u64::from(has_leftovers(directory.path()));
        readers_find_whole_files(directory.path(), layout, life)?;
        the_next_life_repairs(directory.path(), layout, first + 999_999)?;
    }
    eprintln!("{layout:?}: {KILLS} kills, {found_in_the_middle} of them in the middle of a publication");
    if found_in_the_middle == 0 {
        return Err("no kill hit a publication: this shows nothing".into());
    }
    Ok(())
}

/// Every second life is killed at its start, sweeping and first publication included.
fn one_life(directory: &Path, layout: Layout, first: u64, life: u64) -> Result<(), Failed> {
    let mut child = roles::publish_for_ever(directory, layout, first).stdout(Stdio::piped()).spawn()?;
    let life_max = if life % 2 == 1 { wait_for_the_first(&mut child)? } else { START_MAX };
    thread::sleep(life_max.mul_f64(fastrand::f64()));
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn wait_for_the_first(child: &mut Child) -> Result<Duration, Failed> {
    child.stdout.as_mut().expect("piped").read_exact(&mut [0])?;
    Ok(LIFE_MAX)
}

/// Whether the kill came in the middle of a publication: something is on its way, or a generation
/// is half written or half removed.
fn has_leftovers(directory: &Path) -> bool {
    let is_temporary = |name: &String| name.starts_with("..tmp~") || name == "..data_tmp";
    scene::names(directory).iter().any(is_temporary)
        || scene::generations(directory).iter().any(|generation| scene::numbers(generation).is_err())
}

fn readers_find_whole_files(directory: &Path, layout: Layout, life: u64) -> Result<(), Failed> {
    if life == 0 {
        return Ok(());
    }
    let numbers = scene::numbers(directory)?;
    let state = scene::state_number(&scene::publisher(directory, layout)).ok_or("the state is gone")?;
    let agrees = match layout {
        Layout::Volume => numbers.iter().all(|number| *number == state),
        Layout::Plain => numbers.iter().all(|number| *number <= state && *number + 1 >= state),
    };
    if agrees { Ok(()) } else { Err(format!("files {numbers:?}, state {state}").into()) }
}

fn the_next_life_repairs(directory: &Path, layout: Layout, number: u64) -> Result<(), Failed> {
    let mut publisher = scene::publisher(directory, layout);
    scene::publish(&mut publisher, number)?;
    if scene::numbers(directory)? != [number; 2] || scene::state_number(&publisher) != Some(number) {
        return Err("the repair is not what is read".into());
    }
    let most = match layout {
        Layout::Volume => 2,
        Layout::Plain => 0,
    };
    let names = scene::names(directory);
    if has_leftovers(directory) || scene::generations(directory).len() > most {
        return Err(format!("left over: {names:?}").into());
    }
    Ok(())
}
