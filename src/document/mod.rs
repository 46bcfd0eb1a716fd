//! A listing becomes bytes: one file a format, each with its own escaping rules.

/// What is in an output file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `eureka.client.service-url.<zone>=…` for Spring's `spring.config.import`.
    SpringProperties,
    /// The same as YAML.
    SpringYaml,
    /// `eureka.serviceUrl.default=…` for the Netflix server's Archaius.
    Archaius,
    /// A directory whose file names are property names.
    Configtree,
    /// `NAME='value'` lines for the kubelet's env files.
    Env,
    /// For programs.
    Json,
    /// One URL a line.
    Lines,
}
