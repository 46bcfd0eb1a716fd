//! What deserves attention: kinds, their facts, and how serious each is with its facts.
//!
//! No words: what is said of a condition is made in `wording/`, when it is shown.

use std::sync::Arc;

use crate::model::{
    DurationOrNever, HeadlessService, ListOrigin, LookupFailure, MaxShrink, Moment, PodIdentity, Question,
    ServerFault, ServiceUrl,
};

use super::PublishFault;
use super::selection::UnusableRecords;

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
    /// Held: the saved state is lost, and the files stay as they were found.
    HeldDocument,
    /// Held: nothing is known of a Service.
    HeldLookupFailed {
        /// What was asked.
        question: Question,
        /// Why nothing is known.
        failure: LookupFailure,
        /// What is kept of it.
        kept: Kept,
    },
    /// Held: DNS says that the Service has no endpoints, which proves nothing.
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
    },
    /// Held by the operator.
    Frozen,
    /// Self is not in the answer.
    SelfNotFound(Arc<SelfNotFound>),
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
pub struct Kept {
    /// How many of its peers.
    pub peers: usize,
    /// Whether the start deadline has not passed yet.
    pub is_starting: bool,
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
    SelfNotRecognised "self_not_recognised" Self::SelfNotRecognised { .. },
    SeveralServers "several_servers" Self::SeveralServers,
    StatusUnreadable "status_unreadable" Self::StatusUnreadable(_),
    ServerUnreachable "server_unreachable" Self::ServerUnreachable { .. },
    StartWaits "start_waits" Self::StartWaits { .. },
    NothingKnown "nothing_known" Self::NothingKnown { .. },
    HeldDocument "held_document" Self::HeldDocument,
    HeldLookupFailed "held_lookup_failed" Self::HeldLookupFailed { .. },
    HeldEmpty "held_empty" Self::HeldEmpty { .. },
    HeldShrink "held_shrink" Self::HeldShrink { .. },
    HeldRemoval "held_removal" Self::HeldRemoval { .. },
    Frozen "frozen" Self::Frozen,
    SelfNotFound "self_not_found" Self::SelfNotFound(_),
    RecordsUnusable "records_unusable" Self::RecordsUnusable { .. },
    ManyPeers "many_peers" Self::ManyPeers { .. } | Self::NoRoom { .. },
    SettingsRejected "settings_rejected" Self::SettingsRejected { .. },
    LoopRestarted "loop_restarted" Self::LoopRestarted { .. },
}

impl ConditionKind {
    /// Whether this keeps the list against what DNS says.
    pub fn is_hold(self) -> bool {
        use ConditionKind::{Frozen, HeldDocument, HeldEmpty, HeldLookupFailed, HeldRemoval, HeldShrink};
        matches!(self, HeldDocument | HeldLookupFailed | HeldEmpty | HeldShrink | HeldRemoval | Frozen)
    }

    /// Whether this may keep a start from publishing its first list.
    pub fn hinders_first_list(self) -> bool {
        use ConditionKind::{HeldEmpty, HeldLookupFailed, NotPublished, NothingKnown, StartWaits};
        matches!(self, NotPublished | StartWaits | NothingKnown | HeldLookupFailed | HeldEmpty)
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
            Self::HeldLookupFailed { kept, .. } | Self::HeldEmpty { kept, .. } => kept.severity(),
            Self::ServerUnreachable { has_replied: false, .. }
            | Self::NothingKnown { is_starting: true }
            | Self::HeldRemoval { .. } => Severity::Info,
            Self::RefreshFailing(_)
            | Self::SelfNotRecognised { .. }
            | Self::SeveralServers
            | Self::StatusUnreadable(_)
            | Self::ServerUnreachable { has_replied: true, .. }
            | Self::NothingKnown { is_starting: false }
            | Self::HeldDocument
            | Self::HeldShrink { .. }
            | Self::Frozen
            | Self::SelfNotFound(_)
            | Self::RecordsUnusable { .. }
            | Self::ManyPeers { .. }
            | Self::NoRoom { .. }
            | Self::LoopRestarted { .. }
            | Self::SettingsRejected { .. } => Severity::Warning,
        }
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

    /// Whether both are the same to someone who reads a log: counts, ages and times may differ, the cause
    /// and how serious it is may not.
    pub fn has_cause_of(&self, other: &Self) -> bool {
        let is_same = match (self, other) {
            (Self::NotPublished(one), Self::NotPublished(other)) => one.has_cause_of(other),
            (Self::NotAdopted(one), Self::NotAdopted(other)) => one == other,
            (Self::RefreshRefused(one), Self::RefreshRefused(other))
            | (Self::RefreshFailing(one), Self::RefreshFailing(other))
            | (Self::StatusUnreadable(one), Self::StatusUnreadable(other))
            | (Self::ServerUnreachable { fault: one, .. }, Self::ServerUnreachable { fault: other, .. }) => {
                is_same_fault(one, other)
            }
            (Self::HeldLookupFailed { failure: one, .. }, Self::HeldLookupFailed { failure: other, .. }) => {
                one.label() == other.label()
            }
            (Self::HeldEmpty { no_such_name: one, .. }, Self::HeldEmpty { no_such_name: other, .. }) => {
                one == other
            }
            (Self::RecordsUnusable { records: one, .. }, Self::RecordsUnusable { records: other, .. }) => {
                one.by_reason.keys().eq(other.by_reason.keys())
            }
            (Self::LoopRestarted { panic: one, .. }, Self::LoopRestarted { panic: other, .. })
            | (Self::SettingsRejected { faults: one }, Self::SettingsRejected { faults: other }) => {
                one == other
            }
            _ => true,
        };
        is_same && self.kind() == other.kind() && self.severity() == other.severity()
    }
}

impl Kept {
    /// A start waits for its first records; later, a Service of which nothing is known is missing in the list.
    fn severity(self) -> Severity {
        match self {
            Self { peers: 0, is_starting: true } => Severity::Info,
            Self { peers: 0, is_starting: false } => Severity::Critical,
            Self { peers: 1.., .. } => Severity::Warning,
        }
    }
}

impl NotPublished {
    fn has_cause_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed(one), Self::Failed(other)) => {
                one.reason == other.reason && one.message.place == other.message.place
            }
            (Self::Stalled, Self::Stalled) => true,
            (Self::Stalled, Self::Failed(_)) | (Self::Failed(_), Self::Stalled) => false,
        }
    }
}

/// The network's and the server's own words may change at each try.
fn is_same_fault(one: &ServerFault, other: &ServerFault) -> bool {
    match (one, other) {
        (ServerFault::Failing { status: one, .. }, ServerFault::Failing { status: other, .. }) => {
            one == other
        }
        (ServerFault::Refused(one), ServerFault::Refused(other)) => one == other,
        _ => one.label() == other.label(),
    }
}
