//! What the program says of itself: log lines and metrics.
//!
//! Home of `tracing-subscriber` and `prometheus-client`. Nothing here decides anything, and nothing
//! here fails in a way that its caller must handle at run time: a line that cannot be written is
//! lost.

mod families;
mod labels;
mod log;
mod log_line;
mod log_settings;
mod metrics;
#[cfg(test)]
mod openmetrics;
mod outlet;
mod text_format;

pub use labels::{ConfirmOutcome, LookupOutcome, RefreshOutcome, ReloadOutcome};
pub use log::{LogControl, LogError, start_log};
pub use log_settings::{LogFormat, LogLevel};
pub use metrics::{Metrics, encode};
pub use prometheus_client::registry::Registry;

/// The version of this build, as shown by `--version`, status, metrics and page.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
