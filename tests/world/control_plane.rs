//! etcd and kube-apiserver, as every cluster has them, and kubectl's way to them.
//!
//! Must never speak to another cluster: kubectl gets a configuration of this server's own, by name.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rcgen::KeyPair;

use super::process::Process;
use super::tool::{Tool, write_file};
use super::wait;

/// What every program here shows for itself.
const TOKEN: &str = "operator";
/// Five seconds on idle cores.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(240);
/// The server drains its requests.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// A control plane and the programs around it; they end with it.
pub(crate) struct ControlPlane {
    directory: PathBuf,
    /// In the order of their starts.
    processes: Vec<(String, Process)>,
}

impl ControlPlane {
    /// Starts both at `address`, the server with flags of its own, and waits until it is ready.
    pub(crate) fn start(directory: PathBuf, address: &str, flags: &[&str]) -> Result<Self, String> {
        // What an earlier run left behind is of no use.
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let mut plane = Self { directory, processes: Vec::new() };
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        plane.write("service-accounts.key", &key.serialize_pem())?;
        plane.write("service-accounts.pem", &key.public_key_pem())?;
        plane.write("tokens.csv", &format!("{TOKEN},operator,operator,system:masters\n"))?;
        plane.write("kubeconfig", &kubeconfig(address))?;
        plane.start_etcd(address)?;
        plane.start_server(address, flags)?;
        wait::until("kube-apiserver is ready", READY_WITHIN, || {
            plane.expect_running();
            plane.kubectl(&["get", "--raw", "/readyz"]).map(drop)
        })?;
        Ok(plane)
    }

    fn start_etcd(&mut self, address: &str) -> Result<(), String> {
        let (clients, peers) = (format!("http://{address}:2379"), format!("http://{address}:2380"));
        let mut command = Command::new(Tool::ETCD.path()?);
        command.arg("--unsafe-no-fsync").arg("--data-dir").arg(self.place("etcd"));
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.args(["--initial-cluster", &format!("default={peers}")]);
        self.add("etcd", &command);
        Ok(())
    }

    /// Everything that a cluster switches on by default is on: admission above all.
    fn start_server(&mut self, address: &str, flags: &[&str]) -> Result<(), String> {
        let mut command = Command::new(Tool::KUBE_APISERVER.path()?);
        command.arg(format!("--etcd-servers=http://{address}:2379")).args(flags);
        command.arg(format!("--bind-address={address}")).arg(format!("--advertise-address={address}"));
        command.arg("--service-cluster-ip-range=10.96.0.0/16");
        command.arg("--service-account-issuer=https://kubernetes.default.svc");
        let files = [
            ("cert-dir", "certificates"),
            ("token-auth-file", "tokens.csv"),
            ("service-account-key-file", "service-accounts.pem"),
            ("service-account-signing-key-file", "service-accounts.key"),
        ];
        command.args(files.map(|(flag, name)| format!("--{flag}={}", self.place(name).display())));
        self.add("kube-apiserver", &command);
        Ok(())
    }

    /// Starts one more program, with a log of its own.
    pub(crate) fn add(&mut self, name: &str, command: &Command) {
        let process = Process::start(name, command, &self.place(&format!("{name}.log")));
        self.processes.push((name.to_owned(), process));
    }

    /// Insists that none has ended: nobody starts it again.
    pub(crate) fn expect_running(&mut self) {
        for (name, process) in &mut self.processes {
            if let Some(ended) = process.ended() {
                panic!("{name} ended with {ended}:\n{}", process.log());
            }
        }
    }

    /// What kubectl says to these arguments.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let path = |name: &str| self.place(name).display().to_string();
        let (configuration, cache) = (path("kubeconfig"), path("kubectl-cache"));
        let own = ["--kubeconfig", &configuration, "--cache-dir", &cache, "--request-timeout", "30s"];
        Tool::KUBECTL.run(&[&own[..], arguments].concat())
    }

    /// A file of this cluster.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes one, and says where it is.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<String, String> {
        let file = self.place(name);
        write_file(&file, text)?;
        Ok(file.display().to_string())
    }

    /// Ends everything, what was started last before all others.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        while let Some((name, mut process)) = self.processes.pop() {
            process.terminate(STOPPED_WITHIN).ok_or_else(|| format!("{name} had to be killed"))?;
        }
        Ok(())
    }
}

/// The server makes its certificate itself, and lays it beside this file.
fn kubeconfig(address: &str) -> String {
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         current-context: own\n\
         contexts: [{{name: own, context: {{cluster: own, user: own}}}}]\n\
         users: [{{name: own, user: {{token: {TOKEN}}}}}]\n\
         clusters:\n\
         - name: own\n  \
           cluster: {{server: 'https://{address}:6443', certificate-authority: certificates/apiserver.crt}}\n"
    )
}
