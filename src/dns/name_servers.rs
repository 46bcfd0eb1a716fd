//! Whom to ask, in which order.
//!
//! Of `resolv.conf` the servers are used here and whether they are to be asked over TCP: names are asked
//! absolute, so its search list means nothing, and a fault in it must not cost the servers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::model::{Answer, LookupFailure, ResolvConf};
use crate::small_file::{self, OneRead};

/// Where the servers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameServers {
    /// These, in this order.
    Listed(Vec<SocketAddr>),
    /// The first three of a file in the manner of `resolv.conf(5)`, which may change at run time.
    ResolvConf {
        path: PathBuf,
        /// Where its servers listen; the file itself cannot say.
        port: u16,
    },
}

impl NameServers {
    /// The port of DNS (RFC 1035, section 4.2).
    pub const PORT: u16 = 53;

    /// The listed servers or, where none is listed, those of the system.
    pub fn listed_or_system(listed: Vec<SocketAddr>) -> Self {
        if listed.is_empty() { Self::default() } else { Self::Listed(listed) }
    }
}

impl Default for NameServers {
    fn default() -> Self {
        Self::ResolvConf { path: ResolvConf::PATH.into(), port: Self::PORT }
    }
}

/// Servers used of one file, as in glibc (`MAXNS`): each dead one costs seconds.
const SERVERS_MAX: usize = 3;
/// How long a list is used without a second look, while answers come.
const LIST_AGE_MAX: Duration = Duration::from_secs(60);
/// How long a server that is not the first is asked first. Well below the time that a peer must be missing:
/// one that serves an old zone must not remove anybody because the first one was away for a moment.
const PREFERRED_FOR: Duration = Duration::from_secs(10);

/// What came of asking the servers in turn.
pub(super) struct Heard {
    pub(super) answer: Answer,
    /// The server that gave it; none where all failed.
    pub(super) by: Option<SocketAddr>,
}

/// The servers as they are known now.
#[derive(Debug)]
pub(super) struct ServerList {
    source: NameServers,
    // Never borrowed across an await, so it is never borrowed twice.
    known: RefCell<Known>,
    reading: OneRead<io::Result<Servers>>,
}

/// What a source says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Servers {
    addresses: Vec<SocketAddr>,
    tcp_first: bool,
}

#[derive(Debug, Default)]
struct Known {
    servers: Servers,
    /// Until when they are good; none before the first reading and after a failure.
    good_until: Option<Instant>,
    preferred: Option<Preferred>,
}

/// Who gave records last; asked first for a while, so that a dead server before it costs its silence
/// once and not with every question. Only records earn this place: a server that denies everything
/// would otherwise keep it.
#[derive(Clone, Copy, Debug)]
struct Preferred {
    server: SocketAddr,
    until: Instant,
}

impl ServerList {
    pub(super) fn new(source: NameServers) -> Self {
        Self { source, known: RefCell::default(), reading: OneRead::default() }
    }

    /// The servers, in the order in which they are to be asked; at least one.
    pub(super) async fn in_turn(&self, patience: Duration) -> Result<Vec<SocketAddr>, LookupFailure> {
        if !self.known.borrow().is_good() {
            self.look_again(patience).await?;
        }
        let known = self.known.borrow();
        if known.servers.addresses.is_empty() {
            return Err(LookupFailure::Network("no DNS server is configured".into()));
        }
        let mut servers = known.servers.addresses.clone();
        // Stable: all others keep their order.
        let now = Instant::now();
        let first = known.preferred.filter(|preferred| now < preferred.until);
        servers.sort_by_key(|server| Some(*server) != first.map(|preferred| preferred.server));
        Ok(servers)
    }

    /// The server that is listed first, whichever is preferred.
    pub(super) fn first(&self) -> Option<SocketAddr> {
        self.known.borrow().servers.addresses.first().copied()
    }

    /// Whether those who wrote `resolv.conf` know that UDP leads nowhere.
    pub(super) fn tcp_first(&self) -> bool {
        self.known.borrow().servers.tcp_first
    }

    /// Learns from an outcome: after a failure the file is read again, as it may have changed.
    pub(super) fn note(&self, heard: &Heard) {
        let mut known = self.known.borrow_mut();
        known.preferred = match heard.answer {
            Answer::Records(_) => heard.by.map(|server| known.preference(server)),
            Answer::Empty { .. } => None,
            Answer::Failed(_) => {
                known.good_until = None;
                None
            }
        };
    }

