//! Reads typed values out of what was given, and records faults, warnings, and where each
//! value came from. A faulty value never stops the reading of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{DurationOrNever, HeadlessService, read_duration};

use super::closest::closest;
use super::environment::{Environment, Files};
use super::fault::{Fault, Origin, Problem, Rejected, Warning};
use super::provenance::Provenance;
use super::purpose::Purpose;
use super::raw_settings::{RawSettings, RawValue};
use super::table::{Condition, DefaultValue, Key, Shape, Value};
use super::words::{Word, words_of};

/// Bytes of one value; as long as a path may be (Linux, `PATH_MAX`).
const TEXT_MAX: usize = 4_096;

const VALID_DEFAULT: &str = "the row of this setting has a valid default, which a test proves";

/// A text to be read as a value, and where it came from.
struct OriginalText {
    text: String,
    origin: Origin,
}

pub(super) struct SettingsReader<'s> {
    values: BTreeMap<Key, RawValue>,
    faults: Vec<Fault>,
    faulty: BTreeSet<Key>,
    warnings: Vec<Warning>,
    provenance: Provenance,
    file_is_unread: bool,
    pub(super) environment: &'s Environment,
    pub(super) purpose: Purpose,
}

impl<'s> SettingsReader<'s> {
    pub(super) fn new(raw: RawSettings, environment: &'s Environment, purpose: Purpose) -> Self {
        let RawSettings { values, faults, warnings, file_is_unread } = raw;
        let faulty = faults.iter().filter_map(|fault| Key::from_name(&fault.key)).collect();
        let provenance = Provenance::default();
        Self { values, faults, faulty, warnings, provenance, file_is_unread, environment, purpose }
    }

    /// Ends the reading: where each value came from, and what to warn of.
    pub(super) fn finish(self) -> Result<(Provenance, Vec<Warning>), Rejected> {
        let Self { mut faults, warnings, provenance, .. } = self;
        // As the help has them; what is not a setting comes first.
        faults.sort_by_key(|fault| Key::from_name(&fault.key));
        if faults.is_empty() { Ok((provenance, warnings)) } else { Err(Rejected { faults, warnings }) }
    }

    /// Keeps the text that a Service was named by.
    pub(super) fn note_service(&mut self, service: HeadlessService, text: String) {
        self.provenance.note_service(service, text);
    }

    /// A value to be read as if it had been given, where none was given.
    pub(super) fn fall_back(&mut self, key: Key, text: String, origin: Origin) {
        self.values.entry(key).or_insert(RawValue { texts: vec![text], origin });
    }

    /// Whether somebody gave this.
    pub(super) fn is_given(&self, key: Key) -> bool {
        self.values.contains_key(&key)
    }

    /// One value, where it is given and can be read; the default of the table does not stand in.
    pub(super) fn optional<T: Display>(
        &mut self,
        key: Key,
        parse: impl Fn(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let given = self.given(key);
        if given.is_none() {
            self.provenance.push(key, None, Origin::Default);
            self.require(key);
        }
        self.first_valid(key, given.into_iter().collect(), &parse)
    }

    /// One value, or the default of the table, which also stands in for a faulty one while the rest is
    /// read.
    pub(super) fn value<T: Display>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, Problem>) -> T {
        let texts = self.given(key).into_iter().chain(self.default_text(key)).collect();
        self.first_valid(key, texts, &parse).expect(VALID_DEFAULT)
    }

    /// The default of the table, whatever is given.
    pub(super) fn default<T>(&self, key: Key, parse: impl FnOnce(&str) -> Result<T, Problem>) -> T {
        self.default_text(key).and_then(|default| parse(&default.text).ok()).expect(VALID_DEFAULT)
    }

