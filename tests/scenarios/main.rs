//! Scenario files: a new case is a new file in `cases/`, not new code.
//!
//! Each file is one trial. A fault in a file, and an expectation that is not met, name file and line.

mod expect;
mod format;
mod server;
mod settings;
mod words;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use format::Scenario;
use world::World;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = files().into_iter().map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn files() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/cases");
    let entries = std::fs::read_dir(cases).expect("the directory of the cases is part of the sources");
    let mut files: Vec<_> =
        entries.map(|entry| entry.expect("the directory of the cases can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

fn trial(path: PathBuf) -> Trial {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    Trial::test(name, move || run(&path).map_err(Failed::from))
}

fn run(path: &Path) -> Result<(), String> {
    let (scenario, settings, lines) = Scenario::read(path)?;
    let mut world = World::new(&scenario, settings);
    for (step, line) in scenario.timeline.iter().zip(lines) {
        let failures = match world.turn_to(step) {
            Ok(()) => expect::failures(&step.expect, &world),
            Err(failure) => vec![failure],
        };
        if !failures.is_empty() {
            let at = format!("{}:{line}: at {:?}", path.display(), step.at.0.0);
            return Err(format!("{}\n{at}:\n  {}", scenario.what, failures.join("\n  ")));
        }
    }
    let failures = expect::failures_at_any_time(&scenario, &world);
    if failures.is_empty() { Ok(()) } else { Err(format!("{}: {}", path.display(), failures.join("\n  "))) }
}
