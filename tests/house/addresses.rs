//! Addresses of a release: `release.env` alone holds them, and `.ci/addresses` brings them to chart and pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::tool::{project, text_of};

const IMAGE: &str = "registry.test/team/eureka-peers";
const REPOSITORY: &str = "https://sources.test/team/eureka-peers";

/// A copy of all that the command may change.
fn copy() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("addresses");
    drop(fs::remove_dir_all(&place));
    fs::create_dir_all(&place).expect("the target directory can be written");
    let parts = ["release.env", ".ci", "charts", "manifests", "docs", "README.md", "Cargo.toml"];
    let status = Command::new("cp").arg("-r").args(parts).arg(&place).current_dir(project()).status();
    assert!(status.expect("cp can be run").success());
    place
}

#[test]
fn a_release_says_them_once() {
    let place = copy();
    let read = |path: &str| fs::read_to_string(place.join(path)).expect("a file");
    let run = || {
        let mut command = Command::new(place.join(".ci/addresses"));
        let status = command.env("IMAGE", IMAGE).env("REPOSITORY", REPOSITORY).status();
        assert!(status.expect("the command can be run").success());
    };
    let names = ["README.md", "docs/migration/from-a-static-list.md", "docs/migration/charts-of-others.md"];
    for name in names {
        assert!(read(name).contains("newName: registry.example.com/eureka-peers"), "{name}");
    }
    run();
    assert!(read("release.env").contains(&format!("\nIMAGE={IMAGE}\n")), "{}", read("release.env"));
    assert!(read("release.env").contains(&format!("\nREPOSITORY={REPOSITORY}\n")), "{}", read("release.env"));
    assert!(read("charts/eureka-peers/values.yaml").contains(&format!("repository: {IMAGE}\n")));
    let chart = read("charts/eureka-peers/Chart.yaml");
    assert!(chart.contains(&format!("home: {REPOSITORY}\nsources: [{REPOSITORY}]\n")), "{chart}");
    let cargo = read("Cargo.toml");
    assert!(
        cargo.contains(&format!("\nrepository = \"{REPOSITORY}\"\nhomepage = \"{REPOSITORY}\"\n")),
        "{cargo}"
    );
    for name in names {
        assert!(read(name).contains(&format!("newName: {IMAGE},")), "{name}");
        assert!(!read(name).contains("registry.example.com/eureka-peers"), "{name}");
    }
    // The operator's own server stays what it is.
    assert!(read("README.md").contains("registry.example.com/eureka-server"));
}

/// Nothing is released yet: whoever sets the first address has the command bring it everywhere.
#[test]
fn what_is_not_released_has_no_address() {
    let addresses = text_of("release.env");
    let image = addresses.lines().find_map(|line| line.strip_prefix("IMAGE=")).expect("a line");
    let wanted = if image.is_empty() { "eureka-peers" } else { image };
    let values = text_of("charts/eureka-peers/values.yaml");
    assert!(
        values.contains(&format!("  image:\n    repository: {wanted}\n")),
        "{wanted} is not the chart's image"
    );
}
