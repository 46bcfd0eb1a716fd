//! Replies are read off the loop's thread, one at a time.
//!
//! Whatever answers where the server should be may send any bytes. Reading them is bounded, and still no
//! probe, no question to DNS and no signal may depend on that. Must never begin to read a reply while
//! another is being read, so that whatever is sent takes one thread and not all that a pod may have.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::model::ServerFault;

/// The one place at which replies are read. Clones are the same place: all servers of a process share it,
/// those of settings that are no longer in force among them.
#[derive(Clone, Debug)]
pub struct Reading(Arc<Semaphore>);

impl Default for Reading {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Reading {
    /// What `read` makes of a reply, until `deadline`; it may be dropped at any point.
    ///
    /// What is still being read then goes on by itself, and holds the place until it ends.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        deadline: Instant,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServerFault> {
        let reading = async {
            let place = Arc::clone(&self.0).acquire_owned().await.expect("nobody closes this semaphore");
            tokio::task::spawn_blocking(move || {
                let outcome = read();
                drop(place);
                outcome
            })
            .await
        };
        match timeout_at(deadline, reading).await {
            Ok(Ok(outcome)) => Ok(outcome),
            // A panic is the caller's, as if it had read by itself.
            Ok(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime shuts down.
            Ok(Err(_)) => Err(ServerFault::TimedOut),
            Err(_) => Err(ServerFault::Unreadable(
                "a reply was not read to its end in time, this one or the one before it; look at what \
                 answers there"
                    .to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(30);
    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn while_one_reply_is_being_read_no_other_is_begun() {
        let (place, (tell, told)) = (Reading::default(), mpsc::channel());
        let (release, released) = mpsc::channel::<()>();
        let first = tell.clone();
        let hangs = place.make(Instant::now() + SHORT, move || {
            first.send("the first").expect("awaited");
            let _gone = released.recv();
        });
        let fault = hangs.await.expect_err("it takes too long");
        assert!(format!("{fault:?}").contains("not read to its end"), "{fault:?}");
        assert_eq!(told.recv_timeout(LONG), Ok("the first"));
        for _ in 0..3 {
            let another = tell.clone();
            let next = place.clone();
            let next = next.make(Instant::now() + SHORT, move || another.send("another").expect("awaited"));
            next.await.expect_err("the first is still being read");
        }
        assert_eq!(told.try_iter().count(), 0, "the first is still being read");
        drop(release);
        assert_eq!(place.make(Instant::now() + LONG, || 7).await, Ok(7));
        assert_eq!(told.try_iter().count(), 0, "what was given up is not begun later");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_place_to_the_next() {
        let place = Reading::default();
        let (release, released) = mpsc::channel::<()>();
        let gone = place.make(Instant::now() + LONG, move || released.recv().is_err());
        timeout(SHORT, gone).await.expect_err("it hangs");
        let waits = place.make(Instant::now() + LONG, || ());
        timeout(SHORT, waits).await.expect_err("it waits");
        drop(release);
        assert_eq!(place.make(Instant::now() + LONG, || 7).await, Ok(7));
    }

    #[tokio::test]
    #[should_panic(expected = "no such reply")]
    async fn a_panic_is_that_of_the_caller() {
        let _never = Reading::default().make(Instant::now() + LONG, || panic!("no such reply")).await;
    }
}
