//! Stock, unmodified Eureka servers, each with the real program beside it.
//!
//! Trials are named `<release>::<scenario>` and bring everything they need with them: the servers are
//! built from Maven Central on first use (`target/stock-eureka/`), and every pod is a loopback address
//! of this machine. Each trial is this executable once more, in a process of its own. Without Java
//! they are reported as ignored, unless `CI=true`. Must never leave a process behind.
//!
//! How much runs is said by `STOCK_EUREKA`. By default it is a cold start of three on one release, and with
//! `EUREKA_PEERS_TESTS=all` the same as `wide`. `quick` is the heart of it on one release; `wide` is every scenario on that release, cold start and scaling with the flush on all others, and
//! the documented block to the letter on the last patch of each line, two at a time; `full` is
//! everything, with measurements of many minutes, one by one. A filter on the command line chooses from
//! everything.
//!
//! `patches` asks Maven which patches there are since Hoxton, starts each with the documented block to the
//! letter, has it adopt one addition, and writes what came of it into `docs/eureka.md`.
//!
//! `STOCK_EUREKA_WITHOUT=NAME,NAME` takes documented variables away, to see what a trial says then.
//!
//!     STOCK_EUREKA=full cargo test --test stock_eureka
//!     STOCK_EUREKA=patches cargo test --test stock_eureka
//!     cargo test --test stock_eureka -- 2022.0.4::documented_environment   # one patch
//!     cargo test --test stock_eureka -- ::own_record --nocapture       # refreshes, starts, shutdowns
//!     cargo test --test stock_eureka -- 2025.0.1::          # one release
//!     cargo test --test stock_eureka -- ::scale_names       # one scenario
//!     cargo test --test stock_eureka -- ::additions --nocapture        # 30 additions: times and counts
//!     cargo test --test stock_eureka -- ::bursts --nocapture           # five additions close together
//!     cargo test --test stock_eureka -- ::sink_held_long --nocapture   # ten minutes with the sink

mod maven;
mod patches;
mod proxy;
mod readers;
mod real_clients;
mod scenarios;
mod verdicts;
#[path = "../world/mod.rs"]
mod world;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::Arguments;

use world::stock::{cluster, ground, image, pod, release, server, sidecar};
use world::{beside, dns_server, extent, http, machine, process, registry, trial, wait};

use crate::image::{Image, Security};
use crate::machine::Missing;
use crate::process::Process;

use crate::release::{RELEASES, Release};
use crate::scenarios::{SCENARIOS, Scenario};

