//! The mesh as a document for programs.

use serde::Serialize;

use crate::model::ServiceUrl;

use super::{Mesh, Row};

/// Serialises to one object; names are never taken away within a version.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// The shape of this document.
    pub version: u32,
    /// Whether every server lists every other one.
    pub complete: bool,
    /// One entry a server, sorted.
    pub servers: Vec<ServerEntry<'a>>,
    /// Pairs where one is not known to list the other.
    pub missing: Vec<MissingEntry<'a>>,
    /// What is listed and is none of the servers asked.
    pub unexpected: Vec<UnexpectedEntry<'a>>,
    /// What else deserves attention, all of the above included, in words.
    pub notes: Vec<String>,
}

/// What one server says.
#[derive(Debug, Serialize)]
pub struct ServerEntry<'a> {
    /// Its service URL.
    pub url: &'a str,
    /// The peers it lists, sorted; absent where it could not be asked. What is not a service URL is in
    /// [`Report::unexpected`] alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lists: Option<Vec<&'a str>>,
    /// Why it could not be asked; absent where it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'a str>,
    /// Whether its own registry has it; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
}

/// One pair where `from` is not known to list `to`.
#[derive(Debug, Serialize)]
pub struct MissingEntry<'a> {
    /// Whose list it is.
    pub from: &'a str,
    /// Who should be in it.
    pub to: &'a str,
    /// The likely reason: one of a closed set.
    pub reason: &'static str,
    /// The likely reason in words.
    pub message: String,
}

/// One entry of a list that is none of the servers asked.
#[derive(Debug, Serialize)]
pub struct UnexpectedEntry<'a> {
    /// Whose list it is.
    pub server: &'a str,
    /// The entry, as the server gives it.
    pub entry: &'a str,
    /// Where it probably comes from: one of a closed set.
    pub reason: &'static str,
    /// The same in words.
    pub message: String,
}

impl Mesh {
    /// The same as [`Self::render_table`], for programs.
    pub fn report(&self) -> Report<'_> {
        let entry = |(url, row)| server_entry(url, row);
        Report {
            version: 1,
            complete: self.is_complete(),
            servers: self.rows().map(entry).collect(),
            missing: self.missing_edges().map(|edge| missing_entry(&edge)).collect(),
            unexpected: self.unexpected().map(|unexpected| unexpected_entry(&unexpected)).collect(),
            notes: self.notes().map(|note| note.to_string()).collect(),
        }
    }
}

fn server_entry<'a>(url: &'a ServiceUrl, row: &'a Row) -> ServerEntry<'a> {
    let (lists, fault, registered) = match row {
        Row::Lists(listed) => {
            (Some(listed.peers.iter().map(ServiceUrl::as_str).collect()), None, listed.registered)
        }
        Row::Silent(why) => (None, Some(why.as_str()), None),
    };
    ServerEntry { url: url.as_str(), lists, fault, registered }
}

fn missing_entry<'a>(edge: &super::MissingEdge<'a>) -> MissingEntry<'a> {
    MissingEntry {
        from: edge.from.as_str(),
        to: edge.to.as_str(),
        reason: edge.absence.label(),
        message: edge.absence.to_string(),
    }
}

fn unexpected_entry<'a>(unexpected: &super::Unexpected<'a>) -> UnexpectedEntry<'a> {
    UnexpectedEntry {
        server: unexpected.server.as_str(),
        entry: unexpected.entry,
        reason: unexpected.provenance.label(),
        message: unexpected.to_string(),
    }
}
