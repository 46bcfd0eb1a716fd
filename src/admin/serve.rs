//! Takes connections and holds one conversation on each, within bounds.
//!
//! Must never stop taking connections while the program lives, be it by a panic, spin when the system refuses them,
//! or let those who connect take the runtime's one thread from the loop.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use crate::model::{Backoff, ListenerName, catch_panic};

use super::bounds::Bounds;
use super::counts::{ConnectionCounts, Event};
use super::reply::Reply;

/// One listener at work; `service` answers a request.
pub(super) struct Acceptor<S> {
    name: ListenerName,
    listener: TcpListener,
    bounds: Bounds,
    counts: ConnectionCounts,
    service: S,
    http: http1::Builder,
    conversations: JoinSet<()>,
    /// Conversations by age, oldest first; those that have ended are dropped as new ones come.
    by_age: VecDeque<AbortHandle>,
    trouble: Trouble,
}

impl<S, F> Acceptor<S>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    pub(super) fn new(
        name: ListenerName,
        listener: TcpListener,
        bounds: Bounds,
        counts: ConnectionCounts,
        service: S,
    ) -> Self {
        Self {
            name,
            listener,
            bounds,
            counts,
            service,
            http: http(bounds),
            conversations: JoinSet::new(),
            by_age: VecDeque::new(),
            trouble: Trouble::default(),
        }
    }

    /// Takes connections until `stop` resolves, which it does when its sender is dropped.
    pub(super) async fn run(mut self, stop: oneshot::Receiver<()>) {
        tokio::select! {
            biased;
            _ = stop => {}
            never = self.accept_for_ever() => match never {},
        }
        drop(self.listener);
        let all_over = async { while self.conversations.join_next().await.is_some() {} };
        // Those that are not over by then end with `self`.
        let _some_left = timeout(Bounds::DRAIN_MAX, all_over).await;
    }

    /// A panic in here ends neither the listener nor the conversations: a pod without probes is killed.
    async fn accept_for_ever(&mut self) -> Infallible {
        loop {
            let Err(panic) = catch_panic(self.accept_until_panic()).await;
            self.counts.count(Event::AcceptError);
            if self.trouble.is_worth_a_line(Instant::now()) {
                tracing::error!(
                    listener = %self.name,
                    panic,
                    "taking a connection panicked, and goes on; this is a bug of eureka-peers: please report it"
                );
            }
            // A panic at once must not spin.
            sleep(self.trouble.next_pause()).await;
        }
    }

    async fn accept_until_panic(&mut self) -> Infallible {
        let mut in_a_row = 0;
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => self.recover(&error).await,
            }
            in_a_row += 1;
            if in_a_row == Bounds::ACCEPTS_IN_A_ROW_MAX {
                in_a_row = 0;
                sleep(Bounds::ACCEPT_PAUSE).await;
            }
        }
    }

    fn admit(&mut self, stream: TcpStream) {
        self.trouble.end();
        self.forget_ended();
        if self.by_age.len() >= self.bounds.connections_max {
            self.evict_oldest();
        }
        // Without this the last part of a long reply may wait for an acknowledgement; with an error
        // it does.
        let _slower = stream.set_nodelay(true);
        let (counts, service) = (self.counts.clone(), self.service.clone());
        let conversation = converse(self.http.clone(), stream, service, self.bounds.connection_max, counts);
        self.by_age.push_back(self.conversations.spawn(conversation));
    }

    fn forget_ended(&mut self) {
        while self.conversations.try_join_next().is_some() {}
        self.by_age.retain(|conversation| !conversation.is_finished());
    }

    fn evict_oldest(&mut self) {
        if let Some(oldest) = self.by_age.pop_front() {
            oldest.abort();
            self.counts.count(Event::Evicted);
        }
    }

    /// Waits before the next try where the system, and not one client, is the reason.
    async fn recover(&mut self, error: &io::Error) {
        self.counts.count(Event::AcceptError);
        if is_of_one_client(error) {
            return;
        }
        self.forget_ended();
        // What is most often missing is a file descriptor, and this frees one.
        self.evict_oldest();
        if self.trouble.is_worth_a_line(Instant::now()) {
            let listener = self.name;
            tracing::warn!(%listener, %error, "connections cannot be accepted; trying again");
        }
        sleep(self.trouble.next_pause()).await;
    }
}

