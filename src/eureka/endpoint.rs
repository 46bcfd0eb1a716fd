//! The two actuator endpoints that make a server take the list over.
//!
//! Must never send a second POST: each refresh disturbs the server's own registration.

use std::time::Duration;

use serde::Serialize;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use crate::http_client::{Method, Request, Response};
use crate::model::{HttpUrl, Refusal, ServerFault};

use super::fault;
use super::requirements::ALLOWED_KEYS;
use super::server::{EurekaServer, is_success};

/// The body that Spring Cloud's `WritableEnvironmentEndpoint` takes.
#[derive(Serialize)]
struct PropertyValue<'a> {
    name: &'a str,
    value: &'a str,
}

impl EurekaServer {
    /// `POST <actuator>/refresh`: the server reads its files again.
    ///
    /// That it succeeds proves nothing about the list (a masked key is listed as changed, too).
    pub async fn refresh(&self, timeout: Duration) -> Result<(), ServerFault> {
        let url = below(self.actuator_url()?, "refresh")?;
        self.post(&url, Vec::new(), timeout).await
    }

    /// `POST <actuator>/env`: the server takes `value` as the list of its zone, past every file.
    ///
    /// Handed over without its last slash, which the server adds (`EurekaClientConfigBean`). Spring Cloud's
    /// `EnvironmentManager` drops what reads as the property does already, and of a list that a variable masks it
    /// reads the file's value: to the letter the same, it would never be taken (seen on 2021.0.9 to 2025.1.3).
    pub async fn env(&self, value: &str, timeout: Duration) -> Result<(), ServerFault> {
        let url = below(self.actuator_url()?, "env")?;
        let name = format!("eureka.client.service-url.{}", self.zone);
        let value = value.strip_suffix('/').unwrap_or(value);
        let body = serde_json::to_vec(&PropertyValue { name: &name, value })
            .expect("two texts always make a JSON object");
        self.post(&url, body, timeout).await.map_err(perhaps_a_refused_key)
    }

    async fn post(&self, url: &HttpUrl, body: Vec<u8>, timeout: Duration) -> Result<(), ServerFault> {
        let deadline = Instant::now() + timeout;
        let request = Request::new(Method::Post, url).accept("application/json").json(body);
        let response = self.send(request, timeout).await?;
        let refused = matches!(response.status, 401 | 403);
        if refused && self.lets_read(url, deadline.saturating_duration_since(Instant::now())).await {
            return Err(ServerFault::Refused(Refusal::Csrf));
        }
        let (url, with_credentials) = (url.clone(), self.client.has_credentials());
        self.judge(response, deadline, move |response| judge_reply(response, with_credentials, &url)).await
    }

    /// Whether security lets the same caller read the resource that it may not POST to.
    ///
    /// Then only the CSRF check stands between: it judges the method, not the caller. A GET on refresh
    /// ends at the endpoint with 405, and on env with 200; wrong credentials end before, with 401.
    pub(super) async fn lets_read(&self, url: &HttpUrl, timeout: Duration) -> bool {
        let request = Request::new(Method::Get, url).accept("application/json");
        match self.send(request, timeout).await {
            Ok(response) => !matches!(response.status, 300..=399 | 401 | 403 | 500..),
            Err(_) => false,
        }
    }
}

/// Spring Cloud Commons 5.0.3 and newer answer 500 for a key that their settings do not allow, by default any,
/// and say why in their log alone.
fn perhaps_a_refused_key(fault: ServerFault) -> ServerFault {
    match fault {
        ServerFault::Failing { status: 500, reason } => {
            let reason = format!("{reason}; where its log says \"Invalid key\", set {ALLOWED_KEYS}");
            ServerFault::Failing { status: 500, reason }
        }
        other => other,
    }
}

/// The resource of the actuator called `endpoint`.
pub(super) fn below(actuator: &HttpUrl, endpoint: &str) -> Result<HttpUrl, ServerFault> {
    actuator
        .join(endpoint)
        .map_err(|error| ServerFault::Unreachable(format!("the path of --actuator-url {error}")))
}

/// An actuator answers with JSON, or nothing; a page or another program answers with anything else.
fn judge_reply(response: Response, with_credentials: bool, url: &HttpUrl) -> Result<(), ServerFault> {
    if !is_success(&response) {
        return Err(fault::from_actuator(&response, with_credentials));
    }
    let body = response.body.map_err(|error| fault::from_http(&error))?;
    let is_json = || serde_json::from_slice::<IgnoredAny>(&body).is_ok();
    if body.is_empty() || is_json() {
        return Ok(());
    }
    Err(ServerFault::Unreadable(format!("what answers at {url} is not an actuator")))
}
