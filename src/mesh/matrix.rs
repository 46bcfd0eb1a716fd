//! The matrix: one row a server, one cell for each server it might list.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{DnsName, Host, PeerSet, ServiceUrl};

use super::meaning::{Meaning, doubles, meanings};
use super::names::{Names, Told, is_loopback};
use super::{Absence, MissingEdge, Note, Provenance, Unexpected};

/// What every server says of its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    rows: BTreeMap<ServiceUrl, Row>,
    /// What the list of each server stands for.
    meanings: BTreeMap<ServiceUrl, Meaning>,
    /// URLs that were asked and lead to a server which has its row by another one.
    doubles: BTreeMap<ServiceUrl, ServiceUrl>,
}

/// What one server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// What it lists.
    Lists(Listed),
    /// It could not be asked; says why.
    Silent(String),
}

/// The list of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    pub peers: PeerSet,
    /// Entries that are not service URLs, fit to be shown.
    pub foreign: Vec<String>,
    /// What the server says of itself.
    pub told: Told,
    /// Whether its own registry has the server itself; none where that is not known.
    pub registered: Option<bool>,
}

impl Listed {
    fn is_empty(&self) -> bool {
        self.peers.is_empty() && self.foreign.is_empty()
    }
}

impl From<PeerSet> for Listed {
    fn from(peers: PeerSet) -> Self {
        Self { peers, ..Self::default() }
    }
}

/// Whether one server lists another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Row and column are one server, which rightly leaves itself out.
    Own,
    /// Row and column are one server, and it takes itself for a peer.
    OwnListed,
    /// Listed.
    Listed,
    /// Not listed.
    Missing,
    /// The row's server could not be asked.
    Unknown,
}

impl Mesh {
    /// Lays replies side by side; of two for one server the later counts.
    ///
    /// URLs in `modulo` are not peers and are left out of every list: the sinks that flush old peers.
    pub fn new(
        replies: impl IntoIterator<Item = (ServiceUrl, Row)>,
        modulo: &PeerSet,
        names: &Names,
    ) -> Self {
        let without = |row| match row {
            Row::Lists(listed) => Row::Lists(Listed { peers: &listed.peers - modulo, ..listed }),
            Row::Silent(why) => Row::Silent(why),
        };
        let mut rows: BTreeMap<_, _> =
            replies.into_iter().map(|(server, row)| (server, without(row))).collect();
        let doubles = doubles(&rows, names);
        let meanings = meanings(&rows, &doubles, names);
        rows.retain(|server, _| !doubles.contains_key(server));
        Self { rows, meanings, doubles }
    }

    /// The servers, sorted.
    pub fn servers(&self) -> impl ExactSizeIterator<Item = &ServiceUrl> {
        self.rows.keys()
    }

