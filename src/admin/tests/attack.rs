//! Those who connect and mean no good: they get their share, and nobody else loses his.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::admin::Bounds;

use crate::model::MetricsFormat;

use super::fixture::{Fixture, SHORT, metrics_text};
use super::{connect, elsewhere, get, read_all};

/// A probe of the kubelet gives up after this, unless told otherwise.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How many connections an attacker holds; below the descriptors that a test may have.
const HELD: usize = 400;

/// Attacks come one at a time: each is measured against a machine of its own.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Opens connections in its own thread for as long as it lives, and holds the last [`HELD`] of them.
struct Attacker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Attacker {
    /// `first` is sent at once, and `drop` every few milliseconds on one connection after another.
    fn begin(address: SocketAddr, first: &'static [u8], drop: &'static [u8]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut held: Vec<TcpStream> = Vec::new();
            let mut opened = 0;
            while !stopped.load(Ordering::Relaxed) {
                if let Ok(mut stream) = TcpStream::connect_timeout(&address, PROBE_TIMEOUT) {
                    opened += 1;
                    // What an evicted connection makes of these does not matter here.
                    let _evicted = stream.write_all(first);
                    held.push(stream);
                }
                if held.len() > HELD {
                    held.remove(0);
                }
                // A few thousand a second, and some of the machine left for the probes' clients.
                std::thread::sleep(Duration::from_micros(200));
                let some = usize::try_from(opened).expect("fits") % held.len().max(1);
                if let Some(stream) = held.get_mut(some) {
                    let _evicted = stream.write_all(drop);
                }
            }
            opened
        });
        Self { stop, thread: Some(thread) }
    }

    fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("ends once").join().expect("an attacker does not panic")
    }
}

/// Probes twenty times during the attack; gives the slowest answer.
async fn slowest_probe(address: SocketAddr) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        let heard = get(address, "/livez").await;
        assert_eq!((heard.status, &*heard.body), (200, "ok\n"));
        slowest = slowest.max(begun.elapsed());
        sleep(Duration::from_millis(20)).await;
    }
    slowest
}

async fn withstand(first: &'static [u8], drop: &'static [u8]) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::start();
    let attacker = Attacker::begin(fixture.public, first, drop);
    // Until every place is taken and the first are evicted.
    let begun = Instant::now();
    while fixture.counts.public.read().evicted < 100 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", fixture.counts.public.read());
        sleep(Duration::from_millis(10)).await;
    }
    let slowest = slowest_probe(fixture.public).await;
    let opened = attacker.end();
    let counted = fixture.counts.public.read();
    assert!(slowest < PROBE_TIMEOUT, "slowest {slowest:?} with {opened} connections, {counted:?}");
    assert_eq!(counted.answered, 20);
}

#[tokio::test]
async fn probes_are_answered_while_hundreds_of_connections_are_idle() {
    withstand(b"", b"").await;
}

#[tokio::test]
async fn probes_are_answered_while_hundreds_of_headers_trickle_in() {
    withstand(b"GET /livez HTTP/1.1\r\nx: ", b"y").await;
}

/// The loop shares the runtime's one thread: this ticks as it would.
#[tokio::test]
async fn an_attack_does_not_keep_the_loop_from_turning() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::start();
    let attacker = Attacker::begin(fixture.public, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"");
    let mut longest = Duration::ZERO;
    for _ in 0..100 {
        let begun = Instant::now();
        sleep(Duration::from_millis(10)).await;
        longest = longest.max(begun.elapsed());
    }
    let opened = attacker.end();
    assert!(longest < PROBE_TIMEOUT, "a turn came {longest:?} late under {opened} requests");
    assert!(fixture.counts.public.read().answered > 0);
}

#[tokio::test]
async fn idle_and_slow_connections_end_at_their_deadline() {
    let fixture = Fixture::within(SHORT, metrics_text);
    let address = fixture.public;
    for first in ["", "GET /livez HTTP/1.1\r\nx: "] {
        let begun = Instant::now();
        let bytes = elsewhere(move || {
            let mut stream = connect(address);
            stream.write_all(first.as_bytes()).expect("the server reads");
            read_all(&mut stream)
        });
        assert_eq!(bytes.await, b"", "{first:?}");
        let took = begun.elapsed();
        assert!(took >= SHORT.header_read_max && took < Duration::from_secs(5), "{took:?}");
    }
    assert_eq!(fixture.counts.public.read().broken, 2);
}

/// More than the kernel's buffers take, so that the reply cannot be over before it is read.
fn long_text(_: MetricsFormat) -> String {
    "x".repeat(32 * 1024 * 1024)
}

#[tokio::test]
async fn a_reply_that_nobody_reads_ends_at_its_deadline() {
    let fixture = Fixture::within(SHORT, long_text);
    let address = fixture.public;
    let stream = elsewhere(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: h\r\n\r\n").expect("the server reads");
        stream
    });
    let _unread = stream.await;
    let begun = Instant::now();
    while fixture.counts.public.read().overdue == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", fixture.counts.public.read());
        sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() >= SHORT.connection_max / 2);
}

#[tokio::test]
async fn a_long_body_nobody_wants_costs_its_sender_the_connection() {
    let fixture = Fixture::start();
    let address = fixture.public;
    let sent = elsewhere(move || {
        let mut stream = connect(address);
        stream
            .write_all(b"POST /livez HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000000\r\n\r\n")
            .expect("read");
        let piece = vec![b'x'; 64 * 1024];
        // Ends when the server has closed.
        (0..16_000).take_while(|_| stream.write_all(&piece).is_ok()).count()
    });
    let sent = sent.await;
    assert!(sent < 1_000, "the server read {sent} pieces");
    assert_eq!(get(fixture.public, "/livez").await.status, 200);
}

#[tokio::test]
async fn the_oldest_connection_makes_room() {
    let bounds = Bounds { connections_max: 2, ..Bounds::default() };
    let fixture = Fixture::within(bounds, metrics_text);
    let address = fixture.public;
    let mut idle = elsewhere(move || [connect(address), connect(address)]).await;
    assert_eq!(get(address, "/livez").await.status, 200);
    let [oldest, newer] = &mut idle;
    assert_eq!(read_all(oldest), b"");
    newer.write_all(b"GET /livez HTTP/1.1\r\nhost: h\r\n\r\n").expect("it is still open");
    let mut newer = newer.try_clone().expect("a socket can be shared");
    assert!(elsewhere(move || read_all(&mut newer)).await.starts_with(b"HTTP/1.1 200"));
    assert_eq!(fixture.counts.public.read().evicted, 1);
}

#[tokio::test]
async fn a_reply_that_panics_costs_one_connection() {
    let fixture = Fixture::within(SHORT, |_| panic!("a scrape that cannot be"));
    let address = fixture.public;
    let bytes = super::exchange_bytes(address, "GET /metrics HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert_eq!(bytes, b"");
    assert_eq!(get(address, "/livez").await.status, 200);
}
