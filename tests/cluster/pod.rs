//! One pod, as the API server describes it; and its sidecar, asked directly.

use std::net::{IpAddr, SocketAddr};

use serde_yaml::Value;

use crate::rendered::{Container, at, items, text};
use crate::view::View;

/// Where the sidecar listens in a pod of its own.
const SIDECAR_PORT: u16 = 9761;
/// The sidecar's container.
pub(crate) const SIDECAR: &str = "eureka-peers";

/// A pod of the servers.
#[derive(Clone, Debug)]
pub(crate) struct Pod(pub(crate) Value);

impl Pod {
    pub(crate) fn name(&self) -> &str {
        text(&self.0, &["metadata", "name"])
    }

    pub(crate) fn uid(&self) -> &str {
        text(&self.0, &["metadata", "uid"])
    }

    /// Of the template that it was made from.
    pub(crate) fn revision(&self) -> &str {
        let labels = ["controller-revision-hash", "pod-template-hash"];
        labels
            .map(|label| text(&self.0, &["metadata", "labels", label]))
            .into_iter()
            .find(|it| !it.is_empty())
            .unwrap_or("")
    }

    pub(crate) fn is_going(&self) -> bool {
        at(&self.0, &["metadata", "deletionTimestamp"]).is_some()
    }

    pub(crate) fn is_ready(&self) -> bool {
        let ready =
            |it: &&Value| it["type"].as_str() == Some("Ready") && it["status"].as_str() == Some("True");
        items(&self.0, &["status", "conditions"]).iter().any(|condition| ready(&condition))
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        text(&self.0, &["status", "podIP"]).parse().ok()
    }

    pub(crate) fn server_port(&self) -> u16 {
        let mut servers = items(&self.0, &["spec", "containers"]).iter().map(Container);
        servers.find_map(Container::port).expect("the server's container names its port")
    }

    /// The status of the sidecar's container.
    pub(crate) fn sidecar(&self) -> Option<&Value> {
        let all = items(&self.0, &["status", "initContainerStatuses"]).iter();
        all.into_iter().find(|status| status["name"].as_str() == Some(SIDECAR))
    }

    /// Whether the sidecar runs and its startup probe has not succeeded.
    pub(crate) fn waits(&self) -> bool {
        let Some(sidecar) = self.sidecar() else { return false };
        sidecar["started"].as_bool() == Some(false) && at(sidecar, &["state", "running"]).is_some()
    }

    /// Whether its startup probe has succeeded since its start.
    pub(crate) fn sidecar_is_started(&self) -> bool {
        self.sidecar().is_some_and(|sidecar| sidecar["started"].as_bool() == Some(true))
    }

    /// Its `/startupz`, asked as the kubelet does.
    pub(crate) fn startupz(&self) -> Result<(), String> {
        let address = self.address().ok_or("no address")?;
        View(SocketAddr::new(address, SIDECAR_PORT)).ask("/startupz")?.ok().map(drop)
    }

    /// How often the kubelet has started it again.
    pub(crate) fn sidecar_restarts(&self) -> u64 {
        self.sidecar().and_then(|sidecar| sidecar["restartCount"].as_u64()).unwrap_or_default()
    }

    /// Whether the server's container has ever been started.
    pub(crate) fn server_was_started(&self) -> bool {
        let all = items(&self.0, &["status", "containerStatuses"]).iter();
        all.into_iter().any(|status| {
            at(status, &["state", "waiting"]).is_none() || at(status, &["lastState", "terminated"]).is_some()
        })
    }

    /// What the sidecar's last life has left for `kubectl describe`.
    pub(crate) fn last_words(&self) -> Option<&str> {
        at(self.sidecar()?, &["lastState", "terminated", "message"])?.as_str()
    }

    /// In a line.
    pub(crate) fn brief(&self) -> String {
        let sidecar = self.sidecar().map(|it| format!("started {:?}", it["started"].as_bool()));
        format!("{} {} {}", self.name(), text(&self.0, &["status", "phase"]), sidecar.unwrap_or_default())
    }
}
