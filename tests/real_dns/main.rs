//! The DNS adapter against the servers that people run: knot, BIND, dnsmasq, unbound and CoreDNS, the last
//! one also with its `kubernetes` plugin in front of an API server of ours.
//!
//! Each server is a process of its own on loopback, with a configuration in a temporary directory,
//! and ends with its trial. A program that is not installed is no failure, unless `CI` is `true`.

/// A trial of each of these functions with each program, called like the function.
macro_rules! for_each {
    ($programs:expr, $($play:ident),+) => {
        $programs
            .into_iter()
            .flat_map(|program| {
                [$(crate::trial(program.name(), stringify!($play), async move || $play(program).await)),+]
            })
            .collect()
    };
}

/// A trial of each of these functions, called like the function.
macro_rules! named {
    ($server:expr, $($play:ident),+) => {
        vec![$(crate::trial($server, stringify!($play), $play)),+]
    };
}

mod authoritative;
mod authority;
mod behind_a_cache;
mod kube_api;
mod kubernetes;
mod pod;
mod programs;
mod question;
mod running;
mod whole;
#[path = "../world/mod.rs"]
mod world;
mod zone;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use world::machine::Missing;
use world::{dns_server, extent, machine, ports, process};

/// Trials at a time: they wait more than they work.
const THREADS: usize = 12;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = [whole::trials(), authoritative::trials(), behind_a_cache::trials(), kubernetes::trials()];
    let trials = trials.into_iter().flatten().collect();
    // What has to be built first, and what only says it once more, is for those who have the time.
    let is_in_sample = |name: &str| name.starts_with("knot::") || name.starts_with("dnsmasq::");
    let trials = extent::chosen("real_dns", &arguments, trials, is_in_sample);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial of `server`. What it asks runs on this thread, as in the program; what it stands on, beside it.
fn trial(
    server: &str,
    what: &str,
    body: impl AsyncFnOnce() -> Result<(), Missing> + Send + 'static,
) -> Trial {
    machine::trial(format!("{server}::{what}"), move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a thread can be started").block_on(body())
    })
}
