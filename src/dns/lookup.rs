//! The walk from server to server.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::Query;
use tokio::time::Instant;

use crate::model::{AddressFamily, Answer, DnsName, HeadlessService, LookupFailure, Question, Record};

use super::exchange::TryTime;
use super::name_servers::{Heard, ServerList};
use super::{Lookup, NameServers, exchange, reading};

/// How often a silent server is asked before it is given up.
const TRIES: usize = 2;
/// Datagrams sent in one try: one each 333 ms of two seconds.
const DATAGRAMS: u32 = 6;
/// From one datagram to the next while nobody has answered yet: a pod cannot begin its work before
/// there is a list, and its DNS may come up at any moment. An error is no answer: a server that knows no
/// zone yet is often restarted for it, and what is sent in between is lost.
const EAGER_PAUSE: Duration = Duration::from_millis(40);
/// After so long without any answer DNS is down, and is not to be hammered when it comes back.
const EAGER_FOR: Duration = Duration::from_secs(10);
/// For so long the question is waited for whether an address is a cluster IP.
const OF_ITSELF_MAX: Duration = Duration::from_millis(500);

/// [`Lookup`] by hickory: UDP, then TCP, to each server in turn.
///
/// A denial with an SOA is final; after anything else that is no answer the next server is asked.
/// Where none answers, the failure that says most is the outcome.
///
/// It takes at most six seconds a server: two silent tries, of which the second may end with a
/// truncated answer and a TCP connection that leads nowhere; ten where that one does not know EDNS.
/// Eight more, or sixteen, can go by on the question whether only the port's name is missing.
#[derive(Debug)]
pub struct HickoryLookup {
    servers: ServerList,
    try_timeout: Duration,
    contact: Cell<Contact>,
    /// The only addresses of Services that are known to be those of pods.
    lone_pods: RefCell<BTreeMap<HeadlessService, IpAddr>>,
}

/// Whether any server has given an answer yet.
#[derive(Clone, Copy, Debug)]
enum Contact {
    NotAsked,
    NoAnswerYet { since: Instant },
    Answered,
}

impl HickoryLookup {
    /// How long one server is waited for, twice at most.
    pub const TRY_TIMEOUT: Duration = Duration::from_secs(2);

    /// Does no IO yet: `resolv.conf` is read with the first question.
    pub fn new(servers: NameServers) -> Self {
        let servers = ServerList::new(servers);
        Self {
            servers,
            try_timeout: Self::TRY_TIMEOUT,
            contact: Cell::new(Contact::NotAsked),
            lone_pods: RefCell::default(),
        }
    }

    /// Waits `try_timeout` instead of [`Self::TRY_TIMEOUT`].
    #[must_use]
    pub fn with_try_timeout(self, try_timeout: Duration) -> Self {
        Self { try_timeout, ..self }
    }

    /// Asks the servers in turn. Those that stayed silent are asked once more, when all others
    /// have been asked: a dead first server then costs one try and not two.
    async fn walk(&self, servers: Vec<SocketAddr>, query: &Query) -> Heard {
        let mut silent = servers;
        let mut worst = LookupFailure::Timeout;
        for _ in 0..TRIES {
            for server in std::mem::take(&mut silent) {
                match exchange::ask(server, query, self.try_time()).await {
                    Answer::Failed(failure) => {
                        if failure == LookupFailure::Timeout {
                            silent.push(server);
                        }
                        worst = more_telling(worst, failure);
                    }
                    answer => return Heard { answer, by: Some(server) },
                }
            }
        }
        Heard { answer: Answer::Failed(worst), by: None }
    }

    fn try_time(&self) -> TryTime {
        let pause = self.try_timeout / DATAGRAMS;
        let is_eager = match self.contact.get() {
            Contact::NotAsked | Contact::Answered => false,
            Contact::NoAnswerYet { since } => since.elapsed() < EAGER_FOR,
        };
        TryTime { whole: self.try_timeout, pause: if is_eager { pause.min(EAGER_PAUSE) } else { pause } }
    }

    fn note_asked(&self) {
        if let Contact::NotAsked = self.contact.get() {
            self.contact.set(Contact::NoAnswerYet { since: Instant::now() });
        }
    }

    fn note_answer(&self, answer: &Answer) {
        match answer {
            Answer::Failed(_) => {}
            Answer::Records(_) | Answer::Empty { .. } => self.contact.set(Contact::Answered),
        }
    }

    /// Whether the only address of a Service is its cluster IP, behind which any pod may be.
    ///
    /// Its own name then has an SRV record that leads to itself. Asked once for an address that is a pod's,
    /// and briefly: a server that knows no SRV records says nothing against it.
    async fn is_cluster_ip(&self, server: SocketAddr, question: &Question, address: IpAddr) -> bool {
        if self.lone_pods.borrow().get(question.service()) == Some(&address) {
            return false;
        }
        let time = TryTime { whole: self.try_timeout.min(OF_ITSELF_MAX), ..self.try_time() };
        let answer = exchange::ask(server, &reading::query_of_itself(question), time).await;
        let leads_to_itself = |record: &Record| match record {
            Record::Target { name, .. } => name == question.service_name(),
            Record::Address(_) => false,
        };
        let is_cluster_ip =
            matches!(&answer, Answer::Records(records) if records.iter().all(leads_to_itself));
        if !is_cluster_ip && !matches!(answer, Answer::Failed(_)) {
            self.lone_pods.borrow_mut().insert(question.service().clone(), address);
        }
        is_cluster_ip
    }

