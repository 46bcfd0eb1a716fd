//! The world of a scenario: DNS, a volume and a server that answer at once, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use eureka_peers::model::{
    Answer, DnsName, Jitter, ListOrigin, Listing, LookupFailure, Message, Moment, PeerSet, Port, Question,
    Record,
};
use eureka_peers::reconcile::{
    Accepted, Action, Consent, Machine, NotAccepted, Observation, Publication, PublishFault, PublishOutcome,
    SavedState,
};

use crate::format::{Left, Scenario, Step};
use crate::server::Server;
use crate::settings::{Settings, service_of};
use crate::words::{HostWord, Says};

/// Actions at one moment above which the machine is spinning.
const ACTIONS_MAX: usize = 200;

/// Everything around the machine, and the machine.
pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) files: Option<Publication>,
    /// Whether the machine had the files compared with what was found in them.
    is_kept: bool,
    pub(crate) server: Server,
    pub(crate) counts: Counts,
    /// Every list that stood in the files, and since when.
    pub(crate) written: Vec<(Duration, Listing)>,
    now: Duration,
    /// When the sidecar's present life began.
    born: Duration,
    dns: BTreeMap<String, Says>,
    volume: Result<(), String>,
}

/// What happened since the start.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) questions: usize,
    pub(crate) refreshes: usize,
    pub(crate) abandoned: usize,
    pub(crate) confirms: usize,
}

impl World {
    /// The world before its first moment.
    pub(crate) fn new(scenario: &Scenario, settings: Settings) -> Self {
        let previous = scenario.saved_state.as_ref().map(|left| life(left, &settings));
        let mut server = Server::new(settings.own_url());
        server.act(&scenario.server, &settings, None, Duration::ZERO);
        let mut machine = Machine::new(settings.policy.clone(), previous.as_ref(), Moment::START);
        if scenario.document_in_place {
            machine.found_document(Moment::START);
        }
        Self {
            machine,
            is_kept: false,
            files: None,
            server,
            counts: Counts::default(),
            written: vec![],
            now: Duration::ZERO,
            born: Duration::ZERO,
            dns: scenario.dns.clone(),
            volume: Ok(()),
            settings,
        }
    }

    /// Lets the world turn up to the moment of `step`, and does what the step says.
    pub(crate) fn turn_to(&mut self, step: &Step) -> Result<(), String> {
        self.run_until(step.at.0.0)?;
        self.act(step)?;
        self.drain()
    }

    /// The machine's own time.
    pub(crate) fn moment(&self) -> Moment {
        Moment::at(self.now.saturating_sub(self.born))
    }

    /// Whether the files are as they were found, and looked after.
    pub(crate) fn is_as_found(&self) -> bool {
        self.is_kept && self.files.is_none()
    }

    /// The list in the files.
    pub(crate) fn listing(&self) -> Option<&Listing> {
        self.files.as_ref().map(|files| &files.listing)
    }

    fn run_until(&mut self, until: Duration) -> Result<(), String> {
        loop {
            let wake = self.machine.poll_timeout().map(|wake| self.born + wake.since_start());
            let Some(wake) = wake.filter(|wake| *wake < until) else { break };
            self.now = self.now.max(wake);
            self.drain()?;
            if self.machine.poll_timeout().is_some_and(|next| next <= self.moment()) {
                return Err(format!("spinning at {:?}: nothing to do, and no time to wait", self.now));
            }
        }
        self.now = until;
        Ok(())
    }

    fn act(&mut self, step: &Step) -> Result<(), String> {
        self.dns.extend(step.dns.iter().map(|(service, says)| (service.clone(), says.clone())));
        if let Some(volume) = &step.volume {
            self.volume = if volume == "ok" { Ok(()) } else { Err(volume.clone()) };
        }
        if step.remove_files {
            self.files = None;
        }
        let listing = self.files.as_ref().map(|files| &files.listing);
        self.server.act(&step.server, &self.settings, listing, self.now);
        self.operate(step)
    }

    fn operate(&mut self, step: &Step) -> Result<(), String> {
        let mut changed = step.settings.clone().unwrap_or_default();
        changed.extend(step.freeze.map(|is_frozen| ("freeze".to_owned(), is_frozen.into())));
        if !changed.is_empty() {
            let settings = self.settings.overlaid(&changed)?;
            self.machine.change_policy(settings.policy.clone(), self.moment());
            self.settings = settings;
        }
        if step.restart_sidecar {
            self.born = self.now;
            let left = self.files.as_ref().map(|files| &files.state);
            self.machine = Machine::new(self.settings.policy.clone(), left, Moment::START);
        }
        if step.ask_now {
            self.machine.handle(Observation::AskNow, self.moment(), Jitter::NONE);
        }
        self.accept(Consent::Records, step.accept.as_ref())?;
        self.accept(Consent::Empty, step.accept_empty.as_ref())
    }

    fn accept(&mut self, consent: Consent, expected: Option<&Vec<String>>) -> Result<(), String> {
        let Some(expected) = expected else { return Ok(()) };
        let taken = taken(self.machine.accept(consent, self.moment()));
        if taken == *expected { Ok(()) } else { Err(format!("accept took {taken:?}, expected {expected:?}")) }
    }

