//! What can be said of the loop at one moment; for people, probes and metrics.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{LookupFailure, Moment, PeerSet, Port, Question, ServiceUrl, UnusableRecords};

use super::Condition;

/// A copy of everything worth showing; cheap enough to make after each turn. By default nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The server's own URL; none for a client's list.
    pub own: Option<ServiceUrl>,
    /// The port of its own SRV record, where that is the server's.
    pub own_port: Option<Port>,
    /// One entry a Service, in the order of the settings.
    pub services: Vec<ServiceStatus>,
    /// The wanted list, once there is one.
    pub desired: Option<Dated<PeerSet>>,
    /// The peers in the files, once a publication since the start has succeeded; as in the other lists, self
    /// and sink are left out.
    pub published: Option<Dated<PeerSet>>,
    /// Whether the published document carries the sink just now.
    pub flushing: bool,
    /// What the server says it has, self and sink left out; none while it cannot be asked.
    pub adopted: Option<Dated<PeerSet>>,
    /// When a confirm last found the server holding exactly the desired list.
    pub confirmed_at: Option<Moment>,
    /// When a refresh was last taken by the server.
    pub refreshed_at: Option<Moment>,
    /// How long the latest confirmed change took from its first sight in DNS; dated by its confirm.
    pub propagation: Option<Dated<Duration>>,
    /// Everything that deserves attention, most serious first.
    pub conditions: Vec<Condition>,
    /// Changes of the desired list, latest last; bounded by [`Status::HISTORY_MAX`] and [`PeersOfChange`].
    pub history: VecDeque<Arc<Change>>,
}

impl Status {
    /// Changes remembered: an hour of a busy roll-out fits.
    pub const HISTORY_MAX: usize = 64;

    /// Whether a list is being kept against what DNS says.
    pub fn is_held(&self) -> bool {
        self.conditions.iter().any(Condition::is_hold)
    }
}

/// A value and since when it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// The value.
    pub value: T,
    /// When it became so.
    pub since: Moment,
}

/// What is known of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// What is asked.
    pub question: Question,
    /// The last outcome, and since when outcomes are of this kind; none before the first.
    pub last: Option<Dated<LastAnswer>>,
    /// When the question was asked that has no answer yet; none while none is under way.
    pub unanswered_since: Option<Moment>,
    /// When records last came.
    pub records_at: Option<Moment>,
    /// The peers in the last records answer, self left out.
    pub answered: PeerSet,
    /// The peers that this Service contributes to the desired list.
    pub kept: PeerSet,
    /// Whether self was in the last records answer, and since when; none before one, or without a self.
    pub self_found: Option<Dated<bool>>,
    /// The records of the last records answer that cannot be used, and since when there have been any.
    pub unusable: Option<Dated<UnusableRecords>>,
}

/// The kind of the last outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastAnswer {
    /// Records, and how many peers they name.
    Records {
        /// Peers, self left out.
        peers: usize,
    },
    /// Empty, on the authority's word.
    Empty {
        /// NXDOMAIN, not NODATA.
        no_such_name: bool,
        /// The SOA's serial.
        soa_serial: u32,
    },
    /// Nothing known.
    Failed(LookupFailure),
}

impl LastAnswer {
    /// The closed set of names used in status and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Records { .. } => "records",
            Self::Empty { no_such_name: true, .. } => "no_such_name",
            Self::Empty { no_such_name: false, .. } => "no_data",
            Self::Failed(failure) => failure.label(),
        }
    }
}

/// One change of the desired list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Counts the changes since the start, from 1.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// Why.
    pub cause: ChangeCause,
    /// Peers that came.
    pub added: PeersOfChange,
    /// Peers that left.
    pub removed: PeersOfChange,
    /// How many there are now.
    pub peers: usize,
}

/// Peers that came, or left: the first of them by name, and how many they are.
///
/// Names are kept within a bound of bytes: all names of a large Service that is replaced again and again
/// would be tens of megabytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeersOfChange {
    named: Vec<ServiceUrl>,
    count: usize,
}

impl PeersOfChange {
    /// Peers that are named.
    pub const NAMED_MAX: usize = 32;
    /// Bytes of their URLs: 32 of the longest that Kubernetes makes, and all changes of a history together
    /// are below a megabyte.
    const BYTES_MAX: usize = 6 * 1024;

    /// Some of the peers, in order.
    pub fn named(&self) -> &[ServiceUrl] {
        &self.named
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many of them are not named.
    pub fn unnamed(&self) -> usize {
        self.count - self.named.len()
    }
}

impl<'a> FromIterator<&'a ServiceUrl> for PeersOfChange {
    fn from_iter<I: IntoIterator<Item = &'a ServiceUrl>>(peers: I) -> Self {
        let (mut named, mut count, mut room) = (vec![], 0, Self::BYTES_MAX);
        for url in peers {
            count += 1;
            let is_first = named.len() + 1 == count;
            match room.checked_sub(url.as_str().len()) {
                Some(rest) if is_first && named.len() < Self::NAMED_MAX => {
                    room = rest;
                    named.push(url.clone());
                }
                Some(_) | None => {}
            }
        }
        named.shrink_to_fit();
        Self { named, count }
    }
}

/// Why the desired list changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCause {
    /// Read back from the saved state.
    SavedState,
    /// DNS said so, and no hold stood against it.
    Answer,
    /// DNS said "empty" for `--empty-after`.
    EmptyAfter,
    /// The start deadline passed.
    StartDeadline,
    /// The operator accepted it.
    Accepted,
    /// The settings changed.
    Settings,
}

impl ChangeCause {
    /// The name used in status and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::SavedState => "saved_state",
            Self::Answer => "answer",
            Self::EmptyAfter => "empty_after",
            Self::StartDeadline => "start_deadline",
            Self::Accepted => "accepted",
            Self::Settings => "settings",
        }
    }
}
