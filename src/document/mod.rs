//! A listing becomes bytes: one file a format, each with its own escaping rules.
//!
//! Pure: no IO, no clock. Must never yield a document without its key or with a blank value, and
//! must never print a secret: those appear in [`File::bytes`] and [`Document::value`] alone.
//!
//! A new format is one file here, which says everything of it, and its variant of [`Format`].

mod archaius;
mod configtree;
mod env;
mod file;
mod format;
mod json;
mod lines;
mod output;
mod properties_text;
mod spring_entries;
mod spring_properties;
mod spring_yaml;
#[cfg(test)]
mod tests;
mod user_info;
mod whole;

pub use env::LINE_MAX as ENV_LINE_MAX;
pub use file::{File, FileName, FileNameError};
pub use format::Format;
pub use output::{OutputFile, UserInfoSource};
pub use user_info::{UserInfo, UserInfoError};

use crate::model::{Listing, ServiceUrl, Zone};

use format::Files;

/// Everything that a document says, whatever its format.
///
/// Every format carries the same URLs, user-info included where there is one; anyone who writes a
/// secret into a file gives that file a mode that fits.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The URLs and the generation.
    pub listing: &'a Listing,
    /// The zone under which the URLs stand.
    pub zone: &'a Zone,
    /// What stands before the host of each URL, the sink excepted.
    pub user_info: Option<&'a UserInfo>,
}

/// Why a document cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The server would take the placeholders for the credentials.
    #[error(
        "Spring resolves no placeholders in a configtree; \
         use --user-info-file, or the format spring-properties"
    )]
    PlaceholdersInConfigtree,
    /// The kubelet would refuse the env file, and with it the pod.
    #[error(
        "the line is {bytes} bytes long and the kubelet's env-file parser reads {max}; \
         list fewer peers or use another format",
        max = ENV_LINE_MAX
    )]
    EnvLineTooLong {
        /// Length of the line with its end.
        bytes: usize,
    },
}

/// The files of one output, as [`Document::render`] calls them; the list stands in the first.
pub fn file_names(format: Format, name: &FileName, zone: &Zone) -> Vec<FileName> {
    match format.rules().files {
        Files::One(_) => vec![name.clone()],
        Files::OneAProperty { names, .. } => names(zone),
    }
}

/// Whether `files`, found under the names of one output, are a whole document: the zone's list is there,
/// names a URL at least and none that is not permitted, and is not cut off. Who wrote it is not asked.
pub fn is_whole(format: Format, zone: &Zone, files: &[File], permits: impl Fn(&ServiceUrl) -> bool) -> bool {
    let text = files.first().and_then(|file| std::str::from_utf8(file.bytes()).ok());
    text.is_some_and(|text| whole::is_whole(format, zone, text, &permits))
}

impl Document<'_> {
    /// The bytes of one output: one file called `name`, or for [`Format::Configtree`] one file a
    /// property, whose names are the properties' own.
    pub fn render(&self, format: Format, name: &FileName) -> Result<Vec<File>, DocumentError> {
        match format.rules().files {
            Files::One(render) => Ok(vec![File::new(name.clone(), render(self)?.into_bytes())]),
            Files::OneAProperty { render, .. } => render(self),
        }
    }

    /// The property's value: URLs sorted, joined by one comma, the sink last. May hold a secret.
    pub fn value(&self) -> String {
        self.urls().collect::<Vec<_>>().join(",")
    }

    /// The URLs in their order; the sink comes last and has no user-info: it asks for none.
    fn urls(&self) -> impl Iterator<Item = String> {
        let peers = self.listing.urls().map(|url| self.with_user_info(url));
        peers.chain(self.listing.sink().map(ToString::to_string))
    }

    fn with_user_info(&self, url: &ServiceUrl) -> String {
        match self.user_info {
            None => url.to_string(),
            Some(user_info) => format!(
                "{}://{}@{}:{}{}",
                url.scheme(),
                user_info.as_written(),
                url.host(),
                url.port(),
                url.path()
            ),
        }
    }
}
