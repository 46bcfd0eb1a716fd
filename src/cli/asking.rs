//! Each question once, judged by the machine as the sidecar would judge it; for commands that look
//! and do nothing.

use std::time::Duration;

use crate::agent::Pump;
use crate::dns::{HickoryLookup, Lookup};
use crate::reconcile::{Action, Adoption, Observation, OnDeadline, Policy, Status};
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
    let mut pump = Pump::start(policy);
    let begin = pump.now();
    // The questions come first, and at the same moment no second one is due.
    let mut questions = vec![];
    while let Some(Action::Ask(question)) = pump.next_action(begin) {
        questions.push(question);
    }
    for question in questions {
        let answer = lookup.ask(&question).await;
        pump.handle(Observation::Answered { question, answer }, pump.now());
    }
    pump.machine.status(pump.now())
}
