//! `check`: everything that can be verified without changing anything.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::cannot_render;
use crate::eureka::{EurekaServer, Expected, Finding, Reading, Severity};
use crate::model::{Listing, Message};
use crate::publish::{Hazard, inspect};
use crate::reconcile::{self, Adoption, Condition, Status};
use crate::settings::{Loaded, Provenance, Settings};

use crate::wording::list_origin;

use super::asking::ask_once;
use super::list_difference::ListDifference;
use super::next_step::in_words;
use super::outside::{lookup, server};
use super::published_list::saved_own_port;
use super::sources::Sources;
use super::terminal::print;
use super::{ExitStatus, ReportFormat};

/// Between two looks at lists that differ: a change that is under way arrives within two seconds.
const ARRIVAL: Duration = Duration::from_secs(3);

/// Why a server that polls may still have another list.
const SLOW_BY_ITSELF: &str = "a server that polls takes its time: by default 60 s until it reads the file, \
    and 10 minutes until it takes the list over (Netflix WAR: archaius.fixedDelayPollingScheduler.delayMills, \
    eureka.peerEurekaNodesUpdateIntervalMs); and it must name the file when it starts \
    (archaius.configurationSource.additionalUrls)";

/// Everything that was looked at.
struct Report<'a> {
    provenance: &'a Provenance,
    status: Status,
    findings: Vec<Finding>,
}

/// Checks settings, DNS, directory and server, and prints what was found.
pub(super) fn check(sources: &Sources, format: ReportFormat) -> ExitStatus {
    let (loaded, runtime) = match sources.begin() {
        Ok(begun) => begun,
        Err(status) => return status,
    };
    let report = runtime.block_on(look(&loaded));
    runtime.shutdown_background();
    let text = match format {
        ReportFormat::Text => report.as_text(),
        ReportFormat::Json => format!("{}\n", report.as_json()),
    };
    let has_faults = report.findings.iter().any(|finding| finding.severity == Severity::Fault);
    print(&text, if has_faults { ExitStatus::Findings } else { ExitStatus::Success })
}

async fn look(loaded: &Loaded) -> Report<'_> {
    let settings = &loaded.settings;
    let status = ask_once(settings, &lookup(settings)).await;
    // What the sidecar knows, where DNS does not tell now.
    let own_port = status.own_port.or_else(|| saved_own_port(settings));
    let warning =
        |warning: &crate::settings::Warning| Finding::new(Severity::Warning, warning.to_string(), "");
    let mut findings: Vec<_> = loaded.warnings.iter().map(warning).collect();
    findings.extend(of_dns(&status, &loaded.provenance));
    findings.extend(of_directory(settings));
    findings.extend(of_document(settings, &status));
    findings.extend(of_server(&settings.at_own_port(own_port)).await);
    findings.sort_by_key(|finding| finding.severity);
    Report { provenance: &loaded.provenance, status, findings }
}

fn of_dns(status: &Status, provenance: &Provenance) -> Vec<Finding> {
    let mut findings: Vec<_> =
        status.conditions.iter().filter_map(|it| of_condition(it, provenance)).collect();
    for service in status.services.iter().filter(|service| service.records_at.is_some()) {
        let own = match service.self_found.as_ref().map(|found| found.value) {
            Some(true) => " and self",
            Some(false) | None => "",
        };
        let what = format!("{}: peers: {}{own}", service.question, service.answered.len());
        findings.push(Finding::good(what));
    }
    findings
}

/// What DNS says, and the operator's own will; the others speak of a loop that has not turned here.
fn of_condition(condition: &Condition, provenance: &Provenance) -> Option<Finding> {
    let severity = match condition.situation.severity() {
        reconcile::Severity::Critical => Severity::Fault,
        reconcile::Severity::Warning => Severity::Warning,
        reconcile::Severity::Info => return None,
    };
    condition
        .kind()
        .is_seen_by_one_look()
        .then(|| Finding { severity, message: in_words(&condition.situation, provenance) })
}

