//! Counts the items of a replication batch while it passes.
//!
//! A batch is `{"replicationList":[{…},…]}` (Eureka's `ReplicationList`), up to megabytes of which
//! only the number of items matters. It is counted byte by byte and never kept, so that any number
//! of batches costs no memory. The structure is checked strictly, scalars and escapes are not: their
//! content decides nothing.

/// Open braces and brackets, one in another. An instance needs six; `serde_json` stops here as well.
const DEPTH_MAX: usize = 128;

/// The key whose array is counted; an escaped spelling of it is not known.
const LIST_KEY: &[u8] = b"replicationList";

/// Why a body is not a batch whose items can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadBatch {
    /// It is not JSON, or not of the known structure.
    #[error("the body is not a replication batch: unexpected byte at {0}")]
    Unexpected(u64),
    /// It ends too early, or the connection did.
    #[error("the batch is incomplete")]
    Incomplete,
    /// It has no list.
    #[error("the batch has no replicationList")]
    NoList,
    /// Its list has too many items.
    #[error("the batch has more than {0} items")]
    TooManyItems(usize),
    /// It is over the bound on bytes.
    #[error("the batch is too long")]
    TooLong,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// The object that is the batch.
    Root,
    /// A value; in an array that has just begun, its end as well.
    Value { or_end: bool },
    /// A key; in an object that has just begun, its end as well.
    Key { or_end: bool },
    /// The colon after a key.
    Colon,
    /// A comma, or the end of array or object.
    CommaOrEnd,
    /// Inside a string; what it is.
    String { is_key: bool, is_escaped: bool },
    /// Inside a number or a literal.
    Scalar,
    /// Blanks.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Object,
    Array,
    /// The array that is counted.
    List,
}

/// A count under way.
#[derive(Debug)]
pub(super) struct ReplicationCount {
    expect: Expect,
    open: Vec<Open>,
    /// How far the key of the root object that was just read agrees with [`LIST_KEY`]; none once
    /// it does not.
    key_matched: Option<usize>,
    /// Items so far; none before the list was seen.
    items: Option<usize>,
    items_max: usize,
    position: u64,
}

impl ReplicationCount {
    /// A count that takes no more than `items_max` items.
    pub(super) fn new(items_max: usize) -> Self {
        Self {
            expect: Expect::Root,
            open: Vec::new(),
            key_matched: None,
            items: None,
            items_max,
            position: 0,
        }
    }

