//! What the kubelet does with a pod: init containers in order, a native sidecar's startup probe
//! before the next, main containers, their probes, and the way back. Source: "Pod Lifecycle".
//!
//! Everything comes from the rendered pod. What an image brings (the JVM and its class path) comes
//! from the stock servers' builds.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_yaml::Value;

use crate::environment::{Facts, expand};
use crate::executed::place::Place;
use crate::http::exchange;
use crate::process::Process;
use crate::rendered::{Container, Pod, at, items};
use crate::secret::{self, Published};
use crate::stock_image::Image;
use crate::wait;

/// The first publication waits ten seconds for DNS at most.
const SIDECAR_WITHIN: Duration = Duration::from_secs(20);
/// An init container that publishes waits ten seconds for DNS at most.
const INIT_WITHIN: Duration = Duration::from_secs(30);

/// What surrounds every pod.
pub(crate) struct Surroundings<'a> {
    /// The cluster's DNS.
    pub(crate) dns: SocketAddr,
    /// What stands in the image `eureka-server`, or `orders`; without one only our containers run.
    pub(crate) image: Option<&'a Image>,
    /// Names that the JVM knows; ours asks DNS.
    pub(crate) hosts: String,
    /// Variables of the image itself; the manifest's win.
    pub(crate) brings: &'a [(&'a str, &'a str)],
}

/// A pod with everything in it that runs.
pub(crate) struct RunningPod {
    pub(crate) place: Place,
    /// In the order of their starts.
    containers: Vec<(String, Process)>,
    spec: Value,
}

