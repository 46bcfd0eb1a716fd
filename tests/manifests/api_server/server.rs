//! kube-apiserver and its etcd on a loopback address of their own, spoken to by kubectl.
//!
//! Must never speak to another cluster: kubectl gets a configuration of this server's own, by name.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rcgen::KeyPair;

use crate::process::Process;
use crate::rendered::{Object, write};
use crate::tool::{Tool, scratch, target};
use crate::wait;

/// An address that no other test of this project uses.
const ADDRESS: &str = "127.0.23.1";
/// What kubectl shows for itself.
const TOKEN: &str = "operator";
/// Five seconds on idle cores.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// The server drains its requests.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// A running server; ends with it.
pub(crate) struct Server {
    api: Process,
    etcd: Process,
    directory: PathBuf,
}

impl Server {
    /// Starts both, and waits until the server is ready.
    pub(crate) fn start() -> Result<Self, String> {
        let directory = scratch("api-server");
        // What a broken run left behind is of no use.
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let file = |name: &str, text: &str| {
            fs::write(directory.join(name), text).map_err(|error| format!("{name}: {error}"))
        };
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        file("service-accounts.key", &key.serialize_pem())?;
        file("service-accounts.pem", &key.public_key_pem())?;
        file("tokens.csv", &format!("{TOKEN},operator,operator,system:masters\n"))?;
        file("kubeconfig", &kubeconfig())?;
        let place = |name: &str| directory.join(name);
        let etcd = Process::start("etcd", &etcd(&place)?, &place("etcd.log"));
        let api = Process::start("kube-apiserver", &api(&place)?, &place("kube-apiserver.log"));
        let mut server = Self { api, etcd, directory };
        wait::wait_for("kube-apiserver is ready", READY_WITHIN, || server.is_ready());
        Ok(server)
    }

    fn is_ready(&mut self) -> Result<(), String> {
        for (name, process) in [("etcd", &mut self.etcd), ("kube-apiserver", &mut self.api)] {
            if let Some(ended) = process.ended() {
                panic!("{name} ended with {ended}:\n{}", process.log());
            }
        }
        self.kubectl(&["get", "--raw", "/readyz"]).map(drop)
    }

    /// A namespace at this level of Pod Security, with the service account that a controller would make.
    pub(crate) fn make_namespace(&self, name: &str, level: &str) -> Result<(), String> {
        self.kubectl(&["create", "namespace", name])?;
        let labels = ["enforce", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}={level}"));
        self.kubectl(&["label", "namespace", name, &labels[0], &labels[1]])?;
        self.kubectl(&["--namespace", name, "create", "serviceaccount", "default"]).map(drop)
    }

    /// The Prometheus operator's own definitions.
    pub(crate) fn make_custom_resources(&self) -> Result<(), String> {
        let directory = target().join("tools/custom-resources");
        let directory = directory.to_str().expect("the target directory has a plain path");
        self.kubectl(&["apply", "--server-side", "-f", directory])?;
        let served = ["podmonitors", "prometheusrules"].map(|kind| format!("{kind}.monitoring.coreos.com"));
        wait::wait_for("custom resources are served", READY_WITHIN, || {
            served.iter().try_for_each(|kind| self.kubectl(&["get", "--all-namespaces", kind]).map(drop))
        });
        Ok(())
    }

    /// What an operator would apply, without leaving a trace; what the server has against it, be it
    /// only a warning.
    pub(crate) fn dry_run(&self, name: &str, namespace: &str, objects: &[Object]) -> Result<(), String> {
        let file = self.directory.join(format!("{}.yaml", name.replace('/', "-")));
        fs::write(&file, write(objects)).map_err(|error| error.to_string())?;
        let file = file.to_str().expect("the target directory has a plain path");
        let apply = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", file];
        self.kubectl(&[&["--warnings-as-errors", "--namespace", namespace], &apply[..]].concat()).map(drop)
    }

    /// Ends both.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        for (name, process) in [("kube-apiserver", &mut self.api), ("etcd", &mut self.etcd)] {
            process.terminate(STOPPED_WITHIN).ok_or_else(|| format!("{name} had to be killed"))?;
        }
        Ok(())
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let path = |name: &str| self.directory.join(name).to_str().expect("a plain path").to_owned();
        let (configuration, cache) = (path("kubeconfig"), path("kubectl-cache"));
        let own = ["--kubeconfig", &configuration, "--cache-dir", &cache, "--request-timeout", "30s"];
        Tool::Kubectl.run(&[&own[..], arguments].concat())
    }
}

fn etcd(place: &impl Fn(&str) -> PathBuf) -> Result<Command, String> {
    let (clients, peers) = (format!("http://{ADDRESS}:2379"), format!("http://{ADDRESS}:2380"));
    let mut command = Command::new(Tool::Etcd.path()?);
    command.arg("--unsafe-no-fsync").arg("--data-dir").arg(place("etcd"));
    command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
    command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
    command.args(["--initial-cluster", &format!("default={peers}")]);
    Ok(command)
}

/// Everything that a cluster switches on by default is on: admission above all.
fn api(place: &impl Fn(&str) -> PathBuf) -> Result<Command, String> {
    let mut command = Command::new(Tool::KubeApiserver.path()?);
    command.arg(format!("--etcd-servers=http://{ADDRESS}:2379"));
    command.arg(format!("--bind-address={ADDRESS}")).arg(format!("--advertise-address={ADDRESS}"));
    // The Service `kubernetes` cannot lead to a loopback address.
    command.arg("--endpoint-reconciler-type=none").arg("--service-cluster-ip-range=10.96.0.0/16");
    command.arg("--authorization-mode=RBAC").arg("--service-account-issuer=https://kubernetes.default.svc");
    let files = [
        ("cert-dir", "certificates"),
        ("token-auth-file", "tokens.csv"),
        ("service-account-key-file", "service-accounts.pem"),
        ("service-account-signing-key-file", "service-accounts.key"),
    ];
    command.args(files.map(|(flag, name)| format!("--{flag}={}", place(name).display())));
    Ok(command)
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
           cluster: {{server: 'https://{ADDRESS}:6443', certificate-authority: certificates/apiserver.crt}}\n"
    )
}
