//! The saved state is gone, damaged or another's, and DNS says nothing: whole files stay.

use std::fs;
use std::path::PathBuf;

use crate::cluster::{Cluster, urls};
use crate::dns_server::Mode;

const SHORT: [&str; 2] = ["--start-deadline", "300ms"];

/// A volume with a list of two peers, and DNS that says nothing any more.
fn left_behind(flags: &[&str]) -> (Cluster, Vec<u8>) {
    let cluster = Cluster::of(&[0, 1, 2]);
    drop(cluster.run_until_listed(&[1, 2], flags));
    cluster.set_mode(Mode::ServFail);
    let bytes = fs::read(cluster.file()).expect("the list");
    (cluster, bytes)
}

fn state_of(cluster: &Cluster) -> PathBuf {
    let in_generation = cluster.volume().join("..data/..state.json");
    if in_generation.exists() { in_generation } else { cluster.volume().join("..state.json") }
}

/// Damages a state in one way.
type Damage = fn(&str) -> Option<String>;

const DAMAGES: [(&str, Damage); 8] = [
    ("gone", |_| None),
    ("empty", |_| Some(String::new())),
    ("cut", |state| Some(state[..state.len() / 2].to_owned())),
    ("of another program", |_| Some("{\"a\":1}".to_owned())),
    ("of a later shape", |_| Some("{\"version\":9,\"zones\":{}}".to_owned())),
    ("foreign throughout", |state| {
        Some(state.replace("eureka-1.eureka.", "a.evil.").replace("eureka-2.eureka.", "b.evil."))
    }),
    ("not URLs", |state| Some(state.replace("http://", "ftp:/"))),
    ("not text", |_| Some("\u{0}\u{1}\u{7f}".repeat(100))),
];

#[test]
fn the_files_stay_until_there_are_records() {
    for layout in ["volume", "plain"] {
        for (how, damage) in DAMAGES {
            let flags = [&SHORT[..], &["--layout", layout]].concat();
            let (cluster, before) = left_behind(&flags);
            let state = state_of(&cluster);
            match damage(&fs::read_to_string(&state).expect("a state")) {
                Some(text) => fs::write(&state, text).expect("written"),
                None => fs::remove_file(&state).expect("removed"),
            }
            let what = format!("{layout}, state {how}");
            let sidecar = cluster.run(&flags);
            sidecar.until_started();
            assert_eq!(sidecar.get("/readyz").status, 200, "{what}");
            sidecar.until_condition("held_lookup_failed");
            for mode in [Mode::ServFail, Mode::NoSuchName] {
                cluster.set_mode(mode);
                sidecar.until_asked_again();
                assert!(sidecar.conditions().contains(&"held_document".to_owned()), "{what}");
                assert_eq!(fs::read(cluster.file()).expect("there"), before, "{what}");
            }
            cluster.set_mode(Mode::Normal);
            cluster.set_pods(&[0, 2, 3]);
            sidecar.until_listed(&[2, 3]);
            sidecar.until_no_condition();
        }
    }
}

#[test]
fn init_takes_them_for_a_list_and_a_start_that_waits_does_not_wait() {
    let (cluster, before) = left_behind(&SHORT);
    fs::remove_file(state_of(&cluster)).expect("removed");
    cluster.once("init", &SHORT).expect(0);
    assert_eq!(fs::read(cluster.file()).expect("there"), before);
    let sidecar = cluster.run(&[&SHORT[..], &["--on-deadline", "wait"]].concat());
    sidecar.until_started();
    sidecar.until_asked_again();
    assert!(!sidecar.conditions().contains(&"start_waits".to_owned()));
    assert_eq!(fs::read(cluster.file()).expect("there"), before);
}

#[test]
fn who_clears_them_finds_them_put_back() {
    let (cluster, before) = left_behind(&SHORT);
    fs::remove_file(state_of(&cluster)).expect("removed");
    let config = cluster.write_config("log-level: info\n");
    let sidecar = cluster.run(&[&SHORT[..], &["--config", config.to_str().expect("text")]].concat());
    sidecar.until_started();
    fs::remove_file(cluster.file()).expect("removed");
    // New settings have the files looked at; else that is done each 30 s.
    cluster.write_config("log-level: debug\n");
    sidecar.until("it is back", |it| fs::read(it.cluster.file()).is_ok_and(|bytes| bytes == before));
    assert_eq!(sidecar.get("/readyz").status, 200);
}

#[test]
fn files_that_are_not_whole_are_not_kept() {
    let damages: [fn(&str) -> String; 4] = [
        |_| String::new(),
        |text| text[..text.len() / 3].to_owned(),
        |text| text.replace("defaultZone", "otherZone"),
        |_| "eureka.client.service-url.defaultZone=\n".to_owned(),
    ];
    for damage in damages {
        let (cluster, _) = left_behind(&SHORT);
        fs::remove_file(state_of(&cluster)).expect("removed");
        let text = fs::read_to_string(cluster.file()).expect("text");
        fs::write(cluster.file(), damage(&text)).expect("written");
        let sidecar = cluster.run(&SHORT);
        sidecar.until_listed(&[0]);
    }
}

#[test]
fn one_bad_entry_goes_alone_and_a_newer_state_is_understood() {
    for (from, to) in [
        ("\"peers\":[", "\"peers\":[\"http://evil.example:8761/eureka/\",7,"),
        ("\"version\":1", "\"version\":2,\"more\":[1]"),
    ] {
        let (cluster, before) = left_behind(&SHORT);
        let state = state_of(&cluster);
        let text = fs::read_to_string(&state).expect("a state");
        assert!(text.contains(from), "{text}");
        fs::write(&state, text.replace(from, to)).expect("written");
        let sidecar = cluster.run(&SHORT);
        sidecar.until_started();
        sidecar.until_condition("held_lookup_failed");
        assert_eq!(cluster.listed(), urls(&[1, 2]));
        assert_eq!(sidecar.status()["desired"]["peers"], serde_json::json!(urls(&[1, 2])));
        assert_eq!(fs::read(cluster.file()).expect("there"), before);
    }
}
