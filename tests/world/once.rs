//! A subcommand that ends by itself.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::secret;

/// How it ended, and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Outcome {
    pub(crate) fn of(mut command: Command) -> Self {
        let since = Instant::now();
        let output = command.stdin(Stdio::null()).output().expect("the program can be started");
        let what = format!("{command:?}");
        secret::expect_unseen(&what, &output.stdout);
        secret::expect_unseen(&what, &output.stderr);
        Self {
            code: output.status.code(),
            took: since.elapsed(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    pub(crate) fn said(&self) -> Vec<&str> {
        self.stderr.lines().collect()
    }
}
