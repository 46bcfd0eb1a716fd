//! Two listeners from their description to their end: described, bound, running.
//!
//! Binding comes early and is its own step, so that an address that cannot be had ends the start
//! with a reason instead of leaving a program without probes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::model::ListenerName;

use super::bounds::Bounds;
use super::command::CommandSender;
use super::counts::ConnectionCounts;
use super::public::View;
use super::serve::Acceptor;
use super::{local, public};

/// Why a listener cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The system gives no such socket.
    #[error("cannot listen on {address}: {hint} ({flag})", flag = listener.flag())]
    Refused {
        /// Which listener.
        listener: ListenerName,
        address: SocketAddr,
        /// What to do.
        hint: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The local listener would be reachable from outside the pod.
    #[error(
        "{0} is not a loopback address, and anyone who reaches the local listener may override holds (--local-listen)"
    )]
    NotLoopback(SocketAddr),
}

/// The listeners, described.
#[derive(Clone, Copy, Debug)]
pub struct Listeners {
    public: Option<SocketAddr>,
    local: SocketAddr,
    bounds: Bounds,
}

/// Listeners whose addresses are ours; connections wait in the kernel until [`Bound::start`].
#[derive(Debug)]
pub struct Bound {
    public: Option<TcpListener>,
    local: TcpListener,
    bounds: Bounds,
    counts: AdminCounts,
}

/// What both listeners count; clones share the totals.
#[derive(Clone, Debug, Default)]
pub struct AdminCounts {
    /// Of the public listener.
    pub public: ConnectionCounts,
    /// Of the local listener.
    pub local: ConnectionCounts,
}

/// Two listeners at work; dropping this stops them.
#[derive(Debug)]
pub struct Running {
    public: Option<Listening>,
    local: Listening,
}

#[derive(Debug)]
struct Listening {
    /// Dropped to stop.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Listeners {
    /// The listeners that these settings ask for.
    pub fn new(public: SocketAddr, local: SocketAddr) -> Self {
        Self { public: Some(public), local, bounds: Bounds::default() }
    }

    /// The local listener alone: for who has no probes, and whose public port may still be another's.
    pub fn only_local(local: SocketAddr) -> Self {
        Self { public: None, local, bounds: Bounds::default() }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Takes the addresses. Must be called within a tokio runtime.
    ///
    /// `[::]` means every address of the host: where the host has no IPv6, it is `0.0.0.0`.
    pub fn bind(self) -> Result<Bound, BindError> {
        if !self.local.ip().to_canonical().is_loopback() {
            return Err(BindError::NotLoopback(self.local));
        }
        Ok(Bound {
            public: self.public.map(|address| listen(ListenerName::Public, address)).transpose()?,
            local: listen(ListenerName::Local, self.local)?,
            bounds: self.bounds,
            counts: AdminCounts::default(),
        })
    }
}

impl Bound {
    /// Where the public listener is, where there is one; tells the port where 0 was asked for.
    pub fn public_address(&self) -> io::Result<SocketAddr> {
        self.public.as_ref().ok_or(io::ErrorKind::NotConnected)?.local_addr()
    }

    /// Where the local listener is.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.local.local_addr()
    }

    /// What the listeners will count.
    pub fn counts(&self) -> AdminCounts {
        self.counts.clone()
    }

    /// Answers from now on.
    pub fn start(self, view: View, commands: CommandSender) -> Running {
        let Self { public, local, bounds, counts } = self;
        let accept_timeout = bounds.command_reply_max;
        let public_service = move |request| public::answer(view.clone(), request);
        let local_service = move |request| local::answer(commands.clone(), accept_timeout, request);
        let public = public
            .map(|public| Acceptor::new(ListenerName::Public, public, bounds, counts.public, public_service));
        let local = Acceptor::new(ListenerName::Local, local, bounds, counts.local, local_service);
        Running {
            public: public.map(|public| Listening::begin(|stop| public.run(stop))),
            local: Listening::begin(|stop| local.run(stop)),
        }
    }
}

