//! The one task that owns the state: wait, observe, act.
//!
//! All decisions are the machine's; all IO is in the rooms below. What happens here is that the
//! machine's actions become tasks, that their ends become observations, and that each turn is
//! shown. Must never block, end by itself after a good start, or outlive a panic unnoticed.

mod accept;
mod clock;
mod journal;
mod pump;
mod reporter;
mod server;
#[cfg(test)]
mod tests;
mod update;
mod volume;
mod work;

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};

use crate::admin::{ListInPlace, LocalCommand, LocalCommands};
use crate::dns::Lookup;
use crate::model::{Answer, Host, Listing, Moment, Port, Question, ServerFault, ServiceUrl, catch_panic};
use crate::reconcile::{Action, Machine, Observation, RefreshCall, Replicas, STALLED_AFTER};
use crate::settings::Settings;
use crate::telemetry::{ConfirmOutcome, LookupOutcome, RefreshOutcome};
use crate::wording::why_no_list;

pub use clock::Clock;
pub use pump::Pump;
pub use reporter::Reporter;
pub use server::Server;
pub use update::{Update, UpdateSender, Updates};
pub use volume::cannot_render;

use journal::Publishing;
use volume::{Found, StateFound, Volume};
use work::{Ended, Outcome, Work};

/// Between a panic of the loop and its next start: a panic at once must not spin.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// How long an end waits for a first list that is being published; a busy disk takes a tenth of it.
const FIRST_PUBLICATION_MAX: Duration = Duration::from_millis(300);
/// How long `init` waits for a first look at the files: a little longer than until it is told that the disk stalls.
const FIRST_LOOKS_MAX: Duration = STALLED_AFTER.saturating_add(Duration::from_secs(1));
/// What is said of a setting that has changed in vain.
const NEEDS_RESTART: &str = "cannot change at run time; restart to apply it";

/// How the agent reaches the outside, under given settings.
pub trait Outside {
    /// Who answers questions.
    type Lookup: Lookup + 'static;
    /// The server beside us.
    type Server: Server + 'static;

    /// A look-up as these settings want it.
    fn lookup(&self, settings: &Settings) -> Self::Lookup;
    /// The server as these settings reach it; none where nothing is to be told or asked.
    fn server(&self, settings: &Settings) -> Option<Self::Server>;
    /// Follows settings that need nothing of the loop, such as the log level.
    fn follow(&self, settings: &Settings);
}

/// What reaches the loop from outside.
pub struct Inputs {
    /// From the local listener.
    pub commands: LocalCommands,
    /// New settings, and requests to ask at once.
    pub updates: Updates,
    /// Turns true when the program is told to stop.
    pub stop: watch::Receiver<bool>,
}

/// When the agent's work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When it is told to stop: the sidecar.
    Stopped,
    /// When the first list is in place: the init container.
    Settled,
}

/// How the agent's work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was told to stop; the files stay.
    Stopped,
    /// It was told to stop before a list was in place; says why there was none, as far as that is known.
    StoppedWithoutList(String),
    /// The same while the list that was in place is gone by the hands of others.
    StoppedAfterLoss(String),
    /// The first list is in place.
    Settled,
    /// The start deadline passed without a list that may be published; says why there is none.
    DeadlinePassed(String),
    /// The files cannot be written; the condition that says why is shown and logged.
    CannotWrite,
}

/// Runs the loop under its supervisor until its work is done.
pub async fn run<O: Outside>(
    outside: O,
    mut settings: Settings,
    mut reporter: Reporter,
    mut inputs: Inputs,
    until: Until,
) -> End {
    loop {
        let stop_early = reporter.end_of_stop(String::new);
        let life = async {
            let mut agent = tokio::select! {
                biased;
                () = stopped(&mut inputs.stop) => return stop_early,
                agent = Agent::new(&outside, &mut settings, &mut reporter) => agent,
                () = tokio::time::sleep(FIRST_LOOKS_MAX), if until == Until::Settled => return End::CannotWrite,
            };
            agent.run(&mut inputs, until).await
        };
        match catch_panic(life).await {
            Ok(end) => return end,
            Err(message) => reporter.loop_panicked(&message),
        }
        tokio::select! {
            biased;
            () = stopped(&mut inputs.stop) => return reporter.end_of_stop(String::new),
            () = tokio::time::sleep(RESTART_PAUSE) => {}
        }
    }
}

