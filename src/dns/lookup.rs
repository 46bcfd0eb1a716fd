//! A look-up: the question itself, and the one that its answer may raise.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::Query;
use tokio::time::Instant;

use crate::model::{AddressFamily, Answer, DnsName, HeadlessService, LookupFailure, Question, Record};

use super::ladder::{Climb, End, Ladders};
use super::name_servers::{Heard, ServerList};
use super::race::{Finish, Pace, Race};
use super::{Lookup, NameServers, reading};

/// Tries of 300 ms each fit into one of two seconds: after so much silence the next rung begins.
const SILENCES: u32 = 20;
const SILENCES_BEFORE_NEXT: u32 = 3;
/// All rungs of all servers have begun by then: a start has its first answer within three seconds, whichever
/// of them works.
const ALL_BEGUN_WITHIN: Duration = Duration::from_millis(2400);
/// The whole look-up, with what its answer may raise; `reconcile::evidence` counts on ten seconds.
const LOOKUP_MAX: Duration = Duration::from_secs(9);
/// Datagrams sent on one rung: a lost one is made up for by the next rung, long before the second one.
const DATAGRAMS: u32 = 2;
/// From one datagram to the next on the first rung while nobody has answered yet: a pod cannot begin its work
/// before there is a list, and its DNS may come up at any moment. An error is no answer: a server that knows
/// no zone yet is often restarted for it, and what is sent in between is lost.
const EAGER_PAUSE: Duration = Duration::from_millis(40);
/// After so long without any answer DNS is down, and is not to be hammered when it comes back.
const EAGER_FOR: Duration = Duration::from_secs(10);
/// For so long the question is waited for whether an address is a cluster IP: all three rungs, should the first
/// two be silent.
const OF_ITSELF_MAX: Duration = Duration::from_millis(1200);

/// [`Lookup`] by hickory: each server in turn, by UDP and by TCP.
///
/// A denial with an SOA is final, and so are records; anything else is no answer, and the next rung or server
/// is asked beside it. Where none answers, the failure that says most is the outcome.
///
/// Silence of one server takes 2.6 seconds, of three 4.4. Whatever the servers do, all of it has an end
/// after nine seconds, or eleven where `resolv.conf` cannot be read either.
#[derive(Debug)]
pub struct HickoryLookup {
    servers: ServerList,
    try_timeout: Duration,
    contact: Cell<Contact>,
    // Never borrowed across an await, so it is never borrowed twice.
    ladders: RefCell<Ladders>,
    /// The only addresses of Services that are known to be those of pods.
    lone_pods: RefCell<BTreeMap<HeadlessService, IpAddr>>,
    /// Services that have had the asked port since the start; as many as are asked at most.
    had_port: RefCell<BTreeSet<HeadlessService>>,
}

/// Whether any server has given an answer yet.
#[derive(Clone, Copy, Debug)]
enum Contact {
    NotAsked,
    NoAnswerYet { since: Instant },
    Answered,
}

impl HickoryLookup {
    /// How long the last way to ask is waited for, and with it all others.
    pub const TRY_TIMEOUT: Duration = Duration::from_secs(2);

    /// Does no IO yet: `resolv.conf` is read with the first question.
    pub fn new(servers: NameServers) -> Self {
        let servers = ServerList::new(servers);
        Self {
            servers,
            try_timeout: Self::TRY_TIMEOUT,
            contact: Cell::new(Contact::NotAsked),
            ladders: RefCell::default(),
            lone_pods: RefCell::default(),
            had_port: RefCell::default(),
        }
    }

    /// Waits `try_timeout` instead of [`Self::TRY_TIMEOUT`].
    #[must_use]
    pub fn with_try_timeout(self, try_timeout: Duration) -> Self {
        Self { try_timeout, ..self }
    }

