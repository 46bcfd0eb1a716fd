//! The cluster itself: a control plane, DNS and three nodes, joined by a bridge that leads nowhere else.
//!
//! Must only ever be made in the namespaces that `.ci/cluster` makes: they take all of it away again.

use std::fs;
use std::io;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rcgen::KeyPair;
use rustix::process::{Signal, kill_process};

use crate::process::Process;
use crate::tool::{Tool, project, target};
use crate::wait;

/// The control plane, and the DNS server of every pod.
pub(crate) const HUB: &str = "10.77.0.1";
/// Three: what a typo stops at the first pod must leave two that know each other.
pub(crate) const NODES: usize = 3;
/// What every program here shows for itself.
const TOKEN: &str = "operator";
/// Five seconds on idle cores.
const READY_WITHIN: Duration = Duration::from_secs(240);
/// A DNS server on the same machine.
const ANSWERED_WITHIN: Duration = Duration::from_millis(200);
/// The bridge that nodes and control plane are on.
const BRIDGE: &str = "nodes";

/// How CoreDNS answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dns {
    /// As kubeadm sets it up since Kubernetes 1.32: what it knows, at once.
    Plain,
    /// As before: answers are up to thirty seconds old.
    Cached,
}

/// A running cluster; ends with the namespaces that it is in.
pub(crate) struct Ground {
    directory: PathBuf,
    dns: Option<Process>,
    /// In the order of their starts.
    processes: Vec<(String, Process)>,
}

impl Ground {
    /// Starts everything, and waits until every node is ready.
    pub(crate) fn start() -> Result<Self, String> {
        let directory = target().join("cluster/run");
        // The logs of an earlier run.
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let mut ground = Self { directory, dns: None, processes: Vec::new() };
        ground.write_files()?;
        network()?;
        ground.start_control_plane()?;
        ground.start_dns(Dns::Plain)?;
        for number in 1..=NODES {
            ground.start_node(number)?;
        }
        wait::until("every node is ready", READY_WITHIN, || ground.nodes_are_ready())?;
        Ok(ground)
    }

