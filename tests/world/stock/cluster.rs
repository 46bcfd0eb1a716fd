//! A StatefulSet on this machine: pods that come and go as Kubernetes would have them.
//!
//! The headless Service publishes addresses that are not ready, so a pod is in DNS from its first
//! moment to its last; the program is a native sidecar, so the server starts after `/startupz`.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use super::image::cache;
use super::pod::{PeerHost, Pod, SERVICE};
use super::release::Release;
use super::server::{self, Server};
use super::sidecar::{self, Outcome, Sidecar};
use crate::world::dns_server::{self, DnsThread};
use crate::world::wait::wait_for;

/// A second until DNS is asked, two answers for a removal, five seconds after a refresh for it, and for
/// the WAR its own poll and pass.
pub(crate) const ADOPTED_WITHIN: Duration = Duration::from_secs(25);
/// Batches leave within a second; on two busy cores they take longer.
const REPLICATED_WITHIN: Duration = Duration::from_secs(15);
/// A heartbeat brings a registration to a new peer; it also retries what failed to arrive.
const HEARTBEAT_WITHIN: Duration = Duration::from_secs(20);
/// The program confirms at once after a change, and otherwise each half minute.
const SHOWN_WITHIN: Duration = Duration::from_secs(35);
/// JVMs that start at once: as many as there are cores.
const STARTS_AT_ONCE: usize = 2;
/// The application under which tests register.
const APPLICATION: &str = "DEMO";

pub(crate) struct Cluster {
    pub(crate) release: &'static Release,
    pub(crate) peer_host: PeerHost,
    /// Where everybody asks.
    pub(crate) dns: DnsThread,
    pub(crate) server: server::SetUp,
    pub(crate) sidecar: sidecar::SetUp,
    pub(crate) pods: BTreeMap<u8, Containers>,
    directory: PathBuf,
    registered: u32,
    removed: u32,
}

pub(crate) struct Containers {
    pub(crate) pod: Pod,
    /// The program, unless it has been killed.
    pub(crate) sidecar: Option<Sidecar>,
    /// The server, once it was started, unless it has been killed.
    pub(crate) server: Option<Server>,
}

impl Containers {
    pub(crate) fn sidecar(&self) -> &Sidecar {
        self.sidecar.as_ref().expect("the scenario has the program running here")
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("the scenario has the server running here")
    }
}

impl Cluster {
    /// No pods yet. `scenario` names the directory in which logs stay after a failure.
    pub(crate) fn new(release: &'static Release, scenario: &str, peer_host: PeerHost) -> Self {
        let directory = cache().join("runs").join(release.name).join(scenario);
        drop(fs::remove_dir_all(&directory));
        Self {
            release,
            peer_host,
            dns: DnsThread::start((Ipv4Addr::LOCALHOST, 0).into()).expect("a port is free"),
            server: server::SetUp::documented(peer_host),
            sidecar: sidecar::SetUp::documented(peer_host).without_patience(),
            pods: BTreeMap::new(),
            directory,
            registered: 0,
            removed: 0,
        }
    }

    /// The pod with this ordinal, whether or not it runs.
    pub(crate) fn pod(&self, ordinal: u8) -> Pod {
        Pod::new(ordinal, self.directory.join(format!("eureka-{ordinal}")))
    }

    /// The URL under which the others know a pod.
    pub(crate) fn url(&self, ordinal: u8) -> String {
        let host = self.pod(ordinal).host(self.peer_host);
        let (scheme, path) = (self.sidecar.scheme, self.sidecar.context_path(self.release));
        format!("{scheme}://{host}:{}{path}", self.release.port())
    }

    pub(crate) fn sidecar(&self, ordinal: u8) -> &Sidecar {
        self.pods[&ordinal].sidecar()
    }

    pub(crate) fn server(&self, ordinal: u8) -> &Server {
        self.pods[&ordinal].server()
    }

    /// Adds or removes pods, the youngest first, until `count` run; waits until those are up.
    pub(crate) fn scale(&mut self, count: u8) {
        let doomed: Vec<u8> = self.pods.keys().copied().filter(|ordinal| *ordinal >= count).collect();
        for ordinal in doomed.into_iter().rev() {
            self.remove(ordinal);
        }
        let new: Vec<u8> = (0..count).filter(|ordinal| !self.pods.contains_key(ordinal)).collect();
        for ordinal in &new {
            self.add(*ordinal);
        }
        self.tell_dns();
        for batch in new.chunks(STARTS_AT_ONCE) {
            for ordinal in batch {
                self.start_sidecar(*ordinal);
                self.start_server(*ordinal);
            }
            for ordinal in batch {
                self.wait_up(*ordinal);
            }
        }
    }

    /// Adds a pod with nothing running in it.
    pub(crate) fn add(&mut self, ordinal: u8) {
        let pod = self.pod(ordinal);
        self.pods.insert(ordinal, Containers { pod, sidecar: None, server: None });
    }

