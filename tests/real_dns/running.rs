//! A server program as a process on loopback; it ends with its handle.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::Missing;
use crate::ports::free_address;
use crate::process::Process;
use crate::question::{impatient_lookup, ipv4};

/// A loaded machine starts nothing quickly.
const START_MAX: Duration = Duration::from_secs(20);
/// Somebody else may take the port between our look and the server's.
const PORTS_TRIED: usize = 3;

pub(crate) struct Spec {
    pub(crate) program: PathBuf,
    /// Its arguments; it must stay in the foreground.
    pub(crate) arguments: &'static [&'static str],
    /// Names and contents of files in its directory.
    pub(crate) files: Vec<(&'static str, String)>,
}

pub(crate) struct Running {
    process: Process,
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
            let process = start(&spec, directory.path());
            let mut running = Self { process, address, directory, spec };
            if running.answers().await {
                return Ok(running);
            }
            log = running.process.log();
        }
        panic!("the server does not start:\n{log}");
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

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

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.process.pid(), signal).expect("it is our own child");
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again where it was.
    pub(crate) async fn restart(&mut self) {
        self.process = start(&self.spec, self.directory.path());
        assert!(self.answers().await, "the server does not come back:\n{}", self.process.log());
    }

    /// Whether it says anything, be it an error, before it ends or the time is over.
    async fn answers(&mut self) -> bool {
        let lookup = impatient_lookup(self);
        let deadline = Instant::now() + START_MAX;
        while Instant::now() < deadline {
            if self.process.ended().is_some() {
                return false;
            }
            match lookup.ask(&ipv4("eureka")).await {
                // A server with nobody behind it takes a connection, and closes it: it is up, and more questions
                // would fill its table.
                Answer::Failed(LookupFailure::Network(said)) if said.ends_with("stream closed") => {
                    return true;
                }
                Answer::Failed(LookupFailure::Timeout | LookupFailure::Network(_)) => {}
                Answer::Records(_) | Answer::Empty { .. } | Answer::Failed(_) => return true,
            }
            // A port that is still closed is known at once.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

fn start(spec: &Spec, directory: &Path) -> Process {
    let mut command = Command::new(&spec.program);
    command.args(spec.arguments).current_dir(directory).envs(std::env::vars_os());
    Process::start(spec.program.display().to_string(), &command, &directory.join("log"))
}
