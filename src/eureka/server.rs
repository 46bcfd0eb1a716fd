//! One server, and how it is reached.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::http_client::{HttpClient, Method, Request, Response};
use crate::model::{HttpUrl, ListOrigin, ServerFault, ServiceUrl, Zone};
use crate::reconcile::Replicas;

use super::origin::origin_of;
use super::property_sources::{PATTERN, PropertySources};
use super::{Reading, ServerAccess, ServerStatus, fault};

/// Bound on each read of a server; a stock one answers in milliseconds, also under load.
pub const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// A Eureka server: the one beside us, or a peer that is only asked for its status.
#[derive(Clone, Debug)]
pub struct EurekaServer {
    pub(super) actuator: Option<HttpUrl>,
    pub(super) status: Option<HttpUrl>,
    pub(super) zone: Zone,
    pub(super) client: HttpClient,
    address: Option<IpAddr>,
    reading: Reading,
}

impl EurekaServer {
    /// The server beside us; `zone` is the one its list is written under, and its replies are read at
    /// `reading`, as are those of all servers of this process.
    pub fn new(access: &ServerAccess, zone: Zone, reading: Reading) -> Self {
        Self {
            actuator: access.actuator_url.clone(),
            status: access.status_url.clone(),
            zone,
            client: client_of(access),
            address: None,
            reading,
        }
    }

    /// Any server of the mesh, by its service URL: it has a status and no actuator.
    ///
    /// Credentials and certificates are those of the server beside us.
    pub fn of_mesh(url: &ServiceUrl, access: &ServerAccess, reading: Reading) -> Self {
        let status = HttpUrl::from(url).join("status").ok();
        let client = client_of(access);
        Self { actuator: None, status, zone: Zone::default(), client, address: None, reading }
    }

    /// The address to connect to where a URL has a name; the name stays what is asked for.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Reads the server's status document, within [`READ_TIMEOUT`].
    pub async fn status(&self) -> Result<ServerStatus, ServerFault> {
        let (url, with_credentials) = (self.status_url()?.clone(), self.client.has_credentials());
        let request = Request::new(Method::Get, &url).accept("application/xml");
        let judge = move |response: Response| {
            if !is_success(&response) {
                return Err(fault::from_status(&response, with_credentials, &url));
            }
            let body = response.body.map_err(|error| fault::from_http(&error))?;
            ServerStatus::parse_hiding(&body, &response.secrets)
        };
        self.ask(request, READ_TIMEOUT, judge).await
    }

    /// The server's live peer list, within [`READ_TIMEOUT`].
    pub async fn replicas(&self) -> Result<Replicas, ServerFault> {
        self.status().await.map(|status| status.replicas)
    }

    /// Finds out which property source the list in force comes from, within [`READ_TIMEOUT`].
    ///
    /// Told exactly where the server exposes `env`; otherwise the suspects.
    pub async fn origin(&self) -> ListOrigin {
        let zone = self.zone.clone();
        match self.ask_property_sources(move |sources| origin_of(&sources, &zone)).await {
            Ok(origin) => origin,
            Err(why) => ListOrigin::Unseen { why, zone: self.zone.clone() },
        }
    }

    /// What `judge` makes of the server's property sources.
    pub(super) async fn ask_property_sources<T: Send + 'static>(
        &self,
        judge: impl FnOnce(PropertySources) -> T + Send + 'static,
    ) -> Result<T, ServerFault> {
        let with_credentials = self.client.has_credentials();
        let request = Request::new(Method::Get, self.actuator_url()?)
            .below("env")
            .query("pattern", PATTERN)
            .accept("application/json");
        let read = move |response: Response| {
            if !is_success(&response) {
                return Err(fault::from_actuator(&response, with_credentials));
            }
            let body = response.body.map_err(|error| fault::from_http(&error))?;
            PropertySources::parse(&body, response.secrets).map(judge).map_err(|_| {
                ServerFault::Unreadable("the reply of /env is not that of an actuator".to_owned())
            })
        };
        self.ask(request, READ_TIMEOUT, read).await
    }

    /// What `judge` makes of the reply to one request, both within `timeout`.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        request: Request,
        timeout: Duration,
        judge: impl FnOnce(Response) -> Result<T, ServerFault> + Send + 'static,
    ) -> Result<T, ServerFault> {
        let deadline = Instant::now() + timeout;
        let response = self.send(request, timeout).await?;
        self.judge(response, deadline, judge).await
    }

    /// What `judge` makes of a reply, until `deadline`: whatever reads a server's bytes comes through here.
    pub(super) async fn judge<T: Send + 'static>(
        &self,
        response: Response,
        deadline: Instant,
        judge: impl FnOnce(Response) -> Result<T, ServerFault> + Send + 'static,
    ) -> Result<T, ServerFault> {
        // Without a body nothing is left to read, and perhaps no time either.
        if response.body.as_ref().is_ok_and(|body| !body.is_empty()) {
            self.reading.make(deadline, move || judge(response)).await?
        } else {
            judge(response)
        }
    }

    pub(super) async fn send(&self, request: Request, timeout: Duration) -> Result<Response, ServerFault> {
        let request = request.at(self.address);
        self.client.send(request, timeout).await.map_err(|error| fault::from_http(&error))
    }

    pub(super) fn actuator_url(&self) -> Result<&HttpUrl, ServerFault> {
        self.actuator
            .as_ref()
            .ok_or_else(|| ServerFault::Unreachable("no --actuator-url is given".to_owned()))
    }

    pub(super) fn status_url(&self) -> Result<&HttpUrl, ServerFault> {
        self.status.as_ref().ok_or_else(|| ServerFault::Unreachable("no --status-url is given".to_owned()))
    }
}

pub(super) fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status)
}

fn client_of(access: &ServerAccess) -> HttpClient {
    HttpClient::new(access.credentials.clone(), access.ca_file.clone()).knowing(access.user_info_file.clone())
}