struct Agent<'a, O: Outside> {
    outside: &'a O,
    settings: &'a mut Settings,
    reporter: &'a mut Reporter,
    pump: Pump,
    lookup: Rc<O::Lookup>,
    server: Option<Rc<O::Server>>,
    /// The port of the own SRV record, by which the server is reached.
    own_port: Option<Port>,
    /// Away while a publication is under way.
    volume: Option<Volume>,
    /// The files as the start found them, where they are a whole document.
    found: Found,
    /// The generation key that was published last, and what is being published.
    generation: u64,
    publishing: Publishing,
    work: Work,
}

impl<'a, O: Outside> Agent<'a, O> {
    async fn new(outside: &'a O, settings: &'a mut Settings, reporter: &'a mut Reporter) -> Self {
        let clock = reporter.clock();
        let (volume, saved) =
            look(Volume::new(&settings.output, clock.wall_at_start()), reporter, Volume::saved_state).await;
        if let Some(reason) = &saved.fault {
            Reporter::state_is_unusable(reason);
        }
        let good = saved.state.as_ref().filter(|_| saved.fault.is_none());
        let mut machine = Machine::new(settings.policy.clone(), good, clock.now());
        let (output, policy) = (settings.output.clone(), settings.policy.clone());
        let find = move |volume: &mut Volume| volume.find_document(&output, &policy);
        let (mut volume, mut found) = look(volume, reporter, find).await;
        reporter.looked(if found.is_empty() { ListInPlace::Nothing } else { ListInPlace::FoundAtStart });
        // The files say what is to be in them only where the saved state gives no list.
        if machine.has_list() {
            found = Found::default();
        } else {
            volume.is_to_keep(&found);
            machine = begin_with_files(settings, &saved, &found, clock.now());
        }
        let generation = saved.state.as_ref().map_or(0, |state| state.generation);
        let own_port = machine.own_port();
        Self {
            pump: Pump::new(machine, clock),
            lookup: Rc::new(outside.lookup(settings)),
            server: outside.server(&settings.at_own_port(own_port)).map(Rc::new),
            own_port,
            volume: Some(volume),
            found,
            generation,
            publishing: Publishing::AsFound,
            work: Work::default(),
            reporter,
            outside,
            settings,
        }
    }

    async fn run(&mut self, inputs: &mut Inputs, until: Until) -> End {
        loop {
            let now = self.pump.now();
            while let Some(action) = self.pump.next_action(now) {
                self.act(action);
            }
            let status = self.pump.machine.status(now);
            self.reporter.turned(status, now);
            if let (Until::Settled, Some(end)) = (until, self.end_of_start(now)) {
                return end;
            }
            tokio::select! {
                biased;
                () = stopped(&mut inputs.stop) => return self.stop().await,
                ended = self.work.next_ended() => self.observe(ended),
                command = inputs.commands.next() => self.obey(command),
                update = inputs.updates.next() => self.update(update),
                () = self.pump.is_due() => {}
            }
        }
    }

    async fn stop(&mut self) -> End {
        let first = self.end_first_publication();
        let _stalled = tokio::time::timeout(FIRST_PUBLICATION_MAX, first).await;
        self.reporter.draining();
        let now = self.pump.now();
        let status = self.pump.machine.status(now);
        let end = self.reporter.end_of_stop(|| why_no_list(&status, now));
        self.reporter.turned(status, now);
        end
    }

    /// Waits for a first list that is on its way into place: readers may have it already.
    async fn end_first_publication(&mut self) {
        while self.volume.is_none() && self.reporter.has_no_list() {
            let ended = self.work.next_ended().await;
            self.observe(ended);
        }
    }

