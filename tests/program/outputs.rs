//! What is published: every format, both layouts, all files of a generation together.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::cluster::{Cluster, url, urls, wait_until};

/// What a configtree and the Spring formats call the list.
const KEY: &str = "eureka.client.service-url.defaultZone";

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Runs until `name` is published.
fn run_until<'c>(cluster: &'c Cluster, name: &str, flags: &[&str]) -> crate::sidecar::Sidecar<'c> {
    let sidecar = cluster.run(flags);
    sidecar.until(name, |_| cluster.volume().join(name).exists());
    sidecar.until("started", |it| it.status()["started"] == true);
    sidecar
}

#[test]
fn every_format_says_the_same() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let outputs = ["a.properties", "b.yaml", "c.properties=archaius", "d.env", "e.json", "f.lines"];
    let flags: Vec<_> = outputs.iter().flat_map(|output| ["--output", output]).collect();
    let _sidecar = run_until(&cluster, "f.lines", &flags);
    let list = urls(&[1, 2]).join(",");
    let text = |name: &str| read(cluster.volume().join(name));

    let properties = java_properties::read(text("a.properties").as_bytes()).expect("properties");
    assert_eq!(properties[KEY], list);
    assert_eq!(properties["eureka.client.service-url.eureka-peers-generation"], "0");
    let yaml: Value = serde_yaml::from_str(&text("b.yaml")).expect("YAML");
    assert_eq!(yaml[KEY], list);
    let archaius = java_properties::read(text("c.properties").as_bytes()).expect("properties");
    let both = [&archaius["eureka.serviceUrl.defaultZone"], &archaius["eureka.serviceUrl.default"]];
    assert_eq!(both, [&list, &list]);
    let quoted = list.as_str();
    assert_eq!(text("d.env"), format!("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE='{quoted}'\n"));
    let document: Value = serde_json::from_str(&text("e.json")).expect("JSON");
    assert_eq!(document["serviceUrls"], json!(urls(&[1, 2])));
    assert_eq!(document["zone"], "defaultZone");
    assert_eq!(text("f.lines"), format!("{}\n{}\n", url(1), url(2)));
}

#[test]
fn a_configtree_is_alone_in_its_directory() {
    let cluster = Cluster::of(&[0, 1]);
    let outcome = cluster.once("run", &["--output", "x=configtree", "--output", "y.json"]).expect(78);
    assert!(outcome.stderr.contains("a directory of its own"), "{outcome:#?}");
    let _sidecar = run_until(&cluster, KEY, &["--output", "x=configtree"]);
    assert_eq!(read(cluster.volume().join(KEY)).trim_end(), url(1));
    let names = fs::read_dir(cluster.volume()).expect("readable");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let visible: Vec<_> = names.filter(|name| !name.starts_with("..")).collect();
    assert!(visible.iter().all(|name| name.starts_with("eureka.client.service-url.")), "{visible:?}");
}

#[test]
fn files_of_a_generation_change_together() {
    let cluster = Cluster::of(&[0, 1]);
    let flags = ["--output", "a.lines", "--output", "b.json"];
    let _sidecar = run_until(&cluster, "b.json", &flags);
    // As a careful reader does: all files of one generation, and again where that is gone meanwhile.
    let pair = || -> Option<(Vec<String>, Value)> {
        let generation = cluster.volume().join(fs::read_link(cluster.volume().join("..data")).ok()?);
        let lines = fs::read_to_string(generation.join("a.lines")).ok()?;
        let json = fs::read_to_string(generation.join("b.json")).ok()?;
        Some((lines.lines().map(str::to_owned).collect(), serde_json::from_str(&json).expect("whole JSON")))
    };
    let mut seen = BTreeMap::new();
    for pods in [&[0, 1, 2][..], &[0, 1, 2, 3], &[0, 1, 2, 3, 4]] {
        cluster.set_pods(pods);
        let wanted = urls(&pods[1..]);
        loop {
            let Some((lines, json)) = pair() else { continue };
            assert_eq!(json["serviceUrls"], json!(lines), "one generation");
            *seen.entry(lines.len()).or_insert(0) += 1;
            if lines == wanted {
                break;
            }
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn plain_files_are_renamed_into_place() {
    let cluster = Cluster::of(&[0, 1]);
    let flags = ["--layout", "plain", "--output", "peers.properties", "--output", "peers.json"];
    let sidecar = cluster.run_until_listed(&[1], &flags);
    let metadata = fs::symlink_metadata(cluster.file()).expect("there");
    assert!(metadata.is_file(), "a file and no link");
    assert!(!cluster.volume().join("..data").exists());
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
    let json = || read(cluster.volume().join("peers.json"));
    let says = |text: &str| {
        serde_json::from_str::<Value>(text).expect("JSON")["serviceUrls"] == json!(urls(&[1, 2]))
    };
    wait_until("both files", || says(&json()), json);
    drop(sidecar);
    cluster.set_mode(crate::dns_server::Mode::ServFail);
    let sidecar = cluster.run(&[&flags[..], &["--start-deadline", "0s"]].concat());
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(cluster.listed(), urls(&[1, 2]), "the saved state's");
}

#[test]
fn modes_are_exact_whatever_the_umask() {
    for (flags, mode) in [(&[][..], 0o644), (&["--file-mode", "0604"][..], 0o604)] {
        let cluster = Cluster::of(&[0, 1]);
        let program = cluster.command("init", flags);
        let mut command = std::process::Command::new("sh");
        command.env_clear().args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(program.get_program());
        command.args(program.get_args()).env("POD_NAME", "eureka-0");
        crate::once::Outcome::of(command).expect(0);
        let metadata = fs::metadata(cluster.file()).expect("there");
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
        let generation = fs::metadata(cluster.volume().join("..data")).expect("there");
        assert_eq!(generation.permissions().mode() & 0o777, 0o755, "everybody may enter");
    }
}

#[test]
fn the_same_answer_writes_nothing() {
    let cluster = Cluster::of(&[0, 1, 2, 3, 4]);
    let sidecar = cluster.run_until_listed(&[1, 2, 3, 4], &[]);
    let generation = fs::read_link(cluster.volume().join("..data")).expect("a link");
    // DNS shuffles its records with each answer.
    for _ in 0..3 {
        sidecar.until_asked_again();
    }
    assert_eq!(fs::read_link(cluster.volume().join("..data")).expect("a link"), generation);
    assert_eq!(sidecar.logged("published").len(), 1);
}

#[test]
fn a_name_that_is_no_longer_published_is_gone() {
    let cluster = Cluster::of(&[0, 1]);
    run_until(&cluster, "old.json", &["--output", "old.json"]).kill();
    let _sidecar = run_until(&cluster, "new.json", &["--output", "new.json"]);
    assert!(!cluster.volume().join("old.json").exists());
}
