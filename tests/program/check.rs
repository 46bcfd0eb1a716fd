//! `check`: everything that can be verified, without changing anything.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

use crate::cluster::{Cluster, url, urls};
use crate::dns_server::Mode;
use crate::sidecar::texts;

/// Names, dates and contents below a directory.
fn tree(directory: &Path) -> BTreeMap<String, (SystemTime, Vec<u8>)> {
    let mut tree = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("there");
        let content = if metadata.is_file() { fs::read(&path).expect("readable") } else { vec![] };
        tree.insert(path.display().to_string(), (metadata.modified().expect("a date"), content));
        if metadata.is_dir() {
            tree.extend(self::tree(&path));
        }
    }
    tree
}

fn severities(report: &Value) -> Vec<String> {
    texts(&report["findings"], |finding| &finding["severity"])
}

/// What was found of this severity.
fn found(report: &Value, severity: &str) -> String {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().filter(|finding| finding["severity"] == severity);
    found.map(|finding| format!("{} {}", finding["what"], finding["cure"])).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_healthy_pod_has_no_faults_and_stays_as_it_is() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let mount = ["--output-dir", "/dev/shm"];
    let flags: &[&str] = if Path::new("/dev/shm").is_dir() { &mount } else { &[] };
    let before = tree(cluster.directory());
    let outcome = cluster.once("check", &[flags, &["-o", "json"]].concat()).expect(0);
    assert_eq!(tree(cluster.directory()), before, "nothing is changed, no probe file");
    let report = outcome.json();
    assert_eq!(report["self"], url(0));
    assert_eq!(texts(&report["peers"], |peer| peer), urls(&[1, 2]));
    assert!(severities(&report).iter().all(|severity| severity == "good"), "{report:#}");
    let setting = |key: &str| {
        let settings = report["settings"].as_array().expect("settings");
        settings.iter().find(|setting| setting["key"] == key).expect(key).clone()
    };
    assert_eq!(
        (setting("service")["origin"].as_str(), setting("zone")["origin"].as_str()),
        (Some("flag"), Some("default"))
    );
    assert_eq!(setting("self-url")["origin"], "POD_NAME");
}

