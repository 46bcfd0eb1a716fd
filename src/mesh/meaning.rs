//! What a list means among the servers that were asked.

use std::collections::BTreeMap;

use crate::model::{PeerSet, ServiceUrl};

use super::names::{Index, Names};
use super::{Listed, Row};

/// What the entries of one list stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The servers asked that it lists, by whatever name.
    pub(super) servers: PeerSet,
    /// Entries that name one of them by another URL than it was asked by.
    pub(super) by_other_names: BTreeMap<ServiceUrl, ServiceUrl>,
    /// Entries that name none of them, with those on whose host each is.
    pub(super) strangers: BTreeMap<ServiceUrl, PeerSet>,
}

/// URLs that lead to a server which another one leads to as well, each with that one.
pub(super) fn doubles(rows: &BTreeMap<ServiceUrl, Row>, names: &Names) -> BTreeMap<ServiceUrl, ServiceUrl> {
    let mut first: Vec<(&ServiceUrl, &Row)> = vec![];
    let mut doubles = BTreeMap::new();
    for server in rows {
        match first.iter().find(|before| names.are_one(**before, server)) {
            Some((before, _)) => drop(doubles.insert(server.0.clone(), (*before).clone())),
            None => first.push(server),
        }
    }
    doubles
}

/// What each list means; `doubles` are those of the rows that lead to a server which has another one.
pub(super) fn meanings(
    rows: &BTreeMap<ServiceUrl, Row>,
    doubles: &BTreeMap<ServiceUrl, ServiceUrl>,
    names: &Names,
) -> BTreeMap<ServiceUrl, Meaning> {
    let index = Index::of(rows, doubles, names);
    let mut meanings = BTreeMap::new();
    for (from, row) in rows.iter().filter(|(from, _)| !doubles.contains_key(*from)) {
        let Row::Lists(Listed { peers, .. }) = row else { continue };
        let mut meaning = Meaning::default();
        for entry in peers {
            let asked = || rows.get_key_value(entry).map(|(server, _)| server);
            let as_asked = doubles.get(entry).or_else(asked);
            let Some(server) = as_asked.or_else(|| index.stands_for(entry, from, row)) else {
                let near = index.on_host_of(entry, from, row).into_iter().cloned().collect();
                meaning.strangers.insert(entry.clone(), near);
                continue;
            };
            meaning.note_server(entry, server);
        }
        meanings.insert(from.clone(), meaning);
    }
    meanings
}

impl Meaning {
    fn note_server(&mut self, entry: &ServiceUrl, server: &ServiceUrl) {
        self.servers.insert(server.clone());
        if entry != server {
            self.by_other_names.insert(entry.clone(), server.clone());
        }
    }
}
