//! `completions`: what a shell offers while a command line is typed.

use std::io;

use clap_complete::{Generator, Shell};

use super::command::{CommandFor, command_for};

/// Writes the script for one shell.
pub(super) fn write(shell: Shell, out: &mut dyn io::Write) -> io::Result<()> {
    let mut command = command_for(CommandFor::Shell);
    command.build();
    shell.try_generate(&command, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

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
