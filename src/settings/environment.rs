//! What this machine says of us: environment, resolv.conf, hosts file, host name, interfaces.
//!
//! A value that is observed once and passed in, so that reading settings is a function. Of the
//! environment only our own variables and the downward API's are kept, because the rest may be secret.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::Path;

use crate::model::{DnsName, ResolvConf};
use crate::small_file;

use super::hosts;
use super::table::VARIABLE_PREFIX;

/// Variables of the downward API, under the names that the documentation gives them; the last is set
/// by the kubelet in every container.
const OTHER_VARIABLES: [&str; 5] = ["POD_NAME", "POD_IP", "POD_IPS", "POD_NAMESPACE", KUBERNETES];
const KUBERNETES: &str = "KUBERNETES_SERVICE_HOST";
const SERVICE_HOST: &str = "_SERVICE_HOST";
const HOSTS: &str = "/etc/hosts";
/// Bytes of such a file that are looked at. Of resolv.conf glibc itself takes no more than six search
/// entries, and the kubelet's own lines of the hosts file come first.
const FILE_MAX: usize = ResolvConf::LENGTH_MAX;

/// Everything that defaults depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `EUREKA_PEERS_*`, `POD_*`, and whether this is a pod.
    pub variables: BTreeMap<String, OsString>,
    /// Entries of resolv.conf's search list.
    pub search: Vec<String>,
    /// Addresses and full names that the kubelet wrote into the hosts file of a pod.
    pub managed_hosts: Vec<(IpAddr, DnsName)>,
    /// `uname -n`.
    pub host_name: Option<String>,
    /// Addresses of the interfaces, loopback and link-local ones left out.
    pub interface_addresses: Vec<IpAddr>,
    /// Whether the log (standard error) goes to a terminal.
    pub is_terminal: bool,
    /// Where it is looked whether a path leads anywhere.
    pub files: Files,
}

/// What a path may lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// Nothing: there are no files.
    #[default]
    None,
    /// The files of this machine, as they are when a path is read.
    OfThisMachine,
}

impl Files {
    /// Whether anything is there. Asked of odd paths only, because an answer may take as long as a disk does.
    pub(super) fn has(self, path: &str) -> bool {
        match self {
            Self::None => false,
            Self::OfThisMachine => Path::new(path).exists(),
        }
    }
}

impl Environment {
    /// Looks around. What cannot be read is missing, and the reader that needs it says so.
    pub fn observe() -> Self {
        Self {
            variables: ours(std::env::vars_os()),
            search: ResolvConf(&beginning_of(ResolvConf::PATH)).search_list(),
            managed_hosts: hosts::entries(&beginning_of(HOSTS)),
            host_name: rustix::system::uname().nodename().to_str().ok().map(str::to_owned),
            interface_addresses: interface_addresses(),
            is_terminal: std::io::stderr().is_terminal(),
            files: Files::OfThisMachine,
        }
    }

    /// A variable that is set to something; an empty one counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Whether a kubelet started us.
    pub(super) fn is_pod(&self) -> bool {
        self.variable(KUBERNETES).is_some()
    }

    /// Namespace and cluster domain as the kubelet writes them: the search list begins with
    /// `NS.svc.DOMAIN` (`dns.go`, `generateSearchesForDNSClusterFirst`).
    pub(super) fn namespace_and_domain(&self) -> Option<(&str, &str)> {
        self.search.iter().find_map(|entry| {
            let (namespace, rest) = entry.trim_end_matches('.').split_once('.')?;
            let domain = rest.strip_prefix("svc.")?;
            (!namespace.is_empty() && !domain.is_empty()).then_some((namespace, domain))
        })
    }
}

fn ours(variables: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<String, OsString> {
    let named = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named
        .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX) || OTHER_VARIABLES.contains(&name.as_str()))
        .collect()
}

/// Cluster IPs of the namespace's Services, as the kubelet writes them into every container: the values of
/// `…_SERVICE_HOST` (`envvars.FromServices`). No setting: nobody but the kubelet says them.
pub fn cluster_ips() -> BTreeSet<IpAddr> {
    cluster_ips_in(std::env::vars_os())
}

fn cluster_ips_in(variables: impl Iterator<Item = (OsString, OsString)>) -> BTreeSet<IpAddr> {
    let hosts = variables.filter(|(name, _)| name.to_str().is_some_and(|name| name.ends_with(SERVICE_HOST)));
    hosts.filter_map(|(_, value)| value.to_str()?.parse().ok()).collect()
}

fn beginning_of(path: &str) -> String {
    // Half a file is read as its first lines, and a missing one as an empty one.
    let bytes = small_file::read_beginning(Path::new(path), FILE_MAX).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn interface_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let of_a_pod =
        interfaces.iter().filter(|interface| !interface.is_loopback() && !interface.is_link_local());
    of_a_pod.map(if_addrs::Interface::ip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_search(entries: &[&str]) -> Environment {
        Environment { search: entries.iter().map(ToString::to_string).collect(), ..Environment::default() }
    }

    #[test]
    fn the_kubelets_search_list_tells_the_namespace() {
        let kubelet =
            with_search(&["ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org"]);
        assert_eq!(kubelet.namespace_and_domain(), Some(("ns", "cluster.local")));
        let dotted = with_search(&["ns.svc.k8s.example.org."]);
        assert_eq!(dotted.namespace_and_domain(), Some(("ns", "k8s.example.org")));
        assert_eq!(with_search(&["example.org", "svc.cluster.local"]).namespace_and_domain(), None);
        assert_eq!(with_search(&[]).namespace_and_domain(), None);
    }

    #[test]
    fn of_the_environment_only_our_own_is_kept() {
        let variables = [("POD_NAME", "eureka-0"), ("EUREKA_PEERS_ZONE", "a"), ("DB_PASSWORD", "s3cret")];
        let kept = ours(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["EUREKA_PEERS_ZONE", "POD_NAME"]);
    }

    #[test]
    fn the_kubelet_tells_cluster_ips() {
        let variables = [
            ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
            ("EUREKA_SERVICE_HOST", "fd00::7"),
            ("EUREKA_SERVICE_PORT", "8761"),
            ("EUREKA_PORT_8761_TCP_ADDR", "10.96.77.3"),
            ("DB_SERVICE_HOST", "db.example.com"),
        ];
        let found = cluster_ips_in(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        let expected: BTreeSet<IpAddr> = ["10.96.0.1", "fd00::7"].map(|text| text.parse().unwrap()).into();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let variables = [("POD_NAME".to_owned(), OsString::new())].into();
        let environment = Environment { variables, ..Environment::default() };
        assert_eq!(environment.variable("POD_NAME"), None);
        assert!(!environment.is_pod());
    }

    #[test]
    fn looking_around_leaves_loopback_out() {
        let environment = Environment::observe();
        assert!(environment.host_name.is_some_and(|name| !name.is_empty()));
        assert!(environment.interface_addresses.iter().all(|address| !address.is_loopback()));
    }
}