impl RunningPod {
    /// Starts everything up to the main containers; they are started, not yet up.
    pub(crate) fn start(
        pod: Pod<'_>,
        place: Place,
        facts: &mut Facts,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, String> {
        place.make_volumes(pod, facts);
        let mut running = Self { place, containers: Vec::new(), spec: pod.0.clone() };
        for container in pod.init_containers() {
            let mut process = running.launch(container, facts, surroundings)?;
            if at(container.0, &["restartPolicy"]).and_then(Value::as_str) == Some("Always") {
                running.containers.push((container.name().to_owned(), process));
                running.wait_for_probe(container.name(), "startupProbe", SIDECAR_WITHIN)?;
                continue;
            }
            let ended = process.wait(INIT_WITHIN);
            if !ended.is_some_and(|status| status.success()) {
                return Err(format!("{} ended with {ended:?}:\n{}", container.name(), process.log()));
            }
            running.read_env_files(pod, facts);
        }
        let runs = |container: &Container<'_>| container.is_ours() || surroundings.image.is_some();
        for container in pod.containers().into_iter().filter(runs) {
            let process = running.launch(container, facts, surroundings)?;
            running.containers.push((container.name().to_owned(), process));
        }
        Ok(running)
    }

    /// Waits until every main container's startup and readiness probes have succeeded.
    pub(crate) fn wait_ready(&mut self, limit: Duration) -> Result<Duration, String> {
        let begun = Instant::now();
        let spec = self.spec.clone();
        for container in Pod(&spec).containers() {
            for probe in ["startupProbe", "readinessProbe"] {
                self.wait_for_probe(container.name(), probe, limit.saturating_sub(begun.elapsed()))?;
            }
        }
        Ok(begun.elapsed())
    }

    /// Whether every container is alive, and every liveness probe succeeds.
    pub(crate) fn check_alive(&mut self) -> Result<(), String> {
        let spec = self.spec.clone();
        for (name, process) in &mut self.containers {
            if let Some(ended) = process.ended() {
                return Err(format!("{name} ended with {ended}"));
            }
        }
        let probed = Pod(&spec).all_containers().into_iter();
        probed.filter(|container| at(container.0, &["livenessProbe"]).is_some()).try_for_each(|container| {
            self.probe(container, "livenessProbe").map_err(|why| format!("{}: {why}", container.name()))
        })
    }

    /// What a container has logged.
    pub(crate) fn log(&self, name: &str) -> String {
        let found = self.containers.iter().find(|(other, _)| other == name);
        found.map(|(_, process)| process.log()).unwrap_or_default()
    }

    /// SIGTERM to the main containers, then to the sidecars; all within the pod's own grace period.
    pub(crate) fn terminate(mut self) -> Result<(), String> {
        let grace = at(&self.spec, &["terminationGracePeriodSeconds"]).and_then(Value::as_u64).unwrap_or(30);
        while let Some((name, mut process)) = self.containers.pop() {
            let took = process.terminate(Duration::from_secs(grace));
            took.ok_or_else(|| format!("{name} had to be killed after {grace} s"))?;
        }
        Ok(())
    }

    /// Runs our program in its container, as `kubectl exec` does: exit code, and what it has said.
    pub(crate) fn exec(
        &self,
        arguments: &[&str],
        facts: &Facts,
        dns: SocketAddr,
    ) -> Result<(Option<i32>, String), String> {
        let pod = Pod(&self.spec);
        let container = pod.all_containers().into_iter().find(|container| container.is_ours());
        let container = container.ok_or("the pod has no container of ours")?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_eureka-peers"));
        command.args(arguments).envs(self.variables(container, facts, dns)?);
        let log = self.place.file("exec.log");
        let mut process = Process::start("kubectl exec", &command, &log);
        let code = process.wait(INIT_WITHIN).and_then(|status| status.code());
        let said = process.log();
        secret::expect_unseen("kubectl exec", said.as_bytes());
        Ok((code, said))
    }

    fn launch(
        &self,
        container: Container<'_>,
        facts: &Facts,
        surroundings: &Surroundings<'_>,
    ) -> Result<Process, String> {
        let mut command = if container.is_ours() {
            let mut command = Command::new(env!("CARGO_BIN_EXE_eureka-peers"));
            let arguments = items(container.0, &["args"]).iter().filter_map(Value::as_str);
            command.args(arguments.map(|argument| self.place.here(container, argument)));
            command
        } else {
            self.server(container, surroundings)
        };
        let variables = self.variables(container, facts, surroundings.dns)?;
        if !container.is_ours() {
            command.envs(surroundings.brings.iter().copied());
        }
        command.envs(variables).current_dir(self.place.file(""));
        let log = self.place.file(&format!("{}.log", container.name()));
        Ok(Process::start(format!("{} of {}", container.name(), self.place.name), &command, &log))
    }

    /// The entry point of the image: Java, and what stands in for the pod's `/etc/hosts` and `/tmp`.
    fn server(&self, container: Container<'_>, surroundings: &Surroundings<'_>) -> Command {
        let hosts = self.place.file("hosts");
        fs::write(&hosts, &surroundings.hosts).expect("the target directory can be written");
        let tmp = self.place.mounted(container, "/tmp").unwrap_or_else(|| self.place.file("tmp"));
        fs::create_dir_all(&tmp).expect("the target directory can be written");
        let socket = self.place.socket(container.port().unwrap_or_default());
        let image = surroundings.image.expect("servers run only where there is an image");
        let mut command = image.java(&[], &hosts, &tmp, socket);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn variables(
        &self,
        container: Container<'_>,
        facts: &Facts,
        dns: SocketAddr,
    ) -> Result<BTreeMap<String, String>, String> {
        let variables = expand(container, facts).map_err(|faults| faults.join("\n"))?;
        let here = variables.into_iter().map(|(name, value)| (name, self.place.here(container, &value)));
        let mut here: BTreeMap<String, String> = here.collect();
        self.place.apart(container, &mut here, dns);
        Ok(here)
    }

    /// `pkg/kubelet/util/env`: lines `NAME='value'`.
    fn read_env_files(&self, pod: Pod<'_>, facts: &mut Facts) {
        let volumes = items(pod.0, &["volumes"]).iter().filter_map(|volume| volume["name"].as_str());
        let files = volumes.flat_map(|volume| fs::read_dir(self.place.volume(volume)).into_iter().flatten());
        for file in files.flatten().filter(|file| file.path().extension().is_some_and(|end| end == "env")) {
            let is_plain = file.file_type().is_ok_and(|kind| kind.is_file());
            assert!(is_plain, "the kubelet reads {} from outside, as a plain file", file.path().display());
            let text = fs::read_to_string(file.path()).expect("the file is there");
            for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
                let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
                let id = (file.file_name().to_string_lossy().into_owned(), name.to_owned());
                facts.files.insert(id, value.expect("a value stands between quotes").to_owned());
            }
        }
    }

    /// For as long as the kubelet would, and no longer than `limit`.
    fn wait_for_probe(&mut self, name: &str, probe: &str, limit: Duration) -> Result<Duration, String> {
        let spec = self.spec.clone();
        let container = Pod(&spec).container(name).expect("the caller names a container of this pod");
        let Some(settings) = at(container.0, &[probe]) else { return Ok(Duration::ZERO) };
        let number =
            |key: &str, default: u64| at(settings, &[key]).and_then(Value::as_u64).unwrap_or(default);
        let patience = Duration::from_secs(number("periodSeconds", 10) * number("failureThreshold", 3));
        // A startup probe that is not green by then restarts the container; readiness may come later.
        let limit = if probe == "startupProbe" { limit.min(patience) } else { limit };
        let (outcome, took) = wait::closely(&format!("{name}: {probe}"), limit, || {
            let process = self.containers.iter_mut().find(|(other, _)| other == name);
            if let Some(ended) = process.and_then(|(_, process)| process.ended()) {
                return Ok(Err(format!("{name} ended with {ended}:\n{}", self.log(name))));
            }
            self.probe(container, probe).map(Ok)
        })?;
        outcome.map(|()| took)
    }

    /// 200 to 399, or an open port (`pkg/probe`).
    fn probe(&self, container: Container<'_>, probe: &str) -> Result<(), String> {
        let settings = at(container.0, &[probe]).ok_or("there is no such probe")?;
        if let Some(port) = at(settings, &["tcpSocket", "port"]) {
            let address = self.place.socket(port_of(container, port)?);
            return TcpStream::connect(address).map(drop).map_err(|error| error.to_string());
        }
        let port = at(settings, &["httpGet", "port"]).ok_or("asks no port")?;
        let path = at(settings, &["httpGet", "path"]).and_then(Value::as_str).unwrap_or("/");
        let status =
            get(self.place.socket(port_of(container, port)?), path).map_err(|error| error.to_string())?;
        if (200..400).contains(&status) { Ok(()) } else { Err(format!("{path} answers {status}")) }
    }
}

impl Drop for RunningPod {
    /// What our containers have said and published is in hand, and in it no secret.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let pod = Pod(&self.spec);
        for container in pod.all_containers().into_iter().filter(|container| container.is_ours()) {
            let log = self.place.file(&format!("{}.log", container.name()));
            secret::expect_unseen(container.name(), &fs::read(log).unwrap_or_default());
        }
        let empty = |volume: &&Value| at(volume, &["emptyDir"]).is_some();
        for name in items(pod.0, &["volumes"]).iter().filter(empty).filter_map(|it| it["name"].as_str()) {
            secret::expect_unseen_in_files(&self.place.volume(name), Published::WithoutIt);
        }
    }
}

/// The kubelet's own request (`pkg/probe/http`): another `Content-Type` or none makes a difference to
/// some servers. The status code of the reply.
fn get(address: SocketAddr, path: &str) -> io::Result<u16> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kube-probe/1.37\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    exchange(address, &head).map(|reply| reply.status)
}

/// A port by number, or by its name in the container.
pub(crate) fn port_of(container: Container<'_>, port: &Value) -> Result<u16, String> {
    let named = items(container.0, &["ports"]).iter().find(|offered| offered.get("name") == Some(port));
    let number = named.and_then(|offered| at(offered, &["containerPort"])).unwrap_or(port);
    let number = number.as_u64().and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| format!("{} has no port {port:?}", container.name()))
}
