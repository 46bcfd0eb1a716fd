//! What will happen to a cluster: everything that a seed decides, as a list that can be cut down.

use std::fmt;
use std::time::Duration;

use crate::dice::{Dice, millis};

/// Peers in all answers to a plan's questions, or nearly so.
const WORK_MAX: u64 = 30_000;

/// A cluster of more is not sent through a burst: its answers would be most of the work.
const BURST_PODS_MAX: u32 = 20;

/// Time since the cluster began.
pub(crate) type Time = Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const HOUR: Duration = seconds(3_600);

/// One cluster and its troubles. After `calm_at` nothing is wrong any more.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) shape: Shape,
    pub(crate) events: Vec<Planned>,
    pub(crate) calm_at: Time,
}

/// What the cluster is like.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) hosts: Hosts,
    pub(crate) pods: u32,
    /// One entry a CoreDNS replica: how long it caches, if it does.
    pub(crate) caches: Vec<Option<Duration>>,
    /// How far behind a CoreDNS replica may be.
    pub(crate) lag_max: Duration,
    /// Peers of a second headless Service, which all pods follow too; 0 is no such Service.
    pub(crate) others: u32,
    pub(crate) has_static_peer: bool,
    /// Pod 0 is an Eureka client's.
    pub(crate) has_client: bool,
    /// `--on-deadline wait`.
    pub(crate) waits: bool,
    pub(crate) interval: Duration,
    pub(crate) remove_after: Duration,
    pub(crate) shrink_after: Duration,
}

/// How peers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    Names,
    Addresses,
}

/// An event and its time.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) at: Time,
    pub(crate) event: Event,
}

/// What may happen. Events that name a pod which is not there do nothing.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The workload is scaled.
    Scale(u32),
    /// The second Service is scaled.
    ScaleOthers(u32),
    /// A pod is deleted and made again: a step of a roll-out, a lost node.
    Replace { pod: u32, back_after: Duration },
    /// What becomes of every question.
    Path(Path),
    /// The sidecar's process dies, at whatever it was doing, and is started again.
    KillSidecar { pod: u32, back_after: Duration },
    /// The same, and the saved state is lost; the files stay.
    LoseState { pod: u32, back_after: Duration },
    /// The JVM dies and is started again.
    RestartServer { pod: u32 },
    /// The server changes its manners.
    Server { pod: u32, manners: Manners },
    /// The volume can be written, or cannot.
    Volume { pod: u32, is_full: bool },
    /// The node is suspended: nothing of the sidecar runs.
    Suspend { pod: u32, how_long: Duration },
    /// The operator freezes the list, or lifts that.
    Freeze { pod: u32, is_frozen: bool },
    /// The operator accepts what DNS says.
    Accept { pod: u32 },
    /// The settings are reloaded with another `--remove-after`.
    Reload { pod: u32, remove_after: Duration },
    /// SIGHUP.
    AskNow { pod: u32 },
}

/// What becomes of a question on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Works,
    /// So many of a hundred are lost, and asked again by the look-up.
    Lossy(u8),
    ServFail,
    Refused,
    Silent,
    /// The kubelets are cut off: all pods live, and every name is denied.
    Denied,
}

/// How a server takes a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    Takes,
    Hangs,
    Fails,
    Refuses,
    /// Something masks the file: 200, and nothing changes.
    Masked,
    /// As it takes it, but each call takes seconds, as with Eureka's own client refresh.
    Slow,
}

