//! Further walks: on which line a key stands.
//!
//! The parser tells a position with its errors only. So it is made to fail at the key.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The line of the key with this index, counted from 1.
pub(super) fn of_key(text: &str, index: usize) -> Option<usize> {
    let failed = serde_yaml::Deserializer::from_str(text).deserialize_map(FailAtKey { index }).err()?;
    failed.location().map(|location| location.line())
}

struct FailAtKey {
    index: usize,
}

impl<'de> Visitor<'de> for FailAtKey {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        for _ in 0..self.index {
            let _passed = map.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        map.next_key_seed(Fail).map(|_unreached| ())
    }
}

struct Fail;

impl<'de> DeserializeSeed<'de> for Fail {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Fail {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom("here"))
    }
}
