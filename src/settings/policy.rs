//! Settings of what decisions depend on, joined to the policy of the machine.

use crate::model::ServiceUrl;
use crate::reconcile::{Adoption, OnDeadline, Policy, Role};

use super::fault::Problem;
use super::peer_settings::{PeerSettings, parsed};
use super::purpose::Purpose;
use super::reader::SettingsReader;
use super::table::Key;
use super::words::PeerHost;

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
    warn_of_messages(reader, policy.max_peers, peers.peer_host);
    policy
}

/// How many peers 64 KB of DNS name (RFC 1035, section 4.2.2). An A record takes 16 bytes: 4,090 came through, 4,095
/// did not. An AAAA record takes 28. SRV targets are never compressed: 1,000 such as
/// `eureka-999.eureka.shop.svc.cluster.local` came through, 1,100 did not.
fn room_in_a_message(peer_host: PeerHost) -> usize {
    match peer_host {
        PeerHost::Name => 1_000,
        PeerHost::Ipv4 => 4_000,
        PeerHost::Ipv6 => 2_300,
    }
}

/// Whoever allows more than a message has room for is told so: an answer with more is not read.
fn warn_of_messages(reader: &mut SettingsReader<'_>, max_peers: usize, peer_host: PeerHost) {
    let room = room_in_a_message(peer_host);
    if max_peers > room {
        let more = match peer_host {
            PeerHost::Name | PeerHost::Ipv6 => "; --peer-host ipv4 needs the least room",
            PeerHost::Ipv4 => "",
        };
        reader.warn(
            Key::MaxPeers,
            format!("allows {max_peers}, and one message of DNS holds {room} or so of a Service{more}"),
        );
    }
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