impl Plan {
    /// What `seed` decides.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Dice::new(seed).at(&[1]);
        let mut shape = Shape::throw(&mut rng);
        let length = match rng.u8(..) {
            0..=5 => seconds(rng.u64(3_600..172_800)),
            _ => seconds(rng.u64(30..600)),
        };
        // Who lives long, or has many peers, asks seldom, so that a seed stays a matter of milliseconds.
        let work = (length + seconds(600)).as_secs() * u64::from(shape.pods * shape.pods);
        // Thrown apart, so that seeds of before stay what they were.
        shape.waits = Dice::new(seed).at(&[3]).bool();
        let seldom = seconds((work / WORK_MAX).min(if length > HOUR { 600 } else { 60 }));
        shape.interval = shape.interval.max(seldom);
        let count = rng.usize(0..=24);
        let mut events: Vec<Planned> = (0..count)
            .map(|_| Planned { at: length.mul_f64(rng.f64()), event: Event::throw(&mut rng, &shape) })
            .collect();
        if rng.u8(..) < 80 {
            events.extend(roll_out(&mut rng, &shape, length));
        }
        events.extend(losses(seed, &shape, length));
        events.extend(bursts(seed, &shape, length));
        events.sort_by_key(|planned| planned.at);
        Self { seed, shape, events, calm_at: length }
    }

    /// So many days of one cluster of three: a roll-out a day, an outage of DNS a week, and now and
    /// then a process that dies.
    pub(crate) fn of_days(days: u64) -> Self {
        let mut rng = Dice::new(days).at(&[4]);
        let shape = Shape {
            hosts: Hosts::Names,
            pods: 3,
            caches: vec![Some(seconds(5)), Some(seconds(30))],
            lag_max: seconds(1),
            others: 0,
            has_static_peer: false,
            has_client: false,
            waits: false,
            interval: seconds(60),
            remove_after: seconds(30),
            shrink_after: seconds(300),
        };
        let day = seconds(86_400);
        let mut events = vec![];
        for date in 0..days {
            let begin = day * u32::try_from(date).expect("some years");
            events.extend(
                roll_out(&mut rng, &shape, day)
                    .into_iter()
                    .map(|step| Planned { at: begin + step.at, ..step }),
            );
            let mut at = |event| events.push(Planned { at: begin + millis(&mut rng, 0, 80_000_000), event });
            at(Event::KillSidecar { pod: 1, back_after: seconds(2) });
            at(Event::RestartServer { pod: 2 });
            if date % 7 == 0 {
                let path = [Path::Silent, Path::Denied, Path::ServFail]
                    [usize::try_from(date / 7 % 3).expect("small")];
                events.push(Planned { at: begin, event: Event::Path(path) });
                events.push(Planned { at: begin + day / 4, event: Event::Path(Path::Works) });
            }
        }
        events.sort_by_key(|planned| planned.at);
        Self { seed: days, shape, events, calm_at: seconds(days * 86_400) }
    }

    /// How long after the calm everything must be as it should.
    pub(crate) fn rest(&self) -> Duration {
        // The slowest: the guard's time, then a removal's, after the last backoff, cache and confirm.
        self.shape.shrink_after + self.longest_removal() + 3 * self.shape.interval + seconds(100)
    }

    fn longest_removal(&self) -> Duration {
        let reloads = self.events.iter().filter_map(|planned| match planned.event {
            Event::Reload { remove_after, .. } => Some(remove_after),
            _ => None,
        });
        reloads.chain([self.shape.remove_after]).max().expect("one at least")
    }
}

impl Shape {
    fn throw(rng: &mut fastrand::Rng) -> Self {
        let pods = match rng.u8(..) {
            0..=1 => rng.u32(30..=200),
            2..=25 => rng.u32(7..=20),
            _ => rng.u32(1..=6),
        };
        let caches = 0..rng.usize(1..=3);
        let caches = caches.map(|_| [None, Some(seconds(5)), Some(seconds(30))][rng.usize(..3)]).collect();
        Self {
            hosts: if rng.bool() { Hosts::Names } else { Hosts::Addresses },
            pods,
            caches,
            lag_max: millis(rng, 0, 2_000),
            others: if rng.u8(..4) == 0 { rng.u32(1..=4) } else { 0 },
            has_static_peer: rng.u8(..4) == 0,
            has_client: rng.u8(..4) == 0,
            waits: false,
            interval: seconds([1, 5, 10, 15][rng.usize(..4)]),
            remove_after: seconds([0, 10, 30, 60][rng.usize(..4)]),
            shrink_after: seconds([30, 60, 120][rng.usize(..3)]),
        }
    }
}

impl Event {
    fn throw(rng: &mut fastrand::Rng, shape: &Shape) -> Self {
        let pod = rng.u32(..shape.pods);
        let short = millis(rng, 100, 30_000);
        match rng.u8(..24) {
            0..=2 => Self::Scale(rng.u32(1..=shape.pods + 2)),
            3 => Self::ScaleOthers(rng.u32(..=4)),
            4..=5 => Self::Replace { pod, back_after: short },
            6..=10 => Self::Path(Path::throw(rng)),
            11..=13 => Self::KillSidecar { pod, back_after: short },
            14 => Self::RestartServer { pod },
            15..=17 => Self::Server { pod, manners: Manners::throw(rng) },
            18 => Self::Volume { pod, is_full: rng.bool() },
            19 => Self::Suspend { pod, how_long: millis(rng, 1_000, 400_000) },
            20 => Self::Freeze { pod, is_frozen: rng.bool() },
            21 => Self::Accept { pod },
            22 => Self::Reload { pod, remove_after: seconds(rng.u64(0..=60)) },
            _ => Self::AskNow { pod },
        }
    }
}

impl Path {
    fn throw(rng: &mut fastrand::Rng) -> Self {
        match rng.u8(..10) {
            0..=3 => Self::Works,
            4 => Self::Lossy(rng.u8(10..90)),
            5 => Self::ServFail,
            6 => Self::Refused,
            7 => Self::Silent,
            _ => Self::Denied,
        }
    }
}

impl Manners {
    fn throw(rng: &mut fastrand::Rng) -> Self {
        [Self::Takes, Self::Takes, Self::Hangs, Self::Fails, Self::Refuses, Self::Masked][rng.usize(..6)]
    }
}

/// Saved states that are lost, thrown apart as well.
fn losses(seed: u64, shape: &Shape, length: Duration) -> Vec<Planned> {
    let mut rng = Dice::new(seed).at(&[4]);
    let count = rng.usize(0..=2);
    let loss = |_| {
        let (pod, back_after) = (rng.u32(0..shape.pods.max(1)), Duration::from_millis(rng.u64(0..5_000)));
        Planned { at: length.mul_f64(rng.f64()), event: Event::LoseState { pod, back_after } }
    };
    (0..count).map(loss).collect()
}

