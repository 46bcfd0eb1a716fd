//! Settings of who is told, and how that is proved.

use crate::eureka::ServerAccess;
use crate::http_client::Credentials;
use crate::model::{Host, HttpUrl, Port, Scheme, ServiceUrl};
use crate::reconcile::{Adoption, RefreshCall};

use super::fault::{Origin, Problem};
use super::peer_settings::{PeerSettings, parsed};
use super::reader::SettingsReader;
use super::table::Key;
use super::words::{Adopt, RoleWord};

/// Bytes of a user's name.
const USER_MAX: usize = 256;

/// `port` is that of the server beside us.
pub(super) fn read(
    reader: &mut SettingsReader<'_>,
    role: RoleWord,
    peers: &PeerSettings,
    port: Port,
) -> (ServerAccess, Adoption) {
    let adopt = adopt(reader, role);
    let actuator_url: Option<HttpUrl> = reader.optional(Key::ActuatorUrl, parsed);
    if adopt != Adopt::None && actuator_url.is_none() {
        let problem = Problem::new("needs the server's actuator")
            .hint("give --actuator-url, such as http://127.0.0.1:8762/actuator");
        reader.conflict(&[Key::Adopt, Key::ActuatorUrl], problem);
    }
    let status_url = status_url(reader, role, adopt, peers, port);
    let ca_file = reader.path(Key::CaFile);
    let urls = [(Key::ActuatorUrl, &actuator_url), (Key::StatusUrl, &status_url)];
    let secure = urls.iter().find(|(_, url)| url.as_ref().is_some_and(|url| url.scheme() == Scheme::Https));
    if let (Some((key, _)), None) = (secure, &ca_file) {
        let problem = Problem::new("is https, but no certificates vouch for the server");
        reader.conflict(
            &[*key, Key::CaFile],
            problem.hint("give --ca-file, and a URL with the name in the certificate"),
        );
    }
    let adoption = adoption(adopt, status_url.is_some());
    let credentials = credentials(reader);
    // The output's settings say which, once they are read.
    let user_info_file = None;
    let status_url_is_default = !reader.is_given(Key::StatusUrl);
    let access = ServerAccess {
        actuator_url,
        status_url,
        status_url_is_default,
        credentials,
        ca_file,
        user_info_file,
    };
    (access, adoption)
}

fn adopt(reader: &mut SettingsReader<'_>, role: RoleWord) -> Adopt {
    let adopt = reader.word(Key::Adopt);
    if (adopt, role) == (Adopt::Env, RoleWord::Client) {
        let problem =
            Problem::new("`env` sets a server's own property").hint("write `refresh` or `none` for a client");
        reader.conflict(&[Key::Adopt, Key::Role], problem);
    }
    adopt
}

/// A client has no Eureka status; a server that is told has one to prove it.
fn status_url(
    reader: &mut SettingsReader<'_>,
    role: RoleWord,
    adopt: Adopt,
    peers: &PeerSettings,
    port: Port,
) -> Option<HttpUrl> {
    if reader.is_given(Key::StatusUrl) {
        if role == RoleWord::Client {
            let problem = Problem::new("is a Eureka server's, and a client has none")
                .hint("leave it out with --role client");
            reader.conflict(&[Key::StatusUrl, Key::Role], problem);
        }
        return reader.optional(Key::StatusUrl, parsed);
    }
    if adopt == Adopt::None || role == RoleWord::Client {
        return reader.optional(Key::StatusUrl, parsed);
    }
    let here = Host::Address(std::net::Ipv4Addr::LOCALHOST.into());
    let base = ServiceUrl::new(peers.scheme, here, port, peers.context_path.clone());
    match format!("{base}status").parse::<HttpUrl>() {
        Ok(url) => {
            reader.record(Key::StatusUrl, &url, Origin::Default);
            Some(url)
        }
        Err(error) => {
            let problem =
                Problem::new(format!("cannot be made from the other settings: {error}")).hint("give it");
            reader.conflict(&[Key::StatusUrl, Key::ContextPath], problem);
            None
        }
    }
}

fn adoption(adopt: Adopt, has_status: bool) -> Adoption {
    match (adopt, has_status) {
        (Adopt::None, false) => Adoption::None,
        (Adopt::None, true) => Adoption::ConfirmOnly,
        (Adopt::Refresh, confirm) => Adoption::Refresh { call: RefreshCall::Refresh, confirm },
        (Adopt::Env, confirm) => Adoption::Refresh { call: RefreshCall::Env, confirm },
    }
}

fn credentials(reader: &mut SettingsReader<'_>) -> Option<Credentials> {
    let user = reader.optional(Key::ServerUser, user);
    let password_file = reader.secret_path(Key::ServerPasswordFile);
    match (user, password_file) {
        (Some(user), Some(password_file)) => Some(Credentials::new(user, password_file)),
        (None, None) => None,
        (Some(_), None) => {
            let problem = Problem::new("comes without a password").hint("give --server-password-file");
            reader.conflict(&[Key::ServerUser, Key::ServerPasswordFile], problem);
            None
        }
        (None, Some(_)) => {
            let problem = Problem::new("comes without a user").hint("give --server-user");
            reader.conflict(&[Key::ServerPasswordFile, Key::ServerUser], problem);
            None
        }
    }
}

/// A user as Basic authentication takes it (RFC 7617, section 2). What comes after a colon is
/// probably a password, so a refused text is not quoted.
fn user(text: &str) -> Result<String, Problem> {
    if text.contains(':') {
        return Err(Problem::new("contains a colon: expected a user without one"));
    }
    if text.len() > USER_MAX {
        return Err(Problem::new(format!("has {} bytes: expected {USER_MAX} at most", text.len())));
    }
    Ok(text.to_owned())
}
