//! What was given, from three sources: flag over environment over file. A higher source replaces a
//! lower one and is never merged with it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use super::closest::closest;
use super::environment::Environment;
use super::fault::{Fault, Origin, Problem, Warning};
use super::sources::{Flags, SettingsFile};
use super::table::{Change, Key};
use super::variables;
use super::yaml::{self, Node};

/// What was given for one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawValue {
    /// One text, or for a repeatable setting any number.
    pub(super) texts: Vec<String>,
    pub(super) origin: Origin,
}

/// What was given for all of them, and what could not be taken as given.
#[derive(Debug, Default)]
pub(super) struct RawSettings {
    pub(super) values: BTreeMap<Key, RawValue>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
    /// Whether part of the settings is unknown, so that nothing can be said to be missing.
    pub(super) file_is_unread: bool,
}

impl RawSettings {
    pub(super) fn from(flags: &Flags, file: Option<&SettingsFile>, environment: &Environment) -> Self {
        let mut raw = Self::default();
        if let Some(file) = file {
            raw.take_file(file);
        }
        let variables = variables::read(environment);
        raw.warnings.extend(variables.warnings);
        for (key, name, value) in variables.settings {
            raw.take_variable(key, name, value);
        }
        for (key, texts) in &flags.0 {
            raw.take(*key, texts, Origin::Flag);
        }
        raw
    }

    /// Only what concerns these settings.
    pub(super) fn only(mut self, keys: &[Key]) -> Self {
        self.values.retain(|key, _| keys.contains(key));
        self.faults.retain(|fault| Key::from_name(&fault.key).is_some_and(|key| keys.contains(&key)));
        self
    }

    fn take(&mut self, key: Key, texts: &[String], origin: Origin) {
        let texts = if key.setting().is_repeatable() { split_list(texts) } else { trimmed(texts) };
        self.values.insert(key, RawValue { texts, origin });
    }

    fn take_variable(&mut self, key: Key, name: String, value: &OsStr) {
        let origin = Origin::Variable(name);
        match value.to_str() {
            Some(text) if text.trim().is_empty() => {}
            Some(text) => self.take(key, &[text.to_owned()], origin),
            None => self.faults.push(Fault::of(key, origin, Problem::new("is not valid UTF-8 text"))),
        }
    }

    fn take_file(&mut self, file: &SettingsFile) {
        let text = match &file.content {
            Ok(text) => text,
            Err(why) => {
                let problem = Problem::new(format!("the settings file {why}"));
                return self.refuse_file(&file.path, None, problem);
            }
        };
        match yaml::read(text) {
            Ok(entries) => self.take_entries(&file.path, entries),
            Err((error, line)) => {
                let problem = Problem::new(format!("the settings file {error}"));
                self.refuse_file(&file.path, line, problem.hint("write one `setting: value` a line"));
            }
        }
    }

    fn refuse_file(&mut self, path: &Path, line: Option<usize>, problem: Problem) {
        self.file_is_unread = true;
        let origin = Origin::File { path: path.to_owned(), line };
        self.faults.push(Fault::of(Key::Config, origin, problem));
    }

    fn take_entries(&mut self, path: &Path, entries: Vec<yaml::Entry>) {
        let mut lines = BTreeMap::new();
        for entry in entries {
            let origin = Origin::File { path: path.to_owned(), line: entry.line };
            let taken = known(&entry.key).and_then(|key| {
                refuse_twice(&mut lines, key, entry.line)?;
                Ok((key, texts_of(key, entry.value)?))
            });
            match taken {
                Ok((key, texts)) => self.take(key, &texts, origin),
                Err(problem) => self.faults.push(problem.into_fault(&entry.key, origin)),
            }
        }
    }
}

/// The setting of a key of the file, which may hold all but the file's own path.
fn known(key: &str) -> Result<Key, Problem> {
    match Key::from_name(key) {
        Some(key) if key.setting().change == Change::NotInFile => {
            let problem = Problem::new("a settings file cannot name another one");
            Err(problem.hint("take the line out; give --config or EUREKA_PEERS_CONFIG"))
        }
        Some(key) => Ok(key),
        None => {
            let closest = closest(key, Key::all().map(Key::name));
            let hint = closest.map(|name| format!("did you mean `{name}`?"));
            let hint =
                hint.unwrap_or_else(|| "take the line out; keys are the flags of `run --help`".to_owned());
            Err(Problem::new("is not a setting").hint(hint))
        }
    }
}

fn refuse_twice(
    lines: &mut BTreeMap<Key, Option<usize>>,
    key: Key,
    line: Option<usize>,
) -> Result<(), Problem> {
    let Some(first) = lines.insert(key, line) else { return Ok(()) };
    let first = first.map_or_else(String::new, |line| format!(", first on line {line}"));
    let problem = Problem::new(format!("is in the file more than once{first}"));
    Err(problem.hint("keep one of the lines; several values make one list"))
}

