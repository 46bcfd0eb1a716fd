//! Three stock Eureka servers, eureka-peers beside each, and one DNS server that changes: the mesh as
//! it forms, loses a server, shrinks to one and grows again, with times.
//!
//! Needs Java and Maven. Stays on loopback, ends by itself within three minutes (the first build of
//! the server aside), and leaves no process behind, nor any file but that build, however it ends.
//!
//!     cargo run --release --example stock_eureka                         # Spring Cloud 2025.0, names
//!     cargo run --release --example stock_eureka -- 2021.0.9 addresses   # another of the tests' releases
//!     cargo run --release --example stock_eureka -- 2025.0.1 names DIR   # page and mesh are kept in DIR

mod story;
mod view;
#[path = "../../tests/world/mod.rs"]
mod world;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use world::stock::{cluster, ground, image, pod, release, server, sidecar};
use world::{machine, trial, wait};

use crate::pod::PeerHost;
use crate::release::{REFERENCE, RELEASES, Release};

/// The second part of the pods' addresses; the tests have others.
const GROUND: u8 = 9;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == machine::AS_PROGRAM) {
        return eureka_peers::cli::main(arguments).into();
    }
    let told = chosen(arguments.next()).and_then(|release| {
        let peer_host = peer_host(arguments.next())?;
        tell(release, peer_host, arguments.next().map(PathBuf::from))
    });
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

fn tell(release: &'static Release, peer_host: PeerHost, pictures: Option<PathBuf>) -> Result<(), String> {
    let missing = image::missing_tools();
    if !missing.is_empty() {
        return Err(format!("not on this machine: {}", missing.join(", ")));
    }
    thread::spawn(stop_when_told);
    ground::stand_on(GROUND);
    let told = trial::run(move || story::tell(release, peer_host, pictures.as_deref()));
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
