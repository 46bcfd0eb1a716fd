//! The DNS adapter against the servers that people run: knot, BIND, dnsmasq and CoreDNS, the last
//! one also with its `kubernetes` plugin in front of an API server of ours.
//!
//! Each server is a process of its own on loopback, with a configuration in a temporary directory,
//! and ends with its trial. A program that is not installed is no failure, unless `CI` is `true`.

mod authoritative;
mod authority;
mod behind_a_cache;
mod init;
mod kube_api;
mod kubernetes;
mod life;
mod pod;
mod programs;
mod question;
mod running;
#[path = "../world/secret.rs"]
mod secret;
mod sidecar;
mod whole;
mod zone;

#[path = "../world/dns_server.rs"]
mod dns_server;
#[path = "../world/http.rs"]
mod http;
#[path = "../world/once.rs"]
mod once;
#[path = "../world/ports.rs"]
mod ports;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Trials at a time: they wait more than they work.
const THREADS: usize = 12;

/// What a trial needs and this machine does not have.
#[derive(Debug)]
struct Missing(String);

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = [whole::trials(), authoritative::trials(), behind_a_cache::trials(), kubernetes::trials()];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// A trial of `server`, run on one thread as in the program.
fn trial(
    server: &str,
    what: &str,
    body: impl AsyncFnOnce() -> Result<(), Missing> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(format!("{server}::{what}"), move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime.expect("a runtime needs only memory").block_on(body()) {
            Ok(()) => Ok(Completion::Completed),
            Err(Missing(what)) if std::env::var("CI").as_deref() == Ok("true") => {
                Err(Failed::from(format!("{what}, and in CI that is a failure")))
            }
            Err(Missing(what)) => Ok(Completion::ignored_with(what)),
        }
    })
}
