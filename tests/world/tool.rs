//! Outside tools, as `.ci/tools` and `.ci/api-server` install them: in `target/tools/bin`, or else on `PATH`.
//!
//! A tool that is missing is no fault of what is tested: see [`Tool::is_there`].

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use super::machine::target;
use super::machine::{find_program, outcome, said};

/// One of them, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tool(&'static str);

impl Tool {
    pub(crate) const KUSTOMIZE: Self = Self("kustomize");
    pub(crate) const KUBERNETES_VALIDATE: Self = Self("kubernetes-validate");
    pub(crate) const PROMTOOL: Self = Self("promtool");
    pub(crate) const OPEN_METRICS_PARSER: Self = Self("openmetrics-parser");
    pub(crate) const HELM: Self = Self("helm");
    pub(crate) const ACTIONLINT: Self = Self("actionlint");
    pub(crate) const COMPOSE_GO: Self = Self("compose-go");
    pub(crate) const BUILDAH: Self = Self("buildah");
    pub(crate) const ETCD: Self = Self("etcd");
    pub(crate) const KUBE_APISERVER: Self = Self("kube-apiserver");
    pub(crate) const KUBECTL: Self = Self("kubectl");

    pub(crate) fn name(self) -> &'static str {
        self.0
    }

    pub(crate) fn is_there(self) -> bool {
        self.path().is_ok()
    }

    /// The program itself, or that it is missing.
    pub(crate) fn path(self) -> Result<PathBuf, String> {
        let installed = target().join("tools/bin").join(self.name());
        let found = Some(installed).filter(|file| file.is_file()).or_else(|| find_program(self.name()));
        found.ok_or_else(|| format!("{} is missing", self.name()))
    }

    /// Runs it in the project's directory; what it prints, or why it failed.
    pub(crate) fn run(self, arguments: &[&str]) -> Result<String, String> {
        said(Command::new(self.path()?).args(arguments).current_dir(project()))
    }

    /// Runs it with `input` on its standard input; what it prints in all, or why it failed.
    pub(crate) fn run_with(self, arguments: &[&str], input: &str) -> Result<String, String> {
        let of_this = |error| format!("{}: {error}", self.name());
        let mut command = Command::new(self.path()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().map_err(of_this)?;
        // What does not read to its end says why.
        let written = running.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = running.wait_with_output().map_err(of_this)?;
        let out = outcome(&command, &output)?;
        written.map_err(of_this)?;
        Ok(out + &String::from_utf8_lossy(&output.stderr))
    }
}

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text_of(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Writes a file, and makes the directory that it is in.
pub(crate) fn write_file(file: &Path, text: &str) -> Result<(), String> {
    let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(file, text)).map_err(|error| format!("{}: {error}", file.display()))
}

/// A place for files of one test, which may be called after the path of a folder.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let directory = target().join("tmp/manifests");
    std::fs::create_dir_all(&directory).expect("the target directory can be written");
    directory.join(name.replace('/', "-"))
}
