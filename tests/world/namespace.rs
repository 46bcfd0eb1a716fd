//! A test that runs itself again in namespaces of its own, where networks and mounts are its own.
//!
//! Everything that it makes there ends with it. Must never touch what the machine has outside.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::machine::{self, said};

/// Tells the second run that it is one.
const INSIDE: &str = "EUREKA_PEERS_TEST_NAMESPACE";

/// Where temporary directories are in there: volumes are in memory on Kubernetes too, and a machine's
/// disk that others keep busy can leave a write waiting for longer than a test does.
const MEMORY: &str = "/dev/shm";

/// Where this process stands.
pub(crate) enum Stand {
    /// In namespaces of its own.
    Inside,
    /// Outside, for the machine gives none; why.
    Outside(String),
    /// Outside, and the run inside is over.
    Over(ExitCode),
}

/// `unshare` with a namespace of each `kind`, such as `--net`; as another user with one of users, too.
pub(crate) fn unshare(kinds: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(kinds).args((!machine::is_root()).then_some("--map-root-user"));
    command
}

/// The same, where it can do this there.
pub(crate) fn unshare_for(kinds: &[&str], probe: &[&str]) -> Option<Command> {
    let tried = unshare(kinds).args(probe).stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success()).then(|| unshare(kinds))
}

/// Runs this very test again in a namespace of each `kind`, with the same arguments.
pub(crate) fn enter(kinds: &[&str]) -> Stand {
    if env::var_os(INSIDE).is_some() {
        return Stand::Inside;
    }
    let Some(mut again) = unshare_for(kinds, &["true"]) else {
        return Stand::Outside(format!("unshare {} is not possible here", kinds.join(" ")));
    };
    again.arg(env::current_exe().expect("we run")).args(env::args_os().skip(1)).env(INSIDE, "yes");
    if Path::new(MEMORY).is_dir() {
        again.env("TMPDIR", MEMORY);
    }
    let status = again.status();
    let code = status.expect("unshare was there a moment ago").code();
    Stand::Over(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Changes the networks of this namespace.
pub(crate) fn ip(arguments: &[&str]) -> Result<(), String> {
    said(Command::new("ip").args(arguments)).map(drop)
}

/// Mounts what `arguments` say at `point`, or changes what is mounted there.
pub(crate) fn mount(point: &Path, arguments: &[&str]) {
    said(Command::new("mount").args(arguments).arg(point)).expect("a mount namespace is our own");
}

/// Lazily: a program may still have it open.
pub(crate) fn unmount(point: &Path) -> Result<(), String> {
    said(Command::new("umount").arg("-l").arg(point)).map(drop)
}
