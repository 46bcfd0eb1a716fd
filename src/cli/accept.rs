//! `accept`: the operator's override of a held list, through the local listener.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::admin::AcceptMode;
use crate::http_client::{Method, Request};
use crate::reconcile::Consent;
use crate::wording::lasted;

use super::local_call::{call, listeners_of, root_of};
use super::sources::Sources;
use super::terminal::{print, say};
use super::{ExitStatus, ReportFormat};

/// Has the loop take what DNS says now past all holds, once, and prints what was taken; or what would be.
pub(super) fn accept(
    sources: &Sources,
    consent: Consent,
    mode: AcceptMode,
    format: ReportFormat,
) -> ExitStatus {
    let listeners = match listeners_of(sources) {
        Ok(listeners) => listeners,
        Err(status) => return status,
    };
    let path = match (consent, mode) {
        (Consent::Records, AcceptMode::Take) => "accept",
        (Consent::Empty, AcceptMode::Take) => "accept/empty",
        (Consent::Records, AcceptMode::DryRun) => "accept/dry-run",
        (Consent::Empty, AcceptMode::DryRun) => "accept/empty/dry-run",
    };
    let Some(url) = root_of(listeners.local).and_then(|root| root.join(path).ok()) else {
        say(format_args!("{} has no port to call", listeners.local));
        return ExitStatus::BadSettings;
    };
    match call(Request::new(Method::Post, &url).header("x-eureka-peers", "accept")) {
        Ok(response) => {
            let body = response.body.unwrap_or_default();
            let text = String::from_utf8_lossy(&body);
            let text = text.trim_end();
            if response.status == 200 {
                let said = match format {
                    ReportFormat::Text => in_words(text, mode),
                    ReportFormat::Json => None,
                };
                print(&said.unwrap_or_else(|| format!("{text}\n")), ExitStatus::Success)
            } else {
                say(format_args!("not accepted: {text}"));
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

/// The reply for people; none where it cannot be read.
fn in_words(reply: &str, mode: AcceptMode) -> Option<String> {
    let reply: Value = serde_json::from_str(reply).ok()?;
    let urls =
        |name: &str| -> Option<Vec<&str>> { reply[name].as_array()?.iter().map(Value::as_str).collect() };
    let (peers, added, removed) = (urls("peers")?, urls("added")?, urls("removed")?);
    let mut text = heading(mode, reply["first"].as_bool()?, added.len(), removed.len());
    let _infallible = writeln!(text, "; peers in the list: {}", peers.len());
    for url in removed {
        let _infallible = writeln!(text, "  - {url}");
    }
    for url in peers {
        let mark = if added.contains(&url) { '+' } else { ' ' };
        let _infallible = writeln!(text, "  {mark} {url}");
    }
    for service in reply["services"].as_array()? {
        text.push_str(&of_service(service)?);
    }
    if mode == AcceptMode::DryRun {
        text.push_str("nothing was taken; leave --dry-run out to take it\n");
    }
    Some(text)
}

/// What has changed in all, or would.
fn heading(mode: AcceptMode, is_first: bool, came: usize, left: usize) -> String {
    match (mode, came + left) {
        (AcceptMode::Take, _) if is_first => "taken: the first list begins".to_owned(),
        (AcceptMode::Take, 0) => "nothing has changed".to_owned(),
        (AcceptMode::Take, _) => format!("taken: {came} added, {left} removed"),
        (AcceptMode::DryRun, _) if is_first => "dry run: the first list would begin".to_owned(),
        (AcceptMode::DryRun, 0) => "dry run: nothing would change".to_owned(),
        (AcceptMode::DryRun, _) => format!("dry run: {came} would be added, {left} would be removed"),
    }
}

/// What became of one Service, a line.
fn of_service(reply: &Value) -> Option<String> {
    let name = reply["service"].as_str()?;
    if let Some(why) = reply["left_because"].as_str() {
        return Some(format!("{name} is left as it is: {why}\n"));
    }
    let age = lasted(Duration::try_from_secs_f64(reply["age_seconds"].as_f64()?).ok()?);
    let said = match reply["taken"].as_str()? {
        "empty" => "that it has no endpoints",
        _ => "its records",
    };
    Some(format!("{name}: {said}, as DNS said {age} ago\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_told_to_people() {
        let changed =
            r#""peers":["http://a:1/","http://b:1/"],"added":["http://b:1/"],"removed":["http://c:1/"]"#;
        let reply = format!(r#"{{{changed},"first":false,"services":[]}}"#);
        let list = "  - http://c:1/\n    http://a:1/\n  + http://b:1/\n";
        assert_eq!(
            in_words(&reply, AcceptMode::Take),
            Some(format!("taken: 1 added, 1 removed; peers in the list: 2\n{list}"))
        );
        assert_eq!(
            in_words(&reply, AcceptMode::DryRun),
            Some(format!(
                "dry run: 1 would be added, 1 would be removed; peers in the list: 2\n{list}\
                 nothing was taken; leave --dry-run out to take it\n"
            ))
        );
        let same = r#"{"peers":[],"added":[],"removed":[],"first":false,"services":[]}"#;
        assert_eq!(
            in_words(same, AcceptMode::Take).as_deref(),
            Some("nothing has changed; peers in the list: 0\n")
        );
        for odd in ["", "{}", r#"{"peers":[1],"added":[],"removed":[]}"#] {
            assert_eq!(in_words(odd, AcceptMode::Take), None, "{odd}");
        }
    }

    #[test]
    fn a_first_list_and_each_service_are_told() {
        let services = [
            r#"{"service":"a.ns","taken":"records","age_seconds":0.34,"left_because":null}"#,
            r#"{"service":"b.ns","taken":"empty","age_seconds":5.0,"left_because":null}"#,
            r#"{"service":"c.ns","taken":"nothing","age_seconds":null,"left_because":"DNS has not answered yet"}"#,
        ];
        let services = services.join(",");
        let first = format!(r#"{{"peers":[],"added":[],"removed":[],"first":true,"services":[{services}]}}"#);
        let of_each = "a.ns: its records, as DNS said 340ms ago\n\
                       b.ns: that it has no endpoints, as DNS said 5s ago\n\
                       c.ns is left as it is: DNS has not answered yet\n";
        let said = |mode| in_words(&first, mode).expect("a reply");
        let begins = "taken: the first list begins; peers in the list: 0\n";
        assert_eq!(said(AcceptMode::Take), format!("{begins}{of_each}"));
        let dry = said(AcceptMode::DryRun);
        assert!(dry.starts_with("dry run: the first list would begin; peers in the list: 0\n"), "{dry}");
    }
}