impl Listening {
    fn begin<F>(run: impl FnOnce(oneshot::Receiver<()>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(run(stopped)) }
    }

    async fn stop(self) {
        drop(self.stop);
        // The task was neither aborted nor can it panic outside the conversations it isolates; were
        // it so, it would be over all the same.
        let _over = self.task.await;
    }
}

impl Running {
    /// Takes no more connections, lets conversations under way end for a moment, and closes the rest.
    pub async fn stop(self) {
        let public = async {
            if let Some(public) = self.public {
                public.stop().await;
            }
        };
        tokio::join!(public, self.local.stop());
    }
}

fn listen(listener: ListenerName, address: SocketAddr) -> Result<TcpListener, BindError> {
    let refused = |source: io::Error| BindError::Refused { listener, address, hint: hint(&source), source };
    match open(address) {
        Err(error) if address.ip().is_ipv6() && address.ip().is_unspecified() && may_lack_ipv6(&error) => {
            open(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port())).map_err(refused)
        }
        outcome => outcome.map_err(refused),
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // So that a restarted container gets its port back at once.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // The kubelet probes by the pod's IPv4 address, also where the host's default is IPv6 only.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(Bounds::BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Whether the host may lack IPv6: the kernel has none, or no interface has it.
///
/// The first has no `ErrorKind` of its own. Whatever else it may be stands in the way of `0.0.0.0` as
/// well, and is reported then.
fn may_lack_ipv6(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another process of this pod or host listens there; choose another port",
        io::ErrorKind::AddrNotAvailable => "no interface has this address; choose one that the pod has",
        io::ErrorKind::PermissionDenied => "this user may not; choose a port of 1024 or above",
        _ => "choose another address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("valid")
    }

    #[tokio::test]
    async fn a_taken_address_is_named_with_what_to_do() {
        let listeners = Listeners::new(address("127.0.0.1:0"), address("127.0.0.1:0"));
        let bound = listeners.bind().expect("port 0 is always free");
        let taken = bound.public_address().expect("bound");
        let error = Listeners::new(taken, address("127.0.0.1:0")).bind().expect_err("it is taken");
        assert_eq!(
            error.to_string(),
            format!(
                "cannot listen on {taken}: another process of this pod or host listens there; choose another \
                 port (--listen)"
            )
        );
        assert!(std::error::Error::source(&error).is_some());
    }

    #[tokio::test]
    async fn an_address_of_others_cannot_be_had() {
        let listeners = Listeners::new(address("192.0.2.1:0"), address("127.0.0.1:0"));
        let error = listeners.bind().expect_err("a documentation address");
        assert!(error.to_string().contains("no interface has this address"), "{error}");
    }

    #[tokio::test]
    async fn the_local_listener_stays_local() {
        for outside in ["0.0.0.0:0", "[::]:0", "10.0.0.1:0", "[::ffff:10.0.0.1]:0"] {
            let error = Listeners::new(address("127.0.0.1:0"), address(outside)).bind().expect_err(outside);
            assert!(matches!(error, BindError::NotLoopback(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn every_address_means_ipv4_too() {
        let bound = Listeners::new(address("[::]:0"), address("127.0.0.1:0")).bind().expect("binds");
        let port = bound.public_address().expect("bound").port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("IPv4 reaches it");
    }

    #[test]
    fn a_host_without_ipv6_is_recognised() {
        let address_family_not_supported = io::Error::from_raw_os_error(97);
        assert!(may_lack_ipv6(&address_family_not_supported));
        assert!(may_lack_ipv6(&io::ErrorKind::AddrNotAvailable.into()));
        assert!(!may_lack_ipv6(&io::ErrorKind::AddrInUse.into()));
        assert!(!may_lack_ipv6(&io::ErrorKind::PermissionDenied.into()));
    }
}