    /// Asks the servers in turn, each by what worked last, until one gives a usable answer.
    async fn race(&self, servers: &[SocketAddr], query: Query, until: Instant) -> Heard {
        let climbs = self.climbs(servers, &query);
        let rungs = climbs.iter().map(Climb::rungs).sum();
        let mut race = Race::new(query.clone(), climbs, self.pace(rungs, until));
        let finish = race.run().await;
        self.learn(&race, &finish, &query);
        match finish {
            Finish::Won { climb, answer, .. } => Heard { answer, by: Some(race.climbs()[climb].server()) },
            Finish::Lost(failure) => Heard { answer: Answer::Failed(failure), by: None },
        }
    }

    /// How each server is to be asked, by what worked last.
    fn climbs(&self, servers: &[SocketAddr], query: &Query) -> Vec<Climb> {
        let (now, tcp_first) = (Instant::now(), self.servers.tcp_first());
        let ladders = self.ladders.borrow();
        servers.iter().map(|server| ladders.climb(*server, query, tcp_first, now)).collect()
    }

    /// Remembers how the climbs ended that have ended.
    fn learn(&self, race: &Race, finish: &Finish, query: &Query) {
        let (now, mut ladders) = (Instant::now(), self.ladders.borrow_mut());
        for (at, climb) in race.climbs().iter().enumerate() {
            let end = match finish {
                Finish::Won { climb, rung, length, .. } if *climb == at => {
                    End::Worked { rung: *rung, length: *length }
                }
                Finish::Won { .. } if !climb.is_told_off() => continue,
                Finish::Won { .. } | Finish::Lost(_) => End::Failed,
            };
            ladders.note(climb, query, end, now);
        }
    }

    fn pace(&self, rungs: usize, until: Instant) -> Pace {
        let gaps = u32::try_from(rungs).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let pause = self.try_timeout / DATAGRAMS;
        let is_eager = match self.contact.get() {
            Contact::NotAsked | Contact::Answered => false,
            Contact::NoAnswerYet { since } => since.elapsed() < EAGER_FOR,
        };
        Pace {
            silence: (self.try_timeout / SILENCES * SILENCES_BEFORE_NEXT).min(ALL_BEGUN_WITHIN / gaps),
            whole: self.try_timeout,
            first_pause: if is_eager { pause.min(EAGER_PAUSE) } else { pause },
            pause,
            until,
        }
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
    async fn is_cluster_ip(
        &self,
        server: SocketAddr,
        question: &Question,
        address: IpAddr,
        until: Instant,
    ) -> bool {
        if self.lone_pods.borrow().get(question.service()) == Some(&address) {
            return false;
        }
        let until = until.min(Instant::now() + self.try_timeout.min(OF_ITSELF_MAX));
        let answer = self.race(&[server], reading::query_of_itself(question), until).await.answer;
        let leads_to_itself = |record: &Record| match record {
            Record::Target { name, .. } => name == question.service_name(),
            Record::Address(_) | Record::Unusable(_) => false,
        };
        match answer {
            Answer::Records(records) if records.iter().all(leads_to_itself) => true,
            Answer::Records(_) | Answer::Empty { .. } => {
                self.lone_pods.borrow_mut().insert(question.service().clone(), address);
                false
            }
            Answer::Failed(_) => false,
        }
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
            let until = Instant::now() + LOOKUP_MAX;
            match self.race(&servers, reading::query(&question), until).await.answer {
                Answer::Records(records) => records,
                Answer::Empty { .. } | Answer::Failed(_) => Vec::new(),
            }
        };
        let (ipv4, ipv6) = tokio::join!(of_family(AddressFamily::Ipv4), of_family(AddressFamily::Ipv6));
        let addresses = ipv4.into_iter().chain(ipv6).filter_map(|record| match record {
            Record::Address(address) => Some(address),
            Record::Target { .. } | Record::Unusable(_) => None,
        });
        addresses.collect()
    }

