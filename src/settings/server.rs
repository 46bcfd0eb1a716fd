//! Settings of who is told, and how that is proved.

use crate::eureka::ServerAccess;
use crate::http_client::Credentials;
use crate::model::{Host, HttpUrl, Scheme, ServiceUrl};
use crate::reconcile::{Adoption, RefreshCall};

use super::asked::{Asked, parsed};
use super::fault::{Origin, Wrong};
use super::reader::Reader;
use super::table::Key;
use super::words::{Adopt, RoleWord};

/// Bytes of a user's name.
const USER_MAX: usize = 256;

pub(super) fn read(reader: &mut Reader<'_>, role: RoleWord, asked: &Asked) -> (ServerAccess, Adoption) {
    let adopt = adopt(reader, role);
    let actuator_url: Option<HttpUrl> = reader.optional(Key::ActuatorUrl, parsed);
    if adopt != Adopt::None && actuator_url.is_none() {
        let wrong = Wrong::new("needs the server's actuator")
            .hint("give --actuator-url, such as http://127.0.0.1:8762/actuator");
        reader.conflict(&[Key::Adopt, Key::ActuatorUrl], wrong);
    }
    let status_url = status_url(reader, role, adopt, asked);
    let ca_file = reader.path(Key::CaFile);
    let urls = [(Key::ActuatorUrl, &actuator_url), (Key::StatusUrl, &status_url)];
    let secure = urls.iter().find(|(_, url)| url.as_ref().is_some_and(|url| url.scheme() == Scheme::Https));
    if let (Some((key, _)), None) = (secure, &ca_file) {
        let wrong = Wrong::new("is https, and nobody vouches for the server");
        reader.conflict(
            &[*key, Key::CaFile],
            wrong.hint("give --ca-file, and a URL with the name in the certificate"),
        );
    }
    let adoption = adoption(adopt, status_url.is_some());
    (ServerAccess { credentials: credentials(reader), actuator_url, status_url, ca_file }, adoption)
}

fn adopt(reader: &mut Reader<'_>, role: RoleWord) -> Adopt {
    let adopt = reader.word(Key::Adopt);
    if (adopt, role) == (Adopt::Env, RoleWord::Client) {
        let wrong =
            Wrong::new("`env` sets a server's own property").hint("write `refresh` or `none` for a client");
        reader.conflict(&[Key::Adopt, Key::Role], wrong);
    }
    adopt
}

/// A client has no Eureka status; a server that is told has one to prove it.
fn status_url(reader: &mut Reader<'_>, role: RoleWord, adopt: Adopt, asked: &Asked) -> Option<HttpUrl> {
    if reader.is_given(Key::StatusUrl) {
        if role == RoleWord::Client {
            let wrong = Wrong::new("is a Eureka server's, and a client has none")
                .hint("leave it out with --role client");
            reader.conflict(&[Key::StatusUrl, Key::Role], wrong);
        }
        return reader.optional(Key::StatusUrl, parsed);
    }
    if adopt == Adopt::None || role == RoleWord::Client {
        return reader.optional(Key::StatusUrl, parsed);
    }
    let here = Host::Address(std::net::Ipv4Addr::LOCALHOST.into());
    let base = ServiceUrl::new(asked.scheme, here, asked.port_or_default(), asked.context_path.clone());
    match format!("{base}status").parse::<HttpUrl>() {
        Ok(url) => {
            reader.account_for(Key::StatusUrl, &url, Origin::Default);
            Some(url)
        }
        Err(error) => {
            let wrong = Wrong::new(format!("cannot be made of the other settings: {error}")).hint("give it");
            reader.conflict(&[Key::StatusUrl, Key::ContextPath], wrong);
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

fn credentials(reader: &mut Reader<'_>) -> Option<Credentials> {
    let user = reader.optional(Key::ServerUser, user);
    let password_file = reader.path(Key::ServerPasswordFile);
    match (user, password_file) {
        (Some(user), Some(password_file)) => Some(Credentials::new(user, password_file)),
        (None, None) => None,
        (Some(_), None) => {
            let wrong = Wrong::new("comes without a password").hint("give --server-password-file");
            reader.conflict(&[Key::ServerUser, Key::ServerPasswordFile], wrong);
            None
        }
        (None, Some(_)) => {
            let wrong = Wrong::new("comes without a user").hint("give --server-user");
            reader.conflict(&[Key::ServerPasswordFile, Key::ServerUser], wrong);
            None
        }
    }
}

/// A user as Basic authentication takes it (RFC 7617, section 2). What stands behind a colon is
/// probably a password, so a refused text is not quoted.
fn user(text: &str) -> Result<String, Wrong> {
    if text.contains(':') {
        return Err(Wrong::new("holds a colon, which no user does"));
    }
    if text.len() > USER_MAX {
        return Err(Wrong::new(format!("has {} bytes; the bound is {USER_MAX}", text.len())));
    }
    Ok(text.to_owned())
}
