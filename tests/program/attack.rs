//! The real binary under attack on both listeners: the loop goes on, which the DNS server counts, a client who
//! means well gets its answers, and nothing stays behind.
//!
//! How busy the machine is changes how long that takes, and never whether it comes.
//!
//! What each bound does to a single connection is tested beside the code, in `src/admin/tests/attack.rs`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::beside::Beside;
use crate::cluster::Cluster;
use crate::extent;
use crate::http::get;
use crate::machine;
use crate::sidecar::Sidecar;

/// What has not come by then never will: two seconds are enough on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// Questions to DNS while an attack lasts: two seconds of them.
const QUESTIONS_MIN: usize = 20;
/// Probes of the client who means well while an attack lasts.
const PROBES_MIN: usize = 40;
/// Connections that one attacker opens at once and then holds, always the newest.
const HELD: usize = 500;
/// Of one attacker before the loop is looked at: he can do harm only by what gets through.
const OPENED_MIN: usize = 700;
/// Between two more of them: a few hundred a second at each listener. Faster, and it would be the
/// machine's two cores that are tried, and the test's own share of them.
const PAUSE: Duration = Duration::from_millis(3);
/// An attacker does not wait for one who does not read.
const WRITE_MAX: Duration = Duration::from_millis(50);
/// Between two probes of the client who means well.
const PROBE_PAUSE: Duration = Duration::from_millis(50);
/// Kubernetes acts upon so many failures in a row, and so do the manifests.
const FAILURES_IN_A_ROW_MAX: usize = 2;
/// Probes that must be answered of a hundred.
const ANSWERED_MIN_PERCENT: usize = 90;
/// 64 places on each listener, 16 that are accepted in a row before those who make room are closed, and
/// what the program has open itself.
const DESCRIPTORS_MAX: usize = 2 * (64 + 16) + 32;
/// Resident memory of an unoptimised program, in KiB.
const RESIDENT_MAX_KIB: u64 = 48 * 1024;

/// One way to mean no good.
struct Attack {
    name: &'static str,
    /// Sent as soon as the connection is there.
    first: Vec<u8>,
    /// Sent again and again on one after another of those held.
    more: Vec<u8>,
    then: Then,
}

/// What comes after the first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Hold,
    CloseHalf,
}

fn attacks() -> [Attack; 8] {
    let attack = |name, first: &[u8], more: &[u8], then| Attack {
        name,
        first: first.to_vec(),
        more: more.to_vec(),
        then,
    };
    let request = b"GET /status HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut long_header = "GET / HTTP/1.1\r\nHost: h\r\nX: ".to_owned();
    long_header.push_str(&"x".repeat(100_000));
    let mut many_headers = "GET / HTTP/1.1\r\nHost: h\r\n".to_owned();
    (0..5_000).for_each(|number| write!(many_headers, "X-{number}: y\r\n").expect("a string takes all"));
    let body =
        b"POST /sink/eureka/peerreplication/batch/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n";
    [
        attack("idle connections", b"", b"", Then::Hold),
        attack("slow headers", b"GET /livez HTTP/1.1\r\nX: ", b"y", Then::Hold),
        attack("long headers", long_header.as_bytes(), b"", Then::Hold),
        attack("many headers", many_headers.as_bytes(), b"", Then::Hold),
        attack("endless bodies", body, &[b'['; 16 * 1024], Then::Hold),
        attack("pipelines", &request.repeat(500), request, Then::Hold),
        attack("half-closed connections", request, b"", Then::CloseHalf),
        attack("garbage", &[0, 0xff, b'\r', b'\n', 0x16, 3, 1].repeat(300), &[0], Then::CloseHalf),
    ]
}

/// All of them, or what a quick run has time for: many who wait, many who write, and what is no HTTP.
fn chosen() -> Vec<Attack> {
    let mut attacks = Vec::from(attacks());
    if !extent::is_everything() {
        extent::say_left_out("program", "three of eight attacks");
        attacks.retain(|attack| ["slow headers", "endless bodies", "garbage"].contains(&attack.name));
    }
    attacks
}

