//! The real program beside a server, what it says of itself, and its subcommands.
//!
//! Never looks into its state file: only what an operator sees.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::pod::{PeerHost, Pod};
use super::release::Release;
use super::server::{Network, Server};
use crate::world::machine;
use crate::world::process::Process;
use crate::world::registry::SINK;
use crate::world::secret::{self, Published};
use crate::world::view::View;
use crate::world::wait::{is_so, wait_for};

/// The start deadline is ten seconds; a start with an answer takes milliseconds.
const STARTED_WITHIN: Duration = Duration::from_secs(15);
/// `init` publishes once and exits, at the latest after its deadline of ten seconds.
const ONCE_WITHIN: Duration = Duration::from_secs(15);
/// The product's own promise is 100 ms.
const TERMINATED_WITHIN: Duration = Duration::from_secs(5);
/// Probes, metrics, status.
const LISTEN: u16 = 9761;
/// Sink and overrides.
const LOCAL_LISTEN: u16 = 9762;
/// The program's own default for the server's port.
const PORT_DEFAULT: u16 = 8761;
/// Where Spring's actuator is.
pub(crate) const MANAGEMENT: u16 = 8762;

#[derive(Clone, Debug)]
pub(crate) struct SetUp {
    /// What its URLs contain.
    pub(crate) peer_host: PeerHost,
    /// What its URLs begin with.
    pub(crate) scheme: &'static str,
    /// What its URLs end with, where that is not the release's own.
    pub(crate) context_path: Option<&'static str>,
    /// Where the sink is.
    pub(crate) local_listen: u16,
    /// More flags; a repeated one replaces nothing, so each stands here or below, not twice.
    pub(crate) more: Vec<String>,
    /// Where the actuator is, when not at its pod's own address.
    pub(crate) actuator: Option<SocketAddr>,
    /// Where the status is, when not at its pod's own address.
    pub(crate) status: Option<SocketAddr>,
    /// Whose loopback it uses.
    pub(crate) network: Network,
}

impl SetUp {
    /// As the documentation says, at the pod's own addresses.
    pub(crate) fn documented(peer_host: PeerHost) -> Self {
        Self {
            peer_host,
            scheme: "http",
            context_path: None,
            local_listen: LOCAL_LISTEN,
            more: Vec::new(),
            actuator: None,
            status: None,
            network: Network::Pod,
        }
    }

    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.more.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// What its URLs end with.
    pub(crate) fn context_path(&self, release: &Release) -> &'static str {
        self.context_path.unwrap_or(release.context_path())
    }

    /// The same, believing a removal at once: for scenarios about adoption.
    pub(crate) fn without_patience(self) -> Self {
        self.with(&["--remove-after", "1s", "--max-shrink", "100%"])
    }
}

pub(crate) struct Sidecar {
    process: Process,
    view: View,
    file: PathBuf,
}

impl Deref for Sidecar {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

impl Sidecar {
    pub(crate) fn start(release: &Release, pod: &Pod, dns: SocketAddr, set_up: &SetUp) -> Self {
        let command = command("run", release, pod, dns, set_up);
        let listen = set_up.network.socket(pod, LISTEN);
        let name = format!("eureka-peers of {}", pod.name());
        let process = Process::start(name, &command, &pod.file("eureka-peers.log"));
        Self { process, view: View(listen), file: pod.volume().join(release.file_name()) }
    }

    /// Waits for what holds the server's container back: `/startupz`.
    pub(crate) fn wait_started(&mut self) -> Duration {
        wait_for("the program's start", STARTED_WITHIN, || {
            let ended = self.process.ended();
            assert!(ended.is_none(), "eureka-peers ended at its start: {ended:?}");
            self.ask("/startupz")?.ok()
        })
        .1
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.kill();
    }

    /// SIGTERM, as the kubelet does; says how long the program took.
    pub(crate) fn terminate(mut self) -> Duration {
        self.process.terminate(TERMINATED_WITHIN).expect("the program heeds SIGTERM")
    }

    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    pub(crate) fn published(&self) -> String {
        fs::read_to_string(&self.file).unwrap_or_default()
    }

    /// Refreshes that the server took, and those that were given up, since its start.
    pub(crate) fn refreshes(&self) -> u64 {
        let counts = self.metric("eureka_peers_refreshes_total", "outcome").expect("metrics are served");
        ["taken", "abandoned"].iter().filter_map(|outcome| counts.get(*outcome)).sum()
    }

    /// Whether it has seen the server take its list over.
    pub(crate) fn is_adopted(&self) -> Result<(), String> {
        let status = self.status()?;
        is_so(status["is_adopted"] == true, || status.to_string())
    }

    /// Changes of the desired list since its start, the first list included.
    pub(crate) fn changes(&self) -> u64 {
        let status = self.status().expect("the status is served");
        let history = status["history"].as_array().expect("the status holds a history");
        history.last().map_or(0, |change| change["number"].as_u64().expect("changes are numbered"))
    }

