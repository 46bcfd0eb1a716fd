//! What goes out: at most one action of a kind is in flight.

use std::time::Duration;

use crate::model::{Listing, Question};

use super::{RefreshCall, SavedState};

/// Something to be done outside. The outcome of each comes back as an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask DNS. One question a Service is in flight at most.
    Ask(Question),
    /// Make the files say this, writing only where they do not.
    Publish(Publication),
    /// Make the files say what they said when the program started, writing only where they do not.
    KeepFound,
    /// Tell the server to take the published list over, giving up after `timeout`.
    Refresh {
        /// Which endpoint.
        call: RefreshCall,
        /// What the list is, for the endpoint that takes it in the call.
        listing: Listing,
        /// Bound on the whole call.
        timeout: Duration,
    },
    /// Drop the refresh in flight; no outcome comes back for it.
    AbandonRefresh,
    /// Read the server's status.
    Confirm,
    /// Find out what masks the list.
    Diagnose,
}

/// A document and what the next start needs to go on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The document's content.
    pub listing: Listing,
    /// The state kept beside it.
    pub state: SavedState,
}
