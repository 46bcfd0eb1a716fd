//! The saved state is gone, damaged or another's, and DNS says nothing: whole files stay.

use std::fs;
use std::path::PathBuf;
use std::thread;

use serde_json::{Value, json};

use crate::cluster::{Cluster, url, urls};
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
        // They wait far more than they work.
        thread::scope(|all| {
            for (how, damage) in DAMAGES {
                all.spawn(move || the_files_stay(layout, how, damage));
            }
        });
    }
}

fn the_files_stay(layout: &str, how: &str, damage: Damage) {
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

#[test]
fn accept_tells_what_would_become_of_them() {
    let (cluster, before) = left_behind(&SHORT);
    fs::remove_file(state_of(&cluster)).expect("removed");
    let sidecar = cluster.run(&SHORT);
    sidecar.until_started();
    sidecar.until_condition("held_document");
    let status = sidecar.status();
    assert_eq!((&status["list_in_place"], &status["published"]), (&json!("found_at_start"), &Value::Null));
    sidecar.until_condition("held_lookup_failed");
    let would = cluster.once("accept", &["--empty", "--dry-run"]).expect(0).stdout;
    assert!(
        would.starts_with("dry run: 0 would be added, 2 would be removed; peers in the list: 0\n"),
        "{would}"
    );
    for pod in [1, 2] {
        assert!(would.contains(&format!("  - {}\n", url(pod))), "{would}");
    }
    assert_eq!(fs::read(cluster.file()).expect("there"), before);
    let outcome = cluster.once("accept", &["--empty"]).expect(0);
    assert!(outcome.stdout.starts_with("taken: 0 added, 2 removed; peers in the list: 0\n"), "{outcome:#?}");
    sidecar.until_listed(&[0]);
    sidecar.until("published", |it| it.status()["list_in_place"] == "published");
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
    // The file is there a moment before the writing of it has ended.
    sidecar.until("it is said", |it| it.get("/readyz").status == 200);
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

/// A state with one entry that is none.
fn with_a_bad_entry(state: &str) -> String {
    state.replace("\"peers\":[", "\"peers\":[\"http://evil.example:8761/eureka/\",\"http://a,b:1/\",7,")
}

#[test]
fn one_bad_entry_takes_nothing_out_of_whole_files_and_goes_alone_without_them() {
    let (cluster, before) = left_behind(&SHORT);
    let state = state_of(&cluster);
    let text = fs::read_to_string(&state).expect("a state");
    let bad = text.replacen("http://eureka-1.", "ftp://eureka-1.", 1);
    assert_ne!(bad, text);
    fs::write(&state, bad).expect("written");
    let sidecar = cluster.run(&SHORT);
    sidecar.until_started();
    sidecar.until_condition("held_document");
    sidecar.until_asked_again();
    assert_eq!(fs::read(cluster.file()).expect("there"), before);
    sidecar.kill();
    fs::write(state_of(&cluster), with_a_bad_entry(&text)).expect("written");
    fs::remove_file(cluster.file()).expect("removed");
    let sidecar = cluster.run(&SHORT);
    sidecar.until_listed(&[1, 2]);
}

#[test]
fn a_newer_state_is_understood() {
    let (cluster, before) = left_behind(&SHORT);
    let state = state_of(&cluster);
    let text = fs::read_to_string(&state).expect("a state");
    fs::write(&state, text.replace("\"version\":1", "\"version\":2,\"more\":[1]")).expect("written");
    let sidecar = cluster.run(&SHORT);
    sidecar.until_started();
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(sidecar.status()["desired"]["peers"], serde_json::json!(urls(&[1, 2])));
    assert_eq!(fs::read(cluster.file()).expect("there"), before);
}

#[test]
fn a_state_without_a_list_is_none_in_place() {
    for state in [r#"{"version":1,"generation":0,"services":[],"staticPeers":[]}"#, "{}"] {
        let cluster = Cluster::of(&[]);
        cluster.set_mode(Mode::NoSuchName);
        fs::write(cluster.volume().join("..state.json"), state).expect("written");
        let flags = [&SHORT[..], &["--on-deadline", "wait", "--layout", "plain"]].concat();
        let sidecar = cluster.run(&flags);
        sidecar.until_condition("start_waits");
        assert_eq!(sidecar.get("/readyz").status, 503, "{state}");
        let (status, _) = sidecar.end_by(rustix::process::Signal::TERM);
        assert_eq!(status.code(), Some(1), "{state}");
    }
}

#[test]
fn new_settings_may_deny_what_was_found() {
    let ipv4 = [&SHORT[..], &["--peer-host", "ipv4"]].concat();
    let cluster = Cluster::of(&[0, 1, 2]);
    let sidecar = cluster.run(&ipv4);
    sidecar.until("two addresses", |it| it.cluster.listed().len() == 2);
    sidecar.until_started();
    sidecar.kill();
    cluster.set_mode(Mode::ServFail);
    let before = fs::read(cluster.file()).expect("the list");
    fs::remove_file(state_of(&cluster)).expect("removed");
    let config = cluster.write_config("log-level: info\n");
    let sidecar = cluster.run(&[&ipv4[..], &["--config", config.to_str().expect("text")]].concat());
    sidecar.until_condition("held_document");
    assert_eq!(fs::read(cluster.file()).expect("there"), before);
    cluster.write_config("deny-cidr: [10.0.0.11/32]\nstart-deadline: 300ms\n");
    sidecar.until("self alone", |it| fs::read(it.cluster.file()).is_ok_and(|bytes| bytes != before));
    assert!(!fs::read_to_string(cluster.file()).expect("text").contains("10.0.0.11"));
}