fn texts_of(key: Key, value: Node) -> Result<Vec<String>, Problem> {
    match value {
        Node::Text(text) => Ok(vec![text]),
        Node::List(texts) if key.setting().is_repeatable() => Ok(texts),
        Node::List(_) => Err(Problem::new("holds a list: expected one value")),
        Node::Unsuitable(what) => Err(Problem::new(format!("holds {what}: expected {}", expected(key)))),
        Node::Nothing => {
            let problem = Problem::new("has no value");
            Err(problem.hint(format!("{}, or take the line out", key.setting().hint)))
        }
    }
}

fn expected(key: Key) -> &'static str {
    if key.setting().is_repeatable() { "one value or a list of values" } else { "one value" }
}

/// No value of a list contains a comma, so commas separate them wherever they come from; blank items, such
/// as the one after a trailing comma, do not count.
fn split_list(texts: &[String]) -> Vec<String> {
    let items = texts.iter().flat_map(|text| text.split(','));
    items.map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn trimmed(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.trim().to_owned()).collect()
}

impl Problem {
    /// A fault of a key that may not be ours.
    fn into_fault(self, key: &str, origin: Origin) -> Fault {
        match Key::from_name(key) {
            Some(key) => Fault::of(key, origin, self),
            // A key may be what should be its value: `user:password` without its setting. The line says where.
            None => Fault::foreign("unknown key".to_owned(), origin, self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SettingsFile {
        SettingsFile { path: "/c.yaml".into(), content: Ok(text.to_owned()) }
    }

    fn around(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        Environment { variables, ..Environment::default() }
    }

    fn faults(text: &str) -> Vec<String> {
        let raw = RawSettings::from(&Flags::default(), Some(&file(text)), &Environment::default());
        raw.faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_higher_source_replaces_a_lower_one() {
        let file = file("service: [a, b]\nzone: file\nport: 1\n");
        let around = around(&[("EUREKA_PEERS_SERVICE", "c, d,"), ("EUREKA_PEERS_ZONE", "variable")]);
        let flags = Flags::from_iter([(Key::Service, vec!["e".to_owned()])]);
        let raw = RawSettings::from(&flags, Some(&file), &around);
        let texts = |key: Key| raw.values[&key].texts.join(" ");
        assert_eq!(
            (texts(Key::Service), texts(Key::Zone), texts(Key::Port)),
            ("e".into(), "variable".into(), "1".into())
        );
        assert_eq!(raw.values[&Key::Service].origin, Origin::Flag);
        assert_eq!(raw.values[&Key::Zone].origin, Origin::Variable("EUREKA_PEERS_ZONE".to_owned()));
        assert_eq!(raw.values[&Key::Port].origin.to_string(), "/c.yaml line 3");
        assert_eq!(raw.faults, []);
    }

    #[test]
    fn an_empty_variable_hides_nothing() {
        let raw = RawSettings::from(
            &Flags::default(),
            Some(&file("zone: a")),
            &around(&[("EUREKA_PEERS_ZONE", ""), ("EUREKA_PEERS_SERVICE", " ")]),
        );
        assert_eq!(raw.values[&Key::Zone].texts, ["a"]);
        assert!(!raw.values.contains_key(&Key::Service));
    }

    #[test]
    fn a_key_that_is_none_may_be_a_secret() {
        for text in ["s3cret: x\n", "user:s3cret: x\n", "'http://user:s3cret@h/': x\n", "s3cret:\n"] {
            let [fault] = &faults(text)[..] else { panic!("{text}: one fault") };
            assert!(fault.starts_with("unknown key (/c.yaml line 1)"), "{fault}");
            assert!(!fault.contains("s3cret"), "{fault}");
        }
    }

    #[test]
    fn every_fault_of_the_file_is_named_with_its_line() {
        assert_eq!(
            faults("servce: a\nzone: a\nzone: b\nport: [1, 2]\nlayout:\nconfig: /x\n7: x\nrole: {a: b}\n"),
            [
                "unknown key (/c.yaml line 1): is not a setting; did you mean `service`?",
                "zone (/c.yaml line 3): is in the file more than once, first on line 2; \
                 keep one of the lines; several values make one list",
                "port (/c.yaml line 4): holds a list: expected one value; \
                 write the number of the port; a name belongs into --port-name",
                "layout (/c.yaml line 5): has no value; write `volume` or `plain`, or take the line out",
                "config (/c.yaml line 6): a settings file cannot name another one; \
                 take the line out; give --config or EUREKA_PEERS_CONFIG",
                "unknown key (/c.yaml line 7): is not a setting; take the line out; keys are the flags of `run --help`",
                "role (/c.yaml line 8): holds a mapping: expected one value; \
                 write `server` beside a Eureka server, `client` beside anything else",
            ]
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_one_fault() {
        assert_eq!(
            faults("- a\n"),
            [
                "config (/c.yaml line 1): the settings file is not a list of settings: expected keys with values; \
              write one `setting: value` a line"
            ]
        );
        let gone = SettingsFile { path: "/c.yaml".into(), content: Err("is missing".to_owned()) };
        let raw = RawSettings::from(&Flags::default(), Some(&gone), &Environment::default());
        assert!(raw.file_is_unread);
        assert_eq!(
            raw.faults[0].to_string(),
            "config (/c.yaml): the settings file is missing; write the path of a YAML file"
        );
    }
}
