//! Two machines that live one life: one recognises an answer that says what the one before it said, the other
//! judges each answer from scratch. Nothing that either does or shows may tell them apart.

use eureka_peers::model::{Answer, Jitter, Moment};
use eureka_peers::reconcile::{
    Accepted, Action, Consent, Machine, NotAccepted, Observation, Policy, SavedState, Status,
};

use crate::promise::{Broken, Promise};
use crate::sabotage::Sabotage;

pub(crate) struct Twins {
    quick: Machine,
    thorough: Machine,
    sabotage: Sabotage,
    /// What the quick one heard last, where it is broken.
    heard: Option<Observation>,
}

impl Twins {
    pub(crate) fn new(sabotage: Sabotage, policy: Policy, previous: Option<&SavedState>) -> Self {
        let machine = Machine::new(policy, previous, Moment::START);
        Self { quick: machine.clone(), thorough: machine, sabotage, heard: None }
    }

    pub(crate) fn found_document(&mut self, now: Moment) {
        self.quick.found_document(now);
        self.thorough.found_document(now);
    }

    pub(crate) fn change_policy(&mut self, policy: Policy, now: Moment) {
        self.quick.change_policy(policy.clone(), now);
        self.thorough.change_policy(policy, now);
    }

    pub(crate) fn accept(&mut self, consent: Consent, now: Moment) -> Result<Vec<Accepted>, NotAccepted> {
        self.thorough.judge_anew();
        drop(self.thorough.accept(consent, now));
        self.quick.accept(consent, now)
    }

    pub(crate) fn handle(&mut self, observation: Observation, now: Moment, jitter: Jitter) {
        self.thorough.judge_anew();
        self.thorough.handle(observation.clone(), now, jitter);
        if !self.passes_over(&observation) {
            self.quick.handle(observation, now, jitter);
        }
    }

    /// What is next for both of them.
    pub(crate) fn next_action(&mut self, now: Moment) -> Result<Option<Action>, Broken> {
        self.thorough.judge_anew();
        let (quick, thorough) = (self.quick.next_action(now), self.thorough.next_action(now));
        same(&quick, &thorough)?;
        if quick.is_none() {
            self.status(now)?;
        }
        Ok(quick)
    }

    pub(crate) fn poll_timeout(&self) -> Result<Option<Moment>, Broken> {
        let (quick, thorough) = (self.quick.poll_timeout(), self.thorough.poll_timeout());
        same(&quick, &thorough)?;
        Ok(quick)
    }

    pub(crate) fn status(&self, now: Moment) -> Result<Status, Broken> {
        let (quick, thorough) = (self.quick.status(now), self.thorough.status(now));
        same(&quick, &thorough)?;
        Ok(quick)
    }

    /// As a short cut would that books no time for what it knows already.
    fn passes_over(&mut self, observation: &Observation) -> bool {
        let Observation::Answered { answer: Answer::Records(_), .. } = observation else { return false };
        let is_known = self.heard.as_ref() == Some(observation);
        self.heard = Some(observation.clone());
        is_known && self.sabotage == Sabotage::PassesOverWhatItKnows
    }
}

fn same<T: PartialEq + std::fmt::Debug>(quick: &T, thorough: &T) -> Result<(), Broken> {
    if quick == thorough {
        return Ok(());
    }
    Err(Broken::of(Promise::SameAnswerSameMeaning, format!("{thorough:?}"), format!("{quick:?}")))
}
