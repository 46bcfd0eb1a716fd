//! Examples at the end of each help text and of the manual page.

use std::fmt::Write as _;

/// What it is for, and what is typed.
type Example = (&'static str, &'static str);

/// The examples of a subcommand.
pub(super) fn examples(subcommand: &str) -> &'static [Example] {
    match subcommand {
        "run" => &[
            (
                "Beside a Spring server, which is told of each change",
                "eureka-peers run --service eureka --output-dir /eureka-peers \\\n      \
                 --actuator-url http://127.0.0.1:8762/actuator",
            ),
            (
                "With settings from a file, which is followed",
                "eureka-peers run --config /etc/eureka-peers.yaml",
            ),
        ],
        "init" => &[
            (
                "Publish the list, then let the server start",
                "eureka-peers init --service eureka --output-dir /eureka-peers",
            ),
            (
                "Fail where DNS names no server for a minute",
                "eureka-peers init --service eureka --output-dir /eureka-peers \\\n      \
                 --start-deadline 60s --on-deadline fail",
            ),
        ],
        "resolve" => &[
            ("The list as a table", "eureka-peers resolve --service eureka.default"),
            ("The list for a program", "eureka-peers resolve --service eureka.default -o json"),
        ],
        "check" => &[
            (
                "Beside a sidecar, with its settings",
                "kubectl -n NAMESPACE exec POD -c eureka-peers -- /usr/bin/eureka-peers check",
            ),
            (
                "Before an installation",
                "eureka-peers check --service eureka.default --output-dir /eureka-peers",
            ),
        ],
        "mesh" => &[
            ("The servers that DNS names", "eureka-peers mesh --service eureka.default"),
            (
                "These servers",
                "eureka-peers mesh --url http://eureka-0:8761/eureka/ --url http://eureka-1:8761/eureka/",
            ),
            ("A picture", "eureka-peers mesh --service eureka.default -o svg >mesh.svg"),
        ],
        "accept" => &[
            (
                "See who would leave the list",
                "kubectl -n NAMESPACE exec POD -c eureka-peers -- /usr/bin/eureka-peers accept --dry-run",
            ),
            (
                "After a scale-down that was meant, in each pod",
                "kubectl -n NAMESPACE exec POD -c eureka-peers -- /usr/bin/eureka-peers accept",
            ),
        ],
        "health" => &[("As the liveness probe of a container", "/usr/bin/eureka-peers health --probe livez")],
        "completions" => &[
            ("bash", "eureka-peers completions bash >/etc/bash_completion.d/eureka-peers"),
            ("zsh", "eureka-peers completions zsh >/usr/local/share/zsh/site-functions/_eureka-peers"),
            ("fish", "eureka-peers completions fish >~/.config/fish/completions/eureka-peers.fish"),
        ],
        "man" => &[("Read it", "eureka-peers man | man -l -")],
        _ => &[],
    }
}

/// The end of a help text.
pub(super) fn in_words(examples: &[Example]) -> String {
    let mut text = "Examples:".to_owned();
    for (what, typed) in examples {
        let _infallible = write!(text, "\n  # {what}\n  {typed}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{command, parse};

    #[test]
    fn every_subcommand_has_examples_and_each_can_be_followed() {
        for subcommand in command().get_subcommands() {
            let examples = examples(subcommand.get_name());
            assert!(!examples.is_empty(), "{}", subcommand.get_name());
            for (what, typed) in examples {
                let typed = typed.replace("\\\n", " ");
                let called = format!("eureka-peers {}", subcommand.get_name());
                let ours = &typed[typed.find(&called).expect("it is called")..];
                let ours = ours.split(['>', '|']).next().expect("a first part");
                let read = parse(ours.split_whitespace().map(OsString::from));
                assert!(read.is_ok(), "{what}: {typed}: {read:?}");
            }
        }
    }
}
