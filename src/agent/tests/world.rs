//! DNS and a server in memory, a real directory, and the loop between them, in paused time.
//!
//! Paused time stands still while file work is under way, and jumps to the next timer otherwise: an
//! hour of the loop takes milliseconds, and no test waits for a clock.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::sleep;

use crate::admin::{
    self, AcceptMode, AcceptReply, AdminCounts, CommandSender, ListInPlace, Liveness, SettingsInForce,
    Snapshot, Snapshots, Stage,
};
use crate::agent::{
    self, Clock, End, Inputs, Outside, Reporter, Server, Until, Update, UpdateSender, Updates,
};
use crate::dns::Lookup;
use crate::model::{
    Answer, ListOrigin, LookupFailure, MetricsFormat, Moment, PeerSet, Question, Record, ServerFault,
    ServiceUrl,
};
use crate::reconcile::{ConditionKind, Consent, Machine, RefreshCall, Replicas, Situation};
use crate::settings::{Environment, Flags, Key, Purpose, Settings, load};
use crate::telemetry::{Metrics, Registry, VERSION, encode};

/// Virtual time in which everything that will happen has happened.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often a test looks.
const GLANCE: Duration = Duration::from_millis(10);

/// Runs a test in paused time on one thread; file work has one thread of its own, so that a test can
/// stall it.
pub(super) fn in_paused_time(test: impl Future<Output = ()>) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).max_blocking_threads(1).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

pub(super) fn url(host: u8) -> ServiceUrl {
    format!("http://10.0.0.{host}:8761/eureka/").parse().expect("a valid URL")
}

pub(super) fn urls(hosts: &[u8]) -> PeerSet {
    hosts.iter().map(|host| url(*host)).collect()
}

/// What DNS says just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dns {
    /// These pods; 1 is ourselves.
    Pods(Vec<u8>),
    ServFail,
    /// This.
    Says(Answer),
    /// Nothing, for as long as a question may take.
    Silent,
    /// A defect of the program.
    Panics,
}

/// What the server does when it is refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// Reads the file, as a server does, and answers.
    Takes,
    /// Answers, and goes on with the list that it has.
    Ignores,
    /// Never answers.
    Hangs,
}

/// Everything outside the loop; clones share it.
#[derive(Clone)]
pub(super) struct World(Rc<Inner>);

struct Inner {
    dns: RefCell<Dns>,
    asked: Cell<usize>,
    lookups_made: Cell<usize>,
    manners: Cell<Manners>,
    refreshes: RefCell<Vec<(RefreshCall, String)>>,
    listed: RefCell<PeerSet>,
    directory: tempfile::TempDir,
}

impl World {
    pub(super) fn of(pods: &[u8]) -> Self {
        Self(Rc::new(Inner {
            dns: RefCell::new(Dns::Pods(pods.to_vec())),
            asked: Cell::default(),
            lookups_made: Cell::default(),
            manners: Cell::new(Manners::Takes),
            refreshes: RefCell::default(),
            listed: RefCell::default(),
            directory: tempfile::tempdir().expect("a directory"),
        }))
    }

    pub(super) fn set_dns(&self, dns: Dns) {
        *self.0.dns.borrow_mut() = dns;
    }

    pub(super) fn set_pods(&self, pods: &[u8]) {
        self.set_dns(Dns::Pods(pods.to_vec()));
    }

    pub(super) fn set_manners(&self, manners: Manners) {
        self.0.manners.set(manners);
    }

    /// Questions so far.
    pub(super) fn asked(&self) -> usize {
        self.0.asked.get()
    }

    /// Look-ups made: one for each settings in force, and for each life of the loop.
    pub(super) fn lookups_made(&self) -> usize {
        self.0.lookups_made.get()
    }

    /// Each refresh, and the value that came with it.
    pub(super) fn refreshes(&self) -> Vec<(RefreshCall, String)> {
        self.0.refreshes.borrow().clone()
    }

    pub(super) fn directory(&self) -> &Path {
        self.0.directory.path()
    }

    pub(super) fn file(&self) -> PathBuf {
        self.directory().join("peers.properties")
    }

