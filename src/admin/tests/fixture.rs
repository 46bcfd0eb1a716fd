//! A server with bounds that a test can wait for, and snapshots to show.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::admin::{
    AdminCounts, Bounds, ListInPlace, Listeners, Liveness, LocalCommands, MetricsText, Running,
    SettingsInForce, Snapshot, SnapshotSender, Stage, View, commands, snapshots,
};
use crate::model::{MetricsFormat, Moment, PeerSet, WallClock};
use crate::reconcile::samples::publish_fault;
use crate::reconcile::{Condition, NotPublished, Situation, Status};

/// What the metrics of these tests say.
pub(super) fn metrics_text(format: MetricsFormat) -> String {
    format!("{format:?}\n")
}

/// Short enough to wait for, long enough for a busy machine.
pub(super) const SHORT: Bounds = Bounds {
    connections_max: 64,
    header_read_max: Duration::from_millis(400),
    connection_max: Duration::from_millis(800),
    command_reply_max: Duration::from_millis(300),
};

/// Both listeners at work, with everything behind them in the test's hands.
pub(super) struct Fixture {
    pub(super) public: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) counts: AdminCounts,
    pub(super) show: SnapshotSender,
    pub(super) commands: LocalCommands,
    pub(super) running: Running,
}

impl Fixture {
    /// With the program's own bounds.
    pub(super) fn start() -> Self {
        Self::within(Bounds::default(), metrics_text)
    }

    pub(super) fn within(bounds: Bounds, metrics: fn(MetricsFormat) -> String) -> Self {
        let any_port: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let bound = Listeners::new(any_port, any_port).within(bounds).bind().expect("port 0 is free");
        let (show, view) = view(snapshot(), metrics);
        let (sender, commands) = commands();
        Self {
            public: bound.public_address().expect("bound"),
            local: bound.local_address().expect("bound"),
            counts: bound.counts(),
            show,
            commands,
            running: bound.start(view, sender),
        }
    }
}

pub(super) fn view(first: Snapshot, metrics: fn(MetricsFormat) -> String) -> (SnapshotSender, View) {
    let (show, snapshots) = snapshots(first);
    let liveness = Liveness::starting(Instant::now());
    (show, View { snapshots, liveness, metrics: MetricsText::new(metrics) })
}

pub(super) fn at(seconds: u64) -> Moment {
    Moment::at(Duration::from_secs(seconds))
}

pub(super) fn peers(texts: &[&str]) -> PeerSet {
    texts.iter().map(|text| text.parse().expect("a URL")).collect()
}

pub(super) fn not_published(what: &str) -> Situation {
    Situation::NotPublished(NotPublished::Failed(publish_fault(what)))
}

pub(super) fn condition(situation: Situation) -> Condition {
    Condition { since: at(60), until: None, situation }
}

/// A life two minutes old, begun on the first second of 2026, of which nothing is known.
pub(super) fn snapshot() -> Snapshot {
    Snapshot {
        status: Status::default(),
        as_of: at(120),
        clock: WallClock::started_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)),
        list: ListInPlace::Nothing,
        stage: Stage::Running,
        version: "1.2.3",
        settings: SettingsInForce { fingerprint: "0123abcd".to_owned(), warnings: Vec::new() },
        loop_restarts: 0,
    }
}
