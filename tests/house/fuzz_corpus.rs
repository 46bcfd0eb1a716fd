//! Replays what the fuzzer found worth keeping, and what was made by hand, through the fuzzer's own
//! checks.
//!
//! Each input is given its time: what takes longer is a way to stall the loop. `fuzz/README.md` says
//! how the corpus grows.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{self, catch_unwind};
use std::path::PathBuf;
use std::sync::Once;
use std::time::{Duration, Instant};

use eureka_peers::dns::read_message;
use eureka_peers::model::Answer;

use crate::world::machine;
use crate::world::tool::{project, text_of};

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "for the fuzzer this is a library")]
mod fuzz;

use fuzz::{Check, TARGETS, seeds};

/// A quarter of a second optimised, a few unoptimised on a busy machine: what takes this long grows
/// with more than its size.
const INPUT_MAX: Duration = Duration::from_secs(20);

/// Bytes of one kept file: large inputs are made by `seeds`.
const KEPT_MAX: u64 = 8 * 1024;

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

fn home() -> PathBuf {
    project().join("fuzz")
}

fn names_in(directory: &str) -> BTreeSet<String> {
    let names = machine::names_in(&home().join(directory)).into_iter();
    names.map(|name| name.trim_end_matches(".rs").to_owned()).collect()
}

/// Kept and made inputs, each with its name.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = home().join("corpus").join(target);
    let kept = fs::read_dir(&directory).expect("every target has a corpus").map(|entry| {
        let path = entry.expect("readable").path();
        assert!(fs::metadata(&path).expect("readable").len() <= KEPT_MAX, "{} is large", path.display());
        (path.display().to_string(), fs::read(&path).expect("readable"))
    });
    let made = seeds::of(target).into_iter().map(|(name, bytes)| (format!("seed {name}"), bytes));
    made.chain(kept).collect()
}

/// Panics of this thread are counted, those that a runtime catches among them.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            say(info);
        }));
    });
}

fn replay(target: &str) {
    count_panics();
    let (_, check): (_, Check) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target");
    let inputs = inputs(target);
    let (mut broken, mut slowest) = (vec![], Duration::ZERO);
    for (name, bytes) in &inputs {
        let (since, before) = (Instant::now(), PANICS.get());
        let kept_its_promise = catch_unwind(|| check(bytes)).is_ok() && PANICS.get() == before;
        slowest = slowest.max(since.elapsed());
        if !kept_its_promise || since.elapsed() > INPUT_MAX {
            broken.push(format!("{name} after {:?}", since.elapsed()));
        }
    }
    println!("{target}: {} inputs, the slowest took {slowest:?}", inputs.len());
    assert!(broken.is_empty(), "{target}: {broken:#?}");
    assert!(inputs.len() >= 10, "{target} has {} inputs", inputs.len());
}

#[test]
fn every_target_is_fuzzed_and_replayed() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in("fuzz_targets"), known);
    assert_eq!(names_in("corpus"), known);
    let manifest = text_of("fuzz/Cargo.toml");
    for name in known {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let this = include_str!("fuzz_corpus.rs");
        assert!(this.contains(&format!(": \"{name}\",")), "{name} is not replayed");
    }
}

/// A seed that went another way than the one it is named for would prove nothing.
#[test]
fn made_messages_are_read_as_what_they_are() {
    let read = |(_, bytes): &(&str, Vec<u8>)| {
        let question = &fuzz::policies::chosen_by(bytes[0]).questions[0];
        match read_message(question, &bytes[1..]) {
            Answer::Records(records) => format!("{} records", records.len()),
            Answer::Empty { no_such_name, .. } => format!("nobody {no_such_name}"),
            Answer::Failed(failure) => failure.label().to_owned(),
        }
    };
    let made: BTreeMap<&str, String> =
        seeds::of("dns_answer").iter().map(|seed| (seed.0, read(seed))).collect();
    for (name, outcome) in [
        ("names", "2 records"),
        ("ipv4", "2 records"),
        ("ipv6", "4 records"),
        ("4000-addresses", "4000 records"),
        ("64-KB", "4093 records"),
        ("700-names", "700 records"),
        ("nobody", "nobody true"),
        ("no-data", "nobody false"),
        ("denied-by-another-zone", "negative_without_soa"),
        ("other-class", "malformed"),
        ("outside-the-zone", "malformed"),
        ("cname", "malformed"),
        ("target-outside", "2 records"),
        ("target-is-the-service", "1 records"),
        ("hostile-targets", "9 records"),
        ("truncated", "truncated"),
        ("compression-loop", "malformed"),
        ("another-question", "malformed"),
    ] {
        assert_eq!(made[name], outcome, "{name}");
    }
}

/// A test a target: they run beside each other, and each is named where it fails.
macro_rules! replayed {
    ($($test:ident: $target:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            replay($target);
        })+
    };
}

replayed! {
    dns_answers: "dns_answer",
    dns_exchanges: "dns_exchange",
    documents: "documents",
    local_requests: "local_request",
    public_requests: "public_request",
    server_replies: "server_reply",
    settings_files: "settings_file",
    sink_batches: "sink_batch",
    state_files: "state_file",
    status_documents: "status_document",
}
