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

/// What may happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The workload is scaled.
    Scale(u32),
    /// The second Service is scaled.
    ScaleOthers(u32),
    /// What becomes of every question.
    Path(Path),
    /// Something happens to one pod; nothing, where it is not there.
    Pod(u32, Trouble),
}

/// What may happen to a pod.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// It is deleted and made again: a step of a roll-out, a lost node.
    Replace { back_after: Duration },
    /// The sidecar's process dies, at whatever it was doing, and is started again.
    KillSidecar { back_after: Duration },
    /// The same, and the saved state is lost; the files stay.
    LoseState { back_after: Duration },
    /// The JVM dies and is started again.
    RestartServer,
    /// The server changes its manners.
    Server(Manners),
    /// The volume can be written, or cannot.
    Volume { is_full: bool },
    /// The node is suspended: nothing of the sidecar runs.
    Suspend { how_long: Duration },
    /// The operator freezes the list, or lifts that.
    Freeze { is_frozen: bool },
    /// The operator accepts what DNS says.
    Accept,
    /// The settings are reloaded with another `--remove-after`.
    Reload { remove_after: Duration },
    /// SIGHUP.
    AskNow,
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
            at(Event::Pod(1, Trouble::KillSidecar { back_after: seconds(2) }));
            at(Event::Pod(2, Trouble::RestartServer));
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
            Event::Pod(_, Trouble::Reload { remove_after }) => Some(remove_after),
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
            6..=10 => Self::Path(Path::throw(rng)),
            other => Self::Pod(pod, Trouble::throw(rng, other, short)),
        }
    }
}

impl Trouble {
    fn throw(rng: &mut fastrand::Rng, kind: u8, short: Duration) -> Self {
        match kind {
            4..=5 => Self::Replace { back_after: short },
            11..=13 => Self::KillSidecar { back_after: short },
            14 => Self::RestartServer,
            15..=17 => Self::Server(Manners::throw(rng)),
            18 => Self::Volume { is_full: rng.bool() },
            19 => Self::Suspend { how_long: millis(rng, 1_000, 400_000) },
            20 => Self::Freeze { is_frozen: rng.bool() },
            21 => Self::Accept,
            22 => Self::Reload { remove_after: seconds(rng.u64(0..=60)) },
            _ => Self::AskNow,
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
        Planned { at: length.mul_f64(rng.f64()), event: Event::Pod(pod, Trouble::LoseState { back_after }) }
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
    let server = Planned { at: begin, event: Event::Pod(pod, Trouble::Server(manners)) };
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
        event: Event::Pod(pod, Trouble::Replace { back_after: step.mul_f64(rng.f64()) }),
    });
    steps.filter(|planned| planned.at < length).collect()
}

impl Event {
    /// The pod that this happens to; none where it happens to the cluster.
    pub(crate) fn pod(&self) -> Option<u32> {
        match self {
            Self::Scale(_) | Self::ScaleOthers(_) | Self::Path(_) => None,
            Self::Pod(pod, _) => Some(*pod),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale(pods) => write!(f, "the workload is scaled to {pods}"),
            Self::ScaleOthers(pods) => write!(f, "the second Service is scaled to {pods}"),
            Self::Path(path) => path.fmt(f),
            Self::Pod(_, trouble) => trouble.fmt(f),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => write!(f, "DNS works"),
            Self::Lossy(percent) => write!(f, "{percent} % of the questions are lost once"),
            Self::ServFail => write!(f, "DNS answers SERVFAIL from now on"),
            Self::Refused => write!(f, "DNS answers REFUSED from now on"),
            Self::Silent => write!(f, "DNS is silent from now on"),
            Self::Denied => {
                write!(f, "the kubelets are cut off: DNS denies every name from now on, and all pods live")
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace { back_after: time } => {
                write!(f, "the pod is deleted, and made again after {time:?}")
            }
            Self::KillSidecar { back_after: time } => {
                write!(f, "the sidecar is killed, and started again after {time:?}")
            }
            Self::LoseState { back_after: time } => {
                write!(f, "the sidecar dies, its state is lost, and it starts again after {time:?}")
            }
            Self::RestartServer => write!(f, "the server is killed, and started again"),
            Self::Server(Manners::Takes) => write!(f, "the server takes refreshes"),
            Self::Server(Manners::Hangs) => write!(f, "the server hangs in refreshes from now on"),
            Self::Server(Manners::Fails) => write!(f, "the server answers refreshes with 500 from now on"),
            Self::Server(Manners::Refuses) => write!(f, "the server answers refreshes with 403 from now on"),
            Self::Server(Manners::Slow) => write!(f, "the server takes refreshes, and seconds for each"),
            Self::Server(Manners::Masked) => write!(f, "something masks the server's file from now on"),
            Self::Volume { is_full: true } => write!(f, "the volume is full"),
            Self::Volume { is_full: false } => write!(f, "the volume has room"),
            Self::Suspend { how_long } => write!(f, "the sidecar is suspended for {how_long:?}"),
            Self::Freeze { is_frozen: true } => write!(f, "the operator freezes the list"),
            Self::Freeze { is_frozen: false } => write!(f, "the operator lifts the freeze"),
            Self::Accept => write!(f, "the operator accepts what DNS says"),
            Self::Reload { remove_after } => {
                write!(f, "the settings now say --remove-after {remove_after:?}")
            }
            Self::AskNow => write!(f, "SIGHUP"),
        }
    }
}
