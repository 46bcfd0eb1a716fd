//! A server program as a process on loopback; it ends with its handle.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::Missing;
use crate::ports::free_address;
use crate::question::{impatient_lookup, ipv4};

/// A loaded machine starts nothing quickly.
const START_MAX: Duration = Duration::from_secs(20);
/// Somebody else may take the port between our look and the server's.
const PORTS_TRIED: usize = 3;

/// How a program is run.
pub(crate) struct Spec {
    /// The executable.
    pub(crate) program: PathBuf,
    /// Its arguments; it must stay in the foreground.
    pub(crate) arguments: Vec<String>,
    /// Names and contents of files in its directory.
    pub(crate) files: Vec<(&'static str, String)>,
}

/// A running server.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
    spec: Spec,
}

impl Running {
    /// Starts what `spec` says for this directory and address, and waits until it answers.
    pub(crate) async fn start(
        spec: impl Fn(&Path, SocketAddr) -> Result<Spec, Missing>,
    ) -> Result<Self, Missing> {
        let mut log = String::new();
        for _ in 0..PORTS_TRIED {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let address = free_address();
            let spec = spec(directory.path(), address)?;
            for (name, content) in &spec.files {
                fs::write(directory.path().join(name), content).expect("a temporary directory is writable");
            }
            let child = spawn(&spec, directory.path());
            let mut running = Self { child, address, directory, spec };
            if running.answers().await {
                return Ok(running);
            }
            log = running.log();
        }
        panic!("the server does not start:\n{log}");
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Puts other files in its directory, each whole at once; they count when it reads them.
    pub(crate) fn rewrite(&mut self, spec: Spec) {
        for (name, content) in &spec.files {
            let (new, old) = (self.directory.path().join("new"), self.directory.path().join(name));
            fs::write(&new, content).expect("a temporary directory is writable");
            fs::rename(&new, &old).expect("a temporary directory is writable");
        }
        self.spec = spec;
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our own child");
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is our own child");
        self.child.wait().expect("it is our own child");
    }

    /// Starts it again where it was.
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(&self.spec, self.directory.path());
        assert!(self.answers().await, "the server does not come back:\n{}", self.log());
    }

    /// Whether it says anything, be it an error, before it ends or the time is over.
    async fn answers(&mut self) -> bool {
        let lookup = impatient_lookup(self);
        let deadline = Instant::now() + START_MAX;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("it is our own child").is_some() {
                return false;
            }
            if lookup.ask(&ipv4("eureka")).await != Answer::Failed(LookupFailure::Timeout) {
                return true;
            }
        }
        false
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(spec: &Spec, directory: &Path) -> Child {
    let log = File::create(directory.join("log")).expect("a temporary directory is writable");
    Command::new(&spec.program)
        .args(&spec.arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log)
        .spawn()
        .expect("the program was found a moment ago")
}
