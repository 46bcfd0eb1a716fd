//! Stock, unmodified Eureka servers, each with the real program beside it.
//!
//! Trials are named `<release>::<scenario>`, run one after the other, and bring everything they need
//! with them: the servers are built from Maven Central on first use (`target/stock-eureka/`), and
//! every pod is a loopback address of this machine. Without Java they are reported as ignored,
//! unless `CI=true`. Must never leave a process behind.
//!
//! How much runs is said by `STOCK_EUREKA`: `quick`, the default, is the heart of it on one release;
//! `wide` is every scenario on that release, and cold start and scaling with the flush on
//! all others; `full` is everything, with measurements of many minutes. A filter on the command line
//! chooses from everything.
//!
//!     STOCK_EUREKA=full cargo test --test stock_eureka
//!     cargo test --test stock_eureka -- 2025.0.1::          # one release
//!     cargo test --test stock_eureka -- ::scale_names       # one scenario
//!     cargo test --test stock_eureka -- ::additions --nocapture        # 30 additions: times and counts
//!     cargo test --test stock_eureka -- ::sink_held_long --nocapture   # ten minutes with the sink

mod cluster;
mod dns;
#[path = "../world/dns_server.rs"]
mod dns_server;
mod environment;
mod ground;
mod image;
mod pod;
mod process;
mod proxy;
mod real_clients;
mod registry;
mod release;
mod rest;
mod scenarios;
mod server;
mod sidecar;
mod trial;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::release::{RELEASES, Release};
use crate::scenarios::{SCENARIOS, Scenario};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Trials share loopback addresses, and a few JVMs fill two cores.
    arguments.test_threads = Some(1);
    let extent = match Extent::of_environment() {
        Ok(_) if arguments.filter.is_some() => Extent::Full,
        Ok(extent) => extent,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    let trials = RELEASES.iter().flat_map(|release| {
        let scenarios = SCENARIOS
            .iter()
            .filter(|scenario| scenario.runs_on(release) && extent.includes(release, scenario));
        scenarios.map(move |scenario| {
            let name = format!("{}::{}", release.name, scenario.name);
            Trial::ignorable_test(name, move || run(release, scenario))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// How much runs.
#[derive(Clone, Copy)]
enum Extent {
    Quick,
    Wide,
    Full,
}

impl Extent {
    /// The heart: a start of three, the way up and down with a flush, and the promise not to loop.
    const QUICK: [&str; 3] = ["cold_start", "scale_names", "masked"];
    /// What every release must show where the trials are wide.
    const EVERYWHERE: [&str; 2] = ["cold_start", "scale_names"];

    fn of_environment() -> Result<Self, String> {
        match std::env::var("STOCK_EUREKA").as_deref() {
            Err(_) | Ok("quick") => Ok(Self::Quick),
            Ok("wide") => Ok(Self::Wide),
            Ok("full") => Ok(Self::Full),
            Ok(other) => Err(format!("STOCK_EUREKA={other} is none of quick, wide, full")),
        }
    }

    fn includes(self, release: &Release, scenario: &Scenario) -> bool {
        let is_reference = release.name == release::REFERENCE;
        match self {
            Self::Quick => is_reference && Self::QUICK.contains(&scenario.name),
            Self::Wide if scenario.is_measurement => false,
            Self::Wide => is_reference || Self::EVERYWHERE.contains(&scenario.name),
            Self::Full => true,
        }
    }
}

fn run(release: &'static release::Release, scenario: &'static Scenario) -> Result<Completion, Failed> {
    let missing: Vec<&str> = image::missing_tools().into_iter().chain(scenario.missing_tools()).collect();
    if missing.is_empty() {
        let _alone = ground::alone();
        trial::run(move || (scenario.body)(release))?;
        return Ok(Completion::Completed);
    }
    let reason = format!("not on this machine: {}", missing.join(", "));
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        return Err(Failed::from(reason));
    }
    Ok(Completion::ignored_with(reason))
}
