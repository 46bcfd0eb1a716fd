//! Sends the loop what changes under it: new settings at each change of their file, and SIGHUP.

use std::time::Duration;

use tokio::signal::unix::Signal;

use crate::agent::{Update, UpdateSender};
use crate::model::catch_panic;
use crate::settings::{Loaded, Rejected, SettingsFile};
use crate::settings_watch::{ReadError, SettingsWatch};

use super::sources::Sources;

/// Half a file is often none: who writes in place begins with nothing. At a start it may be meant.
const EMPTY: &str = "is empty, as one that is being written; write {} into it where no setting is meant";

/// Said in the place of the settings that made it panic. The panic's own words are in the log: they may quote
/// what they stumbled over, and that may be a secret.
const PANICKED: &str = "reading them panicked, as the log says in full, and was begun again; this is a bug of \
                        eureka-peers: please report it";

/// Between a panic and the next try: a panic at once must not spin.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// What is followed, and by whom it is heard.
pub(super) struct Following {
    pub(super) sources: Sources,
    pub(super) watch: Option<SettingsWatch>,
    pub(super) hangup: Signal,
    pub(super) updates: UpdateSender,
}

/// Runs until the loop is gone. A panic is caught, said and survived, as one of the loop is: settings would never
/// be followed again, and nobody would know.
pub(super) async fn send_updates(following: Following) {
    supervise(following, update).await;
}

async fn supervise(mut following: Following, update: impl Fn(&Sources, Text) -> Update) {
    while catch_panic(following.follow(&update)).await.is_err() {
        if following.updates.send(Update::Rejected(PANICKED.to_owned())).await.is_err() {
            return;
        }
        tokio::time::sleep(RESTART_PAUSE).await;
    }
}

/// What a look at the file brought.
type Text = Result<String, ReadError>;

impl Following {
    async fn follow(&mut self, update: impl Fn(&Sources, Text) -> Update) {
        loop {
            let update = tokio::select! {
                text = changed(self.watch.as_mut()) => update(&self.sources, text),
                Some(()) = self.hangup.recv() => {
                    if let Some(watch) = &mut self.watch {
                        watch.look_now();
                    }
                    Update::AskNow
                }
            };
            if self.updates.send(update).await.is_err() {
                return;
            }
        }
    }
}

async fn changed(watch: Option<&mut SettingsWatch>) -> Text {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

fn update(sources: &Sources, text: Text) -> Update {
    match reload(sources, text) {
        Ok(loaded) => Update::InForce {
            fingerprint: loaded.provenance.fingerprint(),
            warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
            settings: Box::new(loaded.settings),
        },
        Err(rejected) => Update::Rejected(rejected.to_string()),
    }
}

fn reload(sources: &Sources, text: Text) -> Result<Loaded, Rejected> {
    let path = sources.config_path()?;
    let content = match text {
        Ok(text) if text.trim().is_empty() => Err(EMPTY.to_owned()),
        Ok(text) => Ok(text),
        Err(error) => Err(error.to_string()),
    };
    let file = path.map(|path| SettingsFile { path, content });
    sources.load(file.as_ref())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::signal::unix::{SignalKind, signal};

    use super::*;
    use crate::agent::Updates;
    use crate::settings::{Environment, Flags, Purpose};

    fn ask_now_unless_it_panics(_: &Sources, text: Text) -> Update {
        let text = text.expect("readable");
        assert_ne!(text, "hostile", "a panic of the parser");
        Update::AskNow
    }

    #[tokio::test]
    async fn a_panic_over_a_file_is_said_and_the_next_file_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("settings.yaml");
        fs::write(&path, "hostile").expect("written");
        let (sender, mut updates) = Updates::channel();
        let following = Following {
            sources: Sources::new(Flags::default(), Environment::default(), Purpose::Run),
            watch: Some(SettingsWatch::new(path.clone(), String::new())),
            hangup: signal(SignalKind::hangup()).expect("a handler"),
            updates: sender,
        };
        let task = supervise(following, ask_now_unless_it_panics);
        let told = async {
            let Update::Rejected(why) = updates.next().await else { panic!("it was told as something else") };
            assert_eq!(why, PANICKED);
            fs::write(directory.path().join("aside"), "good").expect("written");
            fs::rename(directory.path().join("aside"), &path).expect("renamed");
            assert!(matches!(updates.next().await, Update::AskNow));
        };
        let bounded = tokio::time::timeout(Duration::from_secs(60), told);
        tokio::select! {
            () = task => panic!("it ends with the loop"),
            told = bounded => told.expect("in time"),
        }
    }
}
