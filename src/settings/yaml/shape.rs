//! First walk: what kind of value stands where, without its text.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{Budget, KEYS_MAX, YamlError};

/// The kind of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Nothing,
    Scalar,
    /// Its items.
    List(Vec<Shape>),
    /// The values of its keys at the top; empty further down, where no mapping is looked into.
    Mapping(Vec<Shape>),
    /// Carries a `!tag` of its own.
    Tagged,
}

pub(super) fn read(text: &str, budget: &Budget) -> serde_yaml::Result<Shape> {
    ShapeOf { place: Place::Top, budget }.deserialize(serde_yaml::Deserializer::from_str(text))
}

#[derive(Clone, Copy)]
enum Place {
    Top,
    Value,
    Item,
}

#[derive(Clone, Copy)]
struct ShapeOf<'b> {
    place: Place,
    budget: &'b Budget,
}

impl<'de> DeserializeSeed<'de> for ShapeOf<'_> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ShapeOf<'_> {
    fn scalar<E: serde::de::Error>(self) -> Result<Shape, E> {
        self.budget.spend(0)?;
        Ok(Shape::Scalar)
    }
}

impl<'de> Visitor<'de> for ShapeOf<'_> {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Shape, E> {
        self.budget.spend(0)?;
        Ok(Shape::Nothing)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Shape, E> {
        self.visit_unit()
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Shape, E> {
        self.scalar()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        self.budget.spend(0)?;
        let mut shapes = Vec::new();
        match self.place {
            Place::Top | Place::Item => while items.next_element::<IgnoredAny>()?.is_some() {},
            Place::Value => {
                let item = Self { place: Place::Item, ..self };
                while let Some(shape) = items.next_element_seed(item)? {
                    shapes.push(shape);
                }
            }
        }
        Ok(Shape::List(shapes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        self.budget.spend(0)?;
        let mut shapes = Vec::new();
        match self.place {
            Place::Value | Place::Item => while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {},
            Place::Top => {
                let value = Self { place: Place::Value, ..self };
                while entries.next_key::<IgnoredAny>()?.is_some() {
                    if shapes.len() == KEYS_MAX {
                        return Err(self.budget.refuse(YamlError::TooManyKeys));
                    }
                    shapes.push(entries.next_value_seed(value)?);
                }
            }
        }
        Ok(Shape::Mapping(shapes))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Shape, A::Error> {
        self.budget.spend(0)?;
        let (IgnoredAny, value) = tagged.variant()?;
        value.newtype_variant::<IgnoredAny>()?;
        Ok(Shape::Tagged)
    }
}
