//! Sends the loop what changes under it: new settings at each change of their file, and SIGHUP.

use tokio::signal::unix::Signal;

use crate::agent::{Update, UpdateSender};
use crate::settings::{Loaded, Rejected, SettingsFile};
use crate::settings_watch::{ReadError, SettingsWatch};

use super::sources::Sources;

/// Half a file is often none: who writes in place begins with nothing. At a start it may be meant.
const EMPTY: &str = "is empty, as one that is being written; write {} into it where no setting is meant";

/// Runs until the loop is gone.
pub(super) async fn send_updates(
    sources: Sources,
    mut watch: Option<SettingsWatch>,
    mut hangup: Signal,
    updates: UpdateSender,
) {
    loop {
        let update = tokio::select! {
            text = changed(watch.as_mut()) => update(&sources, text),
            Some(()) = hangup.recv() => {
                if let Some(watch) = &mut watch {
                    watch.look_now();
                }
                Update::AskNow
            }
        };
        if updates.send(update).await.is_err() {
            return;
        }
    }
}

async fn changed(watch: Option<&mut SettingsWatch>) -> Result<String, ReadError> {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

fn update(sources: &Sources, text: Result<String, ReadError>) -> Update {
    match reload(sources, text) {
        Ok(loaded) => Update::InForce {
            fingerprint: loaded.provenance.fingerprint(),
            warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
            settings: Box::new(loaded.settings),
        },
        Err(rejected) => Update::Rejected(rejected.to_string()),
    }
}

fn reload(sources: &Sources, text: Result<String, ReadError>) -> Result<Loaded, Rejected> {
    let path = sources.config_path()?;
    let content = match text {
        Ok(text) if text.trim().is_empty() => Err(EMPTY.to_owned()),
        Ok(text) => Ok(text),
        Err(error) => Err(error.to_string()),
    };
    let file = path.map(|path| SettingsFile { path, content });
    sources.load(file.as_ref())
}
