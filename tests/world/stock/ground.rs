//! What the trials stand on: the program, and loopback addresses that no other test of this project uses.
//!
//! There are two grounds, so that two trials can run at once, each in a process of its own. Never
//! shared: whoever has one keeps everybody else off it, other checkouts included. The demonstration
//! (`examples/stock_eureka/`) stands on a third, and whatever needs more in a network namespace of its own.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::world::namespace::{ip, unshare, unshare_for};

/// The second part of the pods' addresses on each ground.
const GROUNDS: [u8; 2] = [10, 11];
/// Between two looks for a free ground.
const POLL: Duration = Duration::from_millis(100);

/// Pods with addresses of IPv6 in a namespace; loopback has only one.
const IPV6_PODS: u8 = 3;

/// The ground of this process.
static TAKEN: OnceLock<Ground> = OnceLock::new();

#[derive(Clone, Copy, Debug)]
struct Ground {
    number: u8,
    has_ipv6: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Shared,
    /// A network namespace, for pods that have the machine's own ports.
    Namespace,
    /// The same, where pods have addresses of IPv6.
    Ipv6Namespace,
}

impl Kind {
    /// What this machine lacks for it.
    pub(crate) fn missing(self) -> Option<&'static str> {
        if self == Self::Shared {
            return None;
        }
        let tried = unshare_for(&["--net"], &["ip", "link"]);
        tried.is_none().then_some("unshare --net, or ip in it")
    }

    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::Shared => Command::new(program),
            Self::Namespace | Self::Ipv6Namespace => {
                let mut command = unshare(&["--net"]);
                command.arg(program);
                command
            }
        }
    }
}

/// Has this process stand on ground that no trial uses.
pub(crate) fn stand_on(number: u8) {
    TAKEN.set(Ground { number, has_ipv6: false }).expect("a process stands on one ground");
}

/// Waits until there is ground for this process and takes it, until the file is closed.
pub(crate) fn take(kind: Kind) -> Option<File> {
    let (number, lock) = match kind {
        Kind::Shared => {
            let (ground, lock) = take_one();
            (ground, Some(lock))
        }
        Kind::Namespace | Kind::Ipv6Namespace => {
            furnish_namespace();
            (GROUNDS[0], None)
        }
    };
    let ground = Ground { number, has_ipv6: kind == Kind::Ipv6Namespace };
    TAKEN.set(ground).expect("a process runs one trial");
    lock
}

pub(crate) fn pod(ordinal: u8) -> IpAddr {
    let ground = taken();
    if ground.has_ipv6 {
        return ipv6_pod(ordinal).into();
    }
    Ipv4Addr::new(127, ground.number, 0, ordinal + 1).into()
}

/// What stands for a pod's own 127.0.0.1.
pub(crate) fn loopback(ordinal: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, taken().number, 1, ordinal + 1)
}

fn ipv6_pod(ordinal: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(ordinal) + 1)
}

fn furnish_namespace() {
    let furnish = |arguments: &[&str]| ip(arguments).unwrap_or_else(|error| panic!("{error}"));
    furnish(&["link", "set", "lo", "up"]);
    for ordinal in 0..IPV6_PODS {
        furnish(&["address", "add", &format!("{}/128", ipv6_pod(ordinal)), "dev", "lo", "nodad"]);
    }
}

fn taken() -> Ground {
    *TAKEN.get().expect("a trial takes its ground before it begins")
}

fn take_one() -> (u8, File) {
    loop {
        for ground in GROUNDS {
            let lock = lock_of(ground);
            if lock.try_lock().is_ok() {
                return (ground, lock);
            }
        }
        thread::sleep(POLL);
    }
}

fn lock_of(ground: u8) -> File {
    let file = std::env::temp_dir().join(format!("eureka-peers-stock-trials-{ground}.lock"));
    File::create(file).expect("there is a directory for temporary files")
}
