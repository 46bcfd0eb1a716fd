//! What comes in: the outcome of each action, and nothing else.

use std::sync::Arc;

use crate::model::{Answer, ListOrigin, Message, PeerSet, Question, ServerFault};

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A question was answered, or was not.
    Answered {
        /// The question, so that an answer to one no longer asked is recognised.
        question: Question,
        answer: Answer,
    },
    /// The publication in flight ended.
    Published(PublishOutcome),
    /// The refresh in flight ended.
    Refreshed(Result<(), ServerFault>),
    /// The confirm in flight ended.
    Confirmed(Result<Replicas, ServerFault>),
    /// The diagnosis in flight ended: where the server takes its list from instead.
    Diagnosed(ListOrigin),
    /// Ask now, whatever the schedule says (SIGHUP).
    AskNow,
}

/// How a publication ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The files say what they should, and said something else before.
    Written,
    /// The files said so already.
    Unchanged,
    /// The files had been changed or removed by others, and say again what they should.
    Repaired,
    /// The files could not be written, and are as they were.
    Failed(PublishFault),
    /// The files could not be written, and what was in place is gone: others took it away.
    Lost(PublishFault),
}

/// Why the files could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishFault {
    /// The class of it, out of a closed set.
    pub reason: &'static str,
    /// What failed, where, and what to do.
    pub message: Arc<Message>,
}

/// What the server says of its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// `registered-replicas`, without user-info; whatever else stands there, is in `foreign`.
    pub peers: PeerSet,
    /// Entries that are no service URL, as the server prints them, shortened.
    pub foreign: Vec<String>,
    /// The server's `server-uptime` in whole minutes, where it gives one.
    pub uptime_min: Option<u64>,
}
