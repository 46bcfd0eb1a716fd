//! What can be said of the loop at one moment; for people, probes and metrics.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{LookupFailure, Moment, PeerSet, Question, ServiceUrl};

/// Reasons in one message: the kubelet shows the last 2,048 bytes of a container's log.
const REASONS_TOLD_MAX: usize = 3;

/// A copy of everything worth showing; cheap enough to make after each turn.
#[derive(Clone, Debug)]
pub struct Status {
    /// The server's own URL; none for a client's list.
    pub own: Option<ServiceUrl>,
    /// One entry a Service, in the order of the settings.
    pub services: Vec<ServiceStatus>,
    /// The wanted list, once there is one.
    pub desired: Option<Dated<PeerSet>>,
    /// What is in the files, once a publication of this life has succeeded; in the order of the file, the
    /// sink left out.
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
    /// Changes of the desired list, latest last; bounded by [`Status::HISTORY_MAX`].
    pub history: VecDeque<Change>,
}

impl Status {
    /// Changes remembered: an hour of a busy roll-out fits.
    pub const HISTORY_MAX: usize = 64;

    /// Why the files cannot be written, where they cannot.
    pub fn publish_failure(&self) -> Option<&str> {
        let mut conditions = self.conditions.iter();
        let failed = conditions.find(|condition| condition.kind == ConditionKind::NotPublished);
        failed.map(|condition| condition.message.as_str())
    }

    /// Why no list is in place, as far as the machine knows; empty where it knows no reason.
    pub fn why_no_list(&self) -> String {
        let hindering = self.conditions.iter().filter(|condition| condition.kind.hinders_first_list());
        let messages: Vec<_> = hindering.map(|condition| condition.message.as_str()).collect();
        let (told, more) = messages.split_at(messages.len().min(REASONS_TOLD_MAX));
        let rest = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
        told.join("; ") + &rest
    }

    /// Whether a list is being kept against what DNS says.
    pub fn is_held(&self) -> bool {
        self.conditions.iter().any(|condition| condition.kind.is_hold())
    }
}

/// A value and since when it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// The value.
    pub value: T,
    /// Since when.
    pub since: Moment,
}

/// What is known of one Service.
#[derive(Clone, Debug)]
pub struct ServiceStatus {
    /// What is asked.
    pub question: Question,
    /// The last outcome, and since when outcomes are of this kind; none before the first.
    pub last: Option<Dated<LastAnswer>>,
    /// When records last came.
    pub records_at: Option<Moment>,
    /// The peers in the last records answer, self left out.
    pub answered: PeerSet,
    /// The peers that this Service contributes to the desired list.
    pub kept: PeerSet,
    /// Whether self was in the last records answer, and since when; none before one, or without a self.
    pub self_found: Option<Dated<bool>>,
}

/// The kind of the last outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastAnswer {
    /// Records, and how many peers they name.
    Records {
        /// Peers, self left out.
        peers: usize,
    },
    /// Nobody, on the authority's word.
    Nobody {
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
            Self::Nobody { no_such_name: true, .. } => "no_such_name",
            Self::Nobody { no_such_name: false, .. } => "no_data",
            Self::Failed(failure) => failure.label(),
        }
    }
}

/// Something that deserves attention, for as long as it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Which.
    pub kind: ConditionKind,
    /// Since when.
    pub since: Moment,
    /// What is so, where, and what to do.
    pub message: String,
}

/// The closed set of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionKind {
    /// The files cannot be written.
    NotPublished,
    /// The server takes refreshes and does not take the list over.
    NotAdopted,
    /// The server refuses the refresh.
    RefreshRefused,
    /// The server does not get through a refresh; it is tried again.
    RefreshFailing,
    /// The server lists itself among its peers.
    SelfNotRecognised,
    /// More than one server answers under the status URL.
    SeveralServers,
    /// The server's status cannot be read although it answers.
    StatusUnreadable,
    /// The server cannot be reached; before its first reply that is its start.
    ServerUnreachable,
    /// Nothing is published yet: the start waits for the Service that names self (`--on-deadline wait`).
    StartWaits,
    /// Nothing is published yet: no list is known.
    NothingKnown,
    /// Held: the saved state is lost, and the files stay as they were found.
    HeldDocument,
    /// Held: nothing is known of a Service.
    HeldLookupFailed,
    /// Held: DNS says nobody, which proves nothing.
    HeldNobody,
    /// Held: far fewer peers than before.
    HeldShrink,
    /// Held: peers are missing, not yet for long enough.
    HeldRemoval,
    /// Held by the operator.
    Frozen,
    /// Self is not in the answer.
    SelfNotFound,
    /// More peers than a stock server carries lightly.
    ManyPeers,
}