#[test]
fn the_story_of_each_setting_is_told() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("# a comment\ninterval: 5s\nzone: west\n");
    let mut command = cluster.command("check", &["--config", config.to_str().expect("text"), "--port", "80"]);
    command.env("EUREKA_PEERS_ZONE", "east").env("EUREKA_PEERS_INTERVALL", "1s");
    let outcome = crate::once::Outcome::of(command);
    let line = |key: &str| {
        let lines: Vec<_> = outcome.stdout.lines().collect();
        let found = lines.iter().find(|line| line.split_whitespace().next() == Some(key));
        found.unwrap_or_else(|| panic!("{outcome:#?}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("interval"), format!("interval 5s ({} line 2)", config.display()));
    assert_eq!(line("zone"), "zone east (EUREKA_PEERS_ZONE)");
    assert_eq!(line("port"), "port 80 (flag)");
    assert!(outcome.stdout.contains("did you mean EUREKA_PEERS_INTERVAL?"), "{outcome:#?}");
}

#[test]
fn faults_of_dns_directory_and_server_are_3() {
    let cluster = Cluster::of(&[0, 1]);
    cluster.set_mode(Mode::ServFail);
    let missing = cluster.directory().join("missing");
    let actuator = format!("http://{}/actuator", cluster.listen);
    let status = format!("http://{}/eureka/status", cluster.listen);
    let flags = [
        ["--output-dir", missing.to_str().expect("text")],
        ["--actuator-url", &actuator],
        ["--status-url", &status],
        ["-o", "json"],
    ];
    let report = cluster.once("check", &flags.concat()).expect(3).json();
    let faults = found(&report, "fault");
    for told in ["SERVFAIL", "does not exist", &cluster.listen.to_string()] {
        assert!(faults.contains(told), "{told} in {faults}");
    }
    assert!(!missing.exists());
    assert!(severities(&report).is_sorted_by_key(|severity| severity != "fault"), "the most serious first");
}

#[test]
fn credentials_that_cannot_be_read_are_a_fault_as_they_are_to_the_sidecar() {
    let cluster = Cluster::of(&[0, 1]);
    let at = |name: &str| cluster.directory().join(name).display().to_string();
    fs::write(at("no-pair"), "word").expect("written");
    fs::create_dir(at("directory")).expect("made");
    let actuator = format!("http://{}/actuator", cluster.listen);
    for (file, told) in [
        ("missing", "cannot read the user-info file"),
        ("no-pair", "the user-info file cannot be used"),
        ("directory", "the user-info file is a directory"),
    ] {
        let report = cluster.once("check", &["--user-info-file", &at(file), "-o", "json"]).expect(3).json();
        assert!(found(&report, "fault").contains(told), "{report:#}");
        let sidecar = cluster.run(&["--user-info-file", &at(file)]);
        sidecar.until_condition("not_published");
        assert!(sidecar.message_of("not_published").contains(told), "the same words");
        sidecar.kill();
    }
    let flags = ["--server-password-file", &at("missing"), "--actuator-url", &actuator, "-o", "json"];
    let report = cluster.once("check", &flags).expect(3).json();
    assert!(found(&report, "fault").contains(&at("missing")), "{report:#}");
}

#[test]
fn a_list_that_no_file_has_room_for_is_a_fault() {
    let cluster = Cluster::of(&[0]);
    let pods: Vec<u8> = (0..=240).collect();
    cluster.set_pods(&pods);
    let flags = ["--output", "peers.env", "--context-path", &format!("/{}/", "x".repeat(250)), "-o", "json"];
    let report = cluster.once("check", &flags).expect(3).json();
    assert!(found(&report, "fault").contains("the kubelet's env-file parser reads"), "{report:#}");
}

#[test]
fn a_pod_that_dns_does_not_know_is_warned_about() {
    let cluster = Cluster::of(&[1, 2]);
    let report = cluster.once("check", &["-o", "json"]).json();
    assert!(found(&report, "warning").contains("self is not among the records"), "{report:#}");
    let mut command = cluster.command_without("check", &["--output-dir"], &["-o", "json"]);
    command.env_remove("POD_NAME").env_remove("POD_IP");
    let outcome = crate::once::Outcome::of(command).expect(0);
    assert!(found(&outcome.json(), "unknown").contains("no --output-dir"), "{outcome:#?}");
}

#[test]
fn bad_settings_are_78_before_anything_is_asked() {
    let cluster = Cluster::of(&[0, 1]);
    let outcome = cluster.once("check", &["--port", "0", "--max-shrink", "x"]).expect(78);
    assert!(
        outcome.stderr.contains("port (--port)") && outcome.stderr.contains("max-shrink (--max-shrink)"),
        "{outcome:#?}"
    );
    assert_eq!(cluster.questions(), 0);
}

#[test]
fn a_reader_that_leaves_and_a_full_disk_are_no_crash() {
    let cluster = Cluster::of(&[0, 1]);
    for (subcommand, status) in
        [("check", 1), ("resolve", 1), ("mesh", 1), ("man", 1), ("health", 1), ("accept", 1)]
    {
        let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let mut command = cluster.command(subcommand, &[]);
        let code = command.stdout(full()).stderr(full()).status().expect("started").code();
        assert_eq!(code, Some(status), "{subcommand}");
    }
    for subcommand in ["check", "resolve", "man", "--help"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = cluster.command(subcommand, &[]);
        let code =
            command.stdout(writer).stderr(std::process::Stdio::null()).status().expect("started").code();
        assert!(matches!(code, Some(0 | 3)), "{subcommand}: {code:?}");
    }
}
