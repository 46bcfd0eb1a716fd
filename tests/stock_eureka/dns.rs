//! The cluster's DNS, driven from tests that know nothing of async.
//!
//! Never caches: what is set is answered from the next question on.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::runtime::Runtime;

pub(crate) use crate::dns_server::Mode;
use crate::dns_server::{self, DnsServer};
use crate::pod::{Pod, SERVICE};

/// A DNS server in a thread of its own.
pub(crate) struct Dns {
    server: DnsServer,
    /// Carries the server; ends with it.
    _runtime: Runtime,
    port: u16,
}

impl Dns {
    /// Starts it; the Service's port is called `http` and has the number `port`.
    pub(crate) fn start(port: u16) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().expect("a thread can be started");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = runtime.block_on(DnsServer::start(address)).expect("a port is free");
        Self { server, _runtime: runtime, port }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The pods behind the Service from now on.
    pub(crate) fn set<'a>(&self, pods: impl IntoIterator<Item = &'a Pod>) {
        let pods = pods.into_iter().map(|pod| dns_server::Pod::new(pod.name(), pod.address(), self.port));
        self.server.set_pods(SERVICE, "http", pods);
    }

    /// How questions are answered from now on.
    pub(crate) fn set_mode(&self, mode: Mode) {
        self.server.set_mode(mode);
    }
}
