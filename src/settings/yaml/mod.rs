//! The settings file: one flat mapping of keys to texts and lists of texts, each with its line.
//!
//! The text is hostile input. It must never cost more than its size suggests (aliases, nesting), and
//! nothing of it may reach an error, because a value may be a misplaced secret. Scalars are kept as they
//! are written: `0644` stays `0644`.
//!
//! Once the parser has recognised a number, it no longer tells how that was written. So the text is walked
//! twice: for the shape, and then for the texts by that shape, with the line of each key. One walk cannot
//! do both: a value must be asked for as a text or as a list before it is known which it is.

mod shape;
mod texts;

use std::cell::{Cell, RefCell};

use shape::Shape;

/// Bytes of a settings file; five hundred static peers fit.
pub const FILE_SIZE_MAX: usize = 64 * 1024;
/// Keys of one file; there are fewer settings.
const KEYS_MAX: usize = 64;
/// Opening brackets: those of 512 peers known by IPv6 address, and as many again. The scanner's work
/// grows with the square of those that are open.
const BRACKETS_MAX: usize = 1_024;
/// Bytes of all texts, aliases followed: an honest file says nothing much more than once.
const TEXT_MAX: usize = 2 * FILE_SIZE_MAX;
/// What each value costs beside its bytes, so that empty ones are bounded too.
const VALUE_COST: usize = 8;

/// One key of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// As written.
    pub(super) key: String,
    /// Counted from 1.
    pub(super) line: Option<usize>,
    /// Its value.
    pub(super) value: Node,
}

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing, `~` or `null`.
    Nothing,
    /// One scalar.
    Text(String),
    /// A sequence of scalars.
    List(Vec<String>),
    /// What no setting takes; says what it is.
    Unsuitable(&'static str),
}

/// Why a text is not a valid settings file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum YamlError {
    #[error("is {0} bytes long: expected {FILE_SIZE_MAX} at most")]
    TooLarge(usize),
    #[error("has {0} opening brackets: expected {BRACKETS_MAX} at most")]
    TooManyBrackets(usize),
    #[error("has more than {KEYS_MAX} keys: there are fewer settings")]
    TooManyKeys,
    #[error("says more than {TEXT_MAX} bytes once its aliases are followed")]
    TooMuchText,
    #[error("is not a list of settings: expected keys with values")]
    NoMapping,
    #[error("is not valid YAML{0}")]
    Syntax(String),
}

/// What is problem, and on which line where the parser tells it.
pub(super) type Refusal = (YamlError, Option<usize>);

/// Reads the entries in their order; doubled keys are kept, for the caller to refuse.
pub(super) fn read(text: &str) -> Result<Vec<Entry>, Refusal> {
    if text.len() > FILE_SIZE_MAX {
        return Err((YamlError::TooLarge(text.len()), None));
    }
    refuse_many_brackets(text)?;
    let shapes = match Budget::walk(|budget| shape::read(text, budget))? {
        Shape::Nothing => return Ok(Vec::new()),
        Shape::Mapping(shapes) => shapes,
        Shape::Scalar | Shape::List(_) | Shape::Tagged => return Err((YamlError::NoMapping, Some(1))),
    };
    Budget::walk(|budget| texts::read(text, shapes, budget))
}

/// The scanner looks at every open bracket again at each token, so thousands of them would stall it.
/// All are counted, because only the scanner can tell which of them are open.
fn refuse_many_brackets(text: &str) -> Result<(), Refusal> {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if brackets > BRACKETS_MAX { Err((YamlError::TooManyBrackets(brackets), None)) } else { Ok(()) }
}

/// What one walk may still cost, and why it was refused where we refused it ourselves.
struct Budget {
    bytes: Cell<usize>,
    refusal: RefCell<Option<YamlError>>,
}

impl Budget {
    fn walk<T>(walk: impl FnOnce(&Self) -> serde_yaml::Result<T>) -> Result<T, Refusal> {
        let budget = Self { bytes: Cell::new(TEXT_MAX), refusal: RefCell::new(None) };
        walk(&budget).map_err(|error| {
            let line = error.location().map(|location| location.line());
            (budget.refusal.take().unwrap_or_else(|| syntax(&error)), line)
        })
    }

    /// Pays for one value.
    fn spend<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        match self.bytes.get().checked_sub(bytes + VALUE_COST) {
            Some(rest) => {
                self.bytes.set(rest);
                Ok(())
            }
            None => Err(self.refuse(YamlError::TooMuchText)),
        }
    }

    /// Ends the walk for a reason of ours.
    fn refuse<E: serde::de::Error>(&self, why: YamlError) -> E {
        let error = E::custom(&why);
        self.refusal.replace(Some(why));
        error
    }
}

/// What the parser says, unless it quotes the file: the quoted part may be a misplaced secret.
fn syntax(error: &serde_yaml::Error) -> YamlError {
    let message = error.to_string();
    if message.contains(['"', '`']) {
        return YamlError::Syntax(String::new());
    }
    YamlError::Syntax(format!(": {message}"))
}

#[cfg(test)]
mod tests;
