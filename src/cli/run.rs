//! `run` and `init`: the same loop, for ever or until the first list is in place.

use std::io;
use std::time::Duration;

use rustix::process::{self, WaitOptions};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tracing::{error, info};

use crate::admin::{
    self, BindError, Bound, ListInPlace, Liveness, MetricsText, SettingsInForce, Snapshot, Stage, View,
};
use crate::agent::{self, Clock, End, Inputs, Reporter, Until, Updates};
use crate::model::{ErrorChain, Moment};
use crate::reconcile::{Machine, OnDeadline};
use crate::settings::{Loaded, Settings};
use crate::settings_watch::SettingsWatch;
use crate::telemetry::{LogControl, Metrics, Registry, VERSION, encode, start_log};

use super::ExitStatus;
use super::outside::RealOutside;
use super::runtime::{enough_descriptors, runtime_for_files};
use super::settings_updates::{Following, send_updates};
use super::sources::{Read, Sources, refuse};
use super::terminal::say;

/// What file work that does not end gets at the exit; the whole exit has 100 ms.
const EXIT_PATIENCE: Duration = Duration::from_millis(30);

const BEFORE_A_LIST: &str = "before a list was in place";

const AFTER_A_LOSS: &str = "while no valid list is in place, because others have removed, emptied or changed the files; \
    let no other container write into the volume";

/// The sidecar, until it is told to stop.
pub(super) fn run(sources: Sources) -> ExitStatus {
    start(sources, Until::Stopped)
}

/// The init container, until the first list is in place.
pub(super) fn init(sources: Sources) -> ExitStatus {
    start(sources, Until::Settled)
}

fn start(sources: Sources, until: Until) -> ExitStatus {
    let (runtime, signals) = match begin() {
        Ok(begun) => begun,
        Err(reason) => return cannot_start(&reason),
    };
    let read = match sources.read() {
        Ok(read) => read,
        Err(rejected) => return refuse(&rejected),
    };
    let settings = &read.loaded.settings;
    let log = match start_log(settings.log_level, settings.log_format) {
        Ok(log) => log,
        Err(error) => return cannot_start(&error.to_string()),
    };
    for warning in &read.loaded.warnings {
        tracing::warn!(setting = warning.key, "{}", warning.message);
    }
    let end = LocalSet::new().block_on(&runtime, live(sources, read, log, signals, until));
    runtime.shutdown_timeout(EXIT_PATIENCE);
    match end {
        Ok(end) => status_of(&end, until),
        Err(fault) => {
            error!("{}", ErrorChain(&fault));
            ExitStatus::Failure
        }
    }
}

/// The signals are taken over before anything is read: to process 1 one that comes earlier is lost,
/// and its pod then waits for the end of its grace period.
fn begin() -> Result<(Runtime, Signals), String> {
    enough_descriptors()?;
    let runtime = runtime_for_files()?;
    let signals = {
        let _within = runtime.enter();
        Signals::register()
    };
    let signals = signals.map_err(|error| format!("cannot listen for signals: {error}"))?;
    Ok((runtime, signals))
}

/// Said while there is no log yet.
fn cannot_start(reason: &str) -> ExitStatus {
    say(format_args!("cannot start: {reason}"));
    ExitStatus::Failure
}