#[test]
fn attacks_stop_neither_probes_nor_the_loop_and_leave_nothing_behind() {
    let mut cluster = Cluster::of(&[0, 1]);
    cluster.patience = PATIENCE;
    let sidecar = cluster.run_until_listed(&[1], &[]);
    sidecar.until("ready", |it| it.get("/readyz").status == 200);
    let before = descriptors(&sidecar);
    for (newest, attack) in (2..).zip(chosen()) {
        let (name, mut client) = (attack.name, Client::default());
        let siege = Siege::begin([cluster.listen, cluster.local_listen], attack);
        client.probe_until(&format!("{name} is an attack"), &sidecar, || siege.opened() >= OPENED_MIN);
        let (asked, opened) = (cluster.questions(), siege.opened());
        let goes_on = || cluster.questions() >= asked + QUESTIONS_MIN;
        client.probe_until(&format!("{name}: DNS is asked all the same"), &sidecar, goes_on);
        // Whoever comes and whoever goes is published as ever.
        let pods: Vec<u8> = (0..=newest).collect();
        cluster.set_pods(&pods);
        let arrived = sidecar.until_listed(&pods[1..]);
        client.probe_until(&format!("{name} goes on meanwhile"), &sidecar, || siege.opened() > opened);
        println!("{name}: {} connections or more, {client:?}, {arrived:?}", siege.opened());
        client.expect_served(name);
    }
    sidecar.until("every descriptor is given back", |it| descriptors(it) <= before);
    assert_eq!(sidecar.status()["loop_restarts"], 0);
}

fn descriptors(sidecar: &Sidecar<'_>) -> usize {
    machine::descriptors(sidecar.pid()).expect("it runs")
}

/// One who means well, as the kubelet does, and what came of it.
#[derive(Debug, Default)]
struct Client {
    asked: usize,
    answered: usize,
    /// Failures since the last answer, and the most of them in a row.
    row: usize,
    missed: usize,
    slowest: Duration,
    descriptors_most: usize,
    resident_kib: u64,
}

impl Client {
    /// Probes until `is_so`, and often enough to say something.
    fn probe_until(&mut self, what: &str, sidecar: &Sidecar<'_>, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        for path in ["/livez", "/readyz", "/startupz"].iter().cycle() {
            if is_so() && self.asked >= PROBES_MIN {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}: {self:?}");
            let since = Instant::now();
            let is_green = get(sidecar.cluster.listen, path).is_ok_and(|reply| reply.status == 200);
            self.asked += 1;
            self.answered += usize::from(is_green);
            self.row = if is_green { 0 } else { self.row + 1 };
            self.missed = self.missed.max(self.row);
            self.slowest = self.slowest.max(since.elapsed());
            self.descriptors_most = self.descriptors_most.max(descriptors(sidecar));
            thread::sleep(PROBE_PAUSE);
        }
        self.resident_kib = machine::figure(sidecar.pid(), "VmHWM:").expect("it runs");
    }

    fn expect_served(&self, name: &str) {
        assert!(self.missed <= FAILURES_IN_A_ROW_MAX, "{name}: a pod would have been restarted: {self:?}");
        assert!(self.answered * 100 >= self.asked * ANSWERED_MIN_PERCENT, "{name}: {self:?}");
        assert!(self.descriptors_most <= DESCRIPTORS_MAX, "{name}: {self:?}");
        assert!(self.resident_kib <= RESIDENT_MAX_KIB, "{name}: {self:?}");
    }
}

/// An attacker at each address, and how many connections he has opened; ends with its handle.
struct Siege([(Arc<AtomicUsize>, Beside<()>); 2]);

impl Siege {
    fn begin(addresses: [SocketAddr; 2], attack: Attack) -> Self {
        let attack = Arc::new(attack);
        Self(addresses.map(|address| {
            let (attack, opened) = (Arc::clone(&attack), Arc::<AtomicUsize>::default());
            let counted = Arc::clone(&opened);
            (opened, Beside::begin(move |done| attack.go_on(address, &counted, done)))
        }))
    }

    /// By the one who has opened fewer.
    fn opened(&self) -> usize {
        self.0.iter().map(|(opened, _)| opened.load(Ordering::Relaxed)).min().expect("two attackers")
    }
}

impl Attack {
    fn go_on(&self, address: SocketAddr, opened: &AtomicUsize, done: &AtomicBool) {
        let mut held: Vec<TcpStream> = Vec::new();
        while !done.load(Ordering::Relaxed) {
            if let Ok(stream) = self.open(address) {
                opened.fetch_add(1, Ordering::Relaxed);
                held.push(stream);
            }
            if held.len() > HELD {
                held.remove(0);
            }
            if let Some(stream) = held.get_mut(opened.load(Ordering::Relaxed) % HELD) {
                // What one who was turned away makes of it does not matter.
                let _turned_away = stream.write_all(&self.more);
            }
            if held.len() == HELD {
                thread::sleep(PAUSE);
            }
        }
    }

    fn open(&self, address: SocketAddr) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_write_timeout(Some(WRITE_MAX))?;
        // The same.
        let _turned_away = stream.write_all(&self.first);
        if self.then == Then::CloseHalf {
            let _turned_away = stream.shutdown(Shutdown::Write);
        }
        Ok(stream)
    }
}