    /// Takes the next bytes in; they may end anywhere.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), BadBatch> {
        for byte in bytes {
            self.expect = self.after(*byte)?;
            self.position += 1;
        }
        Ok(())
    }

    /// The number of items, once all bytes were taken in.
    pub(super) fn finish(self) -> Result<usize, BadBatch> {
        match self.expect {
            Expect::Nothing => self.items.ok_or(BadBatch::NoList),
            Expect::Root
            | Expect::Value { .. }
            | Expect::Key { .. }
            | Expect::Colon
            | Expect::CommaOrEnd
            | Expect::String { .. }
            | Expect::Scalar => Err(BadBatch::Incomplete),
        }
    }

    fn after(&mut self, byte: u8) -> Result<Expect, BadBatch> {
        match (self.expect, byte) {
            (Expect::String { is_key, is_escaped }, _) => self.in_string(byte, is_key, is_escaped),
            (Expect::Scalar, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') => self.between_values(byte),
            (Expect::Scalar, _) if is_scalar(byte) => Ok(Expect::Scalar),
            (expect, b' ' | b'\t' | b'\r' | b'\n') => Ok(expect),
            (Expect::Root, b'{') => self.begin(Open::Object),
            (Expect::Value { or_end: true }, b']') => self.end(Open::Array),
            (Expect::Value { .. }, _) => self.begin_value(byte),
            (Expect::Key { or_end: true }, b'}') => self.end(Open::Object),
            (Expect::Key { .. }, b'"') => {
                self.key_matched = (self.open.len() == 1).then_some(0);
                Ok(Expect::String { is_key: true, is_escaped: false })
            }
            (Expect::Colon, b':') => Ok(Expect::Value { or_end: false }),
            (Expect::CommaOrEnd, _) => self.between_values(byte),
            (Expect::Root | Expect::Key { .. } | Expect::Colon | Expect::Scalar | Expect::Nothing, _) => {
                Err(self.unexpected())
            }
        }
    }

    fn unexpected(&self) -> BadBatch {
        BadBatch::Unexpected(self.position)
    }

    fn in_string(&mut self, byte: u8, is_key: bool, is_escaped: bool) -> Result<Expect, BadBatch> {
        match (byte, is_escaped) {
            (0..0x20, _) => return Err(self.unexpected()),
            (b'"', false) if is_key => return Ok(Expect::Colon),
            (b'"', false) => return Ok(self.after_value()),
            _ => {}
        }
        if is_key {
            self.key_matched = self
                .key_matched
                .filter(|matched| LIST_KEY.get(*matched) == Some(&byte))
                .map(|matched| matched + 1);
        }
        Ok(Expect::String { is_key, is_escaped: byte == b'\\' && !is_escaped })
    }

    fn begin_value(&mut self, byte: u8) -> Result<Expect, BadBatch> {
        self.count_if_item()?;
        let is_list = self.open.len() == 1 && self.key_matched == Some(LIST_KEY.len());
        match byte {
            b'{' => self.begin(Open::Object),
            b'[' if is_list && self.items.is_none() => {
                self.items = Some(0);
                self.begin(Open::List)
            }
            b'[' if is_list => Err(self.unexpected()),
            b'[' => self.begin(Open::Array),
            b'"' => Ok(Expect::String { is_key: false, is_escaped: false }),
            _ if is_scalar(byte) => Ok(Expect::Scalar),
            _ => Err(self.unexpected()),
        }
    }

    fn count_if_item(&mut self) -> Result<(), BadBatch> {
        let (Some(Open::List), Some(items)) = (self.open.last(), self.items.as_mut()) else { return Ok(()) };
        if *items == self.items_max {
            return Err(BadBatch::TooManyItems(self.items_max));
        }
        *items += 1;
        Ok(())
    }

    fn begin(&mut self, opened: Open) -> Result<Expect, BadBatch> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.unexpected());
        }
        self.open.push(opened);
        Ok(match opened {
            Open::Object => Expect::Key { or_end: true },
            Open::Array | Open::List => Expect::Value { or_end: true },
        })
    }

    /// What follows a value: a comma, an end, or blanks.
    fn between_values(&mut self, byte: u8) -> Result<Expect, BadBatch> {
        match (byte, self.open.last()) {
            (b',', Some(Open::Object)) => Ok(Expect::Key { or_end: false }),
            (b',', Some(Open::Array | Open::List)) => Ok(Expect::Value { or_end: false }),
            (b'}', _) => self.end(Open::Object),
            (b']', _) => self.end(Open::Array),
            (b' ' | b'\t' | b'\r' | b'\n', Some(_)) => Ok(Expect::CommaOrEnd),
            _ => Err(self.unexpected()),
        }
    }

    fn end(&mut self, closed: Open) -> Result<Expect, BadBatch> {
        match (self.open.pop(), closed) {
            (Some(Open::Object), Open::Object) | (Some(Open::Array | Open::List), Open::Array) => {
                Ok(self.after_value())
            }
            _ => Err(self.unexpected()),
        }
    }

    fn after_value(&self) -> Expect {
        if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd }
    }
}

fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;

    use super::*;

    const ITEMS_MAX: usize = 100;

    fn count(text: &[u8]) -> Result<usize, BadBatch> {
        let mut count = ReplicationCount::new(ITEMS_MAX);
        count.read(text)?;
        count.finish()
    }

    /// The same by `serde_json`, which keeps to the letter of RFC 8259.
    fn reference(text: &[u8]) -> Option<usize> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Batch {
            replication_list: Vec<IgnoredAny>,
        }
        // serde takes an array for a struct as well; a batch is an object.
        text.trim_ascii_start().starts_with(b"{").then_some(())?;
        serde_json::from_slice::<Batch>(text).ok().map(|batch| batch.replication_list.len())
    }

    #[test]
    fn counts_what_a_server_sends() {
        let item = r#"{"appName":"A","id":"i-1:a","lastDirtyTimestamp":1,"overriddenStatus":null,"status":"UP",
            "instanceInfo":{"metadata":{"replicationList":"[]","a":"\"]}\\"},"ports":[1,2]},"action":"Heartbeat"}"#;
        for items in [0, 1, 2, ITEMS_MAX] {
            let text = format!("{{\"replicationList\":[{}]}}", vec![item; items].join(" , "));
            assert_eq!(count(text.as_bytes()), Ok(items));
        }
    }

    #[test]
    fn says_why_it_cannot_count() {
        for (text, bad) in [
            ("", BadBatch::Incomplete),
            ("{\"replicationList\":[{}", BadBatch::Incomplete),
            ("{}", BadBatch::NoList),
            ("{\"replicationList\":null}", BadBatch::NoList),
            ("{\"a\":{\"replicationList\":[1]}}", BadBatch::NoList),
            ("{\"a\":[{\"replicationList\":[1]}]}", BadBatch::NoList),
            ("{\"replicationListing\":[1]}", BadBatch::NoList),
            ("{\"replication\":[1]}", BadBatch::NoList),
            ("[1]", BadBatch::Unexpected(0)),
            ("{\"replicationList\":[1,]}", BadBatch::Unexpected(22)),
            ("{\"replicationList\":[1}", BadBatch::Unexpected(21)),
            ("{\"replicationList\":[1]}x", BadBatch::Unexpected(23)),
            ("{\"replicationList\":[1],\"replicationList\":[1]}", BadBatch::Unexpected(41)),
            ("<batch/>", BadBatch::Unexpected(0)),
        ] {
            assert_eq!(count(text.as_bytes()), Err(bad), "{text}");
        }
    }

    #[test]
    fn depth_and_items_are_bounded() {
        let items = vec!["1"; ITEMS_MAX + 1].join(",");
        let text = format!("{{\"replicationList\":[{items}]}}");
        assert_eq!(count(text.as_bytes()), Err(BadBatch::TooManyItems(ITEMS_MAX)));
        let deep = format!("{{\"replicationList\":{}", "[".repeat(1_000_000));
        assert!(matches!(count(deep.as_bytes()), Err(BadBatch::Unexpected(_))));
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        let key = || {
            prop_oneof![Just("replicationList".to_owned()), Just("replication".to_owned()), any::<String>()]
        };
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((key(), inner), 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn in_pieces(text: &[u8], piece: usize) -> Result<usize, BadBatch> {
        let mut count = ReplicationCount::new(ITEMS_MAX);
        text.chunks(piece).try_for_each(|bytes| count.read(bytes))?;
        count.finish()
    }

    proptest! {
        #[test]
        fn agrees_with_a_whole_parser(json in any_json(), pretty in any::<bool>(), piece in 1..40_usize) {
            let text = if pretty { serde_json::to_vec_pretty(&json) } else { serde_json::to_vec(&json) };
            let text = text.expect("serialises");
            prop_assert_eq!(in_pieces(&text, piece).ok(), reference(&text));
        }

        #[test]
        fn takes_what_a_whole_parser_takes_and_never_panics(
            json in any_json(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let list = serde_json::json!({ "replicationList": [json] });
            let mut text = serde_json::to_vec(&list).expect("serialises");
            let at = at.index(text.len());
            text[at] = byte;
            let counted = count(&text).ok();
            if let Some(items) = reference(&text) {
                prop_assert_eq!(counted, Some(items));
            }
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let counted = count(&bytes).ok();
            if let Some(items) = reference(&bytes) {
                prop_assert_eq!(counted, Some(items));
            }
        }
    }
}
