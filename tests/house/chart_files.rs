//! The chart has copies of what the component `monitoring` has, since it is copied and packed alone. No file of the
//! project is a link: a checkout on Windows has a text in its place.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test house chart_files` makes the copies anew.

use std::fs;
use std::path::{Path, PathBuf};

const FILES: [&str; 3] = ["eureka-peers.json", "pod-monitor.yaml", "prometheus-rule.yaml"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_charts_files_are_the_components() {
    let copies = root().join("charts/eureka-peers/files");
    for name in FILES {
        let wanted = fs::read(root().join("manifests/components/monitoring").join(name)).expect("a file");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(copies.join(name), &wanted).expect("the sources are writable");
        }
        let is_same = fs::read(copies.join(name)).expect("a file") == wanted;
        assert!(is_same, "{name} of the chart is not the component's; run with UPDATE_SNAPSHOTS=1");
    }
    assert_eq!(fs::read_dir(copies).expect("a folder").count(), FILES.len(), "a file that nobody compares");
}

#[test]
fn no_file_is_a_link() {
    let mut links = vec![];
    find(&root(), &mut links);
    assert!(links.is_empty(), "{links:?}");
}

fn find(directory: &Path, links: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a folder of the project") {
        let entry = entry.expect("a folder of the project");
        let kind = entry.file_type().expect("it is there");
        let name = entry.file_name();
        if kind.is_symlink() {
            links.push(entry.path());
        } else if kind.is_dir() && name != "target" && name != ".git" {
            find(&entry.path(), links);
        }
    }
}
