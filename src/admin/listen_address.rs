//! Where the two listeners listen, as the operator says it.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};

use crate::model::Port;

/// The two addresses that we listen on; they do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddresses {
    /// Probes, metrics, status.
    pub public: ListenAddress,
    /// Sink and overrides; a loopback address.
    pub local: SocketAddr,
}

/// Where probes, metrics and status are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// On every address of the host: `[::]`, or `0.0.0.0` where it has no IPv6. The default, with 9761.
    Any(Port),
    /// On this address alone, as the operator says.
    Exactly(SocketAddr),
}

impl ListenAddress {
    /// What to bind; binding `[::]` falls back to `0.0.0.0` where the host has no IPv6.
    pub fn preferred(self) -> SocketAddr {
        match self {
            Self::Any(port) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, port.get())),
            Self::Exactly(address) => address,
        }
    }

    /// Whether the system takes this and `other` for one address.
    pub fn meets(self, other: SocketAddr) -> bool {
        let ours = self.preferred();
        ours.port() == other.port() && (ours.ip().is_unspecified() || ours.ip() == other.ip())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.preferred().fmt(f)
    }
}
