//! A host name as it may stand in a URL: letters, digits and hyphens, nothing else.
//!
//! Must never let through a byte that has a meaning in a properties file, a URL or a shell.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An absolute DNS name without its trailing dot, in lower case.
///
/// Labels are 1 to 63 bytes of `a-z`, `0-9` and inner `-` (the "LDH" rule of RFC 1123, section
/// 2.1); the whole is at most 253 bytes (RFC 1035, section 2.3.4, less the root).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(Arc<str>);

/// Why a text is no [`DnsName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsNameError {
    /// Nothing between the dots, or nothing at all.
    #[error("has an empty label")]
    EmptyLabel,
    /// One label is over 63 bytes.
    #[error("has a label of {0} bytes; DNS allows {max}", max = DnsName::LABEL_MAX)]
    LabelTooLong(usize),
    /// The whole name is over 253 bytes.
    #[error("is {0} bytes long; DNS allows {max}", max = DnsName::LENGTH_MAX)]
    TooLong(usize),
    /// A byte outside `a-z`, `0-9`, `-`.
    #[error("contains {0:?}: expected a host name of a-z, 0-9 and hyphens")]
    BadByte(char),
    /// A label begins or ends with a hyphen.
    #[error("has a label that begins or ends with a hyphen")]
    OuterHyphen,
    /// Where a host is meant, its last label is a number, which resolvers take for an address.
    #[error("ends in a number and is not an IPv4 address: expected four numbers from 0 to 255, or a name")]
    EndsInNumber,
}

impl DnsName {
    /// Bytes in one label (RFC 1035, section 2.3.4).
    pub const LABEL_MAX: usize = 63;
    /// Bytes in the whole name, dots included, root excluded.
    pub const LENGTH_MAX: usize = 253;

    /// Builds a name from labels as they came off the wire.
    ///
    /// Labels are bytes and may hold anything, dots included, which is why this does not go
    /// through a joined text.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, DnsNameError> {
        // As long as a name can be, so that it never moves: this runs for each record of each answer.
        let mut name = String::with_capacity(Self::LENGTH_MAX);
        for label in labels {
            if !name.is_empty() {
                name.push('.');
            }
            push_label(&mut name, label)?;
        }
        if name.is_empty() {
            return Err(DnsNameError::EmptyLabel);
        }
        if name.len() > Self::LENGTH_MAX {
            return Err(DnsNameError::TooLong(name.len()));
        }
        Ok(Self(name.into()))
    }

    /// The name without a trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels, leftmost first.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether this name is `zone` itself or lies anywhere below it.
    pub fn is_under(&self, zone: &Self) -> bool {
        self == zone || self.strict_prefix(zone).is_some()
    }

    /// Whether exactly one label stands before `zone`: where a headless Service's pods live.
    pub fn is_child_of(&self, zone: &Self) -> bool {
        self.strict_prefix(zone).is_some_and(|prefix| !prefix.contains('.'))
    }

    /// `label.self`, for one more label in front.
    pub fn child(&self, label: &str) -> Result<Self, DnsNameError> {
        Self::from_labels(std::iter::once(label.as_bytes()).chain(self.labels().map(str::as_bytes)))
    }

    fn strict_prefix(&self, zone: &Self) -> Option<&str> {
        self.0.strip_suffix(zone.as_str())?.strip_suffix('.')
    }
}

fn push_label(name: &mut String, label: &[u8]) -> Result<(), DnsNameError> {
    let (Some(first), Some(last)) = (label.first(), label.last()) else {
        return Err(DnsNameError::EmptyLabel);
    };
    if label.len() > DnsName::LABEL_MAX {
        return Err(DnsNameError::LabelTooLong(label.len()));
    }
    if let Some(&bad) = label.iter().find(|b| !(b.is_ascii_alphanumeric() || **b == b'-')) {
        return Err(DnsNameError::BadByte(char::from(bad)));
    }
    if *first == b'-' || *last == b'-' {
        return Err(DnsNameError::OuterHyphen);
    }
    name.extend(label.iter().map(|b| char::from(b.to_ascii_lowercase())));
    Ok(())
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    /// Reads a name with or without its trailing dot.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(bad) = text.chars().find(|c| !c.is_ascii()) {
            return Err(DnsNameError::BadByte(bad));
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        Self::from_labels(text.split('.').map(str::as_bytes))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> DnsName {
        text.parse().expect("a valid name")
    }

    #[test]
    fn reads_with_and_without_the_dot_in_lower_case() {
        assert_eq!(name("Eureka-0.NS.svc.").as_str(), "eureka-0.ns.svc");
        assert_eq!(name("eureka-0.ns.svc"), name("EUREKA-0.ns.SVC."));
    }

    #[test]
    fn refuses_what_has_a_meaning_elsewhere() {
        for text in ["", ".", "a..b", "-a", "a-", "a_b", "a,b", "${x}", "a\nb", "a b", "é", "a/b", "a:1"] {
            assert!(text.parse::<DnsName>().is_err(), "{text:?}");
        }
        assert_eq!("a".repeat(64).parse::<DnsName>(), Err(DnsNameError::LabelTooLong(64)));
        let long = vec!["a".repeat(63); 4].join(".");
        assert_eq!(long.parse::<DnsName>(), Err(DnsNameError::TooLong(255)));
    }

    #[test]
    fn a_dot_inside_a_wire_label_is_no_separator() {
        assert_eq!(DnsName::from_labels([b"a.b".as_slice()]), Err(DnsNameError::BadByte('.')));
    }

    #[test]
    fn knows_what_lies_below_it() {
        let service = name("eureka.ns.svc.cluster.local");
        assert!(name("eureka-0.eureka.ns.svc.cluster.local").is_child_of(&service));
        assert!(!name("a.b.eureka.ns.svc.cluster.local").is_child_of(&service));
        assert!(name("a.b.eureka.ns.svc.cluster.local").is_under(&service));
        assert!(!name("myeureka.ns.svc.cluster.local").is_under(&service));
        assert!(!service.is_child_of(&service));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_clean_name_or_an_error(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70), 0..8)) {
            if let Ok(name) = DnsName::from_labels(labels.iter().map(Vec::as_slice)) {
                prop_assert!(name.as_str().len() <= DnsName::LENGTH_MAX);
                prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.'));
                let read_back: DnsName = name.as_str().parse().expect("a name reads what it prints");
                prop_assert_eq!(read_back, name);
            }
        }
    }
}
