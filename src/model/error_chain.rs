//! An error with all its sources, on one line; no error of this program repeats its source.

use std::error::Error;
use std::fmt;

/// Shows an error and what caused it, outermost first.
#[derive(Clone, Copy, Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read it")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn causes_follow_what_they_caused() {
        let cause = std::fmt::Error;
        assert_eq!(ErrorChain(&cause).to_string(), cause.to_string());
        assert_eq!(ErrorChain(&Outer(cause)).to_string(), format!("cannot read it: {cause}"));
    }
}
