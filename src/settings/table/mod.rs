//! The table of settings: what a row says, and the rows.

mod rows;
mod setting;

pub use rows::Key;
pub use setting::{Change, Condition, DefaultValue, Group, Setting, Shape, VARIABLE_PREFIX, Value};