async fn live(
    sources: Sources,
    read: Read,
    log: LogControl,
    signals: Signals,
    until: Until,
) -> Result<End, BindError> {
    let clock = Clock::start();
    let Loaded { settings, provenance, warnings } = read.loaded;
    let in_force = SettingsInForce {
        fingerprint: provenance.fingerprint(),
        warnings: warnings.iter().map(ToString::to_string).collect(),
    };
    let (sender, snapshots) = admin::snapshots(first_snapshot(&settings, clock, in_force.clone()));
    let liveness = Liveness::starting(clock.instant_of(Moment::START));
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let bound = match until {
        Until::Stopped => {
            Some(admin::Listeners::new(settings.listen.preferred(), settings.local_listen).bind()?)
        }
        // An init container has no probes. One that waits can be told to begin alone; its port may still be
        // another's, and then it cannot.
        Until::Settled => match settings.policy.on_deadline {
            OnDeadline::Wait => admin::Listeners::only_local(settings.local_listen).bind().ok(),
            OnDeadline::Publish | OnDeadline::Fail => None,
        },
    };
    info!(
        version = VERSION,
        role = settings.policy.role_label(),
        fingerprint = in_force.fingerprint,
        "started"
    );

    let (command_sender, commands) = admin::commands();
    let counts = bound.as_ref().map(Bound::counts).unwrap_or_default();
    let reporter = Reporter::new(clock, sender, metrics, liveness.clone(), in_force, counts);
    let view =
        View { snapshots, liveness, metrics: MetricsText::new(move |format| encode(&registry, format)) };
    let serving = bound.map(|bound| bound.start(view, command_sender));
    let (update_sender, updates) = Updates::channel();
    let watch = read.file.map(|(path, text)| SettingsWatch::new(path, text));
    let (stopper, stop) = watch::channel(false);
    let (hangup, updates_to) = (signals.hangup, update_sender);
    tokio::task::spawn_local(send_updates(Following { sources, watch, hangup, updates: updates_to }));
    tokio::task::spawn_local(reap(signals.child));
    tokio::task::spawn_local(stop_at(signals.terminate, signals.interrupt, stopper));

    let inputs = Inputs { commands, updates, stop };
    let end = agent::run(RealOutside::new(log), settings, reporter, inputs, until).await;
    if let Some(serving) = serving {
        serving.stop().await;
    }
    Ok(end)
}

/// How things stand before the first turn of the loop.
fn first_snapshot(settings: &Settings, clock: Clock, in_force: SettingsInForce) -> Snapshot {
    Snapshot {
        status: Machine::new(settings.policy.clone(), None, Moment::START).status(Moment::START),
        as_of: Moment::START,
        clock: clock.wall(),
        list: ListInPlace::Nothing,
        stage: Stage::Running,
        version: VERSION,
        settings: in_force,
        loop_restarts: 0,
    }
}

/// The signals that we follow; as process 1 there is no default action.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    child: Signal,
}

impl Signals {
    fn register() -> io::Result<Self> {
        // Once there is a handler, the signal no longer ends the process, and a file that would be over the limit is
        // an error of its write (setrlimit(2), RLIMIT_FSIZE).
        let _handled = signal(SignalKind::from_raw(process::Signal::XFSZ.as_raw()))?;
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            child: signal(SignalKind::child())?,
        })
    }
}

/// Buries the children that are given to us. We make none; as process 1 of a container we get the orphans of
/// whatever somebody runs in it, such as a shell of `kubectl debug --target`, and the dead take up places
/// (`podPidsLimit`). With `shareProcessNamespace` the pod's pause container does this.
async fn reap(mut child: Signal) {
    loop {
        while let Ok(Some(_buried)) = process::wait(WaitOptions::NOHANG) {}
        if child.recv().await.is_none() {
            return;
        }
    }
}

async fn stop_at(mut terminate: Signal, mut interrupt: Signal, stopper: watch::Sender<bool>) {
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    info!(signal = name, "stopping; the files stay as they are");
    let _nobody_listens = stopper.send(true);
}

/// What was so when we were told to stop without a list, and why.
fn stopped_without(what: &str, why: &str) -> ExitStatus {
    let because = if why.is_empty() { "" } else { ": " };
    error!("stopped {what}{because}{why}");
    ExitStatus::Failure
}

fn status_of(end: &End, until: Until) -> ExitStatus {
    match (end, until) {
        (End::Stopped, Until::Stopped) | (End::Settled, _) => ExitStatus::Success,
        // What waits for us must not take this for a list in place.
        (End::Stopped, Until::Settled) => stopped_without(BEFORE_A_LIST, ""),
        // The kubelet shows the last line of a container that failed, and of a probe nothing.
        (End::StoppedWithoutList(why), _) => stopped_without(BEFORE_A_LIST, why),
        (End::StoppedAfterLoss(why), _) => stopped_without(AFTER_A_LOSS, why),
        (End::DeadlinePassed(why), _) => {
            error!(
                "the start deadline has passed without the records that were waited for: {why}; where DNS needs \
                 longer, give it more time with --start-deadline"
            );
            ExitStatus::DeadlinePassed
        }
        // The condition has said it, in the log's last line.
        (End::CannotWrite, _) => ExitStatus::CannotWrite,
    }
}
