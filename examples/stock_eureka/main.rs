//! Three stock Eureka servers, eureka-peers beside each, and one DNS server that changes: the mesh as
//! it forms, loses a server, shrinks to one and grows again, with times.
//!
//! Needs Java and Maven. Stays on loopback, ends by itself within three minutes (the first build of
//! the server aside), and leaves no process behind, nor any file but that build, however it ends.
//!
//!     cargo run --release --example stock_eureka                         # Spring Cloud 2025.0, names
//!     cargo run --release --example stock_eureka -- 2021.0.9 addresses   # another of the tests' releases

#[path = "../../tests/stock_eureka/cluster.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod cluster;
#[path = "../../tests/stock_eureka/dns.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod dns;
#[path = "../../tests/world/dns_server.rs"]
mod dns_server;
#[path = "../../tests/stock_eureka/environment.rs"]
mod environment;
mod ground;
#[path = "../../tests/stock_eureka/image.rs"]
mod image;
#[path = "../../tests/stock_eureka/pod.rs"]
mod pod;
#[path = "../../tests/stock_eureka/process.rs"]
mod process;
#[path = "../../tests/stock_eureka/registry.rs"]
mod registry;
#[path = "../../tests/stock_eureka/release.rs"]
mod release;
#[path = "../../tests/stock_eureka/rest.rs"]
mod rest;
#[path = "../../tests/world/secret.rs"]
mod secret;
#[path = "../../tests/stock_eureka/server.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod server;
#[path = "../../tests/stock_eureka/sidecar.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod sidecar;
mod story;
#[path = "../../tests/stock_eureka/trial.rs"]
mod trial;
mod view;

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use crate::pod::PeerHost;
use crate::release::{REFERENCE, RELEASES, Release};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == ground::AS_PROGRAM) {
        return eureka_peers::cli::main(arguments).into();
    }
    let told = chosen(arguments.next()).and_then(|release| tell(release, peer_host(arguments.next())?));
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("The demonstration failed: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The release that was named, or the tests' own choice.
fn chosen(name: Option<OsString>) -> Result<&'static Release, String> {
    let name = name.unwrap_or_else(|| REFERENCE.into());
    RELEASES.iter().find(|release| *release.name == *name).ok_or_else(|| {
        let known: Vec<&str> = RELEASES.iter().map(|release| release.name).collect();
        format!("no release {}; there are {}", name.display(), known.join(", "))
    })
}

fn peer_host(word: Option<OsString>) -> Result<PeerHost, String> {
    let Some(word) = word else { return Ok(PeerHost::Names) };
    let known = [PeerHost::Names, PeerHost::Addresses];
    let found = known.into_iter().find(|peer_host| *peer_host.as_str() == *word);
    found.ok_or_else(|| format!("{} is neither `names` nor `addresses`", word.display()))
}

fn tell(release: &'static Release, peer_host: PeerHost) -> Result<(), String> {
    let missing = image::missing_tools();
    if !missing.is_empty() {
        return Err(format!("not on this machine: {}", missing.join(", ")));
    }
    thread::spawn(stop_when_told);
    let told = trial::run(move || story::tell(release, peer_host));
    drop(fs::remove_dir_all(story::directory(release)));
    told
}

/// Ends what was started where somebody ends us.
fn stop_when_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a machine with sockets has a runtime").block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be watched");
        let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be watched");
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    trial::stop();
}
