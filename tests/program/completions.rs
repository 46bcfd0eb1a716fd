//! Completions in real shells, where they are installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cluster::bare_command;
use crate::machine;
use crate::once::Outcome;

/// What is typed, and something that must be offered for it.
const TYPED: [(&str, &str); 8] = [
    ("eureka-peers comp", "completions"),
    ("eureka-peers run --ro", "--role"),
    ("eureka-peers run --role cl", "client"),
    ("eureka-peers mesh --zone a --dns", "--dns-server"),
    ("eureka-peers resolve -o prop", "properties"),
    ("eureka-peers health --probe start", "startupz"),
    ("eureka-peers help acc", "accept"),
    ("eureka-peers completions zs", "zsh"),
];

/// The shell, and a directory with the script for it.
fn shell(name: &str) -> Option<(Command, tempfile::TempDir)> {
    let Some(shell) = machine::find_program(name) else {
        assert!(!machine::is_ci(), "{name} is missing");
        println!("not tried: {name} is not installed");
        return None;
    };
    let mut program = bare_command();
    program.args(["completions", name]);
    let folder = tempfile::tempdir().expect("a directory");
    fs::write(folder.path().join("script"), Outcome::of(program).expect(0).stdout).expect("written");
    let mut command = Command::new(shell);
    command
        .env_clear()
        .env("HOME", folder.path())
        .envs([("TERM", "dumb"), ("PATH", "/usr/bin:/bin")])
        .current_dir(folder.path());
    Some((command, folder))
}

/// Has the shell run `text`, and gives what it prints.
fn answer(mut shell: Command, folder: &Path, arguments: &[&str], text: &str) -> String {
    let file = folder.join("asked");
    fs::write(&file, text).expect("written");
    shell.args(arguments).arg(&file);
    Outcome::of(shell).expect(0).stdout
}

#[test]
fn bash_offers_what_may_follow() {
    for (typed, offered) in TYPED {
        let Some((bash, folder)) = shell("bash") else { return };
        let text = format!(
            "source ./script\n\
             line='{typed}'; COMP_WORDS=($line); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             spec=($(complete -p eureka-peers)); for at in \"${{!spec[@]}}\"; do\n\
             [ \"${{spec[at]}}\" = -F ] && completer=${{spec[at + 1]}}; done\n\
             $completer eureka-peers \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let said = answer(bash, folder.path(), &["--norc", "--noprofile"], &text);
        assert!(said.lines().any(|line| line == offered), "{typed}: {said}");
    }
}

#[test]
fn fish_offers_what_may_follow() {
    for (typed, offered) in TYPED {
        let Some((fish, folder)) = shell("fish") else { return };
        let text = format!("source ./script\ncomplete -C '{typed}'\n");
        let said = answer(fish, folder.path(), &["--no-config"], &text);
        assert!(said.lines().any(|line| line.split('\t').next() == Some(offered)), "{typed}: {said}");
    }
}

/// The completion system of zsh works in a line editor only: this one has a terminal of its own.
#[test]
fn zsh_completes_what_may_follow() {
    for (typed, offered) in TYPED {
        let Some((zsh, folder)) = shell("zsh") else { return };
        let text = format!(
            "zmodload zsh/zpty\n\
             until_heard() {{\n\
             heard=; repeat 300; do\n\
             zpty -rt inner part && heard+=$part; [[ $heard == *${{~1}}* ]] && return; sleep 0.05\n\
             done; return 1\n\
             }}\n\
             zpty -b inner zsh -f -i\n\
             zpty -w inner 'autoload -Uz compinit; compinit -u -D; source ./script'\n\
             zpty -w inner 'show() {{ print -r -- \"typed=$BUFFER.\" }}; zle -N show; bindkey \"^T\" show'\n\
             zpty -w inner 'print rea\"\"dy'; until_heard ready\n\
             zpty -w -n inner $'{typed}\\t\\x14'\n\
             until_heard 'typed=eureka-peers *{offered}*.' && print completed || print -r -- $heard\n\
             zpty -d inner\n"
        );
        let said = answer(zsh, folder.path(), &["-f"], &text);
        assert_eq!(said, "completed\n", "{typed}");
    }
}
