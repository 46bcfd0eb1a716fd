//! The admin server when the process runs out of file descriptors.
//!
//! The limit is the whole process's, so the test runs itself again in one of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use eureka_peers::admin::{
    ListInPlace, Listeners, Liveness, MetricsText, SettingsInForce, Snapshot, Stage, View, commands,
    snapshots,
};
use eureka_peers::model::{Moment, WallClock};
use eureka_peers::reconcile::Status;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{Instant, sleep};

use crate::world::machine;

fn view() -> View {
    let settings = SettingsInForce { fingerprint: String::new(), warnings: Vec::new() };
    let first = Snapshot {
        status: Status::default(),
        as_of: Moment::START,
        clock: WallClock::started_at(SystemTime::UNIX_EPOCH),
        list: ListInPlace::Published,
        stage: Stage::Running,
        version: "0",
        settings,
        loop_restarts: 0,
    };
    View {
        snapshots: snapshots(first).1,
        liveness: Liveness::starting(Instant::now()),
        metrics: MetricsText::new(|_| String::new()),
    }
}

fn asking(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the backlog takes it");
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: h\r\n\r\n").expect("the backlog takes it");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket takes a timeout");
    stream
}

/// Opens files until no descriptor is left below `limit`.
fn fill_descriptors(limit: Rlimit) -> Vec<File> {
    setrlimit(Resource::Nofile, limit).expect("lowering the soft limit is anyone's right");
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn accepting_pauses_without_descriptors_and_goes_on_with_them() {
    let name = "admin_descriptors::accepting_pauses_without_descriptors_and_goes_on_with_them";
    if machine::is_alone(name) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(pauses_and_goes_on());
    }
}

async fn pauses_and_goes_on() {
    let any_port: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let bound = Listeners::new(any_port, any_port).bind().expect("port 0 is free");
    let address = bound.public_address().expect("bound");
    let counts = bound.counts();
    let mut clients: Vec<_> = (0..8).map(|_| asking(address)).collect();

    let before = getrlimit(Resource::Nofile);
    let filled = fill_descriptors(Rlimit { current: Some(200), ..before });
    let running = bound.start(view(), commands().0);
    sleep(Duration::from_secs(1)).await;
    let starved = counts.public.read();
    assert_eq!(starved.answered, 0, "a descriptor was left over");
    // 10, 20, 40, … 500 ms: seven tries fit into a second, and a spinning loop makes thousands.
    assert!((2..=8).contains(&starved.accept_errors), "{starved:?}");

    drop(filled);
    setrlimit(Resource::Nofile, before).expect("the old limit is within the hard one");
    let replies = tokio::task::spawn_blocking(move || {
        let read = |client: &mut TcpStream| {
            let mut reply = String::new();
            client.read_to_string(&mut reply).map(|_| reply)
        };
        clients.iter_mut().map(read).collect::<Vec<_>>()
    });
    for reply in replies.await.expect("readers do not panic") {
        assert!(reply.expect("an answer in time").starts_with("HTTP/1.1 200 OK"));
    }
    running.stop().await;
}
