//! The promises, and how a broken one is told.

use std::fmt;

use eureka_peers::model::PeerSet;

/// What must hold at every moment, or at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    NeverEmpty,
    NoStranger,
    SelfOnlyAlone,
    AdditionAtOnce,
    SlowToRemove,
    ShrinkDoubted,
    Frozen,
    ClientWaits,
    StartWaits,
    FilesStay,
    RefreshInMeasure,
    AdditionToldInTime,
    RefreshBounded,
    AsksInMeasure,
    NeverSpins,
    HistoryBounded,
    RightAtRest,
    SameAnswerSameMeaning,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverEmpty => "the file is never empty",
            Self::NoStranger => "the file names nobody whom neither DNS nor the settings have named",
            Self::SelfOnlyAlone => "self stands in the file only while it is alone",
            Self::AdditionAtOnce => "a peer that DNS names stands in the file at once",
            Self::SlowToRemove => {
                "a peer leaves only when two records answers in a row lack it, after --remove-after"
            }
            Self::ShrinkDoubted => "a list that falls by more than --max-shrink waits for --shrink-after",
            Self::Frozen => "a frozen list does not change",
            Self::ClientWaits => {
                "a client's file waits for the first records, or for --start-deadline where static peers are set"
            }
            Self::StartWaits => {
                "with --on-deadline wait a first list waits for records of the Service that names self"
            }
            Self::FilesStay => {
                "files whose saved state is lost stay until every Service has given records"
            }
            Self::RefreshInMeasure => {
                "refreshes come one at a time: additions out of a budget, everything else 5 s apart"
            }
            Self::AdditionToldInTime => {
                "a server that is quick hears of a peer that it lacks 2 s after the last refresh at most"
            }
            Self::RefreshBounded => {
                "a list is given to a server once, and twice more if it is not taken over, unless one before was not"
            }
            Self::AsksInMeasure => "one question a Service at a time, an interval apart",
            Self::NeverSpins => "the loop waits where nothing is to be done",
            Self::HistoryBounded => "what is remembered is bounded",
            Self::SameAnswerSameMeaning => "an answer that says what the last one said is booked as any other",
            Self::RightAtRest => "at rest each file and each server names exactly the others",
        })
    }
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) expected: String,
    pub(crate) seen: String,
}

impl Broken {
    pub(crate) fn of(promise: Promise, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { promise, expected: expected.into(), seen: seen.into() }
    }
}

/// Peers, for a sentence.
pub(crate) fn said(peers: &PeerSet) -> String {
    if peers.is_empty() {
        return "nobody".to_owned();
    }
    let host =
        |url: &eureka_peers::model::ServiceUrl| url.host().to_string().replace(".svc.cluster.local", "");
    peers.iter().map(host).collect::<Vec<_>>().join(", ")
}
