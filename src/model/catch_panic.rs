//! A panic as an outcome: what runs for ever is begun again after one, and the process lives on.
//!
//! When a native sidecar dies, its pod leaves DNS.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Characters kept of what a panic said: it may quote anything.
const LENGTH_MAX: usize = 2000;

/// A future whose panic is its outcome.
struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.0.as_mut();
        // Whatever the panic left half done is dropped with the future, and never looked at.
        match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(message_of(panic.as_ref()))),
        }
    }
}

/// Runs `future` to its end; a panic in it becomes the error, with as much of its message as is to be shown.
pub async fn catch_panic<F: Future>(future: F) -> Result<F::Output, String> {
    Caught(Box::pin(future)).await
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").chars().take(LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn polled<F: Future>(future: F) -> Poll<Result<F::Output, String>> {
        pin!(catch_panic(future)).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_message_has_a_bound() {
        let long = "\u{e9}".repeat(2 * LENGTH_MAX);
        let said = polled(async { panic!("{long}") });
        assert_eq!(said, Poll::Ready(Err::<(), _>("\u{e9}".repeat(LENGTH_MAX))));
    }

    #[test]
    fn a_panic_becomes_an_error_and_a_value_stays_one() {
        assert_eq!(polled(async { 7 }), Poll::Ready(Ok(7)));
        assert_eq!(polled(std::future::pending::<()>()), Poll::Pending);
        let Poll::Ready(Err(message)) = polled(async { assert_eq!(1 + 1, 3, "arithmetic") }) else {
            panic!("a panic is not caught")
        };
        assert!(message.contains("arithmetic"), "{message}");
    }
}
