//! What an operator is told: one form for all rooms.

use std::fmt;

/// What is so, where, and what to do about it; each part may be shown alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What is so.
    pub what: String,
    /// Where: a question, a URL, a path; empty where there is only one place.
    pub place: String,
    /// What to do; empty where nothing is to be done.
    pub cure: String,
}

impl Message {
    /// A message about the only place there is.
    #[inline(never)] // Some hundred calls, none of them in a hurry.
    pub fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { what: what.into(), place: String::new(), cure: cure.into() }
    }

    /// The same of this place.
    #[must_use]
    #[inline(never)]
    pub fn at(self, place: &dyn fmt::Display) -> Self {
        Self { place: place.to_string(), ..self }
    }

    /// What is so, and where, without the cure.
    pub fn fact(&self) -> String {
        match self.place.as_str() {
            "" => self.what.clone(),
            place => format!("{} ({place})", self.what),
        }
    }
}

impl fmt::Display for Message {
    /// On one line: `what (where); what to do`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fact())?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, "; {}", self.cure) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_where_and_what_to_do_in_this_order() {
        let message = Message::new("no space is left", "free some").at(&"/peers");
        assert_eq!(message.fact(), "no space is left (/peers)");
        assert_eq!(message.to_string(), "no space is left (/peers); free some");
        assert_eq!(Message::new("all is well", "").to_string(), "all is well");
    }
}