    fn end_of_start(&self, now: Moment) -> Option<End> {
        if self.pump.machine.is_settled() {
            Some(End::Settled)
        } else if self.pump.machine.cannot_publish(now) {
            Some(End::CannotWrite)
        } else {
            let why = || why_no_list(&self.pump.machine.status(now), now);
            self.pump.machine.has_failed_to_start().then(|| End::DeadlinePassed(why()))
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Ask(question) => self.work.ask(Rc::clone(&self.lookup), question),
            Action::Publish(publication) => {
                let volume = self.volume.take().expect("one publication is in flight at most");
                self.publishing = self.about(&publication.listing);
                self.work.publish(volume, self.settings.output.clone(), publication);
            }
            Action::KeepFound => {
                let volume = self.volume.take().expect("one publication is in flight at most");
                self.publishing = Publishing::AsFound;
                self.work.keep_found(volume);
            }
            Action::Refresh { call, listing, timeout } => self.refresh(call, listing, timeout),
            Action::AbandonRefresh => {
                self.work.abandon_refresh();
                self.reporter.refreshed(RefreshOutcome::Abandoned);
            }
            Action::Confirm => self.with_server(Work::confirm),
            Action::Diagnose => self.with_server(Work::diagnose),
        }
    }

    /// What the log says of this listing: the generation key grows with counted retries alone.
    fn about(&mut self, listing: &Listing) -> Publishing {
        let peers = listing.urls().filter(|url| Some(*url) != listing.own()).count();
        let before = std::mem::replace(&mut self.generation, listing.generation());
        match self.publishing {
            _ if before < self.generation => Publishing::Retry { peers, generation: self.generation },
            _ if listing.sink().is_some() => Publishing::Flush,
            Publishing::Flush if peers == 0 => Publishing::Flushed,
            _ => Publishing::List { peers },
        }
    }

    fn refresh(&mut self, call: RefreshCall, listing: Listing, timeout: Duration) {
        let output = self.settings.output.clone();
        let value = async move {
            match call {
                // The server reads the file by itself.
                RefreshCall::Refresh => Ok(String::new()),
                RefreshCall::Env => volume::value_of(output, listing).await,
            }
        };
        self.with_server(|work, server| work.refresh(server, call, value, timeout));
    }

    fn with_server(&mut self, call: impl FnOnce(&mut Work, Rc<O::Server>)) {
        let server = self.server.clone().expect("a policy that adopts comes with a server");
        call(&mut self.work, server);
    }

    fn observe(&mut self, Ended { outcome, took }: Ended) {
        let now = self.pump.now();
        let observation = match outcome {
            Outcome::Answered { question, answer } => return self.answered(&question, answer, took, now),
            Outcome::Lost { volume, writing } => {
                self.reporter.lost_list();
                return self.work.write(volume, writing);
            }
            Outcome::Published { volume, outcome } => {
                self.reporter.file_mode(volume.mode_not_kept());
                self.volume = Some(volume);
                self.reporter.published(&outcome, self.publishing, took, now);
                Observation::Published(outcome)
            }
            Outcome::Refreshed(outcome) => {
                self.reporter.refreshed(
                    outcome.as_ref().map_or_else(RefreshOutcome::Failed, |()| RefreshOutcome::Taken),
                );
                Observation::Refreshed(outcome)
            }
            Outcome::Confirmed(outcome) => return self.confirmed(outcome, now),
            Outcome::Diagnosed(likely) => Observation::Diagnosed(likely),
        };
        self.pump.handle(observation, now);
    }

    /// Counted is what the machine makes of it: records that it refuses are none.
    fn answered(&mut self, question: &Question, answer: Answer, took: Duration, now: Moment) {
        Reporter::heard(question, &answer, took);
        let brought = LookupOutcome::from(&answer);
        self.pump.handle(Observation::Answered { question: question.clone(), answer }, now);
        let outcome = self.pump.machine.last_answer(question).map_or(brought, LookupOutcome::from);
        self.reporter.answered(question, outcome, took);
        if self.pump.machine.own_port() != self.own_port {
            self.reach_server();
        }
    }

