//! Replies in the few shapes that there are.

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};

use super::bounds::Bounds;

pub(super) type Reply = Response<Full<Bytes>>;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A reply of this type; never kept by caches, never taken for another type.
pub(super) fn of_type(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    of_type(status, TEXT, body)
}

pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    of_type(status, JSON, body)
}

/// 405, with the methods that this resource takes.
pub(super) fn method_not_allowed(allowed: &'static str) -> Reply {
    let body = format!("this takes {allowed} only\n");
    with(text(StatusCode::METHOD_NOT_ALLOWED, body), ALLOW, allowed)
}

pub(super) fn with(mut reply: Reply, name: HeaderName, value: &'static str) -> Reply {
    reply.headers_mut().insert(name, HeaderValue::from_static(value));
    reply
}

/// Reads past a body that nobody wants, up to its bound.
pub(super) async fn skip_body(mut body: impl Body<Data = Bytes> + Unpin) {
    let mut left = Bounds::UNWANTED_BODY_LENGTH_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
    }
}
