//! What this machine has, and what a test does where it lacks something.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Completion, Failed, Trial};
use rustix::process::Pid;

/// The first argument that makes an example the program itself.
pub(crate) const AS_PROGRAM: &str = "as-eureka-peers";

/// The program, without a word of arguments; Cargo tells tests where it is, and an example is its own.
pub(crate) fn program() -> Command {
    if let Some(program) = option_env!("CARGO_BIN_EXE_eureka-peers") {
        return Command::new(program);
    }
    let mut command = Command::new(env::current_exe().expect("a running program has a path"));
    command.arg(AS_PROGRAM);
    command
}

/// Where Cargo builds; it tells tests where its scratch directory is, and examples lie where it builds.
pub(crate) fn target() -> PathBuf {
    let program = env::current_exe().expect("a running program has a path");
    let examples = || program.ancestors().find(|folder| folder.ends_with("examples"))?.ancestors().nth(2);
    let scratch = option_env!("CARGO_TARGET_TMPDIR").map(Path::new);
    let target = scratch.and_then(Path::parent).or_else(examples);
    target.expect("Cargo builds into a directory of its own").to_owned()
}

/// Where a program is: in the directories of `PATH`, where Debian keeps servers, or where Go is unpacked.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let beside = ["/usr/sbin", "/usr/local/go/bin"].map(PathBuf::from);
    env::split_paths(&path).chain(beside).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `outer` with the whole of `inner` as its last arguments, and in its surroundings.
pub(crate) fn around(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args()).env_clear();
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}

/// Runs an outside program to its end; what it prints, or why it failed.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    outcome(command, &output)
}

/// What a command printed that has ended, or why it failed.
pub(crate) fn outcome(command: &Command, output: &Output) -> Result<String, String> {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(out);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{out}{errors}", output.status))
}

/// Whether what a test needs must be there.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What a trial needs and this machine does not have.
#[derive(Clone, Debug)]
pub(crate) struct Missing(pub(crate) String);

/// A trial, ignored where the machine lacks what it needs; which in CI is a failure.
pub(crate) fn trial(
    name: impl Into<String>,
    play: impl FnOnce() -> Result<(), Missing> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match play() {
        Ok(()) => Ok(Completion::Completed),
        Err(Missing(what)) if is_ci() => Err(Failed::from(format!("{what}, and in CI that is a failure"))),
        Err(Missing(what)) => Ok(Completion::ignored_with(what)),
    })
}

/// The same for what either is there from the beginning or is not.
pub(crate) fn trial_with(
    name: impl Into<String>,
    needed: Result<(), String>,
    play: impl FnOnce() + Send + 'static,
) -> Trial {
    trial(name, move || needed.map(|()| play()).map_err(Missing))
}

/// A figure of a process by the kernel's own books, such as `VmHWM:`, which is the most that was ever
/// resident, in KiB. None once the process is gone.
pub(crate) fn figure(process: Pid, key: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Descriptors that a process has open.
pub(crate) fn descriptors(process: Pid) -> Option<usize> {
    fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())).ok().map(Iterator::count)
}

/// Whether this test has the process for itself. If not, it is run again in one of its own, and has passed
/// here when it has passed there.
pub(crate) fn is_alone(test: &str) -> bool {
    const ALONE: &str = "EUREKA_PEERS_TEST_ALONE";
    if env::var_os(ALONE).is_some_and(|alone| alone == test) {
        return true;
    }
    let program = env::current_exe().expect("we run");
    let said = said(Command::new(program).args(["--exact", test, "--nocapture"]).env(ALONE, test));
    let said = said.unwrap_or_else(|why| panic!("{why}"));
    assert!(said.contains("1 passed"), "{said}");
    false
}

/// Every file below a directory, sorted, in folders that are entered by their names; links are left out.
///
/// What comes and goes meanwhile is not there.
pub(crate) fn files_below(directory: &Path, is_entered: fn(&str) -> bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && is_entered(&entry.file_name().to_string_lossy()) => {
                files.extend(files_below(&entry.path(), is_entered));
            }
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files.sort();
    files
}

/// The names in a directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("readable");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().expect("text")).collect();
    names.sort();
    names
}
