//! Neighbours that misbehave, beside the real binary.
//!
//! For each way to misbehave: it has its own reason in `/status`, in the metrics and in `check`; the
//! loop keeps its pace, counted in questions to DNS; a change reaches the file as ever; refreshes stay
//! within their bound; and when the neighbour behaves again, so does everything.
//!
//! The trials mostly wait, so many run at once.

#[path = "../world/cluster.rs"]
mod cluster;
#[path = "../world/dns_server.rs"]
mod dns_server;
mod faults;
#[path = "../world/http.rs"]
mod http;
#[path = "../world/once.rs"]
mod once;
#[path = "../world/ports.rs"]
mod ports;
#[path = "../world/secret.rs"]
mod secret;
mod server;
#[path = "../world/sidecar.rs"]
mod sidecar;
#[path = "../../fuzz/src/slow.rs"]
#[expect(unreachable_pub, reason = "for the fuzzer this is a part of a library")]
mod slow;
mod trial;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Trials at once: they wait for the program's own pauses, and hardly compute.
const AT_ONCE: usize = 16;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let trials = faults::all().into_iter().map(|fault| {
        Trial::test(fault.name, move || {
            trial::of(&fault);
            Ok(())
        })
    });
    let alone = [
        Trial::test("a-server-that-seems-to-restart-all-the-time", || {
            trial::of_ever_younger_server();
            Ok(())
        }),
        Trial::test("replies-that-are-slow-to-read", || {
            trial::of_slow_replies();
            Ok(())
        }),
        Trial::test("two-servers-behind-one-address", || {
            trial::of_two_servers();
            Ok(())
        }),
        Trial::test("everything-at-once", || {
            trial::of_everything_at_once();
            Ok(())
        }),
    ];
    libtest_mimic::run(&arguments, alone.into_iter().chain(trials).collect()).exit_code()
}
