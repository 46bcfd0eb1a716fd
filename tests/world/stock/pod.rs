//! One "pod" on this machine: a name, a loopback address of its own, a volume, two containers.
//!
//! Never reaches another pod's files.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::environment::Variables;
use super::ground;
use crate::world::secret;

/// The headless Service in front of every pod.
pub(crate) const SERVICE: &str = "eureka.test.svc.cluster.local";
pub(crate) const NAMESPACE: &str = "test";
/// Names are known for this many pods; no scenario has more.
pub(crate) const PODS_MAX: u8 = 40;

/// What the URLs in the list contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerHost {
    Names,
    Addresses,
}

impl PeerHost {
    /// The end of a trial's name, and of the names of environment files.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Addresses => "addresses",
        }
    }
}

/// One pod, with or without containers in it.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) ordinal: u8,
    directory: PathBuf,
}

impl Pod {
    /// The pod with this ordinal, its files under `directory`.
    pub(crate) fn new(ordinal: u8, directory: PathBuf) -> Self {
        assert!(ordinal < PODS_MAX, "no scenario has {ordinal} pods");
        for part in ["volume", "work", "tmp"] {
            fs::create_dir_all(directory.join(part)).expect("the target directory can be written");
        }
        Self { ordinal, directory }
    }

    pub(crate) fn name(&self) -> String {
        name_of(self.ordinal)
    }

    pub(crate) fn address(&self) -> IpAddr {
        ground::pod(self.ordinal)
    }

    /// What stands for its own 127.0.0.1. Never its address: a server takes every URL with its own
    /// host for itself, whatever the port, and with it the sink.
    pub(crate) fn loopback(&self, port: u16) -> SocketAddr {
        SocketAddr::from((ground::loopback(self.ordinal), port))
    }

    pub(crate) fn socket(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address(), port)
    }

    /// The volume that both containers see.
    pub(crate) fn volume(&self) -> PathBuf {
        self.directory.join("volume")
    }

    /// The server's working directory: empty, since Spring reads settings there.
    pub(crate) fn work(&self) -> PathBuf {
        self.directory.join("work")
    }

    /// The server's `/tmp`.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The tests' secret, for servers that ask for none: it has to be in nobody's mouth all the same.
    pub(crate) fn password_file(&self) -> PathBuf {
        let file = secret::password_file(&self.directory);
        if !file.exists() {
            secret::place(&self.directory);
        }
        file
    }

    pub(crate) fn downward(&self) -> Variables {
        let variables = [
            ("POD_NAME", self.name()),
            ("POD_NAMESPACE", NAMESPACE.to_owned()),
            ("POD_IP", self.address().to_string()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// What stands for its host in URLs.
    pub(crate) fn host(&self, peer_host: PeerHost) -> String {
        match peer_host {
            PeerHost::Names => full_name_of(self.ordinal),
            PeerHost::Addresses => match self.address() {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            },
        }
    }

    /// A hosts file for its JVM: every pod by name, and the machine.
    pub(crate) fn hosts(&self) -> String {
        let pods =
            (0..PODS_MAX).map(|ordinal| format!("{} {}\n", ground::pod(ordinal), full_name_of(ordinal)));
        pods.chain([machine_as_pod(&self.name(), self.address())]).collect()
    }
}

/// What a pod's JVM knows of this machine: its addresses have a name of the pod's own, from which Spring
/// makes default instance ids, and its name is the pod.
pub(crate) fn machine_as_pod(name: &str, address: IpAddr) -> String {
    let interfaces = if_addrs::get_if_addrs().expect("a machine can list its interfaces");
    let outer = interfaces.iter().filter(|interface| !interface.is_loopback());
    let outer = outer.map(|interface| format!("{} machine-of-{name}\n", interface.ip()));
    let host_name = rustix::system::uname();
    let own = format!("127.0.0.1 localhost\n{address} {}\n", host_name.nodename().to_string_lossy());
    outer.chain([own]).collect()
}

fn name_of(ordinal: u8) -> String {
    format!("eureka-{ordinal}")
}

fn full_name_of(ordinal: u8) -> String {
    format!("{}.{SERVICE}", name_of(ordinal))
}
