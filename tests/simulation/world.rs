//! The cluster in virtual time: whatever happens next happens at once, and is checked at once.

use std::collections::BTreeMap;

use eureka_peers::model::{Answer, DurationOrNever, PeerSet};
use eureka_peers::reconcile::{ConditionKind, Consent, Policy, Status};
use eureka_peers::wording::situation;

use crate::dice::{Dice, millis};
use crate::dns::Dns;
use crate::names::{HostId, sink, static_peers};
use crate::plan::{Event, Hosts, Manners, Path, Plan, Time, Trouble};
use crate::pod::{Pod, Sidecar};
use crate::promise::{Broken, Promise, said};
use crate::sabotage::Sabotage;
use crate::trace::Trace;

/// A cluster on its way through a plan.
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) sabotage: Sabotage,
    pub(crate) dice: Dice,
    pub(crate) now: Time,
    pub(crate) dns: Dns,
    pub(crate) pods: BTreeMap<u32, Pod>,
    pub(crate) trace: Trace,
    queue: BTreeMap<(Time, u64), Due>,
    queued: u64,
    uids: u64,
    addresses: u32,
}

/// What comes due.
enum Due {
    Planned(usize),
    Calm,
    PodBack {
        number: u32,
    },
    SidecarBack {
        number: u32,
        uid: u64,
    },
    /// A life of a sidecar wakes, or an action of its has ended.
    Life {
        number: u32,
        uid: u64,
        life: u64,
        ended: Option<Ended>,
    },
}

/// An action of a sidecar that has ended.
pub(crate) enum Ended {
    /// `answer` is what the sidecar hears, `told` what DNS said.
    Answer {
        service: usize,
        answer: Answer,
        told: Answer,
        asked: Time,
    },
    Publication,
    /// The files were compared with what was found in them.
    Keeping,
    Refresh {
        number: u64,
    },
    Confirm,
    Diagnosis,
}

/// How a cluster fared.
pub(crate) struct Fate {
    pub(crate) outcome: Result<(), (Option<u32>, Broken)>,
    pub(crate) steps: u64,
    pub(crate) trace: Trace,
}

