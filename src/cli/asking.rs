//! Each question once, judged by the machine as the sidecar would judge it; for commands that look
//! and do nothing.

use std::time::Duration;

use crate::agent::Clock;
use crate::dns::{HickoryLookup, Lookup};
use crate::model::Jitter;
use crate::reconcile::{Action, Adoption, Machine, Observation, OnDeadline, Policy, Status};
use crate::settings::Settings;

/// What DNS says of every Service now.
pub(super) async fn ask_once(settings: &Settings, lookup: &HickoryLookup) -> Status {
    // A look is no start: what DNS does not say now is missing.
    let policy = Policy {
        adoption: Adoption::None,
        min_peers: 0,
        start_deadline: Duration::ZERO,
        on_deadline: OnDeadline::Publish,
        ..settings.policy.clone()
    };
    let clock = Clock::start();
    let begin = clock.now();
    let mut machine = Machine::new(policy, None, begin);
    // The questions come first, and at the same moment no second one is due.
    while let Some(Action::Ask(question)) = machine.next_action(begin) {
        let answer = lookup.ask(&question).await;
        machine.handle(Observation::Answered { question, answer }, clock.now(), Jitter::NONE);
    }
    machine.status(clock.now())
}
