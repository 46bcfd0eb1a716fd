//! What a status document may hold, looked at before the XML reader sees it.
//!
//! The reader is built for documents that people write: each element copies the namespaces around it, and
//! each attribute is compared with all others of its element, name by name and namespace by namespace.
//! Some fifty kilobytes then take seconds, and a hundred take minutes. What is bounded here is what that time
//! grows with; a stock status has a small part of each. One pass, which takes a time that grows with the
//! length alone.
//!
//! Must never count less than the reader will meet: where the two could differ, this counts more.

/// Elements within elements; a stock status has five.
const DEPTH_MAX: usize = 32;

/// Declarations of namespaces, wherever their name stands; a stock status has none.
const NAMESPACES_MAX: usize = 16;

/// Equals signs, and with them attributes, of the whole document; a stock status has two, and its
/// metadata some more in texts.
const ATTRIBUTES_MAX: usize = 4096;

/// Attributes of one element; a stock status has one.
const ATTRIBUTES_OF_ONE_MAX: usize = 16;

/// Bytes of one tag, and with them of a namespace: the reader compares those whole. A key of the metadata
/// is a tag's name.
const TAG_LENGTH_MAX: usize = 1024;

/// Opening angle brackets: the reader makes room for a node at each, before it reads any.
const TAGS_MAX: usize = 16_384;

/// Refuses, in a sentence, what the reader could take long over.
pub(super) fn check(text: &str) -> Result<(), String> {
    at_most(ATTRIBUTES_MAX, text.matches('='), "attributes")?;
    at_most(NAMESPACES_MAX, text.matches("xmlns"), "namespaces")?;
    at_most(TAGS_MAX, text.matches('<'), "tags")?;
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some(bracket) = rest.find('<') {
        rest = &rest[bracket + 1..];
        rest = if let Some(comment) = rest.strip_prefix("!--") {
            after(comment, "-->")
        } else if let Some(data) = rest.strip_prefix("![CDATA[") {
            after(data, "]]>")
        } else if let Some(instruction) = rest.strip_prefix('?') {
            after(instruction, "?>")
        } else if rest.starts_with('!') {
            return Err("the status is not a whole XML document: it declares a document type".into());
        } else if let Some(end) = rest.strip_prefix('/') {
            depth = depth.saturating_sub(1);
            after(end, ">")
        } else {
            let tag = Tag::at(rest)?;
            if depth == DEPTH_MAX {
                return Err(format!("the status has elements more than {DEPTH_MAX} deep"));
            }
            depth += usize::from(!tag.is_whole);
            &rest[tag.length..]
        };
    }
    Ok(())
}

fn at_most<T>(max: usize, mut found: impl Iterator<Item = T>, what: &str) -> Result<(), String> {
    match found.nth(max) {
        Some(_) => Err(format!("the status has more than {max} {what}")),
        None => Ok(()),
    }
}

/// What follows `end`; nothing where it never comes, and then the reader fails there too.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// A tag that begins an element.
struct Tag {
    /// Up to its end, in bytes.
    length: usize,
    /// Whether the element ends with it.
    is_whole: bool,
}

impl Tag {
    /// The one that `text` begins with, its bracket aside. Between quotes nothing has a meaning.
    fn at(text: &str) -> Result<Self, String> {
        let (mut quote, mut attributes, mut before) = (None, 0, 0);
        for (index, byte) in text.bytes().take(TAG_LENGTH_MAX).enumerate() {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => attributes += 1,
                (None, b'>') => return Ok(Self { length: index + 1, is_whole: before == b'/' }),
                (Some(_) | None, _) => {}
            }
            if attributes > ATTRIBUTES_OF_ONE_MAX {
                return Err(format!(
                    "the status has an element with more than {ATTRIBUTES_OF_ONE_MAX} attributes"
                ));
            }
            before = byte;
        }
        if text.len() > TAG_LENGTH_MAX {
            return Err(format!("the status has a tag of more than {TAG_LENGTH_MAX} bytes"));
        }
        // It never ends, and the reader says so.
        Ok(Self { length: text.len(), is_whole: false })
    }
}
