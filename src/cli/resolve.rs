//! `resolve`: prints the list that would be published, once or at each change.
//!
//! The machine is the sidecar's; its publications go to standard output, and nothing is adopted.

use std::fmt::Write as _;
use std::rc::Rc;

use tokio::task::{JoinSet, LocalSet};

use crate::agent::Pump;
use crate::dns::{HickoryLookup, Lookup};
use crate::document::{Document, DocumentError, FileName, Format, UserInfoSource};
use crate::model::{Listing, PeerSet, Question};
use crate::reconcile::{
    Action, Adoption, Condition, ConditionKind, Observation, OnDeadline, Policy, PublishOutcome, Situation,
    Status,
};
use crate::settings::{Loaded, Provenance};

use super::next_step::in_words;
use super::outside::lookup;
use super::sources::{Sources, warn};
use super::terminal::{Audience, put, say};
use super::{ExitStatus, ListFormat};

/// Prints the list, and again whenever it changes where `watch` says so.
pub(super) fn resolve(sources: &Sources, format: ListFormat, watch: bool) -> ExitStatus {
    let (loaded, runtime) = match sources.begin() {
        Ok(begun) => begun,
        Err(status) => return status,
    };
    warn(&loaded.warnings);
    let printer = Printer { loaded: &loaded, format };
    LocalSet::new().block_on(&runtime, turn(&printer, watch))
}

/// Turns the machine; in place of files, its listings are printed.
async fn turn(printer: &Printer<'_>, watch: bool) -> ExitStatus {
    // Nothing is adopted, and the reader wants to see what there is.
    let policy = Policy {
        adoption: Adoption::None,
        min_peers: 0,
        on_deadline: OnDeadline::Publish,
        ..printer.loaded.settings.policy.clone()
    };
    let mut pump = Pump::start(policy);
    let lookup = Rc::new(lookup(&printer.loaded.settings));
    let mut asked = JoinSet::new();
    let mut latest = None;
    let mut said = vec![];
    loop {
        let now = pump.now();
        while let Some(action) = pump.next_action(now) {
            match action {
                Action::Ask(question) => ask(&mut asked, Rc::clone(&lookup), question),
                Action::Publish(publication) => {
                    let is_news = latest.replace(publication.listing.clone()) != Some(publication.listing);
                    pump.handle(Observation::Published(PublishOutcome::Written), now);
                    if watch && is_news {
                        match printer.print(&pump.machine.status(now), latest.as_ref()) {
                            Ok(Audience::Listens) => {}
                            Ok(Audience::Gone) => return ExitStatus::Success,
                            Err(failure) => return failure,
                        }
                    }
                }
                Action::KeepFound
                | Action::Refresh { .. }
                | Action::AbandonRefresh
                | Action::Confirm
                | Action::Diagnose => {}
            }
        }
        let status = pump.machine.status(now);
        let is_heard = status.services.iter().all(|service| service.last.is_some());
        if is_heard {
            say_conditions(&status, &printer.loaded.provenance, &mut said);
        }
        if is_heard && !watch {
            return printer.print_once(&status, latest.as_ref());
        }
        tokio::select! {
            Some(Ok(observation)) = asked.join_next() => {
                pump.handle(observation, pump.now());
            }
            () = pump.is_due() => {}
        }
    }
}

/// Says what deserves attention, once for as long as it is so.
fn say_conditions(status: &Status, provenance: &Provenance, said: &mut Vec<Situation>) {
    // No state is saved here; what keeps records away is said all the same.
    let of_interest =
        status.conditions.iter().filter(|condition| condition.kind() != ConditionKind::NothingKnown);
    let is_same = |one: &Situation, other: &Situation| one.is_about_same(other) && one.has_cause_of(other);
    said.retain(|before| status.conditions.iter().any(|condition| is_same(before, &condition.situation)));
    for Condition { situation: it, .. } in of_interest {
        if !said.iter().any(|before| is_same(before, it)) {
            say(in_words(it, provenance));
            said.push(it.clone());
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
    loaded: &'a Loaded,
    format: ListFormat,
}

impl Printer<'_> {
    /// The one list that was asked for; a failure where no Service gave records.
    fn print_once(&self, status: &Status, listing: Option<&Listing>) -> ExitStatus {
        if status.services.iter().all(|service| service.records_at.is_none()) {
            return ExitStatus::Failure;
        }
        match self.print(status, listing) {
            Ok(Audience::Listens | Audience::Gone) => ExitStatus::Success,
            Err(failure) => failure,
        }
    }

    /// Prints the list as far as there is one.
    fn print(&self, status: &Status, listing: Option<&Listing>) -> Result<Audience, ExitStatus> {
        let Some(listing) = listing else { return Ok(Audience::Listens) };
        let text = match self.format {
            ListFormat::Table => Ok(table(status, listing)),
            ListFormat::Lines => self.rendered(Format::Lines, listing),
            ListFormat::Json => self.rendered(Format::Json, listing),
            ListFormat::Yaml => self.rendered(Format::SpringYaml, listing),
            ListFormat::Properties => self.rendered(Format::SpringProperties, listing),
            ListFormat::Env => self.rendered(Format::Env, listing),
        };
        put(&text.map_err(|error| {
            say(format_args!("cannot print the list: {error}"));
            ExitStatus::Failure
        })?)
    }

    /// The document as it would be published, but for credentials: a terminal is not a place for them.
    fn rendered(&self, format: Format, listing: &Listing) -> Result<String, DocumentError> {
        let user_info = match &self.loaded.settings.output.user_info {
            UserInfoSource::Placeholders(user_info) => Some(user_info),
            UserInfoSource::None | UserInfoSource::File(_) => None,
        };
        let document = Document { listing, zone: &self.loaded.settings.output.zone, user_info };
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
