//! `man`: the manual page, all of it on one page.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::command::command;
use crate::settings::Setting;

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
    Setting::all().any(|setting| arg.get_id() == setting.name)
}

/// Every setting under its heading.
fn settings() -> Roff {
    let mut roff = Roff::new();
    let mut group = None;
    for setting in Setting::all() {
        if group.replace(setting.group) != Some(setting.group) {
            roff.control("SH", [format!("SETTINGS: {}", setting.group.heading().to_uppercase()).as_str()]);
        }
        roff.control("TP", []);
        roff.text([bold(format!("--{}", setting.name)), roman(format!(" {}", setting.value_name()))]);
        let bounds = setting.bounds().map(|bounds| format!(" Takes values {bounds}.")).unwrap_or_default();
        let default = match setting.default {
            "" => String::new(),
            required if setting.is_required() => format!(" This is {required}."),
            default => format!(" Default: {default}."),
        };
        let variable = setting.key.variable();
        roff.text([roman(format!("{}{bounds}{default} Variable: {variable}.", setting.help))]);
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
        for setting in Setting::all() {
            assert!(plain.contains(&format!("--{}", setting.name)), "{}", setting.name);
            assert!(plain.contains(&setting.key.variable()), "{}", setting.name);
        }
        for subcommand in command().get_subcommands() {
            assert!(plain.contains(subcommand.get_name()), "{}", subcommand.get_name());
        }
        assert!(plain.contains("Exit codes:"));
    }
}