    /// Each server and what it says, sorted by server.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&ServiceUrl, &Row)> {
        self.rows.iter()
    }

    /// Whether `from`, which says `row`, lists `to`.
    pub(super) fn cell(&self, from: &ServiceUrl, row: &Row, to: &ServiceUrl) -> Cell {
        let Row::Lists(_) = row else { return Cell::Unknown };
        match (from == to, self.lists(from, to)) {
            (true, true) => Cell::OwnListed,
            (true, false) => Cell::Own,
            (false, true) => Cell::Listed,
            (false, false) => Cell::Missing,
        }
    }

    /// Whether `from` lists `to`, by whatever name.
    pub(super) fn lists(&self, from: &ServiceUrl, to: &ServiceUrl) -> bool {
        self.meanings.get(from).is_some_and(|meaning| meaning.servers.contains(to))
    }

    /// The cells of one row, in the order of [`Self::servers`].
    pub fn cells<'a>(&'a self, from: &'a ServiceUrl, row: &'a Row) -> impl Iterator<Item = Cell> + 'a {
        self.servers().map(move |to| self.cell(from, row, to))
    }

    /// Whether every server was asked and lists every other one.
    ///
    /// Peers that are none of these servers, and a server that lists itself, are notes: data reaches
    /// everyone all the same.
    pub fn is_complete(&self) -> bool {
        self.silence().is_none() && self.missing_edges().next().is_none()
    }

    /// Why the first server that could not be asked could not.
    pub(super) fn silence(&self) -> Option<&str> {
        self.rows().find_map(|(_, row)| match row {
            Row::Silent(why) => Some(why.as_str()),
            Row::Lists(_) => None,
        })
    }

    /// Every pair where the first is not known to list the second, with the likely reason; sorted.
    pub fn missing_edges(&self) -> impl Iterator<Item = MissingEdge<'_>> {
        self.rows().flat_map(move |(from, row)| {
            self.servers()
                .filter(move |to| *to != from && self.cell(from, row, to) != Cell::Listed)
                .map(move |to| MissingEdge { from, to, absence: self.absence(row, from, to) })
        })
    }

    fn absence<'a>(&'a self, row: &'a Row, from: &ServiceUrl, to: &ServiceUrl) -> Absence<'a> {
        let listed = match row {
            Row::Silent(why) => return Absence::NotAsked(why),
            Row::Lists(listed) => listed,
        };
        if listed.is_empty() {
            return Absence::ListsNone;
        }
        let meaning = self.meanings.get(from);
        let has_strangers = meaning.is_some_and(|meaning| !meaning.strangers.is_empty());
        if !listed.foreign.is_empty() || has_strangers {
            return Absence::ListsOthersInstead;
        }
        if meaning.is_some_and(|meaning| meaning.servers.iter().all(|peer| peer == from)) {
            return Absence::ListsOnlyItself;
        }
        match self.rows.get(to) {
            Some(Row::Silent(_)) => Absence::OtherSilent,
            Some(Row::Lists(_)) if self.lists(to, from) => Absence::OneDirectional,
            Some(Row::Lists(_)) | None => Absence::Mutual,
        }
    }

    /// What each list has that is none of the servers asked, with the servers on whose host it is.
    fn strangers_of(&self, server: &ServiceUrl) -> impl Iterator<Item = (&ServiceUrl, &PeerSet)> {
        self.meanings.get(server).into_iter().flat_map(|meaning| &meaning.strangers)
    }

    /// The names in lists of which it is not known whom they stand for: DNS may say.
    pub fn unknown_names(&self) -> BTreeSet<&DnsName> {
        let hosts =
            self.servers().flat_map(|server| self.strangers_of(server)).map(|(entry, _)| entry.host());
        let names = hosts.filter(|host| !is_loopback(host)).filter_map(|host| match host {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        });
        names.collect()
    }

    /// What every server lists that is none of the servers asked; sorted by server.
    pub fn unexpected(&self) -> impl Iterator<Item = Unexpected<'_>> {
        self.rows().flat_map(|(server, row)| self.unexpected_in(server, row))
    }

    fn unexpected_in<'a>(
        &'a self,
        server: &'a ServiceUrl,
        row: &'a Row,
    ) -> impl Iterator<Item = Unexpected<'a>> {
        let listed = match row {
            Row::Lists(listed) => Some(listed),
            Row::Silent(_) => None,
        };
        let foreign = listed.into_iter().flat_map(|listed| &listed.foreign).map(move |entry| Unexpected {
            server,
            entry,
            provenance: Provenance::NoUrl,
        });
        let strangers = self.strangers_of(server).map(move |(stranger, near)| Unexpected {
            server,
            entry: stranger.as_str(),
            provenance: provenance(stranger, near),
        });
        foreign.chain(strangers)
    }

    /// What deserves attention although it keeps no data from anyone; sorted by server.
    pub fn notes(&self) -> impl Iterator<Item = Note<'_>> {
        let doubles = self.doubles.iter().map(|(double, server)| Note::OneServer { double, server });
        doubles
            .chain(self.other_names())
            .chain(self.rows().flat_map(|(server, row)| self.notes_on(server, row)))
    }

    fn notes_on<'a>(&'a self, server: &'a ServiceUrl, row: &'a Row) -> impl Iterator<Item = Note<'a>> {
        let lists_itself = self.cell(server, row, server) == Cell::OwnListed;
        let is_absent = matches!(row, Row::Lists(Listed { registered: Some(false), .. }));
        let itself = lists_itself.then_some(Note::ListsItself { server });
        let absent = is_absent.then_some(Note::NotRegistered { server });
        let unexpected = self.unexpected_in(server, row).map(Note::ListsUnexpected);
        itself.into_iter().chain(absent).chain(unexpected)
    }

    /// One note for all: where names differ, they do so by one rule.
    fn other_names(&self) -> Option<Note<'_>> {
        let mut others = self.meanings.values().flat_map(|meaning| &meaning.by_other_names);
        let (entry, server) = others.next()?;
        Some(Note::OtherNames { entries: others.count() + 1, entry, server })
    }
}

fn provenance<'a>(stranger: &ServiceUrl, near: &'a PeerSet) -> Provenance<'a> {
    match (near.first(), near.len()) {
        _ if is_loopback(stranger.host()) => Provenance::OwnMachine,
        (Some(asked), 1) => Provenance::SameHost(asked),
        (Some(_), servers) => Provenance::OfSeveral { servers },
        (None, _) => Provenance::Stranger,
    }
}
