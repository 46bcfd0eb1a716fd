//! `.ci/package`: what an archive and a Debian package have, and what is left when the package goes.
//!
//! The binary in them is a script that calls the real one, which is large before it is stripped.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::cluster::bare_command;
use crate::machine;
use crate::once::Outcome;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const IN_THE_ARCHIVE: [&str; 10] = [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "completions/_eureka-peers",
    "completions/eureka-peers.bash",
    "completions/eureka-peers.fish",
    "eureka-peers",
    "eureka-peers.1",
    "systemd/eureka-peers.service",
    "systemd/eureka-peers.yaml",
];
const INSTALLED: [&str; 10] = [
    "etc/eureka-peers/eureka-peers.yaml",
    "usr/bin/eureka-peers",
    "usr/lib/systemd/system/eureka-peers.service",
    "usr/share/bash-completion/completions/eureka-peers",
    "usr/share/doc/eureka-peers/README.md",
    "usr/share/doc/eureka-peers/changelog.gz",
    "usr/share/doc/eureka-peers/copyright",
    "usr/share/fish/vendor_completions.d/eureka-peers.fish",
    "usr/share/man/man1/eureka-peers.1.gz",
    "usr/share/zsh/vendor-completions/_eureka-peers",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether this program is installed; in CI it must be.
fn is_there(name: &str) -> bool {
    let found = machine::find_program(name).is_some();
    assert!(found || !machine::is_ci(), "{name} is missing");
    if !found {
        println!("not tried: {name} is not installed");
    }
    found
}

/// Both packages, in a directory of their own.
fn packed() -> TempDir {
    let place = tempfile::tempdir().expect("a directory");
    let binary = place.path().join("eureka-peers");
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_eureka-peers"));
    fs::write(&binary, script).expect("written");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("ours");
    let mut command = Command::new(root().join(".ci/package"));
    command.arg(place.path()).env("SOURCE_DATE_EPOCH", "1000000000");
    Outcome::of(command).expect(0);
    place
}

/// The one file of this kind.
fn made(place: &TempDir, ending: &str) -> PathBuf {
    let mut found = machine::names_in(place.path()).into_iter().filter(|name| name.ends_with(ending));
    let (Some(name), None) = (found.next(), found.next()) else { panic!("not one {ending}") };
    assert!(name.contains(VERSION), "{name}");
    place.path().join(name)
}

/// Files below a directory, by path.
fn files(directory: &Path) -> Vec<String> {
    let mut command = Command::new("find");
    command.current_dir(directory).args([".", "-type", "f", "-not", "-path", "./var/*", "-printf", "%P\n"]);
    let mut files: Vec<String> = Outcome::of(command).expect(0).stdout.lines().map(str::to_owned).collect();
    files.sort();
    files
}

#[test]
fn the_archive_has_manual_completions_licence_and_unit() {
    if !is_there("dpkg-deb") {
        return;
    }
    let (place, again) = (packed(), packed());
    for ending in [".tar.gz", ".deb"] {
        let is_same =
            fs::read(made(&place, ending)).expect("made") == fs::read(made(&again, ending)).expect("made");
        assert!(is_same, "{ending}: the same binary gives other bytes");
    }
    let unpacked = tempfile::tempdir().expect("a directory");
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(made(&place, ".tar.gz")).args(["--strip-components=1", "-C"]).arg(unpacked.path());
    Outcome::of(tar).expect(0);
    assert_eq!(files(unpacked.path()), IN_THE_ARCHIVE);
    let manual = fs::read_to_string(unpacked.path().join("eureka-peers.1")).expect("there");
    assert!(manual.contains(".TH eureka-peers 1"), "{manual:.200}");
}

/// dpkg, in a root where nothing is installed.
fn dpkg(clean: &Path, arguments: &[&str]) {
    let mut command = Command::new("dpkg");
    command.arg(format!("--root={}", clean.display()));
    command.args(["--force-script-chrootless", "--force-not-root", "--force-confold", "--log=/dev/null"]);
    Outcome::of({
        command.args(arguments);
        command
    })
    .expect(0);
}

#[test]
fn the_package_is_installed_and_goes_without_a_trace() {
    if !is_there("dpkg") {
        return;
    }
    let (place, clean) = (packed(), tempfile::tempdir().expect("a directory"));
    let clean = clean.path();
    fs::create_dir_all(clean.join("var/lib/dpkg/updates")).expect("made");
    fs::create_dir_all(clean.join("var/lib/dpkg/info")).expect("made");
    fs::write(clean.join("var/lib/dpkg/status"), "").expect("written");
    let package = made(&place, ".deb").display().to_string();
    dpkg(clean, &["--install", &package]);
    assert_eq!(files(clean), INSTALLED);
    let settings = clean.join(INSTALLED[0]);
    fs::write(&settings, "service: [mine]\n").expect("written");
    dpkg(clean, &["--install", &package]);
    assert_eq!(
        fs::read_to_string(&settings).expect("there"),
        "service: [mine]\n",
        "an upgrade took the settings"
    );
    dpkg(clean, &["--remove", "eureka-peers"]);
    assert_eq!(files(clean), INSTALLED[..1], "only the settings stay");
    dpkg(clean, &["--purge", "eureka-peers"]);
    assert!(files(clean).is_empty(), "{:?}", files(clean));
}

/// Everything in the file of settings, said as it would be: only what is wrong on purpose is wrong.
#[test]
fn its_settings_are_those_of_the_program() {
    let text = fs::read_to_string(root().join("packages/eureka-peers.yaml")).expect("a file");
    let place = tempfile::tempdir().expect("a directory");
    let faults = |text: &str| {
        let file = place.path().join("settings.yaml");
        fs::write(&file, text).expect("written");
        let mut command = bare_command();
        command.args(["run", "--output-dir", "/run/eureka-peers", "--interval", "0s", "--config"]).arg(&file);
        Outcome::of(command).expect(78).stderr
    };
    let as_it_is = faults(&text);
    assert!(as_it_is.contains("service") && as_it_is.contains("--interval"), "{as_it_is}");
    let is_setting = |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(' '));
    let said = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(setting) if is_setting(setting) => setting,
        _ => line,
    });
    let said: String = said.flat_map(|line| [line, "\n"]).collect();
    assert!(said.contains("\nservice: [") && said.contains("\nactuator-url: "), "{said}");
    let filled_in = faults(&said);
    assert!(filled_in.contains("--interval") && !filled_in.contains("settings.yaml"), "{filled_in}");
}

/// As `systemd-analyze security` weighs it: 10 is a service that may do everything, and above 2 something was let go.
#[test]
fn its_service_may_do_little() {
    if !is_there("systemd-analyze") {
        return;
    }
    let unit = root().join("packages/eureka-peers.service");
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold=20"]).arg(&unit);
    Outcome::of(command).expect(0);
    let text = fs::read_to_string(unit).expect("a file");
    let line =
        text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/")).expect("it starts something");
    assert!(eureka_peers::cli::parse(line.split(' ').map(Into::into)).is_ok(), "{line}");
}
