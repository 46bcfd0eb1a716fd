//! The addresses of this test's own network namespace.
//!
//! Must never be called outside of one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::namespace::ip;
use crate::ports::free_address;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// Makes loopback work in a new namespace.
pub(crate) fn begin() -> Result<(), String> {
    ip(&["link", "set", "lo", "up"])
}

/// An address that can be taken away while a server listens there.
pub(crate) fn address() -> SocketAddr {
    let [high, low] = TAKEN.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let address = IpAddr::from(Ipv4Addr::new(10, 77, high, low));
    give_back(address);
    SocketAddr::new(address, free_address().port())
}

/// Takes an address away: nothing leads there any more.
pub(crate) fn take_away(address: IpAddr) {
    change("delete", address);
}

/// Gives it back.
pub(crate) fn give_back(address: IpAddr) {
    change("add", address);
}

fn change(what: &str, address: IpAddr) {
    ip(&["address", what, &format!("{address}/32"), "dev", "lo"]).unwrap_or_else(|error| panic!("{error}"));
}
