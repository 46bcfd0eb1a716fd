//! A settings file, as an editor, a template or an accident may leave it.

use std::str;

use eureka_peers::settings::{Flags, Loaded, Origin, Purpose, Rejected, SettingsFile, listeners, load};

use super::policies::pod;
use super::shown::assert_line;

/// Loads the file for every purpose, and insists on settings or on faults with a cure.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let file = SettingsFile { path: "/etc/eureka-peers/config.yaml".into(), content: Ok(text.to_owned()) };
    let none = Flags::default();
    for purpose in [Purpose::Run, Purpose::Init, Purpose::Check, Purpose::Print, Purpose::Contact] {
        match load(&none, Some(&file), &pod(), purpose) {
            Ok(loaded) => check_loaded(&loaded, purpose),
            Err(rejected) => check_rejected(&rejected),
        }
    }
    if let Err(rejected) = listeners(&none, Some(&file), &pod()) {
        check_rejected(&rejected);
    }
}

/// What `check` shows of the settings, given once more, makes the same settings.
fn check_loaded(loaded: &Loaded, purpose: Purpose) {
    let entries = loaded.provenance.entries();
    for value in entries.iter().filter_map(|entry| entry.value.as_ref()) {
        assert!(!value.contains(char::is_control), "{value:?}");
    }
    for warning in &loaded.warnings {
        assert_line(&warning.to_string());
    }
    let given = entries.iter().filter(|entry| matches!(entry.origin, Origin::File { .. }));
    let flags: Flags = given.filter_map(|entry| Some((entry.key, vec![entry.value.clone()?]))).collect();
    let again = load(&flags, None, &pod(), purpose).expect("what is in force has no fault");
    assert_eq!(again.settings, loaded.settings);
    assert_eq!(again.provenance.fingerprint(), loaded.provenance.fingerprint());
}

fn check_rejected(rejected: &Rejected) {
    assert!(!rejected.faults.is_empty(), "settings are refused without a reason");
    for fault in &rejected.faults {
        assert_line(&fault.to_string());
        assert!(!fault.problem.is_empty() && !fault.hint.is_empty(), "{fault:?}");
    }
}
