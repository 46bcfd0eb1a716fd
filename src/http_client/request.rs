//! What is asked of a server: method, resource, and what goes along.
//!
//! Must never be printable: a body may hold credentials of peers.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT,
};

use crate::model::{Host, HttpUrl, Scheme};

use super::HttpError;

/// The methods that this program sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads what a resource allows; changes nothing (RFC 9110, section 9.3.7).
    Options,
    /// Has the server do something.
    Post,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: HttpUrl,
    target: String,
    address: Option<IpAddr>,
    accept: &'static str,
    json: Option<Vec<u8>>,
    header: Option<(&'static str, &'static str)>,
}

impl Request {
    /// A request without a body for the resource at `url`.
    pub fn new(method: Method, url: &HttpUrl) -> Self {
        let target = url.path().to_owned();
        Self { method, url: url.clone(), target, address: None, accept: "*/*", json: None, header: None }
    }

    /// The media type wanted.
    #[must_use]
    pub fn accept(mut self, media_type: &'static str) -> Self {
        self.accept = media_type;
        self
    }

    /// One more segment of the path; whatever is in it, it stays one.
    #[must_use]
    pub fn below(mut self, segment: &str) -> Self {
        if !self.target.ends_with('/') {
            self.target.push('/');
        }
        push_percent_encoded(&mut self.target, segment);
        self
    }

    /// Another last segment of the path: the resource beside this one.
    #[must_use]
    pub fn beside(mut self, segment: &str) -> Self {
        self.target.truncate(self.target.trim_end_matches('/').rfind('/').unwrap_or(0));
        self.below(segment)
    }

    /// The query, of one name and value; comes after every segment.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.push('?');
        push_percent_encoded(&mut self.target, name);
        self.target.push('=');
        push_percent_encoded(&mut self.target, value);
        self
    }

    /// A JSON body; empty where the resource wants the media type and nothing more.
    #[must_use]
    pub fn json(mut self, body: Vec<u8>) -> Self {
        self.json = Some(body);
        self
    }

    /// One more header field.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// The address behind the URL's name; of no effect where the URL has an address itself.
    #[must_use]
    pub fn at(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.url.scheme()
    }

    pub(super) fn host(&self) -> &Host {
        self.url.host()
    }

    /// Where to connect to. `localhost` needs nobody to look it up (RFC 6761, section 6.3).
    pub(super) fn address(&self) -> Result<SocketAddr, HttpError> {
        let address = match (self.url.host(), self.address) {
            (Host::Address(address), _) => *address,
            (Host::Name(_), Some(address)) => address,
            (Host::Name(name), None) if name.as_str() == "localhost" => Ipv4Addr::LOCALHOST.into(),
            (Host::Name(name), None) => return Err(HttpError::Unresolved { host: name.to_string() }),
        };
        Ok(SocketAddr::new(address, self.url.port().get()))
    }

    /// The request as the HTTP layer takes it.
    pub(super) fn into_http(
        self,
        authorization: Option<HeaderValue>,
    ) -> Result<hyper::Request<Vec<u8>>, HttpError> {
        let method = match self.method {
            Method::Get => hyper::Method::GET,
            Method::Options => hyper::Method::OPTIONS,
            Method::Post => hyper::Method::POST,
        };
        let mut builder = hyper::Request::builder()
            .method(method)
            .uri(self.target)
            .header(HOST, format!("{}:{}", self.url.host(), self.url.port()))
            .header(CONNECTION, "close")
            .header(USER_AGENT, concat!("eureka-peers/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, self.accept);
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        if let Some((name, value)) = self.header {
            builder = builder.header(name, value);
        }
        if let Some(json) = &self.json {
            // The length is said even of an empty body (RFC 9110, section 8.6): proxies ask for it with 411.
            builder = builder.header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, json.len());
        }
        builder.body(self.json.unwrap_or_default()).map_err(HttpError::Request)
    }
}

/// Everything but the unreserved characters of RFC 3986, section 2.3.
fn push_percent_encoded(target: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            target.push(char::from(byte));
        } else {
            write!(target, "%{byte:02X}").expect("a String takes every write");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        Request::new(Method::Get, &url.parse().expect("valid"))
    }

    #[test]
    fn segments_and_queries_stay_what_they_are() {
        let request =
            request("http://h:1/actuator/").below("env").below("a/b?c:d").query("pattern", "(?i)^x&y");
        assert_eq!(request.target, "/actuator/env/a%2Fb%3Fc%3Ad?pattern=%28%3Fi%29%5Ex%26y");
    }

    #[test]
    fn beside_takes_the_place_of_the_last_segment() {
        for url in ["http://h:1/eureka/status", "http://h:1/eureka/status/"] {
            assert_eq!(request(url).beside("apps").below("A").target, "/eureka/apps/A");
        }
        assert_eq!(request("http://h:1/").beside("apps").target, "/apps");
    }

    #[test]
    fn an_address_is_used_and_a_name_needs_one() {
        let known = Some("10.0.0.9".parse().expect("valid"));
        let address = |url: &str, at| request(url).at(at).address().ok().map(|a| a.to_string());
        assert_eq!(address("http://10.0.0.1:1/", known).as_deref(), Some("10.0.0.1:1"));
        assert_eq!(address("http://[::1]:1/", None).as_deref(), Some("[::1]:1"));
        assert_eq!(address("http://eureka-0:1/", known).as_deref(), Some("10.0.0.9:1"));
        assert_eq!(address("http://localhost:1/", None).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(address("http://eureka-0:1/", None), None);
    }
}
