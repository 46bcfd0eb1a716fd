//! `accept`: the operator's override of a held list, through the local listener.

use crate::http_client::{Method, Request};
use crate::reconcile::Consent;

use super::ExitStatus;
use super::local_call::{call, listeners_of, root_of};
use super::sources::Sources;
use super::terminal::{print, say};

/// Has the loop take what DNS says now past all holds, once, and prints what was taken.
pub(super) fn accept(sources: &Sources, consent: Consent) -> ExitStatus {
    let listeners = match listeners_of(sources) {
        Ok(listeners) => listeners,
        Err(status) => return status,
    };
    let path = match consent {
        Consent::Records => "accept",
        Consent::Empty => "accept/empty",
    };
    let Some(url) = root_of(listeners.local).and_then(|root| root.join(path).ok()) else {
        say(format_args!("{} has no port to call", listeners.local));
        return ExitStatus::BadSettings;
    };
    match call(Request::new(Method::Post, &url).header("x-eureka-peers", "accept")) {
        Ok(response) => {
            let body = response.body.unwrap_or_default();
            let text = String::from_utf8_lossy(&body);
            if response.status == 200 {
                print(&format!("{}\n", text.trim_end()), ExitStatus::Success)
            } else {
                say(format_args!("not accepted: {}", text.trim_end()));
                ExitStatus::Failure
            }
        }
        Err(error) => {
            say(format_args!(
                "the sidecar's local listener {url} cannot be called: {error}; run this in the container of a sidecar that runs, with its --local-listen"
            ));
            ExitStatus::Failure
        }
    }
}
