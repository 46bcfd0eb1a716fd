//! A disk that does not answer: probes and signals go on, the list stays, and so does the patience. And a
//! pod whose threads are used up, where nothing may have to wait for one.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::cluster::{Cluster, urls};
use crate::life::{Life, Scene, log_of};
use crate::machine::{is_root, names_in};
use crate::once::Outcome;
use crate::sidecar::Sidecar;
use crate::strace::{around, kill_tracer_of};

/// Longer than any trial.
const FOR_EVER: &str = "60s";
/// Longer than it takes until a stalled disk is told of.
const LONG: &str = "12s";
/// Less than half of any stall: what waits for the disk takes longer, however busy the machine is.
const SOON: Duration = Duration::from_secs(5);
/// Nobody on this machine.
const SOMEBODY: u32 = 64_123;
/// Longer than a pool keeps a thread that has nothing to do, unless it is told to.
const IDLE: Duration = Duration::from_secs(12);
/// Looks at the probes while the disk stalls.
const LOOKS: usize = 20;

pub(crate) const ALL: [(&str, fn()); 6] = [
    ("fsync", || stalls("fsync", "volume")),
    ("fsync_plain", || stalls("fsync", "plain")),
    ("renameat", || stalls("renameat", "volume")),
    ("the_first_look", the_first_look_stalls),
    ("a_long_stall_is_told_and_survived", a_long_stall_is_told_and_survived),
    ("no_thread_can_be_made", no_thread_can_be_made),
];

fn stalls(call: &str, layout: &'static str) {
    let scene = Scene { life: Life::Running, layout };
    let cluster = scene.cluster();
    let injection = format!("inject={call}:delay_enter={FOR_EVER}:when=1");
    let brink = scene.bring(&cluster, "run", Some(&injection));
    let before = names_in(&cluster.volume());
    scene.begin(&cluster);
    brink.sidecar.until("something on its way", |_| names_in(&cluster.volume()) != before);
    everything_else_goes_on(&brink.sidecar);
    assert!(!scene.is_new(&cluster));
    ends_soon(brink.sidecar);
    assert!(!scene.is_new(&cluster));
    scene.next_start_mends(&cluster);
}

/// Before anything is known of the saved state.
fn the_first_look_stalls() {
    let cluster = Cluster::of(&[0, 1]);
    cluster.once("init", &[]).expect(0);
    let injection = format!("inject=readlinkat:delay_enter={FOR_EVER}:when=1");
    let output = cluster.directory().join("strace");
    let sidecar = Sidecar::start(&cluster, around(&cluster.command("run", &[]), &output, &injection));
    sidecar.until("a listener", |it| crate::http::get(it.cluster.listen, "/livez").is_ok());
    everything_else_goes_on(&sidecar);
    sidecar.until_condition("not_published");
    let why = sidecar.get("/readyz?verbose").body;
    assert!(why.contains("the volume's disk does not answer") && !why.contains("DNS"), "{why}");
    let told = |line: &serde_json::Value| line["condition"] == "not_published";
    assert_eq!(sidecar.log().iter().filter(|line| told(line)).count(), 1);
    everything_else_goes_on(&sidecar);
    ends_soon(sidecar);
    assert_eq!(cluster.listed(), urls(&[1]));
}

fn a_long_stall_is_told_and_survived() {
    let scene = Scene { life: Life::Running, layout: "volume" };
    let cluster = scene.cluster();
    let injection = format!("inject=fsync:delay_enter={LONG}:when=1");
    let brink = scene.bring(&cluster, "run", Some(&injection));
    scene.begin(&cluster);
    brink.sidecar.until_condition("not_published");
    assert!(!scene.is_new(&cluster));
    everything_else_goes_on(&brink.sidecar);
    brink.sidecar.until_listing(&Scene::new_list());
    brink.sidecar.until_no_condition();
}

/// A pod has a bound on its threads, and the server beside us may have reached it (`podPidsLimit`).
fn no_thread_can_be_made() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config("freeze: false\n");
    if is_root() {
        for place in [cluster.directory().to_owned(), cluster.volume()] {
            chown(place, Some(SOMEBODY), Some(SOMEBODY)).expect("root may");
        }
    }
    let command = cluster.command("run", &[&format!("--config={}", config.display())]);
    let sidecar = Sidecar::start(&cluster, as_somebody(command));
    sidecar.until_listed(&[1]);
    let pid = sidecar.pid().as_raw_nonzero().to_string();
    // One for the files, and one for whatever a server sends.
    assert!(threads_of_the_pool(&pid) >= 2, "{}", threads_of_the_pool(&pid));
    let mut bound = as_somebody(Command::new("prlimit"));
    let bound = bound.args(["--nproc=1", "--pid", &pid]).output().expect("util-linux has it");
    assert!(bound.status.success(), "{bound:?}");
    std::thread::sleep(IDLE);
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
    cluster.write_config("freeze: true\n");
    sidecar.until_condition("frozen");
    cluster.write_config("freeze: false\n");
    sidecar.until_no_condition();
    everything_else_goes_on(&sidecar);
    let health = cluster.command("health", &[]);
    let mut probe = as_somebody(Command::new("prlimit"));
    probe.env_clear().arg("--nproc=1").arg(health.get_program()).args(health.get_args());
    Outcome::of(probe).expect(0);
    assert_eq!(sidecar.status()["loop_restarts"], 0, "{}", sidecar.log_text());
}

fn threads_of_the_pool(pid: &str) -> usize {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let name = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("comm"));
    let names = threads.filter_map(|thread| name(thread.expect("readable")).ok());
    names.filter(|name| name.starts_with("tokio-rt-worker")).count()
}

/// Root has no such bound.
fn as_somebody(mut command: Command) -> Command {
    if is_root() {
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    command
}

/// Probes answer.
fn everything_else_goes_on(sidecar: &Sidecar<'_>) {
    for _ in 0..LOOKS {
        let since = Instant::now();
        assert_eq!(sidecar.get("/livez").status, 200);
        let _whatever_it_says = (sidecar.get("/readyz"), sidecar.get("/status"), sidecar.get("/metrics"));
        assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    }
}

/// Nothing remains but the thread in its call, which nobody can end before the call does; and with the
/// call, that ends.
fn ends_soon(sidecar: Sidecar<'_>) {
    let (cluster, pid, since) = (sidecar.cluster, sidecar.pid(), Instant::now());
    sidecar.signal(Signal::TERM);
    sidecar.until("nothing but the call", |_| is_over_but_for_a_call(pid));
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    kill_tracer_of(pid);
    assert_eq!(sidecar.ended().code(), Some(0), "{}", log_of(cluster));
}

/// Whether the loop's thread has ended and another has not.
fn is_over_but_for_a_call(pid: Pid) -> bool {
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).expect("our own child");
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}
