//! Sidecars that are broken on purpose, so that the checks themselves are checked.

use std::time::Duration;

use eureka_peers::model::{Answer, DurationOrNever, MaxShrink};
use eureka_peers::reconcile::{OnDeadline, Policy};

use crate::names::HostId;
use crate::promise::Promise;

/// What is wrong with every sidecar of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    None,
    RemovesAtOnce,
    BelievesAnyFall,
    IgnoresFreeze,
    AsksTooOften,
    TakesFailureForNobodyElse,
    ForgetsItsLife,
    ForgetsItsFiles,
    StartsAnyway,
    HearsNothing,
    AdmitsAnyone,
    RefreshesAtEachConfirm,
    TakesRareAnswersForManyTimes,
    PassesOverWhatItKnows,
}

impl Sabotage {
    /// Each, and a promise that it must be seen to break.
    pub(crate) const ALL: [(Self, &'static [Promise]); 13] = [
        (Self::RemovesAtOnce, &[Promise::SlowToRemove]),
        (Self::BelievesAnyFall, &[Promise::ShrinkDoubted]),
        (Self::IgnoresFreeze, &[Promise::Frozen]),
        (Self::AsksTooOften, &[Promise::AsksInMeasure]),
        (Self::TakesFailureForNobodyElse, &[Promise::SlowToRemove]),
        (Self::ForgetsItsLife, &[Promise::SlowToRemove]),
        (Self::ForgetsItsFiles, &[Promise::FilesStay]),
        (Self::StartsAnyway, &[Promise::StartWaits]),
        (Self::HearsNothing, &[Promise::RightAtRest]),
        (Self::AdmitsAnyone, &[Promise::NoStranger]),
        (Self::RefreshesAtEachConfirm, &[Promise::RefreshBounded, Promise::RefreshInMeasure]),
        (Self::TakesRareAnswersForManyTimes, &[Promise::SlowToRemove]),
        (Self::PassesOverWhatItKnows, &[Promise::SameAnswerSameMeaning]),
    ];

    /// The settings as the broken sidecar has them.
    pub(crate) fn policy(self, policy: &Policy) -> Policy {
        let policy = policy.clone();
        match self {
            Self::RemovesAtOnce => Policy { remove_after: DurationOrNever::After(Duration::ZERO), ..policy },
            Self::BelievesAnyFall => {
                Policy { max_shrink: MaxShrink::from_percent(100).expect("a percentage"), ..policy }
            }
            Self::StartsAnyway => Policy { on_deadline: OnDeadline::Publish, ..policy },
            Self::IgnoresFreeze => Policy { freeze: false, ..policy },
            Self::TakesRareAnswersForManyTimes => Policy { interval: 20 * policy.interval, ..policy },
            Self::AsksTooOften => Policy { interval: policy.interval / 2, ..policy },
            _ => policy,
        }
    }

    /// An answer as the broken sidecar hears it; none where it does not.
    pub(crate) fn hears(self, answer: Answer, own: HostId) -> Option<Answer> {
        match (self, answer) {
            (Self::HearsNothing, _) => None,
            (Self::TakesFailureForNobodyElse, Answer::Failed(_)) => Some(Answer::Records(vec![own.record()])),
            (Self::AdmitsAnyone, Answer::Records(mut records)) => {
                records.push(stranger(own).record());
                Some(Answer::Records(records))
            }
            (_, answer) => Some(answer),
        }
    }
}

fn stranger(own: HostId) -> HostId {
    match own {
        HostId::Named { service, .. } => HostId::Named { service, number: 9_999 },
        HostId::At { service, .. } => HostId::At { service, address: 60_000 },
    }
}
