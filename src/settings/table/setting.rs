//! What one row of the table says of a setting: its name, what a value looks like, what holds where none
//! is given, who must give one, and whether it follows at run time.
//!
//! Help, man page and README are made of this, so that none of them can say anything else.

use std::fmt;
use std::time::Duration;

use crate::settings::purpose::Purpose;

/// What every variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "EUREKA_PEERS_";

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Flag without dashes, and key of the file.
    pub name: &'static str,
    /// Under which heading of the help.
    pub group: Group,
    /// What a value looks like.
    pub shape: Shape,
    /// How many values it takes; above one it may be repeated.
    pub values_max: usize,
    /// What holds where nothing is given.
    pub default: DefaultValue,
    /// The purposes for which a value must be given.
    pub required_for: &'static [Purpose],
    /// When a changed value takes effect.
    pub change: Change,
    /// What it means, in sentences that can be read alone.
    pub help: &'static str,
    /// What to write in place of a wrong value; an imperative without a full stop.
    pub hint: &'static str,
}

impl Setting {
    /// A row that takes one value, has no default, is not required, and follows at run time.
    pub(super) const fn new(name: &'static str, group: Group, shape: Shape) -> Self {
        Self {
            name,
            group,
            shape,
            values_max: 1,
            default: DefaultValue::Nothing,
            required_for: &[],
            change: Change::AtRunTime,
            help: "",
            hint: "",
        }
    }

    pub(super) const fn up_to(self, values_max: usize) -> Self {
        Self { values_max, ..self }
    }

    pub(super) const fn default(self, value: Value) -> Self {
        self.default_is(DefaultValue::Is(value))
    }

    pub(super) const fn default_is(self, default: DefaultValue) -> Self {
        Self { default, ..self }
    }

    pub(super) const fn required_for(self, required_for: &'static [Purpose]) -> Self {
        Self { required_for, ..self }
    }

    pub(super) const fn change(self, change: Change) -> Self {
        Self { change, ..self }
    }

    pub(super) const fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }

    pub(super) const fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// Its environment twin, such as `EUREKA_PEERS_DNS_SERVER`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// Whether it may be given more than once.
    pub fn is_repeatable(&self) -> bool {
        self.values_max > 1
    }

    /// What stands for the value in help and README.
    pub fn value_name(&self) -> &'static str {
        match self.shape {
            Shape::Text(name)
            | Shape::File(name)
            | Shape::Directory(name)
            | Shape::Words(name, _)
            | Shape::TextAndWord(name, _, _) => name,
            Shape::Switch => "true|false",
            Shape::Duration { .. } => "DURATION",
            Shape::DurationOrNever { .. } => "DURATION|never",
            Shape::Count { .. } => "COUNT",
        }
    }

    /// The bounds in words, where there are some; such as `from 100ms to 1h`.
    pub fn bounds(&self) -> Option<String> {
        match self.shape {
            Shape::Duration { min, max } | Shape::DurationOrNever { min, max } => {
                let (min, max) = (Value::Duration(min), Value::Duration(max));
                Some(format!("from {min} to {max}"))
            }
            Shape::Count { min, max } => Some(format!("from {min} to {max}")),
            Shape::Text(_)
            | Shape::File(_)
            | Shape::Directory(_)
            | Shape::Words(_, _)
            | Shape::TextAndWord(_, _, _)
            | Shape::Switch => None,
        }
    }

    /// The words that it takes, where what stands for the value does not say them; such as
    /// `LEVEL is one of error, warn and info`.
    pub fn words_in_words(&self) -> Option<String> {
        let (Shape::Words(name, words) | Shape::TextAndWord(_, name, words)) = self.shape else {
            return None;
        };
        let words = words();
        let (last, others) = words.split_last()?;
        (name != words.join("|")).then(|| format!("{name} is one of {} and {last}", others.join(", ")))
    }

    /// What it means, and what else the row says of its values and of their change.
    pub fn meaning(&self) -> String {
        let words = self.words_in_words().map(|words| format!(" {words}."));
        let bounds = self.bounds().map(|bounds| format!(" Takes values {bounds}."));
        let repeats =
            self.is_repeatable().then(|| format!(" May be repeated, up to {} values.", self.values_max));
        let change = match self.change {
            Change::AtRunTime => "",
            Change::AtRestart => " A change needs a restart.",
            Change::PresenceAtRestart => " To add it or to take it away needs a restart.",
            Change::NotInFile => " The file itself cannot set this.",
        };
        let [words, bounds, repeats] = [words, bounds, repeats].map(Option::unwrap_or_default);
        [self.help, &words, &bounds, &repeats, change].concat()
    }

    /// For whom a value must be given, in words; nothing where it is optional.
    pub fn requirement(&self) -> Option<String> {
        match self.required_for {
            [] => None,
            purposes if purposes == Purpose::WITH_A_LIST => Some("required".to_owned()),
            purposes => {
                let commands: Vec<&str> = purposes.iter().map(|purpose| purpose.commands()).collect();
                Some(format!("required for {}", commands.join(" and ")))
            }
        }
    }

    /// What holds where nothing is given, in words.
    pub fn default_in_words(&self) -> Option<String> {
        match self.default {
            DefaultValue::Nothing => None,
            DefaultValue::Is(value) => Some(value.to_string()),
            DefaultValue::Either { value, condition, otherwise } => {
                Some(format!("{value} {condition}, else {otherwise}"))
            }
            DefaultValue::Found { how, otherwise: Some(value) } => Some(format!("{how}, else {value}")),
            DefaultValue::Found { how, otherwise: None } => Some(how.to_owned()),
        }
    }
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
    /// Text with one of these words in it: shown under the first name, and the word under the second.
    TextAndWord(&'static str, &'static str, fn() -> Vec<&'static str>),
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
    DurationOrNever {
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

/// What holds where nothing is given.
#[derive(Clone, Copy, Debug)]
pub enum DefaultValue {
    /// Nothing does.
    Nothing,
    /// This value.
    Is(Value),
    /// One value where a condition holds, else another.
    Either {
        /// Where it holds.
        value: Value,
        /// What must be so.
        condition: Condition,
        /// Where it does not.
        otherwise: Value,
    },
    /// What is found when settings are read, or later.
    Found {
        /// How, in words.
        how: &'static str,
        /// Where nothing is found.
        otherwise: Option<Value>,
    },
}

/// What a default may depend on. Settings are named as operators name them.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// Another setting is given.
    Given(&'static str),
    /// Another setting has this word.
    Has(&'static str, &'static str),
    /// The log goes to a terminal.
    Terminal,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => write!(f, "with --{name}"),
            Self::Has(name, word) => write!(f, "with --{name} {word}"),
            Self::Terminal => f.write_str("on a terminal"),
        }
    }
}

/// A value that the table gives, shown as an operator would write it and read as if one had.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A text, or one of a few words.
    Text(&'static str),
    /// A number.
    Count(usize),
    /// Yes or no.
    Switch(bool),
    /// A time.
    Duration(Duration),
    /// No time is long enough.
    Never,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(count) => count.fmt(f),
            Self::Switch(is_on) => is_on.fmt(f),
            Self::Duration(duration) => humantime::format_duration(*duration).fmt(f),
            Self::Never => f.write_str("never"),
        }
    }
}

/// When a changed value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// As soon as the settings file has it.
    AtRunTime,
    /// When the program starts again.
    AtRestart,
    /// At run time where there is a value before and after; at a restart where it comes or goes.
    PresenceAtRestart,
    /// No settings file may hold it, so it has one value in a run.
    NotInFile,
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