    /// The URLs in the file; none while it is not there.
    pub(super) fn published(&self) -> PeerSet {
        let text = fs::read_to_string(self.file()).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("eureka.client.service-url.defaultZone="));
        let urls = line.into_iter().flat_map(|urls| urls.split(','));
        urls.map(|url| url.parse().expect("only whole URLs are published")).collect()
    }

    /// Settings of the sidecar of pod 1 in this world.
    pub(super) fn settings(&self, more: &[(Key, &str)]) -> Settings {
        self.settings_for(Purpose::Run, more)
    }

    pub(super) fn settings_for(&self, purpose: Purpose, more: &[(Key, &str)]) -> Settings {
        let directory = self.directory().to_str().expect("a directory of text").to_owned();
        let base = [
            (Key::Service, "eureka.ns.svc.cluster.local"),
            (Key::PeerHost, "ipv4"),
            (Key::SelfUrl, "http://10.0.0.1:8761/eureka/"),
            (Key::OutputDir, &directory),
        ];
        let given = base.iter().chain(more).map(|(key, text)| (*key, vec![(*text).to_owned()]));
        let loaded = load(&given.collect::<Flags>(), None, &Environment::default(), purpose);
        loaded.expect("settings without a fault").settings
    }

    /// A life of the program in this world.
    pub(super) fn start(&self, settings: Settings, until: Until) -> Life {
        let clock = Clock::start();
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let in_force = SettingsInForce { fingerprint: "first".to_owned(), warnings: vec![] };
        let (sender, snapshots) = admin::snapshots(Snapshot {
            status: Machine::new(settings.policy.clone(), None, Moment::START).status(Moment::START),
            as_of: Moment::START,
            clock: clock.wall(),
            list: ListInPlace::Nothing,
            stage: Stage::Running,
            version: VERSION,
            settings: in_force.clone(),
            loop_restarts: 0,
        });
        let liveness = Liveness::starting(clock.instant_of(Moment::START));
        let reporter = Reporter::new(clock, sender, metrics, liveness, in_force, AdminCounts::default());
        let (command_sender, commands) = admin::commands();
        let (updates_sender, updates) = Updates::channel();
        let (stopper, stop) = watch::channel(false);
        let inputs = Inputs { commands, updates, stop };
        let life = agent::run(self.clone(), settings, reporter, inputs, until);
        Life {
            commands: command_sender,
            updates: updates_sender,
            stopper,
            snapshots,
            registry,
            end: tokio::task::spawn_local(life),
        }
    }
}

impl Outside for World {
    type Lookup = Self;
    type Server = Self;

    fn lookup(&self, _settings: &Settings) -> Self {
        self.0.lookups_made.set(self.lookups_made() + 1);
        self.clone()
    }

    fn server(&self, settings: &Settings) -> Option<Self> {
        settings.server.actuator_url.is_some().then(|| self.clone())
    }

    fn follow(&self, _settings: &Settings) {}
}

impl Lookup for World {
    async fn ask(&self, _question: &Question) -> Answer {
        self.0.asked.set(self.asked() + 1);
        let dns = self.0.dns.borrow().clone();
        match dns {
            Dns::Pods(pods) => {
                Answer::Records(pods.iter().map(|pod| Record::Address([10, 0, 0, *pod].into())).collect())
            }
            Dns::ServFail => Answer::Failed(LookupFailure::ServerFailure),
            Dns::Silent => {
                sleep(Duration::from_secs(4)).await;
                Answer::Failed(LookupFailure::Timeout)
            }
            Dns::Says(answer) => {
                // Slow enough for a test that counts.
                sleep(Duration::from_millis(10)).await;
                answer
            }
            Dns::Panics => panic!("a look-up that panics"),
        }
    }
}

impl Server for World {
    async fn refresh(&self, call: RefreshCall, value: &str, timeout: Duration) -> Result<(), ServerFault> {
        self.0.refreshes.borrow_mut().push((call, value.to_owned()));
        match self.0.manners.get() {
            Manners::Takes => {
                *self.0.listed.borrow_mut() = self.published();
                Ok(())
            }
            Manners::Ignores => Ok(()),
            Manners::Hangs => {
                // The machine gives up first; were it not so, the test would see this fault.
                sleep(timeout * 2).await;
                Err(ServerFault::Unreadable("a refresh that should have been abandoned".to_owned()))
            }
        }
    }

