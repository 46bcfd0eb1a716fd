//! Settings of when the list follows the answer.

use std::time::Duration;

use crate::model::{MaxShrink, Patience};
use crate::reconcile::OnDeadline;

use super::asked::parsed;
use super::fault::Wrong;
use super::purpose::Purpose;
use super::reader::Reader;
use super::table::Key;
use super::words::RoleWord;

pub(super) struct Holds {
    pub(super) interval: Duration,
    pub(super) remove_after: Patience,
    pub(super) empty_after: Patience,
    pub(super) max_shrink: MaxShrink,
    pub(super) shrink_after: Patience,
    pub(super) min_peers: usize,
    pub(super) max_peers: usize,
    pub(super) start_deadline: Duration,
    pub(super) on_deadline: OnDeadline,
    pub(super) freeze: bool,
}

pub(super) fn read(reader: &mut Reader<'_>, role: RoleWord) -> Holds {
    let interval = match role {
        RoleWord::Server => Duration::from_secs(1),
        RoleWord::Client => Duration::from_secs(10),
    };
    let patience = |seconds| Patience::After(Duration::from_secs(seconds));
    let holds = Holds {
        interval: reader.duration(Key::Interval, interval),
        remove_after: reader.patience(Key::RemoveAfter, patience(30)),
        empty_after: reader.patience(Key::EmptyAfter, Patience::Never),
        max_shrink: reader.with_default(Key::MaxShrink, MaxShrink::HALF, parsed),
        shrink_after: reader.patience(Key::ShrinkAfter, patience(300)),
        min_peers: reader.count(Key::MinPeers, 0),
        max_peers: reader.count(Key::MaxPeers, 512),
        start_deadline: reader.duration(Key::StartDeadline, Duration::from_secs(10)),
        on_deadline: reader.word(Key::OnDeadline, OnDeadline::Publish),
        freeze: reader.word(Key::Freeze, false),
    };
    check(reader, &holds);
    holds
}

fn check(reader: &mut Reader<'_>, holds: &Holds) {
    if holds.min_peers > holds.max_peers {
        let wrong = Wrong::new(format!(
            "waits for {} peers, and --max-peers is {}",
            holds.min_peers, holds.max_peers
        ));
        reader.conflict(&[Key::MinPeers, Key::MaxPeers], wrong.hint("lower it, or raise --max-peers"));
    }
    match (holds.on_deadline, reader.purpose) {
        (OnDeadline::Fail, Purpose::Run) => {
            let wrong =
                Wrong::new("`fail` is for init only: a sidecar that ends takes its server out of DNS");
            reader.conflict(&[Key::OnDeadline], wrong.hint("write `publish` or `wait`, or leave it out"));
        }
        (OnDeadline::Fail, Purpose::Init | Purpose::Check | Purpose::Print | Purpose::Contact)
        | (OnDeadline::Publish | OnDeadline::Wait, _) => {}
    }
}
