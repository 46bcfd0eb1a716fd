//! A directory for Spring's `configtree:`: file name = property name, content = value.
//!
//! Its values are not strings to Spring (`ConfigTreePropertySource.PropertyFileContent`), and
//! `PropertySourcesPlaceholdersResolver` looks into strings only: placeholders stay as they are.

use super::format::{Files, FormatRules};
use super::whole::lists_urls;
use super::{Document, DocumentError, File, FileName, UserInfo, spring_entries};
use crate::model::Zone;

pub(super) const FORMAT: FormatRules = FormatRules {
    word: "configtree",
    extensions: &[],
    files: Files::OneAProperty { names, render },
    is_whole: |_zone, text, is_url| lists_urls(text, is_url),
};

fn names(zone: &Zone) -> Vec<FileName> {
    [spring_entries::zone_key(zone), spring_entries::generation_key()].map(|key| file_name(&key)).into()
}

fn render(document: &Document<'_>) -> Result<Vec<File>, DocumentError> {
    if document.user_info.is_some_and(UserInfo::has_placeholders) {
        return Err(DocumentError::PlaceholdersInConfigtree);
    }
    let file = |(key, value): (String, String)| File::new(file_name(&key), value.into_bytes());
    Ok(spring_entries::entries(document).map(file).into())
}

/// The file of a property.
fn file_name(key: &str) -> FileName {
    key.parse().expect("the prefix and a zone of 63 bytes make a file name")
}
