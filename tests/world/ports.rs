//! Ports that nobody else takes meanwhile.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the kernel's own range, so that no outgoing connection takes one between our look and its use.
const FIRST: u16 = 12_000;
/// Other test runs on this machine begin elsewhere, by their process id.
const RUNS: u32 = 16;
/// More than a run ever wants, so that none is given twice: a trial may leave its own alone for a while.
const PORTS_A_RUN: u16 = 1024;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// Two processes of one run may share a range; their first ports are far apart then.
const STRIDE: u32 = 61;

/// A loopback address that is free for TCP and UDP; each call gives another.
pub(crate) fn free_address() -> SocketAddr {
    let id = std::process::id();
    let fits = |number: u32| u16::try_from(number).expect("fits");
    let run = fits(id % RUNS);
    let first = fits((id / RUNS).wrapping_mul(STRIDE) % u32::from(PORTS_A_RUN));
    loop {
        let nth = first + TAKEN.fetch_add(1, Ordering::Relaxed) % PORTS_A_RUN;
        let port = FIRST + run * PORTS_A_RUN + nth % PORTS_A_RUN;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}
