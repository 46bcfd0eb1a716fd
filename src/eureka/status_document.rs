//! The server's status document, as XML: the only shape that every release writes whole.
//!
//! Must never take a part of a list for the list: what cannot be read to its end is not a status.

use std::str::FromStr;

use roxmltree::{Document, Node, ParsingOptions};

use crate::http_client::Secrets;
use crate::model::{PeerSet, Port, ServerFault, ServiceUrl};
use crate::reconcile::Replicas;

use super::quote::quoted;
use super::xml_bounds;

/// Elements and texts of a document; a stock server's has a hundred, its metadata perhaps as many more.
const NODES_MAX: u32 = 8192;

/// Peers of one server: as many as a list of ours can have.
const REPLICAS_MAX: usize = 4096;

/// Entries kept that are not service URLs; enough to show what is wrong.
const FOREIGN_MAX: usize = 32;

/// Characters of one text of the document that are kept; a host name has 253 at most.
const TEXT_MAX: usize = 256;

/// What a server says of itself (`com.netflix.eureka.util.StatusInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStatus {
    /// Its peers, and for how long it has been up.
    pub replicas: Replicas,
    /// The peers whose host is that of no registered server (`unavailable-replicas`); names are
    /// compared, nobody is asked.
    pub unavailable: PeerSet,
    /// The first placeholder that stands in a peer's URL as it was written: the server cannot resolve it.
    pub unresolved: Option<String>,
    /// Its own registration.
    pub instance: Instance,
}

/// The server's own registration (`com.netflix.appinfo.InstanceInfo`); empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// `instanceId`; a server whose registration was wiped has none.
    pub id: String,
    /// `hostName`: what the host of a URL must equal for the server to take it for itself.
    pub host_name: String,
    /// `ipAddr`.
    pub ip_address: String,
    /// `app`, in upper case.
    pub app: String,
    /// `status`, such as `UP`.
    pub status: String,
    /// `port`.
    pub port: Option<Port>,
}

impl ServerStatus {
    /// Reads a document as it came; what is not read to its end is [`ServerFault::Unreadable`].
    pub fn parse(body: &[u8]) -> Result<Self, ServerFault> {
        Self::parse_hiding(body, &Secrets::default())
    }

    /// The same; of what is shown of it, `secrets` are hidden.
    pub(super) fn parse_hiding(body: &[u8], secrets: &Secrets) -> Result<Self, ServerFault> {
        parse(body, secrets).map_err(ServerFault::Unreadable)
    }
}

fn parse(body: &[u8], secrets: &Secrets) -> Result<ServerStatus, String> {
    let text = str::from_utf8(body).map_err(|_| "the status is not UTF-8 text".to_owned())?;
    if text.trim().is_empty() {
        return Err("the status is empty".to_owned());
    }
    if text.trim_start().starts_with(['{', '[']) {
        return Err("the status is JSON although XML was asked for".to_owned());
    }
    xml_bounds::check(text)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        format!("the status is not a whole XML document: {}", quoted(&error.to_string(), TEXT_MAX, secrets))
    })?;
    read(document.root_element(), secrets)
}

fn read(root: Node<'_, '_>, secrets: &Secrets) -> Result<ServerStatus, String> {
    let stats = child(root, "applicationStats");
    let Some(registered) = stats.and_then(|stats| child(stats, "registered-replicas")) else {
        let name = quoted(root.tag_name().name(), TEXT_MAX, secrets);
        return Err(format!("a document <{name}> without registered-replicas is not a status"));
    };
    let registered = text_of(registered);
    let (peers, foreign) = peers_in(&registered, secrets)?;
    let unavailable = stats.map(|stats| child_text(stats, "unavailable-replicas")).unwrap_or_default();
    let (unavailable, _names_of_none) = peers_in(unavailable.trim().trim_end_matches(','), secrets)?;
    let uptime = child(root, "generalStats").map(|stats| child_text(stats, "server-uptime"));
    let uptime_min = uptime.as_deref().and_then(uptime_min);
    let instance = child(root, "instanceInfo").map(|node| instance_in(node, secrets)).unwrap_or_default();
    let unresolved = placeholder_in(&registered).map(|name| secrets.hide(name));
    Ok(ServerStatus { replicas: Replicas { peers, foreign, uptime_min }, unavailable, unresolved, instance })
}