    /// Every address of one host; none where DNS denies it, or says nothing.
    ///
    /// A host is no Service: its name may lead to itself without being a cluster IP, as a pod's does.
    pub async fn addresses_of(&self, host: &DnsName) -> BTreeSet<IpAddr> {
        let Ok(service) = HeadlessService::from_setting(&format!("{host}."), "", "") else {
            return BTreeSet::new();
        };
        let of_family = async |family| {
            let question = Question::Addresses { service: service.clone(), family };
            let servers = self.servers.in_turn(self.try_timeout).await.unwrap_or_default();
            match self.walk(servers, &reading::query(&question)).await.answer {
                Answer::Records(records) => records,
                Answer::Empty { .. } | Answer::Failed(_) => Vec::new(),
            }
        };
        let (ipv4, ipv6) = tokio::join!(of_family(AddressFamily::Ipv4), of_family(AddressFamily::Ipv6));
        let addresses = ipv4.into_iter().chain(ipv6).filter_map(|record| match record {
            Record::Address(address) => Some(address),
            Record::Target { .. } => None,
        });
        addresses.collect()
    }

    /// Whether the Service has addresses although it has no port of the asked name.
    ///
    /// Asked once, of the server that denied the port's name. Where the Service's own name does
    /// not exist either, there is no second question.
    async fn has_addresses(&self, server: SocketAddr, question: &Question) -> bool {
        for family in [AddressFamily::Ipv4, AddressFamily::Ipv6] {
            let addresses = Question::Addresses { service: question.service().clone(), family };
            match exchange::ask(server, &reading::query(&addresses), self.try_time()).await {
                Answer::Records(_) => return true,
                // Here, but not in this family.
                Answer::Empty { no_such_name: false, .. } => {}
                Answer::Empty { no_such_name: true, .. } | Answer::Failed(_) => return false,
            }
        }
        false
    }
}

impl Lookup for HickoryLookup {
    async fn ask(&self, question: &Question) -> Answer {
        let servers = match self.servers.in_turn(self.try_timeout).await {
            Ok(servers) => servers,
            Err(failure) => return Answer::Failed(failure),
        };
        self.note_asked();
        let heard = self.walk(servers, &reading::query(question)).await;
        self.note_answer(&heard.answer);
        self.servers.note(&heard);
        match (question, heard) {
            (Question::Names { .. }, Heard { answer: Answer::Empty { .. }, by: Some(server) })
                if self.has_addresses(server, question).await =>
            {
                Answer::Failed(LookupFailure::PortNameMissing)
            }
            (Question::Addresses { .. }, Heard { answer: Answer::Records(records), by: Some(server) }) => {
                match records[..] {
                    [Record::Address(address)] if self.is_cluster_ip(server, question, address).await => {
                        Answer::Failed(LookupFailure::NotHeadless)
                    }
                    _ => Answer::Records(records),
                }
            }
            (_, heard) => heard.answer,
        }
    }
}

/// A server that said something tells more than a network that did not let us ask, and that tells
/// more than silence; among equals the later one.
fn more_telling(earlier: LookupFailure, later: LookupFailure) -> LookupFailure {
    if how_telling(&later) >= how_telling(&earlier) { later } else { earlier }
}

/// How much a failure says of DNS.
fn how_telling(failure: &LookupFailure) -> u8 {
    match failure {
        LookupFailure::Timeout => 0,
        LookupFailure::Network(_) => 1,
        LookupFailure::ServerFailure
        | LookupFailure::Refused
        | LookupFailure::ResponseCode(_)
        | LookupFailure::NegativeWithoutSoa
        | LookupFailure::Truncated
        | LookupFailure::Malformed(_)
        | LookupFailure::NotHeadless
        | LookupFailure::PortNameMissing
        | LookupFailure::AllDenied { .. }
        | LookupFailure::TooManyPeers { .. } => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_that_says_most_is_reported() {
        let network = || LookupFailure::Network("unreachable".into());
        assert_eq!(more_telling(LookupFailure::Refused, LookupFailure::Timeout), LookupFailure::Refused);
        assert_eq!(more_telling(LookupFailure::Timeout, LookupFailure::Refused), LookupFailure::Refused);
        assert_eq!(
            more_telling(LookupFailure::ServerFailure, LookupFailure::Refused),
            LookupFailure::Refused
        );
        assert_eq!(more_telling(network(), LookupFailure::Timeout), network());
        assert_eq!(more_telling(network(), LookupFailure::ServerFailure), LookupFailure::ServerFailure);
    }
}
