//! What goes on beside a test until its handle goes: work, or a look at something again and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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

/// Somebody who looks at something again and again, and keeps what is seen; ends with its handle.
pub(crate) struct Lookout<S> {
    seen: Arc<Mutex<S>>,
    looking: Beside<()>,
}

impl<S: Default + Send + 'static> Lookout<S> {
    /// Has `look` add to what was seen, with `pause` in between.
    pub(crate) fn begin(pause: Duration, look: impl Fn(&mut S) + Send + 'static) -> Self {
        let seen = Arc::<Mutex<S>>::default();
        let shared = Arc::clone(&seen);
        let looking = Beside::begin(move |done| {
            while !done.load(Ordering::Relaxed) {
                look(&mut lock(&shared));
                thread::sleep(pause);
            }
        });
        Self { seen, looking }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> MutexGuard<'_, S> {
        lock(&self.seen)
    }

    /// Ends it, and gives what was seen; panics where looking did.
    pub(crate) fn end(self) -> S {
        self.looking.end();
        std::mem::take(&mut lock(&self.seen))
    }
}

/// A panic of whoever held it has its own report.
fn lock<S>(seen: &Mutex<S>) -> MutexGuard<'_, S> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
