//! DNS, files and a server that do at once what the machine asks, in virtual time.

use std::time::Duration;

use crate::model::{
    AddressFamily, AddressPolicy, Answer, DurationOrNever, HeadlessService, Jitter, Listing, LookupFailure,
    MaxShrink, Moment, PeerSet, PodIdentity, Question, Record, ServerFault, ServiceUrl,
};
use crate::reconcile::samples::{masked, publish_fault};
use crate::reconcile::{
    Action, Adoption, ConditionKind, Machine, Observation, OnDeadline, Own, Policy, PublishOutcome,
    RefreshCall, Replicas, Role, SavedState, Status,
};

/// Actions at one moment above which the machine is spinning.
const ACTIONS_MAX: usize = 100;

pub(super) fn at(seconds: f64) -> Moment {
    Moment::at(Duration::from_secs_f64(seconds))
}

fn just_before(moment: Moment) -> Moment {
    Moment::at(moment.since_start().saturating_sub(Duration::from_nanos(1)))
}

pub(super) fn url(host: &str) -> ServiceUrl {
    format!("http://{host}:8761/eureka/").parse().expect("a valid URL")
}

pub(super) fn peers(hosts: &[u8]) -> PeerSet {
    hosts.iter().map(|host| url(&format!("10.0.0.{host}"))).collect()
}

pub(super) fn records(hosts: &[u8]) -> Answer {
    Answer::Records(hosts.iter().map(|host| Record::Address([10, 0, 0, *host].into())).collect())
}

pub(super) const EMPTY: Answer = Answer::Empty { no_such_name: true, soa_serial: 7 };
pub(super) const SERVFAIL: Answer = Answer::Failed(LookupFailure::ServerFailure);

pub(super) fn question(service: &str) -> Question {
    let service = HeadlessService::from_setting(service, "ns", "cluster.local").expect("a valid Service");
    Question::Addresses { service, family: AddressFamily::Ipv4 }
}

/// Pod 10.0.0.1 of Service `eureka`, address mode, defaults of the settings table.
pub(super) fn policy() -> Policy {
    Policy {
        role: Role::Server(Own {
            identity: PodIdentity { addresses: [[10, 0, 0, 1].into()].into(), ..PodIdentity::default() },
            url: url("10.0.0.1"),
            url_is_given: false,
        }),
        questions: vec![question("eureka")],
        static_peers: PeerSet::new(),
        scheme: "http".parse().expect("valid"),
        context_path: "/eureka/".parse().expect("valid"),
        port: None,
        address_policy: AddressPolicy::default(),
        interval: Duration::from_secs(1),
        remove_after: DurationOrNever::After(Duration::from_secs(30)),
        empty_after: DurationOrNever::Never,
        max_shrink: MaxShrink::HALF,
        shrink_after: DurationOrNever::After(Duration::from_secs(300)),
        min_peers: 0,
        start_deadline: Duration::from_secs(10),
        on_deadline: OnDeadline::Publish,
        max_peers: 512,
        freeze: false,
        adoption: Adoption::None,
        sink: "http://127.0.0.1:9762/sink/eureka/".parse().expect("valid"),
    }
}

pub(super) fn refreshing() -> Policy {
    Policy { adoption: Adoption::Refresh { call: RefreshCall::Refresh, confirm: true }, ..policy() }
}

/// The server beside us.
pub(super) struct Server {
    pub(super) peers: PeerSet,
    pub(super) uptime_min: u64,
    pub(super) behaviour: Behaviour,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Takes,
    Ignores,
    Hangs,
    Down,
    Answers(ServerFault),
}

pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    pub(super) dns: Vec<(Question, Answer)>,
    pub(super) files: Option<Listing>,
    /// What a start would find now.
    pub(super) state: Option<SavedState>,
    /// Whether a publication that fails leaves nothing in place.
    pub(super) is_lost: bool,
    pub(super) volume: Result<(), String>,
    pub(super) server: Server,
    pub(super) status_fault: Option<ServerFault>,
    pub(super) asked: Vec<Moment>,
    pub(super) writes: Vec<Moment>,
    /// When the files were compared with what was found in them.
    pub(super) kept: Vec<Moment>,
    pub(super) refreshes: Vec<Moment>,
    pub(super) abandoned: Vec<Moment>,
    pub(super) confirms: Vec<Moment>,
}

impl World {
    pub(super) fn new(policy: Policy, previous: Option<&SavedState>, dns: Answer) -> Self {
        let dns = policy.questions.iter().cloned().zip(std::iter::repeat(dns)).collect();
        Self {
            machine: Machine::new(policy, previous, Moment::START),
            now: Moment::START,
            dns,
            files: None,
            state: None,
            is_lost: false,
            volume: Ok(()),
            server: Server { peers: PeerSet::new(), uptime_min: 0, behaviour: Behaviour::Takes },
            status_fault: None,
            asked: vec![],
            writes: vec![],
            kept: vec![],
            refreshes: vec![],
            abandoned: vec![],
            confirms: vec![],
        }
    }

