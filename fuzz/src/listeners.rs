//! Requests to both listeners, over loopback, to the program's own server in this thread.
//!
//! For requests, the first byte says in pieces of how many bytes they are sent, the rest is the
//! request. For batches, the whole input is the body.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use eureka_peers::admin::{
    Accepted, Bounds, ListInPlace, Listeners, Liveness, LocalCommand, MetricsText, Running, SettingsInForce,
    Snapshot, SnapshotSender, Stage, View, commands, snapshots,
};
use eureka_peers::model::{Moment, PeerSet, WallClock};
use eureka_peers::reconcile::Machine;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

use super::policies::chosen_by;

/// Times of the server under test: an input that waits for nothing costs little.
const BOUNDS: Bounds = Bounds {
    connections_max: 64,
    header_read_max: Duration::from_millis(200),
    connection_max: Duration::from_millis(500),
    command_reply_max: Duration::from_millis(100),
};
/// A client's patience; far above every time of the server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pieces in which a request is sent at most; the rest follows at once.
const PIECES_MAX: usize = 16;
/// Bytes of one request; above this the server's bounds have long spoken.
const REQUEST_MAX: usize = 256 * 1024;

const PUBLIC_STATUSES: [u16; 7] = [200, 400, 404, 405, 414, 431, 503];
const LOCAL_STATUSES: [u16; 7] = [200, 400, 403, 405, 414, 431, 503];

