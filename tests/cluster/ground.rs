//! The cluster itself: a control plane, DNS and three nodes, joined by a bridge that leads nowhere else.
//!
//! Must only ever be made in the namespaces that `.ci/cluster` makes: they take all of it away again.

use std::fs;
use std::io;
use std::net::UdpSocket;
use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use rustix::process::{Signal, kill_process};

use crate::control_plane::{ControlPlane, READY_WITHIN};
use crate::namespace::ip;
use crate::process::Process;
use crate::tool::{project, target};
use crate::wait;

/// The control plane, and the DNS server of every pod.
pub(crate) const HUB: &str = "10.77.0.1";
/// Three: what a typo stops at the first pod must leave two that know each other.
pub(crate) const NODES: usize = 3;
/// Kubelets are let in, and reached at their nodes' addresses.
const FLAGS: [&str; 2] = ["--authorization-mode=Node,RBAC", "--kubelet-preferred-address-types=InternalIP"];
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
    plane: ControlPlane,
    dns: Option<Process>,
}

impl Deref for Ground {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        &self.plane
    }
}

impl Ground {
    /// Starts everything, and waits until every node is ready.
    pub(crate) fn start() -> Result<Self, String> {
        network()?;
        let plane = ControlPlane::start(target().join("cluster/run"), HUB, &FLAGS)?;
        let mut ground = Self { plane, dns: None };
        ground.start_controllers();
        ground.start_dns(Dns::Plain)?;
        for number in 1..=NODES {
            ground.start_node(number)?;
        }
        wait::until("every node is ready", READY_WITHIN, || ground.nodes_are_ready())?;
        Ok(ground)
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

    fn start_controllers(&mut self) {
        let flag = |flag: &str, name: &str| format!("--{flag}={}", self.place(name).display());
        let common = [flag("kubeconfig", "kubeconfig"), "--leader-elect=false".to_owned()];
        let of_the_manager = [
            flag("service-account-private-key-file", "service-accounts.key"),
            flag("root-ca-file", "certificates/apiserver.crt"),
        ];
        let program = |name: &str| Command::new(target().join("tools/bin").join(name));
        let (mut manager, mut scheduler) = (program("kube-controller-manager"), program("kube-scheduler"));
        self.plane.add("kube-controller-manager", manager.args(&common).args(of_the_manager));
        self.plane.add("kube-scheduler", scheduler.args(&common));
    }

    /// A network namespace on the bridge, and the node in it.
    fn start_node(&mut self, number: usize) -> Result<(), String> {
        let (name, outer) = (format!("node{number}"), format!("port{number}"));
        let (address, pods) = (format!("10.77.0.1{number}"), format!("10.244.{number}.0/24"));
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
        self.plane.add(&name, &command);
        Ok(())
    }

    fn nodes_are_ready(&mut self) -> Result<(), String> {
        self.plane.expect_running();
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

/// Asks for A records; whether there are any.
fn ask(name: &str) -> Result<(), String> {
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(Name::from_ascii(name).expect("a name of ours"), RecordType::A));
    let question = question.to_vec().expect("a question can be written");
    let mut reply = [0; 512];
    let mut exchange = || -> io::Result<usize> {
        let socket = UdpSocket::bind((HUB, 0))?;
        socket.set_read_timeout(Some(ANSWERED_WITHIN))?;
        socket.connect((HUB, 53))?;
        socket.send(&question)?;
        socket.recv(&mut reply)
    };
    let length = exchange().map_err(|error| error.to_string())?;
    let reply = Message::from_vec(&reply[..length]).map_err(|error| error.to_string())?;
    let is_there = reply.metadata.response_code == ResponseCode::NoError && !reply.answers.is_empty();
    wait::is_so(is_there, || format!("{reply}"))
}

/// The hub: everything that is no node. Packets between nodes pass it.
fn network() -> Result<(), String> {
    ip(&["link", "set", "lo", "up"])?;
    ip(&["link", "add", "name", BRIDGE, "type", "bridge"])?;
    ip(&["address", "add", &format!("{HUB}/24"), "dev", BRIDGE])?;
    ip(&["link", "set", BRIDGE, "up"])?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").map_err(|error| format!("ip_forward: {error}"))
}
