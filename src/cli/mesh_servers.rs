//! Whom `mesh` asks, and where they are found.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::dns::HickoryLookup;
use crate::eureka::{EurekaServer, Reading};
use crate::model::{DnsName, Host, PeerSet, ServiceUrl};
use crate::reconcile::{ConditionKind, Own, Role};
use crate::settings::{Loaded, Settings};

use super::asking::ask_once;
use super::next_step::in_words;
use super::published_list::published_list;
use super::terminal::say;

/// Addresses by name.
pub(super) type Addresses = BTreeMap<DnsName, BTreeSet<IpAddr>>;

/// Names that are looked up at once; DNS is somebody's.
const AT_ONCE: usize = 32;
/// Names of lists that are looked up: those of one large list.
const NAMES_MAX: usize = 512;
/// For so long names of lists are looked up: what DNS does not say by then is not known.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every server that DNS and the settings know, self included as DNS has it: its port may be SRV's. Where a Service
/// has no records, those of the published list as well: that is when somebody wants to know.
pub(super) async fn servers_of(loaded: &Loaded, lookup: &HickoryLookup) -> PeerSet {
    let settings = &loaded.settings;
    let mut of_client = settings.clone();
    of_client.policy.role = Role::Client;
    let status = ask_once(&of_client, lookup).await;
    // No state is saved here; what keeps records away is said all the same.
    for condition in status.conditions.iter().filter(|it| it.kind() != ConditionKind::NothingKnown) {
        say(in_words(&condition.situation, &loaded.provenance));
    }
    let has_all = status.services.iter().all(|service| service.records_at.is_some());
    let peers = status.services.into_iter().flat_map(|service| service.kept);
    let mut servers: PeerSet = peers.chain(settings.policy.static_peers.iter().cloned()).collect();
    if !has_all && let Some(published) = published_list(settings).await {
        let origin = published.origin;
        say(format_args!(
            "not all servers are known from DNS; those of the published list are asked too ({origin})"
        ));
        servers.extend(published.servers);
    }
    servers
}

/// What DNS says of these names, as far as it does so in time; each is completed by `search` as a resolver does.
pub(super) async fn addresses_of(
    names: BTreeSet<DnsName>,
    search: &[String],
    lookup: &Rc<HickoryLookup>,
) -> Addresses {
    let (deadline, mut asking, mut known) = (Instant::now() + PATIENCE, JoinSet::new(), Addresses::new());
    let mut names = names.into_iter().take(NAMES_MAX);
    loop {
        while asking.len() < AT_ONCE
            && let Some(name) = names.next()
        {
            let (lookup, candidates) = (Rc::clone(lookup), candidates(&name, search));
            asking.spawn_local(async move { (name, first_known(&candidates, &lookup).await) });
        }
        match timeout_at(deadline, asking.join_next()).await {
            Ok(Some(Ok((name, addresses)))) => drop(known.insert(name, addresses)),
            Ok(Some(Err(_)) | None) | Err(_) => return known,
        }
    }
}

/// The names that this one may be short for, and itself. Which comes first decides only where both exist: one with
/// the five dots of a pod's full name is tried as it is (`ndots:5`, which the kubelet writes).
fn candidates(name: &DnsName, search: &[String]) -> Vec<DnsName> {
    let completed = search.iter().filter_map(|domain| format!("{name}.{domain}").parse().ok());
    let itself = std::iter::once(name.clone());
    if name.labels().count() > 5 {
        itself.chain(completed).collect()
    } else {
        completed.chain(itself).collect()
    }
}

async fn first_known(candidates: &[DnsName], lookup: &HickoryLookup) -> BTreeSet<IpAddr> {
    for name in candidates {
        let addresses = lookup.addresses_of(name).await;
        if !addresses.is_empty() {
            return addresses;
        }
    }
    BTreeSet::new()
}

/// The names among the hosts of these URLs.
pub(super) fn names_in<'a>(urls: impl IntoIterator<Item = &'a ServiceUrl>) -> BTreeSet<DnsName> {
    let name_of = |url: &ServiceUrl| match url.host() {
        Host::Name(name) => Some(name.clone()),
        Host::Address(_) => None,
    };
    urls.into_iter().filter_map(name_of).collect()
}

/// Each server with the address at which it is asked. Ours is found where DNS does not say: beside us.
pub(super) fn found(
    servers: PeerSet,
    addresses: &Addresses,
    settings: &Settings,
) -> Vec<(ServiceUrl, EurekaServer)> {
    let reading = Reading::default();
    let own = settings.policy.own();
    let at = |url: ServiceUrl| {
        let server = EurekaServer::of_mesh(&url, &settings.server, reading.clone());
        let in_dns = match url.host() {
            Host::Name(name) => addresses.get(name).into_iter().flatten().next(),
            Host::Address(_) => None,
        };
        // On whichever port its own record has.
        let is_ours = |own: &&Own| own.url.host() == url.host();
        let ours = own.filter(is_ours).and_then(|own| own.identity.addresses.first());
        match in_dns.or(ours) {
            Some(address) => (url, server.at(*address)),
            None => (url, server),
        }
    };
    servers.into_iter().map(at).collect()
}
