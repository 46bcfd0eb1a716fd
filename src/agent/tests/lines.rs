//! What is logged on a test's thread.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(vec![]) };
}

/// Keeps what is logged on this thread.
struct Lines;

/// Keeps what is logged on this thread until the guard is dropped.
pub(super) fn listen() -> DefaultGuard {
    tracing::subscriber::set_default(Lines)
}

/// The lines since it was last asked.
pub(super) fn heard() -> Vec<(Level, String)> {
    LINES.take()
}

/// What `act` logs.
pub(in crate::agent) fn lines(act: impl FnOnce()) -> Vec<(Level, String)> {
    let _listening = listen();
    act();
    heard()
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _infallible = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        LINES.with_borrow_mut(|lines| lines.push((*event.metadata().level(), text.0)));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
