//! Settings of what decisions depend on, joined to the policy of the machine.

use crate::model::ServiceUrl;
use crate::reconcile::{Adoption, OnDeadline, Policy, Role};

use super::asked::{Asked, parsed};
use super::fault::Wrong;
use super::purpose::Purpose;
use super::reader::Reader;
use super::table::Key;

pub(super) fn read(
    reader: &mut Reader<'_>,
    role: Role,
    asked: Asked,
    adoption: Adoption,
    sink: ServiceUrl,
) -> Policy {
    let policy = Policy {
        role,
        questions: asked.questions,
        static_peers: asked.static_peers,
        scheme: asked.scheme,
        context_path: asked.context_path,
        port: asked.port,
        address_policy: asked.address_policy,
        interval: reader.duration(Key::Interval),
        remove_after: reader.duration_or_never(Key::RemoveAfter),
        empty_after: reader.duration_or_never(Key::EmptyAfter),
        max_shrink: reader.value(Key::MaxShrink, parsed),
        shrink_after: reader.duration_or_never(Key::ShrinkAfter),
        min_peers: reader.count(Key::MinPeers),
        start_deadline: reader.duration(Key::StartDeadline),
        on_deadline: reader.word(Key::OnDeadline),
        max_peers: reader.count(Key::MaxPeers),
        freeze: reader.word(Key::Freeze),
        adoption,
        sink,
    };
    check(reader, &policy);
    policy
}

/// What does not go together.
fn check(reader: &mut Reader<'_>, policy: &Policy) {
    let Policy { min_peers, max_peers, on_deadline, .. } = policy;
    if min_peers > max_peers {
        let wrong = Wrong::new(format!("waits for {min_peers} peers, and --max-peers is {max_peers}"));
        reader.conflict(&[Key::MinPeers, Key::MaxPeers], wrong.hint("lower it, or raise --max-peers"));
    }
    let statics = policy.static_peers.len();
    if statics > *max_peers {
        let wrong = Wrong::new(format!("names {statics} peers, and --max-peers is {max_peers}"));
        reader.conflict(&[Key::StaticPeer, Key::MaxPeers], wrong.hint("raise --max-peers"));
    }
    if let (OnDeadline::Fail, Purpose::Run) = (on_deadline, reader.purpose) {
        let wrong = Wrong::new("`fail` is for init only: a sidecar that ends takes its server out of DNS");
        reader.conflict(&[Key::OnDeadline], wrong.hint("write `publish` or `wait`, or leave it out"));
    }
}
