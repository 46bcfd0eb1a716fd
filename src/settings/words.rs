//! Settings whose value is one of a few words.

use crate::document::Format;
use crate::model::Scheme;
use crate::publish::Layout;
use crate::reconcile::OnDeadline;
use crate::telemetry::{LogFormat, LogLevel};

/// A value written as one of a closed set of words.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// Each word and what it stands for, in the order of the help.
    const WORDS: &'static [(&'static str, Self)];

    /// The value of `text`, whatever its case.
    fn from_word(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
    }
}

/// All words of one kind, for help and completions.
pub(super) fn words_of<T: Word>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

/// `--role`, before it is known who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleWord {
    Server,
    Client,
}

impl Word for RoleWord {
    const WORDS: &'static [(&'static str, Self)] = &[("server", Self::Server), ("client", Self::Client)];
}

/// `--peer-host`: what stands in the URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerHost {
    Name,
    Ipv4,
    Ipv6,
}

impl Word for PeerHost {
    const WORDS: &'static [(&'static str, Self)] =
        &[("name", Self::Name), ("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6)];
}

/// `--adopt`: how the server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adopt {
    None,
    Refresh,
    Env,
}

impl Word for Adopt {
    const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("refresh", Self::Refresh), ("env", Self::Env)];
}

impl Word for Scheme {
    const WORDS: &'static [(&'static str, Self)] = &[("http", Self::Http), ("https", Self::Https)];
}

impl Word for OnDeadline {
    const WORDS: &'static [(&'static str, Self)] =
        &[("publish", Self::Publish), ("wait", Self::Wait), ("fail", Self::Fail)];
}

impl Word for Layout {
    const WORDS: &'static [(&'static str, Self)] = &[("volume", Self::Volume), ("plain", Self::Plain)];
}

impl Word for LogLevel {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

impl Word for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

impl Word for Format {
    const WORDS: &'static [(&'static str, Self)] = Self::WORDS;
}

impl Word for bool {
    const WORDS: &'static [(&'static str, Self)] = &[("true", true), ("false", false)];
}

#[cfg(test)]
mod tests {
    use super::*;
    use LogLevel as L;

    fn reads_what_it_prints<T: Word + std::fmt::Debug>(values: &[T]) {
        assert_eq!(values.len(), T::WORDS.len());
        for value in values {
            let (word, _) = T::WORDS.iter().find(|(_, meant)| meant == value).expect("a word");
            assert_eq!(T::from_word(word), Some(*value));
            assert_eq!(T::from_word(&word.to_uppercase()), Some(*value));
        }
        assert_eq!(T::from_word(""), None);
        assert_eq!(T::from_word("other"), None);
    }

    #[test]
    fn every_value_has_a_word() {
        reads_what_it_prints(&[RoleWord::Server, RoleWord::Client]);
        reads_what_it_prints(&[PeerHost::Name, PeerHost::Ipv4, PeerHost::Ipv6]);
        reads_what_it_prints(&[Adopt::None, Adopt::Refresh, Adopt::Env]);
        reads_what_it_prints(&[Scheme::Http, Scheme::Https]);
        reads_what_it_prints(&[OnDeadline::Publish, OnDeadline::Wait, OnDeadline::Fail]);
        reads_what_it_prints(&[Layout::Volume, Layout::Plain]);
        reads_what_it_prints(&[LogFormat::Text, LogFormat::Json]);
        reads_what_it_prints(&[true, false]);
        reads_what_it_prints(&[L::Off, L::Error, L::Warn, L::Info, L::Debug, L::Trace]);
        reads_what_it_prints(&Format::all().collect::<Vec<_>>());
    }
}
