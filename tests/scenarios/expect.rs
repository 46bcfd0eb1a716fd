//! What a step expects, against what is so.

use std::collections::BTreeSet;
use std::fmt::Debug;

use eureka_peers::model::{Listing, ServiceUrl};
use eureka_peers::wording::situation;

use crate::format::{Count, Expect, Scenario};
use crate::settings::Settings;
use crate::words::{HostWord, Written};
use crate::world::{World, life};

/// What is so, against what a step names.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn compare<T: PartialEq + Debug>(&mut self, name: &str, seen: &T, expected: Option<T>) {
        if let Some(expected) = expected.filter(|expected| expected != seen) {
            self.0.push(format!("{name}: {seen:?}, expected {expected:?}"));
        }
    }

    fn count(&mut self, name: &str, count: usize, expected: Option<&Written<Count>>) {
        if let Some(Written(expected)) = expected.filter(|Written(expected)| !expected.holds(count)) {
            self.0.push(format!("{name}: {count}, expected {expected:?}"));
        }
    }
}

/// Every expectation that is not met, in words.
pub(crate) fn failures(expect: &Expect, world: &World) -> Vec<String> {
    let mut failures = Failures::default();
    files(expect, world, &mut failures);
    server(expect, world, &mut failures);
    conditions(expect, world, &mut failures);
    let counts = &world.counts;
    failures.count("refreshes", counts.refreshes, expect.refreshes.as_ref());
    failures.count("abandoned", counts.abandoned, expect.abandoned.as_ref());
    failures.count("written", world.written.len(), expect.written.as_ref());
    failures.count("questions", counts.questions, expect.questions.as_ref());
    failures.count("confirms", counts.confirms, expect.confirms.as_ref());
    failures.compare("settled", &world.machine.is_settled(), expect.settled);
    failures.compare("failed-to-start", &world.machine.has_failed_to_start(), expect.failed_to_start);
    failures.0
}

/// Whatever the files said at any time against `never` and `always`.
pub(crate) fn failures_at_any_time(scenario: &Scenario, world: &World) -> Vec<String> {
    let mut failures = vec![];
    for (at, listing) in &world.written {
        let seen: BTreeSet<_> = listing.urls().map(Settings::spoken).collect();
        for word in said_hosts(&scenario.never, &world.settings).intersection(&seen) {
            failures.push(format!("at {at:?} the files named {word}, which they never may"));
        }
        for word in said_hosts(&scenario.always, &world.settings).difference(&seen) {
            failures
                .push(format!("at {at:?} the files did not name {word}, which they always must: {seen:?}"));
        }
    }
    failures
}

fn files(expect: &Expect, world: &World, failures: &mut Failures) {
    let listing = world.listing();
    let urls: BTreeSet<_> = listing.iter().flat_map(|listing| listing.urls()).map(Settings::spoken).collect();
    failures.compare("files", &urls, expect.files.as_ref().map(|words| said_hosts(words, &world.settings)));
    failures.compare("flushing", &listing.is_some_and(|listing| listing.sink().is_some()), expect.flushing);
    failures.compare("as-found", &world.is_as_found(), expect.as_found);
    failures.compare("generation", &listing.map(Listing::generation), expect.generation.map(Some));
    let kept = world.files.as_ref().map(|files| files.state.clone());
    failures.compare("left", &kept, expect.left.as_ref().map(|left| Some(life(left, &world.settings))));
}

fn server(expect: &Expect, world: &World, failures: &mut Failures) {
    let status = world.machine.status(world.moment());
    let is_adopted = status.confirmed_at.is_some()
        && status.adopted.map(|adopted| adopted.value) == status.desired.map(|desired| desired.value);
    let said = |url: &ServiceUrl| {
        if *url == world.settings.policy.sink { url.to_string() } else { Settings::spoken(url) }
    };
    let known: BTreeSet<_> = world.server.peers().iter().map(said).collect();
    failures.compare(
        "server",
        &known,
        expect.server.as_ref().map(|words| said_hosts(words, &world.settings)),
    );
    failures.compare("adopted", &is_adopted, expect.adopted);
}

fn conditions(expect: &Expect, world: &World, failures: &mut Failures) {
    let status = world.machine.status(world.moment());
    let conditions = status.conditions.iter();
    let kinds: BTreeSet<_> =
        conditions.clone().map(|condition| condition.kind().label().to_owned()).collect();
    let messages: Vec<_> = conditions.map(|condition| situation(&condition.situation).to_string()).collect();
    failures.compare("held", &status.is_held(), expect.held);
    let labels = expect.conditions.as_ref();
    failures.compare(
        "conditions",
        &kinds,
        labels.map(|labels| labels.iter().cloned().collect::<BTreeSet<_>>()),
    );
    let is_said = |text: &&String| messages.iter().any(|message| message.contains(text.as_str()));
    let unsaid = expect.messages.iter().filter(|text| !is_said(text));
    failures.0.extend(unsaid.map(|text| format!("no message says {text:?}: {messages:#?}")));
}

fn said_hosts(words: &[Written<HostWord>], settings: &Settings) -> BTreeSet<String> {
    words.iter().map(|Written(word)| settings.spoken_word(word)).collect()
}
