//! A look-up: the question itself; those that its answer may raise are in `raised`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::Query;
use tokio::time::Instant;

use crate::model::{AddressFamily, Answer, DnsName, HeadlessService, Question, Record};

use super::conclusions::Conclusions;
use super::ladder::{Climb, End, Ladders};
use super::name_servers::{Heard, ServerList};
use super::race::{Finish, Pace, Race};
use super::raised::have_one_port;
use super::{KnownAddresses, Lookup, NameServers, reading};

/// Tries of 300 ms each fit into one of two seconds: after so much silence the next rung begins.
const SILENCES: u32 = 20;
const SILENCES_BEFORE_NEXT: u32 = 3;
/// All rungs of all servers have begun by then: a start has its first answer within three seconds, whichever
/// of them works.
const ALL_BEGUN_WITHIN: Duration = Duration::from_millis(2400);
/// The whole look-up in half tries, with what its answer may raise: nine seconds, while `reconcile::evidence`
/// counts on ten.
const HALF_TRIES: u32 = 9;
/// Datagrams sent on one rung: a lost one is made up for by the next rung, long before the second one.
const DATAGRAMS: u32 = 2;
/// From one datagram to the next on the first rung while nobody has answered yet: a pod cannot begin its work
/// before there is a list, and its DNS may come up at any moment. An error is no answer: a server that knows
/// no zone yet is often restarted for it, and what is sent in between is lost.
const EAGER_PAUSE: Duration = Duration::from_millis(40);
/// After so long without any answer DNS is down, and is not to be hammered when it comes back.
const EAGER_FOR: Duration = Duration::from_secs(10);
/// For so long a port without a name is believed to have none.
const NAMELESS_FOR: Duration = Duration::from_secs(5 * 60);

/// [`Lookup`] by hickory: each server in turn, by UDP and by TCP.
///
/// A denial with an SOA is final, and so are records; anything else is no answer, and the next rung or server
/// is asked beside it. Where none answers, the failure that says most is the outcome.
///
/// Whatever the servers do, all of it has an end after nine seconds. A server that is silent is waited for to that
/// end, because it may be slow; after the last word of those that have no answer it is two seconds.
#[derive(Debug)]
pub struct HickoryLookup {
    servers: ServerList,
    try_timeout: Duration,
    contact: Cell<Contact>,
    // Never borrowed across an await, so it is never borrowed twice.
    ladders: RefCell<Ladders>,
    pub(super) conclusions: RefCell<Conclusions>,
    pub(super) addresses: KnownAddresses,
    /// Services that have had the asked port since the start; as many as are asked at most.
    had_port: RefCell<BTreeSet<HeadlessService>>,
    /// Those whose only port has no name, and until when that is believed; as many.
    nameless: RefCell<BTreeMap<HeadlessService, Instant>>,
}

/// Whether any server has given an answer yet.
#[derive(Clone, Copy, Debug)]
enum Contact {
    NotAsked,
    NoAnswerYet { since: Instant },
    Answered,
}

impl HickoryLookup {
    /// How long the last way to ask a server that has no answer is waited for.
    pub const TRY_TIMEOUT: Duration = Duration::from_secs(2);

    /// Does no IO yet: `resolv.conf` is read with the first question.
    pub fn new(servers: NameServers) -> Self {
        let servers = ServerList::new(servers);
        Self {
            servers,
            try_timeout: Self::TRY_TIMEOUT,
            contact: Cell::new(Contact::NotAsked),
            ladders: RefCell::default(),
            conclusions: RefCell::default(),
            addresses: KnownAddresses::default(),
            had_port: RefCell::default(),
            nameless: RefCell::default(),
        }
    }

    /// Waits `try_timeout` instead of [`Self::TRY_TIMEOUT`], and with everything else in proportion.
    #[must_use]
    pub fn with_try_timeout(self, try_timeout: Duration) -> Self {
        Self { try_timeout, ..self }
    }

    /// Knows of these addresses whose they are.
    #[must_use]
    pub fn with_addresses(self, addresses: KnownAddresses) -> Self {
        Self { addresses, ..self }
    }

    fn whole(&self) -> Duration {
        self.try_timeout * HALF_TRIES / 2
    }

    /// Asks the servers in turn, each by what worked last, until one gives a usable answer.
    async fn race(&self, servers: &[SocketAddr], query: Query, until: Instant) -> Heard {
        let climbs = self.climbs(servers, &query);
        let pace = self.pace(&climbs, until);
        let mut race = Race::new(query.clone(), climbs, pace);
        let finish = race.run().await;
        self.learn(&race, &finish, &query);
        match finish {
            Finish::Won { climb, answer, .. } => Heard { answer, by: Some(race.climbs()[climb].server()) },
            Finish::Lost(answer) => Heard { answer, by: None },
        }
    }

