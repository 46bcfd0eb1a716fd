//! livez, readyz, startupz: a handful of checks each, and how they are told.
//!
//! Red or green is decided by loop and list alone, never by how serious a condition is; conditions lend
//! their words.
//!
//! The text follows the health endpoints of Kubernetes components
//! (`k8s.io/apiserver/pkg/server/healthz`), with the reason in place of "reason withheld".

use std::fmt::Write as _;

use hyper::StatusCode;

use crate::wording::why_no_list;

use super::liveness::LastTurn;
use super::reply::{self, Reply};
use super::shown::Shown;
use super::snapshot::{ListInPlace, Snapshot, Stage};

/// What is so, and what to do, where others have had a hand in the files.
const TAKEN_AWAY: &str = "no valid list is in place, because others have removed, emptied or changed the files; let no \
                          other container write into the volume";

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// What is worth telling when it is well; may be empty.
    outcome: Result<String, String>,
}

/// The outcome of a probe.
pub(super) struct Report {
    probe: &'static str,
    checks: Vec<Check>,
}

/// How much of a green report is told; a red one is told whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    Brief,
    Verbose,
}

impl Detail {
    /// `?verbose`, alone or among other parameters, with or without a value.
    pub(super) fn from_query(query: Option<&str>) -> Self {
        let asks = |parameter: &str| parameter.split('=').next() == Some("verbose");
        if query.unwrap_or_default().split('&').any(asks) { Self::Verbose } else { Self::Brief }
    }
}

/// Whether the loop is alive.
pub(super) fn livez(turn: LastTurn) -> Report {
    let (ago, allowed) = (turn.ago.as_secs_f64(), turn.allowed.as_secs());
    let outcome = if turn.is_alive() {
        Ok(format!("turned {ago:.1} s ago"))
    } else {
        Err(format!("the loop has not turned for {ago:.0} s; {allowed} s are allowed"))
    };
    Report { probe: "livez", checks: vec![Check { name: "loop", outcome }] }
}

/// Whether a valid list is in place, and stays attended to.
pub(super) fn readyz(snapshot: &Snapshot) -> Report {
    let list = match snapshot.list {
        ListInPlace::FoundAtStart | ListInPlace::KeptAsFound | ListInPlace::Published => Ok(String::new()),
        ListInPlace::Nothing => Err(format!("no valid list is in place{}", why_nothing(snapshot))),
        ListInPlace::TakenAway => Err(format!("{TAKEN_AWAY}{}", why_nothing(snapshot))),
    };
    let stage = match snapshot.stage {
        Stage::Running => Ok(String::new()),
        Stage::Draining => Err("the program is stopping; the list stays in place".to_owned()),
    };
    let checks = vec![Check { name: "list", outcome: list }, Check { name: "stage", outcome: stage }];
    Report { probe: "readyz", checks }
}

/// Whether the first publication was made.
pub(super) fn startupz(shown: &Shown) -> Report {
    let outcome = if shown.is_started {
        Ok(String::new())
    } else {
        Err(format!("nothing was published yet{}", why_nothing(&shown.snapshot)))
    };
    Report { probe: "startupz", checks: vec![Check { name: "first-publication", outcome }] }
}

/// `: reason; reason`, of what keeps a list from being published.
fn why_nothing(snapshot: &Snapshot) -> String {
    let reasons = why_no_list(&snapshot.status, snapshot.as_of);
    if reasons.is_empty() { reasons } else { format!(": {reasons}") }
}

impl Report {
    fn has_passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome.is_ok())
    }

    /// 200 or 503, with as much text as was asked for.
    pub(super) fn into_reply(self, detail: Detail) -> Reply {
        match (self.has_passed(), detail) {
            (true, Detail::Brief) => reply::text(StatusCode::OK, "ok\n"),
            (true, Detail::Verbose) => reply::text(StatusCode::OK, self.text()),
            (false, Detail::Brief | Detail::Verbose) => {
                reply::text(StatusCode::SERVICE_UNAVAILABLE, self.text())
            }
        }
    }

    fn text(&self) -> String {
        let mut text: String = self.checks.iter().map(Check::line).collect();
        let verdict = if self.has_passed() { "passed" } else { "failed" };
        let _infallible = writeln!(text, "{} check {verdict}", self.probe);
        text
    }
}

impl Check {
    fn line(&self) -> String {
        let name = self.name;
        match &self.outcome {
            Ok(told) if told.is_empty() => format!("[+]{name} ok\n"),
            Ok(told) => format!("[+]{name} ok: {}\n", one_line(told)),
            Err(reason) => format!("[-]{name} failed: {}\n", one_line(reason)),
        }
    }
}

/// One line a check, whatever a message holds.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
