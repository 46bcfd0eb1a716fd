//! What each cell must show. Written down here, never taken from a run.

use crate::phase::Phase;
use crate::says::{Kind, Says};

/// What a cell shows from the moment when DNS begins to say what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The pods in the file, list after list; 0 is self. Empty: there is no file.
    pub(crate) lists: Vec<Vec<u8>>,
    /// Conditions that came and went before everything came to rest.
    pub(crate) passing: Vec<&'static str>,
    pub(crate) conditions: Vec<&'static str>,
    /// The codes of the probes at rest.
    pub(crate) readyz: u16,
    pub(crate) startupz: u16,
    /// `init` in the volume as it was, with `--on-deadline fail`, and with `wait`.
    pub(crate) inits: [Init; 3],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Init {
    pub(crate) code: i32,
    /// The pods in the file then; none where there is no file.
    pub(crate) list: Option<Vec<u8>>,
}

/// `init`: done, and `--on-deadline fail`: the deadline passed.
const DONE: i32 = 0;
const DEADLINE_PASSED: i32 = 69;
/// `init` that was still waiting when it was told to stop.
pub(crate) const STOPPED: i32 = 1;

pub(crate) fn expected(phase: Phase, says: Says) -> Shown {
    match says.kind() {
        Kind::Pods(_) => by_records(phase, says),
        Kind::Nobody => without_records(phase, says, "held_empty"),
        Kind::Failure => without_records(phase, says, "held_lookup_failed"),
    }
}

/// Whatever DNS says without records, the list stays as it is, for ever.
fn without_records(phase: Phase, answer: Says, held: &'static str) -> Shown {
    let of = |code, list: &[u8]| Init { code, list: Some(list.to_vec()) };
    let nothing = |code| Init { code, list: None };
    let stays = |list: &[u8]| Shown {
        lists: vec![list.to_vec()],
        passing: vec![],
        conditions: vec![held],
        readyz: 200,
        startupz: 200,
        inits: [of(DONE, list), of(DEADLINE_PASSED, list), of(DONE, list)],
    };
    match phase {
        Phase::Start => Shown {
            // By name, the server's own port is that of its record, which has not been seen.
            conditions: if answer == Says::AllDenied {
                vec!["nothing_known", held]
            } else {
                vec!["nothing_known", held, "port_unknown"]
            },
            inits: [of(DONE, &[0]), nothing(DEADLINE_PASSED), nothing(STOPPED)],
            ..stays(&[0])
        },
        Phase::WaitingStart => Shown {
            lists: vec![],
            conditions: vec!["start_waits", held],
            readyz: 503,
            startupz: 503,
            inits: [of(DONE, &[0]), nothing(DEADLINE_PASSED), nothing(STOPPED)],
            ..stays(&[0])
        },
        Phase::ClientStart => Shown {
            lists: vec![],
            passing: vec![],
            conditions: vec!["nothing_known", held],
            readyz: 503,
            startupz: 503,
            inits: [DEADLINE_PASSED, DEADLINE_PASSED, STOPPED].map(nothing),
        },
        Phase::Steady | Phase::Restart => stays(&[1, 2, 3, 4]),
        Phase::Alone => stays(&[0]),
        Phase::Held => Shown {
            // Still missing and still doubted, when records come again; until then no time passes.
            conditions: vec![held, "held_shrink", "held_removal"],
            ..stays(&[1, 2, 3, 4])
        },
    }
}

fn by_records(phase: Phase, says: Says) -> Shown {
    let lists = lists_by_records(phase, says);
    let last = lists.last().expect("records give a list").clone();
    // `init` publishes what came and ends; who left is still within its time.
    let at_init = match (phase.before(), says) {
        (Some([1, 2, 3, 4]), Says::Records) => vec![1, 2, 3, 4, 5],
        (Some([1, 2, 3, 4]), _) => vec![1, 2, 3, 4],
        _ => last,
    };
    Shown {
        passing: passing_by_records(phase, says),
        conditions: vec![],
        readyz: 200,
        startupz: 200,
        inits: [(); 3].map(|()| Init { code: DONE, list: Some(at_init.clone()) }),
        lists,
    }
}

fn lists_by_records(phase: Phase, says: Says) -> Vec<Vec<u8>> {
    let four = vec![1, 2, 3, 4];
    match (phase, says) {
        (Phase::Steady | Phase::Held | Phase::Restart, Says::Records) => {
            vec![four, vec![1, 2, 3, 4, 5], vec![1, 2, 3, 5]]
        }
        (Phase::Steady | Phase::Held | Phase::Restart, Says::OnlySelf) => vec![four, vec![0]],
        (Phase::Steady | Phase::Held | Phase::Restart, _) => vec![four, vec![4]],
        (Phase::Start | Phase::WaitingStart | Phase::ClientStart | Phase::Alone, Says::OnlySelf) => {
            vec![vec![0]]
        }
        (Phase::Alone, Says::Records) => vec![vec![0], vec![1, 2, 3, 5]],
        (Phase::Alone, _) => vec![vec![0], vec![4]],
        (Phase::Start | Phase::WaitingStart, Says::Records) => vec![vec![1, 2, 3, 5]],
        (Phase::Start | Phase::WaitingStart, _) => vec![vec![4]],
        (Phase::ClientStart, Says::Records) => vec![vec![0, 1, 2, 3, 5]],
        (Phase::ClientStart, _) => vec![vec![0, 4]],
    }
}

fn passing_by_records(phase: Phase, says: Says) -> Vec<&'static str> {
    match (phase, says) {
        (Phase::Start | Phase::WaitingStart | Phase::ClientStart | Phase::Alone, _) => vec![],
        (Phase::Steady | Phase::Restart, Says::Records) => vec!["held_removal"],
        (Phase::Steady | Phase::Held | Phase::Restart, _) => vec!["held_shrink", "held_removal"],
    }
}