    /// The first of these that can be read; what cannot is a fault.
    ///
    /// A dynamic parser, because a copy of this for each setting would make the program noticeably larger.
    fn first_valid<T: Display>(
        &mut self,
        key: Key,
        texts: Vec<OriginalText>,
        parse: &dyn Fn(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        for OriginalText { text, origin } in texts {
            match checked(&text).and_then(parse) {
                Ok(value) => {
                    self.provenance.push(key, Some(value.to_string()), origin);
                    return Some(value);
                }
                Err(problem) => self.fault(key, problem),
            }
        }
        None
    }

    fn given(&self, key: Key) -> Option<OriginalText> {
        let given = self.values.get(&key)?;
        // The command line refuses a second value, and the file a list, so the last is the only one.
        Some(OriginalText {
            text: given.texts.last().cloned().unwrap_or_default(),
            origin: given.origin.clone(),
        })
    }

    fn default_text(&self, key: Key) -> Option<OriginalText> {
        let value = self.default_value(key)?;
        Some(OriginalText { text: value.to_string(), origin: Origin::Default })
    }

    /// What the table says that holds here where nothing is given.
    fn default_value(&self, key: Key) -> Option<Value> {
        match key.setting().default {
            DefaultValue::Nothing => None,
            DefaultValue::Is(value) => Some(value),
            DefaultValue::Either { value, condition, otherwise } => {
                Some(if self.holds(condition) { value } else { otherwise })
            }
            DefaultValue::Found { otherwise, .. } => otherwise,
        }
    }

    fn holds(&self, condition: Condition) -> bool {
        let given = |name| Key::from_name(name).and_then(|key| self.values.get(&key));
        match condition {
            Condition::Given(name) => given(name).is_some(),
            Condition::Has(name, word) => {
                let text = given(name).and_then(|given| given.texts.last());
                text.is_some_and(|text| text.eq_ignore_ascii_case(word))
            }
            Condition::Terminal => self.environment.is_terminal,
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Word>(&mut self, key: Key) -> T {
        let word = self.word_among(key, &words_of::<T>());
        T::from_word(word).expect("one of the words is one of them")
    }

    fn word_among(&mut self, key: Key, words: &[&'static str]) -> &'static str {
        self.value(key, |text| {
            let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
            found.copied().ok_or_else(|| no_word(text, words))
        })
    }

    /// A path, unread.
    pub(super) fn path(&mut self, key: Key) -> Option<PathBuf> {
        let files = self.environment.files;
        self.optional(key, |text| a_path(text, files)).map(PathBuf::from)
    }

    /// The path of a file with a secret, unread; relative ones are refused, because a secret given in place
    /// of the path looks like one.
    pub(super) fn secret_path(&mut self, key: Key) -> Option<PathBuf> {
        let files = self.environment.files;
        let path = |text: &str| if text.starts_with('/') { a_path(text, files) } else { Err(not_shown()) };
        self.optional(key, path).map(PathBuf::from)
    }

    /// A duration within the bounds of the table.
    pub(super) fn duration(&mut self, key: Key) -> Duration {
        self.value(key, |text| duration_within(key, text).map(Humane)).0
    }

    /// A duration within the bounds of the table, or `never`.
    pub(super) fn duration_or_never(&mut self, key: Key) -> DurationOrNever {
        self.value(key, |text| {
            if text.eq_ignore_ascii_case("never") {
                return Ok(DurationOrNever::Never);
            }
            duration_within(key, text).map(DurationOrNever::After)
        })
    }

    /// A whole number within the bounds of the table.
    pub(super) fn count(&mut self, key: Key) -> usize {
        self.value(key, |text| {
            let Shape::Count { min, max } = key.setting().shape else { return Err(not_within(key, text)) };
            let count = text.parse().ok().filter(|count| (min..=max).contains(count));
            count.ok_or_else(|| not_within(key, text))
        })
    }

    /// All values of a repeatable setting that can be read, in their order, each once.
    pub(super) fn list<T: Display + PartialEq>(
        &mut self,
        key: Key,
        parse: impl Fn(&str) -> Result<T, Problem>,
    ) -> Vec<T> {
        let given = self.given_list(key);
        let mut values = Vec::new();
        for text in given.iter().flat_map(|given| &given.texts) {
            match checked(text).and_then(&parse) {
                Ok(value) if values.contains(&value) => {}
                Ok(value) => values.push(value),
                Err(problem) => self.fault(key, problem),
            }
        }
        let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
        self.record_list(key, &shown, given);
        values
    }

    /// The texts of a repeatable setting, or the default's; none where they are too many.
    fn given_list(&mut self, key: Key) -> Option<RawValue> {
        let default = |default: OriginalText| RawValue { texts: vec![default.text], origin: default.origin };
        let mut given = self.values.get(&key).cloned().or_else(|| self.default_text(key).map(default))?;
        let (count, max) = (given.texts.len(), key.setting().values_max);
        if count > max {
            let problem = Problem::new(format!("has {count} values: expected {max} at most"));
            self.fault(key, problem.hint("give fewer"));
            given.texts.clear();
        }
        Some(given)
    }

    fn record_list(&mut self, key: Key, shown: &[String], given: Option<RawValue>) {
        if shown.is_empty() {
            self.require(key);
        }
        let origin = given.as_ref().map_or(Origin::Default, |given| given.origin.clone());
        self.provenance.push(key, given.map(|_| shown.join(",")), origin);
    }

    /// The values so far, and where each came from.
    pub(super) fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Records a value that is not given but found.
    pub(super) fn record(&mut self, key: Key, value: &impl Display, origin: Origin) {
        self.provenance.push(key, Some(value.to_string()), origin);
    }

    /// Something is wrong with this setting.
    pub(super) fn fault(&mut self, key: Key, problem: Problem) {
        let origin = self.values.get(&key).map_or(Origin::Default, |given| given.origin.clone());
        self.faulty.insert(key);
        self.faults.push(Fault::of(key, origin, problem));
    }

    /// Something is wrong with what surrounds us.
    pub(super) fn fault_around(&mut self, variable: &str, problem: Problem) {
        self.faults.push(Fault::foreign(variable.to_owned(), Origin::Variable(variable.to_owned()), problem));
    }

    /// Settings that do not go together, told of the first; silent where one is faulty by itself.
    pub(super) fn conflict(&mut self, keys: &[Key], problem: Problem) {
        let Some(first) = keys.first() else { return };
        if !keys.iter().any(|key| self.faulty.contains(key)) {
            self.fault(*first, problem);
        }
    }

    /// Says that a setting is missing which the table requires; silent where the file, which may give it,
    /// could not be read.
    fn require(&mut self, key: Key) {
        let is_required = key.setting().required_for.contains(&self.purpose);
        if is_required && !self.file_is_unread && !self.faulty.contains(&key) {
            self.fault(key, Problem::new("is required"));
        }
    }

    pub(super) fn warn(&mut self, key: impl Display, message: impl Into<String>) {
        self.warnings.push(Warning { key: key.to_string(), message: message.into() });
    }
}

/// Refuses what no setting takes, before anything looks at it closely.
fn checked(text: &str) -> Result<&str, Problem> {
    if text.is_empty() {
        return Err(Problem::new("is empty"));
    }
    if text.len() > TEXT_MAX {
        return Err(Problem::new(format!(
            "has a value of {} bytes: expected {TEXT_MAX} at most",
            text.len()
        )));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(control) => {
            Err(Problem::new(format!("has a value that contains the control character {control:?}")))
        }
        None => Ok(text),
    }
}

/// A text that may be a path. What leads nowhere and looks like credentials, a URL or a certificate is what a
/// file would hold, given in its place, so it is refused and not quoted.
fn a_path(text: &str, files: Files) -> Result<String, Problem> {
    /// How PEM text begins, and how it does in base64, as Secrets hold it.
    const PEM: [&str; 2] = ["-----BEGIN", "LS0tLS1CRUdJTi"];
    let looks_like_content = text.contains(':') || PEM.iter().any(|pem| text.contains(pem));
    if looks_like_content && !files.has(text) { Err(not_shown()) } else { Ok(text.to_owned()) }
}

fn not_shown() -> Problem {
    let problem = Problem::new(
        "is not a valid path: expected an absolute one; the value is not shown, because it may be the content \
         of the file",
    );
    problem
        .hint("write the path, such as /secret/file; a Secret becomes a file where it is mounted as a volume")
}

fn no_word(text: &str, words: &[&'static str]) -> Problem {
    let problem = Problem::invalid(text, "value", format_args!("one of {}", words.join(", ")));
    match closest(text, words.iter().copied()) {
        Some(word) => problem.hint(format!("did you mean `{word}`?")),
        None => problem,
    }
}

fn duration_within(key: Key, text: &str) -> Result<Duration, Problem> {
    let duration = read_duration(text).map_err(|error| Problem::value(text, error))?;
    match key.setting().shape {
        Shape::Duration { min, max } | Shape::DurationOrNever { min, max }
            if (min..=max).contains(&duration) =>
        {
            Ok(duration)
        }
        _ => Err(not_within(key, text)),
    }
}

/// Says what the row takes.
fn not_within(key: Key, text: &str) -> Problem {
    let setting = key.setting();
    let what = if let Shape::Count { .. } = setting.shape { "number" } else { "duration" };
    Problem::invalid(text, what, format_args!("one {}", setting.bounds().unwrap_or_default()))
}

/// A duration that shows itself as it is written.
struct Humane(Duration);

impl Display for Humane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Value::Duration(self.0).fmt(f)
    }
}
