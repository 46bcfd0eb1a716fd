//! `mesh`: asks every server for its peers, and prints who does not know whom.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use tokio::task::LocalSet;

use crate::eureka::{MeshReply, ask_all};
use crate::mesh::{Listed, Mesh, Names, Row, Told};
use crate::model::{Host, Moment, PeerSet, ServerFault, ServiceUrl, WallClock};
use crate::settings::Loaded;
use crate::wording::mesh_fault;

use super::mesh_servers::{addresses_of, found, names_in, servers_of};
use super::outside::lookup;
use super::sources::{Sources, warn};
use super::terminal::{Audience, colour, print, put, say};
use super::{ExitStatus, MeshFormat};

/// Between two looks with `--watch`: a change takes a second to arrive.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// What is to be looked at.
struct Wanted<'a> {
    loaded: &'a Loaded,
    /// The servers to ask; empty means those in DNS.
    given: PeerSet,
    /// How names are completed here.
    search: &'a [String],
}

/// Asks once, or for ever with `watch`; an incomplete mesh has an exit code of its own.
pub(super) fn mesh(sources: &Sources, urls: Vec<ServiceUrl>, format: MeshFormat, watch: bool) -> ExitStatus {
    let (loaded, runtime) = match sources.begin() {
        Ok(begun) => begun,
        Err(status) => return status,
    };
    warn(&loaded.warnings);
    let search = &sources.environment().search;
    let wanted = Wanted { loaded: &loaded, given: urls.into_iter().collect(), search };
    if watch {
        return LocalSet::new().block_on(&runtime, follow(&wanted, format));
    }
    let mesh = LocalSet::new().block_on(&runtime, look(&wanted));
    runtime.shutdown_background();
    mesh.map_or(ExitStatus::Failure, |mesh| print(&in_words(&mesh, format), outcome(&mesh)))
}

fn outcome(mesh: &Mesh) -> ExitStatus {
    if mesh.is_complete() { ExitStatus::Success } else { ExitStatus::Findings }
}

/// Prints the mesh whenever it is another one, until nobody reads it.
async fn follow(wanted: &Wanted<'_>, format: MeshFormat) -> ExitStatus {
    let mut shown = None;
    loop {
        let mesh = look(wanted).await;
        if let Some(mesh) = mesh.filter(|mesh| shown.as_ref() != Some(mesh)) {
            let text = match format {
                MeshFormat::Table => format!("{}\n{}\n", date(), in_words(&mesh, format)),
                MeshFormat::Json | MeshFormat::Dot | MeshFormat::Svg => in_words(&mesh, format),
            };
            match put(&text) {
                Ok(Audience::Listens) => shown = Some(mesh),
                Ok(Audience::Gone) => return outcome(&mesh),
                Err(failure) => return failure,
            }
        }
        tokio::time::sleep(WATCH_PAUSE).await;
    }
}

/// What every server says now; nothing where there is none to ask.
async fn look(wanted: &Wanted<'_>) -> Option<Mesh> {
    let Wanted { loaded, given, search } = wanted;
    let settings = &loaded.settings;
    let lookup = Rc::new(lookup(settings));
    let servers = if given.is_empty() { servers_of(loaded, &lookup).await } else { given.clone() };
    if servers.is_empty() {
        say("no servers to ask; give --url, or a --service that has records");
        return None;
    }
    let asked = names_in(&servers);
    let are_known_by_name = !asked.is_empty();
    let addresses = addresses_of(asked, search, &lookup).await;
    // Who told nothing of all these names will tell nothing of others.
    let is_dns_silent = are_known_by_name && addresses.values().all(BTreeSet::is_empty);
    let replies = ask_all(found(servers, &addresses, settings)).await;
    let rows: Vec<_> = replies.into_iter().map(|(url, reply)| (url, row(reply))).collect();
    let sinks = sinks_in(&rows, &settings.policy.sink);
    let mut names = Names { addresses, search: search.to_vec() };
    let mesh = Mesh::new(rows.clone(), &sinks, &names);
    // A list may name the same servers otherwise; DNS tells.
    let unknown = mesh.unknown_names().into_iter().filter(|name| !names.addresses.contains_key(*name));
    let unknown: BTreeSet<_> = unknown.cloned().collect();
    if unknown.is_empty() || is_dns_silent {
        return Some(mesh);
    }
    names.addresses.extend(addresses_of(unknown, search, &lookup).await);
    Some(Mesh::new(rows, &sinks, &names))
}

fn row(reply: Result<MeshReply, ServerFault>) -> Row {
    let MeshReply { status, registered } = match reply {
        Ok(reply) => reply,
        Err(fault) => return Row::Silent(mesh_fault(&fault).to_string()),
    };
    let told = Told {
        id: status.instance.id,
        host_name: status.instance.host_name,
        address: status.instance.ip_address,
        port: status.instance.port,
    };
    Row::Lists(Listed { peers: status.replicas.peers, foreign: status.replicas.foreign, told, registered })
}

/// The sinks of all sidecars, which need not listen where ours does: each on its own loopback.
fn sinks_in(rows: &[(ServiceUrl, Row)], ours: &ServiceUrl) -> PeerSet {
    let is_sink = |url: &&ServiceUrl| {
        let is_loopback = matches!(url.host(), Host::Address(address) if address.is_loopback());
        is_loopback && url.path() == ours.path()
    };
    let listed = rows.iter().filter_map(|(_, row)| match row {
        Row::Lists(listed) => Some(&listed.peers),
        Row::Silent(_) => None,
    });
    listed.flatten().filter(is_sink).cloned().collect()
}

/// A table, one line with its end, or a graph.
fn in_words(mesh: &Mesh, format: MeshFormat) -> String {
    match format {
        MeshFormat::Table => mesh.render_table(colour()),
        MeshFormat::Dot => mesh.render_graph(),
        MeshFormat::Svg => mesh.render_picture(),
        MeshFormat::Json => {
            let report = serde_json::to_string(&mesh.report());
            format!("{}\n", report.expect("texts, numbers and lists have a JSON form"))
        }
    }
}

fn date() -> String {
    WallClock::started_at(SystemTime::now()).rfc3339(Moment::START)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ServiceUrl {
        text.parse().expect("valid")
    }

    #[test]
    fn every_sidecars_sink_is_known_wherever_it_listens() {
        let ours = url("http://127.0.0.1:9762/sink/eureka/");
        let theirs = url("http://[::1]:19762/sink/eureka/");
        let peer = url("http://10.0.0.2:8761/eureka/");
        let away = url("http://10.0.0.3:9762/sink/eureka/");
        let near = url("http://127.0.0.1:8761/eureka/");
        let peers: PeerSet = [&ours, &theirs, &peer, &away, &near].into_iter().cloned().collect();
        let row = Row::Lists(peers.into());
        let rows = [(peer, row), (away, Row::Silent("no".to_owned()))];
        assert_eq!(sinks_in(&rows, &ours), PeerSet::from([ours, theirs]));
    }
}
