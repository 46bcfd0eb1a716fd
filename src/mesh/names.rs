//! Which of the servers asked an entry of a list stands for, by whatever name it is listed.
//!
//! A list may name a server in full, cut short as a pod's resolver completes it, or by an address. Scheme, port and
//! path must be the same: by another port another process answers. What may stand for several servers stands for
//! none of them: behind a name of all of them a batch reaches any one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{DnsName, Host, Port, ServiceUrl};

use super::{Listed, Row};

/// What is known of hosts beyond their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// What DNS says of a name; none where it says nothing.
    pub addresses: BTreeMap<DnsName, BTreeSet<IpAddr>>,
    /// The search list here, for servers whose own is not known from their name.
    pub search: Vec<String>,
}

/// What a server says of itself; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The id of its own registration.
    pub id: String,
    /// Its host name.
    pub host_name: String,
    /// Its address, as a text.
    pub address: String,
    /// The port that it listens on for plain HTTP.
    pub port: Option<Port>,
}

/// The servers that were asked, by everything that they are known by.
#[derive(Debug)]
pub(super) struct Index<'a> {
    names: &'a Names,
    by_form: BTreeMap<String, Vec<&'a ServiceUrl>>,
    by_address: BTreeMap<IpAddr, Vec<&'a ServiceUrl>>,
    by_own_word: BTreeMap<String, Vec<(&'a ServiceUrl, Option<Port>)>>,
}

impl Names {
    /// The addresses of a host, as far as they are known.
    pub(super) fn addresses_of(&self, host: &Host) -> BTreeSet<IpAddr> {
        match host {
            Host::Address(address) => BTreeSet::from([address.to_canonical()]),
            Host::Name(name) => {
                let known = self.addresses.get(name).into_iter().flatten();
                known.map(IpAddr::to_canonical).collect()
            }
        }
    }

    /// A name as it may be completed where the server `of` runs; an address as it is.
    fn forms(&self, host: &Host, of: &ServiceUrl, row: &Row) -> Vec<String> {
        let mut forms = vec![host.to_string()];
        if let Host::Name(name) = host {
            let of_kubelet = [Some(of.host().to_string()), own_host_name(row)];
            let of_kubelet = of_kubelet.into_iter().flatten().find_map(|name| search_of_pod(&name));
            let search = of_kubelet.unwrap_or_else(|| self.search.clone());
            forms.extend(search.iter().map(|domain| format!("{name}.{}", domain.trim_end_matches('.'))));
        }
        forms
    }

    /// Whether two URLs lead to one server: by one name of two lengths, or by one address that it says is its own or
    /// that one of the URLs has; and the same is said at both. Behind a balancer every URL may lead to any server.
    pub(super) fn are_one(&self, one: (&ServiceUrl, &Row), other: (&ServiceUrl, &Row)) -> bool {
        let (Row::Lists(said), Row::Lists(said_too)) = (one.1, other.1) else { return false };
        if said.told != said_too.told || said.told.id.is_empty() || !differ_by_host_alone(one.0, other.0) {
            return false;
        }
        let forms = |(url, row): (&ServiceUrl, &Row)| self.forms(url.host(), url, row);
        let others_forms = forms(other);
        if forms(one).iter().any(|form| others_forms.contains(form)) {
            return true;
        }
        let [ones, others] = [one, other].map(|(url, _)| self.addresses_of(url.host()));
        let is_literal = [one.0, other.0].into_iter().any(|url| matches!(url.host(), Host::Address(_)));
        may_be_one_host(&ones)
            && may_be_one_host(&others)
            && ones.intersection(&others).any(|it| is_literal || said.told.address == it.to_string())
    }
}

/// The search list of the pod with this name in a Service (`dns.go`, `generateSearchesForDNSClusterFirst`).
fn search_of_pod(name: &str) -> Option<Vec<String>> {
    let (before, domain) = name.split_once(".svc.")?;
    let (_, namespace) = before.rsplit_once('.')?;
    Some(vec![format!("{namespace}.svc.{domain}"), format!("svc.{domain}"), domain.to_owned()])
}

fn own_host_name(row: &Row) -> Option<String> {
    match row {
        Row::Lists(listed) => Some(listed.told.host_name.clone()),
        Row::Silent(_) => None,
    }
}

/// Loopback is another machine for every server.
pub(super) fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Address(address) => address.is_loopback(),
        Host::Name(name) => name.as_str() == "localhost",
    }
}

/// The defaults of images and of Eureka. Other addresses of loopback are given by hand, to servers of one machine.
fn is_own_machine(host: &Host) -> bool {
    match host {
        Host::Address(address) => {
            [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].contains(address)
        }
        Host::Name(_) => is_loopback(host),
    }
}