    /// What a denial of the port's name means; asked of the server that gave it.
    ///
    /// A Service with one port need not name it, and its SRV records then stand at the Service's own name
    /// alone. They are taken for those of the port that everybody calls `http`, as long as there is no choice:
    /// whoever set another name has ports with names, and so has a Service that has had that one. CoreDNS gives
    /// named ports there as well, so it is asked for `https` too.
    ///
    /// Where a question that this takes fails, nothing is known: a denial that would stand by itself could end
    /// peers that are there.
    async fn without_port(
        &self,
        server: SocketAddr,
        question: &Question,
        denial: Answer,
        until: Instant,
    ) -> Answer {
        let Question::Names { port_name, .. } = question else { return denial };
        if port_name.is_usual() && !self.had_port.borrow().contains(question.service()) {
            match self.race(&[server], reading::query_of_itself(question), until).await.answer {
                Answer::Records(records) if has_one_port(&records) => {
                    let https = self.race(&[server], reading::query_of_https(question), until).await.answer;
                    return match https {
                        Answer::Empty { .. } => Answer::Records(records),
                        Answer::Records(_) => Answer::Failed(LookupFailure::PortNameMissing),
                        Answer::Failed(failure) => Answer::Failed(failure),
                    };
                }
                Answer::Records(_) => return Answer::Failed(LookupFailure::PortNameMissing),
                Answer::Empty { no_such_name: true, .. } => return denial,
                Answer::Empty { no_such_name: false, .. } => {}
                Answer::Failed(failure) => return Answer::Failed(failure),
            }
        }
        match self.has_addresses(server, question, until).await {
            Ok(true) => Answer::Failed(LookupFailure::PortNameMissing),
            Ok(false) => denial,
            Err(failure) => Answer::Failed(failure),
        }
    }

    /// Whether the Service has addresses although it has no port of the asked name.
    ///
    /// Where the Service's own name does not exist either, there is no second question.
    async fn has_addresses(
        &self,
        server: SocketAddr,
        question: &Question,
        until: Instant,
    ) -> Result<bool, LookupFailure> {
        for family in [AddressFamily::Ipv4, AddressFamily::Ipv6] {
            let addresses = Question::Addresses { service: question.service().clone(), family };
            match self.race(&[server], reading::query(&addresses), until).await.answer {
                Answer::Records(_) => return Ok(true),
                // Here, but not in this family.
                Answer::Empty { no_such_name: false, .. } => {}
                Answer::Empty { no_such_name: true, .. } => return Ok(false),
                Answer::Failed(failure) => return Err(failure),
            }
        }
        Ok(false)
    }
}

impl Lookup for HickoryLookup {
    async fn ask(&self, question: &Question) -> Answer {
        let servers = match self.servers.in_turn(self.try_timeout).await {
            Ok(servers) => servers,
            Err(failure) => return Answer::Failed(failure),
        };
        self.note_asked();
        let until = Instant::now() + LOOKUP_MAX;
        let heard = self.race(&servers, reading::query(question), until).await;
        self.note_answer(&heard.answer);
        self.servers.note(&heard);
        match (question, heard) {
            (Question::Names { .. }, Heard { answer: answer @ Answer::Empty { .. }, by: Some(server) }) => {
                self.without_port(server, question, answer, until).await
            }
            (Question::Names { .. }, Heard { answer: answer @ Answer::Records(_), .. }) => {
                self.had_port.borrow_mut().insert(question.service().clone());
                answer
            }
            (Question::Addresses { .. }, Heard { answer: Answer::Records(records), by: Some(server) }) => {
                match records[..] {
                    [Record::Address(address)]
                        if self.is_cluster_ip(server, question, address, until).await =>
                    {
                        Answer::Failed(LookupFailure::NotHeadless)
                    }
                    _ => Answer::Records(records),
                }
            }
            (_, heard) => heard.answer,
        }
    }
}

/// Whether every target has the same one port.
fn has_one_port(records: &[Record]) -> bool {
    let mut ports = records.iter().filter_map(|record| match record {
        Record::Target { port, .. } => Some(port),
        Record::Address(_) | Record::Unusable(_) => None,
    });
    let Some(first) = ports.next() else { return false };
    ports.all(|port| port == first)
}
