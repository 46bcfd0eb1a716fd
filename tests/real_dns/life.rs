//! A started program of ours and its log; it ends with its handle.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};

/// One life of the program.
pub(crate) struct Life {
    child: Child,
    log: PathBuf,
}

impl Life {
    /// Starts it; what it says goes to the file `log`.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Self {
        let file = File::create(&log).expect("a temporary directory is writable");
        let output = file.try_clone().expect("a file has more than one handle");
        let child = command.stdout(output).stderr(file).spawn().expect("it has just been built");
        Self { child, log }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our own child");
    }

    /// Its end, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our own child")
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is what is wanted.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
