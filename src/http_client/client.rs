//! Connects, sends, reads: one exchange on a connection of its own.
//!
//! Must never outlive its deadline, and never spawn: a dropped request leaves nothing behind.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ALLOW, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::model::Scheme;

use super::file::SmallFile;
use super::tls::{CA_FILE_MAX, Tls};
use super::{Credentials, HttpError, Request, RequestStep, Secrets};

/// Bytes of a body that are read: a status document with 4,096 long URLs has half of it.
pub const BODY_MAX: usize = 1 << 20;

/// Bytes of a reply's head: a stock server sends well under one KiB.
pub const HEAD_MAX: usize = 32 << 10;

/// Header lines of a reply; Spring Security sends twelve.
const HEADERS_MAX: usize = 64;

/// A refused connection fails at once; a lost first packet is sent again after one second.
pub const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(2);

/// What every request to one server has in common.
#[derive(Clone, Debug, Default)]
pub struct HttpClient {
    credentials: Option<Credentials>,
    ca_file: Option<SmallFile>,
    /// Not sent: a server has it from the published list, and may say it again.
    user_info_file: Option<SmallFile>,
}

/// A reply: its head is whole, its body perhaps not.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `Allow` header: the methods that the resource takes.
    pub allow: Option<String>,
    /// The body, or why it is not whole; a status may say enough without it.
    pub body: Result<Vec<u8>, HttpError>,
    /// What must not be shown of it.
    pub secrets: Secrets,
}

impl HttpClient {
    /// `ca_file` holds the certificates (PEM) that vouch for https servers.
    pub fn new(credentials: Option<Credentials>, ca_file: Option<PathBuf>) -> Self {
        let ca_file = ca_file.map(|path| SmallFile::new(path, CA_FILE_MAX));
        Self { credentials, ca_file, user_info_file: None }
    }

    /// With a file whose `user:password` replies may hold.
    #[must_use]
    pub fn knowing(mut self, user_info_file: Option<PathBuf>) -> Self {
        self.user_info_file = user_info_file.map(|path| SmallFile::new(path, Credentials::PASSWORD_FILE_MAX));
        self
    }

    /// Whether requests carry credentials.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Sends one request and reads its reply, all within `timeout`.
    pub async fn send(&self, request: Request, timeout: Duration) -> Result<Response, HttpError> {
        let deadline = Instant::now() + timeout;
        let address = request.address()?;
        let (authorization, secrets, tls) = timeout_at(deadline, self.read_files(&request))
            .await
            .map_err(|_| HttpError::TimedOut(RequestStep::Files))??;
        let request = request.into_http(authorization)?.map(|body| Full::new(Bytes::from(body)));
        let stream = connect(address, deadline).await?;
        let Some(tls) = tls else { return exchange(stream, request, secrets, deadline).await };
        let stream = timeout_at(deadline, tls.handshake(stream))
            .await
            .map_err(|_| HttpError::TimedOut(RequestStep::Handshake))?
            .map_err(|source| HttpError::Tls { address, source })?;
        exchange(stream, request, secrets, deadline).await
    }

    async fn read_files(
        &self,
        request: &Request,
    ) -> Result<(Option<HeaderValue>, Secrets, Option<Tls>), HttpError> {
        let mut secrets = Secrets::default();
        let authorization = match &self.credentials {
            Some(credentials) => {
                Some(credentials.header(&mut secrets).await.map_err(HttpError::PasswordFile)?)
            }
            None => None,
        };
        if let Some(file) = &self.user_info_file {
            // Where it cannot be read no list is published with it, which is told there.
            secrets.add_user_info(&file.read().await.unwrap_or_default());
        }
        let tls = match request.scheme() {
            Scheme::Http => None,
            Scheme::Https => Some(Tls::read(self.ca_file.as_ref(), request.host()).await?),
        };
        Ok((authorization, secrets, tls))
    }
}

async fn connect(address: SocketAddr, deadline: Instant) -> Result<TcpStream, HttpError> {
    let begun = Instant::now();
    let until = deadline.min(begun + CONNECT_TIMEOUT_MAX);
    let stream = timeout_at(until, TcpStream::connect(address))
        .await
        .map_err(|_| HttpError::ConnectTimedOut { address, waited: until - begun })?
        .map_err(|source| HttpError::Connect { address, source })?;
    // One small write: nothing to gain from waiting for more. Where it cannot be set, all still works.
    let _ignored = stream.set_nodelay(true);
    Ok(stream)
}

async fn exchange<S>(
    stream: S,
    request: hyper::Request<Full<Bytes>>,
    secrets: Secrets,
    deadline: Instant,
) -> Result<Response, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_MAX)
        .max_header_size(HEAD_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|source| HttpError::from_hyper(RequestStep::Reply, source))?;
    let mut reply = pin!(read_reply(sender, request, secrets, deadline));
    tokio::select! {
        reply = &mut reply => reply,
        // Its errors reach the reply by themselves, and what it delivered can still be read.
        _ended = connection => reply.await,
    }
}

async fn read_reply(
    mut sender: http1::SendRequest<Full<Bytes>>,
    request: hyper::Request<Full<Bytes>>,
    secrets: Secrets,
    deadline: Instant,
) -> Result<Response, HttpError> {
    let response = timeout_at(deadline, sender.send_request(request))
        .await
        .map_err(|_| HttpError::TimedOut(RequestStep::Reply))?
        .map_err(|source| HttpError::from_hyper(RequestStep::Reply, source))?;
    let status = response.status().as_u16();
    let allow = response.headers().get(ALLOW).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = timeout_at(deadline, read_body(response.into_body()))
        .await
        .unwrap_or(Err(HttpError::TimedOut(RequestStep::Body)));
    Ok(Response { status, allow, body, secrets })
}

async fn read_body(mut body: Incoming) -> Result<Vec<u8>, HttpError> {
    const TOO_LARGE: HttpError = HttpError::BodyTooLarge { max: BODY_MAX };
    if body.size_hint().lower() > BODY_MAX as u64 {
        return Err(TOO_LARGE);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| HttpError::from_hyper(RequestStep::Body, source))?;
        // What is not data is a trailer, which is not read.
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_MAX {
            return Err(TOO_LARGE);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}
