//! In which ways a server is asked, and in which order: what worked is remembered.
//!
//! No IO and no clock: times come in.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::op::{DEFAULT_MAX_PAYLOAD_LEN, Query};
use tokio::time::Instant;

use super::exchange::{Brought, Rung};
use super::reading::Standing;

/// For so long what worked is tried first. A firewall or a server that is mended is used as it should be
/// within minutes, and until then no poll pays for the rungs below.
const REMEMBERED_FOR: Duration = Duration::from_secs(5 * 60);
/// Large answers remembered of one server; more Services than one Eureka has.
const LARGE_MAX: usize = 64;
/// Servers remembered; `resolv.conf` has three.
const SERVERS_MAX: usize = 16;

/// What is known of the servers.
#[derive(Debug, Default)]
pub(super) struct Ladders(BTreeMap<SocketAddr, Known>);

/// What is known of one.
#[derive(Debug, Default)]
struct Known {
    works: Option<Works>,
    /// Questions whose answers no datagram holds.
    large: HashMap<Query, Large>,
}

/// The rung that worked last.
#[derive(Clone, Copy, Debug)]
struct Works {
    rung: Rung,
    until: Instant,
    /// Whether another one worked in its place since: once may be a lost datagram.
    was_missed: bool,
}

/// An answer that was cut short over UDP.
#[derive(Clone, Copy, Debug)]
struct Large {
    /// The smallest of which that is known, as a server's own bound may be below ours.
    length: usize,
    until: Instant,
}

impl Ladders {
    /// The rungs for a question to `server`; `tcp_first` is the operator's wish.
    pub(super) fn climb(&self, server: SocketAddr, query: &Query, tcp_first: bool, now: Instant) -> Climb {
        let known = self.0.get(&server);
        let works = known.and_then(|known| known.works).filter(|works| now < works.until);
        let is_large = known.and_then(|known| known.large.get(query)).is_some_and(|large| now < large.until);
        let usual = if tcp_first { Rung::Tcp } else { Rung::UdpWithEdns };
        let first = if is_large { Rung::Tcp } else { works.map_or(usual, |works| works.rung) };
        let mut rungs = VecDeque::from([Rung::UdpWithEdns, Rung::UdpWithoutEdns, Rung::Tcp]);
        to_front(&mut rungs, usual);
        to_front(&mut rungs, first);
        Climb {
            server,
            standing: Standing::First,
            rungs,
            running: 0,
            usual,
            first: (is_large || works.is_some()).then_some(first),
            cut_short: None,
            spoke: None,
        }
    }

    /// Learns how a climb ended.
    pub(super) fn note(&mut self, climb: &Climb, query: &Query, end: End, now: Instant) {
        if !self.0.contains_key(&climb.server) && self.0.len() >= SERVERS_MAX {
            self.0.clear();
        }
        let known = self.0.entry(climb.server).or_default();
        match (end, climb.cut_short) {
            (End::Worked { rung: Rung::Tcp, length }, Some(over_udp)) => {
                known.works(over_udp, climb.usual, now);
                known.is_large(query, length, now);
            }
            (End::Worked { rung: Rung::Tcp, length }, None) if known.large.contains_key(query) => {
                known.may_be_small(query, length, now);
            }
            (End::Worked { rung, .. }, _) => {
                known.works(rung, climb.usual, now);
                known.large.remove(query);
            }
            // More than TCP can hold.
            (End::Failed, Some(_)) if climb.spoke == Some(Rung::Tcp) => {
                known.is_large(query, usize::MAX, now);
            }
            // An error makes no rung known: the next look-up tries the others again.
            (End::Failed, _) if climb.spoke.is_some() => {}
            (End::Failed, _) => known.forget(query),
        }
    }
}

/// How the climb of a server's ladder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a usable answer.
    Worked { rung: Rung, length: usize },
    /// Without one on any rung.
    Failed,
}

impl Known {
    /// One that is not the usual one is used to its end, and not made longer by its own use.
    fn works(&mut self, rung: Rung, usual: Rung, now: Instant) {
        let new = Works { rung, until: now + REMEMBERED_FOR, was_missed: false };
        self.works = Some(match self.works.filter(|works| now < works.until) {
            Some(works) if works.rung == rung && rung != usual => Works { was_missed: false, ..works },
            Some(works) if works.rung != rung && !works.was_missed => Works { was_missed: true, ..works },
            Some(_) | None => new,
        });
    }

    fn forget(&mut self, query: &Query) {
        self.works = None;
        self.large.remove(query);
    }

