//! What was typed: a task, and the flags of settings as they are.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap_complete::Shell;

use crate::admin::AcceptMode;
use crate::model::ServiceUrl;
use crate::reconcile::Consent;
use crate::settings::{Flags, Key, Purpose};

use super::command::{CommandFor, command, command_for};
use super::terminal::columns;

/// A command line that can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub task: Task,
    /// What was said of settings; checked together with environment and file.
    pub flags: Flags,
}

/// The subcommands and what belongs to each alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Keep the list right, for ever.
    Run,
    /// Publish once.
    Init,
    /// Print the list.
    Resolve {
        format: ListFormat,
        /// Again at each change.
        watch: bool,
    },
    /// Verify without changing anything.
    Check {
        /// How to print it.
        format: ReportFormat,
    },
    /// Print who does not know whom.
    Mesh {
        /// The servers to ask; empty means those in DNS.
        urls: Vec<ServiceUrl>,
        /// How to print it.
        format: MeshFormat,
        /// Again and again.
        watch: bool,
    },
    /// Take what DNS says now.
    Accept {
        /// How much of it.
        consent: Consent,
        /// Whether it is taken.
        mode: AcceptMode,
        /// How to print it.
        format: ReportFormat,
    },
    /// Ask a probe.
    Health { probe: Probe },
    /// Print completions.
    Completions(Shell),
    /// Print the manual page.
    Man,
}

impl Task {
    /// What settings are read for; none where only the listeners matter, or nothing.
    pub fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Run => Some(Purpose::Run),
            Self::Init => Some(Purpose::Init),
            Self::Check { .. } => Some(Purpose::Check),
            Self::Resolve { .. } => Some(Purpose::Print),
            Self::Mesh { urls, .. } if urls.is_empty() => Some(Purpose::Print),
            Self::Mesh { .. } => Some(Purpose::Contact),
            Self::Accept { .. } | Self::Health { .. } | Self::Completions(_) | Self::Man => None,
        }
    }
}

/// How `resolve` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// For people.
    Table,
    /// One URL a line.
    Lines,
    /// For programs.
    Json,
    /// As the published YAML.
    Yaml,
    /// As the published properties.
    Properties,
    /// As the published env file.
    Env,
}

/// How `check` and `accept` print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How `mesh` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeshFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
}

/// The probes of the public listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The loop is alive.
    Livez,
    /// A valid list is in place.
    Readyz,
    /// The first publication is done.
    Startupz,
}

impl Probe {
    /// The probe's path on the public listener.
    pub fn path(self) -> &'static str {
        match self {
            Self::Livez => "/livez",
            Self::Readyz => "/readyz",
            Self::Startupz => "/startupz",
        }
    }
}

/// Reads a command line, the program's name first.
///
/// The error also carries what `--help` and `--version` print; its `exit_code()` is 0 for those and 2
/// for wrong usage.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, clap::Error> {
    let matches = command_for(CommandFor::Person, columns())
        .try_get_matches_from(arguments)
        .map_err(without_what_was_typed)?;
    let (name, matches) = matches.subcommand().expect("a subcommand is required");
    Ok(Invocation { task: task(name, matches)?, flags: flags(matches) })
}

