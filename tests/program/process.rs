//! The process among what its surroundings give it: descriptors, file sizes, children of others, mounts.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::cluster::{Cluster, urls};
use crate::machine::around;
use crate::namespaces::unshare_for;
use crate::once::Outcome;
use crate::sidecar::Sidecar;

/// The program, by way of a shell that does something first and then becomes it.
pub(crate) fn after(first: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{first}\nexec \"$@\""), "sh"]);
    around(shell, command)
}

#[test]
fn too_few_descriptors_to_answer_a_probe_end_the_start() {
    let cluster = Cluster::of(&[0, 1]);
    for subcommand in ["run", "init"] {
        let command = after("ulimit -n 24", &cluster.command(subcommand, &[]));
        let outcome = Outcome::of(command).expect(1);
        let said = outcome.said().join("\n");
        assert!(said.contains("cannot start: 24 open files are allowed, and "), "{said}");
        assert!(said.contains("raise the limit"), "{said}");
    }
    assert!(cluster.listed().is_empty());
}

/// The soft limit alone is ours to raise.
#[test]
fn a_low_soft_limit_of_descriptors_is_raised() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = Sidecar::start(&cluster, after("ulimit -S -n 24", &cluster.command("run", &[])));
    sidecar.until_listed(&[1]);
    sidecar.until_started();
}

/// The kernel's signal for it would end the process, and its pod would leave DNS.
#[test]
fn a_limit_of_a_files_size_is_a_condition_and_not_the_end() {
    let cluster = Cluster::of(&[0, 1]);
    // In blocks of 512 bytes, or of 1,024: two pods fit into one, forty into none.
    let mut sidecar = Sidecar::start(&cluster, after("ulimit -f 1", &cluster.command("run", &[])));
    sidecar.until_listed(&[1]);
    let many: Vec<u8> = (0..40).collect();
    cluster.set_pods(&many);
    sidecar.until_condition("not_published");
    let conditions = &sidecar.status()["conditions"];
    let is_it = |condition: &&Value| condition["kind"] == "not_published";
    let condition = conditions.as_array().and_then(|all| all.iter().find(is_it)).expect("as seen").clone();
    assert_eq!(condition["facts"]["reason"], "file_size_limit", "{condition:#}");
    assert!(condition["cure"].as_str().is_some_and(|cure| cure.contains("ulimit -f")), "{condition:#}");
    assert!(sidecar.is_running());
    assert_eq!((sidecar.get("/livez").status, sidecar.get("/readyz").status), (200, 200));
    assert_eq!(cluster.listed(), urls(&[1]), "as it was");
}

/// As process 1 of a container it is given the orphans of others. A child from before its `exec` is one that
/// it has not made either.
#[test]
fn children_that_others_made_are_buried() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = Sidecar::start(&cluster, after("/bin/sleep 1 &", &cluster.command("run", &[])));
    sidecar.until_listed(&[1]);
    let own = sidecar.pid().as_raw_nonzero();
    let children = || fs::read_to_string(format!("/proc/{own}/task/{own}/children")).expect("it runs");
    sidecar.until("no child is left, dead or alive", |_| children().trim().is_empty());
}

/// A ConfigMap's file that is mounted by `subPath` stays as it was when the container started.
#[test]
fn a_settings_file_that_is_mounted_by_itself_is_said() {
    let probe = ["mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    let Some(namespace) = unshare_for(&["--mount"], &probe) else { return };
    drop(namespace);
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("freeze: false\n");
    let source = cluster.directory().join("source.yaml");
    fs::copy(&config, &source).expect("copied");
    let config = config.to_str().expect("text");
    let mounted = |command: &Command| {
        let bind = format!("/bin/mount --bind {} {config} || exit 99", source.display());
        let shell = after(&bind, command);
        around(unshare_for(&["--mount"], &probe).expect("as before"), &shell)
    };
    let told = format!("config: {config} is mounted by itself (a single file or `subPath`)");
    let checked = cluster.command("check", &["--config", config, "-o", "json"]);
    let findings = Outcome::of(mounted(&checked)).json()["findings"].clone();
    let is_told = |finding: &Value| finding["what"].as_str().is_some_and(|what| what.starts_with(&told));
    let warning = findings.as_array().and_then(|all| all.iter().find(|finding| is_told(finding)));
    assert_eq!(warning.expect("it is said")["severity"], "warning", "{findings:#}");
    let unmounted = Outcome::of(checked).json()["findings"].clone();
    assert!(!unmounted.as_array().expect("findings").iter().any(is_told), "{unmounted:#}");

    let sidecar = Sidecar::start(&cluster, mounted(&cluster.command("run", &["--config", config])));
    sidecar.until_listed(&[1]);
    let warnings = sidecar.status()["settings"]["warnings"].clone();
    let is_shown = |warning: &Value| warning.as_str().is_some_and(|warning| warning.starts_with(&told));
    assert!(warnings.as_array().is_some_and(|all| all.iter().any(is_shown)), "{warnings:#}");
}
