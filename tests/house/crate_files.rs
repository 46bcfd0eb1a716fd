//! What `cargo package` would pack: the program, and nothing that only this project's own checks need.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Beside `src/`.
const FILES: [&str; 7] = [
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE",
    "README.md",
];

fn listed() -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["package", "--list", "--allow-dirty", "--offline"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn a_crate_has_the_program_alone() {
    let listed = listed();
    // Without a checkout there is no commit to name.
    let others: BTreeSet<&str> =
        listed.iter().map(String::as_str).filter(|path| !path.starts_with("src/")).collect();
    let foreign: Vec<&&str> = others.iter().filter(|path| !FILES.contains(path)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    for file in [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "src/main.rs",
        "src/lib.rs",
        "src/admin/page.css",
    ] {
        assert!(listed.contains(file), "{file} is missing");
    }
    for file in &listed {
        let is_there = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists();
        assert!(is_there || FILES.contains(&file.as_str()), "{file} is made up");
    }
}
