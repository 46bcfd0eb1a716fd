//! The list that a sidecar has published: as it says itself while it runs, else by the state beside its files.
//!
//! Must never write, nor take the lock of the directory.

use std::time::Duration;

use serde::Deserialize;

use crate::agent::Clock;
use crate::http_client::{HttpClient, Method, Request};
use crate::model::{HttpUrl, PeerSet, Port, ServiceUrl};
use crate::publish::{Publisher, decode_state};
use crate::reconcile::SavedState;
use crate::settings::Settings;

use super::local_call::root_of;

/// A sidecar answers at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// A published list, and who says so.
pub(super) struct PublishedList {
    pub(super) servers: PeerSet,
    pub(super) origin: String,
}

/// What is read of `/status` (`docs/status.md`).
#[derive(Deserialize)]
struct Status {
    #[serde(rename = "self")]
    own: Option<String>,
    published: Option<List>,
}

#[derive(Deserialize)]
struct List {
    peers: Vec<String>,
}

/// The servers of the published list, the own one included; none where neither source is here.
pub(super) async fn published_list(settings: &Settings) -> Option<PublishedList> {
    if let Some(url) = status_url(settings)
        && let Some(servers) = of_sidecar(&url).await
    {
        return Some(PublishedList { servers, origin: format!("the sidecar's {url}") });
    }
    let mut servers = in_saved_state(settings)?;
    let settings = &settings.at_own_port(saved_own_port(settings));
    servers.extend(settings.policy.own().map(|own| own.url.clone()));
    let directory = settings.output.directory.as_ref()?.display();
    Some(PublishedList { servers, origin: format!("the saved state in {directory}") })
}

fn status_url(settings: &Settings) -> Option<HttpUrl> {
    root_of(settings.listen.preferred())?.join("status").ok()
}

async fn of_sidecar(url: &HttpUrl) -> Option<PeerSet> {
    let request = Request::new(Method::Get, url).accept("application/json");
    let response = HttpClient::new(None, None).send(request, PATIENCE).await.ok()?;
    let status: Status = serde_json::from_slice(&response.body.ok()?).ok()?;
    let texts = status.published?.peers.into_iter().chain(status.own);
    Some(texts.filter_map(|text| text.parse::<ServiceUrl>().ok()).collect())
}

/// The peers that the files have now, by the state beside them.
pub(super) fn in_saved_state(settings: &Settings) -> Option<PeerSet> {
    let state = saved_state(settings)?;
    let of_services = state.services.into_iter().flat_map(|(_, peers)| peers);
    Some(of_services.chain(state.static_peers).collect())
}

/// The port of the own SRV record, as the sidecar last saw it.
pub(super) fn saved_own_port(settings: &Settings) -> Option<Port> {
    saved_state(settings)?.own_port
}

fn saved_state(settings: &Settings) -> Option<SavedState> {
    let output = &settings.output;
    let publisher = Publisher::new(output.directory.clone()?, output.layout, output.file_mode);
    Some(decode_state(&publisher.read_state().ok()??, Clock::start().wall_at_start()).ok()?.state)
}
