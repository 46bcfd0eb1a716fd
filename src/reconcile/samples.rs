//! One situation of each kind and more where facts matter, for the tests of every room that shows them.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    AddressFamily, DurationOrNever, HeadlessService, ListOrigin, LookupFailure, MaxShrink, Message,
    PodIdentity, Question, Refusal, ServerFault, Unusable, UnusableRecord, UnusableRecords,
};

use super::{
    BelievedBy, Kept, NotAdopted, NotPublished, PublishFault, RemovalTakes, SelfNotFound, Situation,
};

pub(crate) fn service(name: &str) -> HeadlessService {
    HeadlessService::from_setting(name, "ns", "cluster.local").expect("a valid Service")
}

pub(crate) fn question() -> Question {
    Question::Addresses { service: service("eureka"), family: AddressFamily::Ipv4 }
}

/// Why a publication failed.
pub(crate) fn publish_fault(what: &str) -> PublishFault {
    let message = Message::new(what, "free the node's disk").at(&"/peers");
    PublishFault { reason: "full", message: Arc::new(message) }
}

/// One peer is missing.
pub(crate) fn removal(takes: RemovalTakes, remove_after: DurationOrNever) -> Situation {
    Situation::HeldRemoval { question: question(), missing: 1, remove_after, takes }
}

/// A list that an environment variable masks.
pub(crate) fn masked() -> ListOrigin {
    ListOrigin::EnvironmentVariable("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE".to_owned())
}

pub(crate) fn lookup_failures() -> Vec<LookupFailure> {
    vec![
        LookupFailure::Timeout,
        LookupFailure::ServerFailure,
        LookupFailure::Refused,
        LookupFailure::ResponseCode(9),
        LookupFailure::NegativeWithoutSoa,
        LookupFailure::Truncated,
        LookupFailure::Malformed("records of another type"),
        LookupFailure::Network("no route to host".to_owned()),
        LookupFailure::NotHeadless,
        LookupFailure::PortNameMissing,
        LookupFailure::NoneUsable(Box::new(denied_records())),
        LookupFailure::TooManyPeers { peers: 4, max: 3 },
    ]
}

/// Two, and all of them denied.
fn denied_records() -> UnusableRecords {
    let denied = |what: &str| UnusableRecord { why: Unusable::Denied, what: what.into() };
    UnusableRecords::among(vec![denied("127.0.0.1"), denied("127.0.0.2")], 2).expect("two")
}

/// Of six records four, two of them for the same reason.
pub(crate) fn unusable_records() -> UnusableRecords {
    let first = UnusableRecord { why: Unusable::NotAHostName, what: "2001-db8--.eureka.ns:8761".into() };
    let by_reason =
        [(Unusable::NotAHostName, 1), (Unusable::PortZero, 1), (Unusable::OutsideService, 2)].into();
    UnusableRecords { by_reason, of: 6, first }
}

/// Every kind at least once, in the order of the kinds.
pub(crate) fn situations() -> Vec<Situation> {
    let kept = Kept::of(2, None, false);
    let held = |failure| Situation::HeldLookupFailed { question: question(), failure, kept };
    let minute = DurationOrNever::After(Duration::from_secs(60));
    let own: crate::model::ServiceUrl = "http://10.0.0.1:8761/eureka/".parse().expect("valid");
    let failing = ServerFault::Failing { status: 500, reason: "no".to_owned() };
    let away = || ServerFault::Unreachable("connection refused".to_owned());
    let mut all = vec![
        Situation::NotPublished(NotPublished::Failed(publish_fault("no space is left"))),
        Situation::NotPublished(NotPublished::Stalled),
        Situation::NotAdopted(NotAdopted::Masked(Arc::new(masked()))),
        Situation::NotAdopted(NotAdopted::Unknown),
        Situation::NotAdopted(NotAdopted::PollsTooLong),
        Situation::RefreshRefused(ServerFault::Refused(Refusal::Csrf)),
        Situation::RefreshFailing(failing.clone()),
        Situation::FilesOverwritten { repairs: 7 },
        Situation::SelfNotRecognised { own: own.clone() },
        Situation::SeveralServers,
        Situation::StatusUnreadable(failing),
        Situation::ServerUnreachable { fault: away(), has_replied: true },
        Situation::ServerUnreachable { fault: away(), has_replied: false },
        Situation::StartWaits { asked: Some(question()), governing: Some(service("other")) },
        Situation::NothingKnown { is_starting: false },
        Situation::TooFewPeers { peers: 1, min_peers: 2 },
        Situation::HeldDocument { is_client: false },
    ];
    all.extend(lookup_failures().into_iter().map(held));
    all.extend([
        Situation::HeldEmpty {
            question: question(),
            no_such_name: true,
            soa_serial: 7,
            kept,
            empty_after: DurationOrNever::Never,
            never_empty: false,
        },
        Situation::HeldEmpty {
            question: question(),
            no_such_name: true,
            soa_serial: 7,
            kept: Kept::BelievedEmpty(BelievedBy::Operator),
            empty_after: DurationOrNever::Never,
            never_empty: false,
        },
        Situation::HeldShrink { before: 5, now: 1, max_shrink: MaxShrink::HALF, shrink_after: minute },
        removal(RemovalTakes::Time, minute),
        Situation::Frozen,
        Situation::SelfNotFound(Arc::new(SelfNotFound {
            question: question(),
            own: own.clone(),
            identity: PodIdentity { addresses: [[10, 0, 0, 1].into()].into(), ..PodIdentity::default() },
            sample: vec!["http://10.0.0.2:8761/eureka/".parse().expect("valid")],
            governing: None,
            namesake: None,
        })),
        Situation::PortUnknown { own: own.clone() },
        Situation::RecordsUnusable { question: question(), records: Arc::new(unusable_records()) },
        Situation::ManyPeers { peers: 65 },
        Situation::NoRoom { question: question(), unlisted: 3, max_peers: 2, remove_after: minute },
        Situation::SettingsRejected { faults: "interval: no unit".into() },
        Situation::LoopRestarted { panic: "a look-up that panics".into(), restarts: 3 },
    ]);
    all
}
