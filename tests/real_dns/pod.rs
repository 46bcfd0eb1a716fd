//! The pod `eureka-0` in the cluster of such a server, and the program in it as an operator sees it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::question::{v4, v6};
use crate::world::cluster::Cluster;
use crate::world::reader::{Reader, Unread, list_in};
use crate::world::{sidecar, wait};

/// A change that has not arrived by then never will: silence alone takes four seconds to be seen,
/// and the pause after it grows to as much.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a list must stay as it is to count as held: a few questions.
const HELD: Duration = Duration::from_millis(500);
/// Between two looks at the file of `init`; fine enough for figures of tens of milliseconds.
const GLANCE: Duration = Duration::from_millis(1);
/// URLs named where a test fails.
const NAMED_MAX: usize = 4;

pub(crate) type Urls = BTreeSet<String>;

/// The URLs of these pods by name.
pub(crate) fn names(pods: impl IntoIterator<Item = u32>) -> Urls {
    let url = |pod| format!("http://eureka-{pod}.eureka.ns.svc.cluster.local:8761/eureka/");
    pods.into_iter().map(url).collect()
}

/// The URLs of these pods by IPv4 address.
pub(crate) fn ipv4(pods: impl IntoIterator<Item = u32>) -> Urls {
    pods.into_iter().map(|pod| format!("http://{}:8761/eureka/", v4(pod))).collect()
}

/// The URLs of these pods by IPv6 address.
pub(crate) fn ipv6(pods: impl IntoIterator<Item = u32>) -> Urls {
    pods.into_iter().map(|pod| format!("http://[{}]:8761/eureka/", v6(pod))).collect()
}

pub(crate) struct Pod(Cluster);

impl Deref for Pod {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.0
    }
}

impl Pod {
    /// Whose program asks these servers.
    pub(crate) fn asking(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers: Vec<_> = servers.into_iter().collect();
        let mut cluster = Cluster::asking(&servers, "", &[v4(0).into(), v6(0).into()]);
        cluster.patience = PATIENCE;
        Self(cluster).of_service("eureka")
    }

    /// The same, of another Service.
    pub(crate) fn of_service(mut self, service: &str) -> Self {
        self.0.service = format!("{service}.ns.svc.cluster.local");
        self
    }

    /// The URLs in the file, which must be whole and sorted; none where there is no file.
    pub(crate) fn listed(&self) -> Option<Urls> {
        match list_in(&self.file()) {
            Ok(urls) => {
                assert!(urls.is_sorted_by(|earlier, later| earlier < later), "not sorted: {urls:?}");
                Some(urls.into_iter().collect())
            }
            Err(Unread::Absent) => None,
            Err(fault) => panic!("{fault:?}"),
        }
    }

    pub(crate) fn run(&self, flags: &[&str]) -> Sidecar<'_> {
        Sidecar { pod: self, sidecar: self.0.run(flags) }
    }

    /// Starts `init`, which ends by itself.
    pub(crate) fn init(&self, flags: &[&str]) -> Init<'_> {
        let (reader, started) = (Reader::of(&self.file(), GLANCE), Instant::now());
        let sidecar = sidecar::Sidecar::start(self, self.command("init", flags));
        Init { sidecar, reader, started }
    }
}

/// `init` at work.
pub(crate) struct Init<'p> {
    sidecar: sidecar::Sidecar<'p>,
    reader: Reader,
    started: Instant,
}

impl Init<'_> {
    /// Waits for a good end; says when the file was first seen, and how long all took.
    pub(crate) fn end(self) -> (Instant, Duration) {
        let log = self.sidecar.log_path();
        let status = self.sidecar.ended();
        let took = self.started.elapsed();
        let log = std::fs::read_to_string(log).unwrap_or_default();
        assert_eq!(status.code(), Some(0), "{log}");
        let first_sight = || self.reader.seen().lists.first().map(|(when, _)| *when);
        wait::wait_until("the file is seen", PATIENCE, || first_sight().is_some(), || log);
        (first_sight().expect("waited for"), took)
    }
}

/// `run` at work.
pub(crate) struct Sidecar<'p> {
    pod: &'p Pod,
    sidecar: sidecar::Sidecar<'p>,
}

impl<'p> Deref for Sidecar<'p> {
    type Target = sidecar::Sidecar<'p>;

    fn deref(&self) -> &Self::Target {
        &self.sidecar
    }
}

impl Sidecar<'_> {
    /// How often files were written since its start.
    pub(crate) fn publications(&self) -> u64 {
        let counts = self.view().metric("eureka_peers_publications_total", "outcome");
        counts.expect("a running program answers")["written"]
    }

    /// Waits until the file lists exactly these, and the program knows it.
    pub(crate) fn lists(&self, urls: &Urls) {
        let few: Vec<_> = urls.iter().take(NAMED_MAX).collect();
        let what = format!("lists {} such as {few:?}", urls.len());
        self.until(&what, |_| self.pod.listed().as_ref() == Some(urls));
        self.until("knows what it has published", |it| {
            let status = it.status();
            // Peers are other servers: a list of the server alone has none.
            let peers: Vec<_> = urls.iter().filter(|url| status["self"] != **url).collect();
            status["published"]["peers"] == serde_json::json!(peers)
        });
    }

    /// Waits until the last outcome of a question is of this kind.
    pub(crate) fn hears(&self, outcome: &str) {
        let hears = |it: &sidecar::Sidecar<'_>| it.status()["services"][0]["last"]["outcome"] == outcome;
        self.until(&format!("hears {outcome}"), hears);
    }

    /// Watches for this long that the file stays as it is, and says what is in it.
    pub(crate) fn keeps_the_file(&self, time: Duration) -> Urls {
        let (listed, generation) = (self.pod.listed().expect("a file"), self.pod.generation());
        wait::holds_for("the file stays as it is", time, || {
            let stays = self.pod.generation() == generation && self.pod.listed().as_ref() == Some(&listed);
            if stays { Ok(()) } else { Err(format!("{:#}\n{}", self.status(), self.log_text())) }
        });
        listed
    }

    /// Waits until it hears this outcome and shows this condition, and insists that the list is
    /// held, that nothing is written, and that the probes stay green.
    pub(crate) fn is_held_at(&self, outcome: &str, condition: &str) {
        let file = || (self.pod.listed(), self.pod.generation(), self.publications());
        let before = file();
        self.hears(outcome);
        self.until_condition(condition);
        assert_eq!(self.status()["held"]["is_held"], true, "{}", self.log_text());
        self.keeps_the_file(HELD);
        assert_eq!(before, file(), "{}", self.log_text());
        let probes = ["/livez", "/readyz"].map(|path| self.get(path).status);
        assert_eq!(probes, [200, 200], "{}", self.log_text());
    }

    /// Ends as the kubelet has it end: exit code 0, the file in place.
    pub(crate) fn terminate(self) {
        let before = self.pod.generation();
        let (status, _) = self.sidecar.end_by(Signal::TERM);
        assert_eq!(status.code(), Some(0));
        assert_eq!(self.pod.generation(), before);
    }
}