fn http(bounds: Bounds) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.header_read_max)
        .max_header_size(Bounds::HEADER_LENGTH_MAX)
        .max_buf_size(Bounds::HEADER_LENGTH_MAX)
        .max_headers(Bounds::HEADER_FIELDS_MAX)
        // One request a connection: nobody keeps a place by asking again.
        .keep_alive(false)
        // A client may close its own half after its request, as `nc -N` does.
        .half_close(true);
    http
}

async fn converse<S, F>(
    http: http1::Builder,
    stream: TcpStream,
    service: S,
    deadline: Duration,
    counts: ConnectionCounts,
) where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Reply>,
{
    let is_asked = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_asked);
    let service = service_fn(move |request| {
        asked.store(true, Ordering::Relaxed);
        let reply = service(request);
        async { Ok::<_, Infallible>(reply.await) }
    });
    let conversation = http.serve_connection(TokioIo::new(stream), service);
    counts.count(match timeout(deadline, conversation).await {
        Ok(Ok(())) if is_asked.load(Ordering::Relaxed) => Event::Answered,
        Ok(Ok(()) | Err(_)) => Event::Broken,
        Err(_) => Event::Overdue,
    });
}

/// Errors that accept(2) hands on from a connection that died in the queue.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// A row of failed accepts.
#[derive(Debug, Default)]
struct Trouble {
    pauses: Backoff,
    logged_at: Option<Instant>,
}

impl Trouble {
    fn end(&mut self) {
        self.pauses.reset();
    }

    /// Doubles from the least to the longest pause.
    fn next_pause(&mut self) -> Duration {
        self.pauses.next(Bounds::ACCEPT_RETRY_MIN, Bounds::ACCEPT_RETRY_MAX)
    }

    fn is_worth_a_line(&mut self, now: Instant) -> bool {
        let is_due = self.logged_at.is_none_or(|logged_at| now - logged_at >= Bounds::ACCEPT_LOG_EVERY);
        if is_due {
            self.logged_at = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn pauses_double_within_bounds_and_start_anew() {
        let mut trouble = Trouble::default();
        let pauses: Vec<_> = (0..8).map(|_| trouble.next_pause().as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 500, 500]);
        trouble.end();
        assert_eq!(trouble.next_pause(), Bounds::ACCEPT_RETRY_MIN);
    }

    /// A service that panics when it is to be copied for the first connection.
    struct Bomb(Arc<AtomicBool>);

    impl Bomb {
        fn is_copied(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(self.0.swap(true, Ordering::Relaxed), "a bug");
            Self(Arc::clone(&self.0))
        }
    }

    #[tokio::test]
    async fn a_panic_costs_one_connection_and_not_the_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port 0 is always free");
        let address = listener.local_addr().expect("bound");
        let (bomb, counts) = (Bomb(Arc::default()), ConnectionCounts::default());
        let service = move |_| {
            let is_copied = bomb.is_copied();
            async move { super::super::reply::text(hyper::StatusCode::OK, is_copied.to_string()) }
        };
        let acceptor =
            Acceptor::new(ListenerName::Public, listener, Bounds::default(), counts.clone(), service);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(acceptor.run(stopped));
        let ask = || async {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
            let mut reply = String::new();
            // The connection that it panicked over may be reset.
            let _reset = stream.read_to_string(&mut reply).await;
            reply
        };
        assert_eq!(ask().await, "");
        assert!(ask().await.starts_with("HTTP/1.1 200"));
        assert_eq!((counts.read().accept_errors, counts.read().answered), (1, 1));
        drop(stop);
        task.await.expect("it ends as ever");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_errors_is_a_trickle_of_lines() {
        let mut trouble = Trouble::default();
        let mut lines = 0;
        for _ in 0..120 {
            lines += u32::from(trouble.is_worth_a_line(Instant::now()));
            sleep(Bounds::ACCEPT_RETRY_MAX).await;
        }
        assert_eq!(lines, 2);
    }

    #[test]
    fn only_a_clients_own_errors_need_no_pause() {
        assert!(is_of_one_client(&io::ErrorKind::ConnectionAborted.into()));
        let too_many_open_files = io::Error::from_raw_os_error(24);
        assert!(!is_of_one_client(&too_many_open_files));
    }
}
