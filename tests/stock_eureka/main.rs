//! Stock, unmodified Eureka servers, each with the real program beside it.
//!
//! Trials are named `<release>::<scenario>`, run one after the other, and bring everything they need
//! with them: the servers are built from Maven Central on first use (`target/stock-eureka/`), and
//! every pod is a loopback address of this machine. Without Java they are reported as ignored,
//! unless `CI=true`. Must never leave a process behind.
//!
//!     cargo test --test stock_eureka -- 2025.0.1::          # one release
//!     cargo test --test stock_eureka -- ::scale_names       # one scenario

mod cluster;
mod dns;
#[path = "../world/dns_server.rs"]
mod dns_server;
mod environment;
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

use crate::release::RELEASES;
use crate::scenarios::{SCENARIOS, Scenario};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Trials share loopback addresses, and a few JVMs fill two cores.
    arguments.test_threads = Some(1);
    let trials = RELEASES.iter().flat_map(|release| {
        let scenarios = SCENARIOS.iter().filter(|scenario| scenario.runs_on(release));
        scenarios.map(move |scenario| {
            let name = format!("{}::{}", release.name, scenario.name);
            Trial::ignorable_test(name, move || run(release, scenario))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn run(release: &'static release::Release, scenario: &'static Scenario) -> Result<Completion, Failed> {
    let missing: Vec<&str> = image::missing_tools().into_iter().chain(scenario.missing_tools()).collect();
    if missing.is_empty() {
        trial::run(move || (scenario.body)(release))?;
        return Ok(Completion::Completed);
    }
    let reason = format!("not on this machine: {}", missing.join(", "));
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        return Err(Failed::from(reason));
    }
    Ok(Completion::ignored_with(reason))
}
