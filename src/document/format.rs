//! The formats: what each says of itself in its own file, and the one list of them.

use super::{Document, DocumentError, File, FileName};
use crate::model::Zone;

/// Says whether a text is a URL that may stand in a list.
pub(super) type IsUrl<'a> = &'a dyn Fn(&str) -> bool;

/// All that there is to say of a format.
pub(super) struct FormatRules {
    /// What operators write for it.
    pub(super) word: &'static str,
    /// What the names of its files end in, in lower case: a file called so needs no word.
    pub(super) extensions: &'static [&'static str],
    /// How its files come to be.
    pub(super) files: Files,
    /// Whether a text gives the zone a list that is not blank and not cut off. The text is that of its first
    /// file, and ends with a newline where ours does.
    pub(super) is_whole: fn(&Zone, &str, IsUrl<'_>) -> bool,
}

/// How the files of a format come to be.
pub(super) enum Files {
    /// One, under the name that the operator gives it; this is its text, which ends with one newline.
    One(fn(&Document<'_>) -> Result<String, DocumentError>),
    /// One a property, under the properties' own names, without a newline; the list is in the first.
    OneAProperty {
        /// What they are called.
        names: fn(&Zone) -> Vec<FileName>,
        /// They themselves, in the same order.
        render: fn(&Document<'_>) -> Result<Vec<File>, DocumentError>,
    },
}

/// Makes of the rows the formats and everything that is asked of all of them.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident: $rules:expr;)*) => {
        /// What is in an output file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format { $($(#[$doc])* $format,)* }

        impl Format {
            /// Each format under the word that operators write for it, in the order of the help.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($rules.word, Self::$format),)*];

            /// What its file says of it.
            pub(super) const fn rules(self) -> &'static FormatRules {
                match self { $(Self::$format => &$rules,)* }
            }
        }
    };
}

formats! {
    /// `eureka.client.service-url.<zone>=…` for Spring's `spring.config.import`.
    SpringProperties: super::spring_properties::FORMAT;
    /// The same as YAML.
    SpringYaml: super::spring_yaml::FORMAT;
    /// `eureka.serviceUrl.default=…` for the Netflix server's Archaius.
    Archaius: super::archaius::FORMAT;
    /// A directory whose file names are property names.
    Configtree: super::configtree::FORMAT;
    /// `NAME='value'` lines for the kubelet's env files.
    Env: super::env::FORMAT;
    /// For programs.
    Json: super::json::FORMAT;
    /// One URL a line.
    Lines: super::lines::FORMAT;
}

impl Format {
    /// Every format, in the order of the help.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::WORDS.iter().map(|(_, format)| *format)
    }

    /// The format that readers expect of a file with this extension, whatever its case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        Self::all().find(|format| format.rules().extensions.contains(&extension.as_str()))
    }

    /// What operators write for it.
    pub(super) fn word(self) -> &'static str {
        self.rules().word
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_and_extensions_are_those_of_one_format_each() {
        let mut seen = BTreeSet::new();
        for format in Format::all() {
            assert!(seen.insert(format.word()), "{format:?} has the word of another");
        }
        let mut seen = BTreeSet::new();
        for (format, extension) in
            Format::all().flat_map(|format| format.rules().extensions.iter().map(move |e| (format, *e)))
        {
            assert!(seen.insert(extension), ".{extension} is that of two formats");
            assert_eq!(Format::of_extension(&extension.to_uppercase()), Some(format), ".{extension}");
        }
        assert_eq!(Format::of_extension(""), None);
    }
}
