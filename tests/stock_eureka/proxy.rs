//! A TCP proxy in front of a server, which can be slow, or hang.
//!
//! Never looks into what it carries.

use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Pass,
    /// It is carried after a while.
    Slow(Duration),
    /// It is accepted, and nothing more happens.
    Hang,
}

/// A listening proxy. Its threads end with the test's process; it carries nothing any more once its
/// target has gone.
pub(crate) struct Proxy {
    address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
}

impl Proxy {
    /// Carries to `to`, from any free port at the same address.
    pub(crate) fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind((to.ip(), 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let manner = Arc::new(Mutex::new(Manner::Pass));
        let shared = Arc::clone(&manner);
        thread::spawn(move || accept(&listener, to, &shared));
        Self { address, manner }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to connections from now on.
    pub(crate) fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

fn accept(listener: &TcpListener, to: SocketAddr, manner: &Mutex<Manner>) {
    let mut hanging = Vec::new();
    for connection in listener.incoming().map_while(Result::ok) {
        let manner = *manner.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = match manner {
            Manner::Pass => Duration::ZERO,
            Manner::Slow(wait) => wait,
            Manner::Hang => {
                hanging.push(connection);
                continue;
            }
        };
        thread::spawn(move || {
            thread::sleep(wait);
            // A connection that breaks is what its two ends have to deal with.
            drop(carry(connection, to));
        });
    }
}

fn carry(near: TcpStream, to: SocketAddr) -> io::Result<()> {
    let far = TcpStream::connect(to)?;
    let (near_again, far_again) = (near.try_clone()?, far.try_clone()?);
    let forth = thread::spawn(move || copy(near, far));
    copy(far_again, near_again);
    drop(forth.join());
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    drop(io::copy(&mut from, &mut to).and_then(|_| to.flush()));
    drop(to.shutdown(Shutdown::Write));
}
