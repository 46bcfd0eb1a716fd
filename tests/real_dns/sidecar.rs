//! `run` beside the pod's server, as an operator sees it: file, status, metrics, probes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::http::get;
use crate::life::Life;
use crate::once::Outcome;
use crate::pod::{Pod, Urls};
use crate::secret;

/// A change that has not arrived by then never will: silence alone takes four seconds to be seen,
/// and the pause after it grows to as much.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(3);
/// How long a list must stay as it is to count as held: a few questions.
const HELD: Duration = Duration::from_millis(500);

/// URLs named where a test fails.
const NAMED_MAX: usize = 4;
/// Characters of a status shown there.
const STATUS_MAX: usize = 4_000;

/// Where it listens.
#[derive(Clone, Copy)]
pub(crate) struct Listeners {
    pub(crate) public: SocketAddr,
    pub(crate) local: SocketAddr,
}

/// The program at work.
pub(crate) struct Sidecar<'p> {
    pod: &'p Pod,
    life: Life,
    listeners: Listeners,
}

impl<'p> Sidecar<'p> {
    pub(crate) fn new(pod: &'p Pod, life: Life, listeners: Listeners) -> Self {
        Self { pod, life, listeners }
    }

    /// `/status`; null while the listener is not there yet.
    pub(crate) fn status(&self) -> Value {
        let reply = get(self.listeners.public, "/status").ok();
        reply.and_then(|reply| serde_json::from_str(&reply.body).ok()).unwrap_or_default()
    }

    /// How often files were written in this life.
    pub(crate) fn publications(&self) -> u64 {
        let metrics = get(self.listeners.public, "/metrics").expect("a running program answers").body;
        let series = "eureka_peers_publications_total{outcome=\"written\"} ";
        let value = metrics.lines().find_map(|line| line.strip_prefix(series));
        value.expect("it is always there").parse().expect("a count")
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        self.life.log()
    }

    /// Waits until the file lists exactly these, and the program knows it.
    pub(crate) async fn lists(&self, urls: &Urls) {
        let few: Vec<_> = urls.iter().take(NAMED_MAX).collect();
        let what = format!("lists {} such as {few:?}", urls.len());
        self.until(&what, || self.pod.listed().as_ref() == Some(urls)).await;
        let is_published =
            || self.status()["published"]["peers"].as_array().map(Vec::len) == Some(urls.len());
        self.until("knows what it has published", is_published).await;
    }

    /// Waits until the last outcome of a question is of this kind.
    pub(crate) async fn hears(&self, outcome: &str) {
        let hears = || self.status()["services"][0]["last"]["outcome"] == outcome;
        self.until(&format!("hears {outcome}"), hears).await;
    }

    /// Waits until a condition of this kind stands.
    pub(crate) async fn shows(&self, kind: &str) {
        let shows = || {
            let status = self.status();
            let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
            conditions.iter().any(|condition| condition["kind"] == kind)
        };
        self.until(&format!("shows {kind}"), shows).await;
    }

    /// Waits until no condition stands.
    pub(crate) async fn is_content(&self) {
        self.until("no condition", || self.status()["conditions"] == Value::Array(Vec::new())).await;
    }

    /// Waits until `is_so`.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let since = Instant::now();
        while !is_so() {
            assert!(since.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}\n{}", self.state());
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Watches for this long that the file stays as it is, and says what is in it.
    pub(crate) async fn keeps_the_file(&self, time: Duration) -> Urls {
        let (listed, generation) = (self.pod.listed().expect("a file"), self.pod.generation());
        let since = Instant::now();
        while since.elapsed() < time {
            assert_eq!(self.pod.generation(), generation, "published again\n{}", self.state());
            assert_eq!(self.pod.listed().as_ref(), Some(&listed), "{}", self.state());
            tokio::time::sleep(GLANCE).await;
        }
        listed
    }

    /// Waits until it hears this outcome and shows this condition, and insists that the list is
    /// held, that nothing is written, and that the probes stay green.
    pub(crate) async fn is_held_at(&self, outcome: &str, condition: &str) {
        let before = (self.pod.listed(), self.pod.generation(), self.publications());
        self.hears(outcome).await;
        self.shows(condition).await;
        assert_eq!(self.status()["held"]["is_held"], true, "{}", self.state());
        self.keeps_the_file(HELD).await;
        let after = (self.pod.listed(), self.pod.generation(), self.publications());
        assert_eq!(before, after, "{}", self.state());
        assert_eq!((self.probe("/livez"), self.probe("/readyz")), (200, 200), "{}", self.state());
    }

    /// The operator's override, by the program's own subcommand.
    pub(crate) async fn accept(&self) -> Outcome {
        let mut command = Pod::command("accept");
        command.arg("--local-listen").arg(self.listeners.local.to_string());
        let outcome = tokio::task::spawn_blocking(move || Outcome::of(command)).await;
        outcome.expect("it does not panic")
    }

    /// Ends as the kubelet has it end: exit code 0, the file in place.
    pub(crate) async fn terminate(mut self) {
        let before = self.pod.generation();
        self.life.signal(Signal::TERM);
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.life.ended() {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        };
        assert_eq!(status.code(), Some(0), "{}", self.log());
        assert_eq!(self.pod.generation(), before, "{}", self.log());
    }

    fn probe(&self, path: &str) -> u16 {
        get(self.listeners.public, path).expect("a running program answers").status
    }

    /// What helps to understand a failure.
    fn state(&self) -> String {
        let urls = self.pod.listed().unwrap_or_default();
        let few: Vec<_> = urls.iter().take(NAMED_MAX).collect();
        let status: String = format!("{:#}", self.status()).chars().take(STATUS_MAX).collect();
        format!("file: {} such as {few:?}\nstatus: {status}\n{}", urls.len(), self.log())
    }
}

impl Drop for Sidecar<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            secret::read_pages(|path| get(self.listeners.public, path).is_ok());
        }
    }
}
