//! Where a pod runs: a loopback address instead of a network of its own, a directory instead of a
//! root of its own. Nothing but what stands in for those two is changed of what a manifest says.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::environment::Facts;
use crate::rendered::{Container, Pod, items, text};

/// One pod's place on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The pod's name.
    pub(crate) name: String,
    /// Its address, and its loopback.
    pub(crate) address: Ipv4Addr,
    directory: PathBuf,
}

impl Place {
    /// An empty place below `directory`.
    pub(crate) fn new(name: &str, address: Ipv4Addr, directory: &Path) -> Self {
        let directory = directory.join(name);
        // A pod's volumes begin empty.
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(&directory).expect("the target directory can be written");
        Self { name: name.to_owned(), address, directory }
    }

    /// A file beside the volumes.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// One of its ports.
    pub(crate) fn socket(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    /// Makes the pod's volumes: empty directories, and Secrets and `ConfigMap`s with their values in them.
    pub(crate) fn make_volumes(&self, pod: Pod<'_>, facts: &Facts) {
        for volume in items(pod.0, &["volumes"]) {
            let directory = self.volume(text(volume, &["name"]));
            fs::create_dir_all(&directory).expect("the target directory can be written");
            let secret = text(volume, &["secret", "secretName"]);
            let secret = facts.secrets.iter().filter(|((name, _), _)| name == secret);
            let map = text(volume, &["configMap", "name"]);
            let map = facts.config_maps.iter().filter(|((name, _), _)| name == map);
            for ((_, key), value) in secret.chain(map) {
                fs::write(directory.join(key), value).expect("the target directory can be written");
            }
        }
    }

    /// A volume's directory.
    pub(crate) fn volume(&self, name: &str) -> PathBuf {
        self.file(&format!("volume-{name}"))
    }

    /// The directory that a container finds at `path`.
    pub(crate) fn mounted(&self, container: Container<'_>, path: &str) -> Option<PathBuf> {
        let mount = container.mounts().iter().find(|mount| text(mount, &["mountPath"]) == path);
        let volume = self.volume(text(mount?, &["name"]));
        Some(volume.join(text(mount?, &["subPath"])))
    }

    /// A value as it must be here: paths of mounts are directories, the loopback is the pod's.
    pub(crate) fn here(&self, container: Container<'_>, value: &str) -> String {
        let mut here = String::new();
        let mut rest = value;
        // Once from left to right: what has been put in is not looked at again.
        while let Some(first) = rest.chars().next() {
            let paths = container.mounts().iter().map(|mount| text(mount, &["mountPath"]));
            let path = paths.max_by_key(|path| if lies_under(rest, path) { path.len() } else { 0 });
            if let Some(path) = path.filter(|path| lies_under(rest, path)) {
                let there = self.mounted(container, path).expect("the mount was found by its path");
                here += &there.display().to_string();
                rest = &rest[path.len()..];
            } else if let Some(after) = rest.strip_prefix("127.0.0.1") {
                here += &self.address.to_string();
                rest = after;
            } else {
                here.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        here
    }

    /// What keeps pods apart that share a machine: nobody listens on every address.
    pub(crate) fn apart(
        &self,
        container: Container<'_>,
        variables: &mut BTreeMap<String, String>,
        dns: SocketAddr,
    ) {
        let (address, is_ours) = (self.address, container.is_ours());
        let word = |name: &str| variables.get(name).map(String::as_str);
        let is_managed = !is_ours && word("MANAGEMENT_SERVER_PORT").is_some();
        let by_address = word("EUREKA_PEERS_PEER_HOST") == Some("ipv4");
        let server_port = word("EUREKA_PEERS_PORT").unwrap_or("8761");
        let refreshes =
            word("EUREKA_PEERS_ACTUATOR_URL").is_some() && word("EUREKA_PEERS_ROLE") != Some("client");
        let status = format!("http://{address}:{server_port}/eureka/status");
        let apart = [
            (!is_ours, "SERVER_ADDRESS", address.to_string()),
            (is_managed, "MANAGEMENT_SERVER_ADDRESS", address.to_string()),
            (is_ours, "EUREKA_PEERS_LISTEN", format!("{address}:9761")),
            (is_ours, "EUREKA_PEERS_LOCAL_LISTEN", format!("{address}:9762")),
            (is_ours, "EUREKA_PEERS_DNS_SERVER", dns.to_string()),
            (is_ours && by_address, "EUREKA_PEERS_ALLOW_CIDR", "127.0.0.0/8".to_owned()),
            (is_ours && refreshes, "EUREKA_PEERS_STATUS_URL", status),
        ];
        for (_, name, value) in apart.into_iter().filter(|(is_needed, ..)| *is_needed) {
            variables.entry(name.to_owned()).or_insert(value);
        }
    }
}

/// Whether `value` begins with `path`, as a whole path or the beginning of one.
fn lies_under(value: &str, path: &str) -> bool {
    value.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
