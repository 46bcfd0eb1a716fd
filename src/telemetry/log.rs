//! Sets the log up: which lines, in what shape, to standard error.
//!
//! Standard output belongs to what a command was asked for. Level and shape may change while the
//! program runs. Must never fail or stop the program because a line could not be written.

use std::io;

use tracing::Subscriber;
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::{Registry, reload};

use super::log_line::Lines;
use super::log_settings::{LogFormat, LogLevel};
use super::outlet::Outlet;

/// The target of this program's own lines: the name of its crate.
const OWN_TARGET: &str = "eureka_peers";

type Filter = reload::Layer<Targets, Registry>;
type Filtered = Layered<Filter, Registry>;

/// Changes the log while the program runs.
#[derive(Clone, Debug)]
pub struct LogControl {
    filter: reload::Handle<Targets, Registry>,
    lines: reload::Handle<Lines, Filtered>,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the log is set up already; it can be once in the life of a process")]
pub struct LogError(#[source] SetGlobalDefaultError);

/// Sets the log of this process up; once in its life.
pub fn start_log(level: LogLevel, format: LogFormat) -> Result<LogControl, LogError> {
    let outlet = Outlet::new(io::stderr());
    let (subscriber, control) = assemble(level, format, Box::new(move |line| outlet.put(line)));
    set_global_default(subscriber).map_err(LogError)?;
    Ok(control)
}

impl LogControl {
    /// Sets level and shape of every later line.
    pub fn apply(&self, level: LogLevel, format: LogFormat) {
        // These fail only where the subscriber is gone, and with it every line.
        let _gone = self.filter.reload(targets(level));
        let _gone = self.lines.modify(|lines| lines.set_format(format));
    }
}

fn assemble(
    level: LogLevel,
    format: LogFormat,
    write: Box<dyn Fn(&str) -> bool + Send + Sync>,
) -> (impl Subscriber + Send + Sync, LogControl) {
    let (filter, filter_handle) = reload::Layer::new(targets(level));
    let (lines, lines_handle) = reload::Layer::new(Lines::new(format, write));
    let subscriber = Registry::default().with(filter).with(lines);
    (subscriber, LogControl { filter: filter_handle, lines: lines_handle })
}

/// Our own lines as asked. Libraries are silent up to `info`: they log each poll that fails, and
/// the program says each change once by itself.
fn targets(level: LogLevel) -> Targets {
    let (own, libraries) = match level {
        LogLevel::Off => (LevelFilter::OFF, LevelFilter::OFF),
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::OFF),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::OFF),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::OFF),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::WARN),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    Targets::new().with_target(OWN_TARGET, own).with_default(libraries)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log into memory, alive for as long as `body` runs on this thread.
    fn lines_of(level: LogLevel, format: LogFormat, body: impl FnOnce(&LogControl)) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let write = move |line: &str| {
            sink.lock().expect("no writer panics").push(line.to_owned());
            true
        };
        let (subscriber, control) = assemble(level, format, Box::new(write));
        tracing::subscriber::with_default(subscriber, || body(&control));
        lines.lock().expect("no writer panics").clone()
    }

    fn speak() {
        tracing::error!("one");
        tracing::info!("two");
        tracing::debug!("three");
        tracing::warn!(target: "hickory_resolver", "a library's");
    }

    #[test]
    fn own_lines_as_asked_and_libraries_later() {
        for (level, count) in [
            (LogLevel::Off, 0),
            (LogLevel::Error, 1),
            (LogLevel::Warn, 1),
            (LogLevel::Info, 2),
            (LogLevel::Debug, 4),
            (LogLevel::Trace, 4),
        ] {
            let lines = lines_of(level, LogFormat::Text, |_| speak());
            assert_eq!(lines.len(), count, "{level:?}: {lines:?}");
        }
    }

    #[test]
    fn level_and_shape_change_at_run_time() {
        let lines = lines_of(LogLevel::Error, LogFormat::Text, |control| {
            tracing::info!("unheard");
            control.apply(LogLevel::Info, LogFormat::Json);
            tracing::info!("heard");
            control.apply(LogLevel::Off, LogFormat::Text);
            tracing::error!("unheard");
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.starts_with('{') && line.contains("heard"), "{line}");
    }

    #[test]
    fn a_control_outlives_its_log() {
        let (subscriber, control) = assemble(LogLevel::Info, LogFormat::Text, Box::new(|_| true));
        drop(subscriber);
        control.apply(LogLevel::Debug, LogFormat::Json);
    }
}
