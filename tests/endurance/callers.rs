//! Probes, scrapers and people who look at the page, all the time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::beside::Beside;
use crate::http::get;

/// Between two requests of one caller.
const PAUSE: Duration = Duration::from_millis(5);
/// In turn.
const PATHS: [&str; 7] = ["/livez", "/readyz", "/status", "/startupz", "/metrics", "/", "/healthz?verbose"];
/// An answer takes milliseconds; what a machine does that is shared is no fault of ours.
const ANSWER_MAX: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    answers: u64,
    slowest: Duration,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers to probes and scrapers, the slowest after {:?}", self.answers, self.slowest)
    }
}

pub(crate) struct Callers([Beside<Told>; 2]);

impl Callers {
    /// Each answer must be 200: a list is in place, whatever DNS and the server do.
    pub(crate) fn begin(address: SocketAddr) -> Self {
        Self([(); 2].map(|()| Beside::begin(move |done| call_until(done, address))))
    }

    /// What they were told; panics where one was told anything but 200, or nothing.
    pub(crate) fn end(self) -> Told {
        self.0.map(Beside::end).into_iter().fold(Told::default(), |sum, told| Told {
            answers: sum.answers + told.answers,
            slowest: sum.slowest.max(told.slowest),
        })
    }
}

fn call_until(done: &AtomicBool, address: SocketAddr) -> Told {
    let mut told = Told::default();
    for path in PATHS.iter().cycle() {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let since = Instant::now();
        let reply = get(address, path);
        let took = since.elapsed();
        let status = reply.as_ref().map(|reply| reply.status);
        assert!(status.is_ok_and(|status| status == 200), "{path}: {reply:?}");
        assert!(took <= ANSWER_MAX, "{path}: {took:?}");
        told = Told { answers: told.answers + 1, slowest: told.slowest.max(took) };
        thread::sleep(PAUSE);
    }
    told
}
