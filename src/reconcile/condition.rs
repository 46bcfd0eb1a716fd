//! What deserves attention: kinds, their facts, and how serious each is with its facts.
//!
//! No words: what is said of a condition is made in `wording/`, when it is shown.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::model::{
    DurationOrNever, HeadlessService, ListOrigin, LookupFailure, MaxShrink, Moment, PodIdentity, Question,
    ServerFault, ServiceUrl, UnusableRecords,
};

use super::{BelievedBy, PublishFault};

/// Something that an operator should know, for as long as it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// When it began.
    pub since: Moment,
    /// When it ends by itself if nothing else changes, as far as that is known.
    pub until: Option<Moment>,
    /// What is so.
    pub situation: Situation,
}

impl Condition {
    /// Its kind.
    pub fn kind(&self) -> ConditionKind {
        self.situation.kind()
    }

    /// Whether it keeps the list against what DNS says.
    pub fn is_hold(&self) -> bool {
        self.situation.is_hold()
    }
}

/// What is so, with its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// The files cannot be written.
    NotPublished(NotPublished),
    /// The server takes refreshes and does not take the list over.
    NotAdopted(NotAdopted),
    /// The server refuses the refresh.
    RefreshRefused(ServerFault),
    /// The server does not get through a refresh; it is tried again.
    RefreshFailing(ServerFault),
    /// Others change or remove the files again and again.
    FilesOverwritten {
        /// How often they were put right in this row.
        repairs: u64,
    },
    /// The server lists itself, under this URL, among its peers.
    SelfNotRecognised {
        /// The URL.
        own: ServiceUrl,
    },
    /// More than one server answers under the status URL.
    SeveralServers,
    /// The server's status cannot be read although it answers.
    StatusUnreadable(ServerFault),
    /// The server cannot be reached.
    ServerUnreachable {
        /// Why.
        fault: ServerFault,
        /// Whether it has replied before; if not, it may be starting.
        has_replied: bool,
    },
    /// Nothing is published yet: the start waits for the Service that names self (`--on-deadline wait`).
    StartWaits {
        /// What has to give records; any of the Services where none is known to be the right one.
        asked: Option<Question>,
        /// The Service to which the pod belongs, where that is not asked.
        governing: Option<HeadlessService>,
    },
    /// No list is known: neither DNS nor the saved state has given one.
    NothingKnown {
        /// Whether the start deadline has not passed yet.
        is_starting: bool,
    },
    /// Nothing is published yet: DNS gives records, of fewer peers than `--min-peers`, and the start deadline has
    /// not passed.
    TooFewPeers {
        /// How many there would be in the list.
        peers: usize,
        /// How many are waited for.
        min_peers: usize,
    },
    /// Held: the saved state is lost, and the files stay as they were found.
    HeldDocument {
        /// Whether the list is a client's, which does not begin without records.
        is_client: bool,
    },
    /// Held: nothing is known of a Service.
    HeldLookupFailed {
        /// What was asked.
        question: Question,
        /// Why nothing is known.
        failure: LookupFailure,
        /// What is kept of it.
        kept: Kept,
    },
    /// DNS says that the Service has no endpoints, which proves nothing: held, until it is believed.
    HeldEmpty {
        /// What was asked.
        question: Question,
        /// NXDOMAIN, not NODATA.
        no_such_name: bool,
        /// The SOA's serial.
        soa_serial: u32,
        /// What is kept of it.
        kept: Kept,
        /// When it is believed.
        empty_after: DurationOrNever,
        /// Whether the operator's word would be refused: a client's list, which would name nobody.
        never_empty: bool,
    },
    /// Held: far fewer peers than before.
    HeldShrink {
        /// Peers before the fall.
        before: usize,
        /// Peers in DNS now.
        now: usize,
        /// How large a fall is believed at once.
        max_shrink: MaxShrink,
        /// When it is believed.
        shrink_after: DurationOrNever,
    },
    /// Held: peers are missing, not yet for long enough.
    HeldRemoval {
        /// What was asked.
        question: Question,
        /// How many peers are missing.
        missing: usize,
        /// When they leave.
        remove_after: DurationOrNever,
        /// What that takes.
        takes: RemovalTakes,
    },
    /// Held by the operator.
    Frozen,
    /// Self is not in the answer.
    SelfNotFound(Arc<SelfNotFound>),
    /// The list names self alone, and no record has told on which port it listens.
    PortUnknown {
        /// The URL with the port that stands in.
        own: ServiceUrl,
    },
    /// Some of the records cannot be used, and others can.
    RecordsUnusable {
        /// What was asked.
        question: Question,
        /// How many, why, and the first of them.
        records: Arc<UnusableRecords>,
    },
    /// More peers than a stock server carries lightly.
    ManyPeers {
        /// How many are listed.
        peers: usize,
    },
    /// More peers than there is room for.
    NoRoom {
        /// What was asked.
        question: Question,
        /// How many peers of its records are not listed.
        unlisted: usize,
        /// The bound; the list has twice as many.
        max_peers: usize,
        /// When missing peers make room.
        remove_after: DurationOrNever,
    },
    /// The loop panicked and was started again.
    LoopRestarted {
        /// What the last panic said.
        panic: Arc<str>,
        /// How often in the life of this process.
        restarts: u64,
    },
    /// The settings file has faults; the old settings are in force.
    SettingsRejected {
        /// All of them, a line each.
        faults: Arc<str>,
    },
}

