//! What a sidecar does when it is its turn, and what comes of it.

use eureka_peers::model::{Answer, Jitter, ListOrigin, ServerFault};
use eureka_peers::reconcile::{Action, Observation, OnDeadline, Publication, PublishOutcome, Role};
use eureka_peers::wording::{lookup_failure, server_fault};

use crate::names::question;
use crate::plan::{Manners, Time};
use crate::promise::{Broken, Promise, said};
use crate::sabotage::Sabotage;
use crate::world::{Ended, World};

/// Actions at one moment above which a loop spins.
const ACTIONS_MAX: usize = 200;
/// Of an interval, with the spread taken off.
const PAUSE_MIN: f64 = 0.89;
/// Between two questions of a start that has no list.
const START_PAUSE_MIN: std::time::Duration = std::time::Duration::from_millis(35);

impl World<'_> {
    /// Has the pod's sidecar do everything that is due.
    pub(crate) fn turn(&mut self, number: u32) -> Result<(), Broken> {
        self.turn_after(number, false)
    }

    fn turn_after(&mut self, number: u32, is_answer: bool) -> Result<(), Broken> {
        let now = self.now;
        for _ in 0..ACTIONS_MAX {
            let pod = self.pods.get_mut(&number).expect("it is its turn");
            if pod.suspended_until > now {
                return Ok(());
            }
            let Some(sidecar) = &mut pod.sidecar else { return Ok(()) };
            let moment = sidecar.moment(now);
            let Some(action) = sidecar.machine.next_action(moment) else {
                return self.rest(number, is_answer);
            };
            self.acts(number, action, is_answer)?;
        }
        let seen = format!("more than {ACTIONS_MAX} actions at one moment");
        Err(Broken::of(Promise::NeverSpins, "an end of what is to be done", seen))
    }

    /// Nothing is to be done: the list must be as it should, and there must be a time to wait for.
    fn rest(&mut self, number: u32, is_answer: bool) -> Result<(), Broken> {
        let now = self.now;
        let pod = self.pods.get_mut(&number).expect("it is its turn");
        let Some(sidecar) = &mut pod.sidecar else { return Ok(()) };
        if is_answer
            && sidecar.publishing.is_none()
            && !sidecar.is_keeping
            && !sidecar.has_failed
            && let Some(listed) = pod.books.listed()
        {
            pod.books.is_given_at_once(listed)?;
        }
        let Some(wake) = sidecar.machine.poll_timeout() else { return Ok(()) };
        let wake = sidecar.born + wake.since_start();
        if wake <= now {
            let expected = "a time to wait for";
            let seen = format!("nothing to be done, and a wake-up that was due at {wake:?}");
            return Err(Broken::of(Promise::NeverSpins, expected, seen));
        }
        if sidecar.wakes_at != Some(wake) {
            sidecar.wakes_at = Some(wake);
            self.queue_wake(number, wake);
        }
        Ok(())
    }

    fn acts(&mut self, number: u32, action: Action, is_answer: bool) -> Result<(), Broken> {
        let now = self.now;
        match action {
            Action::Ask(asked) => {
                let mut rng = self.throw(number);
                let hosts = self.plan.shape.hosts;
                let service = usize::from(asked != question(0, hosts));
                let reply = self.dns.ask(service, now, &mut rng);
                let pod = self.pods.get_mut(&number).expect("it acts");
                let statics = &pod.policy.static_peers;
                let pause = match pod.books.listed() {
                    Some(listed) if !listed.is_subset(statics) => pod.policy.interval.mul_f64(PAUSE_MIN),
                    // Nobody whom DNS has named is listed yet: whoever starts is in a hurry.
                    Some(_) | None => START_PAUSE_MIN,
                };
                pod.sidecar.as_mut().expect("it acts").asks(service, pause, now)?;
                if let Some(answer) = self.sabotage.hears(reply.answer.clone(), pod.host) {
                    // The books are told the truth, the sidecar what it hears.
                    let heard = Ended::Answer { service, answer, told: reply.answer, asked: now };
                    self.queue_end(number, now + reply.after, heard);
                }
            }
            Action::KeepFound => {
                let pod = self.pods.get_mut(&number).expect("it acts");
                pod.sidecar.as_mut().expect("it acts").is_keeping = true;
                self.queue_end_soon(number, [0, 20], Ended::Keeping);
            }
            Action::Publish(publication) => self.begins_to_publish(number, publication, is_answer)?,
            Action::Refresh { listing, .. } => {
                let pod = self.pods.get_mut(&number).expect("it acts");
                let list = listing.urls().chain(listing.sink()).cloned().collect();
                self.trace.say(now, Some(number), || format!("refreshes the server with {}", said(&list)));
                let peers = pod.peers_of(&listing);
                pod.refreshes.begin(list, &peers, now)?;
                let is_slow = pod.eureka.as_ref().is_some_and(|eureka| eureka.manners == Manners::Slow);
                let sidecar = pod.sidecar.as_mut().expect("it acts");
                sidecar.refresh += 1;
                let refresh = sidecar.refresh;
                let takes = if is_slow { [1_001, 4_000] } else { [30, 250] };
                self.queue_end_soon(number, takes, Ended::Refresh { number: refresh });
            }
            Action::AbandonRefresh => {
                let pod = self.pods.get_mut(&number).expect("it acts");
                pod.sidecar.as_mut().expect("it acts").refresh += 1;
                pod.refreshes.end(&Err(ServerFault::TimedOut), now)?;
                self.trace.say(now, Some(number), || "gives up waiting for the refresh".to_owned());
            }
            Action::Confirm => self.queue_end_soon(number, [3, 50], Ended::Confirm),
            Action::Diagnose => {
                self.pods.get_mut(&number).expect("it acts").refreshes.said_in_vain(now);
                self.queue_end_soon(number, [3, 50], Ended::Diagnosis);
            }
        }
        Ok(())
    }

    fn begins_to_publish(
        &mut self,
        number: u32,
        publication: Publication,
        is_answer: bool,
    ) -> Result<(), Broken> {
        let now = self.now;
        let pod = self.pods.get_mut(&number).expect("it acts");
        let peers = pod.peers_of(&publication.listing);
        if pod.books.listed() != Some(&peers) {
            self.trace.say(now, Some(number), || format!("wants the list: {}", said(&peers)));
            pod.refreshes.begin_again(&peers);
        }
        let age = now.saturating_sub(pod.sidecar.as_ref().expect("it acts").born);
        let is_known = age >= pod.policy.start_deadline && peers == pod.policy.static_peers;
        let waits = pod.policy.role == Role::Client && pod.books.listed().is_none();
        if waits && !pod.books.has_records() && !is_known {
            let expected = "no file before DNS has given records";
            return Err(Broken::of(Promise::ClientWaits, expected, said(&peers)));
        }
        if pod.policy.on_deadline == OnDeadline::Wait
            && pod.policy.role != Role::Client
            && pod.books.listed().is_none()
            && !pod.books.may_begin()
        {
            let expected = "no file before the Service that names self has given records";
            return Err(Broken::of(Promise::StartWaits, expected, said(&peers)));
        }
        if !pod.books.may_replace_found() {
            let expected = "the files as they were found";
            return Err(Broken::of(Promise::FilesStay, expected, said(&peers)));
        }
        pod.books.publishes(&publication.listing, is_answer)?;
        pod.sidecar.as_mut().expect("it acts").publishing = Some(publication);
        self.queue_end_soon(number, [0, 20], Ended::Publication);
        Ok(())
    }

    /// An action has ended.
    pub(crate) fn ended(&mut self, number: u32, ended: Ended) -> Result<(), Broken> {
        let is_answer = matches!(ended, Ended::Answer { .. });
        let jitter = Jitter::from_random(self.throw(number).u8(..));
        if let Some(observation) = self.observation(number, ended)? {
            let now = self.now;
            let sidecar = self.pods.get_mut(&number).and_then(|pod| pod.sidecar.as_mut()).expect("it acted");
            let moment = sidecar.moment(now);
            sidecar.machine.handle(observation, moment, jitter);
        }
        self.turn_after(number, is_answer)
    }

    fn observation(&mut self, number: u32, ended: Ended) -> Result<Option<Observation>, Broken> {
        let (now, hosts) = (self.now, self.plan.shape.hosts);
        let pod = self.pods.get_mut(&number).expect("it acted");
        let sidecar = pod.sidecar.as_mut().expect("it acted");
        Ok(Some(match ended {
            Ended::Answer { service, answer, told, asked } => {
                sidecar.asked[service].is_in_flight = false;
                pod.books.told(service, &told, asked, now);
                self.trace.hears(now, number, service, &told);
                Observation::Answered { question: question(service, hosts), answer }
            }
            Ended::Publication => {
                let publication = sidecar.publishing.take().expect("one was in flight");
                let outcome = pod.write(publication);
                pod.books.has_published(matches!(outcome, PublishOutcome::Failed(_)));
                let sidecar = pod.sidecar.as_mut().expect("it acted");
                sidecar.has_failed = matches!(outcome, PublishOutcome::Failed(_));
                if !sidecar.has_failed && pod.suspended_until <= now {
                    pod.refreshes.published(now);
                }
                if sidecar.has_failed {
                    self.trace.say(now, Some(number), || "cannot write: the volume is full".to_owned());
                }
                // The start-up probe succeeds, and the server begins with the file.
                let listing = pod.files.as_ref().map(|files| &files.listing);
                if let Some(eureka) =
                    pod.eureka.as_mut().filter(|eureka| !eureka.has_begun() && listing.is_some())
                {
                    eureka.begin(listing, now);
                    self.trace.say(now, Some(number), || "the server starts with the file".to_owned());
                }
                Observation::Published(outcome)
            }
            Ended::Keeping => {
                sidecar.is_keeping = false;
                // Nothing is written where nothing has changed, also on a full volume.
                Observation::Published(PublishOutcome::Unchanged)
            }
            Ended::Refresh { number: refresh } => {
                if refresh != sidecar.refresh {
                    return Ok(None);
                }
                let listing = pod.files.as_ref().map(|files| &files.listing);
                let eureka = pod.eureka.as_mut().expect("who refreshes has a server");
                let Some(outcome) = eureka.refresh(listing, now) else { return Ok(None) };
                pod.refreshes.end(&outcome, now)?;
                let held = eureka.peers().clone();
                self.trace.say(now, Some(number), || match &outcome {
                    Ok(()) => format!("the server answers 200 and holds: {}", said(&held)),
                    Err(fault) => server_fault(fault).to_string(),
                });
                Observation::Refreshed(outcome)
            }
            Ended::Confirm => {
                let eureka = pod.eureka.as_mut().expect("who confirms has a server");
                let status = eureka.status(now);
                match &status {
                    Ok(status) => {
                        let peers = status.peers.iter().filter(|url| **url != pod.policy.sink).cloned();
                        pod.refreshes.sees_process(eureka.born(), peers.collect(), now);
                    }
                    Err(_) => pod.refreshes.sees_nobody(),
                }
                let listed = pod.books.listed();
                if status.as_ref().is_ok_and(|status| Some(&status.peers) == listed) {
                    pod.refreshes.forget();
                }
                self.trace.confirms(now, number, &status);
                if self.sabotage == Sabotage::RefreshesAtEachConfirm {
                    let listed = listed.cloned().unwrap_or_default();
                    pod.refreshes.begin(listed.clone(), &listed, now)?;
                    pod.refreshes.end(&Ok(()), now)?;
                }
                Observation::Confirmed(status)
            }
            Ended::Diagnosis => Observation::Diagnosed(ListOrigin::Nowhere),
        }))
    }

    /// SIGHUP.
    pub(crate) fn ask_now(&mut self, number: u32) {
        let now = self.now;
        let Some(sidecar) = self.pods.get_mut(&number).and_then(|pod| pod.sidecar.as_mut()) else { return };
        sidecar.may_ask_now();
        let moment = sidecar.moment(now);
        sidecar.machine.handle(Observation::AskNow, moment, Jitter::NONE);
    }
}

/// What an answer is called in a trace.
pub(crate) fn word(answer: &Answer) -> String {
    match answer {
        Answer::Records(records) => {
            format!("records: {}", said(&records.iter().map(crate::names::url_of_record).collect()))
        }
        Answer::Empty { .. } => "no such name".to_owned(),
        Answer::Failed(failure) => lookup_failure(failure).to_string(),
    }
}

/// When, for a trace.
pub(crate) fn clock(at: Time) -> String {
    let seconds = at.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let day = if days > 0 { format!("{days}d ") } else { String::new() };
    format!("{day}{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, at.subsec_millis())
}
