//! `completions`: what a shell offers while a command line is typed.

use std::io;

use clap::ValueEnum;
use clap_complete::{Generator, Shell};

use super::command::{COLUMNS, CommandFor, command_for};

/// Writes the script for one shell.
pub(super) fn write(shell: Shell, out: &mut dyn io::Write) -> io::Result<()> {
    let mut command = command_for(CommandFor::Shell, COLUMNS);
    command.build();
    let mut script = Vec::new();
    shell.try_generate(&command, &mut script)?;
    // The script for bash remembers a subcommand by one name and looks for another where the program's name has a
    // hyphen: nothing was offered after the subcommand.
    let script = String::from_utf8_lossy(&script).replace("eureka__subcmd__peers", "eureka__peers");
    // The one for fish offers nothing after `help`, because it takes `help` itself for the command that follows.
    let script = script.replace(" man help\" -f", " man\" -f");
    out.write_all(script.as_bytes())?;
    // Nor does that one offer the values of an argument without a flag.
    if shell == Shell::Fish {
        let shells: Vec<_> = Shell::value_variants().iter().map(ToString::to_string).collect();
        let condition = "__fish_eureka_peers_using_subcommand completions";
        writeln!(out, "complete -c eureka-peers -n \"{condition}\" -f -a \"{}\"", shells.join(" "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_is_offered_commands_and_flags() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            write(*shell, &mut script).expect("a Vec takes all bytes");
            let script = String::from_utf8(script).expect("scripts are text");
            for offered in ["eureka-peers", "resolve", "remove-after", "probe"] {
                assert!(script.contains(offered), "{shell}: {offered}");
            }
        }
    }

    #[test]
    fn bash_is_offered_the_words_of_a_setting() {
        let mut script = Vec::new();
        write(Shell::Bash, &mut script).expect("a Vec takes all bytes");
        let script = String::from_utf8(script).expect("scripts are text");
        assert!(script.contains(r#"compgen -W "name ipv4 ipv6""#));
    }
}
