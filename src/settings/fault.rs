//! What is wrong with the settings: all of it at once, each with its source and its cure.
//!
//! Must never show a secret: values are quoted through [`quoted`] only.

use std::fmt;
use std::path::PathBuf;

use super::table::Key;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was not given.
    Default,
    /// The command line.
    Flag,
    /// The environment variable of this name.
    Variable(String),
    /// A file, and the line where its parser tells it.
    File {
        /// Its path.
        path: PathBuf,
        /// Counted from 1.
        line: Option<usize>,
    },
    /// Seen on this machine: its host name, its interfaces.
    Observed(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line: Some(line) } => write!(f, "{} line {line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Observed(what) => f.write_str(what),
        }
    }
}

/// One thing that must be mended before the settings are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting, or what stands in its place; shortened where it is not ours.
    pub key: String,
    /// Where it was given.
    pub origin: Origin,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl Fault {
    pub(super) fn of(key: Key, origin: Origin, problem: Problem) -> Self {
        let hint = problem.hint.unwrap_or_else(|| key.setting().hint.to_owned());
        Self { key: key.to_string(), origin, problem: problem.what, hint }
    }

    /// A fault of something that is not a setting: an unknown key, a variable of the downward API.
    pub(super) fn foreign(key: String, origin: Origin, problem: Problem) -> Self {
        Self { key, origin, problem: problem.what, hint: problem.hint.unwrap_or_default() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, origin, problem, hint } = self;
        match origin {
            Origin::Default => write!(f, "{key}: {problem}; {hint}"),
            Origin::Flag => write!(f, "{key} (--{key}): {problem}; {hint}"),
            _ => write!(f, "{key} ({origin}): {problem}; {hint}"),
        }
    }
}

/// Something that works, and probably not as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The setting or variable.
    pub key: String,
    /// What is so, and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Settings that cannot be taken, with every reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// At least one.
    pub faults: Vec<Fault>,
    /// What else was noticed.
    pub warnings: Vec<Warning>,
}

impl std::error::Error for Rejected {}

impl fmt::Display for Rejected {
    /// One line a fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

/// What is wrong with one value, before it is known where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    what: String,
    hint: Option<String>,
}

impl Problem {
    /// A problem whose cure is the hint in the setting's row.
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { what: problem.into(), hint: None }
    }

    /// The value, quoted, and what an error says of it.
    pub(super) fn value(text: &str, error: impl fmt::Display) -> Self {
        Self::new(format!("{} {error}", quoted(text)))
    }

    /// The value, quoted, what it is not, and what is expected.
    pub(super) fn invalid(text: &str, what: &str, expected: impl fmt::Display) -> Self {
        Self::new(format!("{} is not a valid {what}: expected {expected}", quoted(text)))
    }

    /// The cure of its own, where it has one.
    pub(super) fn cure(&self) -> &str {
        self.hint.as_deref().unwrap_or_default()
    }

    /// With a cure of its own.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What stands for a value that is not shown.
const HIDDEN: &str = "\"***\"";

/// Whether a URL without user-info has a port that is not a number: it may be half of a list that a comma in a
/// password has split.
fn has_odd_port(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    !authority.contains(['@', ']']) && !port.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before the one colon of a text that may be `user:password`; an address has a number behind it.
fn user_of_pair(text: &str) -> Option<&str> {
    let (user, password) = text.split_once(':')?;
    let number = password.split('/').next().unwrap_or_default();
    let is_port = number.bytes().all(|byte| byte.is_ascii_digit());
    (!is_port && !password.contains(':')).then_some(user)
}

/// Characters of a value that are shown; enough to recognise it.
const SHOWN_MAX: usize = 80;

/// A value as it may stand in a fault: escaped, shortened, without credentials.
///
/// Whatever stands before an `@` may be a password, so it goes, wherever it stands. A text goes whole where a
/// query or a fragment may be one, or what stands in the place of a port; so does what stands behind the one colon of
/// a pair.
pub(super) fn quoted(text: &str) -> String {
    if text.contains(['?', '#']) || has_odd_port(text) {
        return HIDDEN.to_owned();
    }
    let text = match text.rsplit_once('@') {
        Some((before, after)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            if matches!(scheme, "http" | "https") {
                format!("{scheme}://***@{after}")
            } else {
                format!("***@{after}")
            }
        }
        None => user_of_pair(text).map_or(text.to_owned(), |user| format!("{user}:***")),
    };
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() { format!("{:?}", shown + "…") } else { format!("{shown:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fault_says_where_what_and_what_to_do() {
        let origin = Origin::Variable("EUREKA_PEERS_INTERVAL".to_owned());
        let fault = Fault::of(Key::Interval, origin, Problem::value("5", "has no unit"));
        assert_eq!(
            fault.to_string(),
            "interval (EUREKA_PEERS_INTERVAL): \"5\" has no unit; \
             write a duration with its unit, such as 1s or 500ms"
        );
    }

    #[test]
    fn credentials_are_masked_wherever_they_stand() {
        assert_eq!(quoted("http://bob:s3cret@host:1/"), "\"http://***@host:1/\"");
        assert_eq!(quoted("bob:s3@cret@host"), "\"***@host\"");
        assert_eq!(quoted("secret://x@host"), "\"***@host\"");
        for pair in ["bob:s3cret", "bob:s3/cret", "bob:8761x"] {
            assert_eq!(quoted(pair), "\"bob:***\"", "{pair}");
        }
        for hidden in
            ["http://h/?token=s3cret", "http://h/#s3cret", "http://bob:s3", "https://bob:s3/x", "h?s3"]
        {
            assert_eq!(quoted(hidden), "\"***\"", "{hidden}");
        }
        for shown in [
            "http://h:1/",
            "http://h:/",
            "http://[::1]/",
            "127.0.0.1:8762/actuator",
            "ftp://a:70000",
            "::1",
            ":9761",
        ] {
            assert_eq!(quoted(shown), format!("{shown:?}"));
        }
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted(&"ä".repeat(100)), format!("\"{}…\"", "ä".repeat(80)));
    }

    proptest! {
        #[test]
        fn nothing_before_an_at_sign_is_shown(user in "[A-Z]{4,8}", password in "[A-Z@:/]{6,12}", rest in "[a-z.:/]{0,20}") {
            let shown = quoted(&format!("http://{user}:{password}@{rest}"));
            prop_assert!(!shown.chars().any(|c| c.is_ascii_uppercase()), "{}", shown);
        }
    }
}
