//! The command and its help, built from the table of settings.

use std::fmt::Write as _;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::settings::{Group, Key, Setting, Shape};

use super::examples::{self, examples};

/// Columns where nobody says how many there are.
pub(super) const COLUMNS: usize = 80;

/// What clap puts before the text of a flag.
const INDENT: usize = 10;

const ABOUT: &str = "DNS-fed, proven peer lists for stock Eureka servers on Kubernetes";

/// Where settings come from.
pub(super) const SOURCES: &str = "\
Every setting may be given as a flag, as a variable EUREKA_PEERS_<FLAG> (lists with commas), or as a line of the \
YAML file named by --config, under the flag's own name. A flag beats a variable, a variable beats the file, and a \
list is replaced, never added to.";

/// What the program tells the shell.
pub(super) const EXIT_CODES: [(u8, &str); 7] = [
    (0, "done"),
    (1, "unexpected failure, or stopped before a list was in place (run, init)"),
    (2, "wrong usage"),
    (3, "check found faults, or the mesh is incomplete"),
    (69, "no list before the deadline (init)"),
    (73, "cannot write (init)"),
    (78, "wrong settings at start"),
];

/// The version with the commit, the date and the target of the build, which a release says when it is built.
const BUILD_VERSION: &str = match option_env!("BUILD_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Who reads the command: shells are told which words a value may be. People are not bound by that
/// here, for their wrong words are told together with all their other faults.
#[derive(Clone, Copy)]
pub(super) enum CommandFor {
    Person,
    Shell,
}

/// The whole command line, for people.
pub fn command() -> Command {
    command_for(CommandFor::Person, COLUMNS)
}

pub(super) fn command_for(audience: CommandFor, columns: usize) -> Command {
    Command::new("eureka-peers")
        .bin_name("eureka-peers")
        .version(env!("CARGO_PKG_VERSION"))
        .long_version(BUILD_VERSION)
        .about(ABOUT)
        .after_help("`eureka-peers help COMMAND` has every setting of a command, `eureka-peers --help` the exit codes.")
        .after_long_help(after_help(columns))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(subcommands(audience, columns).map(|subcommand| {
            let examples = examples::in_words(examples(subcommand.get_name()));
            subcommand.next_line_help(true).after_long_help(examples)
        }))
}

fn after_help(columns: usize) -> String {
    let mut text = format!("{}\n\nExit codes:", wrapped(SOURCES, columns));
    for (code, meaning) in EXIT_CODES {
        let _infallible = write!(text, "\n  {code:>2}  {meaning}");
    }
    text + "\n\n" + &examples::in_words(examples("resolve"))
}

fn subcommands(audience: CommandFor, columns: usize) -> [Command; 9] {
    let setting_arg = |setting| setting_arg(setting, audience, columns - INDENT);
    let with_settings = |name: &'static str, about: &'static str| {
        let of_settings = Key::all().map(|key| setting_arg(key.setting()).hide(!is_shown(name, key)));
        Command::new(name).about(about).args(of_settings)
    };
    let with_only = |name: &'static str, about: &'static str, keys: &[Key]| {
        Command::new(name).about(about).args(keys.iter().map(|key| setting_arg(key.setting())))
    };
    [
        with_settings("run", "Keep the list right, for ever: the sidecar"),
        with_settings("init", "Publish the list once and end: the init container"),
        with_settings("resolve", "Print the list")
            .arg(format_arg(&["table", "lines", "json", "yaml", "properties", "env"]))
            .arg(watch_arg("Print the list again whenever it changes")),
        with_settings("check", "Verify everything that can be verified without changing anything")
            .arg(format_arg(&["text", "json"])),
        with_settings("mesh", "Ask every server for its peers, and print who does not know whom")
            .arg(format_arg(&["table", "json", "dot", "svg"]))
            .arg(watch_arg("Print the mesh again whenever it changes"))
            .arg(url_arg()),
        with_only("accept", "Take what DNS says now, past all holds, once", &[Key::LocalListen, Key::Config])
            .arg(empty_arg(columns - INDENT))
            .arg(
                Arg::new("dry-run")
                    .long("dry-run")
                    .action(ArgAction::SetTrue)
                    .help("Show what would be taken, and change nothing"),
            )
            .arg(format_arg(&["text", "json"])),
        with_only(
            "health",
            "Ask a probe of the sidecar, for images without a shell",
            &[Key::Listen, Key::Config],
        )
        .arg(probe_arg()),
        Command::new("completions").about("Print the completions for a shell").arg(shell_arg()),
        Command::new("man").about("Print the manual page"),
    ]
}

/// Whether a setting that a subcommand takes is worth a place in its help. All are taken, so that a
/// sidecar's arguments can be handed to any of them.
fn is_shown(subcommand: &str, key: Key) -> bool {
    let is_common = matches!(key, Key::Config | Key::LogLevel | Key::LogFormat);
    match (subcommand, key.setting().group) {
        ("mesh", Group::Server) => {
            matches!(key, Key::ServerUser | Key::ServerPasswordFile | Key::CaFile)
        }
        ("resolve" | "mesh", Group::Holds | Group::Files | Group::Server | Group::Process) => is_common,
        _ => true,
    }
}

fn setting_arg(setting: &'static Setting, audience: CommandFor, width: usize) -> Arg {
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value_name())
        .help_heading(setting.group.heading())
        .help(short_help(setting, width))
        .long_help(long_help(setting, width))
        .value_hint(hint(setting.shape))
        .value_parser(parser(setting.shape, audience));
    match setting.shape {
        Shape::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ if setting.is_repeatable() => arg.action(ArgAction::Append),
        _ => arg.action(ArgAction::Set),
    }
}