    fn is_large(&mut self, query: &Query, length: usize, now: Instant) {
        let before = self.large.get(query).map_or(usize::MAX, |large| large.length);
        if self.large.len() >= LARGE_MAX {
            self.large.clear();
        }
        self.large.insert(query.clone(), Large { length: length.min(before), until: now + REMEMBERED_FOR });
    }

    /// An answer over TCP for which a datagram may have room again.
    fn may_be_small(&mut self, query: &Query, length: usize, now: Instant) {
        let room = usize::from(DEFAULT_MAX_PAYLOAD_LEN);
        let fits = |large: &Large| length <= room && length < large.length;
        self.large.retain(|asked, large| asked != query || (now < large.until && !fits(large)));
    }
}

/// One server's ladder during one look-up.
#[derive(Debug)]
pub(super) struct Climb {
    server: SocketAddr,
    standing: Standing,
    /// Those not tried yet.
    rungs: VecDeque<Rung>,
    /// How many have begun and not ended.
    running: usize,
    /// The first one where nothing is known.
    usual: Rung,
    /// The one that has worked before; none where nothing is known.
    first: Option<Rung>,
    /// The rung on which the answer was cut short.
    cut_short: Option<Rung>,
    /// The first rung on which there was a message that could be read.
    spoke: Option<Rung>,
}

impl Climb {
    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// The same of a server that is asked where those before it gave nothing.
    pub(super) fn of_a_later_one(self) -> Self {
        Self { standing: Standing::Later, ..self }
    }

    pub(super) fn next_rung(&mut self) -> Option<Rung> {
        let rung = self.rungs.pop_front()?;
        self.running += 1;
        Some(rung)
    }

    /// Whether it may still give an answer, however slowly: a server that has said that it has none is not
    /// likely to give one in another way.
    pub(super) fn may_be_slow(&self) -> bool {
        self.running > 0 && self.spoke.is_none()
    }

    pub(super) fn has_more(&self) -> bool {
        !self.rungs.is_empty()
    }

    pub(super) fn rungs(&self) -> usize {
        self.rungs.len()
    }

    /// Whether the server has spoken, and has no more to say.
    pub(super) fn is_told_off(&self) -> bool {
        self.spoke.is_some() && self.rungs.is_empty()
    }

    /// Chooses what comes next after a rung that brought nothing usable.
    pub(super) fn brought(&mut self, rung: Rung, brought: &Brought) {
        self.running = self.running.saturating_sub(1);
        match brought {
            Brought::Usable { .. } => {}
            Brought::Word(_) => {
                self.spoke = self.spoke.or(Some(rung));
                // A server that is understood on this rung means what it says. Before that, something in
                // between may have said it.
                if self.first == Some(rung) {
                    self.rungs.clear();
                }
            }
            Brought::CutShort => {
                self.cut_short = Some(rung);
                self.rungs.retain(|rung| *rung == Rung::Tcp);
            }
            Brought::NoEdns(_) => {
                self.spoke = self.spoke.or(Some(rung));
                to_front(&mut self.rungs, Rung::UdpWithoutEdns);
            }
            Brought::Broken(_) | Brought::NoneUsable(_) | Brought::Silent => {
                to_front(&mut self.rungs, Rung::Tcp);
            }
        }
    }
}

