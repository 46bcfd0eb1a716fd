//! What went wrong, in the words of the model.
//!
//! Must never show a reply's bytes other than quoted.

use serde::Deserialize;

use crate::http_client::{HttpError, RequestStep, Response, Secrets};
use crate::model::{ErrorChain, HttpUrl, Refusal, ServerFault};

use super::quote::quoted;

/// Characters of a server's reason; a line of a log.
const REASON_MAX: usize = 200;

/// A request that brought no reply.
pub(super) fn from_http(error: &HttpError) -> ServerFault {
    match error {
        HttpError::PasswordFile(_)
        | HttpError::CaFile(_)
        | HttpError::NoCaFile
        | HttpError::TlsSetUp(_)
        | HttpError::CertificateName { .. }
        | HttpError::Unresolved { .. }
        | HttpError::Request(_)
        | HttpError::Connect { .. }
        | HttpError::ConnectTimedOut { .. }
        | HttpError::Tls { .. }
        | HttpError::TimedOut(RequestStep::Files)
        | HttpError::Closed { step: RequestStep::Files | RequestStep::Handshake, .. } => {
            ServerFault::Unreachable(with_sources(error))
        }
        HttpError::Closed { step: RequestStep::Reply, .. } => ServerFault::HungUp(with_sources(error)),
        HttpError::TimedOut(RequestStep::Handshake | RequestStep::Reply | RequestStep::Body) => {
            ServerFault::TimedOut
        }
        HttpError::Closed { step: RequestStep::Body, .. }
        | HttpError::Malformed { .. }
        | HttpError::BodyTooLarge { .. } => ServerFault::Unreadable(with_sources(error)),
    }
}

fn with_sources(error: &HttpError) -> String {
    quoted(&ErrorChain(error).to_string(), 2 * REASON_MAX, &Secrets::default())
}

/// An actuator's reply that is not a success.
pub(super) fn from_actuator(response: &Response, with_credentials: bool) -> ServerFault {
    let refusal = match response.status {
        300..=399 => Refusal::Redirected,
        401 if with_credentials => Refusal::CredentialsWrong,
        401 => Refusal::CredentialsMissing,
        403 => Refusal::Forbidden,
        404 => Refusal::NotExposed,
        405 => Refusal::MethodNotAllowed,
        500.. => return failing(response),
        other => Refusal::Status(other),
    };
    ServerFault::Refused(refusal)
}

/// A reply to the question for the status that is not a success.
///
/// Where no such resource is, the actuator's settings cure nothing, so other words are used.
pub(super) fn from_status(response: &Response, with_credentials: bool, url: &HttpUrl) -> ServerFault {
    match response.status {
        404..=406 => ServerFault::Unreadable(format!("{} at {url}: no status is there", response.status)),
        _ => from_actuator(response, with_credentials),
    }
}

fn failing(response: &Response) -> ServerFault {
    let said = response.body.as_deref().ok().and_then(|body| reason_in(body, &response.secrets));
    let reason = said.unwrap_or_else(|| NO_REASON.to_owned());
    ServerFault::Failing { status: response.status, reason }
}

/// Where a server says nothing, or only the name of its status: Spring hides messages by default.
const NO_REASON: &str = "it gives no reason";

/// Spring's error document (`DefaultErrorAttributes`), or a problem document (RFC 9457). What else
/// stands there, `error` and `title`, is but the name of the status.
#[derive(Deserialize)]
struct ErrorDocument {
    message: Option<String>,
    detail: Option<String>,
}

/// The server's reason: of a document its message, of a short text the text, of a page nothing.
fn reason_in(body: &[u8], secrets: &Secrets) -> Option<String> {
    let text = str::from_utf8(body).ok()?.trim();
    let said = match serde_json::from_str::<ErrorDocument>(text) {
        Ok(document) => document.message.filter(|message| !message.is_empty()).or(document.detail),
        Err(_) if text.starts_with(['{', '[', '<']) => None,
        Err(_) => Some(text.to_owned()),
    };
    said.map(|said| quoted(&said, REASON_MAX, secrets)).filter(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Response {
        Response { status, allow: None, body: Ok(body.as_bytes().to_vec()), secrets: Secrets::default() }
    }

    #[test]
    fn every_status_has_its_refusal() {
        let refusal = |status, with| match from_actuator(&reply(status, ""), with) {
            ServerFault::Refused(refusal) => Some(refusal),
            _ => None,
        };
        for (status, with, expected) in [
            (302, false, Refusal::Redirected),
            (401, false, Refusal::CredentialsMissing),
            (401, true, Refusal::CredentialsWrong),
            (403, true, Refusal::Forbidden),
            (404, true, Refusal::NotExposed),
            (405, true, Refusal::MethodNotAllowed),
            (415, true, Refusal::Status(415)),
            (199, true, Refusal::Status(199)),
        ] {
            assert_eq!(refusal(status, with), Some(expected), "{status}");
        }
        assert_eq!(refusal(500, true), None);
    }

    #[test]
    fn a_server_gives_its_reason_in_many_shapes() {
        for (body, reason) in [
            (r#"{"timestamp":"x","status":500,"error":"Internal Server Error","path":"/y"}"#, NO_REASON),
            (r#"{"error":"E","message":"Could not bind\nproperties"}"#, "Could not bind properties"),
            (r#"{"error":"E","message":""}"#, NO_REASON),
            (r#"{"title":"T","detail":"D"}"#, "D"),
            (r#"{"message":"no peer at http://u:hunter2@h/"}"#, "no peer at http://***@h/"),
            ("upstream connect error", "upstream connect error"),
            ("<html><body>500</body></html>", NO_REASON),
            (r#"{"message":17}"#, NO_REASON),
            (r#"{"mess"#, NO_REASON),
            ("", NO_REASON),
        ] {
            let expected = ServerFault::Failing { status: 503, reason: reason.into() };
            assert_eq!(from_actuator(&reply(503, body), false), expected, "{body}");
        }
    }

    #[test]
    fn a_long_reason_is_cut() {
        let ServerFault::Failing { reason, .. } = from_actuator(&reply(500, &"x".repeat(10_000)), false)
        else {
            panic!("500 is failing");
        };
        assert_eq!(reason.chars().count(), REASON_MAX + 1);
    }
}
