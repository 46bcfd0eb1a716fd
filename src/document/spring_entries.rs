//! The properties that a Spring server reads, whatever carries them.

use super::Document;
use crate::model::Zone;

/// Kebab case: `EurekaClientConfigBean` binds other spellings too, but the listener that moves
/// peers (`RefreshablePeerEurekaNodes.shouldUpdate`) compares the raw text.
const PREFIX: &str = "eureka.client.service-url.";

/// The key of a zone's list.
pub(super) fn zone_key(zone: &Zone) -> String {
    format!("{PREFIX}{zone}")
}

/// Key and value of the list, then of the generation: no zone's key, so inert, but under the same
/// prefix, so that a change of it alone makes a refresh count.
pub(super) fn entries(document: &Document<'_>) -> [(String, String); 2] {
    [
        (zone_key(document.zone), document.value()),
        (generation_key(), document.listing.generation().to_string()),
    ]
}

/// The key of the generation.
pub(super) fn generation_key() -> String {
    format!("{PREFIX}{}", Zone::RESERVED)
}