    /// What kubectl says to these arguments.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let path = |name: &str| self.place(name).display().to_string();
        let (configuration, cache) = (path("kubeconfig"), path("kubectl-cache"));
        let own = ["--kubeconfig", &configuration, "--cache-dir", &cache, "--request-timeout", "30s"];
        Tool::Kubectl.run(&[&own[..], arguments].concat())
    }

    /// Has CoreDNS run, in this way.
    pub(crate) fn start_dns(&mut self, how: Dns) -> Result<(), String> {
        self.stop_dns();
        let cache = if how == Dns::Cached { "  cache 30\n" } else { "" };
        // TTLs of thirty seconds are kubeadm's.
        let corefile = format!(
            ".:53 {{\n  bind {HUB}\n  errors\n{cache}  kubernetes cluster.local {{\n    kubeconfig {}\n    \
             ttl 30\n  }}\n}}\n",
            self.place("kubeconfig").display()
        );
        self.write("Corefile", &corefile)?;
        let mut command = Command::new(target().join("tools/bin/coredns"));
        command.arg("-conf").arg(self.place("Corefile"));
        self.dns = Some(Process::start("coredns", &command, &self.place("coredns.log")));
        Ok(())
    }

    /// Has CoreDNS take questions and say nothing, until it goes on.
    pub(crate) fn silence_dns(&self) {
        self.signal_dns(Signal::STOP);
    }

    /// Has CoreDNS go on.
    pub(crate) fn go_on_with_dns(&self) {
        self.signal_dns(Signal::CONT);
    }

    fn signal_dns(&self, signal: Signal) {
        let dns = self.dns.as_ref().expect("CoreDNS runs");
        kill_process(dns.pid(), signal).expect("it is our own child, and nobody has waited for it");
    }

    /// Ends CoreDNS, as if its pods were gone: the questions are refused.
    pub(crate) fn stop_dns(&mut self) {
        if let Some(mut dns) = self.dns.take() {
            dns.kill();
        }
    }

    /// A file of this cluster.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes one.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::write(self.place(name), text).map_err(|error| format!("{name}: {error}"))
    }

    fn write_files(&self) -> Result<(), String> {
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        self.write("service-accounts.key", &key.serialize_pem())?;
        self.write("service-accounts.pem", &key.public_key_pem())?;
        self.write("tokens.csv", &format!("{TOKEN},operator,operator,system:masters\n"))?;
        self.write("kubeconfig", &kubeconfig())
    }

    fn start_control_plane(&mut self) -> Result<(), String> {
        let etcd = format!("http://{HUB}:2379");
        let peers = format!("http://{HUB}:2380");
        let data = self.place("etcd").display().to_string();
        self.start_program(
            Tool::Etcd.path()?,
            &[
                "--unsafe-no-fsync".to_owned(),
                format!("--data-dir={data}"),
                format!("--listen-client-urls={etcd}"),
                format!("--advertise-client-urls={etcd}"),
                format!("--listen-peer-urls={peers}"),
                format!("--initial-advertise-peer-urls={peers}"),
                format!("--initial-cluster=default={peers}"),
            ],
        );
        let path = |name: &str| self.place(name).display().to_string();
        let server = [
            format!("--etcd-servers={etcd}"),
            format!("--bind-address={HUB}"),
            format!("--advertise-address={HUB}"),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            format!("--cert-dir={}", path("certificates")),
            format!("--token-auth-file={}", path("tokens.csv")),
            format!("--service-account-key-file={}", path("service-accounts.pem")),
            format!("--service-account-signing-key-file={}", path("service-accounts.key")),
        ];
        let manager = [
            format!("--kubeconfig={}", path("kubeconfig")),
            "--leader-elect=false".to_owned(),
            format!("--service-account-private-key-file={}", path("service-accounts.key")),
            format!("--root-ca-file={}", path("certificates/apiserver.crt")),
        ];
        let scheduler = [format!("--kubeconfig={}", path("kubeconfig")), "--leader-elect=false".to_owned()];
        self.start_program(Tool::KubeApiserver.path()?, &server);
        wait::until("kube-apiserver is ready", READY_WITHIN, || {
            self.kubectl(&["get", "--raw", "/readyz"]).map(drop)
        })?;
        self.start_program(target().join("tools/bin/kube-controller-manager"), &manager);
        self.start_program(target().join("tools/bin/kube-scheduler"), &scheduler);
        Ok(())
    }

    fn start_program(&mut self, program: PathBuf, arguments: &[String]) {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command.args(arguments);
        let log = self.place(&format!("{name}.log"));
        self.processes.push((name.clone(), Process::start(name, &command, &log)));
    }

    /// A network namespace on the bridge, and the node in it.
    fn start_node(&mut self, number: usize) -> Result<(), String> {
        let (name, outer) = (format!("node{number}"), format!("port{number}"));
        let (address, pods) = (format!("10.77.0.1{number}"), pods_of(number));
        ip(&["netns", "add", &name])?;
        ip(&["link", "add", "name", &outer, "type", "veth", "peer", "name", "eth0", "netns", &name])?;
        ip(&["link", "set", &outer, "master", BRIDGE, "up"])?;
        ip(&["-n", &name, "link", "set", "lo", "up"])?;
        ip(&["-n", &name, "address", "add", &format!("{address}/24"), "dev", "eth0"])?;
        ip(&["-n", &name, "link", "set", "eth0", "up"])?;
        ip(&["route", "add", &pods, "via", &address])?;
        ip(&["-n", &name, "route", "add", "default", "via", HUB])?;
        let directory = self.place(&name);
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{name}")).arg(project().join("tests/cluster/node"));
        command.args([&name, &address, &pods]).arg(&directory).arg(target().join("tools"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let log = self.place(&format!("{name}.log"));
        self.processes.push((name.clone(), Process::start(name, &command, &log)));
        Ok(())
    }

    fn nodes_are_ready(&mut self) -> Result<(), String> {
        for (name, process) in &mut self.processes {
            // Nobody starts it again.
            assert!(process.ended().is_none(), "{name} has ended; see target/cluster/run");
        }
        let path = r#"jsonpath={range .items[*].status.conditions[?(@.type=="Ready")]}{.status}{" "}{end}"#;
        let said = self.kubectl(&["get", "nodes", "--output", path])?;
        let ready = said.split_whitespace().filter(|status| *status == "True").count();
        if ready == NODES { Ok(()) } else { Err(format!("the nodes' conditions: {said:?}")) }
    }
}

/// Waits until CoreDNS has addresses for this name.
pub(crate) fn wait_for_dns(name: &str) -> Result<(), String> {
    wait::closely("CoreDNS answers", READY_WITHIN, || ask(name)).map(drop)
}

/// Asks for A records, as RFC 1035 writes it; whether there are any.
fn ask(name: &str) -> Result<(), String> {
    let mut question = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).expect("a label is short"));
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let mut reply = [0; 512];
    let mut exchange = || -> io::Result<usize> {
        let socket = UdpSocket::bind((HUB, 0))?;
        socket.set_read_timeout(Some(ANSWERED_WITHIN))?;
        socket.connect((HUB, 53))?;
        socket.send(&question)?;
        socket.recv(&mut reply)
    };
    let length = exchange().map_err(|error| error.to_string())?;
    let (code, answers) = (reply[3] & 0x0f, u16::from_be_bytes([reply[6], reply[7]]));
    if length > 12 && code == 0 && answers > 0 {
        Ok(())
    } else {
        Err(format!("code {code}, {answers} answers"))
    }
}

/// The addresses of a node's pods.
fn pods_of(number: usize) -> String {
    format!("10.244.{number}.0/24")
}

/// The hub: everything that is no node. Packets between nodes pass it.
fn network() -> Result<(), String> {
    ip(&["link", "set", "lo", "up"])?;
    ip(&["link", "add", "name", BRIDGE, "type", "bridge"])?;
    ip(&["address", "add", &format!("{HUB}/24"), "dev", BRIDGE])?;
    ip(&["link", "set", BRIDGE, "up"])?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").map_err(|error| format!("ip_forward: {error}"))
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| format!("ip (iproute2) cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}

/// The server makes its certificate itself, and lays it beside this file.
fn kubeconfig() -> String {
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         current-context: own\n\
         contexts: [{{name: own, context: {{cluster: own, user: own}}}}]\n\
         users: [{{name: own, user: {{token: {TOKEN}}}}}]\n\
         clusters:\n\
         - name: own\n  \
           cluster: {{server: 'https://{HUB}:6443', certificate-authority: certificates/apiserver.crt}}\n"
    )
}
