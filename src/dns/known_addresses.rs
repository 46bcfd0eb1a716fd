//! Addresses of which it is known without a question whose they are.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// What a pod knows of addresses by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownAddresses {
    /// Those of this pod.
    pub own: BTreeSet<IpAddr>,
    /// Cluster IPs of Services of the pod's namespace, which the kubelet writes into each container
    /// (`…_SERVICE_HOST`).
    pub cluster_ips: BTreeSet<IpAddr>,
}