    async fn replicas(&self) -> Result<Replicas, ServerFault> {
        let peers = self.0.listed.borrow().iter().filter(|peer| **peer != url(1)).cloned().collect();
        Ok(Replicas { peers, foreign: vec![], uptime_min: Some(1) })
    }

    async fn diagnose(&self) -> ListOrigin {
        ListOrigin::Nowhere
    }
}

/// A loop at work.
pub(super) struct Life {
    commands: CommandSender,
    updates: UpdateSender,
    stopper: watch::Sender<bool>,
    snapshots: Snapshots,
    registry: Registry,
    end: JoinHandle<End>,
}

impl Life {
    /// What is shown now.
    pub(super) fn shown(&self) -> Snapshot {
        self.snapshots.snapshot()
    }

    pub(super) fn desired(&self) -> PeerSet {
        self.shown().status.desired.map(|desired| desired.value).unwrap_or_default()
    }

    pub(super) fn conditions(&self) -> BTreeSet<&'static str> {
        self.shown().status.conditions.iter().map(|condition| condition.kind().label()).collect()
    }

    /// The one of this kind that is so.
    pub(super) fn situation(&self, kind: ConditionKind) -> Option<Situation> {
        let mut situations = self.shown().status.conditions.into_iter().map(|condition| condition.situation);
        situations.find(|situation| situation.kind() == kind)
    }

    /// The value of every series.
    pub(super) fn metrics(&self) -> BTreeMap<String, f64> {
        series(&self.registry)
    }

    /// What is shown, also after the end.
    pub(super) fn snapshots(&self) -> Snapshots {
        self.snapshots.clone()
    }

    /// The value of a counter without labels.
    pub(super) fn counter(&self, name: &str) -> f64 {
        let text = encode(&self.registry, MetricsFormat::Text);
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().expect("a number")
    }

    /// Waits until what is shown is so.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let since = tokio::time::Instant::now();
        while !is_so(self) {
            assert!(since.elapsed() < PATIENCE, "never: {what}; {:#?}", self.shown().status);
            assert!(!self.end.is_finished(), "the loop ended before: {what}");
            sleep(GLANCE).await;
        }
    }

    /// Waits until exactly these are listed in the file.
    pub(super) async fn until_published(&self, world: &World, hosts: &[u8]) {
        self.until(&format!("{hosts:?} in the file"), |_| world.published() == urls(hosts)).await;
        self.until("the publication is shown", |life| life.shown().status.published.is_some()).await;
    }

    pub(super) async fn accept(&self, consent: Consent) -> AcceptReply {
        self.asked_to_accept(consent, AcceptMode::Take).await
    }

    pub(super) async fn asked_to_accept(&self, consent: Consent, mode: AcceptMode) -> AcceptReply {
        let reply = self.commands.accept(consent, mode).expect("the loop takes commands");
        reply.await.expect("the loop answers")
    }

    pub(super) async fn update(&self, update: Update) {
        self.updates.send(update).await.expect("the loop takes updates");
    }

    /// Puts `settings` in force, as if they had come from a file.
    pub(super) async fn put_in_force(&self, settings: Settings) {
        let settings = Box::new(settings);
        self.update(Update::InForce { settings, fingerprint: "second".to_owned(), warnings: vec![] }).await;
        self.until("the new settings", |life| life.shown().settings.fingerprint == "second").await;
    }

    pub(super) fn tell_to_stop(&self) {
        self.stopper.send_replace(true);
    }

    /// How the loop ended.
    pub(super) async fn ended(self) -> End {
        let Self { end, .. } = self;
        tokio::time::timeout(PATIENCE, end).await.expect("it ends").expect("it does not panic")
    }
}

/// The value of every series in the registry.
pub(super) fn series(registry: &Registry) -> BTreeMap<String, f64> {
    let text = encode(registry, MetricsFormat::Text);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let value = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a series and its value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    lines.map(value).collect()
}
