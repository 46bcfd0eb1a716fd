//! What a step expects, against what is so.

use std::collections::BTreeSet;

use eureka_peers::model::PeerSet;
use eureka_peers::wording::situation;

use crate::format::{Count, Expect, Scenario};
use crate::settings::Given;
use crate::words::{HostWord, Written};
use crate::world::{World, life};

/// Every expectation that is not met, in words.
pub(crate) fn failures(expect: &Expect, world: &World) -> Vec<String> {
    [
        files(expect, world),
        server(expect, world),
        conditions(expect, world),
        counts(expect, world),
        start(expect, world),
    ]
    .concat()
}

/// Whatever the files said at any time against `never` and `always`.
pub(crate) fn failures_at_any_time(scenario: &Scenario, world: &World) -> Vec<String> {
    let mut failures = vec![];
    for (at, listing) in &world.written {
        let seen: BTreeSet<_> = listing.urls().map(Given::spoken).collect();
        for word in spoken(&scenario.never, &world.settings).intersection(&seen) {
            failures.push(format!("at {at:?} the files named {word}, which they never may"));
        }
        for word in spoken(&scenario.always, &world.settings).difference(&seen) {
            failures
                .push(format!("at {at:?} the files did not name {word}, which they always must: {seen:?}"));
        }
    }
    failures
}

fn files(expect: &Expect, world: &World) -> Vec<String> {
    let listing = world.listing();
    let urls: BTreeSet<_> = listing.iter().flat_map(|listing| listing.urls()).map(Given::spoken).collect();
    [
        expect.files.as_ref().and_then(|words| differs("files", &urls, &spoken(words, &world.settings))),
        expect.flushing.and_then(|is| {
            differs("flushing", &listing.is_some_and(|listing| listing.sink().is_some()), &is)
        }),
        expect.as_found.and_then(|is| differs("as-found", &world.is_as_found(), &is)),
        expect.generation.and_then(|is| {
            differs("generation", &listing.map(eureka_peers::model::Listing::generation), &Some(is))
        }),
        expect.left.as_ref().and_then(|left| {
            let state = world.files.as_ref().map(|files| &files.state);
            differs("left", &state, &Some(&life(left, &world.settings)))
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn server(expect: &Expect, world: &World) -> Vec<String> {
    let status = world.machine.status(world.moment());
    let is_adopted = status.confirmed_at.is_some()
        && status.adopted.map(|adopted| adopted.value) == status.desired.map(|desired| desired.value);
    let really = |peers: &PeerSet| -> BTreeSet<String> {
        peers
            .iter()
            .map(|url| if *url == crate::settings::sink() { url.to_string() } else { Given::spoken(url) })
            .collect()
    };
    [
        expect.server.as_ref().and_then(|words| {
            differs("server", &really(world.server.peers()), &spoken(words, &world.settings))
        }),
        expect.adopted.and_then(|is| differs("adopted", &is_adopted, &is)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn conditions(expect: &Expect, world: &World) -> Vec<String> {
    let status = world.machine.status(world.moment());
    let kinds: BTreeSet<_> =
        status.conditions.iter().map(|condition| condition.kind().label().to_owned()).collect();
    let messages: Vec<_> =
        status.conditions.iter().map(|condition| situation(&condition.situation).to_string()).collect();
    let unsaid = |text: &&String| !messages.iter().any(|message| message.contains(text.as_str()));
    let unsaid =
        expect.messages.iter().filter(unsaid).map(|text| format!("no message says {text:?}: {messages:#?}"));
    [
        expect.held.and_then(|is| differs("held", &status.is_held(), &is)),
        expect
            .conditions
            .as_ref()
            .and_then(|labels| differs("conditions", &kinds, &labels.iter().cloned().collect())),
    ]
    .into_iter()
    .flatten()
    .chain(unsaid)
    .collect()
}

fn counts(expect: &Expect, world: &World) -> Vec<String> {
    let counts = &world.counts;
    let check = |name: &str, expected: &Option<Written<Count>>, count: usize| {
        let Written(expected) = expected.as_ref()?;
        (!expected.holds(count)).then(|| format!("{name}: {count}, expected {expected:?}"))
    };
    [
        check("refreshes", &expect.refreshes, counts.refreshes),
        check("abandoned", &expect.abandoned, counts.abandoned),
        check("written", &expect.written, world.written.len()),
        check("questions", &expect.questions, counts.questions),
        check("confirms", &expect.confirms, counts.confirms),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn start(expect: &Expect, world: &World) -> Vec<String> {
    [
        expect.settled.and_then(|is| differs("settled", &world.machine.is_settled(), &is)),
        expect
            .failed_to_start
            .and_then(|is| differs("failed-to-start", &world.machine.has_failed_to_start(), &is)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn spoken(words: &[Written<HostWord>], settings: &Given) -> BTreeSet<String> {
    words.iter().map(|Written(word)| settings.spoken_word(word)).collect()
}

fn differs<T: PartialEq + std::fmt::Debug>(name: &str, seen: &T, expected: &T) -> Option<String> {
    (seen != expected).then(|| format!("{name}: {seen:?}, expected {expected:?}"))
}
