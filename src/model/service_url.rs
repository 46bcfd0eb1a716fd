//! One peer's service URL, and sets of them.
//!
//! Must never hold user-info: secrets are joined to a URL only while a document is rendered.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::Arc;

use super::{DnsNameError, Host};

/// The scheme of a service URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Why a text is no [`Scheme`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid scheme: expected `http` or `https`")]
pub struct SchemeError;

impl Scheme {
    /// As in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> Port {
        match self {
            Self::Http => Port(NonZeroU16::new(80).expect("80 is not zero")),
            Self::Https => Port(NonZeroU16::new(443).expect("443 is not zero")),
        }
    }
}

impl FromStr for Scheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Http, Self::Https]
            .into_iter()
            .find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
            .ok_or(SchemeError)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A TCP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(NonZeroU16);

/// Why a number is no [`Port`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid port: expected 1 to 65535")]
pub struct PortError;

impl Port {
    /// Where a stock Eureka server listens.
    pub const EUREKA: Self = Self(NonZeroU16::new(8761).expect("8761 is not zero"));

    /// The port of this number; 0 is none.
    pub fn new(number: u16) -> Result<Self, PortError> {
        NonZeroU16::new(number).map(Self).ok_or(PortError)
    }

    /// The number, 1 to 65535.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| PortError)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where Eureka's resources live on a server: begins and ends with `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextPath(Arc<str>);

/// Why a text is no [`ContextPath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextPathError {
    /// It does not begin with a slash.
    #[error("is not a valid path: expected one that begins with `/`")]
    Relative,
    /// It is over the bound.
    #[error("is {0} bytes long; the bound is {max}", max = ContextPath::LENGTH_MAX)]
    TooLong(usize),
    /// A character with a meaning in a URL, a properties file or a list.
    #[error("contains {0:?}: expected a-z, A-Z, 0-9 and - . _ ~ /")]
    BadCharacter(char),
    /// An empty, `.` or `..` segment.
    #[error("has an empty, `.` or `..` segment")]
    BadSegment,
}

impl ContextPath {
    /// Bytes; far above any servlet mapping in use.
    pub const LENGTH_MAX: usize = 256;

    /// The path with both its slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ContextPath {
    /// `/eureka/`, the mapping of Spring's `EurekaConstants.DEFAULT_PREFIX`.
    fn default() -> Self {
        Self("/eureka/".into())
    }
}

impl FromStr for ContextPath {
    type Err = ContextPathError;

    /// Reads a path; a missing final slash is added.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text.strip_prefix('/').ok_or(ContextPathError::Relative)?;
        if text.len() >= Self::LENGTH_MAX {
            return Err(ContextPathError::TooLong(text.len()));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
            return Err(ContextPathError::BadCharacter(bad));
        }
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        if inner.is_empty() {
            return Ok(Self("/".into()));
        }
        if inner.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(ContextPathError::BadSegment);
        }
        Ok(Self(format!("/{inner}/").into()))
    }
}

impl fmt::Display for ContextPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A service URL: scheme, host, port and path, nothing else.
///
/// Ordered and compared by its text, so that a sorted list looks sorted. Its texts are shared by its copies: a peer
/// stands in half a dozen lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceUrl {
    text: Arc<str>,
    scheme: Scheme,
    host: Host,
    port: Port,
    path: ContextPath,
}