/// Changes faster than anybody can follow, beside a server of any manners; thrown apart as well.
fn bursts(seed: u64, shape: &Shape, length: Duration) -> Vec<Planned> {
    let mut rng = Dice::new(seed).at(&[5]);
    if shape.pods > BURST_PODS_MAX || rng.u8(..3) > 0 {
        return vec![];
    }
    let begin = length.mul_f64(rng.f64());
    let step = Duration::from_millis([333, 1_000, 1_500][rng.usize(..3)]);
    let grows = rng.bool();
    let manners = [Manners::Takes, Manners::Takes, Manners::Masked, Manners::Slow][rng.usize(..4)];
    let pod = rng.u32(..shape.pods);
    let server = Planned { at: begin, event: Event::Server { pod, manners } };
    let changes = (1..=60).map(|change| {
        let pods = if grows { shape.pods + change / 6 } else { rng.u32(1..=shape.pods + 2) };
        Planned { at: begin + step * change, event: Event::Scale(pods) }
    });
    [server].into_iter().chain(changes).filter(|planned| planned.at < length).collect()
}

/// Every pod once, one after the other.
fn roll_out(rng: &mut fastrand::Rng, shape: &Shape, length: Duration) -> Vec<Planned> {
    let begin = length.mul_f64(rng.f64() / 2.0);
    let step = millis(rng, 1_000, 20_000);
    let pods = (0..shape.pods).rev();
    let steps = pods.map(|pod| Planned {
        at: begin + step * (shape.pods - pod),
        event: Event::Replace { pod, back_after: step.mul_f64(rng.f64()) },
    });
    steps.filter(|planned| planned.at < length).collect()
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale(pods) => write!(f, "the workload is scaled to {pods}"),
            Self::ScaleOthers(pods) => write!(f, "the second Service is scaled to {pods}"),
            Self::Replace { back_after, .. } => {
                write!(f, "the pod is deleted, and made again after {back_after:?}")
            }
            Self::Path(Path::Works) => write!(f, "DNS works"),
            Self::Path(Path::Lossy(percent)) => write!(f, "{percent} % of the questions are lost once"),
            Self::Path(Path::ServFail) => write!(f, "DNS answers SERVFAIL from now on"),
            Self::Path(Path::Refused) => write!(f, "DNS answers REFUSED from now on"),
            Self::Path(Path::Silent) => write!(f, "DNS is silent from now on"),
            Self::Path(Path::Denied) => {
                write!(f, "the kubelets are cut off: DNS denies every name from now on, and all pods live")
            }
            Self::LoseState { back_after, .. } => {
                write!(f, "its sidecar dies, its state is lost, and it starts again {back_after:?} later")
            }
            Self::KillSidecar { back_after, .. } => {
                write!(f, "the sidecar is killed, and started again after {back_after:?}")
            }
            Self::RestartServer { .. } => write!(f, "the server is killed, and started again"),
            Self::Server { manners: Manners::Takes, .. } => write!(f, "the server takes refreshes"),
            Self::Server { manners: Manners::Hangs, .. } => {
                write!(f, "the server hangs in refreshes from now on")
            }
            Self::Server { manners: Manners::Fails, .. } => {
                write!(f, "the server answers refreshes with 500 from now on")
            }
            Self::Server { manners: Manners::Refuses, .. } => {
                write!(f, "the server answers refreshes with 403 from now on")
            }
            Self::Server { manners: Manners::Masked, .. } => {
                write!(f, "something masks the server's file from now on")
            }
            Self::Server { manners: Manners::Slow, .. } => {
                write!(f, "the server takes refreshes, and seconds for each")
            }
            Self::Volume { is_full: true, .. } => write!(f, "the volume is full"),
            Self::Volume { is_full: false, .. } => write!(f, "the volume has room"),
            Self::Suspend { how_long, .. } => write!(f, "the sidecar is suspended for {how_long:?}"),
            Self::Freeze { is_frozen: true, .. } => write!(f, "the operator freezes the list"),
            Self::Freeze { is_frozen: false, .. } => write!(f, "the operator lifts the freeze"),
            Self::Accept { .. } => write!(f, "the operator accepts what DNS says"),
            Self::Reload { remove_after, .. } => {
                write!(f, "the settings now say --remove-after {remove_after:?}")
            }
            Self::AskNow { .. } => write!(f, "SIGHUP"),
        }
    }
}

impl Event {
    /// The pod that this happens to; none where it happens to the cluster.
    pub(crate) fn pod(&self) -> Option<u32> {
        match self {
            Self::Scale(_) | Self::ScaleOthers(_) | Self::Path(_) => None,
            Self::Replace { pod, .. }
            | Self::KillSidecar { pod, .. }
            | Self::LoseState { pod, .. }
            | Self::RestartServer { pod }
            | Self::Server { pod, .. }
            | Self::Volume { pod, .. }
            | Self::Suspend { pod, .. }
            | Self::Freeze { pod, .. }
            | Self::Accept { pod }
            | Self::Reload { pod, .. }
            | Self::AskNow { pod } => Some(*pod),
        }
    }
}