/// Two addresses of one family are those of several hosts, or of a balancer.
fn may_be_one_host(addresses: &BTreeSet<IpAddr>) -> bool {
    let of_ipv4 = addresses.iter().filter(|address| address.is_ipv4()).count();
    of_ipv4 <= 1 && addresses.len() - of_ipv4 <= 1
}

/// Whether two URLs differ in nothing but the host.
fn differ_by_host_alone(one: &ServiceUrl, other: &ServiceUrl) -> bool {
    one.scheme() == other.scheme() && one.port() == other.port() && one.path() == other.path()
}

/// The only one, where there is only one.
fn only<'a>(mut found: impl Iterator<Item = &'a ServiceUrl>) -> Option<&'a ServiceUrl> {
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

impl<'a> Index<'a> {
    /// Of `rows`, of which some are `doubles` of others: they count as those, by their own names too.
    pub(super) fn of(
        rows: &'a BTreeMap<ServiceUrl, Row>,
        doubles: &'a BTreeMap<ServiceUrl, ServiceUrl>,
        names: &'a Names,
    ) -> Self {
        let mut index = Self {
            names,
            by_form: BTreeMap::new(),
            by_address: BTreeMap::new(),
            by_own_word: BTreeMap::new(),
        };
        for (asked, row) in rows {
            let server = doubles.get(asked).unwrap_or(asked);
            for form in names.forms(asked.host(), asked, row) {
                index.by_form.entry(form).or_default().push(server);
            }
            for address in names.addresses_of(asked.host()) {
                index.by_address.entry(address).or_default().push(server);
            }
            for (word, port) in own_words(row) {
                index.by_own_word.entry(word).or_default().push((server, port));
            }
        }
        index
    }

    /// The server that `entry` of the list of `from`, which says `row`, stands for.
    pub(super) fn stands_for(
        &self,
        entry: &ServiceUrl,
        from: &ServiceUrl,
        row: &Row,
    ) -> Option<&'a ServiceUrl> {
        if is_own_machine(entry.host()) {
            return None;
        }
        let is_meant = |server: &&ServiceUrl| differ_by_host_alone(server, entry);
        let addresses = self.names.addresses_of(entry.host());
        only(self.by_forms(entry, from, row).filter(is_meant))
            .or_else(|| {
                let there = self.by_addresses(&addresses).filter(is_meant);
                may_be_one_host(&addresses).then(|| only(there)).flatten()
            })
            .or_else(|| self.calls_itself(entry, !addresses.is_empty()))
    }

    fn by_forms(
        &self,
        entry: &ServiceUrl,
        from: &ServiceUrl,
        row: &Row,
    ) -> impl Iterator<Item = &'a ServiceUrl> {
        let forms = self.names.forms(entry.host(), from, row);
        forms.into_iter().filter_map(|form| self.by_form.get(&form)).flatten().copied()
    }

    fn by_addresses(&self, addresses: &BTreeSet<IpAddr>) -> impl Iterator<Item = &'a ServiceUrl> {
        addresses.iter().filter_map(|address| self.by_address.get(address)).flatten().copied()
    }

    /// The server that says of itself what `entry` says, port and path included: it may have been asked through a
    /// port that was forwarded. Only where DNS does not know better.
    fn calls_itself(&self, entry: &ServiceUrl, has_addresses: bool) -> Option<&'a ServiceUrl> {
        let does_dns_know = |server: &ServiceUrl| {
            has_addresses && !is_loopback(server.host()) && !self.names.addresses_of(server.host()).is_empty()
        };
        let word = match entry.host() {
            Host::Name(name) => name.to_string(),
            Host::Address(address) => address.to_string(),
        };
        let found = self.by_own_word.get(&word).into_iter().flatten();
        let found = found.filter(|(server, port)| {
            *port == Some(entry.port()) && server.path() == entry.path() && !does_dns_know(server)
        });
        only(found.map(|(server, _)| *server))
    }

    /// The servers on whose host `entry` is, whatever its scheme, port and path.
    pub(super) fn on_host_of(
        &self,
        entry: &ServiceUrl,
        from: &ServiceUrl,
        row: &Row,
    ) -> BTreeSet<&'a ServiceUrl> {
        let addresses = self.names.addresses_of(entry.host());
        self.by_forms(entry, from, row).chain(self.by_addresses(&addresses)).collect()
    }
}

/// Host name and address as a server says them, and the port with them.
fn own_words(row: &Row) -> BTreeSet<(String, Option<Port>)> {
    let Row::Lists(Listed { told, .. }) = row else { return BTreeSet::new() };
    let words = [&told.host_name, &told.address].into_iter().filter(|word| !word.is_empty());
    words.map(|word| (word.to_ascii_lowercase(), told.port)).collect()
}
