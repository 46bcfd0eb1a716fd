//! What an operator says of an output: its file and format, and whose credentials stand in it.

use std::fmt;
use std::path::PathBuf;

use super::{FileName, UserInfo};

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

impl Format {
    /// Each format under the word that operators write for it.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("spring-properties", Self::SpringProperties),
        ("spring-yaml", Self::SpringYaml),
        ("archaius", Self::Archaius),
        ("configtree", Self::Configtree),
        ("env", Self::Env),
        ("json", Self::Json),
        ("lines", Self::Lines),
    ];

    /// The format that readers expect of a file with this extension, whatever its case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "properties" => Some(Self::SpringProperties),
            "yaml" | "yml" => Some(Self::SpringYaml),
            "env" => Some(Self::Env),
            "json" => Some(Self::Json),
            "txt" | "lines" => Some(Self::Lines),
            _ => None,
        }
    }

    /// Its word.
    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, format)| *format == self);
        found.expect("every format has a word, which a test proves").0
    }
}

/// One output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its name in the directory.
    pub name: FileName,
    /// What is in it.
    pub format: Format,
}

impl fmt::Display for OutputFile {
    /// As an operator would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.format.word())
    }
}

/// Where the credentials in front of each peer's host come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserInfoSource {
    /// There are none.
    None,
    /// `${NAME}:${NAME}`, resolved by the server itself.
    Placeholders(UserInfo),
    /// A file that holds `user:password`, read again at each use.
    File(PathBuf),
}
