//! What `check` finds on a live server.

use std::fmt;

use crate::model::{Message, ServiceUrl};
use crate::reconcile::RefreshCall;

/// How much a finding matters; the most serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The list will not be adopted, or the servers lose data.
    Fault,
    /// It works, and costs something that it need not.
    Warning,
    /// It cannot be seen from outside.
    Unknown,
    /// As it should be.
    Good,
}

impl Severity {
    /// The closed set of names used in output.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Good => "good",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is so, where, and what to do.
    pub message: Message,
}

impl Finding {
    /// A finding about the only place there is.
    pub fn new(severity: Severity, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { severity, message: Message::new(what, cure) }
    }

    /// Something that is as it should be.
    pub fn good(what: impl Into<String>) -> Self {
        Self::new(Severity::Good, what, "")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.label(), self.message)
    }
}

/// What a server is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The URL under which we write the server; none for a client's list.
    pub own: Option<&'a ServiceUrl>,
    /// The sink, which is not a peer.
    pub sink: &'a ServiceUrl,
    /// How the list reaches the server; none where it reads its files by itself.
    pub call: Option<RefreshCall>,
    /// Names of the files that are written.
    pub files: &'a [&'a str],
}

impl Expected<'_> {
    /// Whether a property source, by the name Spring gives it, is made of files that we write.
    ///
    /// A directory read as a config tree is named without its files.
    pub(super) fn wrote(&self, source: &str) -> bool {
        source.starts_with("Config tree ") || self.files.iter().any(|file| source.contains(file))
    }
}
