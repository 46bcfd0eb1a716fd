//! The matrix: one row a server, one cell for each server it might list.

use std::collections::BTreeMap;

use crate::model::{Host, PeerSet, ServiceUrl};

use super::{Absence, MissingEdge, Note, Provenance, Unexpected};

/// What every server says of its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    rows: BTreeMap<ServiceUrl, Row>,
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
}

impl Listed {
    fn is_empty(&self) -> bool {
        self.peers.is_empty() && self.foreign.is_empty()
    }
}

impl From<PeerSet> for Listed {
    fn from(peers: PeerSet) -> Self {
        Self { peers, foreign: Vec::new() }
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
    pub fn new(replies: impl IntoIterator<Item = (ServiceUrl, Row)>, modulo: &PeerSet) -> Self {
        let without = |row| match row {
            Row::Lists(listed) => Row::Lists(Listed { peers: &listed.peers - modulo, ..listed }),
            Row::Silent(why) => Row::Silent(why),
        };
        Self { rows: replies.into_iter().map(|(server, row)| (server, without(row))).collect() }
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
    pub(super) fn cell(from: &ServiceUrl, row: &Row, to: &ServiceUrl) -> Cell {
        let Row::Lists(listed) = row else { return Cell::Unknown };
        match (from == to, listed.peers.contains(to)) {
            (true, true) => Cell::OwnListed,
            (true, false) => Cell::Own,
            (false, true) => Cell::Listed,
            (false, false) => Cell::Missing,
        }
    }

    /// The cells of one row, in the order of [`Self::servers`].
    pub fn cells<'a>(&'a self, from: &'a ServiceUrl, row: &'a Row) -> impl Iterator<Item = Cell> + 'a {
        self.servers().map(move |to| Self::cell(from, row, to))
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
                .filter(move |to| *to != from && Self::cell(from, row, to) != Cell::Listed)
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
        let is_other = |peer: &ServiceUrl| peer != from;
        if listed.foreign.is_empty() && !listed.peers.iter().any(is_other) {
            return Absence::ListsOnlyItself;
        }
        if !listed.foreign.is_empty() || self.strangers(&listed.peers).next().is_some() {
            return Absence::ListsOthersInstead;
        }
        match self.rows.get(to) {
            Some(Row::Silent(_)) => Absence::OtherSilent,
            Some(Row::Lists(back)) if back.peers.contains(from) => Absence::OneDirectional,
            Some(Row::Lists(_)) | None => Absence::Mutual,
        }
    }

    /// Listed peers that are none of the servers asked.
    fn strangers<'a>(&'a self, peers: &'a PeerSet) -> impl Iterator<Item = &'a ServiceUrl> {
        peers.iter().filter(|peer| !self.rows.contains_key(*peer))
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
        let strangers = listed.into_iter().flat_map(|listed| self.strangers(&listed.peers));
        let strangers = strangers.map(move |stranger| Unexpected {
            server,
            entry: stranger.as_str(),
            provenance: self.provenance(stranger),
        });
        foreign.chain(strangers)
    }

    fn provenance(&self, stranger: &ServiceUrl) -> Provenance<'_> {
        let host = stranger.host();
        if let Some(asked) = self.servers().find(|asked| asked.host() == host) {
            return Provenance::SameHost(asked);
        }
        let is_own_machine = match host {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name.as_str() == "localhost",
        };
        if is_own_machine { Provenance::OwnMachine } else { Provenance::Stranger }
    }

    /// What deserves attention although it keeps no data from anyone; sorted by server.
    pub fn notes(&self) -> impl Iterator<Item = Note<'_>> {
        self.rows().flat_map(move |(server, row)| {
            let lists_itself = Self::cell(server, row, server) == Cell::OwnListed;
            let itself = lists_itself.then_some(Note::ListsItself { server });
            itself.into_iter().chain(self.unexpected_in(server, row).map(Note::ListsUnexpected))
        })
    }
}
