//! One request to the sidecar that runs beside us, for `accept` and `health`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::admin::ListenAddresses;
use crate::http_client::{HttpClient, HttpError, Request, Response};
use crate::model::{ContextPath, ErrorChain, Host, HttpUrl, Port, Scheme, ServiceUrl};
use crate::settings::listeners;

use super::ExitStatus;
use super::runtime::runtime;
use super::sources::{Sources, refuse};

/// The sidecar answers at once; `accept` waits 5 s for its loop at most.
const PATIENCE: Duration = Duration::from_secs(6);

/// Where the sidecar listens, as the settings have it.
pub(super) fn listeners_of(sources: &Sources) -> Result<ListenAddresses, ExitStatus> {
    let file = sources.file().map_err(|rejected| refuse(&rejected))?;
    listeners(sources.flags(), file.as_ref(), sources.environment()).map_err(|rejected| refuse(&rejected))
}

/// The root of the listener at `address`, called from here: where it listens everywhere, on loopback.
pub(super) fn root_of(address: SocketAddr) -> Option<HttpUrl> {
    let host = match address.ip() {
        // `[::]` answers on IPv4 as well, and falls back to it where there is no IPv6.
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let port = Port::new(address.port()).ok()?;
    let path: ContextPath = "/".parse().ok()?;
    Some(HttpUrl::from(&ServiceUrl::new(Scheme::Http, Host::Address(host), port, path)))
}

/// Sends one request, and waits for its reply.
pub(super) fn call(request: Request) -> Result<Response, String> {
    let reply = runtime()?.block_on(HttpClient::new(None, None).send(request, PATIENCE));
    reply.map_err(|error: HttpError| ErrorChain(&error).to_string())
}
