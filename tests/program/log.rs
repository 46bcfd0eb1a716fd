//! Log lines: one a change, for people or for programs, on standard error alone.

use std::io::{PipeReader, PipeWriter, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::cluster::{Cluster, url, wait_until};
use crate::dns_server::Mode;
use crate::http::get;

#[test]
fn a_quiet_hour_says_nothing_and_a_change_one_line() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    sidecar.until("published", |it| !it.logged("published").is_empty());
    let messages =
        |lines: &[serde_json::Value]| lines.iter().map(|line| line["message"].clone()).collect::<Vec<_>>();
    assert_eq!(messages(&sidecar.log()), ["started", "peers changed", "published"], "a healthy start");
    sidecar.until_asked_again();
    sidecar.until_asked_again();
    assert_eq!(sidecar.log().len(), 3, "no line a poll");
    cluster.set_mode(Mode::ServFail);
    sidecar.until_condition("held_lookup_failed");
    sidecar.until_asked_again();
    cluster.set_mode(Mode::Normal);
    sidecar.until_no_condition();
    sidecar.until("the end of it", |it| it.log().len() >= 5);
    let log = sidecar.log();
    assert_eq!(
        (&log[3]["condition"], &log[4]["condition"]),
        (&"held_lookup_failed".into(), &"held_lookup_failed".into())
    );
    let ended = log[4]["message"].as_str().expect("text");
    assert!(ended.starts_with("held_lookup_failed ended after "), "{ended}");
    assert!(ended.contains(": DNS gives records, peers: 1 (_http._tcp.eureka."), "{ended}");
    assert_eq!(log[4]["level"], log[3]["level"], "who reads warnings reads their end");
    assert!(log[4]["seconds"].as_f64() > Some(0.0), "{}", log[4]);
    assert_eq!(log.len(), 5, "an outage is two lines");
    for line in &log {
        let date = line["timestamp"].as_str().expect("text");
        assert!(date.len() == 24 && date.ends_with('Z'), "{date}");
    }
}

#[test]
fn text_is_for_people() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &["--log-format", "text"]);
    let is_said = |text: &str| sidecar.log_text().contains(text);
    sidecar.until("published", |_| is_said(" INFO  published peers=1\n"));
    assert!(is_said(&format!(" INFO  peers changed cause=answer added={} removed=\"\" peers=1\n", url(1))));
}

#[test]
fn standard_output_belongs_to_what_was_asked_for() {
    let cluster = Cluster::of(&[0, 1]);
    let mut command = cluster.command("run", &[]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("started");
    wait_until("published", || !cluster.listed().is_empty(), String::new);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).expect("it runs");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().expect("piped"), &mut said).expect("read");
    assert!(child.wait().expect("our own child").success());
    assert_eq!(said, "");
}

#[test]
fn a_log_that_nobody_takes_stops_nothing() {
    let cluster = Cluster::of(&[0, 1]);
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let mut command = cluster.command("run", &["--log-level", "trace"]);
    command.stdout(full()).stderr(full());
    let mut child = command.spawn().expect("started");
    wait_until("published", || cluster.listed() == [url(1)], String::new);
    let is_started = |reply: crate::http::Reply| reply.status == 200;
    wait_until("started", || get(cluster.listen, "/startupz").is_ok_and(is_started), String::new);
    cluster.set_pods(&[0, 1, 2]);
    wait_until("followed", || cluster.listed() == [url(1), url(2)], String::new);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).expect("it runs");
    assert!(child.wait().expect("our own child").success());
}

#[test]
fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let cluster = Cluster::of(&[0, 1]);
    let (_unread, full) = full_pipe();
    let mut command = cluster.command("run", &[]);
    command.stdout(std::process::Stdio::null()).stderr(full);
    let mut child = command.spawn().expect("started");
    wait_until("published", || cluster.listed() == [url(1)], String::new);
    cluster.set_pods(&[0, 1, 2]);
    wait_until("followed", || cluster.listed() == [url(1), url(2)], String::new);
    assert_eq!(get(cluster.listen, "/livez").expect("it answers").status, 200);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).expect("it runs");
    let mut ended = None;
    let is_over = || {
        ended = child.try_wait().expect("our own child");
        ended.is_some()
    };
    wait_until("it ends", is_over, String::new);
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}

/// A pipe that takes nothing more for as long as its reader is there and does not read.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut filler = writer.try_clone().expect("a descriptor");
    // Waits in a write until the reader is gone.
    std::thread::spawn(move || while filler.write_all(&[b'x'; 4096]).is_ok() {});
    let takes_more = || {
        let mut asked = [PollFd::new(&writer, PollFlags::OUT)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut asked, Some(&at_once)).expect("a descriptor of ours");
        asked[0].revents().contains(PollFlags::OUT)
    };
    wait_until("a full pipe", || !takes_more(), String::new);
    (reader, writer)
}