/// Why the files are not as they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPublished {
    /// A publication waits for the volume's disk.
    Stalled,
    /// The last publication failed.
    Failed(PublishFault),
}

/// Why the server does not take the list over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdopted {
    /// The likely reason is being looked for.
    Unknown,
    /// Its list comes from somewhere else.
    Masked(Arc<ListOrigin>),
    /// It polls the file by itself, and has had time enough.
    PollsTooLong,
}

/// What is kept of a Service that gives no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// So many of its peers.
    Peers(NonZeroUsize),
    /// None yet: the start deadline has not passed.
    NoneYet,
    /// None, so the list lacks a whole Service.
    None,
    /// None, because it is believed that the Service has no endpoints.
    BelievedEmpty(BelievedBy),
}

/// What it takes until peers that are missing leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalTakes {
    /// `--remove-after`, which is being counted.
    Time,
    /// Records: while DNS gives none, no time counts.
    Records,
    /// That the fall is believed, of which they are a part.
    Belief,
}

impl RemovalTakes {
    /// The name used in status.
    pub fn label(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Records => "records",
            Self::Belief => "belief",
        }
    }
}

/// Self is not in the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfNotFound {
    /// What was asked.
    pub question: Question,
    /// The URL that was looked for.
    pub own: ServiceUrl,
    /// The names and addresses that were looked for.
    pub identity: PodIdentity,
    /// Some of the peers that were seen instead.
    pub sample: Vec<ServiceUrl>,
    /// The Service to which the pod belongs, where that is not asked.
    pub governing: Option<HeadlessService>,
    /// A record that begins with the pod's name.
    pub namesake: Option<ServiceUrl>,
}

/// How serious a condition is; the words are those of Prometheus alerts. The least serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It passes by itself, or is part of a start.
    Info,
    /// Someone should look; the servers go on with what they have.
    Warning,
    /// Registrations are lost, or a server does not start, until someone acts.
    Critical,
}

impl Severity {
    /// The name used in status and alerts.
    pub fn label(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Defines the closed set of kinds, most serious first: its name, its label, and which situations are of it.
macro_rules! condition_kinds {
    ($($kind:ident $label:literal $situations:pat,)*) => {
        /// The closed set of conditions, most serious first; [`Situation`] says what each is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the situation of the same name has them")]
        pub enum ConditionKind {
            $($kind,)*
        }

        impl ConditionKind {
            /// Every kind, in order of seriousness.
            pub const ALL: [Self; [$($label),*].len()] = [$(Self::$kind),*];

            /// The name used in status, metrics and logs.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$kind => $label,)*
                }
            }
        }

        impl Situation {
            /// Its kind.
            pub fn kind(&self) -> ConditionKind {
                match self {
                    $($situations => ConditionKind::$kind,)*
                }
            }
        }
    };
}

