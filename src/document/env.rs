//! A line `NAME='value'` for the kubelet's env files (`fileKeyRef`, KEP-3721).
//!
//! The kubelet (`pkg/kubelet/util/env`) takes what is between single quotes literally and knows no
//! escape for a quote; no part of a value can hold one. A container's environment never changes,
//! so there is no generation here.

use super::format::{Files, FormatRules};
use super::whole::{after, lists_urls};
use super::{Document, DocumentError};

/// Bytes of a line with its end: `bufio.Scanner`, with which the kubelet reads, refuses longer ones.
pub const LINE_MAX: usize = 64 * 1024;

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "env",
    extensions: &["env"],
    files: Files::One(render),
    is_whole: |zone, text, is_url| {
        let is_list = |value: &str| value.strip_suffix('\'').is_some_and(|value| lists_urls(value, is_url));
        after(text, &format!("{}='", variable(zone.as_str())), is_list)
    },
};

fn render(document: &Document<'_>) -> Result<String, DocumentError> {
    let line = format!("{}='{}'\n", variable(document.zone.as_str()), document.value());
    if line.len() > LINE_MAX {
        return Err(DocumentError::EnvLineTooLong { bytes: line.len() });
    }
    Ok(line)
}

/// The variable that Spring binds to the zone's key: upper case, dashes left out (Spring Boot,
/// "Binding from Environment Variables"); underscores too, which would be dots.
///
/// Spring gives the zone back in lower case. That is the same key wherever another source, such as
/// the image's own settings, spells the zone out.
fn variable(zone: &str) -> String {
    let zone: String = zone.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("EUREKA_CLIENT_SERVICEURL_{}", zone.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_a_shell_name() {
        assert_eq!(variable("defaultZone"), "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE");
        assert_eq!(variable("us-east_1c"), "EUREKA_CLIENT_SERVICEURL_USEAST1C");
    }
}
