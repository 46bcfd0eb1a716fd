//! A headless Service in DNS on loopback, and the pod `eureka-0` with its volume.

use std::cell::{Ref, RefCell};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hickory_proto::rr::RecordType;
use tempfile::TempDir;

use super::dns_server::{DnsServer, DnsThread, Mode, Pod};
use super::machine;
use super::once::Outcome;
use super::ports::free_address;
use super::secret;
use super::sidecar::Sidecar;
use super::wait;

pub(crate) const SERVICE: &str = "eureka.ns.svc.cluster.local";
/// A change that has not arrived by then never will.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// DNS, and the surroundings of one pod. Its processes must not outlive it.
pub(crate) struct Cluster {
    dns: RefCell<Option<DnsThread>>,
    pub(crate) dns_address: SocketAddr,
    more_dns: Vec<SocketAddr>,
    pub(crate) service: String,
    own: Vec<IpAddr>,
    pub(crate) patience: Duration,
    directory: TempDir,
    pub(crate) listen: SocketAddr,
    pub(crate) local_listen: SocketAddr,
}

impl Cluster {
    /// A cluster whose Service has these pods; `eureka-0` is ours.
    pub(crate) fn of(pods: &[u8]) -> Self {
        Self::at(free_address(), pods)
    }

    /// The same, with DNS at an address of the test's choice.
    pub(crate) fn at(dns_address: SocketAddr, pods: &[u8]) -> Self {
        let dns = serve(dns_address);
        let cluster = Self::asking(&[dns.address()], SERVICE, &[address(0)]);
        cluster.dns.replace(Some(dns));
        cluster.set_pods(pods);
        cluster
    }

    /// A pod with these addresses in the cluster of other DNS servers.
    pub(crate) fn asking(servers: &[SocketAddr], service: &str, own: &[IpAddr]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (dns_address, more_dns) = servers.split_first().expect("there is always one to ask");
        let cluster = Self {
            dns: RefCell::new(None),
            dns_address: *dns_address,
            more_dns: more_dns.to_vec(),
            service: service.to_owned(),
            own: own.to_vec(),
            patience: PATIENCE,
            directory,
            listen: free_address(),
            local_listen: free_address(),
        };
        fs::create_dir(cluster.volume()).expect("made");
        secret::place(cluster.directory());
        cluster
    }

