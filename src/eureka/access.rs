//! How one server is reached, as the operator says it.

use std::path::PathBuf;

use crate::http_client::Credentials;
use crate::model::HttpUrl;

/// How the server beside us is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAccess {
    /// The actuator's base; refresh and env lie below it.
    pub actuator_url: Option<HttpUrl>,
    /// The status document; none where nothing is to be confirmed.
    pub status_url: Option<HttpUrl>,
    /// Whether nobody has given the status URL: then it follows the server's own port.
    pub status_url_is_default: bool,
    /// For actuator, status and mesh.
    pub credentials: Option<Credentials>,
    /// Certificates (PEM) that vouch for https servers, read again at each use.
    pub ca_file: Option<PathBuf>,
    /// What stands in the list that the server is given, and must not be shown when it says it again.
    pub user_info_file: Option<PathBuf>,
}
