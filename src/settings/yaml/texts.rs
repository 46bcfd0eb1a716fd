//! Second walk: the texts, as they are written, where the first walk saw scalars; and the line of each key.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::shape::Shape;
use super::{Budget, Entry, Node};

/// Keys, their lines, and their values, by the shapes of the values.
pub(super) fn read(text: &str, shapes: Vec<Shape>, budget: &Budget) -> serde_yaml::Result<Vec<Entry>> {
    serde_yaml::Deserializer::from_str(text).deserialize_map(Entries { shapes, budget })
}

struct Entries<'b> {
    shapes: Vec<Shape>,
    budget: &'b Budget,
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(self.shapes.len());
        for shape in self.shapes {
            let Some((key, line)) = next_key(&mut map, self.budget)? else { break };
            entries.push(Entry { key, line: Some(line), value: next_node(&mut map, shape, self.budget)? });
        }
        Ok(entries)
    }
}

/// The next key and its line.
///
/// The parser tells a position with its errors only. So each key is taken down and then refused; the parser
/// is behind it by then, and goes on with its value.
fn next_key<'de, A: MapAccess<'de>>(
    map: &mut A,
    budget: &Budget,
) -> Result<Option<(String, usize)>, A::Error> {
    let taken = RefCell::new(None);
    match map.next_key_seed(RefusedKey { taken: &taken, budget }) {
        Ok(None) => Ok(None),
        Ok(Some(never)) => match never {},
        Err(error) => match taken.take() {
            Some(key) => Ok(Some((key, line_of(&error.to_string())))),
            None => Err(error),
        },
    }
}

/// The line that an error names; none is named where that is the very beginning.
fn line_of(error: &str) -> usize {
    let position = error.rsplit_once(" at line ").map_or("", |(_, position)| position);
    position.split(' ').next().and_then(|line| line.parse().ok()).unwrap_or(1)
}

struct RefusedKey<'b> {
    taken: &'b RefCell<Option<String>>,
    budget: &'b Budget,
}

impl<'de> DeserializeSeed<'de> for RefusedKey<'_> {
    type Value = Infallible;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Infallible, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for RefusedKey<'_> {
    type Value = Infallible;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain text")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Infallible, E> {
        self.budget.spend(key.len())?;
        self.taken.replace(Some(key.to_owned()));
        Err(E::custom("taken"))
    }
}

fn next_node<'de, A: MapAccess<'de>>(map: &mut A, shape: Shape, budget: &Budget) -> Result<Node, A::Error> {
    let unsuitable = match shape {
        Shape::Scalar => return map.next_value_seed(Text(budget)).map(Node::Text),
        Shape::List(items) if items.iter().all(|item| *item == Shape::Scalar) => {
            return map.next_value_seed(Texts(budget)).map(Node::List);
        }
        Shape::Nothing => Node::Nothing,
        Shape::List(_) => Node::Unsuitable("a list with an item that is not a plain text"),
        Shape::Mapping(_) => Node::Unsuitable("a mapping"),
        Shape::Tagged => Node::Unsuitable("a tagged value"),
    };
    map.next_value::<IgnoredAny>()?;
    Ok(unsuitable)
}

/// One scalar, as it is written.
#[derive(Clone, Copy)]
struct Text<'b>(&'b Budget);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        self.0.spend(text.len())?;
        Ok(text.to_owned())
    }
}

/// A sequence of scalars, as they are written.
struct Texts<'b>(&'b Budget);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of plain texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element_seed(Text(self.0))? {
            texts.push(text);
        }
        Ok(texts)
    }
}
