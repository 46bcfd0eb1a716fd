//! The rows are complete, and say what they say in words.

use std::collections::BTreeSet;

use super::*;

fn rows() -> impl Iterator<Item = &'static Setting> {
    Key::all().map(Key::setting)
}

/// The conditions that defaults depend on.
fn conditions() -> impl Iterator<Item = Condition> {
    rows().filter_map(|row| match row.default {
        Either { condition, .. } => Some(condition),
        DefaultValue::Nothing | DefaultValue::Is(_) | Found { .. } => None,
    })
}

#[test]
fn names_are_distinct_and_found() {
    let names: BTreeSet<&str> = rows().map(|row| row.name).collect();
    assert_eq!(names.len(), Key::all().count());
    for key in Key::all() {
        assert_eq!(Key::from_name(key.name()), Some(key));
    }
    assert_eq!(Key::from_name("nothing"), None);
}

#[test]
fn rows_are_complete_and_grouped() {
    let groups: Vec<Group> = rows().map(|row| row.group).collect();
    assert!(groups.is_sorted(), "a group stands together");
    for row in rows() {
        assert!(row.help.ends_with('.'), "{}", row.name);
        assert!(!row.hint.is_empty() && !row.hint.ends_with('.'), "{}", row.name);
        assert!(row.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", row.name);
        assert!(!row.help.contains('|'), "{}: a bar breaks the README's table", row.name);
    }
}

#[test]
fn every_flag_that_a_row_names_is_a_setting() {
    let texts = rows().flat_map(|row| {
        [row.help.to_owned(), row.hint.to_owned(), row.default_in_words().unwrap_or_default()]
    });
    for text in texts {
        for (_, rest) in text.match_indices("--").map(|(at, dashes)| text.split_at(at + dashes.len())) {
            let name = rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default();
            assert!(Key::from_name(name).is_some(), "--{name}: {text}");
        }
    }
    for condition in conditions() {
        if let Condition::Has(name, word) = condition {
            let shape = Key::from_name(name).expect("a setting").setting().shape;
            assert!(matches!(shape, Words(_, words) if words().contains(&word)), "{condition}");
        }
    }
}

#[test]
fn what_a_row_says_is_said_in_words() {
    let default = |key: Key| key.setting().default_in_words().unwrap_or_default();
    assert_eq!(default(Key::Interval), "10s with --role client, else 1s");
    assert_eq!(default(Key::ShrinkAfter), "5m");
    assert_eq!(default(Key::EmptyAfter), "never");
    assert_eq!(default(Key::MaxPeers), "512");
    assert_eq!(default(Key::Freeze), "false");
    assert_eq!(default(Key::Namespace), "POD_NAMESPACE, else that of resolv.conf, else default");
    assert_eq!(default(Key::LogFormat), "text on a terminal, else json");
    assert_eq!(default(Key::DnsServer), "those of resolv.conf");
    assert_eq!(default(Key::CaFile), "");
    assert_eq!(Key::Service.setting().requirement().as_deref(), Some("required"));
    assert_eq!(Key::OutputDir.setting().requirement().as_deref(), Some("required for run and init"));
    assert_eq!(Key::Zone.setting().requirement(), None);
    assert_eq!(Key::Interval.setting().bounds().as_deref(), Some("from 100ms to 1h"));
    assert_eq!(Key::MaxPeers.setting().bounds().as_deref(), Some("from 1 to 4096"));
    assert_eq!(Key::Role.setting().bounds(), None);
    let role = Key::Role.setting();
    assert_eq!((role.value_name(), role.meaning().contains("is one of")), ("server|client", false));
    let level = Key::LogLevel.setting();
    assert_eq!(level.value_name(), "LEVEL");
    assert!(level.meaning().ends_with(" LEVEL is one of off, error, warn, info, debug and trace."));
    let output = Key::Output.setting().meaning();
    let formats: Vec<&str> = words_of::<Format>();
    assert!(formats.iter().all(|word| output.contains(word)), "{output}");
    assert!(output.contains(" FORMAT is one of spring-properties, "), "{output}");
    assert!(Key::MinPeers.setting().meaning().ends_with(" Takes values from 0 to 4096."));
    assert!(Key::Layout.setting().meaning().ends_with(" A change needs a restart."));
    assert!(Key::DnsServer.setting().meaning().ends_with(" May be repeated, up to 8 values."));
}

#[test]
fn variables_are_the_flags_in_upper_case() {
    assert_eq!(Key::DnsServer.variable(), "EUREKA_PEERS_DNS_SERVER");
    assert_eq!(Key::Role.variable(), "EUREKA_PEERS_ROLE");
}
