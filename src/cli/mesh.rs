//! `mesh`: asks every server for its peers, and prints who does not know whom.

use std::net::IpAddr;
use std::time::Duration;

use crate::dns::{HickoryLookup, Lookup};
use crate::eureka::{EurekaServer, ask_all};
use crate::mesh::{Mesh, Row};
use crate::model::{AddressFamily, Answer, HeadlessService, Host, PeerSet, Question, Record, ServiceUrl};
use crate::reconcile::Role;
use crate::settings::Settings;

use super::asking::ask_once;
use super::outside::lookup;
use super::sources::{Sources, warn};
use super::terminal::{Audience, put, say};
use super::{ExitStatus, MeshFormat};

/// Between two looks with `--watch`: a change takes a second to arrive.
const WATCH_PAUSE: Duration = Duration::from_secs(5);

/// Asks once, or for ever with `watch`; an incomplete mesh has an exit code of its own.
pub(super) fn mesh(sources: &Sources, urls: Vec<ServiceUrl>, format: MeshFormat, watch: bool) -> ExitStatus {
    let (loaded, runtime) = match sources.begin() {
        Ok(begun) => begun,
        Err(status) => return status,
    };
    warn(&loaded.warnings);
    let given: PeerSet = urls.into_iter().collect();
    runtime.block_on(async {
        loop {
            match look(&loaded.settings, &given, format).await {
                Ok(_) if watch => tokio::time::sleep(WATCH_PAUSE).await,
                Ok(status) | Err(status) => return status,
            }
        }
    })
}

/// Asks once; the error is where a watch ends too, for nobody reads on.
async fn look(settings: &Settings, given: &PeerSet, format: MeshFormat) -> Result<ExitStatus, ExitStatus> {
    let lookup = lookup(settings);
    let servers = if given.is_empty() { servers_in_dns(settings, &lookup).await } else { given.clone() };
    if servers.is_empty() {
        say("no servers to ask; give --url, or a --service that has records");
        return Ok(ExitStatus::Failure);
    }
    let mut asked = vec![];
    for url in servers {
        let server = EurekaServer::of_mesh(&url, &settings.server);
        let server = match address_of(&url, &lookup).await {
            Some(address) => server.at(address),
            None => server,
        };
        asked.push((url, server));
    }
    let row = |reply: Result<crate::reconcile::Replicas, crate::model::ServerFault>| match reply {
        Ok(replicas) => Row::Lists(replicas.peers),
        Err(fault) => Row::Silent(fault.to_string()),
    };
    let replies = ask_all(asked).await.into_iter().map(|(url, reply)| (url, row(reply)));
    let mesh = Mesh::new(replies, &PeerSet::from([settings.policy.sink.clone()]));
    let text = match format {
        MeshFormat::Table => mesh.render_table(),
        MeshFormat::Json => {
            let report = serde_json::to_string(&mesh.report());
            format!("{}\n", report.expect("texts, numbers and truth values have a JSON form"))
        }
    };
    let is_read_on = put(&text)? == Audience::Listens;
    let outcome = if mesh.is_complete() { ExitStatus::Success } else { ExitStatus::Findings };
    if is_read_on { Ok(outcome) } else { Err(outcome) }
}

/// Every server that DNS and the settings know, self included as DNS has it: its port may be SRV's.
async fn servers_in_dns(settings: &Settings, lookup: &HickoryLookup) -> PeerSet {
    let mut settings = settings.clone();
    settings.policy.role = Role::Client;
    let status = ask_once(&settings, lookup).await;
    for condition in &status.conditions {
        say(&condition.message);
    }
    let peers = status.services.into_iter().flat_map(|service| service.kept);
    peers.chain(settings.policy.static_peers).collect()
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
                Record::Target { .. } => None,
            });
        }
    }
    None
}