    /// Lets the world turn until `until`, jumping from wake-up to wake-up.
    pub(super) fn run_until(&mut self, until: f64) {
        let until = at(until);
        loop {
            self.act();
            let wake = self.machine.poll_timeout().unwrap_or(until);
            assert!(wake > self.now, "a wake-up at {wake} although nothing was to do at {}", self.now);
            let early = self.machine.next_action(just_before(wake.min(until)).max(self.now));
            assert_eq!(early, None, "to be done before the wake-up at {wake}");
            if wake > until {
                self.now = until;
                return;
            }
            self.now = wake;
        }
    }

    /// Changes what DNS says of the first Service, and lets the world turn until `until`.
    pub(super) fn dns_then_run(&mut self, answer: Answer, until: f64) {
        self.dns[0].1 = answer;
        self.run_until(until);
    }

    pub(super) fn status(&self) -> Status {
        self.machine.status(self.now)
    }

    pub(super) fn has(&self, kind: ConditionKind) -> bool {
        self.status().conditions.iter().any(|condition| condition.kind() == kind)
    }

    /// The URLs in the files, the sink aside.
    pub(super) fn listed(&self) -> PeerSet {
        self.files.iter().flat_map(Listing::urls).cloned().collect()
    }

    fn act(&mut self) {
        for _ in 0..ACTIONS_MAX {
            let is_announced = self.machine.poll_timeout().is_some_and(|due| due <= self.now);
            let Some(action) = self.machine.next_action(self.now) else { return };
            assert!(is_announced, "{action:?} at {} although the machine said it could wait", self.now);
            if let Some(observation) = self.outcome_of(action) {
                self.machine.handle(observation, self.now, Jitter::NONE);
            }
        }
        panic!("more than {ACTIONS_MAX} actions at {}", self.now);
    }

    fn outcome_of(&mut self, action: Action) -> Option<Observation> {
        match action {
            Action::Ask(question) => {
                self.asked.push(self.now);
                let answer =
                    self.dns.iter().find(|(asked, _)| *asked == question).map(|(_, answer)| answer.clone());
                Some(Observation::Answered { question, answer: answer.unwrap_or(SERVFAIL) })
            }
            Action::Publish(publication) => {
                self.state = Some(publication.state);
                Some(Observation::Published(self.publish(publication.listing)))
            }
            Action::KeepFound => {
                self.kept.push(self.now);
                Some(Observation::Published(match &self.volume {
                    Ok(()) => PublishOutcome::Unchanged,
                    Err(message) => PublishOutcome::Failed(publish_fault(message)),
                }))
            }
            Action::Refresh { listing, .. } => {
                self.refreshes.push(self.now);
                self.refresh(&listing).map(Observation::Refreshed)
            }
            Action::AbandonRefresh => {
                self.abandoned.push(self.now);
                None
            }
            Action::Confirm => {
                self.confirms.push(self.now);
                Some(Observation::Confirmed(self.confirm()))
            }
            Action::Diagnose => Some(Observation::Diagnosed(masked())),
        }
    }

    fn publish(&mut self, listing: Listing) -> PublishOutcome {
        if let Err(message) = &self.volume {
            let fault = publish_fault(message);
            return if self.is_lost { PublishOutcome::Lost(fault) } else { PublishOutcome::Failed(fault) };
        }
        if self.files.as_ref() == Some(&listing) {
            return PublishOutcome::Unchanged;
        }
        self.writes.push(self.now);
        self.files = Some(listing);
        PublishOutcome::Written
    }

    fn refresh(&mut self, listing: &Listing) -> Option<Result<(), ServerFault>> {
        match &self.server.behaviour {
            Behaviour::Takes => {
                let own = url("10.0.0.1");
                let listed: PeerSet =
                    listing.urls().chain(listing.sink()).filter(|url| **url != own).cloned().collect();
                // A running server ignores an empty list.
                if !listed.is_empty() {
                    self.server.peers = listed;
                }
                Some(Ok(()))
            }
            Behaviour::Ignores => Some(Ok(())),
            Behaviour::Hangs => None,
            Behaviour::Down => Some(Err(ServerFault::Unreachable("connection refused".to_owned()))),
            Behaviour::Answers(fault) => Some(Err(fault.clone())),
        }
    }

    fn confirm(&self) -> Result<Replicas, ServerFault> {
        match (&self.server.behaviour, &self.status_fault) {
            (Behaviour::Down, _) => Err(ServerFault::Unreachable("connection refused".to_owned())),
            (_, Some(fault)) => Err(fault.clone()),
            (_, None) => Ok(Replicas {
                peers: self.server.peers.clone(),
                foreign: vec![],
                uptime_min: Some(self.server.uptime_min),
            }),
        }
    }
}