    pub(crate) fn dns(&self) -> Ref<'_, DnsServer> {
        Ref::map(self.dns.borrow(), |dns| &**dns.as_ref().expect("DNS was not stopped"))
    }

    /// The Service's pods from now on.
    pub(crate) fn set_pods(&self, pods: &[u8]) {
        self.set_pods_of(SERVICE, pods);
    }

    pub(crate) fn set_pods_of(&self, service: &str, pods: &[u8]) {
        let pods = pods.iter().map(|pod| Pod::new(format!("eureka-{pod}"), address(*pod), 8761));
        self.dns().set_pods(service, "http", pods);
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.dns().set_mode(mode);
    }

    /// Questions of all types so far.
    pub(crate) fn questions(&self) -> usize {
        [RecordType::SRV, RecordType::A, RecordType::AAAA].map(|kind| self.dns().count(kind)).iter().sum()
    }

    /// Ends the DNS server; its port is closed then.
    pub(crate) fn stop_dns(&self) {
        self.dns.borrow_mut().take().expect("DNS was not stopped").stop();
    }

    /// Starts it again where it was; it knows no pods.
    pub(crate) fn start_dns(&self) {
        self.dns.replace(Some(serve(self.dns_address)));
    }

    /// Where everything of this cluster lies.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn volume(&self) -> PathBuf {
        self.directory().join("volume")
    }

    /// The published file that most tests look at.
    pub(crate) fn file(&self) -> PathBuf {
        self.volume().join("peers.properties")
    }

    /// The URLs in that file; none while it is not there.
    pub(crate) fn listed(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file()).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("eureka.client.service-url.defaultZone="));
        line.map(|urls| urls.split(',').map(str::to_owned).collect()).unwrap_or_default()
    }

    /// Which publication is in place: another one has another name.
    pub(crate) fn generation(&self) -> Option<PathBuf> {
        fs::read_link(self.volume().join("..data")).ok()
    }

    /// Writes a settings file, in place.
    pub(crate) fn write_config(&self, yaml: &str) -> PathBuf {
        let path = self.directory().join("config.yaml");
        fs::write(&path, yaml).expect("written");
        path
    }

    /// A subcommand in this pod, with short times. What `flags` name replaces what is given here.
    pub(crate) fn command(&self, subcommand: &str, flags: &[&str]) -> Command {
        self.command_without(subcommand, &[], flags)
    }

    /// The same without some of what is given here.
    pub(crate) fn command_without(&self, subcommand: &str, left_out: &[&str], flags: &[&str]) -> Command {
        let mut command = bare_command();
        command.env("POD_NAME", "eureka-0").env("POD_IP", self.own[0].to_string());
        if let [_, _, ..] = self.own[..] {
            let all: Vec<_> = self.own.iter().map(IpAddr::to_string).collect();
            command.env("POD_IPS", all.join(","));
        }
        command.arg(subcommand);
        for (flag, value) in self.base_of(subcommand) {
            let is_given = flags.iter().any(|given| *given == flag || given.starts_with(&format!("{flag}=")));
            if !is_given && !left_out.contains(&flag) {
                command.arg(format!("{flag}={value}"));
            }
        }
        command.args(flags);
        command
    }

    fn base_of(&self, subcommand: &str) -> Vec<(&'static str, String)> {
        let dns = [&self.dns_address].into_iter().chain(&self.more_dns);
        let dns = dns.map(|server| ("--dns-server", server.to_string()));
        let service: Vec<_> = dns.chain([("--service", self.service.clone())]).collect();
        let interval = [("--interval", "100ms".to_owned())];
        let volume = [("--output-dir", self.volume().display().to_string())];
        let password_file = secret::password_file(self.directory()).display().to_string();
        let user = [("--server-user", secret::USER.to_owned()), ("--server-password-file", password_file)];
        let listen = [("--listen", self.listen.to_string())];
        let local_listen = [("--local-listen", self.local_listen.to_string())];
        match subcommand {
            "run" => [&service[..], &interval, &volume, &user, &listen, &local_listen].concat(),
            "init" => [&service[..], &interval, &volume, &user].concat(),
            "resolve" => [&service[..], &interval, &user].concat(),
            "check" => [&service[..], &volume, &user].concat(),
            "mesh" => [&service[..], &user].concat(),
            "accept" => local_listen.to_vec(),
            "health" => listen.to_vec(),
            _ => vec![],
        }
    }

    pub(crate) fn run(&self, flags: &[&str]) -> Sidecar<'_> {
        Sidecar::start(self, self.command("run", flags))
    }

    /// Starts the sidecar and waits until it lists exactly these pods.
    pub(crate) fn run_until_listed(&self, pods: &[u8], flags: &[&str]) -> Sidecar<'_> {
        let sidecar = self.run(flags);
        sidecar.until_listed(pods);
        // The file is there a moment before the loop has heard of it.
        sidecar.until_started();
        sidecar
    }

    pub(crate) fn once(&self, subcommand: &str, flags: &[&str]) -> Outcome {
        Outcome::of(self.command(subcommand, flags))
    }
}

/// Starts a DNS server. Questions leave from random ports, so one of them may be in the way for a moment.
fn serve(address: SocketAddr) -> DnsThread {
    let start = || DnsThread::start(address).map_err(|error| error.to_string());
    wait::wait_for(&format!("DNS at {address}"), PATIENCE, start).0
}

/// The program with nothing of our own environment.
pub(crate) fn bare_command() -> Command {
    let mut command = machine::program();
    command.env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn address(pod: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, 10 + pod).into()
}

/// The URL of a pod, by its name.
pub(crate) fn url(pod: u8) -> String {
    format!("http://eureka-{pod}.{SERVICE}:8761/eureka/")
}

pub(crate) fn urls(pods: &[u8]) -> Vec<String> {
    pods.iter().map(|pod| url(*pod)).collect()
}

/// Waits until `is_so`, and says how long that took; `state` explains a failure.
pub(crate) fn wait_until(
    what: &str,
    is_so: impl FnMut() -> bool,
    state: impl FnOnce() -> String,
) -> Duration {
    wait::wait_until(what, PATIENCE, is_so, state)
}
