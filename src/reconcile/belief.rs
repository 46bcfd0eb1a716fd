//! That a Service has no endpoints, once that is believed: nothing is held against it any more.

use crate::model::Moment;

/// Since when DNS's "no endpoints" is believed, and why. It stands until DNS gives records again, whatever
/// fails in between and however often the program starts; and for the question to which it was the answer: under
/// another port name, or of another type, the Service has never been denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// Why.
    pub by: BelievedBy,
    /// Since when; before the start of the program where the saved state tells of it.
    pub since: Moment,
}

/// Whose word it is that a Service is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelievedBy {
    /// The operator's (`accept --empty`).
    Operator,
    /// DNS's own, after `--empty-after`.
    EmptyAfter,
}

impl BelievedBy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Operator, Self::EmptyAfter];

    /// The name used in status and saved state; that of the change which it makes.
    pub fn label(self) -> &'static str {
        match self {
            Self::Operator => "accepted",
            Self::EmptyAfter => "empty_after",
        }
    }
}