fn to_front(rungs: &mut VecDeque<Rung>, first: Rung) {
    rungs.make_contiguous().sort_by_key(|rung| *rung != first);
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::{Name, RecordType};

    const UDP: Rung = Rung::UdpWithEdns;

    fn server() -> SocketAddr {
        ([10, 96, 0, 10], 53).into()
    }

    fn query(number: usize) -> Query {
        Query::query(Name::from_ascii(format!("eureka-{number}.example.")).expect("valid"), RecordType::A)
    }

    /// The rungs of a climb that brings nothing, in their order.
    fn order(ladders: &Ladders, tcp_first: bool, now: Instant) -> Vec<Rung> {
        let mut climb = ladders.climb(server(), &query(0), tcp_first, now);
        std::iter::from_fn(|| climb.next_rung()).collect()
    }

    fn note(ladders: &mut Ladders, end: End, now: Instant) {
        let climb = ladders.climb(server(), &query(0), false, now);
        ladders.note(&climb, &query(0), end, now);
    }

    #[test]
    fn what_worked_comes_first_for_minutes() {
        let (mut ladders, now) = (Ladders::default(), Instant::now());
        let usual = [UDP, Rung::UdpWithoutEdns, Rung::Tcp];
        assert_eq!(order(&ladders, false, now), usual);
        assert_eq!(order(&ladders, true, now), [Rung::Tcp, UDP, Rung::UdpWithoutEdns]);
        note(&mut ladders, End::Worked { rung: Rung::Tcp, length: 100 }, now);
        assert_eq!(order(&ladders, false, now), [Rung::Tcp, UDP, Rung::UdpWithoutEdns]);
        // Its own use makes it no longer.
        note(&mut ladders, End::Worked { rung: Rung::Tcp, length: 100 }, now + REMEMBERED_FOR / 2);
        assert_eq!(order(&ladders, false, now + REMEMBERED_FOR), usual);
        note(&mut ladders, End::Failed, now);
        assert_eq!(order(&ladders, false, now), usual);
    }

    #[test]
    fn one_lost_datagram_changes_nothing() {
        let (mut ladders, now) = (Ladders::default(), Instant::now());
        let first = |ladders: &Ladders| order(ladders, false, now)[0];
        note(&mut ladders, End::Worked { rung: UDP, length: 100 }, now);
        for _ in 0..3 {
            note(&mut ladders, End::Worked { rung: Rung::UdpWithoutEdns, length: 100 }, now);
            assert_eq!(first(&ladders), UDP);
            note(&mut ladders, End::Worked { rung: UDP, length: 100 }, now);
        }
        for _ in 0..2 {
            note(&mut ladders, End::Worked { rung: Rung::UdpWithoutEdns, length: 100 }, now);
        }
        assert_eq!(first(&ladders), Rung::UdpWithoutEdns);
    }

    #[test]
    fn a_server_is_believed_on_the_rung_that_has_worked() {
        let (mut ladders, now) = (Ladders::default(), Instant::now());
        let word = Brought::Word(crate::model::LookupFailure::Refused);
        let asked = |ladders: &Ladders, now| {
            let mut climb = ladders.climb(server(), &query(0), false, now);
            let mut asked = 0;
            while let Some(rung) = climb.next_rung() {
                climb.brought(rung, &word);
                asked += 1;
            }
            (climb, asked)
        };
        for _ in 0..2 {
            let (climb, rungs) = asked(&ladders, now);
            ladders.note(&climb, &query(0), End::Failed, now);
            assert_eq!(rungs, 3, "an error makes no rung known");
        }
        note(&mut ladders, End::Worked { rung: UDP, length: 100 }, now);
        let (climb, rungs) = asked(&ladders, now);
        ladders.note(&climb, &query(0), End::Failed, now);
        assert_eq!(rungs, 1);
        // Not for ever.
        assert_eq!(asked(&ladders, now + REMEMBERED_FOR).1, 3);
    }

    #[test]
    fn memory_has_a_bound() {
        let (mut ladders, now) = (Ladders::default(), Instant::now());
        for number in 0..10 * LARGE_MAX {
            let mut climb = ladders.climb(server(), &query(number), false, now);
            climb.brought(UDP, &Brought::CutShort);
            ladders.note(&climb, &query(number), End::Worked { rung: Rung::Tcp, length: 2000 }, now);
            let first = ladders.climb(server(), &query(number), false, now).next_rung();
            assert_eq!(first, Some(Rung::Tcp));
            assert!(ladders.0[&server()].large.len() <= LARGE_MAX);
        }
        for last in 0..=255 {
            let other = SocketAddr::from(([10, 0, 0, last], 53));
            let climb = ladders.climb(other, &query(0), false, now);
            ladders.note(&climb, &query(0), End::Failed, now);
            assert!(ladders.0.len() <= SERVERS_MAX);
        }
    }

    /// A server whose own bound is below ours cuts short what we had room for.
    #[test]
    fn what_was_cut_short_once_is_not_asked_for_in_vain_at_that_size() {
        let (mut ladders, now) = (Ladders::default(), Instant::now());
        let mut climb = ladders.climb(server(), &query(0), false, now);
        climb.brought(UDP, &Brought::CutShort);
        ladders.note(&climb, &query(0), End::Worked { rung: Rung::Tcp, length: 900 }, now);
        note(&mut ladders, End::Worked { rung: Rung::Tcp, length: 900 }, now);
        assert_eq!(order(&ladders, false, now)[0], Rung::Tcp);
        note(&mut ladders, End::Worked { rung: Rung::Tcp, length: 800 }, now);
        assert_eq!(order(&ladders, false, now)[0], UDP);
    }
}
