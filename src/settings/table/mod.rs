//! The one table of settings: flags, variables, keys of the file, help, README and man page are all
//! derived from it.

mod about_peers;
mod about_us;

use std::fmt;
use std::time::Duration;

/// Each setting, by a name that cannot be misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is documented by its row of the table, which is what operators read")]
pub enum Key {
    Role,
    Service,
    StaticPeer,
    Zone,
    Namespace,
    ClusterDomain,
    PeerHost,
    PortName,
    Port,
    Scheme,
    ContextPath,
    SelfUrl,
    UserInfo,
    UserInfoFile,
    AllowCidr,
    DenyCidr,
    MaxPeers,
    DnsServer,
    Interval,
    RemoveAfter,
    EmptyAfter,
    MaxShrink,
    ShrinkAfter,
    MinPeers,
    StartDeadline,
    OnDeadline,
    Freeze,
    OutputDir,
    Output,
    Layout,
    FileMode,
    Adopt,
    ActuatorUrl,
    StatusUrl,
    ServerUser,
    ServerPasswordFile,
    CaFile,
    Listen,
    LocalListen,
    LogLevel,
    LogFormat,
    Config,
}

impl Key {
    /// Every setting, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        Setting::all().map(|setting| setting.key)
    }

    /// The setting of this name: a flag without its dashes, or a key of the file.
    pub fn from_name(name: &str) -> Option<Self> {
        Setting::all().find(|setting| setting.name == name).map(|setting| setting.key)
    }

    /// Its row of the table.
    pub fn setting(self) -> &'static Setting {
        Setting::all().find(|setting| setting.key == self).expect("every key has a row, which a test proves")
    }

    /// The flag without its dashes, which is also its key in the file.
    pub fn name(self) -> &'static str {
        self.setting().name
    }

    /// Its environment twin, such as `EUREKA_PEERS_DNS_SERVER`.
    pub fn variable(self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name().replace('-', "_").to_ascii_uppercase())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What every variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "EUREKA_PEERS_";

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Which.
    pub key: Key,
    /// Flag without dashes, and key of the file.
    pub name: &'static str,
    /// Under which heading of the help.
    pub group: Group,
    /// What a value looks like.
    pub shape: Shape,
    /// How many values it takes; above one it may be repeated.
    pub values_max: usize,
    /// The default in words; empty where there is none.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What to write, for whoever wrote something else; an imperative without a full stop.
    pub hint: &'static str,
}

impl Setting {
    /// Every row, in the order of help and README.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        about_peers::ROWS.iter().chain(about_us::ROWS)
    }

    /// Whether it may be given more than once.
    pub fn is_repeatable(&self) -> bool {
        self.values_max > 1
    }

    /// What stands for the value in help and README.
    pub fn value_name(&self) -> &'static str {
        match self.shape {
            Shape::Text(name) | Shape::File(name) | Shape::Directory(name) | Shape::Words(name, _) => name,
            Shape::Switch => "true|false",
            Shape::Duration { .. } => "DURATION",
            Shape::Patience { .. } => "DURATION|never",
            Shape::Count { .. } => "COUNT",
        }
    }

    /// Whether there must be a value: the default then says for whom.
    pub fn is_required(&self) -> bool {
        self.default.starts_with("required")
    }

    /// The bounds in words, where there are some; such as `from 100ms to 1h`.
    pub fn bounds(&self) -> Option<String> {
        match self.shape {
            Shape::Duration { min, max } | Shape::Patience { min, max } => {
                let (min, max) = (humane(min), humane(max));
                Some(format!("from {min} to {max}"))
            }
            Shape::Count { min, max } => Some(format!("from {min} to {max}")),
            Shape::Text(_) | Shape::File(_) | Shape::Directory(_) | Shape::Words(_, _) | Shape::Switch => {
                None
            }
        }
    }

    const fn new(key: Key, name: &'static str, group: Group, shape: Shape) -> Self {
        Self { key, name, group, shape, values_max: 1, default: "", help: "", hint: "" }
    }

    const fn up_to(mut self, values_max: usize) -> Self {
        self.values_max = values_max;
        self
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

/// A duration as an operator would write it.
pub(super) fn humane(duration: Duration) -> impl fmt::Display {
    humantime::format_duration(duration)
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text, shown under this name.
    Text(&'static str),
    /// The path of a file.
    File(&'static str),
    /// The path of a directory.
    Directory(&'static str),
    /// One of these words, shown under this name, which for a few of them is they themselves.
    Words(&'static str, fn() -> Vec<&'static str>),
    /// `true` or `false`; the flag alone means `true`.
    Switch,
    /// A duration with its unit.
    Duration {
        /// The shortest that is taken.
        min: Duration,
        /// The longest that is taken.
        max: Duration,
    },
    /// A duration with its unit, or `never`.
    Patience {
        /// The shortest that is taken.
        min: Duration,
        /// The longest that is taken; beyond it one says `never`.
        max: Duration,
    },
    /// A whole number.
    Count {
        /// The least that is taken.
        min: usize,
        /// The most that is taken.
        max: usize,
    },
}

/// The headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What is asked.
    Service,
    /// What becomes of the answer.
    Peers,
    /// When the list follows it.
    Holds,
    /// What is written.
    Files,
    /// Who is told.
    Server,
    /// The program itself.
    Process,
}

impl Group {
    /// The heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Peers => "Peers",
            Self::Holds => "Holds",
            Self::Files => "Files",
            Self::Server => "Server",
            Self::Process => "Process",
        }
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const HOUR: Duration = seconds(3_600);
const DAY: Duration = seconds(86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_key_has_one_row() {
        let keys: Vec<Key> = Key::all().collect();
        let distinct: BTreeSet<Key> = keys.iter().copied().collect();
        assert_eq!(keys.len(), distinct.len());
        assert_eq!(keys.len(), Key::Config as usize + 1, "a key without a row");
        assert!(keys.is_sorted(), "rows stand in the order of the keys");
        for key in keys {
            assert_eq!(key.setting().key, key);
            assert_eq!(Key::from_name(key.name()), Some(key));
        }
    }

    #[test]
    fn rows_are_complete_and_grouped() {
        let groups: Vec<Group> = Setting::all().map(|setting| setting.group).collect();
        assert!(groups.is_sorted(), "a group stands together");
        for setting in Setting::all() {
            assert!(setting.help.ends_with('.'), "{}", setting.name);
            assert!(!setting.hint.is_empty() && !setting.hint.ends_with('.'), "{}", setting.name);
            assert!(setting.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", setting.name);
            assert!(!setting.help.contains('|'), "{}: a bar breaks the README's table", setting.name);
        }
    }

    #[test]
    fn words_are_shown_as_they_are() {
        let shown = Setting::all().filter_map(|setting| match setting.shape {
            Shape::Words(name, words) => Some((name, words())),
            _ => None,
        });
        for (name, words) in shown {
            assert!(name == words.join("|") || name == "LEVEL", "{name}");
        }
    }

    #[test]
    fn variables_are_the_flags_in_upper_case() {
        assert_eq!(Key::DnsServer.variable(), "EUREKA_PEERS_DNS_SERVER");
        assert_eq!(Key::Role.variable(), "EUREKA_PEERS_ROLE");
    }

    #[test]
    fn bounds_are_said_in_words() {
        assert_eq!(Key::Interval.setting().bounds().as_deref(), Some("from 100ms to 1h"));
        assert_eq!(Key::MaxPeers.setting().bounds().as_deref(), Some("from 1 to 4096"));
        assert_eq!(Key::Role.setting().bounds(), None);
    }
}
