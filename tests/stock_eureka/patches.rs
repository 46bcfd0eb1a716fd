//! Every patch of Spring Cloud since Hoxton whose server Maven Central has: `data/patches.txt`.
//!
//! They are there for one question alone, whether the documented block to the letter lets the server
//! start and follow a list. Must never be edited by hand: `maven.rs` writes the file.
//!
//! The Boot of a release is the one that its `spring-cloud-netflix` was built with; a release on which
//! other scenarios run too keeps the Boot that it has there.

use std::fs;
use std::sync::LazyLock;

use crate::release::{Import, Kind, RELEASES, Release, Spring};

pub(crate) const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stock_eureka/data/patches.txt");

/// Stands for the Boot of a release whose server Maven Central does not have.
pub(crate) const NO_SERVER: &str = "-";

/// They do not start without `SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES`: always in the sample.
const CYCLIC: [&str; 3] = ["2022.0.5", "2023.0.0", "2024.0.0"];

/// What older code, `XStream`'s before all, wants of a JVM with modules.
const OPENED: [&str; 5] = [
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.text=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.desktop/java.awt.font=ALL-UNNAMED",
];

static LISTED: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let text = fs::read_to_string(FILE).unwrap_or_else(|error| panic!("{FILE}: {error}"));
    // Read once by a process, and named by its trials to its end.
    let lines = text.leak().lines().filter(|line| !line.starts_with('#'));
    lines.map(Listed::read).collect()
});

/// A release that Maven Central lists.
pub(crate) struct Listed {
    pub(crate) name: &'static str,
    /// The Boot that it runs with here; none where Maven Central does not have its server.
    pub(crate) boot: Option<&'static str>,
    /// The same as a release under test, where it is none of [`RELEASES`].
    patch: Option<Release>,
}

impl Listed {
    fn read(line: &'static str) -> Self {
        let (name, boot) = line.split_once(' ').unwrap_or_else(|| panic!("{FILE}: {line}"));
        if boot == NO_SERVER {
            return Self { name, boot: None, patch: None };
        }
        let known = RELEASES.iter().find(|release| release.name == name);
        match known.map(|release| release.kind) {
            Some(Kind::Spring(spring)) => Self { name, boot: Some(spring.boot), patch: None },
            Some(Kind::War { .. }) | None => {
                Self { name, boot: Some(boot), patch: Some(Release { name, kind: kind(name, boot) }) }
            }
        }
    }

    /// `2021.0` of `2021.0.9`, `Hoxton` of `Hoxton.SR12`.
    fn line(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(line, _)| line)
    }
}

/// Everything that Maven Central lists, the oldest first.
pub(crate) fn listed() -> &'static [Listed] {
    &LISTED
}

/// Those that are none of [`RELEASES`].
pub(crate) fn others() -> impl Iterator<Item = &'static Release> {
    LISTED.iter().filter_map(|listed| listed.patch.as_ref())
}

/// Whether a release is the last one of its line, or one of those that needed a cure.
pub(crate) fn is_sampled(release: &Release) -> bool {
    let with_server = || LISTED.iter().filter(|listed| listed.boot.is_some());
    let Some(listed) = with_server().find(|listed| listed.name == release.name) else { return false };
    let last = with_server().rfind(|other| other.line() == listed.line());
    CYCLIC.contains(&listed.name) || last.is_some_and(|last| last.name == listed.name)
}

fn kind(cloud: &'static str, boot: &'static str) -> Kind {
    let (major, minor) = version_of(boot);
    let import = if (major, minor) < (2, 4) { Import::AdditionalLocation } else { Import::Config };
    let java = if major < 3 { "8" } else { "17" };
    let jvm_options = if (major, minor) < (2, 6) { OPENED.as_slice() } else { &[] };
    Kind::Spring(Spring { cloud, boot, import, java, jvm_options })
}

fn version_of(boot: &str) -> (u32, u32) {
    let mut parts = boot.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("{FILE}: {boot}")));
    let (Some(major), Some(minor)) = (parts.next(), parts.next()) else { panic!("{FILE}: {boot}") };
    (major, minor)
}
