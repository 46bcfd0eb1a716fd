//! What can be said of manifests by looking at them: pure, over parsed YAML, and for any workload.
//!
//! - [`refused`]: what an API server of any version from 1.30 on would not take, or a kubelet would leave
//!   standing as it is;
//! - [`lost`]: what stood in the manifests before an overlay and does not stand there after it;
//! - [`unread`]: why a server beside eureka-peers would not follow the published list;
//! - [`obstacles`]: what keeps `components/add-sidecar` from a workload as it is.
//!
//! Must never depend on how manifests are built or tested: it knows `Value`s and the way to what is in them.

mod loss;
mod obstacle;
mod reading;
mod refusal;
mod spelling;
mod workload;

use std::fmt;

use crate::rendered::{at, items, text};

pub(crate) use loss::lost;
pub(crate) use obstacle::{TAKEN_AWAY, obstacles, servers};
pub(crate) use reading::unread;
pub(crate) use refusal::refused;

/// One thing that is wrong: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `StatefulSet/eureka, container eureka`.
    pub(crate) place: String,
    pub(crate) what: String,
    /// Empty where the rest says it.
    pub(crate) cure: &'static str,
}

impl Finding {
    fn new(place: &str, what: impl Into<String>, cure: &'static str) -> Self {
        Self { place: place.to_owned(), what: what.into(), cure }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)?;
        if self.cure.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.cure) }
    }
}
