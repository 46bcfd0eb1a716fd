//! The way in: sources to settings.

use std::path::PathBuf;

use crate::admin::ListenAddresses;
use crate::document::UserInfoSource;
use crate::model::{ContextPath, Host, Port, Scheme, ServiceUrl};
use crate::reconcile::{Own, Role};

use super::checked::Settings;
use super::environment::Environment;
use super::fault::{Rejected, Warning};
use super::peer_settings::{self, PeerSettings};
use super::policy;
use super::process;
use super::provenance::Provenance;
use super::purpose::Purpose;
use super::raw_settings::RawSettings;
use super::reader::SettingsReader;
use super::sources::{Flags, SettingsFile};
use super::table::Key;
use super::until_restart::UntilRestart;
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
    environment: &Environment,
    purpose: Purpose,
) -> Result<Loaded, Rejected> {
    let raw = RawSettings::from(flags, file, environment);
    let mut reader = SettingsReader::new(raw, environment, purpose);
    let settings = read(&mut reader);
    let (provenance, warnings) = reader.finish()?;
    let settings = settings.expect("settings lack something only where a fault says so");
    Ok(Loaded { settings, provenance, warnings })
}

/// Where the settings file lies, where there is one; the only setting that is needed before it is read.
pub fn config_path(flags: &Flags, environment: &Environment) -> Result<Option<PathBuf>, Rejected> {
    let raw = RawSettings::from(flags, None, environment);
    let mut reader = SettingsReader::new(raw.only(&[Key::Config]), environment, Purpose::Contact);
    let path = reader.path(Key::Config);
    reader.finish().map(|_rest| path)
}

/// The two listeners alone, for a caller that only connects to them.
///
/// A fault elsewhere does not matter to it: a file that was broken while the program runs must not turn its
/// probe red, because the program itself goes on with the settings before.
pub fn listeners(
    flags: &Flags,
    file: Option<&SettingsFile>,
    environment: &Environment,
) -> Result<ListenAddresses, Rejected> {
    let raw = RawSettings::from(flags, file, environment);
    let of_interest = raw.only(&[Key::Listen, Key::LocalListen]);
    let mut reader = SettingsReader::new(of_interest, environment, Purpose::Contact);
    let listeners = process::listeners(&mut reader);
    reader.finish().map(|_rest| listeners)
}

/// None only where a fault is on record.
fn read(reader: &mut SettingsReader<'_>) -> Option<Settings> {
    let role_word = reader.word(Key::Role);
    let peers = peer_settings::read(reader);
    let role = role(reader, role_word, &peers);
    let port = match &role {
        Some(Role::Server(own)) if own.url_is_given => own.url.port(),
        Some(Role::Server(_) | Role::Client) | None => peers.port_or_default(),
    };
    let (mut server, adoption) = server::read(reader, role_word, &peers, port);
    let listeners = process::listeners(reader);
    let output = files::read(reader);
    if let UserInfoSource::File(file) = &output.user_info {
        server.user_info_file = Some(file.clone());
    }
    let dns_servers = process::dns_servers(reader);
    let (log_level, log_format) = (reader.word(Key::LogLevel), reader.word(Key::LogFormat));
    let _path = reader.path(Key::Config);
    // Another role stands in for an unknown one while the rest is read.
    let policy = policy::read(reader, role.clone().unwrap_or(Role::Client), peers, adoption, sink(listeners));
    role?;
    Some(Settings {
        policy,
        dns_servers,
        output,
        server,
        listen: listeners.public,
        local_listen: listeners.local,
        log_level,
        log_format,
        until_restart: UntilRestart::of(reader.provenance()),
    })
}

fn role(reader: &mut SettingsReader<'_>, role: RoleWord, peers: &PeerSettings) -> Option<Role> {
    match role {
        RoleWord::Server => match (identity::own(reader, peers), reader.purpose) {
            (Some(own), _) => {
                warn_of_address(reader, peers.peer_host, &own);
                Some(Role::Server(own))
            }
            (None, Purpose::Print | Purpose::Contact) => Some(Role::Client),
            (None, Purpose::Run | Purpose::Init | Purpose::Check) => None,
        },
        RoleWord::Client => {
            let _unused = reader.optional(Key::SelfUrl, peer_settings::parsed::<ServiceUrl>);
            Some(Role::Client)
        }
    }
}

fn warn_of_address(reader: &mut SettingsReader<'_>, peer_host: PeerHost, own: &Own) {
    if peer_host == PeerHost::Ipv6 {
        let message = format!(
            "a server known by IPv6 address takes itself for a peer unless its environment says \
             EUREKA_SERVER_MYURL={}, to the letter",
            own.url
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

#[cfg(test)]
mod tests;
