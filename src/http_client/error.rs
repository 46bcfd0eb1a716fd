//! Why a request brought no reply: each error names the step that failed, and where.
//!
//! Must never hold a password, a request's body, or bytes of a reply.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A request that ended without a whole reply.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The password is not to be had.
    #[error("the password file cannot be used")]
    PasswordFile(#[source] FileError),
    /// The certificates that vouch for a server are not to be had.
    #[error("the CA file cannot be used")]
    CaFile(#[source] FileError),
    /// An https URL, and nothing that vouches for its server.
    #[error("an https server needs certificates that vouch for it; give --ca-file")]
    NoCaFile,
    /// TLS cannot be set up, before any byte is sent.
    #[error("TLS cannot be set up")]
    TlsSetUp(#[source] rustls::Error),
    /// The host of the URL can stand in no certificate.
    #[error("{host} is not a name that a certificate can hold")]
    CertificateName {
        /// The URL's host.
        host: String,
    },
    /// The URL names its host, and the caller gave no address for it.
    #[error("{host} is a name, and its address is not known; write the address into the URL")]
    Unresolved {
        /// The URL's host.
        host: String,
    },
    /// The URL or a header cannot be written as HTTP.
    #[error("the request cannot be written")]
    Request(#[source] hyper::http::Error),
    /// The connection was refused, or there is no way to the address.
    #[error("no connection to {address}")]
    Connect {
        address: SocketAddr,
        /// What the network said.
        source: io::Error,
    },
    /// Neither connected nor refused.
    #[error("no connection to {address} within {waited:?}")]
    ConnectTimedOut {
        address: SocketAddr,
        /// For how long it was tried.
        waited: Duration,
    },
    /// The TLS handshake failed: most often a certificate that --ca-file does not vouch for.
    #[error("TLS with {address} failed")]
    Tls {
        address: SocketAddr,
        /// What is wrong.
        source: io::Error,
    },
    /// Time ran out after the connection stood.
    #[error("no whole {0} in time")]
    TimedOut(RequestStep),
    /// The connection broke.
    #[error("the connection closed before the {step} was whole")]
    Closed {
        /// What was under way.
        step: RequestStep,
        /// What the HTTP layer says.
        source: hyper::Error,
    },
    /// The bytes are not HTTP/1.1, or the head breaks its bounds.
    #[error("the {step} is not valid HTTP/1.1")]
    Malformed {
        /// What was under way.
        step: RequestStep,
        /// What the HTTP layer says.
        source: hyper::Error,
    },
    /// More body than is read.
    #[error("the body is larger than {max} bytes")]
    BodyTooLarge { max: usize },
}

/// The part of an exchange that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStep {
    /// Secrets and certificates are read from files.
    Files,
    /// The TLS handshake.
    Handshake,
    /// From the request to the end of the reply's headers.
    Reply,
    /// The reply's body.
    Body,
}

impl fmt::Display for RequestStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "password or CA file",
            Self::Handshake => "TLS handshake",
            Self::Reply => "reply",
            Self::Body => "body",
        })
    }
}

impl HttpError {
    /// Sorts the HTTP layer's error: a connection that broke, or bytes that are not HTTP.
    pub(super) fn from_hyper(step: RequestStep, source: hyper::Error) -> Self {
        let malformed = source.is_parse() || source.is_parse_too_large();
        if malformed { Self::Malformed { step, source } } else { Self::Closed { step, source } }
    }
}

/// Why a small file with a secret or certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there, or not for us.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("{} is not an ordinary file", path.display())]
    NotAFile {
        /// Which file.
        path: PathBuf,
    },
    /// Larger than any file of its purpose.
    #[error("{} is larger than {max} bytes", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        max: usize,
    },
    /// It was read, and what is in it is not what belongs there.
    #[error("{} {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it; never a part of it.
        problem: &'static str,
    },
}