fn hint(shape: Shape) -> ValueHint {
    match shape {
        Shape::File(_) => ValueHint::FilePath,
        Shape::Directory(_) => ValueHint::DirPath,
        Shape::Text(_)
        | Shape::Words(_, _)
        | Shape::TextAndWord(_, _, _)
        | Shape::Switch
        | Shape::Duration { .. }
        | Shape::DurationOrNever { .. }
        | Shape::Count { .. } => ValueHint::Other,
    }
}

fn parser(shape: Shape, audience: CommandFor) -> ValueParser {
    match (shape, audience) {
        (Shape::Words(_, words), CommandFor::Shell) => PossibleValuesParser::new(words()).into(),
        (Shape::Switch, CommandFor::Shell) => PossibleValuesParser::new(["true", "false"]).into(),
        _ => ValueParser::string(),
    }
}

/// What it is, in a sentence, and its default.
fn short_help(setting: &Setting, width: usize) -> String {
    let what = setting.help.split_once(". ").map_or(setting.help, |(first, _)| first).trim_end_matches('.');
    let words = setting.words_in_words().map(|words| format!("; {words}")).unwrap_or_default();
    let required = setting.requirement().map(|required| format!(" [{required}]"));
    let default = setting.default_in_words().map(|default| format!(" [default: {default}]"));
    wrapped(&format!("{what}{words}{}", required.or(default).unwrap_or_default()), width)
}

/// What it means, its default, and its variable.
fn long_help(setting: &Setting, width: usize) -> String {
    let required = setting.requirement().map(|required| format!("\n[{required}]"));
    let default = setting.default_in_words().map(|default| format!("\n[default: {default}]"));
    let default = required.or(default).unwrap_or_default();
    format!("{}{default}\n[env: {}]", wrapped(&setting.meaning(), width), setting.variable())
}

/// Breaks a text into lines of this width at its blanks.
fn wrapped(text: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > columns {
            lines.push('\n');
            width = 0;
        } else if width > 0 {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += length;
    }
    lines
}

fn format_arg(formats: &'static [&'static str]) -> Arg {
    let default = formats.first().expect("every subcommand with formats has one");
    Arg::new("format")
        .short('o')
        .long("format")
        .value_name("FORMAT")
        .value_parser(PossibleValuesParser::new(formats))
        .default_value(*default)
        .help("How to print it")
}

fn watch_arg(help: &'static str) -> Arg {
    Arg::new("watch").short('w').long("watch").action(ArgAction::SetTrue).help(help)
}

fn empty_arg(width: usize) -> Arg {
    Arg::new("empty").long("empty").action(ArgAction::SetTrue).help(wrapped(
        "Take it also when DNS says that a Service has no endpoints. A start that waits for records then begins \
         with a list of the server beside us alone",
        width,
    ))
}

