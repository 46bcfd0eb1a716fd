//! `init` before the pod's server: it publishes once and ends.

use std::time::{Duration, Instant};

use crate::life::Life;
use crate::pod::Pod;
use crate::sidecar::PATIENCE;

/// Between two looks; fine enough for figures of tens of milliseconds.
const GLANCE: Duration = Duration::from_millis(1);

/// The program at work.
pub(crate) struct Init<'p> {
    pod: &'p Pod,
    life: Life,
    started: Instant,
}

/// How it went.
pub(crate) struct Initialised {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// What it logged.
    pub(crate) log: String,
    /// When the file was first seen.
    pub(crate) published_at: Option<Instant>,
    /// From its start to its end.
    pub(crate) took: Duration,
}

impl<'p> Init<'p> {
    pub(crate) fn new(pod: &'p Pod, life: Life) -> Self {
        Self { pod, life, started: Instant::now() }
    }

    /// Waits for its end, with an eye on the file.
    pub(crate) async fn end(mut self) -> Initialised {
        let mut published_at = None;
        loop {
            let status = self.life.ended();
            published_at = published_at.or_else(|| self.pod.listed().map(|_| Instant::now()));
            if let Some(status) = status {
                let took = self.started.elapsed();
                return Initialised { code: status.code(), log: self.life.log(), published_at, took };
            }
            assert!(self.started.elapsed() < PATIENCE, "it does not end\n{}", self.life.log());
            tokio::time::sleep(GLANCE).await;
        }
    }
}
