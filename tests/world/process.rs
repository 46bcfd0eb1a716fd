//! A child process that cannot outlive its test: not a failed one, a hung one, nor a killed one.
//!
//! Must never end a process that this test did not start.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{machine, trial};

/// A killed process is gone well within this.
const KILLED_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks at a process that is ending.
const POLL: Duration = Duration::from_millis(5);
/// Log lines shown when a trial fails.
const LOG_TAIL_LINES: usize = 25;
/// A stack trace of these servers has lines of kilobytes.
const LOG_LINE_MAX: usize = 240;

/// The process groups that run, for anyone who has to end all of them.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// `setpriv` (util-linux) ends the child with the thread that started it, even if that was killed.
static GUARD: LazyLock<Option<PathBuf>> = LazyLock::new(|| machine::find_program("setpriv"));

pub(crate) struct Process {
    name: String,
    child: Child,
    leads_a_group: bool,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in a process group of its own, its output appended to the file `log`.
    pub(crate) fn start(name: impl Into<String>, command: &Command, log: &Path) -> Self {
        let output = File::options().create(true).append(true).open(log).expect("the log can be written");
        let errors = output.try_clone().expect("a file has more than one handle");
        let mut guarded = guarded(command);
        guarded.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let mut process = Self::spawn(name, &mut guarded, log.to_owned());
        process.leads_a_group = true;
        running().push(process.pid());
        process
    }

    /// Starts `command` as it is; it must write to the file `log`. It is in our own process group, so that
    /// anyone who ends us by the keyboard ends it, too.
    pub(crate) fn spawn(name: impl Into<String>, command: &mut Command, log: PathBuf) -> Self {
        trial::check();
        let name = name.into();
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self { name, child, leads_a_group: false, log }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Its end, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let ended = self.child.try_wait().expect("our own child can be waited for");
        if ended.is_some() {
            // Its id may be somebody else's from here on.
            let own = self.pid();
            running().retain(|group| *group != own);
        }
        ended
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait(KILLED_WITHIN).unwrap_or_else(|| panic!("{} survived SIGKILL", self.name));
    }

    /// SIGTERM; returns how long it took, or `None` where SIGKILL was needed after `limit`.
    pub(crate) fn terminate(&mut self, limit: Duration) -> Option<Duration> {
        let begun = Instant::now();
        self.signal(Signal::TERM);
        let ended = self.wait(limit).map(|_| begun.elapsed());
        self.kill();
        ended
    }

    /// The exit status, if it comes within `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if begun.elapsed() > limit {
                return None;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Never to a process that has been waited for: its id may be somebody else's by now.
    pub(crate) fn signal(&mut self, signal: Signal) {
        match self.ended() {
            None if self.leads_a_group => signal_group(self.pid(), signal),
            // It may be ending by itself.
            None => drop(kill_process(self.pid(), signal)),
            Some(_) => {}
        }
    }

    pub(crate) fn log_path(&self) -> &Path {
        &self.log
    }

    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        // A panic here would hide the one that may be under way.
        let _ = self.wait(KILLED_WITHIN);
        if std::thread::panicking() {
            eprintln!("---- the end of {}:\n{}", self.log.display(), tail(&self.log()));
        }
    }
}

/// Runs a program to its good end, with what the machine's owner has set up: home directory, proxies, mirrors.
pub(crate) fn run(directory: &Path, limit: Duration, program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.current_dir(directory).args(arguments).envs(std::env::vars_os());
    let mut process = Process::start(program, &command, &directory.join("build.log"));
    let ended = process.wait(limit);
    let is_good = ended.is_some_and(|status| status.success());
    assert!(is_good, "{program} ended with {ended:?} in {}: {}", directory.display(), process.log());
}

pub(crate) fn kill_all() {
    for group in running().drain(..) {
        signal_group(group, Signal::KILL);
    }
}

fn running() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signal_group(group: Pid, signal: Signal) {
    // It may be ending by itself.
    let _ = kill_process_group(group, signal);
}

/// The same command, tied to this thread where the machine can do so.
fn guarded(command: &Command) -> Command {
    let mut guarded = match GUARD.as_ref() {
        Some(setpriv) => {
            let mut guarded = Command::new(setpriv);
            guarded.args(["--pdeathsig", "KILL", "--"]);
            machine::around(guarded, command)
        }
        // It becomes the program, as setpriv does.
        None => machine::around(Command::new("env"), command),
    };
    if let Some(directory) = command.get_current_dir() {
        guarded.current_dir(directory);
    }
    guarded
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let last = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
    last.iter().map(|line| line.chars().take(LOG_LINE_MAX).chain(['\n']).collect::<String>()).collect()
}
