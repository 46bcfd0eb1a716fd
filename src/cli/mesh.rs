//! `mesh`: asks every server for its peers, and prints who does not know whom.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use tokio::task::{JoinSet, LocalSet};

use crate::dns::{HickoryLookup, Lookup};
use crate::eureka::{EurekaServer, Reading, ask_all};
use crate::mesh::{Listed, Mesh, Row};
use crate::model::{
    AddressFamily, Answer, HeadlessService, Host, Moment, PeerSet, Question, Record, ServerFault, ServiceUrl,
    WallClock,
};
use crate::reconcile::{ConditionKind, Replicas, Role};
use crate::settings::Settings;
use crate::wording::{server_fault, situation};

use super::asking::ask_once;
use super::outside::lookup;
use super::sources::{Sources, warn};
use super::terminal::{Audience, colour, print, put, say};
use super::{ExitStatus, MeshFormat};

/// Between two looks with `--watch`: a change takes a second to arrive.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// Asks once, or for ever with `watch`; an incomplete mesh has an exit code of its own.
pub(super) fn mesh(sources: &Sources, urls: Vec<ServiceUrl>, format: MeshFormat, watch: bool) -> ExitStatus {
    let (loaded, runtime) = match sources.begin() {
        Ok(begun) => begun,
        Err(status) => return status,
    };
    warn(&loaded.warnings);
    let (settings, given) = (&loaded.settings, urls.into_iter().collect());
    if watch {
        return LocalSet::new().block_on(&runtime, follow(settings, &given, format));
    }
    let mesh = LocalSet::new().block_on(&runtime, look(settings, &given));
    runtime.shutdown_background();
    mesh.map_or(ExitStatus::Failure, |mesh| print(&in_words(&mesh, format), outcome(&mesh)))
}

fn outcome(mesh: &Mesh) -> ExitStatus {
    if mesh.is_complete() { ExitStatus::Success } else { ExitStatus::Findings }
}

/// Prints the mesh whenever it is another one, until nobody reads it.
async fn follow(settings: &Settings, given: &PeerSet, format: MeshFormat) -> ExitStatus {
    let mut shown = None;
    loop {
        let mesh = look(settings, given).await;
        if let Some(mesh) = mesh.filter(|mesh| shown.as_ref() != Some(mesh)) {
            let text = match format {
                MeshFormat::Table => format!("{}\n{}\n", date(), in_words(&mesh, format)),
                MeshFormat::Json | MeshFormat::Dot => in_words(&mesh, format),
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
async fn look(settings: &Settings, given: &PeerSet) -> Option<Mesh> {
    let lookup = Rc::new(lookup(settings));
    let servers = if given.is_empty() { servers_in_dns(settings, &lookup).await } else { given.clone() };
    if servers.is_empty() {
        say("no servers to ask; give --url, or a --service that has records");
        return None;
    }
    let replies = ask_all(found(servers, &lookup, settings).await).await;
    let rows: Vec<_> = replies.into_iter().map(|(url, reply)| (url, row(reply))).collect();
    let sinks = sinks_in(&rows, &settings.policy.sink);
    Some(Mesh::new(rows, &sinks))
}

fn row(reply: Result<Replicas, ServerFault>) -> Row {
    match reply {
        Ok(Replicas { peers, foreign, uptime_min: _ }) => Row::Lists(Listed { peers, foreign }),
        Err(fault) => Row::Silent(server_fault(&fault).to_string()),
    }
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
        MeshFormat::Json => {
            let report = serde_json::to_string(&mesh.report());
            format!("{}\n", report.expect("texts, numbers and lists have a JSON form"))
        }
    }
}

fn date() -> String {
    WallClock::started_at(SystemTime::now()).rfc3339(Moment::START)
}

/// Every server that DNS and the settings know, self included as DNS has it: its port may be SRV's.
async fn servers_in_dns(settings: &Settings, lookup: &HickoryLookup) -> PeerSet {
    let mut settings = settings.clone();
    settings.policy.role = Role::Client;
    let status = ask_once(&settings, lookup).await;
    // No state is saved here; what keeps records away is said all the same.
    for condition in status.conditions.iter().filter(|it| it.kind() != ConditionKind::NothingKnown) {
        say(situation(&condition.situation));
    }
    let peers = status.services.into_iter().flat_map(|service| service.kept);
    peers.chain(settings.policy.static_peers).collect()
}

/// Every server with the address at which it is asked; names are looked up all at once, because a silent
/// DNS takes its time over each.
async fn found(
    servers: PeerSet,
    lookup: &Rc<HickoryLookup>,
    settings: &Settings,
) -> Vec<(ServiceUrl, EurekaServer)> {
    let (mut looked_up, reading) = (JoinSet::new(), Reading::default());
    for url in servers {
        let server = EurekaServer::of_mesh(&url, &settings.server, reading.clone());
        let lookup = Rc::clone(lookup);
        looked_up.spawn_local(async move {
            match address_of(&url, &lookup).await {
                Some(address) => (url, server.at(address)),
                None => (url, server),
            }
        });
    }
    looked_up.join_all().await
}

/// The address behind a name, asked of the same DNS; none where the URL has one, or DNS knows none.
async fn address_of(url: &ServiceUrl, lookup: &HickoryLookup) -> Option<IpAddr> {
    let Host::Name(name) = url.host() else { return None };
    let service = HeadlessService::from_setting(&format!("{name}."), "", "").ok()?;
    for family in [AddressFamily::Ipv4, AddressFamily::Ipv6] {
        let question = Question::Addresses { service: service.clone(), family };
        if let Answer::Records(records) = lookup.ask(&question).await {
            return records.iter().find_map(|record| match record {
                Record::Address(address) => Some(*address),
                Record::Target { .. } | Record::Unusable(_) => None,
            });
        }
    }
    None
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
