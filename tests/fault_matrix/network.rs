//! The addresses of this test's own network namespace.
//!
//! Must never be called outside of one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::ports::free_address;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// Makes loopback work in a new namespace.
pub(crate) fn begin() -> Result<(), String> {
    try_ip(&["link", "set", "lo", "up"])
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
    ip(&["address", "delete", &format!("{address}/32"), "dev", "lo"]);
}

/// Gives it back.
pub(crate) fn give_back(address: IpAddr) {
    ip(&["address", "add", &format!("{address}/32"), "dev", "lo"]);
}

fn ip(arguments: &[&str]) {
    try_ip(arguments).unwrap_or_else(|error| panic!("{error}"));
}

fn try_ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| format!("ip (iproute2) cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}