/// Splits a list of URLs: `, ` between registered ones, `,` after each unavailable one (`StatusUtil`).
fn peers_in(list: &str, secrets: &Secrets) -> Result<(PeerSet, Vec<String>), String> {
    let mut peers = PeerSet::new();
    let mut foreign = Vec::new();
    if list.trim().is_empty() {
        return Ok((peers, foreign));
    }
    for (index, entry) in list.split(',').enumerate() {
        if index == REPLICAS_MAX {
            return Err(format!("the status lists more than {REPLICAS_MAX} peers"));
        }
        // Of credentials with a slash in them only the beginning looks like credentials.
        match ServiceUrl::from_reported(secrets.taken_out_of(entry).trim()) {
            Ok(url) => drop(peers.insert(url)),
            Err(_) if foreign.len() < FOREIGN_MAX => foreign.push(foreign_entry(entry, secrets)),
            Err(_) => {}
        }
    }
    Ok((peers, foreign))
}

/// The first `${NAME}`. A server that resolves it shows what it stands for, which is nobody's business;
/// a name is told only where it looks like one.
fn placeholder_in(list: &str) -> Option<&str> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    list.match_indices("${").find_map(|(start, _)| {
        let rest = &list[start + 2..];
        // No further than a name reaches: there may be many that begin and none that ends.
        let length = rest.bytes().take(TEXT_MAX + 1).take_while(is_of_name).count();
        let is_whole = (1..=TEXT_MAX).contains(&length) && rest[length..].starts_with('}');
        is_whole.then(|| &rest[..length])
    })
}

/// An entry that is not a service URL.
///
/// Credentials may stand in it without a scheme before them; and a password with a comma in it is cut
/// in two by the server itself, its first half then being where a port should be.
fn foreign_entry(entry: &str, secrets: &Secrets) -> String {
    let entry = entry.trim();
    if entry.is_empty() {
        return "(an empty URL)".to_owned();
    }
    if let Some(at) = entry.rfind('@') {
        return quoted(&format!("***{}", &entry[at..]), TEXT_MAX, secrets);
    }
    let authority = entry.find("://").map_or(0, |scheme| scheme + "://".len());
    match entry[authority..].split_once(':') {
        Some((host, rest)) if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            quoted(&format!("{}{host}:***", &entry[..authority]), TEXT_MAX, secrets)
        }
        Some(_) | None => quoted(entry, TEXT_MAX, secrets),
    }
}

/// `StatusInfo.getUpTime`: `00:05`, `1 day 02:03`, `12 days 02:03`.
fn uptime_min(text: &str) -> Option<u64> {
    let (days, clock) = match text.trim().split_once(" day") {
        Some((days, rest)) => (number(days)?, rest.trim_start_matches('s').trim_start()),
        None => (0, text.trim()),
    };
    let (hours, minutes) = clock.split_once(':')?;
    let hours = days.checked_mul(24)?.checked_add(number(hours)?)?;
    hours.checked_mul(60)?.checked_add(number(minutes)?)
}

/// Digits and nothing else; a server with a locale of its own may write others.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| u64::from_str(text).ok())?
}

fn instance_in(node: Node<'_, '_>, secrets: &Secrets) -> Instance {
    Instance {
        id: child_text(node, "instanceId"),
        host_name: child_text(node, "hostName"),
        ip_address: child_text(node, "ipAddr"),
        app: child_text(node, "app"),
        status: child_text(node, "status"),
        port: child_text(node, "port").parse().ok(),
    }
    .shortened(secrets)
}

impl Instance {
    fn shortened(self, secrets: &Secrets) -> Self {
        let short = |text: String| quoted(&text, TEXT_MAX, secrets);
        Self {
            id: short(self.id),
            host_name: short(self.host_name),
            ip_address: short(self.ip_address),
            app: short(self.app),
            status: short(self.status),
            port: self.port,
        }
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn child_text(node: Node<'_, '_>, name: &str) -> String {
    child(node, name).map(text_of).unwrap_or_default()
}

/// All text directly in an element; a comment may stand between two parts of it.
fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|child| child.text()).collect()
}