/// Why a text is no [`ServiceUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceUrlError {
    /// No `://`.
    #[error("is not a valid URL: expected one such as http://host:8761/eureka/")]
    NotAbsolute,
    /// Neither http nor https.
    #[error("the scheme {0}")]
    Scheme(#[source] SchemeError),
    /// Credentials in front of the host.
    #[error("carries user-info; credentials come from --user-info or --user-info-file")]
    UserInfo,
    /// The host is neither a name nor an address.
    #[error("the host {0}")]
    Host(#[source] DnsNameError),
    /// The port is out of range.
    #[error("the port {0}")]
    Port(#[source] PortError),
    /// The path cannot be written.
    #[error("the path {0}")]
    Path(#[source] ContextPathError),
}

impl ServiceUrl {
    /// Joins validated parts; cannot fail.
    pub fn new(scheme: Scheme, host: Host, port: Port, path: ContextPath) -> Self {
        let text = format!("{scheme}://{host}:{port}{path}").into();
        Self { text, scheme, host, port, path }
    }
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, always explicit.
    pub fn port(&self) -> Port {
        self.port
    }
    pub fn path(&self) -> &ContextPath {
        &self.path
    }

    /// The same on another port.
    #[must_use]
    pub fn at_port(self, port: Port) -> Self {
        Self::new(self.scheme, self.host, port, self.path)
    }

    /// The URL's text, with port and final slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads a URL as a server reports it, dropping credentials in front of the host.
    ///
    /// Lists are compared without user-info, and a server shows it unmasked.
    pub fn from_reported(text: &str) -> Result<Self, ServiceUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ServiceUrlError::NotAbsolute)?;
        let authority_end = rest.find('/').unwrap_or(rest.len());
        let host_start = rest[..authority_end].rfind('@').map_or(0, |at| at + 1);
        format!("{scheme}://{}", &rest[host_start..]).parse()
    }
}

impl FromStr for ServiceUrl {
    type Err = ServiceUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(ServiceUrlError::NotAbsolute)?;
        let scheme: Scheme = scheme.parse().map_err(ServiceUrlError::Scheme)?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
        if authority.contains('@') {
            return Err(ServiceUrlError::UserInfo);
        }
        let (host, port) = split_port(authority);
        let port = match port {
            Some(port) => port.parse().map_err(ServiceUrlError::Port)?,
            None => scheme.default_port(),
        };
        let host = Host::from_url_part(host).map_err(ServiceUrlError::Host)?;
        let path = path.parse().map_err(ServiceUrlError::Path)?;
        Ok(Self::new(scheme, host, port, path))
    }
}

/// Splits `host:port`; the colons of a bracketed IPv6 literal are its own.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A set of service URLs: sorted by text, without duplicates.
pub type PeerSet = BTreeSet<ServiceUrl>;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, ServiceUrlError> {
        text.parse::<ServiceUrl>().map(|url| url.to_string())
    }

    #[test]
    fn reads_and_completes() {
        assert_eq!(read("http://Eureka-0.ns:8761/eureka").as_deref(), Ok("http://eureka-0.ns:8761/eureka/"));
        assert_eq!(read("https://vm.example").as_deref(), Ok("https://vm.example:443/"));
        assert_eq!(read("http://[FD00::1]:8761/eureka/").as_deref(), Ok("http://[fd00::1]:8761/eureka/"));
        assert_eq!(read("http://eureka-0.1a:1/").as_deref(), Ok("http://eureka-0.1a:1/"));
        assert_eq!(read("http://10.0.0.1:1/eureka/v2/").as_deref(), Ok("http://10.0.0.1:1/eureka/v2/"));
    }

    #[test]
    fn refuses_what_cannot_be_written() {
        for text in [
            "eureka:8761",
            "ftp://a/",
            "http://",
            "http:///eureka/",
            "http://a:0/",
            "http://a:70000/",
            "http://a:/",
            "http://u:p@a/",
            "http://a,b/",
            "http://a/x?y",
            "http://a/#x",
            "http://a/ /",
            "http://a/${x}/",
            "http://a//b/",
            "http://a/../b/",
            "http://[::1/",
            "http://::1/",
            "http://127.1/",
            "http://256.1.1.1/",
            "http://10.0.0.1.2/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://010.0.0.1/",
            "http://a.0x/",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_reported_url_loses_its_credentials() {
        let url = ServiceUrl::from_reported("http://user:p@ss@eureka-0:8761/eureka/").expect("valid");
        assert_eq!(url.as_str(), "http://eureka-0:8761/eureka/");
    }
}
