//! The public listener: a read-only look at how things stand.
//!
//! Must never change anything.

use std::fmt;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY, VARY};
use hyper::{Method, Request, StatusCode};

use crate::model::MetricsFormat;

use super::liveness::Liveness;
use super::probes::{self, Detail};
use super::reply::{self, Reply};
use super::shown::Snapshots;

/// Prometheus' exposition formats, "Text-based format".
const METRICS_TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// OpenMetrics 1.0, section "Protocol negotiation".
const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The page loads nothing, runs nothing, posts nowhere and stands in no frame.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

const ROUTES: &str = "not found; there are:\n/\n/livez\n/readyz\n/startupz\n/healthz\n/status\n/metrics\n";

/// Gives the metrics as text.
#[derive(Clone)]
pub struct MetricsText(Arc<dyn Fn(MetricsFormat) -> String + Send + Sync>);

impl MetricsText {
    /// `text` is called for each scrape, and gives a whole exposition.
    pub fn new(text: impl Fn(MetricsFormat) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(text))
    }
}

impl fmt::Debug for MetricsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsText")
    }
}

/// Everything that the public listener shows.
#[derive(Clone, Debug)]
pub struct View {
    /// How things stand.
    pub snapshots: Snapshots,
    /// Whether the loop is alive.
    pub liveness: Liveness,
    /// What was counted.
    pub metrics: MetricsText,
}

/// The resources there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Page,
    Livez,
    Readyz,
    Startupz,
    Status,
    Metrics(MetricsFormat),
}

impl Resource {
    fn at(path: &str, headers: &HeaderMap) -> Option<Self> {
        match path {
            "/" => Some(Self::Page),
            "/livez" => Some(Self::Livez),
            "/readyz" | "/healthz" => Some(Self::Readyz),
            "/startupz" => Some(Self::Startupz),
            "/status" => Some(Self::Status),
            "/metrics" => {
                let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
                Some(Self::Metrics(MetricsFormat::accepted(accept)))
            }
            _ => None,
        }
    }
}

pub(super) async fn answer(view: View, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    reply::skip_body(body).await;
    let Some(resource) = Resource::at(head.uri.path(), &head.headers) else {
        return reply::text(StatusCode::NOT_FOUND, ROUTES);
    };
    if head.method != Method::GET && head.method != Method::HEAD {
        return reply::method_not_allowed("GET, HEAD");
    }
    view.show(resource, Detail::from_query(head.uri.query()))
}

impl View {
    pub(super) fn show(&self, resource: Resource, detail: Detail) -> Reply {
        let shown = self.snapshots.latest();
        match resource {
            Resource::Page => {
                let page = reply::of_type(StatusCode::OK, HTML, shown.page());
                let page = reply::with(page, CONTENT_SECURITY_POLICY, PAGE_POLICY);
                reply::with(page, REFERRER_POLICY, "no-referrer")
            }
            Resource::Livez => probes::livez(self.liveness.last_turn()).into_reply(detail),
            Resource::Readyz => probes::readyz(&shown.snapshot).into_reply(detail),
            Resource::Startupz => probes::startupz(&shown).into_reply(detail),
            Resource::Status => reply::json(StatusCode::OK, shown.json()),
            Resource::Metrics(format) => {
                let content_type = match format {
                    MetricsFormat::Text => METRICS_TEXT,
                    MetricsFormat::OpenMetrics => OPENMETRICS,
                };
                reply::with(
                    reply::of_type(StatusCode::OK, content_type, (self.metrics.0)(format)),
                    VARY,
                    "Accept",
                )
            }
        }
    }
}