/// Names the one trial that this process is.
const TRIAL: &str = "STOCK_EUREKA_TRIAL";
/// A trial ends by itself long before this; others may stand on all grounds before it.
const ENDED_WITHIN: Duration = Duration::from_secs(60 * 60);

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(TRIAL) {
        return be(&name);
    }
    let mut arguments = Arguments::from_args();
    let extent = match Extent::of_environment() {
        Ok(_) if arguments.filter.is_some() || arguments.list => Extent::Chosen,
        Ok(extent) => extent,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    arguments.test_threads = Some(extent.at_once());
    let writes_table =
        matches!(extent, Extent::Patches) && !arguments.list && image::missing_tools().is_empty();
    if writes_table {
        maven::write_patches();
    }
    let trials = all().filter(|(release, scenario)| extent.includes(release, scenario));
    let trials = trials.map(|(release, scenario)| {
        let name = name_of(release, scenario);
        machine::trial(name.clone(), move || run(&name, release, scenario))
    });
    let mut trials: Vec<_> = trials.collect();
    match extent {
        Extent::Sample => extent::say_left_out("stock_eureka", "1 start of stock servers runs"),
        Extent::Patches => {}
        Extent::Quick | Extent::Wide | Extent::Full | Extent::Chosen => trials.push(readers::trial()),
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if writes_table {
        verdicts::write();
    }
    conclusion.exit_code()
}

/// Every scenario on every release that can differ in it.
fn all() -> impl Iterator<Item = (&'static Release, &'static Scenario)> {
    let releases = RELEASES.iter().flat_map(|release| {
        let scenarios = SCENARIOS.iter().filter(|scenario| scenario.runs_on(release));
        scenarios.map(move |scenario| (release, scenario))
    });
    let patches = patches::others().flat_map(|release| {
        let scenarios = SCENARIOS.iter().filter(|scenario| scenario.runs_on_patches());
        scenarios.map(move |scenario| (release, scenario))
    });
    releases.chain(patches)
}

fn name_of(release: &Release, scenario: &Scenario) -> String {
    format!("{}::{}", release.name, scenario.name)
}

#[derive(Clone, Copy)]
enum Extent {
    Sample,
    Quick,
    Wide,
    Full,
    Patches,
    Chosen,
}

impl Extent {
    /// The heart: a start of three, the way up and down with a flush, and the promise not to loop.
    const QUICK: [&str; 3] = ["cold_start", "scale_names", "masked"];
    /// What every release must show where the trials are wide.
    const EVERYWHERE: [&str; 2] = ["cold_start", "scale_names"];

    /// What every patch must show, and the last one of each line where the trials are wide.
    const LETTER: &str = "documented_environment";

    fn of_environment() -> Result<Self, String> {
        match std::env::var("STOCK_EUREKA").as_deref() {
            Err(_) if !extent::is_everything() => Ok(Self::Sample),
            Ok("quick") => Ok(Self::Quick),
            Err(_) | Ok("wide") => Ok(Self::Wide),
            Ok("full") => Ok(Self::Full),
            Ok("patches") => Ok(Self::Patches),
            Ok(other) => Err(format!("STOCK_EUREKA={other} is none of quick, wide, full, patches")),
        }
    }

    /// Trials that run at once. They wait more than they work; but nothing else runs beside a
    /// measurement, and whoever chose one trial may want to look at it.
    fn at_once(self) -> usize {
        match self {
            Self::Sample | Self::Quick | Self::Wide | Self::Patches => 2,
            Self::Full | Self::Chosen => 1,
        }
    }

    fn includes(self, release: &Release, scenario: &Scenario) -> bool {
        let is_reference = release.name == release::REFERENCE;
        let is_letter = scenario.name == Self::LETTER;
        match self {
            Self::Sample => is_reference && scenario.name == Self::QUICK[0],
            Self::Quick => is_reference && Self::QUICK.contains(&scenario.name),
            Self::Wide if scenario.is_measurement => false,
            Self::Wide if is_letter => is_reference || patches::is_sampled(release),
            Self::Wide => is_reference || Self::EVERYWHERE.contains(&scenario.name),
            Self::Full if is_letter || RELEASES.iter().any(|whole| whole.name == release.name) => true,
            Self::Full => !scenario.is_measurement && patches::is_sampled(release),
            Self::Patches => is_letter,
            Self::Chosen => true,
        }
    }
}

/// Has another process be the trial, and tells what it wrote.
fn run(name: &str, release: &'static Release, scenario: &Scenario) -> Result<(), Missing> {
    let missing: Vec<&str> = image::missing_tools().into_iter().chain(scenario.missing_tools()).collect();
    if !missing.is_empty() {
        return Err(Missing(format!("not on this machine: {}", missing.join(", "))));
    }
    // Not in the trial: a network namespace leads to no Maven repository.
    drop(Image::of(release, Security::Without));
    let mut command = scenario.ground.command(&std::env::current_exe().expect("we run"));
    command.envs(std::env::vars_os()).env(TRIAL, name);
    let log = image::cache().join("runs").join(format!("{}.log", name.replace("::", "-")));
    fs::create_dir_all(image::cache().join("runs")).expect("the target directory can be written");
    fs::write(&log, "").expect("the target directory can be written");
    let mut process = Process::start(name, &command, &log);
    let ended = process.wait(ENDED_WITHIN);
    let told = process.log();
    if scenario.name == Extent::LETTER {
        verdicts::keep(release, &told);
    }
    assert!(ended.is_some_and(|status| status.success()), "{name} ended with {ended:?}\n{told}");
    println!("{told}");
    Ok(())
}

fn be(name: &str) -> ExitCode {
    let Some((release, scenario)) = all().find(|(release, scenario)| name_of(release, scenario) == name)
    else {
        eprintln!("{TRIAL}: no trial is called {name}");
        return ExitCode::FAILURE;
    };
    let _ground = ground::take(scenario.ground);
    match trial::run(move || (scenario.body)(release)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