    /// Ends a pod as the kubelet does: first the server, then the native sidecar; it leaves DNS last.
    pub(crate) fn remove(&mut self, ordinal: u8) {
        let containers = self.pods.remove(&ordinal).expect("the scenario removes a pod that is there");
        if let Some(server) = containers.server {
            server.terminate();
        }
        if let Some(sidecar) = containers.sidecar {
            sidecar.terminate();
        }
        self.tell_dns();
        // A new pod of this name has a new, empty volume; the old one's logs stay.
        self.removed += 1;
        let name = format!("eureka-{ordinal}");
        let kept = self.directory.join(format!("{name}-removed-{}", self.removed));
        fs::rename(self.directory.join(name), kept).expect("the target directory can be written");
    }

    /// Lists the running pods in DNS.
    pub(crate) fn tell_dns(&self) {
        self.set_pods(self.pods.values().map(|containers| &containers.pod));
    }

    /// The pods behind the Service from now on.
    pub(crate) fn set_pods<'a>(&self, pods: impl IntoIterator<Item = &'a Pod>) {
        let port = self.release.port();
        let pods = pods.into_iter().map(|pod| dns_server::Pod::new(pod.name(), pod.address(), port));
        self.dns.set_pods(SERVICE, "http", pods);
    }

    /// Starts the program in a pod and waits for its start-up probe.
    pub(crate) fn start_sidecar(&mut self, ordinal: u8) {
        let pod = self.pod(ordinal);
        let mut sidecar = Sidecar::start(self.release, &pod, self.dns.address(), &self.sidecar);
        sidecar.wait_started();
        self.containers(ordinal).sidecar = Some(sidecar);
    }

    /// Runs a subcommand in a pod, beside what runs there.
    pub(crate) fn once(&self, words: &str, ordinal: u8) -> Outcome {
        sidecar::once(words, self.release, &self.pod(ordinal), self.dns.address(), &self.sidecar)
    }

    pub(crate) fn start_server(&mut self, ordinal: u8) {
        let server = Server::start(self.release, &self.pod(ordinal), &self.server);
        self.containers(ordinal).server = Some(server);
    }

    /// Waits until the server in a pod answers.
    pub(crate) fn wait_up(&mut self, ordinal: u8) -> Duration {
        let server = self.containers(ordinal).server.as_mut();
        server.expect("the scenario started the server").wait_up()
    }

    pub(crate) fn containers(&mut self, ordinal: u8) -> &mut Containers {
        self.pods.get_mut(&ordinal).expect("the scenario has this pod")
    }

    /// Waits until every server has every other one as its peer, and nobody else.
    pub(crate) fn wait_adopted(&self) -> Duration {
        wait_for("every server lists every other", ADOPTED_WITHIN, || {
            self.pods.keys().try_for_each(|ordinal| self.has_right_peers(*ordinal))
        })
        .1
    }

    /// Waits until every program shows what its server has: its calls have ended then.
    pub(crate) fn wait_shown(&self) {
        wait_for("every program shows what its server has", SHOWN_WITHIN, || {
            self.pods.values().try_for_each(|pod| sidecar::agree(pod.server(), pod.sidecar()))
        });
    }

    /// Whether a server has every other one as its peer, and nobody else.
    pub(crate) fn has_right_peers(&self, ordinal: u8) -> Result<(), String> {
        let others = self.pods.keys().filter(|other| **other != ordinal);
        let urls: Vec<String> = others.map(|other| self.url(*other)).collect();
        self.has_peers(ordinal, &urls)
    }

    /// Whether a server has these peers, and nobody else.
    pub(crate) fn has_peers(&self, ordinal: u8, urls: &[String]) -> Result<(), String> {
        self.server(ordinal).has_peers(&urls.iter().cloned().collect())
    }

    /// Waits until a server has these peers, and nobody else.
    pub(crate) fn wait_for_peers(&self, ordinal: u8, urls: &[String]) -> Duration {
        wait_for("a server's peers", ADOPTED_WITHIN, || self.has_peers(ordinal, urls)).1
    }

    /// Registers an instance at each server and waits until all servers know all of them.
    pub(crate) fn exchange_registrations(&mut self) {
        let ordinals: Vec<u8> = self.pods.keys().copied().collect();
        let ids: Vec<String> = ordinals.into_iter().map(|ordinal| self.register(ordinal)).collect();
        wait_for("every registration is everywhere", REPLICATED_WITHIN, || {
            ids.iter().try_for_each(|id| self.everyone_knows(id))
        });
    }

    /// Registers one instance at a server; returns its id.
    pub(crate) fn register(&mut self, ordinal: u8) -> String {
        self.registered += 1;
        let id = format!("demo-{}-from-{ordinal}", self.registered);
        self.server(ordinal).register(APPLICATION, &id);
        id
    }

    /// Renews an instance at a server, as its client does, and waits until all servers know it.
    pub(crate) fn renew(&self, ordinal: u8, id: &str) {
        self.server(ordinal).heartbeat(APPLICATION, id);
        wait_for("a renewed registration is everywhere", HEARTBEAT_WITHIN, || self.everyone_knows(id));
    }

    pub(crate) fn everyone_knows(&self, id: &str) -> Result<(), String> {
        self.pods.values().try_for_each(|containers| containers.server().knows(id))
    }
}
