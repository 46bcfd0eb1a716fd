//! The address of one resource of the server beside us: actuator, status.

use std::fmt;
use std::str::FromStr;

use super::{ContextPath, ContextPathError, Host, Port, Scheme, ServiceUrl, ServiceUrlError};

/// An http or https URL whose path is kept as it was written, without query and user-info.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    base: ServiceUrl,
    path: Box<str>,
}

impl HttpUrl {
    pub fn scheme(&self) -> Scheme {
        self.base.scheme()
    }
    pub fn host(&self) -> &Host {
        self.base.host()
    }

    /// The port, always explicit.
    pub fn port(&self) -> Port {
        self.base.port()
    }

    /// The path; begins with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same on another port.
    #[must_use]
    pub fn at_port(self, port: Port) -> Self {
        Self { base: self.base.at_port(port), ..self }
    }

    /// The resource `segments` below this one; `segments` is a path such as `refresh` or `env/some.key`.
    pub fn join(&self, segments: &str) -> Result<Self, ContextPathError> {
        let path = format!("{}/{segments}", self.path.trim_end_matches('/'));
        let _checked: ContextPath = path.parse()?;
        Ok(Self { base: self.base.clone(), path: path.into_boxed_str() })
    }
}

impl From<&ServiceUrl> for HttpUrl {
    fn from(url: &ServiceUrl) -> Self {
        Self { base: url.clone(), path: url.path().as_str().into() }
    }
}

impl FromStr for HttpUrl {
    type Err = ServiceUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let base: ServiceUrl = text.parse()?;
        let path = if text.ends_with('/') {
            base.path().as_str()
        } else {
            base.path().as_str().trim_end_matches('/')
        };
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { path: path.into(), base })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}{}", self.scheme(), self.host(), self.port(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> HttpUrl {
        text.parse().expect("valid")
    }

    #[test]
    fn keeps_the_path_as_written() {
        for (text, shown) in [
            ("http://127.0.0.1:8761/eureka/status", "http://127.0.0.1:8761/eureka/status"),
            ("http://127.0.0.1:8761/eureka/", "http://127.0.0.1:8761/eureka/"),
            ("http://127.0.0.1", "http://127.0.0.1:80/"),
        ] {
            assert_eq!(read(text).to_string(), shown);
        }
    }

    #[test]
    fn joins_with_one_slash() {
        for base in ["http://h:1/actuator", "http://h:1/actuator/"] {
            assert_eq!(read(base).join("refresh").expect("valid").to_string(), "http://h:1/actuator/refresh");
        }
        assert!(read("http://h:1/").join("a b").is_err());
    }
}
