//! What is known of the list that the server has.

use crate::model::PeerSet;

use super::status::Dated;

/// What is known of the server's list.
#[derive(Clone, Debug)]
pub(super) enum ServerList {
    /// The server has not said, or has gone since.
    Unknown,
    /// The server said so.
    Seen(Dated<Seen>),
    /// The server cannot say; this is what it was last told.
    Blind { told: Option<PeerSet> },
}

/// The server's list, self and sink aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) peers: PeerSet,
    pub(super) foreign: Vec<String>,
    pub(super) lists_self: bool,
}

impl ServerList {
    /// Whether the server is known to have another list; not knowing is not differing.
    pub(super) fn differs_from(&self, target: &PeerSet) -> bool {
        match self {
            Self::Unknown => false,
            Self::Seen(seen) => !seen.value.is_exactly(target),
            Self::Blind { told } => told.as_ref() != Some(target),
        }
    }

    /// Whether the server may lack a peer of `target`; otherwise it only has too many.
    pub(super) fn lacks_some_of(&self, target: &PeerSet) -> bool {
        match self {
            Self::Unknown | Self::Blind { told: None } => true,
            Self::Seen(Dated { value: Seen { peers, .. }, .. }) | Self::Blind { told: Some(peers) } => {
                !target.is_subset(peers)
            }
        }
    }
}

impl Seen {
    /// Whether these are the peers of `target`, and nothing else.
    pub(super) fn is_exactly(&self, target: &PeerSet) -> bool {
        self.foreign.is_empty() && self.peers == *target
    }

    /// Whether the server has neither peers nor anything that it takes for one.
    pub(super) fn is_empty(&self) -> bool {
        self.foreign.is_empty() && self.peers.is_empty()
    }
}