    /// The server beside us, under the port that its own record has.
    fn reach_server(&mut self) {
        self.own_port = self.pump.machine.own_port();
        self.server = self.outside.server(&self.settings.at_own_port(self.own_port)).map(Rc::new);
    }

    fn confirmed(&mut self, outcome: Result<Replicas, ServerFault>, now: Moment) {
        let fault = outcome.as_ref().err().cloned();
        self.pump.handle(Observation::Confirmed(outcome), now);
        let is_adopted = self.pump.machine.confirmed_at() == Some(now);
        self.reporter.confirmed(match &fault {
            Some(fault) => ConfirmOutcome::Failed(fault),
            None if is_adopted => ConfirmOutcome::Adopted,
            None => ConfirmOutcome::Different,
        });
    }

    fn obey(&mut self, command: LocalCommand) {
        match command {
            LocalCommand::Accept(request) => {
                let reply = self.accept(request.consent(), request.mode());
                request.answer(reply);
            }
        }
    }

    fn update(&mut self, update: Update) {
        let now = self.pump.now();
        match update {
            Update::AskNow => self.pump.handle(Observation::AskNow, now),
            Update::Rejected(message) => self.reporter.settings_rejected(message, now),
            Update::InForce { settings, fingerprint, mut warnings } => {
                for key in self.settings.needs_restart(&settings) {
                    warn!(setting = key.name(), "{NEEDS_RESTART}");
                    warnings.push(format!("{key}: {NEEDS_RESTART}"));
                }
                self.follow(self.settings.adopt_at_run_time(&settings), now);
                self.reporter.settings_applied(fingerprint, warnings);
            }
        }
    }

    fn follow(&mut self, settings: Settings, now: Moment) {
        info!("new settings are in force");
        *self.settings = settings;
        self.outside.follow(self.settings);
        self.lookup = Rc::new(self.outside.lookup(self.settings));
        self.pump.machine.change_policy(self.settings.policy.clone(), now);
        self.reach_server();
        // A peer that has just been renamed stays until there are records; one that has just been denied goes.
        let is_denied = |url: &ServiceUrl| match url.host() {
            Host::Name(_) => false,
            Host::Address(_) => !self.settings.policy.permits(url),
        };
        if !volume::may_stay(&self.found, &self.settings.output, |url| !is_denied(url)) {
            self.pump.machine.drop_document();
        }
    }
}

/// The machine of a start whose saved state gives no list, or is damaged: then what is good in it is worth
/// less than files that are whole.
fn begin_with_files(settings: &Settings, saved: &StateFound, found: &Found, now: Moment) -> Machine {
    let state = saved.state.as_ref().filter(|_| saved.fault.is_none() || found.is_empty());
    let mut machine = Machine::new(settings.policy.clone(), state, now);
    if !found.is_empty() {
        machine.found_document(now);
    }
    machine
}

/// Looks at the directory on a thread of its own: a stalled disk must not stall probes and signals.
async fn look<T: Send + 'static>(
    mut volume: Volume,
    reporter: &mut Reporter,
    look: impl FnOnce(&mut Volume) -> T + Send + 'static,
) -> (Volume, T) {
    let since = reporter.clock().now();
    let mut looking = tokio::task::spawn_blocking(move || {
        let seen = look(&mut volume);
        (volume, seen)
    });
    loop {
        tokio::select! {
            seen = &mut looking => {
                reporter.disk_answers();
                return seen.expect("looking at files does not panic");
            }
            () = tokio::time::sleep(STALLED_AFTER) => reporter.waits(since),
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stopped| *stopped).await.is_err() {
        // Nobody is left who could tell us to stop.
        std::future::pending::<()>().await;
    }
}
