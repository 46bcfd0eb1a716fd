//! The one runtime of a process.

use tokio::runtime::{Builder, Runtime};

/// One thread for everything but file work. The error is a sentence.
pub(super) fn runtime() -> Result<Runtime, String> {
    Builder::new_current_thread().enable_all().build().map_err(|error| format!("no runtime: {error}"))
}
