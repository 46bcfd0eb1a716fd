//! Settings of what decisions depend on, joined to the policy of the machine.

use crate::model::ServiceUrl;
use crate::reconcile::{Adoption, OnDeadline, Policy, Role};

use super::fault::Problem;
use super::peer_settings::{PeerSettings, parsed};
use super::purpose::Purpose;
use super::reader::SettingsReader;
use super::table::Key;

pub(super) fn read(
    reader: &mut SettingsReader<'_>,
    role: Role,
    peers: PeerSettings,
    adoption: Adoption,
    sink: ServiceUrl,
) -> Policy {
    let policy = Policy {
        role,
        questions: peers.questions,
        static_peers: peers.static_peers,
        scheme: peers.scheme,
        context_path: peers.context_path,
        port: peers.port,
        address_policy: peers.address_policy,
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
fn check(reader: &mut SettingsReader<'_>, policy: &Policy) {
    let Policy { min_peers, max_peers, on_deadline, .. } = policy;
    if min_peers > max_peers {
        let problem = Problem::new(format!("waits for {min_peers} peers, and --max-peers is {max_peers}"));
        reader.conflict(&[Key::MinPeers, Key::MaxPeers], problem.hint("lower it, or raise --max-peers"));
    }
    let statics = policy.static_peers.len();
    if statics > *max_peers {
        let problem = Problem::new(format!("names {statics} peers, and --max-peers is {max_peers}"));
        reader.conflict(&[Key::StaticPeer, Key::MaxPeers], problem.hint("raise --max-peers"));
    }
    if let (OnDeadline::Fail, Purpose::Run) = (on_deadline, reader.purpose) {
        let problem =
            Problem::new("`fail` is for init only: a sidecar that ends takes its server out of DNS");
        reader.conflict(&[Key::OnDeadline], problem.hint("write `publish` or `wait`, or leave it out"));
    }
}
