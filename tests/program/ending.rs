//! How it ends: soon, with 0 where a list is in place, and with the file left where it is.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::{Cluster, urls};
use crate::dns_server::Mode;
use crate::sidecar::{END_MAX, Sidecar};

fn ends_soon(sidecar: Sidecar<'_>, signal: Signal) {
    ends_soon_with(0, sidecar, signal);
}

fn ends_soon_with(code: i32, sidecar: Sidecar<'_>, signal: Signal) {
    let log = sidecar.log_text();
    let (status, took) = sidecar.end_by(signal);
    assert_eq!(status.code(), Some(code), "{log}");
    assert!(took < END_MAX, "{took:?}");
    println!("ended {took:?} after {signal:?}");
}

#[test]
fn a_signal_ends_it_and_leaves_the_file() {
    for signal in [Signal::TERM, Signal::INT] {
        let cluster = Cluster::of(&[0, 1]);
        let sidecar = cluster.run_until_listed(&[1], &[]);
        sidecar.until("started", |it| it.status()["started"] == true);
        let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(cluster.file()).expect("there"));
        ends_soon(sidecar, signal);
        assert_eq!(cluster.listed(), urls(&[1]));
        let after = std::os::unix::fs::MetadataExt::ino(&fs::metadata(cluster.file()).expect("there"));
        assert_eq!(after, inode, "the very same file");
        let log = fs::read_to_string(cluster.directory().join("log-0")).expect("a log");
        assert!(log.contains("stopping; the files stay as they are"), "{log}");
    }
}

#[test]
fn a_silent_dns_delays_no_end() {
    let cluster = Cluster::of(&[0]);
    cluster.set_mode(Mode::Silent);
    let sidecar = cluster.run(&[]);
    sidecar.until("a question", |it| it.cluster.questions() > 0);
    ends_soon_with(1, sidecar, Signal::TERM);
}

#[test]
fn a_directory_that_is_not_there_delays_no_end() {
    let cluster = Cluster::of(&[0, 1]);
    fs::remove_dir(cluster.volume()).expect("removed");
    let sidecar = cluster.run(&[]);
    sidecar.until_condition("not_published");
    ends_soon_with(1, sidecar, Signal::TERM);
}

#[test]
fn clients_of_the_listeners_delay_no_end() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let connect = |address| std::net::TcpStream::connect(address).expect("it listens");
    let _idle: Vec<_> =
        (0..20).flat_map(|_| [connect(cluster.listen), connect(cluster.local_listen)]).collect();
    ends_soon(sidecar, Signal::TERM);
}

#[test]
fn a_start_can_be_ended_at_any_moment() {
    let cluster = Cluster::of(&[0, 1]);
    for milliseconds in [0, 2, 5, 8, 12, 20, 40] {
        let sidecar = cluster.run(&[]);
        std::thread::sleep(Duration::from_millis(milliseconds));
        let (status, took) = sidecar.end_by(Signal::TERM);
        // Before the program has its signals in hand, the kernel ends it; and then there may be no list yet.
        let is_killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(15);
        let is_early = status.code() == Some(1);
        assert!(status.success() || is_early || is_killed, "{status:?}");
        assert!(took < END_MAX, "{took:?}");
    }
    cluster.run_until_listed(&[1], &[]);
}

#[test]
fn a_second_signal_does_no_harm() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    sidecar.signal(Signal::HUP);
    sidecar.signal(Signal::TERM);
    let _gone_already = rustix::process::kill_process(sidecar.pid(), Signal::TERM);
    assert!(sidecar.ended().success());
}
