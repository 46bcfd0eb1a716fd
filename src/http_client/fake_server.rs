//! Servers for tests: on loopback, in raw bytes, as well or as badly behaved as a test wants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// What a server does with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Sends the bytes and closes.
    Whole(Vec<u8>),
    /// Sends the bytes and then nothing, on an open connection.
    Held(Vec<u8>),
    /// Sends the bytes one by one, 20 ms apart.
    Dripped(Vec<u8>),
    /// Sends the bytes, then more and more until nobody takes them.
    Flood(Vec<u8>),
}

/// A reply with status, headers (each with its line ending) and a body of known length.
pub(crate) fn reply(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Whole(format!("HTTP/1.1 {status} x\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into())
}

type Answer = dyn Fn(&str) -> Reply + Send + Sync;

/// A server that lives as long as this value.
pub(crate) struct FakeServer {
    pub(crate) address: SocketAddr,
    /// Bytes of the flood that were taken.
    flooded: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeServer {
    /// Answers each request, seen as head and body, with what `answer` makes of it.
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0", None, Arc::new(answer)).await
    }

    /// The same reply to everything.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    /// The same over IPv6, where the machine has it.
    pub(crate) async fn always_on_ipv6(reply: Reply) -> Self {
        Self::listen("[::1]:0", None, Arc::new(move |_: &str| reply.clone())).await
    }

    /// The same behind TLS.
    pub(crate) async fn always_with_tls(reply: Reply, tls: TlsAcceptor) -> Self {
        Self::listen("127.0.0.1:0", Some(tls), Arc::new(move |_: &str| reply.clone())).await
    }

    async fn listen(on: &str, tls: Option<TlsAcceptor>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind(on).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let flooded = Arc::new(AtomicUsize::new(0));
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&flooded));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, answer) = (tls.clone(), Arc::clone(&answer));
                let (seen, count) = (Arc::clone(&seen), Arc::clone(&count));
                tokio::spawn(async move { serve_one(stream, tls, &*answer, &seen, &count).await });
            }
        });
        Self { address, flooded, requests, task: task.abort_handle() }
    }

    /// `http://<address><path>`.
    pub(crate) fn url<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, path: &str) -> T {
        format!("http://{}{path}", self.address).parse().expect("a valid URL")
    }

    /// The requests so far, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics while it holds this").clone()
    }

    /// Request lines without the protocol: `GET /x`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let line = |request: &String| request.split(" HTTP/1.1").next().unwrap_or_default().to_owned();
        self.requests().iter().map(line).collect()
    }

    pub(crate) fn flooded(&self) -> usize {
        self.flooded.load(Ordering::Relaxed)
    }
}

async fn serve_one(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    answer: &Answer,
    seen: &Mutex<Vec<String>>,
    flooded: &AtomicUsize,
) {
    match tls {
        None => converse(stream, answer, seen, flooded).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                converse(stream, answer, seen, flooded).await;
            }
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: &Answer,
    seen: &Mutex<Vec<String>>,
    flooded: &AtomicUsize,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    let reply = answer(&request);
    seen.lock().expect("no test panics while it holds this").push(request);
    // A client that goes in the middle is part of some tests.
    let _gone = give(&mut stream, reply, flooded).await;
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn give<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    reply: Reply,
    flooded: &AtomicUsize,
) -> std::io::Result<()> {
    match reply {
        Reply::Whole(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Held(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            std::future::pending().await
        }
        Reply::Dripped(bytes) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Reply::Flood(bytes) => {
            stream.write_all(&bytes).await?;
            let more = vec![b'x'; 16 << 10];
            loop {
                stream.write_all(&more).await?;
                flooded.fetch_add(more.len(), Ordering::Relaxed);
            }
        }
    }
}

/// A certificate authority, and a server with a certificate of its for `names`.
pub(crate) fn tls_for(names: &[&str]) -> (String, TlsAcceptor) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let leaf =
        CertificateParams::new(names).expect("valid names").signed_by(&key, &ca).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key that rustls reads");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("certificate and key belong together");
    (ca.pem(), TlsAcceptor::from(Arc::new(config)))
}
