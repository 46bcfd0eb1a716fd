//! A directory for Spring's `configtree:`: file name = property name, content = value.
//!
//! Its values are not strings to Spring (`ConfigTreePropertySource.PropertyFileContent`), and
//! `PropertySourcesPlaceholdersResolver` looks into strings only: placeholders stay as they are.

use super::{Document, DocumentError, File, FileName, UserInfo, spring_entries};

pub(super) fn render(document: &Document<'_>) -> Result<Vec<File>, DocumentError> {
    if document.user_info.is_some_and(UserInfo::has_placeholders) {
        return Err(DocumentError::PlaceholdersInConfigtree);
    }
    let file = |(key, value): (String, String)| File::new(file_name(&key), value.into_bytes());
    Ok(spring_entries::entries(document).map(file).into())
}

/// The file of a property.
pub(super) fn file_name(key: &str) -> FileName {
    key.parse().expect("the prefix and a zone of 63 bytes make a file name")
}
