//! The pod `eureka-0`: its volume, and how the whole program is started in it.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::init::Init;
use crate::life::Life;
use crate::ports::free_address;
use crate::question::{v4, v6};
use crate::secret::{self, Published};
use crate::sidecar::{Listeners, Sidecar};

/// What comes before the list in the file, and before the number after it.
const KEYS: [&str; 2] =
    ["eureka.client.service-url.defaultZone=", "eureka.client.service-url.eureka-peers-generation="];

/// URLs, as a set.
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

/// The pod.
pub(crate) struct Pod {
    directory: TempDir,
    dns: Vec<SocketAddr>,
    service: &'static str,
}

impl Pod {
    /// Whose program asks these servers.
    pub(crate) fn asking(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(directory.path().join("volume")).expect("a temporary directory is writable");
        secret::place(directory.path());
        Self { directory, dns: servers.into_iter().collect(), service: "eureka" }
    }

    /// The same, of another Service.
    pub(crate) fn of_service(mut self, service: &'static str) -> Self {
        self.service = service;
        self
    }

    /// A file beside the volume.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The URLs in the file, which must be whole; none where there is no file.
    pub(crate) fn listed(&self) -> Option<Urls> {
        let text = fs::read_to_string(self.path("volume/peers.properties")).ok()?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [list, number, ""] = lines[..] else { panic!("not two lines: {text:?}") };
        let list = list.strip_prefix(KEYS[0]).unwrap_or_else(|| panic!("not the list: {text:?}"));
        assert!(number.starts_with(KEYS[1]), "not the number: {text:?}");
        let urls: Vec<&str> = list.split(',').collect();
        assert!(urls.is_sorted_by(|earlier, later| earlier < later), "not sorted: {urls:?}");
        Some(urls.into_iter().map(str::to_owned).collect())
    }

    /// Which publication is in place: another one has another name.
    pub(crate) fn generation(&self) -> Option<PathBuf> {
        fs::read_link(self.path("volume/..data")).ok()
    }

    /// The program with nothing of our own environment.
    pub(crate) fn command(subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eureka-peers"));
        command.env_clear().stdin(Stdio::null()).arg(subcommand);
        command
    }

    /// A subcommand that asks DNS and writes, with the pod's identity.
    fn writing_command(&self, subcommand: &str, flags: &[&str]) -> Command {
        let mut command = Self::command(subcommand);
        command.env("POD_NAME", "eureka-0").env("POD_NAMESPACE", "ns");
        command.env("POD_IP", v4(0).to_string()).env("POD_IPS", format!("{},{}", v4(0), v6(0)));
        command.args(["--service", self.service, "--cluster-domain", "cluster.local"]);
        command.args(["--server-user", secret::USER, "--server-password-file"]);
        command.arg(secret::password_file(self.directory.path()));
        for server in &self.dns {
            command.arg("--dns-server").arg(server.to_string());
        }
        command.arg("--output-dir").arg(self.path("volume")).args(flags);
        command
    }

    /// Starts `run`; flags must not repeat those that every trial has.
    pub(crate) fn run(&self, flags: &[&str]) -> Sidecar<'_> {
        let listeners = Listeners { public: free_address(), local: free_address() };
        let mut command = self.writing_command("run", flags);
        command.args(["--interval", "100ms"]);
        command.arg("--listen").arg(listeners.public.to_string());
        command.arg("--local-listen").arg(listeners.local.to_string());
        Sidecar::new(self, self.start(command), listeners)
    }

    /// Starts `init`, which ends by itself.
    pub(crate) fn init(&self, flags: &[&str]) -> Init<'_> {
        Init::new(self, self.start(self.writing_command("init", flags)))
    }

    fn start(&self, command: Command) -> Life {
        let mut logs = (0..).map(|life| self.path(&format!("log-{life}")));
        Life::start(command, logs.find(|log| !log.exists()).expect("there is always another number"))
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        // What was served is searched where it is read; here is what all lives have logged and published.
        if !std::thread::panicking() {
            secret::expect_unseen_in_files(self.directory.path(), Published::WithoutIt);
        }
    }
}