/// What stands where nothing is expected may be a secret, so of it only the names of flags are shown.
fn without_what_was_typed(mut error: clap::Error) -> clap::Error {
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    let kinds = [ContextKind::InvalidSubcommand, ContextKind::InvalidValue, ContextKind::InvalidArg];
    for kind in &kinds[..if is_unknown { 3 } else { 2 }] {
        let Some(ContextValue::String(text)) = error.get(*kind) else { continue };
        if !text.is_empty() && !is_name_of_flag(text) {
            error.insert(*kind, ContextValue::String("***".to_owned()));
            // It quotes the same text once more.
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

fn is_name_of_flag(text: &str) -> bool {
    let name = text.strip_prefix("--").unwrap_or_default();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn task(name: &str, matches: &ArgMatches) -> Result<Task, clap::Error> {
    Ok(match name {
        "run" => Task::Run,
        "init" => Task::Init,
        "resolve" => Task::Resolve { format: list_format(matches), watch: matches.get_flag("watch") },
        "check" => Task::Check { format: report_format(matches) },
        "mesh" => Task::Mesh {
            urls: urls(matches)?,
            format: mesh_format(matches),
            watch: matches.get_flag("watch"),
        },
        "accept" => Task::Accept {
            consent: if matches.get_flag("empty") { Consent::Empty } else { Consent::Records },
            mode: if matches.get_flag("dry-run") { AcceptMode::DryRun } else { AcceptMode::Take },
            format: report_format(matches),
        },
        "health" => Task::Health { probe: probe(matches) },
        "completions" => {
            Task::Completions(*matches.get_one::<Shell>("shell").expect("the shell is a required argument"))
        }
        _ => Task::Man,
    })
}

/// What was typed for settings, where the subcommand takes them.
fn flags(matches: &ArgMatches) -> Flags {
    let typed = |key: Key| {
        let values = matches.try_get_many::<String>(key.name()).ok()??;
        Some((key, values.cloned().collect()))
    };
    Key::all().filter_map(typed).collect()
}

/// One of a closed list of words; the parser has let no other through, so the last arm is the default.
fn word<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).map_or("", String::as_str)
}

fn list_format(matches: &ArgMatches) -> ListFormat {
    match word(matches, "format") {
        "lines" => ListFormat::Lines,
        "json" => ListFormat::Json,
        "yaml" => ListFormat::Yaml,
        "properties" => ListFormat::Properties,
        "env" => ListFormat::Env,
        _ => ListFormat::Table,
    }
}

fn report_format(matches: &ArgMatches) -> ReportFormat {
    match word(matches, "format") {
        "json" => ReportFormat::Json,
        _ => ReportFormat::Text,
    }
}

fn mesh_format(matches: &ArgMatches) -> MeshFormat {
    match word(matches, "format") {
        "json" => MeshFormat::Json,
        "dot" => MeshFormat::Dot,
        "svg" => MeshFormat::Svg,
        _ => MeshFormat::Table,
    }
}

fn probe(matches: &ArgMatches) -> Probe {
    match word(matches, "probe") {
        "livez" => Probe::Livez,
        "startupz" => Probe::Startupz,
        _ => Probe::Readyz,
    }
}

/// Servers that `mesh` asks at once; as many as a list may hold.
const URLS_MAX: usize = 512;

/// Read here and not by the parser, whose errors quote the text and so perhaps a password.
fn urls(matches: &ArgMatches) -> Result<Vec<ServiceUrl>, clap::Error> {
    let usage = |message: String| clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(&command());
    let texts: Vec<&String> = matches.get_many("url").unwrap_or_default().collect();
    if texts.len() > URLS_MAX {
        return Err(usage(format!("--url is given {} times; at most {URLS_MAX} are taken\n", texts.len())));
    }
    let read = |(index, text): (usize, &&String)| {
        text.parse().map_err(|error| usage(format!("value {} of --url {error}\n", index + 1)))
    };
    texts.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ListFormat as F;

    fn read(line: &str) -> Result<Invocation, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn task_of(line: &str) -> Task {
        read(&format!("eureka-peers {line}")).unwrap_or_else(|error| panic!("{line}: {error}")).task
    }

    #[test]
    fn every_subcommand_is_a_task() {
        assert_eq!(task_of("run"), Task::Run);
        assert_eq!(task_of("init"), Task::Init);
        assert_eq!(task_of("resolve"), Task::Resolve { format: ListFormat::Table, watch: false });
        assert_eq!(task_of("resolve -o env -w"), Task::Resolve { format: ListFormat::Env, watch: true });
        assert_eq!(task_of("check --format json"), Task::Check { format: ReportFormat::Json });
        let urls = vec!["http://a:1/eureka/".parse().expect("valid"), "http://b:1/".parse().expect("valid")];
        assert_eq!(
            task_of("mesh --url http://a:1/eureka --url http://b:1 -o json --watch"),
            Task::Mesh { urls, format: MeshFormat::Json, watch: true }
        );
        let accept = |consent, mode, format| Task::Accept { consent, mode, format };
        let text = ReportFormat::Text;
        let graph = Task::Mesh { urls: vec![], format: MeshFormat::Dot, watch: false };
        assert_eq!(task_of("mesh -o dot"), graph);
        assert_eq!(task_of("accept"), accept(Consent::Records, AcceptMode::Take, text));
        assert_eq!(task_of("accept --empty"), accept(Consent::Empty, AcceptMode::Take, text));
        assert_eq!(task_of("accept --dry-run"), accept(Consent::Records, AcceptMode::DryRun, text));
        assert_eq!(
            task_of("accept --dry-run --empty -o json"),
            accept(Consent::Empty, AcceptMode::DryRun, ReportFormat::Json)
        );
        assert_eq!(task_of("health"), Task::Health { probe: Probe::Readyz });
        assert_eq!(task_of("health --probe livez"), Task::Health { probe: Probe::Livez });
        assert_eq!(task_of("completions zsh"), Task::Completions(Shell::Zsh));
        assert_eq!(task_of("man"), Task::Man);
    }

    #[test]
    fn every_word_of_a_format_has_its_value() {
        let formats = ["table", "lines", "json", "yaml", "properties", "env"].map(|word| {
            let Task::Resolve { format, .. } = task_of(&format!("resolve -o {word}")) else {
                panic!("{word}")
            };
            format
        });
        assert_eq!(formats, [F::Table, F::Lines, F::Json, F::Yaml, F::Properties, F::Env]);
        for (word, probe) in
            [("livez", Probe::Livez), ("readyz", Probe::Readyz), ("startupz", Probe::Startupz)]
        {
            assert_eq!(task_of(&format!("health --probe {word}")), Task::Health { probe });
            assert_eq!(probe.path(), format!("/{word}"));
        }
    }

    #[test]
    fn flags_are_handed_on_as_typed() {
        let line = "eureka-peers run --service a --service b,c --interval soon --freeze --config /c.yaml";
        let expected: Flags = [
            (Key::Service, vec!["a", "b,c"]),
            (Key::Interval, vec!["soon"]),
            (Key::Freeze, vec!["true"]),
            (Key::Config, vec!["/c.yaml"]),
        ]
        .into_iter()
        .map(|(key, values)| (key, values.into_iter().map(str::to_owned).collect()))
        .collect();
        assert_eq!(read(line).expect("valid").flags, expected);
        let lifted = read("eureka-peers run --freeze=false").expect("valid").flags;
        assert_eq!(lifted, Flags::from_iter([(Key::Freeze, vec!["false".to_owned()])]));
        assert_eq!(read("eureka-peers man").expect("valid").flags, Flags::default());
    }

    #[test]
    fn wrong_usage_is_two() {
        for line in [
            "",
            "walk",
            "run --servce a",
            "run --zone a --zone b",
            "health --probe healthz",
            "health --service a",
            "completions tcsh",
            "resolve -o xml",
            "mesh --url eureka",
        ] {
            let error = read(&format!("eureka-peers {line}")).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
        for line in ["--help", "run --help", "help", "help run", "--version", "-V"] {
            assert_eq!(read(&format!("eureka-peers {line}")).expect_err(line).exit_code(), 0, "{line}");
        }
    }

    #[test]
    fn wrong_usage_shows_no_password() {
        for line in [
            "mesh --url http://bob:s3cret@a:1/",
            "mesh --url http://a:1/?token=s3cret",
            "mesh --url http://bob:s3cret",
            "run --server-password=s3cret",
            "run --password=s3cret",
            "run user:s3cret",
            "user:s3cret",
            "s3cret run",
            "run --s3cret",
            "run -s3cret",
            "run -- s3cret",
            "man s3cret",
            "check -o s3cret",
            "completions s3cret",
            "health --probe=s3cret",
            "accept --empty=s3cret",
            "mesh s3cret --watch",
        ] {
            let error = read(&format!("eureka-peers {line}")).expect_err(line);
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn wrong_usage_still_says_what_is_wrong() {
        for (line, said) in [
            ("run --servce a", "unexpected argument '--servce' found"),
            ("run --servce a", "a similar argument exists: '--service'"),
            ("run a", "unexpected argument '***' found"),
            ("rum", "unrecognized subcommand '***'"),
            ("rum", "a similar subcommand exists: 'run'"),
            ("check -o xml", "invalid value '***' for '--format <FORMAT>'"),
            ("run --zone", "a value is required for '--zone <ZONE>' but none was supplied"),
        ] {
            let error = read(&format!("eureka-peers {line}")).expect_err(line).to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn a_task_says_what_settings_are_for() {
        assert_eq!(task_of("run").purpose(), Some(Purpose::Run));
        assert_eq!(task_of("resolve").purpose(), Some(Purpose::Print));
        assert_eq!(task_of("mesh").purpose(), Some(Purpose::Print));
        assert_eq!(task_of("mesh --url http://a:1/").purpose(), Some(Purpose::Contact));
        assert_eq!(task_of("health").purpose(), None);
    }
}
