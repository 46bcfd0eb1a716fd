//! Something that goes on beside a test until its handle goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Work on a thread of its own.
pub(crate) struct Beside<T> {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Beside<T> {
    /// Begins `work`, which ends soon after it is told that it is done.
    pub(crate) fn begin(work: impl FnOnce(&AtomicBool) -> T + Send + 'static) -> Self {
        let done = Arc::<AtomicBool>::default();
        let told = Arc::clone(&done);
        Self { done, thread: Some(thread::spawn(move || work(&told))) }
    }

    /// Ends it, and gives what came of it; panics where it did.
    pub(crate) fn end(mut self) -> T {
        self.done.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is ended once");
        thread.join().expect("work beside a test does not panic")
    }
}

impl<T> Drop for Beside<T> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A test that drops it has no use for what came of it.
            drop(thread.join());
        }
    }
}
