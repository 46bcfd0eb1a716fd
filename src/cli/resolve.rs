//! `resolve`: prints the list that would be published, once or at each change.
//!
//! The machine is the sidecar's; its publications go to standard output, and nothing is adopted.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};

use crate::agent::Clock;
use crate::dns::{HickoryLookup, Lookup};
use crate::document::{Document, DocumentError, FileName, Format};
use crate::model::{Jitter, Listing, PeerSet, Question};
use crate::reconcile::{Action, Adoption, Machine, Observation, Policy, PublishOutcome, Status};
use crate::settings::{Settings, UserInfoSource};

use super::outside::lookup;
use super::run::runtime;
use super::sources::{Sources, refuse, warn};
use super::{ExitStatus, ListFormat};

/// The loop wakes at least this often; nothing depends on it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Prints the list, and again whenever it changes where `watch` says so.
pub(super) fn resolve(sources: &Sources, format: ListFormat, watch: bool) -> ExitStatus {
    let loaded = match sources.read() {
        Ok(read) => read.loaded,
        Err(rejected) => return refuse(&rejected),
    };
    warn(&loaded.warnings);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(reason) => {
            eprintln!("eureka-peers: {reason}");
            return ExitStatus::Failure;
        }
    };
    let printer = Printer { settings: &loaded.settings, format };
    LocalSet::new().block_on(&runtime, turn(&printer, watch))
}

/// Turns the machine; in place of files, its listings are printed.
async fn turn(printer: &Printer<'_>, watch: bool) -> ExitStatus {
    let policy = Policy { adoption: Adoption::None, ..printer.settings.policy.clone() };
    let clock = Clock::start();
    let mut machine = Machine::new(policy, None, clock.now());
    let lookup = Rc::new(lookup(printer.settings));
    let mut asked = JoinSet::new();
    let mut latest = None;
    loop {
        let now = clock.now();
        while let Some(action) = machine.next_action(now) {
            match action {
                Action::Ask(question) => ask(&mut asked, Rc::clone(&lookup), question),
                Action::Publish(publication) => {
                    let is_news = latest.replace(publication.listing.clone()) != Some(publication.listing);
                    machine.handle(Observation::Published(PublishOutcome::Written), now, Jitter::NONE);
                    if watch && is_news && !printer.print(&machine.status(now), latest.as_ref()) {
                        return ExitStatus::Failure;
                    }
                }
                Action::Refresh { .. } | Action::AbandonRefresh | Action::Confirm | Action::Diagnose => {}
            }
        }
        let status = machine.status(now);
        if !watch && status.services.iter().all(|service| service.last.is_some()) {
            return printer.print_once(&status, latest.as_ref());
        }
        let wake = machine.poll_timeout().unwrap_or(now).min(now.after(LONGEST_WAIT));
        tokio::select! {
            Some(Ok(observation)) = asked.join_next() => {
                machine.handle(observation, clock.now(), Jitter::from_random(fastrand::u8(..)));
            }
            () = tokio::time::sleep_until(clock.instant_of(wake)) => {}
        }
    }
}

fn ask(asked: &mut JoinSet<Observation>, lookup: Rc<HickoryLookup>, question: Question) {
    asked.spawn_local(async move {
        let answer = lookup.ask(&question).await;
        Observation::Answered { question, answer }
    });
}

/// How a list is put on standard output.
struct Printer<'a> {
    settings: &'a Settings,
    format: ListFormat,
}

impl Printer<'_> {
    /// The one list that was asked for; a failure where no Service gave records.
    fn print_once(&self, status: &Status, listing: Option<&Listing>) -> ExitStatus {
        for condition in &status.conditions {
            eprintln!("eureka-peers: {}", condition.message);
        }
        let has_records = status.services.iter().any(|service| service.records_at.is_some());
        if has_records && self.print(status, listing) { ExitStatus::Success } else { ExitStatus::Failure }
    }

    /// Whether the list could be printed.
    fn print(&self, status: &Status, listing: Option<&Listing>) -> bool {
        let Some(listing) = listing else { return true };
        let text = match self.format {
            ListFormat::Table => Ok(table(status, listing)),
            ListFormat::Lines => self.rendered(Format::Lines, listing),
            ListFormat::Json => self.rendered(Format::Json, listing),
            ListFormat::Yaml => self.rendered(Format::SpringYaml, listing),
            ListFormat::Properties => self.rendered(Format::SpringProperties, listing),
            ListFormat::Env => self.rendered(Format::Env, listing),
        };
        let written = text.map_err(|error| error.to_string()).and_then(|text| {
            io::stdout().lock().write_all(text.as_bytes()).map_err(|error| error.to_string())
        });
        if let Err(reason) = &written {
            eprintln!("eureka-peers: cannot print the list: {reason}");
        }
        written.is_ok()
    }

    /// The document as it would be published, but for credentials: a terminal is no place for them.
    fn rendered(&self, format: Format, listing: &Listing) -> Result<String, DocumentError> {
        let user_info = match &self.settings.output.user_info {
            UserInfoSource::Placeholders(user_info) => Some(user_info),
            UserInfoSource::None | UserInfoSource::File(_) => None,
        };
        let document = Document { listing, zone: &self.settings.output.zone, user_info };
        let name: FileName = "list".parse().expect("a plain name");
        let files = document.render(format, &name)?;
        Ok(files.iter().map(|file| String::from_utf8_lossy(file.bytes())).collect())
    }
}

/// For people: who comes from where.
fn table(status: &Status, listing: &Listing) -> String {
    let mut text = String::new();
    for service in &status.services {
        let answer = service.last.as_ref().map_or("not asked", |last| last.value.label());
        let _infallible = writeln!(text, "{} ({answer})", service.question);
        for url in &service.kept {
            let _infallible = writeln!(text, "  {url}");
        }
    }
    let known: PeerSet = status.services.iter().flat_map(|service| service.kept.iter().cloned()).collect();
    for url in listing.urls().filter(|url| !known.contains(url)) {
        let origin = if status.own.as_ref() == Some(url) { "self, alone" } else { "static" };
        let _infallible = writeln!(text, "{url} ({origin})");
    }
    text
}
