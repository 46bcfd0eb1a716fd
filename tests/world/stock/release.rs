//! The releases under test: what each consists of, and where it serves.
//!
//! Never a change to a server: only what its own documentation lets an operator say.

#[derive(Debug)]
pub(crate) struct Release {
    /// The first half of a trial's name, and of the directory that holds the build.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Spring(Spring),
    /// The Netflix WAR in a servlet container.
    War {
        eureka: &'static str,
        /// `org.eclipse.jetty:jetty-runner`, 9.4: the last one with javax names.
        jetty: &'static str,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Spring {
    pub(crate) cloud: &'static str,
    /// The Spring Boot it goes with.
    pub(crate) boot: &'static str,
    pub(crate) import: Import,
    /// The newest class files that it reads, by their Java release.
    pub(crate) java: &'static str,
    /// What it needs on a JVM that is younger than itself.
    pub(crate) jvm_options: &'static [&'static str],
}

/// How a Spring Boot application reads the peer list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Import {
    /// `spring.config.import`, Boot 2.4 and newer.
    Config,
    /// `spring.config.additional-location`, older ones.
    AdditionalLocation,
}

/// The release on which every scenario runs; the others run those that a release can change.
pub(crate) const REFERENCE: &str = "2025.0.1";

pub(crate) static RELEASES: [Release; 6] = [
    spring("2025.0.1", "3.5.9"),
    spring("2021.0.9", "2.7.18"),
    spring("2025.1.1", "4.0.3"),
    spring("2025.1.2", "4.0.7"),
    Release {
        name: "Hoxton.SR12",
        kind: Kind::Spring(Spring {
            cloud: "Hoxton.SR12",
            boot: "2.3.12.RELEASE",
            import: Import::AdditionalLocation,
            java: "8",
            jvm_options: &[
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
            ],
        }),
    },
    Release { name: "war-1.10.1", kind: Kind::War { eureka: "1.10.1", jetty: "9.4.58.v20250814" } },
];

const fn spring(cloud: &'static str, boot: &'static str) -> Release {
    let kind = Kind::Spring(Spring { cloud, boot, import: Import::Config, java: "17", jvm_options: &[] });
    Release { name: cloud, kind }
}

impl Release {
    /// Where it serves its registry.
    pub(crate) fn port(&self) -> u16 {
        match self.kind {
            Kind::Spring(_) => 8761,
            Kind::War { .. } => 8080,
        }
    }

    /// What its registry's paths, and its peers' URLs, begin with.
    pub(crate) fn context_path(&self) -> &'static str {
        match self.kind {
            Kind::Spring(_) => "/eureka/",
            Kind::War { .. } => "/eureka/v2/",
        }
    }

    pub(crate) fn file_name(&self) -> &'static str {
        match self.kind {
            Kind::Spring(Spring { import: Import::AdditionalLocation, .. }) => "application.properties",
            Kind::Spring(_) | Kind::War { .. } => "peers.properties",
        }
    }

    /// Its files in `docs/environment/` begin with this.
    pub(crate) fn environment(&self) -> &'static str {
        match self.kind {
            Kind::Spring(Spring { import: Import::Config, .. }) => "spring",
            Kind::Spring(Spring { import: Import::AdditionalLocation, .. }) => "spring-legacy",
            Kind::War { .. } => "war",
        }
    }

    /// Whether it takes a list over only when told.
    pub(crate) fn is_refreshed(&self) -> bool {
        matches!(self.kind, Kind::Spring(_))
    }
}
