//! The cluster's DNS, as the pods of stock servers are in it.
//!
//! Never caches: what is set is answered from the next question on.

use std::net::{Ipv4Addr, SocketAddr};

use super::pod::{Pod, SERVICE};
use crate::world::dns_server::{self, DnsThread, Mode};

/// A DNS server in a thread of its own.
pub(crate) struct Dns {
    server: DnsThread,
    port: u16,
}

impl Dns {
    /// Starts it; the Service's port is called `http` and has the number `port`.
    pub(crate) fn start(port: u16) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { server: DnsThread::start(address).expect("a port is free"), port }
    }

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
