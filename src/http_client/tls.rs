//! TLS towards a server that the operator's certificates vouch for.
//!
//! Must never fall back to certificates of the image, nor to none.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::model::Host;

use super::file::SmallFile;
use super::{FileError, HttpError};

/// Bytes of a CA file: several hundred certificates.
pub(super) const CA_FILE_MAX: usize = 1 << 20;

/// What a handshake needs, ready before a connection is opened.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Reads the CA file as it is now.
    pub(super) async fn read(ca_file: Option<&SmallFile>, host: &Host) -> Result<Self, HttpError> {
        let ca_file = ca_file.ok_or(HttpError::NoCaFile)?;
        let bytes = ca_file.read().await.map_err(HttpError::CaFile)?;
        let roots = roots_in(&bytes, ca_file.path()).map_err(HttpError::CaFile)?;
        // The provider is named here: rustls panics where it must guess between two.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(HttpError::TlsSetUp)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: Arc::new(config).into(), name: certificate_name(host)? })
    }

    /// Shakes hands over a connection that stands.
    pub(super) async fn handshake(self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name, stream).await
    }
}

fn roots_in(pem: &[u8], path: &Path) -> Result<RootCertStore, FileError> {
    let problem = |problem| FileError::Content { path: path.to_owned(), problem };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| problem("is not valid PEM"))?;
        roots.add(certificate).map_err(|_| problem("holds a certificate that cannot vouch for a server"))?;
    }
    if roots.is_empty() {
        return Err(problem("holds no certificate (BEGIN CERTIFICATE)"));
    }
    Ok(roots)
}

fn certificate_name(host: &Host) -> Result<ServerName<'static>, HttpError> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Name(name) => ServerName::try_from(name.to_string())
            .map_err(|_| HttpError::CertificateName { host: name.to_string() }),
    }
}