    async fn look_again(&self, patience: Duration) -> Result<(), LookupFailure> {
        let servers = match &self.source {
            NameServers::Listed(servers) => {
                Servers { addresses: each_once(servers.iter().copied()), tcp_first: false }
            }
            NameServers::ResolvConf { path, port } => match self.read(path, *port, patience).await {
                Ok(servers) => servers,
                // What was read before is still the best there is.
                Err(_) if !self.known.borrow().servers.addresses.is_empty() => return Ok(()),
                Err(error) => {
                    let message = format!("cannot read {}: {error}", path.display());
                    return Err(LookupFailure::Network(message));
                }
            },
        };
        let mut known = self.known.borrow_mut();
        known.servers = servers;
        known.good_until = Some(Instant::now() + LIST_AGE_MAX);
        known.preferred = None;
        Ok(())
    }

    /// Reads the file on a thread of its own: a stalled disk must not stall the loop.
    async fn read(&self, path: &Path, port: u16, patience: Duration) -> io::Result<Servers> {
        let path = path.to_owned();
        let read = timeout(patience, self.reading.make(move || read_resolv_conf(&path, port)));
        read.await?.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
    }
}

impl Known {
    /// One that is used goes on to its end; it is not made longer by its own use.
    fn preference(&self, server: SocketAddr) -> Preferred {
        let now = Instant::now();
        let standing = self.preferred.filter(|it| it.server == server && now < it.until);
        standing.unwrap_or(Preferred { server, until: now + PREFERRED_FOR })
    }

    fn is_good(&self) -> bool {
        self.good_until.is_some_and(|until| Instant::now() < until)
    }
}

/// At least one server; a file without one may be half written.
fn read_resolv_conf(path: &Path, port: u16) -> io::Result<Servers> {
    let bytes = small_file::read_beginning(path, ResolvConf::LENGTH_MAX)?
        .ok_or_else(|| io::Error::other("it is not a file"))?;
    let text = String::from_utf8_lossy(&bytes);
    let servers =
        Servers { addresses: name_servers(&text, port), tcp_first: ResolvConf(&text).asks_over_tcp() };
    if servers.addresses.is_empty() { Err(io::Error::other("no nameserver is in it")) } else { Ok(servers) }
}

/// The servers of the first three `nameserver` lines that have an address, each once.
fn name_servers(text: &str, port: u16) -> Vec<SocketAddr> {
    let listed = ResolvConf(text).name_servers().filter_map(|address| server_at(address, port));
    each_once(listed.take(SERVERS_MAX))
}

/// In their order: one that is listed twice is no more likely to answer the second time.
fn each_once(servers: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = BTreeSet::new();
    servers.filter(|server| seen.insert(*server)).collect()
}

/// An address, or one that means something on one link only (`fe80::1%eth0`, RFC 4007, section 11).
fn server_at(address: &str, port: u16) -> Option<SocketAddr> {
    match address.split_once('%') {
        Some((address, zone)) => {
            Some(SocketAddrV6::new(address.parse().ok()?, port, 0, interface_index(zone)).into())
        }
        None => Some(SocketAddr::new(address.parse().ok()?, port)),
    }
}