    /// Retries of refreshes that were taken and changed nothing, in all lives.
    pub(crate) fn counted_retries(&self) -> u64 {
        let published = self.published();
        let number =
            published.lines().find_map(|line| line.split_once("eureka-peers-generation=")?.1.parse().ok());
        number.unwrap_or_default()
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.expect_no_secret();
        secret::expect_unseen("the log", self.log().as_bytes());
        let volume = self.file.parent().expect("it lies in the volume");
        secret::expect_unseen_in_files(volume, Published::WithoutIt);
    }
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

/// Runs a subcommand to its end, with the settings of the program that runs in the same pod; flags of
/// its own may follow its name, with blanks between.
pub(crate) fn once(words: &str, release: &Release, pod: &Pod, dns: SocketAddr, set_up: &SetUp) -> Outcome {
    let mut process = begin(words, release, pod, dns, set_up);
    let status = process.wait(ONCE_WITHIN).expect("the subcommand ends by itself");
    let output = process.log();
    secret::expect_unseen(words, output.as_bytes());
    Outcome { code: status.code(), output }
}

/// The same for a subcommand that does not end by itself.
pub(crate) fn begin(words: &str, release: &Release, pod: &Pod, dns: SocketAddr, set_up: &SetUp) -> Process {
    let command = command(words, release, pod, dns, set_up);
    let subcommand = words.split(' ').next().unwrap_or(words);
    let log = pod.file(&format!("{subcommand}.log"));
    // Each run has an output of its own.
    let _ = fs::remove_file(&log);
    Process::start(format!("eureka-peers {subcommand}"), &command, &log)
}

fn command(words: &str, release: &Release, pod: &Pod, dns: SocketAddr, set_up: &SetUp) -> Command {
    let mut command = machine::program();
    command.env_clear().envs(pod.downward()).current_dir(pod.volume()).args(words.split(' '));
    if set_up.network == Network::Pod {
        command.arg("--local-listen").arg(pod.loopback(set_up.local_listen).to_string());
    }
    if words == "accept" {
        // It calls the program that runs, and takes no other setting.
        return command;
    }
    if set_up.network == Network::Pod {
        command.arg("--listen").arg(pod.socket(LISTEN).to_string());
    }
    command.args(["--service", "eureka", "--cluster-domain", "cluster.local"]);
    command.arg("--dns-server").arg(dns.to_string());
    command.arg("--output-dir").arg(pod.volume());
    command.args(output_flags(release, set_up)).args(adoption_flags(release, pod, set_up)).args(&set_up.more);
    if !set_up.more.iter().any(|flag| flag == "--server-user") {
        command.args(["--server-user", secret::USER, "--server-password-file"]).arg(pod.password_file());
    }
    if set_up.peer_host == PeerHost::Addresses {
        command.args(match pod.address() {
            IpAddr::V4(_) => ["--peer-host=ipv4", "--allow-cidr=127.0.0.0/8"],
            IpAddr::V6(_) => ["--peer-host=ipv6", "--allow-cidr=fd00::/8"],
        });
    }
    if release.port() != PORT_DEFAULT {
        command.arg("--port").arg(release.port().to_string());
    }
    command
}

fn output_flags(release: &Release, set_up: &SetUp) -> Vec<String> {
    let format = if release.is_refreshed() { "spring-properties" } else { "archaius" };
    let output = format!("{}={format}", release.file_name());
    let path = set_up.context_path(release);
    ["--output", &output, "--context-path", path, "--scheme", set_up.scheme].map(str::to_owned).into()
}

fn adoption_flags(release: &Release, pod: &Pod, set_up: &SetUp) -> Vec<String> {
    let mut flags = Vec::new();
    if release.is_refreshed() {
        let actuator = set_up.actuator.unwrap_or_else(|| set_up.network.socket(pod, MANAGEMENT));
        flags.extend(["--actuator-url".to_owned(), format!("http://{actuator}/actuator")]);
    }
    if set_up.network == Network::Pod {
        let (scheme, path) = (set_up.scheme, set_up.context_path(release));
        let socket = set_up.status.unwrap_or_else(|| pod.socket(release.port()));
        let status = format!("{scheme}://{socket}{path}status");
        flags.extend(["--status-url".to_owned(), status]);
    }
    flags
}

/// What a running server and the program beside it agree upon; the sink is no peer to the program.
pub(crate) fn agree(server: &Server, sidecar: &Sidecar) -> Result<(), String> {
    let mut adopted = server.replicas()?;
    adopted.retain(|url| !url.contains(SINK));
    let status = sidecar.status()?;
    let shown = status["adopted"]["peers"].as_array().ok_or_else(|| format!("nothing adopted: {status}"))?;
    let shown = shown.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    is_so(adopted == shown, || format!("server has {adopted:?}, the program shows {shown:?}"))
}
