//! The way in: sources to settings.

use std::path::PathBuf;

use crate::admin::ListenAddresses;
use crate::model::{ContextPath, Host, Port, Scheme, ServiceUrl};
use crate::reconcile::{Adoption, Own, Policy, Role};

use super::asked::{self, Asked};
use super::checked::Settings;
use super::fault::{Rejected, Warning, Wrong};
use super::given::{Flags, Gathered, SettingsFile};
use super::holds::{self, Holds};
use super::process;
use super::provenance::Provenance;
use super::purpose::Purpose;
use super::reader::{Account, Reader};
use super::surroundings::Surroundings;
use super::table::Key;
use super::words::{PeerHost, RoleWord};
use super::{files, identity, server};

/// Settings in force, and the story of each.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Where each value came from.
    pub provenance: Provenance,
    /// What works, and probably not as it was meant.
    pub warnings: Vec<Warning>,
}

/// Reads settings from flags, environment and file, or says everything that is wrong with them.
///
/// Called at start and again whenever the file changes; nothing outside its arguments is looked at.
pub fn load(
    flags: &Flags,
    file: Option<&SettingsFile>,
    surroundings: &Surroundings,
    purpose: Purpose,
) -> Result<Loaded, Rejected> {
    let gathered = Gathered::from(flags, file, surroundings);
    let mut reader = Reader::new(gathered, surroundings, purpose);
    let settings = read(&mut reader);
    let Account { provenance, warnings } = reader.finish()?;
    let settings = settings.expect("settings lack something only where a fault says so");
    Ok(Loaded { settings, provenance, warnings })
}

/// Where the settings file lies, where there is one; the only setting that is needed before it is read.
pub fn config_path(flags: &Flags, surroundings: &Surroundings) -> Result<Option<PathBuf>, Rejected> {
    let gathered = Gathered::from(flags, None, surroundings);
    let mut reader = Reader::new(gathered.only(&[Key::Config]), surroundings, Purpose::Contact);
    let path = reader.path(Key::Config);
    reader.finish().map(|_account| path)
}

/// The two listeners alone, for who only calls them.
///
/// A fault elsewhere is none of its business: a file that was broken while the program runs must not
/// turn its probe red, for the program itself goes on with the settings before.
pub fn listeners(
    flags: &Flags,
    file: Option<&SettingsFile>,
    surroundings: &Surroundings,
) -> Result<ListenAddresses, Rejected> {
    let gathered = Gathered::from(flags, file, surroundings);
    let of_interest = gathered.only(&[Key::Listen, Key::LocalListen]);
    let mut reader = Reader::new(of_interest, surroundings, Purpose::Contact);
    let listeners = process::listeners(&mut reader);
    reader.finish().map(|_account| listeners)
}

/// None only where a fault is on record.
fn read(reader: &mut Reader<'_>) -> Option<Settings> {
    let role_word = reader.word(Key::Role, RoleWord::Server);
    let asked = asked::read(reader);
    let role = role(reader, role_word, &asked);
    let holds = holds::read(reader, role_word);
    let (server, adoption) = server::read(reader, role_word, &asked);
    let listeners = process::listeners(reader);
    let output = files::read(reader);
    let dns_servers = process::dns_servers(reader);
    let (log_level, log_format) = (process::log_level(reader), process::log_format(reader));
    let _path = reader.path(Key::Config);
    check(reader, &asked, &holds, role.as_ref());
    Some(Settings {
        policy: policy(role?, asked, &holds, adoption, sink(listeners)),
        dns_servers,
        output,
        server,
        listen: listeners.public,
        local_listen: listeners.local,
        log_level,
        log_format,
    })
}

fn role(reader: &mut Reader<'_>, role: RoleWord, asked: &Asked) -> Option<Role> {
    match role {
        RoleWord::Server => match (identity::own(reader, asked), reader.purpose) {
            (Some(own), _) => Some(Role::Server(own)),
            (None, Purpose::Print | Purpose::Contact) => Some(Role::Client),
            (None, Purpose::Run | Purpose::Init | Purpose::Check) => None,
        },
        RoleWord::Client => {
            let _unused = reader.optional(Key::SelfUrl, asked::parsed::<ServiceUrl>);
            Some(Role::Client)
        }
    }
}

fn check(reader: &mut Reader<'_>, asked: &Asked, holds: &Holds, role: Option<&Role>) {
    let statics = asked.static_peers.len();
    if statics > holds.max_peers {
        let wrong = Wrong::new(format!("names {statics} peers, and --max-peers is {}", holds.max_peers));
        reader.conflict(&[Key::StaticPeer, Key::MaxPeers], wrong.hint("raise --max-peers"));
    }
    if let (PeerHost::Ipv6, Some(Role::Server(Own { url, .. }))) = (asked.peer_host, role) {
        let message = format!(
            "a server known by IPv6 address takes itself for a peer unless its environment says \
             EUREKA_SERVER_MYURL={url}, to the letter"
        );
        reader.warn(Key::PeerHost, message);
    }
}

/// Where the sink is, as the server beside us calls it.
fn sink(listeners: ListenAddresses) -> ServiceUrl {
    let port = Port::new(listeners.local.port()).expect("a local listener's port is never 0");
    let path: ContextPath = "/sink/eureka/".parse().expect("the sink's path is a path");
    ServiceUrl::new(Scheme::Http, Host::Address(listeners.local.ip()), port, path)
}

fn policy(role: Role, asked: Asked, holds: &Holds, adoption: Adoption, sink: ServiceUrl) -> Policy {
    Policy {
        role,
        questions: asked.questions,
        static_peers: asked.static_peers,
        scheme: asked.scheme,
        context_path: asked.context_path,
        port: asked.port,
        address_policy: asked.address_policy,
        interval: holds.interval,
        remove_after: holds.remove_after,
        empty_after: holds.empty_after,
        max_shrink: holds.max_shrink,
        shrink_after: holds.shrink_after,
        min_peers: holds.min_peers,
        start_deadline: holds.start_deadline,
        on_deadline: holds.on_deadline,
        max_peers: holds.max_peers,
        freeze: holds.freeze,
        adoption,
        sink,
    }
}

#[cfg(test)]
mod tests;
