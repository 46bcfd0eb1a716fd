//! Second walk: the texts, as they are written, where the first walk saw scalars.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Budget, Node, Shape};

/// Keys and what stands behind them, by the shapes of the values.
pub(super) fn read(
    text: &str,
    shapes: Vec<Shape>,
    budget: &Budget,
) -> serde_yaml::Result<Vec<(String, Node)>> {
    serde_yaml::Deserializer::from_str(text).deserialize_map(Entries { shapes, budget })
}

struct Entries<'b> {
    shapes: Vec<Shape>,
    budget: &'b Budget,
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<(String, Node)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(self.shapes.len());
        for shape in self.shapes {
            let Some(key) = map.next_key_seed(Text(self.budget))? else { break };
            entries.push((key, next_node(&mut map, shape, self.budget)?));
        }
        Ok(entries)
    }
}

fn next_node<'de, A: MapAccess<'de>>(map: &mut A, shape: Shape, budget: &Budget) -> Result<Node, A::Error> {
    let unsuitable = match shape {
        Shape::Scalar => return map.next_value_seed(Text(budget)).map(Node::Text),
        Shape::List(items) if items.iter().all(|item| *item == Shape::Scalar) => {
            return map.next_value_seed(Texts(budget)).map(Node::List);
        }
        Shape::Nothing => Node::Nothing,
        Shape::List(_) => Node::Unsuitable("a list with an item that is no plain text"),
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
