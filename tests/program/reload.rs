//! The settings file is followed while the program runs, whole or not at all.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::cluster::{Cluster, SERVICE, url, urls};
use crate::sidecar::Sidecar;

/// A sidecar that follows the file at `config`.
fn run<'c>(cluster: &'c Cluster, config: &Path) -> Sidecar<'c> {
    cluster.run(&["--config", config.to_str().expect("text"), "--remove-after", "0s"])
}

fn is_rejected(sidecar: &Sidecar<'_>) -> bool {
    sidecar.conditions().contains(&"settings_rejected".to_owned())
}

#[test]
fn a_freeze_is_put_in_force_and_lifted_by_the_file() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("freeze: false\n");
    let sidecar = run(&cluster, &config);
    sidecar.until_listed(&[1]);
    let first = sidecar.status()["settings"]["fingerprint"].clone();
    cluster.write_config("freeze: true\n");
    let took = sidecar.until_condition("frozen");
    println!("in force after {took:?}");
    assert_ne!(sidecar.status()["settings"]["fingerprint"], first);
    cluster.set_pods(&[0, 2]);
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1]));
    cluster.write_config("freeze: false\n");
    sidecar.until_listed(&[2]);
    assert_eq!(sidecar.status()["settings"]["fingerprint"], first, "the same settings as before");
    assert_eq!(sidecar.logged("new settings are in force").len(), 2);
}

#[test]
fn a_file_that_is_renamed_into_place_is_seen() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("freeze: false\n");
    let sidecar = run(&cluster, &config);
    sidecar.until_listed(&[1]);
    for (text, is_frozen) in [("freeze: true\n", true), ("freeze: false\n", false), ("freeze: true\n", true)]
    {
        let new = cluster.directory().join("new.yaml");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &config)).expect("renamed");
        sidecar.until(text, |it| it.conditions().iter().any(|kind| kind == "frozen") == is_frozen);
    }
}

/// What the kubelet does to a ConfigMap volume.
fn swap(volume: &Path, generation: &str, text: &str) {
    let directory = volume.join(generation);
    fs::create_dir(&directory).expect("made");
    fs::write(directory.join("config.yaml"), text).expect("written");
    symlink(generation, volume.join("..data_tmp")).expect("linked");
    let before = fs::read_link(volume.join("..data")).ok();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).expect("renamed");
    match before {
        Some(before) => fs::remove_dir_all(volume.join(before)).expect("removed"),
        None => symlink("..data/config.yaml", volume.join("config.yaml")).expect("linked"),
    }
}

#[test]
fn a_config_map_volume_is_followed_swap_after_swap() {
    let cluster = Cluster::of(&[0, 1]);
    let volume = cluster.directory().join("config-map");
    fs::create_dir(&volume).expect("made");
    swap(&volume, "..2026_01_01_00_00_00.1", "static-peer: http://vm-1:1/\n");
    let sidecar = run(&cluster, &volume.join("config.yaml"));
    sidecar.until_listing(&[url(1), "http://vm-1:1/".into()]);
    for at in 2..5 {
        swap(&volume, &format!("..2026_01_01_00_00_00.{at}"), &format!("static-peer: http://vm-{at}:1/\n"));
        let took = sidecar.until_listing(&[url(1), format!("http://vm-{at}:1/")]);
        println!("swap {at} in force after {took:?}");
    }
}

#[test]
fn a_bad_file_is_refused_whole_with_all_its_faults() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("static-peer: http://vm:1/\n");
    let sidecar = run(&cluster, &config);
    sidecar.until_listing(&[url(1), "http://vm:1/".into()]);
    let first = sidecar.status()["settings"]["fingerprint"].clone();
    cluster.write_config("static-peer: http://other:1/\nport: 0\nmax-shrink: all\nservce: x\n");
    sidecar.until("refused", is_rejected);
    let status = sidecar.status();
    let message = sidecar.message_of("settings_rejected");
    for fault in
        ["port (", "line 2", "max-shrink (", "line 3", "unknown key (", "line 4", "did you mean `service`"]
    {
        assert!(message.contains(fault), "{fault} in {message}");
    }
    assert_eq!(status["settings"]["fingerprint"], first);
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), [url(1), "http://vm:1/".to_owned()], "the old settings stay in force");
    let log = sidecar.log();
    let lines: Vec<_> = log.iter().filter(|line| line["condition"] == "settings_rejected").collect();
    let [line] = &lines[..] else { panic!("{}", sidecar.log_text()) };
    assert_eq!((&line["level"], line["message"].as_str()), (&Value::from("WARN"), Some(message.as_str())));
    assert!(sidecar.get("/").body.contains("did you mean"), "the page says it, too");
    assert_eq!(sidecar.get("/readyz").status, 200, "a file is no reason to be taken out of service");
    // The same as before is good again, although nothing changed against what is in force.
    cluster.write_config("static-peer: http://vm:1/\n");
    sidecar.until("good again", |it| !is_rejected(it));
}