condition_kinds! {
    NotPublished "not_published" Self::NotPublished(_),
    NotAdopted "not_adopted" Self::NotAdopted(_),
    RefreshRefused "refresh_refused" Self::RefreshRefused(_),
    RefreshFailing "refresh_failing" Self::RefreshFailing(_),
    FilesOverwritten "files_overwritten" Self::FilesOverwritten { .. },
    SelfNotRecognised "self_not_recognised" Self::SelfNotRecognised { .. },
    SeveralServers "several_servers" Self::SeveralServers,
    StatusUnreadable "status_unreadable" Self::StatusUnreadable(_),
    ServerUnreachable "server_unreachable" Self::ServerUnreachable { .. },
    StartWaits "start_waits" Self::StartWaits { .. },
    NothingKnown "nothing_known" Self::NothingKnown { .. },
    TooFewPeers "too_few_peers" Self::TooFewPeers { .. },
    HeldDocument "held_document" Self::HeldDocument { .. },
    HeldLookupFailed "held_lookup_failed" Self::HeldLookupFailed { .. },
    HeldEmpty "held_empty" Self::HeldEmpty { .. },
    HeldShrink "held_shrink" Self::HeldShrink { .. },
    HeldRemoval "held_removal" Self::HeldRemoval { .. },
    Frozen "frozen" Self::Frozen,
    SelfNotFound "self_not_found" Self::SelfNotFound(_),
    PortUnknown "port_unknown" Self::PortUnknown { .. },
    RecordsUnusable "records_unusable" Self::RecordsUnusable { .. },
    ManyPeers "many_peers" Self::ManyPeers { .. } | Self::NoRoom { .. },
    SettingsRejected "settings_rejected" Self::SettingsRejected { .. },
    LoopRestarted "loop_restarted" Self::LoopRestarted { .. },
}

impl ConditionKind {
    /// Whether conditions of this kind keep the list against what DNS says.
    pub fn may_hold(self) -> bool {
        use ConditionKind::{Frozen, HeldDocument, HeldEmpty, HeldLookupFailed, HeldRemoval, HeldShrink};
        matches!(self, HeldDocument | HeldLookupFailed | HeldEmpty | HeldShrink | HeldRemoval | Frozen)
    }

    /// Whether asking DNS once shows it, so that `check` tells of it: others speak of a loop that turns.
    pub fn is_seen_by_one_look(self) -> bool {
        use ConditionKind::{Frozen, HeldEmpty, HeldLookupFailed, ManyPeers, RecordsUnusable, SelfNotFound};
        matches!(self, HeldLookupFailed | HeldEmpty | SelfNotFound | RecordsUnusable | ManyPeers | Frozen)
    }

    /// Whether this may keep a start from publishing its first list.
    pub fn hinders_first_list(self) -> bool {
        use ConditionKind::{
            HeldEmpty, HeldLookupFailed, NotPublished, NothingKnown, StartWaits, TooFewPeers,
        };
        matches!(self, NotPublished | StartWaits | NothingKnown | TooFewPeers | HeldLookupFailed | HeldEmpty)
    }
}