    /// Has everything done that is due at this moment.
    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..ACTIONS_MAX {
            let Some(action) = self.machine.next_action(self.moment()) else { return Ok(()) };
            if let Some(observation) = self.outcome_of(action) {
                self.machine.handle(observation, self.moment(), Jitter::NONE);
            }
        }
        Err(format!("spinning: more than {ACTIONS_MAX} actions at {:?}", self.now))
    }

    fn outcome_of(&mut self, action: Action) -> Option<Observation> {
        match action {
            Action::Ask(question) => {
                self.counts.questions += 1;
                let answer = self.answer(&question);
                Some(Observation::Answered { question, answer })
            }
            Action::KeepFound => {
                self.is_kept = true;
                Some(Observation::Published(PublishOutcome::Unchanged))
            }
            Action::Publish(publication) => Some(Observation::Published(self.publish(publication))),
            Action::Refresh { call, listing, .. } => {
                self.counts.refreshes += 1;
                let file = self.files.as_ref().map(|files| &files.listing);
                self.server.refresh(call, file, &listing).map(Observation::Refreshed)
            }
            Action::AbandonRefresh => {
                self.counts.abandoned += 1;
                None
            }
            Action::Confirm => {
                self.counts.confirms += 1;
                Some(Observation::Confirmed(self.server.status(self.now)))
            }
            Action::Diagnose => {
                let name = "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE".to_owned();
                Some(Observation::Diagnosed(ListOrigin::EnvironmentVariable(name)))
            }
        }
    }

    fn answer(&mut self, question: &Question) -> Answer {
        let questions = self.counts.questions;
        let asked = self.dns.iter().find(|(service, _)| service_of(service) == *question.service());
        match asked {
            Some((service, says)) => said(says, service, &self.settings, questions),
            None => Answer::Failed(LookupFailure::Timeout),
        }
    }

    fn publish(&mut self, publication: Publication) -> PublishOutcome {
        if let Err(message) = &self.volume {
            let message = Message::new(message.as_str(), "").into();
            return PublishOutcome::Failed(PublishFault { reason: "full", message });
        }
        if self.files.as_ref() == Some(&publication) {
            return PublishOutcome::Unchanged;
        }
        let is_repair = self.written.last().is_some_and(|(_, before)| *before == publication.listing);
        self.written.push((self.now, publication.listing.clone()));
        self.files = Some(publication);
        if is_repair { PublishOutcome::Repaired } else { PublishOutcome::Written }
    }
}

/// The answer to the `nth` question.
fn said(says: &Says, service: &str, settings: &Settings, nth: usize) -> Answer {
    match says {
        Says::Other(answer) => answer.clone(),
        Says::Alternating(turns) => said(&turns[nth % turns.len()], service, settings, nth),
        Says::Records(hosts) => {
            let mut records: Vec<_> = hosts.iter().map(|host| record(host, service, settings)).collect();
            records.sort();
            Answer::Records(records)
        }
    }
}

fn record(word: &HostWord, service: &str, settings: &Settings) -> Record {
    let host = settings.host(&under(word, Some(service)));
    if settings.family().is_some() {
        let bare = host.trim_matches(['[', ']']);
        return Record::Address(bare.parse().unwrap_or_else(|error| panic!("the address {host:?}: {error}")));
    }
    let name: DnsName = host.parse().unwrap_or_else(|error| panic!("the host {host:?} {error}"));
    let port = match word {
        HostWord::Pod { port: Some(port), .. } => Port::new(*port).expect("a port"),
        _ => Port::EUREKA,
    };
    Record::Target { name, port }
}

/// The state that a life would have left.
pub(crate) fn life(left: &Left, settings: &Settings) -> SavedState {
    let peers = |service: Option<&str>, hosts: &Vec<crate::words::Written<HostWord>>| -> PeerSet {
        hosts.iter().map(|host| settings.peer(&under(&host.0, service))).collect()
    };
    let services = left.services.iter();
    SavedState {
        services: services.map(|(name, hosts)| (service_of(name), peers(Some(name), hosts))).collect(),
        static_peers: peers(None, &left.static_peers),
        generation: left.generation,
        ..SavedState::default()
    }
}

fn under(word: &HostWord, service: Option<&str>) -> HostWord {
    match word {
        HostWord::Pod { number, service: None, port } => {
            HostWord::Pod { number: *number, service: service.map(str::to_owned), port: *port }
        }
        other => other.clone(),
    }
}

fn taken(accepted: Result<Vec<Accepted>, NotAccepted>) -> Vec<String> {
    use eureka_peers::reconcile::Taken;
    let accepted = match accepted {
        Ok(accepted) | Err(NotAccepted::Nothing(accepted)) => accepted,
        Err(NotAccepted::Frozen) => return vec!["frozen".to_owned()],
        Err(NotAccepted::NeverEmpty) => return vec!["never empty".to_owned()],
    };
    let word = |accepted: &Accepted| match accepted.taken {
        Taken::Records { peers } => format!("records {peers}"),
        Taken::Empty => "nobody".to_owned(),
        Taken::NeedsConsent => "needs consent".to_owned(),
        Taken::TooOld => "too old".to_owned(),
        Taken::Nothing => "nothing".to_owned(),
    };
    accepted.iter().map(word).collect()
}