#[test]
fn files_that_are_no_settings_are_refused_and_the_list_stays() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("freeze: false\n");
    let sidecar = run(&cluster, &config);
    sidecar.until_listed(&[1]);
    let bomb = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nservice: [*b, *b]\n".to_owned();
    let texts =
        [bomb, "[".repeat(5000), "freeze: 'a\0b'".into(), "x".repeat(70_000), "- freeze".into(), "\n".into()];
    for text in texts {
        fs::write(&config, text).expect("written");
        sidecar.until("refused", is_rejected);
        fs::write(&config, "freeze: false\n").expect("written");
        sidecar.until("good again", |it| !is_rejected(it));
    }
    fs::write(&config, [0xff, 0xfe, b'\n']).expect("written");
    sidecar.until("refused", is_rejected);
    fs::remove_file(&config).expect("removed");
    let is_missing =
        |it: &Sidecar<'_>| is_rejected(it) && it.message_of("settings_rejected").contains("is missing");
    sidecar.until("missing", is_missing);
    fs::create_dir(&config).expect("made");
    let is_directory =
        |it: &Sidecar<'_>| is_rejected(it) && it.message_of("settings_rejected").contains("is not a file");
    sidecar.until("a directory", is_directory);
    assert_eq!(cluster.listed(), urls(&[1]));
    fs::remove_dir(&config).expect("removed");
    fs::write(&config, "freeze: true\n").expect("written");
    sidecar.until_condition("frozen");
}

#[test]
fn sighup_reads_the_file_and_asks_now() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("freeze: false\n");
    let sidecar = cluster.run(&["--config", config.to_str().expect("text"), "--interval", "1h"]);
    sidecar.until_listed(&[1]);
    cluster.set_pods(&[0, 1, 2]);
    sidecar.signal(Signal::HUP);
    let took = sidecar.until_listed(&[1, 2]);
    println!("asked and published {took:?} after SIGHUP");
    // The same name, size and time: no notification would tell, the signal does.
    let modified = fs::metadata(&config).and_then(|metadata| metadata.modified()).expect("a date");
    fs::write(&config, "freeze: true \n").expect("written");
    fs::File::open(&config).and_then(|file| file.set_modified(modified)).expect("set");
    sidecar.signal(Signal::HUP);
    sidecar.until_condition("frozen");
}

#[test]
fn a_flag_beats_the_file_at_run_time_too() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("static-peer: http://vm:1/\n");
    let flags = ["--config", config.to_str().expect("text"), "--static-peer", "http://flag:1/"];
    let sidecar = cluster.run(&flags);
    sidecar.until_listing(&[url(1), "http://flag:1/".into()]);
    cluster.write_config("static-peer: http://other:1/\nfreeze: true\n");
    sidecar.until_condition("frozen");
    assert_eq!(cluster.listed(), [url(1), "http://flag:1/".to_owned()]);
}

#[test]
fn a_service_that_the_operator_removes_leaves_at_once() {
    let cluster = Cluster::of(&[0, 1]);
    let far = "eureka.far.svc.cluster.local";
    cluster.set_pods_of(far, &[5, 6, 7]);
    let config = cluster.write_config(&format!("service: [{SERVICE}, {far}]\n"));
    let flags = ["--config", config.to_str().expect("text"), "--remove-after", "never", "--max-shrink", "1%"];
    let sidecar = Sidecar::start(&cluster, cluster.command_without("run", &["--service"], &flags));
    let far = [5, 6, 7].map(|pod| format!("http://eureka-{pod}.{far}:8761/eureka/"));
    sidecar.until_listing(&[&[url(1)][..], &far].concat());
    cluster.write_config(&format!("service: {SERVICE}\n"));
    sidecar.until_listed(&[1]);
    sidecar.until_no_condition();
}

#[test]
fn what_cannot_change_at_run_time_is_reported_and_stays() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("output: peers.properties\n");
    let sidecar = run(&cluster, &config);
    sidecar.until_listed(&[1]);
    cluster.write_config("output: other.json\nlayout: plain\nlog-format: text\nrole: server\n");
    sidecar.until("reported", |it| {
        it.status()["settings"]["warnings"].as_array().is_some_and(|it| it.len() == 3)
    });
    let warned: Vec<_> = sidecar.logged("cannot change at run time; restart to apply it");
    let settings: Vec<_> = warned.iter().map(|line| line["setting"].as_str().expect("text")).collect();
    assert_eq!(settings, ["output", "layout", "log-format"]);
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
    assert!(!cluster.volume().join("other.json").exists());
}

#[test]
fn the_log_level_follows_the_file() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("log-level: error\n");
    let sidecar = run(&cluster, &config);
    sidecar.until_listed(&[1]);
    assert_eq!(sidecar.log_text(), "");
    cluster.write_config("log-level: debug\n");
    sidecar.until("debug lines", |it| !it.logged("answered").is_empty());
    cluster.write_config("log-level: off\n");
    sidecar.until("silence", |it| {
        let lines = it.log().len();
        it.until_asked_again();
        it.log().len() == lines
    });
}