impl Situation {
    /// How serious it is. The one table: log level, page, `/status`, `check` and the alert rules follow it.
    /// Whether a probe is red is never decided here.
    pub fn severity(&self) -> Severity {
        match self {
            Self::NotPublished(_)
            | Self::NotAdopted(_)
            | Self::RefreshRefused(_)
            | Self::StartWaits { .. } => Severity::Critical,
            Self::ServerUnreachable { has_replied: false, .. }
            | Self::NothingKnown { is_starting: true }
            | Self::TooFewPeers { .. }
            // As the operator wants it: by `accept --empty`, or by `--empty-after`.
            | Self::HeldEmpty { kept: Kept::BelievedEmpty(_), .. }
            | Self::HeldRemoval { remove_after: DurationOrNever::After(_), .. }
            | Self::PortUnknown { .. } => Severity::Info,
            Self::HeldLookupFailed { kept, .. } | Self::HeldEmpty { kept, .. } => kept.severity(),
            Self::RecordsUnusable { records, .. } if records.are_denied() => Severity::Info,
            Self::RefreshFailing(_)
            | Self::FilesOverwritten { .. }
            | Self::SelfNotRecognised { .. }
            | Self::SeveralServers
            | Self::StatusUnreadable(_)
            | Self::ServerUnreachable { has_replied: true, .. }
            | Self::NothingKnown { is_starting: false }
            | Self::HeldDocument { .. }
            | Self::HeldShrink { .. }
            // Nothing ends it but the operator: the server goes on calling a peer that is gone for good.
            | Self::HeldRemoval { remove_after: DurationOrNever::Never, .. }
            | Self::Frozen
            | Self::SelfNotFound(_)
            | Self::RecordsUnusable { .. }
            | Self::ManyPeers { .. }
            | Self::NoRoom { .. }
            | Self::LoopRestarted { .. }
            | Self::SettingsRejected { .. } => Severity::Warning,
        }
    }

    /// Whether it keeps the list against what DNS says.
    pub fn is_hold(&self) -> bool {
        let is_believed = matches!(self, Self::HeldEmpty { kept: Kept::BelievedEmpty(_), .. });
        self.kind().may_hold() && !is_believed
    }

    /// Which of several of its kind it is: the question that it is about, where it is about one.
    pub fn question(&self) -> Option<&Question> {
        match self {
            Self::HeldLookupFailed { question, .. }
            | Self::HeldEmpty { question, .. }
            | Self::HeldRemoval { question, .. }
            | Self::RecordsUnusable { question, .. }
            | Self::NoRoom { question, .. } => Some(question),
            _ => None,
        }
    }

    /// What a refresh that failed comes to.
    pub(super) fn of_refresh(fault: ServerFault) -> Self {
        match fault {
            ServerFault::Refused(_) | ServerFault::Unreadable(_) => Self::RefreshRefused(fault),
            ServerFault::Unreachable(_)
            | ServerFault::HungUp(_)
            | ServerFault::TimedOut
            | ServerFault::Failing { .. } => Self::RefreshFailing(fault),
        }
    }

    /// What a status that cannot be read comes to.
    pub(super) fn of_status(fault: ServerFault, has_replied: bool) -> Self {
        match fault {
            ServerFault::Unreachable(_) | ServerFault::HungUp(_) | ServerFault::TimedOut => {
                Self::ServerUnreachable { fault, has_replied }
            }
            ServerFault::Failing { .. } | ServerFault::Refused(_) | ServerFault::Unreadable(_) => {
                Self::StatusUnreadable(fault)
            }
        }
    }

    /// Whether both are about the same: of one kind, and where they are about a question, about the same one.
    /// What holds is over once it is believed: that is another matter, though of one kind.
    pub fn is_about_same(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.question() == other.question()
            && self.is_hold() == other.is_hold()
    }
}

impl Kept {
    pub(super) fn of(peers: usize, belief: Option<BelievedBy>, is_starting: bool) -> Self {
        match (NonZeroUsize::new(peers), belief) {
            (Some(peers), _) => Self::Peers(peers),
            (None, Some(by)) => Self::BelievedEmpty(by),
            (None, None) if is_starting => Self::NoneYet,
            (None, None) => Self::None,
        }
    }

    /// How many peers.
    pub fn peers(self) -> usize {
        match self {
            Self::Peers(peers) => peers.get(),
            Self::NoneYet | Self::None | Self::BelievedEmpty(_) => 0,
        }
    }

    /// Whose word it is that there are none.
    pub fn believed_by(self) -> Option<BelievedBy> {
        match self {
            Self::BelievedEmpty(by) => Some(by),
            Self::Peers(_) | Self::NoneYet | Self::None => None,
        }
    }

    /// A start waits for its first records; later, a Service of which nothing is known is missing in the list.
    fn severity(self) -> Severity {
        match self {
            Self::NoneYet => Severity::Info,
            Self::None => Severity::Critical,
            Self::Peers(_) | Self::BelievedEmpty(_) => Severity::Warning,
        }
    }
}