/// Both listeners at work, and a loop that accepts whatever it is asked to.
struct Server {
    runtime: Runtime,
    public: SocketAddr,
    local: SocketAddr,
    _running: Running,
    _show: SnapshotSender,
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Any bytes to the public listener.
pub fn check_public(input: &[u8]) {
    let Some((pieces, request)) = input.split_first() else { return };
    let replies = exchange(|server| server.public, &in_pieces(*pieces, request));
    for reply in replies {
        assert!(PUBLIC_STATUSES.contains(&reply.status), "{}: {}", reply.status, reply.head);
    }
}

/// Any bytes to the local listener.
pub fn check_local(input: &[u8]) {
    let Some((pieces, request)) = input.split_first() else { return };
    let said = String::from_utf8_lossy(request).to_ascii_lowercase();
    for reply in exchange(|server| server.local, &in_pieces(*pieces, request)) {
        assert!(LOCAL_STATUSES.contains(&reply.status), "{}: {}", reply.status, reply.head);
        if reply.status != 200 {
            continue;
        }
        assert!(said.contains("post "), "{said:?} changed something");
        if reply.body.starts_with(b"{\"peers\":") {
            assert!(
                said.contains("/accept") && said.contains("x-eureka-peers:"),
                "{said:?} overrode the holds"
            );
            let is_here = ["127.", "localhost", ":1]", "::1", ":7f"].iter().any(|host| said.contains(host));
            assert!(is_here, "{said:?} came from elsewhere");
        } else {
            assert!(said.contains("/sink/eureka/peerreplication/batch"), "{said:?} was taken for a batch");
        }
    }
}

/// Any bytes as a replication batch: what a whole parser takes is counted, and counted right.
pub fn check_batch(body: &[u8]) {
    if body.len() > REQUEST_MAX {
        return;
    }
    let head = format!(
        "POST /sink/eureka/peerreplication/batch/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let replies = exchange(|server| server.local, &[head.as_bytes(), body]);
    let [reply] = &replies[..] else { panic!("{} replies to one batch", replies.len()) };
    assert!([200, 503].contains(&reply.status), "{}", reply.head);
    let counted = (reply.status == 200).then(|| items_answered(&reply.body));
    if let Some(items) = items_in(body).filter(|items| *items <= Bounds::SINK_ITEMS_MAX) {
        assert_eq!(counted, Some(items), "{:?}", String::from_utf8_lossy(body));
    }
}

/// What a reader that keeps to the letter of RFC 8259 finds in a batch.
fn items_in(body: &[u8]) -> Option<usize> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Batch {
        replication_list: Vec<IgnoredAny>,
    }
    // serde takes an array for a struct as well; a batch is an object. A key spelt with escapes is
    // none that a server writes.
    let is_plain = body.trim_ascii_start().starts_with(b"{") && !body.contains(&b'\\');
    is_plain.then(|| serde_json::from_slice::<Batch>(body).ok())?.map(|batch| batch.replication_list.len())
}

fn items_answered(body: &[u8]) -> usize {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Reply {
        response_list: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Reply>(body).expect("a reply to a batch").response_list.len()
}

/// One reply as it came.
struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

fn in_pieces(length: u8, request: &[u8]) -> Vec<&[u8]> {
    let request = &request[..request.len().min(REQUEST_MAX)];
    let length = match length {
        0 => request.len().max(1),
        few => usize::from(few),
    };
    let first = request.len().min(length * PIECES_MAX);
    request[..first].chunks(length).chain([&request[first..]]).collect()
}

fn exchange(to: impl FnOnce(&Server) -> SocketAddr, pieces: &[&[u8]]) -> Vec<Heard> {
    SERVER.with_borrow_mut(|server| {
        let server = server.get_or_insert_with(Server::start);
        let address = to(server);
        let said = server.runtime.block_on(async { timeout(PATIENCE, talk(address, pieces)).await });
        replies(&said.expect("the server ends every conversation"))
    })
}

/// Says everything and hears everything; the server may hang up at any point.
async fn talk(address: SocketAddr, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("the listener takes connections");
    let _more_pieces = stream.set_nodelay(true);
    let (mut hear, mut say) = stream.split();
    let saying = async {
        for piece in pieces {
            if say.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        let _hung_up = say.shutdown().await;
    };
    let hearing = async {
        let mut heard = Vec::new();
        // A connection that is reset has nothing more to say.
        let _reset = hear.read_to_end(&mut heard).await;
        heard
    };
    tokio::join!(saying, hearing).1
}

/// The final reply, if there was one: there is one request a connection.
fn replies(wire: &[u8]) -> Vec<Heard> {
    let mut replies = vec![];
    let mut rest = wire;
    while let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = std::str::from_utf8(&rest[..end]).expect("a head is text").to_owned();
        rest = &rest[end + 4..];
        let status = head.strip_prefix("HTTP/1.").and_then(|line| line.get(2..5)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no reply: {head:?}"));
        if status == 100 {
            continue;
        }
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        let length = length.unwrap_or(0);
        // A reply to HEAD has none, and one that nobody read to its end is cut.
        let body = rest[..length.min(rest.len())].to_vec();
        rest = &rest[body.len()..];
        replies.push(Heard { status, head, body });
    }
    assert!(replies.len() <= 1, "{} replies on one connection", replies.len());
    replies
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let inside = runtime.enter();
        let any_port: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let bound = Listeners::new(any_port, any_port).within(BOUNDS).bind().expect("a free port");
        let (show, snapshots) = snapshots(snapshot());
        let (sender, mut waiting) = commands();
        runtime.spawn(async move {
            loop {
                let LocalCommand::Accept(request) = waiting.next().await;
                let none = PeerSet::new;
                request.answer(Ok(Accepted {
                    peers: none(),
                    added: none(),
                    removed: none(),
                    is_first: false,
                    services: vec![],
                }));
            }
        });
        let metrics = MetricsText::new(|_| "# EOF\n".to_owned());
        let view = View { snapshots, liveness: Liveness::starting(Instant::now()), metrics };
        let (public, local) = (bound.public_address().expect("bound"), bound.local_address().expect("bound"));
        let running = bound.start(view, sender);
        drop(inside);
        Self { runtime, public, local, _running: running, _show: show }
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        status: Machine::new(chosen_by(0).clone(), None, Moment::START).status(Moment::START),
        as_of: Moment::START,
        clock: WallClock::started_at(SystemTime::UNIX_EPOCH),
        list: ListInPlace::Published,
        stage: Stage::Running,
        version: "1.2.3",
        settings: SettingsInForce { fingerprint: "0123".to_owned(), warnings: vec![] },
        loop_restarts: 0,
    }
}