fn of_directory(settings: &Settings) -> Vec<Finding> {
    let Some(directory) = &settings.output.directory else {
        let what = "no --output-dir is given, so none was looked at";
        return vec![Finding::new(Severity::Unknown, what, "")];
    };
    let names: Vec<_> = settings.output.files.iter().map(|file| file.name.clone()).collect();
    let hazards = inspect(directory, settings.output.layout, &names);
    if hazards.is_empty() {
        return vec![Finding::good(format!("{} can be published into", directory.display()))];
    }
    let fault = |hazard: &Hazard| Finding { severity: Severity::Fault, message: hazard.message() };
    hazards.iter().map(fault).collect()
}

/// What keeps the files from saying what they should: credentials that cannot be read, or a list that has no room.
fn of_document(settings: &Settings, status: &Status) -> Option<Finding> {
    let alone = || status.own.clone().map(|own| Listing::alone(own, None, 0));
    let desired = status.desired.as_ref().and_then(|desired| Listing::of_peers(&desired.value, 0));
    let message = cannot_render(&settings.output, desired.or_else(alone).as_ref())?;
    Some(Finding { severity: Severity::Fault, message })
}

async fn of_server(settings: &Settings) -> Vec<Finding> {
    let call = match settings.policy.adoption {
        Adoption::None => return vec![],
        Adoption::ConfirmOnly => None,
        Adoption::Refresh { call, .. } => Some(call),
    };
    let names: Vec<_> = settings.output.files.iter().map(|file| file.name.as_str()).collect();
    let expected = Expected {
        own: settings.policy.own().map(|own| &own.url),
        sink: &settings.policy.sink,
        call,
        files: &names,
    };
    let server = server(settings, Reading::default());
    let mut findings = server.inspect(&expected).await;
    findings.extend(of_adoption(settings, &server).await);
    findings
}

/// Whether the server has the list of the files: what masks it is seen by this, where all else is hidden.
async fn of_adoption(settings: &Settings, server: &EurekaServer) -> Option<Finding> {
    let mut difference = ListDifference::see(settings, server).await?;
    if !difference.is_none() {
        tokio::time::sleep(ARRIVAL).await;
        difference = ListDifference::see(settings, server).await?;
    }
    if difference.is_none() {
        return Some(Finding::good("the server has the list that is published"));
    }
    let what = format!("the server has another list than is published: {difference}");
    Some(match settings.policy.adoption {
        Adoption::Refresh { .. } => {
            let Message { what: why, cure, .. } = list_origin(&server.origin().await);
            Finding::new(Severity::Fault, format!("{what}: {why}"), cure)
        }
        Adoption::ConfirmOnly | Adoption::None => Finding::new(Severity::Warning, what, SLOW_BY_ITSELF),
    })
}

impl Report<'_> {
    fn as_text(&self) -> String {
        let mut text = String::from("Settings in force\n");
        for entry in self.provenance.entries() {
            let value = entry.value.as_deref().unwrap_or("-");
            let _infallible = writeln!(text, "  {:<22} {value}  ({})", entry.key.name(), entry.origin);
        }
        text.push_str("\nPeers that would be listed\n");
        for url in self.status.desired.iter().flat_map(|desired| &desired.value) {
            let _infallible = writeln!(text, "  {url}");
        }
        if let Some(own) = &self.status.own {
            let _infallible = writeln!(text, "  self: {own}");
        }
        text.push_str("\nFindings\n");
        for finding in &self.findings {
            let _infallible = writeln!(text, "  {finding}");
        }
        text
    }

    fn as_json(&self) -> Value {
        let setting = |entry: &crate::settings::ProvenanceEntry| json!({ "key": entry.key.name(), "value": entry.value, "origin": entry.origin.to_string() });
        let finding = |finding: &Finding| json!({ "severity": finding.severity.label(), "what": finding.message.fact(), "cure": finding.message.cure });
        let peers = self.status.desired.iter().flat_map(|desired| &desired.value);
        json!({
            "settings": self.provenance.entries().iter().map(setting).collect::<Vec<_>>(),
            "self": self.status.own.as_ref().map(ToString::to_string),
            "peers": peers.map(ToString::to_string).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }
}
