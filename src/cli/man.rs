//! `man`: the manual page, all of it on one page.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::command::{EXIT_CODES, SOURCES, command};
use super::examples::examples;
use crate::settings::Key;

/// Writes the page in roff.
pub(super) fn write(out: &mut dyn io::Write) -> io::Result<()> {
    let mut command = command();
    command.build();
    let page = Man::new(command.clone());
    page.render_title(out)?;
    // Names of flags and variables are never broken; nor are lines stretched around them.
    Roff::new().control("nh", []).control("ad", ["l"]).to_writer(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    subcommands(&command).to_writer(out)?;
    settings().to_writer(out)?;
    exit_status().to_writer(out)?;
    environment().to_writer(out)?;
    files().to_writer(out)?;
    examples_of(&command).to_writer(out)?;
    page.render_version_section(out)
}

/// Each subcommand with the options that are its own.
fn subcommands(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for subcommand in command.get_subcommands() {
        roff.control("TP", []);
        let own = subcommand.get_arguments().filter(|arg| !is_setting(arg) && arg.get_id() != "help");
        let names: Vec<String> = own.map(|arg| format!(" [{arg}]")).collect();
        roff.text([bold(subcommand.get_name()), roman(names.concat())]);
        roff.text([roman(subcommand.get_about().map(ToString::to_string).unwrap_or_default())]);
    }
    roff
}

fn is_setting(arg: &clap::Arg) -> bool {
    Key::all().any(|key| arg.get_id() == key.name())
}

/// Every setting under its heading.
fn settings() -> Roff {
    let mut roff = Roff::new();
    let mut group = None;
    for setting in Key::all().map(Key::setting) {
        if group.replace(setting.group) != Some(setting.group) {
            roff.control("SH", [format!("SETTINGS: {}", setting.group.heading().to_uppercase()).as_str()]);
        }
        roff.control("TP", []);
        roff.text([bold(format!("--{}", setting.name)), roman(format!(" {}", setting.value_name()))]);
        let required = setting.requirement().map(|required| format!(" This is {required}."));
        let default = setting.default_in_words().map(|default| format!(" Default: {default}."));
        let default = required.or(default).unwrap_or_default();
        roff.text([roman(format!("{}{default} Variable: {}.", setting.meaning(), setting.variable()))]);
    }
    roff
}

fn exit_status() -> Roff {
    let codes = EXIT_CODES.map(|(code, meaning)| (code.to_string(), meaning));
    terms("EXIT STATUS", codes.iter().map(|(code, meaning)| (code.as_str(), *meaning)))
}

fn environment() -> Roff {
    let variables = [
        ("EUREKA_PEERS_<FLAG>", SOURCES),
        ("POD_NAME, POD_IP, POD_IPS, POD_NAMESPACE", "Who this pod is, from the downward API."),
        ("NO_COLOR", "Set to anything, it keeps colours out of what is printed on a terminal."),
    ];
    let mut roff = terms("ENVIRONMENT", variables.into_iter());
    for setting in Key::all().map(Key::setting) {
        roff.control("TP", []);
        roff.text([bold(setting.variable())]);
        roff.text([roman(format!("As --{}.", setting.name))]);
    }
    roff
}

fn files() -> Roff {
    let files = [
        ("--output-dir/--output", "The list. It stays when the program ends."),
        (
            "--output-dir/..state.json",
            "What one run of the program leaves to the next. It may change with any version.",
        ),
        ("--config", "YAML file with settings."),
        (
            "/etc/resolv.conf",
            "DNS servers, the namespace and the domain of the cluster, where settings do not name them.",
        ),
        ("/etc/hosts", "Names the Service of this pod."),
    ];
    terms("FILES", files.into_iter())
}

fn examples_of(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for (what, typed) in command.get_subcommands().flat_map(|subcommand| examples(subcommand.get_name())) {
        roff.control("PP", []);
        roff.text([roman(format!("{what}:"))]);
        roff.control("PP", []);
        roff.control("RS", ["4"]).control("nf", []);
        for line in typed.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []).control("RE", []);
    }
    roff
}

/// A section of terms and what they mean.
fn terms<'a>(heading: &str, terms: impl Iterator<Item = (&'a str, &'a str)>) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, meaning) in terms {
        roff.control("TP", []);
        roff.text([bold(term)]);
        roff.text([roman(meaning)]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_command_and_setting() {
        let mut page = Vec::new();
        write(&mut page).expect("a Vec takes all bytes");
        let page = String::from_utf8(page).expect("roff is text");
        let plain = page.replace("\\-", "-");
        for setting in Key::all().map(Key::setting) {
            assert!(plain.contains(&format!("--{}", setting.name)), "{}", setting.name);
            assert!(plain.contains(&setting.variable()), "{}", setting.name);
        }
        for subcommand in command().get_subcommands() {
            assert!(plain.contains(subcommand.get_name()), "{}", subcommand.get_name());
        }
        for section in ["COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "VERSION"] {
            assert!(
                plain.contains(&format!(".SH \"{section}\"")) || plain.contains(&format!(".SH {section}")),
                "{section}"
            );
        }
    }
}