impl ConditionKind {
    /// Every kind, in order of seriousness.
    pub const ALL: [Self; 18] = [
        Self::NotPublished,
        Self::NotAdopted,
        Self::RefreshRefused,
        Self::RefreshFailing,
        Self::SelfNotRecognised,
        Self::SeveralServers,
        Self::StatusUnreadable,
        Self::ServerUnreachable,
        Self::StartWaits,
        Self::NothingKnown,
        Self::HeldDocument,
        Self::HeldLookupFailed,
        Self::HeldNobody,
        Self::HeldShrink,
        Self::HeldRemoval,
        Self::Frozen,
        Self::SelfNotFound,
        Self::ManyPeers,
    ];

    /// The name used in status, metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotPublished => "not_published",
            Self::NotAdopted => "not_adopted",
            Self::RefreshRefused => "refresh_refused",
            Self::RefreshFailing => "refresh_failing",
            Self::SelfNotRecognised => "self_not_recognised",
            Self::SeveralServers => "several_servers",
            Self::StatusUnreadable => "status_unreadable",
            Self::ServerUnreachable => "server_unreachable",
            Self::StartWaits => "start_waits",
            Self::NothingKnown => "nothing_known",
            Self::HeldDocument => "held_document",
            Self::HeldLookupFailed => "held_lookup_failed",
            Self::HeldNobody => "held_nobody",
            Self::HeldShrink => "held_shrink",
            Self::HeldRemoval => "held_removal",
            Self::Frozen => "frozen",
            Self::SelfNotFound => "self_not_found",
            Self::ManyPeers => "many_peers",
        }
    }

    /// Whether this keeps the list against what DNS says.
    pub fn is_hold(self) -> bool {
        matches!(
            self,
            Self::HeldDocument
                | Self::HeldLookupFailed
                | Self::HeldNobody
                | Self::HeldShrink
                | Self::HeldRemoval
                | Self::Frozen
        )
    }

    /// Whether this may keep a start from publishing its first list.
    pub fn hinders_first_list(self) -> bool {
        match self {
            Self::NotPublished
            | Self::StartWaits
            | Self::NothingKnown
            | Self::HeldLookupFailed
            | Self::HeldNobody => true,
            Self::NotAdopted
            | Self::RefreshRefused
            | Self::RefreshFailing
            | Self::SelfNotRecognised
            | Self::SeveralServers
            | Self::StatusUnreadable
            | Self::ServerUnreachable
            | Self::HeldDocument
            | Self::HeldShrink
            | Self::HeldRemoval
            | Self::Frozen
            | Self::SelfNotFound
            | Self::ManyPeers => false,
        }
    }
}

/// One change of the desired list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Counts the changes of this life, from 1.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// Why.
    pub cause: ChangeCause,
    /// Peers that came.
    pub added: PeerSet,
    /// Peers that left.
    pub removed: PeerSet,
    /// How many there are now.
    pub peers: usize,
}

/// Why the desired list changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCause {
    /// Read back from the previous life.
    PreviousLife,
    /// DNS said so, and no hold stood against it.
    Answer,
    /// DNS said "nobody" for `--empty-after`.
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
            Self::PreviousLife => "previous_life",
            Self::Answer => "answer",
            Self::EmptyAfter => "empty_after",
            Self::StartDeadline => "start_deadline",
            Self::Accepted => "accepted",
            Self::Settings => "settings",
        }
    }
}
