//! kube-apiserver and its etcd on a loopback address of their own, spoken to by kubectl.

use crate::control_plane::{ControlPlane, READY_WITHIN};
use crate::rendered::{Object, write};
use crate::tool::{scratch, target};
use crate::wait;

/// An address that no other test of this project uses.
const ADDRESS: &str = "127.0.23.1";
/// The Service `kubernetes` cannot lead to a loopback address.
const FLAGS: [&str; 2] = ["--endpoint-reconciler-type=none", "--authorization-mode=RBAC"];

/// A running server; ends with it.
pub(crate) struct Server(ControlPlane);

impl Server {
    /// Starts both, and waits until the server is ready.
    pub(crate) fn start() -> Result<Self, String> {
        ControlPlane::start(scratch("api-server"), ADDRESS, &FLAGS).map(Self)
    }

    /// A namespace at this level of Pod Security, with the service account that a controller would make.
    pub(crate) fn make_namespace(&self, name: &str, level: &str) -> Result<(), String> {
        self.0.kubectl(&["create", "namespace", name])?;
        let labels = ["enforce", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}={level}"));
        self.0.kubectl(&["label", "namespace", name, &labels[0], &labels[1]])?;
        self.0.kubectl(&["--namespace", name, "create", "serviceaccount", "default"]).map(drop)
    }

    /// The Prometheus operator's own definitions.
    pub(crate) fn make_custom_resources(&self) -> Result<(), String> {
        let directory = target().join("tools/custom-resources").display().to_string();
        self.0.kubectl(&["apply", "--server-side", "-f", &directory])?;
        let served = ["podmonitors", "prometheusrules"].map(|kind| format!("{kind}.monitoring.coreos.com"));
        let is_served = |kind: &String| self.0.kubectl(&["get", "--all-namespaces", kind]).map(drop);
        wait::until("custom resources are served", READY_WITHIN, || served.iter().try_for_each(is_served))
            .map(drop)
    }

    /// What an operator would apply, without leaving a trace; what the server has against it, be it
    /// only a warning.
    pub(crate) fn dry_run(&self, name: &str, namespace: &str, objects: &[Object]) -> Result<(), String> {
        let file = self.0.write(&format!("{}.yaml", name.replace('/', "-")), &write(objects))?;
        let apply = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", &file];
        self.0.kubectl(&[&["--warnings-as-errors", "--namespace", namespace], &apply[..]].concat()).map(drop)
    }

    /// Ends both.
    pub(crate) fn stop(self) -> Result<(), String> {
        self.0.stop()
    }
}
