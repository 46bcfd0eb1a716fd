//! Nothing that a server fails to say, or says of nobody, takes a peer from the list.

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::Missing;
use crate::authority::{Authority, Program};
use crate::pod::{Pod, names};
use crate::programs::Hosting;

/// A removal would come at once, if it came at all.
const HASTY: [&str; 4] = ["--remove-after", "0s", "--max-shrink", "100%"];

pub(crate) fn trials() -> Vec<Trial> {
    for_each!(Program::ALL, is_held_through_silence, is_held_through_a_pause, is_held_through_denials)
}

async fn is_held_through_silence(program: Program) -> Result<(), Missing> {
    let mut server = Authority::start(program, Hosting::pods(0..3)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&HASTY);
    sidecar.lists(&names(1..3));
    server.kill();
    // Its port is closed, which is known at once.
    sidecar.is_held_at("network", "held_lookup_failed");
    server.restart_with(Hosting::pods(0..4)).await;
    sidecar.lists(&names(1..4));
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 2, "{}", sidecar.log_text());
    Ok(())
}

async fn is_held_through_a_pause(program: Program) -> Result<(), Missing> {
    let mut server = Authority::start(program, Hosting::pods(0..3)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&HASTY);
    sidecar.lists(&names(1..3));
    server.running().signal(Signal::STOP);
    sidecar.is_held_at("timeout", "held_lookup_failed");
    server.running().signal(Signal::CONT);
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 1, "{}", sidecar.log_text());
    server.host(Hosting::pods(0..4)).await;
    sidecar.lists(&names(1..4));
    Ok(())
}

async fn is_held_through_denials(program: Program) -> Result<(), Missing> {
    let mut server = Authority::start(program, Hosting::pods(0..3)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&HASTY);
    sidecar.lists(&names(1..3));
    for (hosting, (outcome, condition)) in [
        (Hosting::pods([]), emptied(program)),
        (Hosting::Nothing, ("refused", "held_lookup_failed")),
        (Hosting::Broken, (broken(program), "held_lookup_failed")),
    ] {
        server.host(hosting).await;
        sidecar.is_held_at(outcome, condition);
    }
    server.host(Hosting::pods(0..4)).await;
    sidecar.lists(&names(1..4));
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 2, "{}", sidecar.log_text());
    Ok(())
}

/// dnsmasq denies on its own word, without an SOA.
fn emptied(program: Program) -> (&'static str, &'static str) {
    match program {
        Program::Knot | Program::Bind | Program::CoreDns => ("no_such_name", "held_empty"),
        Program::Dnsmasq => ("negative_without_soa", "held_lookup_failed"),
    }
}

/// dnsmasq has no zone that could be broken, only a server behind it that is not there: a datagram is left in
/// silence, and a connection is closed.
fn broken(program: Program) -> &'static str {
    match program {
        Program::Knot | Program::Bind | Program::CoreDns => "servfail",
        Program::Dnsmasq => "network",
    }
}