fn url_arg() -> Arg {
    Arg::new("url")
        .long("url")
        .value_name("URL")
        .action(ArgAction::Append)
        .value_parser(NonEmptyStringValueParser::new())
        .value_hint(ValueHint::Url)
        .help("Server to ask, instead of those in DNS; may be repeated")
}

fn probe_arg() -> Arg {
    Arg::new("probe")
        .long("probe")
        .value_name("PROBE")
        .value_parser(PossibleValuesParser::new(["livez", "readyz", "startupz"]))
        .default_value("readyz")
        .help("Which probe to ask")
}

fn shell_arg() -> Arg {
    Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(clap::value_parser!(clap_complete::Shell))
        .help("The shell")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command_for(CommandFor::Person, COLUMNS).debug_assert();
        command_for(CommandFor::Shell, COLUMNS).debug_assert();
    }

    #[test]
    fn every_setting_stands_in_the_help_with_default_and_variable() {
        let mut command = command();
        let run = command.find_subcommand_mut("run").expect("there is a `run`");
        let help = run.render_long_help().to_string();
        for setting in Key::all().map(Key::setting) {
            assert!(help.contains(&format!("--{}", setting.name)), "{}", setting.name);
            assert!(help.contains(&format!("[env: {}]", setting.variable())), "{}", setting.name);
            let required = setting.requirement().map(|required| format!("[{required}]"));
            let default = setting.default_in_words().map(|default| format!("[default: {default}]"));
            assert!(help.contains(&required.or(default).unwrap_or_default()), "{}", setting.name);
        }
        for heading in ["Service:", "Peers:", "Holds:", "Files:", "Server:", "Process:"] {
            assert!(help.contains(heading), "{heading}");
        }
    }

    #[test]
    fn help_fits_a_terminal() {
        for columns in [60, COLUMNS, 100] {
            let mut command = command_for(CommandFor::Person, columns);
            command.build();
            let run = command.find_subcommand_mut("run").expect("there is a `run`");
            let (short, long) = (run.render_help().to_string(), run.render_long_help().to_string());
            let texts = |help: String| help.split("Examples:").next().expect("a first part").to_owned();
            for line in texts(short).lines().chain(texts(long).lines()) {
                // Flags, defaults and variables stay in one piece.
                let is_text = line.starts_with(&" ".repeat(INDENT)) && !line.trim_start().starts_with('[');
                assert!(!is_text || line.chars().count() <= columns.max(COLUMNS), "{columns}: {line}");
                assert!(line.chars().count() <= 100, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn wide_terminals_have_fewer_lines() {
        let lines = |columns| {
            let mut command = command_for(CommandFor::Person, columns);
            let run = command.find_subcommand_mut("run").expect("there is a `run`");
            run.render_long_help().to_string().lines().count()
        };
        assert!(lines(60) > lines(80) && lines(80) > lines(100));
    }

    #[test]
    fn the_short_help_of_a_setting_is_a_sentence_with_its_default() {
        let mut command = command();
        let run = command.find_subcommand_mut("run").expect("there is a `run`");
        let help = run.render_help().to_string();
        for setting in Key::all().map(Key::setting) {
            let short = short_help(setting, usize::MAX);
            assert!(!short.contains(". ") && short.len() < 200, "{short}");
            let required = setting.requirement().map(|required| format!("[{required}]"));
            let default = setting.default_in_words().map(|default| format!("[default: {default}]"));
            assert!(short.ends_with(&required.or(default).unwrap_or_default()), "{short}");
        }
        assert!(help.contains("          Whose list of peers this is [default: server]\n"), "{help}");
    }

    #[test]
    fn texts_are_broken_at_blanks() {
        assert_eq!(wrapped("a b", 3), "a b");
        let words = vec!["word"; 40].join(" ");
        let broken = wrapped(&words, 70);
        assert!(broken.lines().all(|line| line.len() <= 70));
        assert_eq!(broken.replace('\n', " "), words);
        assert_eq!(wrapped(&"x".repeat(200), 70), "x".repeat(200));
    }

    #[test]
    fn only_shells_are_bound_to_the_words() {
        let bad = ["eureka-peers", "run", "--role", "nobody"];
        assert!(command_for(CommandFor::Person, COLUMNS).try_get_matches_from(bad).is_ok());
        assert!(command_for(CommandFor::Shell, COLUMNS).try_get_matches_from(bad).is_err());
    }
}
