//! Each setting's value in force, and where it came from.

use crate::model::HeadlessService;

use super::fault::Origin;
use super::table::Key;

/// What `check` and the status show of the settings.
///
/// Values are those that were taken, in one spelling. None of them is a secret: URLs with
/// credentials are refused, and what holds a secret is named by its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    entries: Vec<ProvenanceEntry>,
    /// Each Service with the text that names it, which may have been completed.
    services: Vec<(HeadlessService, String)>,
}

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenanceEntry {
    /// Its name in the table.
    pub key: Key,
    /// Its value, the items of a list with commas; none where it is not set.
    pub value: Option<String>,
    /// Where that came from.
    pub origin: Origin,
}

impl Provenance {
    /// Every setting, in the order of the table.
    pub fn entries(&self) -> &[ProvenanceEntry] {
        &self.entries
    }

    /// Where the value of a setting came from; none where it was not looked for.
    pub fn origin_of(&self, key: Key) -> Option<&Origin> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.origin)
    }

    /// The text that names this Service in the settings.
    pub fn text_of(&self, service: &HeadlessService) -> Option<&str> {
        self.services.iter().find(|(named, _)| named == service).map(|(_, text)| text.as_str())
    }

    pub(super) fn note_service(&mut self, service: HeadlessService, text: String) {
        self.services.push((service, text));
    }

    /// Sixteen hexadecimal digits that are the same wherever the same settings are in force.
    ///
    /// A self URL that was not given is left out, because it differs from pod to pod, and this is for
    /// comparing pods. FNV-1a, 64 bits: stable over releases of compiler and program.
    pub fn fingerprint(&self) -> String {
        let common = self.entries.iter().filter(|entry| !entry.is_of_this_pod());
        let text: String =
            common.filter_map(|entry| Some(format!("{}={}\n", entry.key, entry.value.as_ref()?))).collect();
        format!("{:016x}", fnv1a(text.as_bytes()))
    }

    pub(super) fn push(&mut self, key: Key, value: Option<String>, origin: Origin) {
        let at = self.entries.partition_point(|entry| entry.key < key);
        self.entries.insert(at, ProvenanceEntry { key, value, origin });
    }
}

impl ProvenanceEntry {
    fn is_of_this_pod(&self) -> bool {
        let is_given = match &self.origin {
            Origin::Flag | Origin::File { .. } => true,
            Origin::Variable(name) => *name == self.key.variable(),
            Origin::Default | Origin::Observed(_) => false,
        };
        self.key == Key::SelfUrl && !is_given
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_fingerprint_is_of_values_and_not_of_their_sources() {
        let with = |value: &str, origin: Origin| {
            let mut provenance = Provenance::default();
            provenance.push(Key::Zone, Some(value.to_owned()), origin);
            provenance.push(Key::Role, Some("server".to_owned()), Origin::Default);
            provenance.push(Key::CaFile, None, Origin::Default);
            provenance
        };
        let one = with("a", Origin::Flag);
        assert_eq!(one.fingerprint(), with("a", Origin::Default).fingerprint());
        assert_ne!(one.fingerprint(), with("b", Origin::Flag).fingerprint());
        assert_eq!(one.fingerprint().len(), 16);
        let order: Vec<Key> = one.entries().iter().map(|entry| entry.key).collect();
        assert_eq!(order, [Key::Role, Key::Zone, Key::CaFile]);
    }

    #[test]
    fn pods_with_the_same_settings_have_the_same_fingerprint() {
        let pod = |name: &str, origin: Origin| {
            let mut provenance = Provenance::default();
            provenance.push(Key::SelfUrl, Some(format!("http://{name}/")), origin);
            provenance.fingerprint()
        };
        let derived = Origin::Variable("POD_NAME".to_owned());
        assert_eq!(pod("a", derived.clone()), pod("b", derived));
        assert_ne!(pod("a", Origin::Flag), pod("b", Origin::Flag));
    }
}
