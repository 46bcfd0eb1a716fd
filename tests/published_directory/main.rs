//! The publisher under readers, under `kill -9`, on full and read-only disks, and as other users.
//!
//! Must never leave anything outside its temporary directories. The program starts itself again in
//! a role (see `roles`): to be killed, or to stand in a mount namespace, where mounts are its own.

mod hammer;
mod killed;
mod roles;
mod scene;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use eureka_peers::publish::Layout;
use roles::Surroundings;

fn main() -> ExitCode {
    if let Ok(role) = env::var(roles::ROLE) {
        roles::play(&role);
        return ExitCode::SUCCESS;
    }
    libtest_mimic::run(&Arguments::from_args(), trials()).exit_code()
}

fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("readers_see_whole_files_during_10000_swaps", || hammer::run(Layout::Volume)),
        Trial::test("readers_see_whole_files_during_10000_renames", || hammer::run(Layout::Plain)),
        Trial::test("a_volume_survives_200_kills", || killed::run(Layout::Volume)),
        Trial::test("a_plain_directory_survives_200_kills", || killed::run(Layout::Plain)),
    ];
    trials.extend(
        roles::PARTS.iter().map(|part| {
            Trial::ignorable_test(part.name, move || in_surroundings(part.name, part.surroundings))
        }),
    );
    trials
}

/// Plays a part in a process of its own. Where the machine cannot provide its surroundings that is
/// said, and on CI it is a failure.
fn in_surroundings(role: &str, surroundings: Surroundings) -> Result<Completion, Failed> {
    match roles::command(role, surroundings) {
        Ok(mut stage) => {
            let output = stage.command.output()?;
            if output.status.success() {
                return Ok(Completion::Completed);
            }
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
        Err(reason) if env::var_os("CI").is_some_and(|value| value == "true") => Err(reason.into()),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    }
}