/// Sends a cluster through `plan`, and stops at the first broken promise.
pub(crate) fn run(plan: &Plan, sabotage: Sabotage, trace: Trace) -> Fate {
    let mut world = World::new(plan, sabotage, trace);
    let mut steps = 0;
    let end = plan.calm_at + plan.rest();
    let outcome = loop {
        let Some(((at, _), due)) = world.queue.pop_first().filter(|((at, _), _)| *at <= end) else {
            world.now = end;
            break world.check_rest();
        };
        world.now = at;
        steps += 1;
        if let Err(broken) = world.step(due) {
            break Err(broken);
        }
    };
    Fate { outcome, steps, trace: world.trace }
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, sabotage: Sabotage, trace: Trace) -> Self {
        let mut world = Self {
            plan,
            sabotage,
            dice: Dice::new(plan.seed),
            now: Time::ZERO,
            dns: Dns::new(&plan.shape),
            pods: BTreeMap::new(),
            trace,
            queue: BTreeMap::new(),
            queued: 0,
            uids: 0,
            addresses: 0,
        };
        for (at, planned) in plan.events.iter().enumerate() {
            world.queue(planned.at, Due::Planned(at));
        }
        world.queue(plan.calm_at, Due::Calm);
        world.scale(plan.shape.pods);
        world.scale_others(plan.shape.others);
        world
    }

    fn queue(&mut self, at: Time, due: Due) {
        self.queued += 1;
        self.queue.insert((at, self.queued), due);
    }

    /// An action of the pod's present sidecar ends at `at`.
    pub(crate) fn queue_end(&mut self, number: u32, at: Time, ended: Ended) {
        self.queue_for_life(number, at, Some(ended));
    }

    /// The pod's present sidecar wakes at `at`.
    pub(crate) fn queue_wake(&mut self, number: u32, at: Time) {
        self.queue_for_life(number, at, None);
    }

    fn queue_for_life(&mut self, number: u32, at: Time, ended: Option<Ended>) {
        let pod = &self.pods[&number];
        let life = pod.sidecar.as_ref().expect("a sidecar acts or wakes").life;
        let due = Due::Life { number, uid: pod.uid, life, ended };
        self.queue(at, due);
    }

    fn step(&mut self, due: Due) -> Result<(), (Option<u32>, Broken)> {
        let of = |number: u32| move |broken| (Some(number), broken);
        match due {
            Due::Planned(at) => {
                let event = &self.plan.events[at].event;
                self.happens(event).map_err(|broken| (event.pod(), broken))
            }
            Due::Calm => self.calm(),
            Due::PodBack { number } => {
                self.make_pod(number);
                self.turn(number).map_err(of(number))
            }
            Due::SidecarBack { number, uid } => {
                let (now, sabotage) = (self.now, self.sabotage);
                let Some(pod) = self.pods.get_mut(&number).filter(|pod| pod.uid == uid) else {
                    return Ok(());
                };
                if pod.sidecar.is_none() {
                    pod.start_sidecar(sabotage, now);
                    self.trace.say(now, Some(number), || "the sidecar starts".to_owned());
                }
                self.turn(number).map_err(of(number))
            }
            Due::Life { number, uid, life, ended } => {
                let Some(pod) = self.pods.get_mut(&number).filter(|pod| pod.uid == uid) else {
                    return Ok(());
                };
                let Some(sidecar) = pod.sidecar.as_mut().filter(|sidecar| sidecar.life == life) else {
                    return Ok(());
                };
                let until = pod.suspended_until;
                match ended {
                    _ if until > self.now => {
                        if ended.is_none() {
                            sidecar.wakes_at = Some(until);
                        }
                        self.queue(until, Due::Life { number, uid, life, ended });
                        Ok(())
                    }
                    Some(ended) => self.ended(number, ended).map_err(of(number)),
                    None if sidecar.wakes_at == Some(self.now) => self.turn(number).map_err(of(number)),
                    None => Ok(()),
                }
            }
        }
    }

    fn happens(&mut self, event: &Event) -> Result<(), Broken> {
        let now = self.now;
        let is_there = event.pod().is_none_or(|number| self.pods.contains_key(&number));
        if is_there {
            self.trace.say(now, event.pod(), || event.to_string());
        }
        match event {
            Event::Scale(pods) => {
                self.scale(*pods);
                let pods: Vec<u32> = self.pods.keys().copied().collect();
                return pods.into_iter().try_for_each(|pod| self.turn(pod));
            }
            Event::ScaleOthers(pods) => self.scale_others(*pods),
            Event::Path(path) => self.dns.path = *path,
            Event::Pod(number, trouble) if is_there => return self.troubles(*number, *trouble),
            Event::Pod(..) => {}
        }
        Ok(())
    }

    fn troubles(&mut self, number: u32, trouble: Trouble) -> Result<(), Broken> {
        let (now, sabotage) = (self.now, self.sabotage);
        let pod = self.pods.get_mut(&number).expect("it is there");
        match trouble {
            Trouble::Replace { back_after } => {
                self.delete_pod(number);
                self.queue(now + back_after, Due::PodBack { number });
                return Ok(());
            }
            Trouble::KillSidecar { back_after } | Trouble::LoseState { back_after } => {
                pod.loses_state |= matches!(trouble, Trouble::LoseState { .. });
                let Some(sidecar) = pod.sidecar.take() else { return Ok(()) };
                // It may have died just before or just after the one rename that counts.
                if let Some(publication) = sidecar.publishing
                    && self.dice.at(&pod.throw()).bool()
                {
                    pod.write(publication);
                }
                let uid = pod.uid;
                self.queue(now + back_after, Due::SidecarBack { number, uid });
                return Ok(());
            }
            Trouble::RestartServer => self.restart_server(number),
            Trouble::Server(manners) => {
                let before =
                    pod.eureka.as_mut().map(|eureka| std::mem::replace(&mut eureka.manners, manners));
                // What masks the file is a property of the process, and goes with it.
                if before == Some(Manners::Masked) && manners != Manners::Masked {
                    self.restart_server(number);
                }
            }
            Trouble::Volume { is_full } => pod.is_full = is_full,
            Trouble::Suspend { how_long } => {
                pod.suspended_until = (now + how_long).min(self.plan.calm_at);
                pod.refreshes.delayed();
            }
            Trouble::Freeze { is_frozen } => {
                pod.change_policy(Policy { freeze: is_frozen, ..pod.policy.clone() }, sabotage, now);
                pod.sidecar.iter_mut().for_each(Sidecar::may_ask_now);
            }
            Trouble::Reload { remove_after } => {
                let remove_after = DurationOrNever::After(remove_after);
                pod.change_policy(Policy { remove_after, ..pod.policy.clone() }, sabotage, now);
                pod.sidecar.iter_mut().for_each(Sidecar::may_ask_now);
            }
            Trouble::Accept => {
                if let Some(sidecar) = &mut pod.sidecar {
                    let moment = sidecar.moment(now);
                    if sidecar.machine.accept(Consent::Empty, moment).is_ok() {
                        pod.books.accepts();
                    }
                }
            }
            Trouble::AskNow => self.ask_now(number),
        }
        self.turn(number)
    }

    /// From here on nothing is wrong any more.
    fn calm(&mut self) -> Result<(), (Option<u32>, Broken)> {
        self.trace.say(self.now, None, || "from here on nothing is wrong any more".to_owned());
        self.dns.path = Path::Works;
        self.leave_no_service_empty();
        let (now, sabotage) = (self.now, self.sabotage);
        for number in self.pods.keys().copied().collect::<Vec<_>>() {
            let pod = self.pods.get_mut(&number).expect("it is there");
            pod.is_full = false;
            pod.suspended_until = now;
            if pod.policy.freeze {
                pod.change_policy(Policy { freeze: false, ..pod.policy.clone() }, sabotage, now);
            }
            let is_masked = pod.eureka.as_ref().is_some_and(|eureka| eureka.manners == Manners::Masked);
            if let Some(eureka) = &mut pod.eureka
                && !is_masked
            {
                eureka.manners = Manners::Takes;
            }
            if is_masked {
                self.restart_server(number);
            }
            self.turn(number).map_err(|broken| (Some(number), broken))?;
        }
        Ok(())
    }

    /// A Service without anybody proves nothing, and is held for ever: there would be no rest.
    fn leave_no_service_empty(&mut self) {
        if self.dns.truth(0).is_empty() {
            self.scale(2);
        }
        if self.plan.shape.others > 0 && self.dns.truth(1).is_empty() {
            self.scale_others(1);
        }
    }

    fn restart_server(&mut self, number: u32) {
        let now = self.now;
        let pod = self.pods.get_mut(&number).expect("it is there");
        let listing = pod.files.as_ref().map(|files| &files.listing);
        if let Some(eureka) = pod.eureka.as_mut().filter(|eureka| eureka.has_begun()) {
            eureka.begin(listing, now);
            pod.refreshes.forget();
        }
    }

    fn scale(&mut self, pods: u32) {
        for number in self.pods.keys().copied().filter(|number| *number >= pods).collect::<Vec<_>>() {
            self.delete_pod(number);
        }
        for number in 0..pods {
            if !self.pods.contains_key(&number) {
                self.make_pod(number);
            }
        }
    }

    fn make_pod(&mut self, number: u32) {
        let (now, sabotage) = (self.now, self.sabotage);
        if self.pods.contains_key(&number) {
            return;
        }
        self.uids += 1;
        let host = match self.plan.shape.hosts {
            Hosts::Names => HostId::Named { service: 0, number },
            Hosts::Addresses => self.free_address(),
        };
        let is_client = self.plan.shape.has_client && number == 0 && self.plan.shape.pods > 1;
        let mut pod = Pod::new(&self.plan.shape, self.uids, host, is_client);
        pod.start_sidecar(sabotage, now);
        let uid = pod.uid;
        if !is_client {
            self.dns.change(0, now, |hosts| {
                hosts.insert(host);
            });
        }
        self.trace.say(now, Some(number), || {
            let who = if is_client { "of an Eureka client".to_owned() } else { said(&[host.url()].into()) };
            format!("a new pod, {who}")
        });
        self.pods.insert(number, pod);
        self.queue(now, Due::SidecarBack { number, uid });
    }

    fn delete_pod(&mut self, number: u32) {
        let Some(pod) = self.pods.remove(&number) else { return };
        self.dns.change(0, self.now, |hosts| {
            hosts.remove(&pod.host);
        });
    }

    /// Usually a new address, at times the lowest that nobody has any more.
    fn free_address(&mut self) -> HostId {
        let at = |address| HostId::At { service: 0, address };
        let is_taken = |host: &HostId| self.pods.values().any(|pod| pod.host == *host);
        if self.dice.at(&[3, self.uids]).u8(..4) == 0
            && let Some(free) = (1..=self.addresses).map(at).find(|host| !is_taken(host))
        {
            return free;
        }
        self.addresses += 1;
        at(self.addresses)
    }

    fn scale_others(&mut self, pods: u32) {
        let hosts = self.plan.shape.hosts;
        let host = |number| match hosts {
            Hosts::Names => HostId::Named { service: 1, number },
            Hosts::Addresses => HostId::At { service: 1, address: number + 1 },
        };
        self.dns.change(1, self.now, |others| *others = (0..pods).map(host).collect());
    }

    fn check_rest(&mut self) -> Result<(), (Option<u32>, Broken)> {
        let services = if self.plan.shape.others > 0 { 2 } else { 1 };
        let all: PeerSet =
            (0..services).flat_map(|service| self.dns.truth(service)).map(|host| host.url()).collect();
        for (number, pod) in &self.pods {
            pod_is_right(pod, &all, &static_peers(&self.plan.shape), self.now)
                .map_err(|broken| (Some(*number), broken))?;
        }
        Ok(())
    }

    /// Chance for the pod's next purpose.
    pub(crate) fn throw(&mut self, number: u32) -> fastrand::Rng {
        let purpose = self.pods.get_mut(&number).expect("it is there").throw();
        self.dice.at(&purpose)
    }

    /// A time of some milliseconds from now.
    pub(crate) fn queue_end_soon(&mut self, number: u32, [from, to]: [u64; 2], ended: Ended) {
        let at = self.now + millis(&mut self.throw(number), from, to);
        self.queue_end(number, at, ended);
    }
}

