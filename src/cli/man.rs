//! `man`: the manual page, all of it on one page.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::command::command;
use crate::settings::Key;

/// Writes the page in roff.
pub(super) fn write(out: &mut dyn io::Write) -> io::Result<()> {
    let mut command = command();
    command.build();
    let page = Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    subcommands(&command).to_writer(out)?;
    settings().to_writer(out)?;
    page.render_extra_section(out)?;
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
        assert!(plain.contains("Exit codes:"));
    }
}
