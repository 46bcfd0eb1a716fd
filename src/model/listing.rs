//! What a document says: the step between the decision and its bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{PeerSet, ServiceUrl};

/// The zone under which the list is written, such as `defaultZone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(Box<str>);

/// Why a text is no [`Zone`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a valid zone: expected 1 to {max} of a-z, A-Z, 0-9, - and _, beginning with a letter or digit, and not {reserved:?}",
    max = Zone::LENGTH_MAX,
    reserved = Zone::RESERVED
)]
pub struct ZoneError;

impl Zone {
    /// Bytes; zones are short words such as `us-east-1c`.
    pub const LENGTH_MAX: usize = 63;
    /// No zone: the generation stands under this name beside the zones, and would hide a list.
    pub const RESERVED: &str = "eureka-peers-generation";

    /// The zone as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Zone {
    /// `defaultZone`, Eureka's `EurekaClientConfigBean.DEFAULT_ZONE`.
    fn default() -> Self {
        Self("defaultZone".into())
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let reserved = text.eq_ignore_ascii_case(Self::RESERVED);
        if first && !reserved && text.len() <= Self::LENGTH_MAX && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(ZoneError)
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The content of a document: service URLs and the generation key.
///
/// Never empty: a list without a URL would be read as "the image's own default", or kill the
/// server at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    urls: PeerSet,
    is_alone: bool,
    sink: Option<ServiceUrl>,
    generation: u64,
}

impl Listing {
    /// A listing of `peers`, or `None` where there are none.
    pub fn of_peers(peers: &PeerSet, generation: u64) -> Option<Self> {
        if peers.is_empty() {
            return None;
        }
        Some(Self { urls: peers.clone(), is_alone: false, sink: None, generation })
    }

    /// The listing of a server that is alone: itself, and the sink while old peers are flushed.
    pub fn alone(own: ServiceUrl, sink: Option<ServiceUrl>, generation: u64) -> Self {
        Self { urls: BTreeSet::from([own]), is_alone: true, sink, generation }
    }

    /// What goes into the file, sorted; at least one.
    pub fn urls(&self) -> impl Iterator<Item = &ServiceUrl> {
        self.urls.iter()
    }

    /// The server's own URL, where that is all.
    pub fn own(&self) -> Option<&ServiceUrl> {
        self.urls.first().filter(|_| self.is_alone)
    }

    /// The sink, which comes last and never carries credentials.
    pub fn sink(&self) -> Option<&ServiceUrl> {
        self.sink.as_ref()
    }

    /// Changes only with a counted retry of a refresh; no part of comparisons of lists.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_words() {
        for good in ["defaultZone", "us-east-1c", "zone_1", "1"] {
            assert!(good.parse::<Zone>().is_ok(), "{good}");
        }
        for bad in ["", "a.b", "a b", "a=b", "-a", "_a", "ä", "a\n", Zone::RESERVED] {
            assert!(bad.parse::<Zone>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn there_is_no_empty_listing() {
        assert_eq!(Listing::of_peers(&PeerSet::new(), 0), None);
    }
}
