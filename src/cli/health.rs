//! `health`: asks a probe of the sidecar, for images without a shell.

use crate::http_client::{Method, Request};

use super::local_call::{call, listeners_of, root_of};
use super::sources::Sources;
use super::terminal::{print, say};
use super::{ExitStatus, Probe};

/// Prints what the probe says; success where it is green.
pub(super) fn health(sources: &Sources, probe: Probe) -> ExitStatus {
    let listeners = match listeners_of(sources) {
        Ok(listeners) => listeners,
        Err(status) => return status,
    };
    let address = listeners.public.preferred();
    let probe_url = root_of(address).and_then(|root| root.join(probe.path().trim_start_matches('/')).ok());
    let Some(url) = probe_url else {
        say(format_args!("{address} has no port to ask"));
        return ExitStatus::BadSettings;
    };
    match call(Request::new(Method::Get, &url).query("verbose", "")) {
        Ok(response) => {
            let body = response.body.unwrap_or_default();
            let status = if response.status == 200 { ExitStatus::Success } else { ExitStatus::Failure };
            print(&String::from_utf8_lossy(&body), status)
        }
        Err(error) => {
            say(format_args!(
                "{url} cannot be asked: {error}; see whether the sidecar runs, and whether its --listen is the same"
            ));
            ExitStatus::Failure
        }
    }
}
