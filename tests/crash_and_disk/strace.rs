//! `strace` on the threads of the program that write files, one at a time: to learn its system calls, and to
//! have one of them fail, wait, or be the last.
//!
//! Must never touch the loop's thread: probes, DNS and signals are its work.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::{self, said};
use crate::step::Step;

/// Every call by which files are looked at or changed; a machine may lack some (`?`).
const CALLS: &str = "trace=?openat,?mkdirat,?write,?ftruncate,?fchmod,?fsync,?flock,?symlinkat,?renameat,\
                     ?renameat2,?unlinkat,?readlinkat,?getdents64,?newfstatat,?fstat,?statx,?read";

/// The end of a publication: the thread wakes the loop.
const WAKES_THE_LOOP: &str = "eventfd";

/// Whether there is a `strace` that may do its work here.
pub(crate) fn is_usable() -> Result<(), String> {
    said(Command::new("strace").args(["-o", "/dev/null", "true"])).map(drop)
}

/// A program under `strace` from its first call on, and under its own process id.
pub(crate) fn around(program: &Command, output: &Path, injection: &str) -> Command {
    let mut command = Command::new("strace");
    // -D: the tracer is a grandchild, so that signals and exit codes are the program's own.
    command.args(["-D", "-f", "-o"]).arg(output).args(["-e", CALLS, "-e", injection]);
    let mut command = machine::around(command, program);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

/// The threads beside the loop's: those that wait for file work.
pub(crate) fn writing_threads(program: Pid) -> Vec<String> {
    let program = program.as_raw_nonzero().to_string();
    let tasks = fs::read_dir(format!("/proc/{program}/task")).into_iter().flatten();
    let names = tasks.filter_map(|task| task.ok()?.file_name().into_string().ok());
    names.filter(|name| *name != program).collect()
}

/// Ends the tracer of a program that has nothing left but a call that does not return.
pub(crate) fn kill_tracer_of(program: Pid) {
    let tracer = writing_threads(program).iter().find_map(|thread| {
        let path = format!("/proc/{}/task/{thread}/status", program.as_raw_nonzero());
        let status = fs::read_to_string(path).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
        Pid::from_raw(line.trim().parse().ok()?)
    });
    kill_process(tracer.expect("it is traced"), Signal::KILL).expect("it holds a thread");
}

/// A tracer at work; leaves the threads alone with its handle.
pub(crate) struct Tracer {
    child: Child,
    output: PathBuf,
    /// Kept open: what it says of its own troubles must not end it.
    _stderr: BufReader<ChildStderr>,
}

impl Tracer {
    /// Attaches to `threads`; calls count from here on, in each of them. `injection` as after `-e`.
    pub(crate) fn attach(threads: &[String], output: PathBuf, injection: Option<&str>) -> Self {
        let mut command = Command::new("strace");
        command.args(["-y", "-e", CALLS]).args(injection.map(|injection| ["-e", injection]).iter().flatten());
        command.arg("-o").arg(&output).args(threads.iter().flat_map(|thread| ["-p", thread]));
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it was there a moment ago");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        for _ in threads {
            let mut line = String::new();
            stderr.read_line(&mut line).expect("readable");
            assert!(line.ends_with("attached\n"), "{line}");
        }
        Self { child, output, _stderr: stderr }
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Whether a publication has come to its end under our eyes.
    pub(crate) fn has_seen_the_end(&self) -> bool {
        self.text().contains(WAKES_THE_LOOP)
    }

    /// The steps so far, up to the end of the first publication.
    pub(crate) fn steps(&self, volume: &Path) -> Vec<Step> {
        Step::all(&self.text(), volume)
    }

    /// The steps that were made to fail.
    pub(crate) fn injected(&self, volume: &Path) -> Vec<Step> {
        Step::all_of(&self.text(), volume)
            .into_iter()
            .filter(|(_, line)| line.contains("(INJECTED)"))
            .map(|(step, _)| step)
            .collect()
    }

    /// Lets the threads go their way.
    pub(crate) fn detach(&mut self) {
        // It has ended already where its tracee has; to be killed, it would leave calls half replaced.
        if self.child.try_wait().expect("our own child").is_none() {
            kill_process(Pid::from_child(&self.child), Signal::TERM).expect("not waited for yet");
            self.child.wait().expect("our own child");
        }
    }

    /// Waits for the end of the traced threads, and says with which step that came.
    pub(crate) fn last_step(mut self, volume: &Path) -> Option<Step> {
        self.child.wait().expect("our own child");
        self.steps(volume).pop()
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.detach();
    }
}