/// Exactly the others, wanted, in the file and in the server; and nothing to complain of.
fn pod_is_right(pod: &Pod, all: &PeerSet, statics: &PeerSet, now: Time) -> Result<(), Broken> {
    let own = pod.policy.own().map(|own| own.url.clone());
    let mut expected: PeerSet = all.union(statics).cloned().collect();
    expected.retain(|url| Some(url) != own.as_ref());
    let broken = |what: &str, seen: String| {
        Err(Broken::of(Promise::RightAtRest, format!("{what}: {}", said(&expected)), seen))
    };
    let Some(sidecar) = &pod.sidecar else {
        return broken("a sidecar that runs, and in its file", "none runs".into());
    };
    if own.is_none() && expected.is_empty() {
        return Ok(());
    }
    let listed = pod.listing().map(|listing| pod.peers_of(listing));
    if listed.as_ref() != Some(&expected) {
        return broken("in the file", listed.map_or("no file".into(), |listed| said(&listed)));
    }
    if let Some(eureka) = &pod.eureka {
        let held: PeerSet = eureka.peers().iter().filter(|url| **url != sink()).cloned().collect();
        if held != expected {
            return broken("in the server", said(&held));
        }
    }
    let status = sidecar.machine.status(sidecar.moment(now));
    let serious = status.conditions.iter().find(|condition| condition.kind() != ConditionKind::ManyPeers);
    if let Some(condition) = serious {
        return broken(
            "nothing to complain of",
            format!("{}: {}", condition.kind().label(), situation(&condition.situation)),
        );
    }
    if status.history.len() > Status::HISTORY_MAX {
        let expected = format!("at most {} changes remembered", Status::HISTORY_MAX);
        return Err(Broken::of(Promise::HistoryBounded, expected, status.history.len().to_string()));
    }
    Ok(())
}