    /// How each server is to be asked, by what worked last.
    pub(super) fn climbs(&self, servers: &[SocketAddr], query: &Query) -> Vec<Climb> {
        let (now, tcp_first, first) = (Instant::now(), self.servers.tcp_first(), self.servers.first());
        let ladders = self.ladders.borrow();
        let climb = |server: &SocketAddr| {
            let climb = ladders.climb(*server, query, tcp_first, now);
            if first == Some(*server) { climb } else { climb.of_a_later_one() }
        };
        servers.iter().map(climb).collect()
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

    pub(super) fn pace(&self, climbs: &[Climb], until: Instant) -> Pace {
        let rungs: usize = climbs.iter().map(Climb::rungs).sum();
        let gaps = u32::try_from(rungs).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let pause = self.try_timeout / DATAGRAMS;
        let is_eager = match self.contact.get() {
            Contact::NotAsked | Contact::Answered => false,
            Contact::NoAnswerYet { since } => since.elapsed() < EAGER_FOR,
        };
        Pace {
            silence: (self.try_timeout / SILENCES * SILENCES_BEFORE_NEXT).min(ALL_BEGUN_WITHIN / gaps),
            after_words: self.try_timeout,
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

    /// Every address of one host; none where DNS denies it, or says nothing.
    ///
    /// A host is no Service: its name may lead to itself without being a cluster IP, as a pod's does.
    pub async fn addresses_of(&self, host: &DnsName) -> BTreeSet<IpAddr> {
        let Ok(service) = HeadlessService::from_setting(&format!("{host}."), "", "") else {
            return BTreeSet::new();
        };
        let of_family = async |family| {
            let question = Question::Addresses { service: service.clone(), family };
            let until = Instant::now() + self.whole();
            let servers = self.servers.in_turn(self.try_timeout).await.unwrap_or_default();
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

    /// Whether the records of this port may stand at the Service's own name alone.
    pub(super) fn may_be_nameless(&self, question: &Question) -> bool {
        match question {
            Question::Names { service, port_name } => {
                port_name.is_usual() && !self.had_port.borrow().contains(service)
            }
            Question::Addresses { .. } => false,
        }
    }

    pub(super) fn note_nameless(&self, question: &Question) {
        let until = Instant::now() + NAMELESS_FOR;
        self.nameless.borrow_mut().insert(question.service().clone(), until);
    }

    /// Asks all servers, and learns from what they say.
    async fn ask_all(&self, servers: &[SocketAddr], query: Query, until: Instant) -> Heard {
        let heard = self.race(servers, query, until).await;
        self.note_answer(&heard.answer);
        self.servers.note(&heard);
        heard
    }

    /// The records of a port that is known to have no name; none where that may have changed.
    async fn of_nameless_port(
        &self,
        servers: &[SocketAddr],
        question: &Question,
        until: Instant,
    ) -> Option<Answer> {
        let service = question.service();
        let is_nameless =
            self.nameless.borrow().get(service).is_some_and(|nameless| Instant::now() < *nameless);
        if !(is_nameless && self.may_be_nameless(question)) {
            return None;
        }
        match self.ask_all(servers, reading::query_of_itself(question), until).await.answer {
            Answer::Records(records) if have_one_port(&records) => Some(Answer::Records(records)),
            failed @ Answer::Failed(_) => Some(failed),
            Answer::Records(_) | Answer::Empty { .. } => {
                self.nameless.borrow_mut().remove(service);
                None
            }
        }
    }
}

impl Lookup for HickoryLookup {
    async fn ask(&self, question: &Question) -> Answer {
        // Before `resolv.conf` is read: that may take its time too.
        let until = Instant::now() + self.whole();
        let servers = match self.servers.in_turn(self.try_timeout).await {
            Ok(servers) => servers,
            Err(failure) => return Answer::Failed(failure),
        };
        self.note_asked();
        if let Some(answer) = self.of_nameless_port(&servers, question, until).await {
            return answer;
        }
        let Heard { answer, by } = self.ask_all(&servers, reading::query(question), until).await;
        let Some(server) = by else { return answer };
        if let (Question::Names { service, .. }, Answer::Records(_)) = (question, &answer) {
            self.had_port.borrow_mut().insert(service.clone());
        }
        self.conclude(server, question, answer, until).await
    }
}
