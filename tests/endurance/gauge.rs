//! What a process holds, by the kernel's own books: memory, descriptors, threads, children.
//!
//! A thread of its own looks all the time, so that no peak between two rounds is overlooked.

use std::fmt;
use std::fs;
use std::time::Duration;

use rustix::process::Pid;

use crate::beside::Lookout;
use crate::machine::{descriptors, figure};

/// Between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// What an unoptimised program may have resident at any moment.
const RESIDENT_MAX_KIB: u64 = 48 * 1024;
/// The listeners' 64 places each, and what the program has open for itself.
const DESCRIPTORS_MAX: u64 = 2 * 64 + 32;
/// The loop's, the watcher's, and those of file work: the pool keeps as many as ever ran at once. Three
/// kinds of work are there, settings, volume and password, and each may find the thread of its last time not
/// yet free. How many coincide is chance, so that calms cannot be compared; a thread that stays behind in
/// each round is one too many within minutes.
const THREADS_MAX: u64 = 2 + 2 * 3;

/// What a process holds at one moment, or the most of each that it ever held.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    /// Pages of no file: heap and stacks.
    pub(crate) anonymous_kib: u64,
    pub(crate) resident_kib: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    pub(crate) children: u64,
}

impl Held {
    /// None once the process is gone.
    fn by(pid: Pid) -> Option<Self> {
        let process = format!("/proc/{}", pid.as_raw_nonzero());
        let tasks = fs::read_dir(format!("{process}/task")).ok()?.filter_map(Result::ok);
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let children: usize = children.map(|list| list.split_whitespace().count()).sum();
        Some(Self {
            anonymous_kib: figure(pid, "RssAnon:")?,
            resident_kib: figure(pid, "VmRSS:")?,
            descriptors: descriptors(pid)?.try_into().ok()?,
            threads: figure(pid, "Threads:")?,
            children: children.try_into().ok()?,
        })
    }

    fn each(self, other: Self, pick: fn(u64, u64) -> u64) -> Self {
        Self {
            anonymous_kib: pick(self.anonymous_kib, other.anonymous_kib),
            resident_kib: pick(self.resident_kib, other.resident_kib),
            descriptors: pick(self.descriptors, other.descriptors),
            threads: pick(self.threads, other.threads),
            children: pick(self.children, other.children),
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { anonymous_kib, resident_kib, descriptors, threads, children } = self;
        write!(
            f,
            "{anonymous_kib} KiB of heap, {resident_kib} KiB resident, {descriptors} descriptors, \
             {threads} threads, {children} children"
        )
    }
}

#[derive(Default)]
struct Seen {
    most: Held,
    /// The least since [`Gauge::begin_calm`].
    least: Option<Held>,
}

/// Looks at a process until the handle goes.
pub(crate) struct Gauge(Lookout<Seen>);

impl Gauge {
    pub(crate) fn of(pid: Pid) -> Self {
        assert!(Held::by(pid).is_some(), "the kernel keeps other books than this test reads");
        Self(Lookout::begin(LOOK_PAUSE, move |seen: &mut Seen| {
            let Some(held) = Held::by(pid) else { return };
            seen.most = seen.most.each(held, u64::max);
            seen.least = Some(seen.least.map_or(held, |least| least.each(held, u64::min)));
        }))
    }

    /// From here on [`Self::least`] counts: what comes and goes with each request is not what stays.
    pub(crate) fn begin_calm(&self) {
        self.0.seen().least = None;
    }

    /// The least of each that was held since then.
    pub(crate) fn least(&self) -> Held {
        self.0.seen().least.expect("it has looked since")
    }

    /// The most of each that was ever held.
    pub(crate) fn most(&self) -> Held {
        self.0.seen().most
    }

    /// Insists that no moment was over a bound.
    pub(crate) fn expect_bounded(&self) {
        let most = self.most();
        assert!(most.resident_kib <= RESIDENT_MAX_KIB, "{most}");
        assert!(most.descriptors <= DESCRIPTORS_MAX, "{most}");
        assert!(most.threads <= THREADS_MAX, "{most}");
        assert_eq!(most.children, 0, "{most}");
    }
}