/// The number of an interface that is given by number or name. With 0 the kernel picks one or refuses,
/// and a refusal is one more reason to ask the next server.
fn interface_index(zone: &str) -> u32 {
    let by_name = || fs::read_to_string(Path::new("/sys/class/net").join(zone).join("ifindex")).ok();
    zone.parse().ok().or_else(|| by_name()?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().copied().map(server).collect()
    }

    #[test]
    fn reads_a_pods_file() {
        let text = "search ns.svc.cluster.local svc.cluster.local cluster.local\n\
                    nameserver 10.96.0.10\n\
                    options ndots:5\n";
        assert_eq!(name_servers(text, 53), servers(&["10.96.0.10:53"]));
    }

    #[test]
    fn faults_cost_no_servers() {
        let text = "search ..broken.. \u{fffd}\n\
                    #nameserver 10.0.0.1\n\
                    ; nameserver 10.0.0.2\n\
                    nameserver\n\
                    nameserver nonsense\n\
                    nameservers 10.0.0.3\n\
                    \tnameserver\t fd00::a  # the first\n\
                    nameserver fe80::1%no-such-link\r\n\
                    options edns0 timeout:many\n\
                    nameserver 10.0.0.4 trailing\n\
                    nameserver 10.0.0.5\n";
        assert_eq!(name_servers(text, 53), servers(&["[fd00::a]:53", "[fe80::1]:53", "10.0.0.4:53"]));
        assert_eq!(name_servers("", 53), servers(&[]));
    }

    #[test]
    fn a_server_that_is_listed_twice_is_one_server() {
        let text = "nameserver 10.0.0.1\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n";
        assert_eq!(name_servers(text, 53), servers(&["10.0.0.1:53", "10.0.0.2:53"]));
    }

    #[test]
    fn an_address_of_one_link_keeps_its_link() {
        let scope = |text: &str| match name_servers(text, 53)[..] {
            [SocketAddr::V6(server)] => server.scope_id(),
            ref other => panic!("{other:?}"),
        };
        let loopback = fs::read_to_string("/sys/class/net/lo/ifindex").expect("every machine has it");
        assert_eq!(scope("nameserver fe80::1%lo").to_string(), loopback.trim());
        assert_eq!(scope("nameserver fe80::1%7"), 7);
        for text in ["nameserver fe80::1", "nameserver fe80::1%no-such-link", "nameserver fe80::1%"] {
            assert_eq!(scope(text), 0, "{text}");
        }
    }

    fn server(text: &str) -> SocketAddr {
        text.parse().expect("valid")
    }

    fn records_by(server: SocketAddr) -> Heard {
        Heard { answer: Answer::Records(Vec::new()), by: Some(server) }
    }

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn only_records_earn_the_first_place() {
        let (first, second) = (server("10.0.0.1:53"), server("10.0.0.2:53"));
        let list = ServerList::new(NameServers::Listed(vec![first, second]));
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![first, second]));
        list.note(&records_by(second));
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![second, first]));
        let empty = Answer::Empty { no_such_name: true, soa_serial: 0 };
        list.note(&Heard { answer: empty, by: Some(second) });
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![first, second]));
        list.note(&records_by(second));
        list.note(&Heard { answer: Answer::Failed(LookupFailure::Timeout), by: None });
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![first, second]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_place_is_lost_after_a_while_however_often_it_is_used() {
        let (first, second) = (server("10.0.0.1:53"), server("10.0.0.2:53"));
        let list = ServerList::new(NameServers::Listed(vec![first, second]));
        for _ in 0..2 {
            assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![first, second]));
            for _ in 0..5 {
                list.note(&records_by(second));
                assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![second, first]));
                tokio::time::advance(PREFERRED_FOR / 5).await;
            }
        }
        // The first one has answered meanwhile.
        list.note(&records_by(first));
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![first, second]));
    }

    #[tokio::test]
    async fn a_pipe_is_not_waited_for() {
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).expect("a pipe");
        let list = ServerList::new(NameServers::ResolvConf { path: path.clone(), port: 53 });
        let Err(LookupFailure::Network(message)) = list.in_turn(PATIENCE).await else {
            panic!("it is not a file");
        };
        assert!(message.ends_with("it is not a file"), "{message}");
        std::fs::remove_file(&path).expect("removable");
        std::fs::write(&path, "nameserver 10.0.0.1\n").expect("writable");
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.1:53")]));
    }

    #[tokio::test]
    async fn the_file_is_read_again_after_a_failure_and_outlives_its_own_loss() {
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        let write = |text: &str| std::fs::write(&path, text).expect("writable");
        let failed = Heard { answer: Answer::Failed(LookupFailure::Timeout), by: None };
        let list = ServerList::new(NameServers::ResolvConf { path: path.clone(), port: 5353 });

        let Err(LookupFailure::Network(missing)) = list.in_turn(PATIENCE).await else {
            panic!("there is no file yet");
        };
        assert!(missing.starts_with(&format!("cannot read {}: ", path.display())), "{missing}");

        write("nameserver 10.0.0.1\n");
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.1:5353")]));
        write("nameserver 10.0.0.2\n");
        list.note(&records_by(server("10.0.0.1:5353")));
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.1:5353")]));
        list.note(&failed);
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.2:5353")]));

        std::fs::remove_file(&path).expect("removable");
        list.note(&failed);
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.2:5353")]));
        write("search half.wri");
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.2:5353")]));
        write("nameserver 10.0.0.3\n");
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.3:5353")]));
    }

    #[tokio::test]
    async fn no_server_at_all_is_said() {
        let none = LookupFailure::Network("no DNS server is configured".into());
        let list = ServerList::new(NameServers::Listed(Vec::new()));
        assert_eq!(list.in_turn(PATIENCE).await, Err(none));
        assert_eq!(NameServers::listed_or_system(Vec::new()), NameServers::default());
    }

    #[tokio::test]
    async fn the_file_is_looked_at_again_after_a_minute() {
        let directory = tempfile::tempdir().expect("a temp directory");
        let path = directory.path().join("resolv.conf");
        std::fs::write(&path, "nameserver 10.0.0.1\n").expect("writable");
        let list = ServerList::new(NameServers::ResolvConf { path: path.clone(), port: 53 });
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.1:53")]));
        std::fs::write(&path, "nameserver 10.0.0.2\n").expect("writable");
        list.known.borrow_mut().good_until = Some(Instant::now());
        assert_eq!(list.in_turn(PATIENCE).await, Ok(vec![server("10.0.0.2:53")]));
    }
}
