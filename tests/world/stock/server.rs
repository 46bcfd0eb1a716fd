//! A stock server's process in a pod.
//!
//! Never a setting that an operator could not make.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::time::Duration;

use super::environment::{self, Variables};
use super::image::{Image, Security};
use super::pod::{PeerHost, Pod};
use super::release::{Kind, Release};
use crate::world::process::Process;
use crate::world::registry::Registry;
use crate::world::wait::wait_for;

/// Three seconds alone; several at once on two busy cores take their time.
pub(crate) const UP_WITHIN: Duration = Duration::from_secs(90);
/// Spring ends its client and its queues in about a second.
const TERMINATED_WITHIN: Duration = Duration::from_secs(15);
/// Names documented variables, with commas between, that every server does without.
const WITHOUT: &str = "STOCK_EUREKA_WITHOUT";
/// Where a server listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Network {
    /// At its pod's loopback address, so that one machine carries many pods.
    #[default]
    Pod,
    /// Exactly as its environment says: one such pod a machine.
    Machine,
}

impl Network {
    pub(crate) fn socket(self, pod: &Pod, port: u16) -> SocketAddr {
        match self {
            Self::Pod => pod.socket(port),
            Self::Machine => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        }
    }
}

/// How a server is set up, over what `docs/environment/` says.
#[derive(Clone, Debug, Default)]
pub(crate) struct SetUp {
    /// The environment file, without the release's prefix.
    pub(crate) environment: String,
    pub(crate) more: Vec<&'static str>,
    /// Variables that the scenario is about.
    pub(crate) variables: Variables,
    /// Documented variables that the scenario does without.
    pub(crate) without: Vec<&'static str>,
    /// What stands behind the program's name on the command line.
    pub(crate) arguments: Vec<String>,
    /// What its registry's paths begin with, where that is not the release's own.
    pub(crate) context_path: Option<&'static str>,
    /// Whether Spring Security is in the build.
    pub(crate) security: Security,
    /// Who asks, where the server wants to know.
    pub(crate) credentials: Option<(&'static str, &'static str)>,
    pub(crate) network: Network,
}

impl SetUp {
    /// What the documentation says for such peers, and nothing else.
    pub(crate) fn documented(peer_host: PeerHost) -> Self {
        Self { environment: peer_host.as_str().to_owned(), ..Self::default() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }
}

pub(crate) struct Server {
    process: Process,
    registry: Registry,
}

impl Deref for Server {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}

impl Server {
    /// Starts it; it is up when it is up.
    pub(crate) fn start(release: &Release, pod: &Pod, set_up: &SetUp) -> Self {
        let image = Image::of(release, set_up.security);
        fs::write(pod.file("hosts"), pod.hosts()).expect("the target directory can be written");
        let options = match release.kind {
            Kind::Spring(spring) => spring.jvm_options,
            Kind::War { .. } => &[],
        };
        let socket = pod.socket(release.port());
        let mut command = image.java(options, &pod.file("hosts"), &pod.tmp(), socket);
        command
            .current_dir(pod.work())
            .env_clear()
            .envs(variables(release, pod, set_up))
            .args(&set_up.arguments);
        let process = Process::start(pod.name(), &command, &pod.file("server.log"));
        let socket = set_up.network.socket(pod, release.port());
        let context_path = set_up.context_path.unwrap_or(release.context_path());
        let registry = Registry::new(socket, context_path, set_up.credentials);
        Self { process, registry }
    }

    pub(crate) fn wait_up(&mut self) -> Duration {
        let begun = wait_for("a server's start", UP_WITHIN, || {
            let ended = self.process.ended();
            assert!(ended.is_none(), "the server ended at its start: {ended:?}");
            self.status().map(drop)
        });
        begun.1
    }

    /// SIGKILL, as for want of memory.
    pub(crate) fn kill(mut self) {
        self.process.kill();
    }

    /// SIGTERM, as the kubelet does.
    pub(crate) fn terminate(mut self) {
        self.process.terminate(TERMINATED_WITHIN);
    }

    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    pub(crate) fn threads(&self) -> usize {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.pid().as_raw_nonzero()));
        tasks.map(Iterator::count).unwrap_or_default()
    }
}

fn variables(release: &Release, pod: &Pod, set_up: &SetUp) -> Variables {
    let volume = pod.volume();
    let known: Variables = pod.downward().into_iter().chain(set_up.variables.clone()).collect();
    let documented = format!("{}-{}", release.environment(), set_up.environment);
    let files = [documented.as_str()].into_iter().chain(set_up.more.iter().copied());
    let mut variables: Variables = files.flat_map(|file| environment::load(file, &known, &volume)).collect();
    if set_up.network == Network::Pod {
        for name in ["SERVER_ADDRESS", "MANAGEMENT_SERVER_ADDRESS"] {
            variables.insert(name.to_owned(), pod.address().to_string());
        }
    }
    variables.extend(set_up.variables.clone());
    let taken_away = std::env::var(WITHOUT).unwrap_or_default();
    let is_taken_away = |name: &String| taken_away.split(',').any(|other| other == name);
    variables.retain(|name, _| !set_up.without.contains(&name.as_str()) && !is_taken_away(name));
    let path = std::env::var("PATH").expect("Java was found in PATH");
    variables.insert("PATH".to_owned(), path);
    variables
}
