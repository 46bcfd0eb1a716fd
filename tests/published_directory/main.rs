//! The publisher under readers, under `kill -9`, on full and read-only disks, and as other users.
//!
//! Must never leave anything outside its temporary directories. The program starts itself again in
//! a role (see `roles`): to be killed, or to stand in a mount namespace, where mounts are its own.

mod hammer;
mod killed;
mod roles;
mod scene;
#[path = "../world/mod.rs"]
mod world;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use eureka_peers::publish::Layout;
use roles::Part;
use world::machine::{self, Missing};
use world::{beside, extent, namespace};

fn main() -> ExitCode {
    if let Ok(role) = env::var(roles::ROLE) {
        roles::play(&role);
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    // A minute of readers and hundreds of kills show what the kernel promises; a quick run has some kills.
    let is_in_sample = |name: &str| !name.starts_with("readers_see") && !name.starts_with("a_plain");
    let trials = extent::chosen("published_directory", &arguments, trials(), is_in_sample);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("readers_see_whole_files_during_10000_swaps", || hammer::run(Layout::Volume)),
        Trial::test("readers_see_whole_files_during_10000_renames", || hammer::run(Layout::Plain)),
        Trial::test("a_volume_survives_200_kills", || killed::run(Layout::Volume)),
        Trial::test("a_plain_directory_survives_200_kills", || killed::run(Layout::Plain)),
    ];
    let parts = roles::PARTS.iter();
    trials.extend(parts.map(|part| machine::trial(part.name, || in_surroundings(part))));
    trials
}

/// Plays a part in a process of its own, where the machine can provide its surroundings.
fn in_surroundings(part: &Part) -> Result<(), Missing> {
    let mut stage = roles::command(part.name, part.surroundings).map_err(Missing)?;
    let output = stage.command.output().expect("we can be run again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
