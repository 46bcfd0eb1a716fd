//! The matrix: one row a server, one cell for each server it might list.

use std::collections::BTreeMap;

use crate::model::{PeerSet, ServiceUrl};

use super::{Absence, MissingEdge, Note};

/// What every server says of its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    rows: BTreeMap<ServiceUrl, Row>,
}

/// What one server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The peers it lists.
    Lists(PeerSet),
    /// It could not be asked; says why.
    Silent(String),
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
    /// URLs in `modulo` are no peers and are left out of every list: the sinks that flush old peers.
    pub fn new(replies: impl IntoIterator<Item = (ServiceUrl, Row)>, modulo: &PeerSet) -> Self {
        let without = |row| match row {
            Row::Lists(peers) => Row::Lists(&peers - modulo),
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
        let Row::Lists(peers) = row else { return Cell::Unknown };
        match (from == to, peers.contains(to)) {
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
        self.missing_edges().next().is_none()
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
        let peers = match row {
            Row::Silent(why) => return Absence::NotAsked(why),
            Row::Lists(peers) => peers,
        };
        if peers.is_empty() {
            return Absence::ListsNobody;
        }
        if peers.iter().all(|peer| peer == from) {
            return Absence::ListsOnlyItself;
        }
        if self.strangers(peers).next().is_some() {
            return Absence::ListsOthersInstead;
        }
        match self.rows.get(to) {
            Some(Row::Silent(_)) => Absence::OtherSilent,
            Some(Row::Lists(back)) if back.contains(from) => Absence::OneDirectional,
            Some(Row::Lists(_)) | None => Absence::Mutual,
        }
    }

    /// Listed peers that are none of the servers asked.
    pub(super) fn strangers<'a>(&'a self, peers: &'a PeerSet) -> impl Iterator<Item = &'a ServiceUrl> {
        peers.iter().filter(|peer| !self.rows.contains_key(*peer))
    }

    /// What deserves attention although it keeps no data from anyone; sorted by server.
    pub fn notes(&self) -> impl Iterator<Item = Note<'_>> {
        self.rows().flat_map(move |(server, row)| {
            let peers = match row {
                Row::Lists(peers) => Some(peers),
                Row::Silent(_) => None,
            };
            let itself = peers.filter(|peers| peers.contains(server)).map(|_| Note::ListsItself { server });
            let strangers = peers.into_iter().flat_map(|peers| self.strangers(peers));
            itself.into_iter().chain(strangers.map(move |stranger| Note::ListsStranger { server, stranger }))
        })
    }
}
