//! A Eureka server as far as we can tell, which can be told to misbehave, byte by byte.
//!
//! Honest, it takes the published file over when it is refreshed, and its status says so.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes read of a request; ours are far smaller.
const REQUEST_MAX: usize = 64 * 1024;
/// How long a connection is kept that nothing is said on: far above any patience of ours.
const HANG: Duration = Duration::from_secs(60);
/// Between two bytes that drip.
const DRIP: Duration = Duration::from_millis(150);
/// Written at once of a body without an end.
const CHUNK: usize = 64 * 1024;

#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// As a good server would.
    Honest,
    /// A whole reply: status line and headers, and the body.
    Reply(&'static str, String),
    /// These bytes, and the connection is closed.
    Bytes(String),
    /// POST is forbidden, anything else is answered as by a good server.
    NoPosts,
    /// Nothing is ever said.
    Hang,
    /// A whole reply, a byte at a time.
    Drip(String),
    /// A reply whose body has this many bytes.
    Endless(u64),
    /// Each time the next of these statuses, the last one for ever.
    Statuses(Vec<String>),
}

/// One resource's requests so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) gets: usize,
    pub(crate) posts: usize,
    /// Bytes written of endless bodies.
    pub(crate) written: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    Refresh,
    Env,
    Status,
    Other,
}

#[derive(Default)]
struct State {
    manners: BTreeMap<Resource, Manner>,
    asked: BTreeMap<Resource, Asked>,
    /// What the server has taken over.
    adopted: String,
    /// Each refresh by POST, as it came.
    refreshed_at: Vec<Instant>,
}

/// A running server. Its threads end with the test's process.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    file: PathBuf,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// A server that reads the list from `file`.
    pub(crate) fn start(file: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let server = Self { address, file, state: Arc::default() };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = serving.clone();
                // Whoever called may have gone; that is his business.
                thread::spawn(move || drop(server.converse(stream)));
            }
        });
        server
    }

    /// Flags under which the program adopts this server's list.
    pub(crate) fn flags(&self) -> [String; 2] {
        [
            format!("--actuator-url=http://{}/actuator", self.address),
            format!("--status-url=http://{}/eureka/status", self.address),
        ]
    }

    /// Does this with requests from now on.
    pub(crate) fn set(&self, resource: Resource, manner: Manner) {
        self.state().manners.insert(resource, manner);
    }

    /// Good again, in everything.
    pub(crate) fn behave(&self) {
        self.state().manners.clear();
    }

    /// As after a restart without a file: it has taken nothing over.
    pub(crate) fn forget(&self) {
        self.state().adopted.clear();
    }

    pub(crate) fn asked(&self, resource: Resource) -> Asked {
        self.state().asked.get(&resource).copied().unwrap_or_default()
    }

    /// When each refresh came.
    pub(crate) fn refreshed_at(&self) -> Vec<Instant> {
        self.state().refreshed_at.clone()
    }

    /// A stock server's status with this list.
    pub(crate) fn status_of(list: &str, uptime: &str) -> String {
        let stock = include_str!("../../src/eureka/testdata/status-spring-2025.0.1.xml");
        let honest = "http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/";
        let (before, rest) = stock.split_once(honest).expect("the list of the recorded status");
        let (_, after) = rest.split_once("</registered-replicas>").expect("its end");
        let after = after.replace(honest, list);
        format!("{before}{list}</registered-replicas>{after}").replace("00:00", uptime)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the state")
    }

    fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(HANG))?;
        let request = read_request(&mut stream)?;
        let (method, path) = request.split_once(' ').unwrap_or_default();
        let resource = resource_at(path);
        let manner = self.book(resource, method);
        match manner {
            Manner::NoPosts if method == "POST" => stream.write_all(reply("403 Forbidden", "").as_bytes())?,
            Manner::Honest | Manner::NoPosts => stream.write_all(self.honest(resource, method).as_bytes())?,
            Manner::Reply(head, body) => stream.write_all(reply(head, &body).as_bytes())?,
            Manner::Bytes(bytes) => stream.write_all(bytes.as_bytes())?,
            Manner::Statuses(statuses) => {
                let body = self.next_status(resource, statuses);
                stream.write_all(reply("200 OK", &body).as_bytes())?;
            }
            Manner::Hang => thread::sleep(HANG),
            Manner::Drip(bytes) => drip(&mut stream, &bytes)?,
            Manner::Endless(length) => self.pour(&mut stream, resource, length)?,
        }
        stream.flush()
    }

    fn book(&self, resource: Resource, method: &str) -> Manner {
        let mut state = self.state();
        let asked = state.asked.entry(resource).or_default();
        if method == "POST" {
            asked.posts += 1;
        } else {
            asked.gets += 1;
        }
        if (resource, method) == (Resource::Refresh, "POST") {
            state.refreshed_at.push(Instant::now());
        }
        state.manners.get(&resource).cloned().unwrap_or(Manner::Honest)
    }

    fn next_status(&self, resource: Resource, mut statuses: Vec<String>) -> String {
        let body = statuses[0].clone();
        if statuses.len() > 1 {
            statuses.remove(0);
        }
        self.set(resource, Manner::Statuses(statuses));
        body
    }

    fn honest(&self, resource: Resource, method: &str) -> String {
        match (resource, method) {
            (Resource::Refresh, "POST") => {
                let text = std::fs::read_to_string(&self.file).unwrap_or_default();
                let key = "eureka.client.service-url.defaultZone=";
                let list = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
                // As a stock server prints its list.
                self.state().adopted = list.replace(',', ", ");
                reply("200 OK", "[\"eureka.client.service-url.defaultZone\"]")
            }
            (Resource::Refresh, _) => reply("405 Method Not Allowed\r\nAllow: POST", ""),
            (Resource::Status, _) => {
                let adopted = self.state().adopted.clone();
                reply("200 OK", &Self::status_of(&adopted, "00:07"))
            }
            (Resource::Env | Resource::Other, "POST") => reply("405 Method Not Allowed\r\nAllow: GET", ""),
            // The actuator's list of links, and the registry, which nobody here reads.
            (Resource::Other, _) => reply("200 OK", "{}"),
            (Resource::Env, _) => reply("404 Not Found", ""),
        }
    }

    fn pour(&self, stream: &mut TcpStream, resource: Resource, length: u64) -> io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n")?;
        let chunk = vec![b' '; CHUNK];
        let mut left = length;
        while left > 0 {
            stream.write_all(&chunk)?;
            left = left.saturating_sub(CHUNK as u64);
            self.state().asked.entry(resource).or_default().written += CHUNK as u64;
        }
        Ok(())
    }
}

fn resource_at(rest: &str) -> Resource {
    let path = rest.split([' ', '?']).next().unwrap_or_default();
    match path {
        "/actuator/refresh" => Resource::Refresh,
        "/actuator/env" => Resource::Env,
        "/eureka/status" => Resource::Status,
        _ => Resource::Other,
    }
}

/// A whole HTTP reply.
pub(crate) fn reply(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn drip(stream: &mut TcpStream, bytes: &str) -> io::Result<()> {
    stream.set_nodelay(true)?;
    for byte in bytes.bytes() {
        stream.write_all(&[byte])?;
        thread::sleep(DRIP);
    }
    Ok(())
}

/// The head of a request, and whatever has come with it.
pub(crate) fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = vec![];
    let mut piece = [0; 4096];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") && bytes.len() < REQUEST_MAX {
        let length = stream.read(&mut piece)?;
        if length == 0 {
            break;
        }
        bytes.extend_from_slice(&piece[..length]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
