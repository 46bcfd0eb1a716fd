//! Notifications of the file system, boiled down to "look again".

use std::path::Path;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// Keeps the notifications coming for as long as it lives.
pub(super) type Watcher = notify::RecommendedWatcher;

/// Where hints arrive. There is room for one: a second one says nothing more.
#[derive(Debug)]
pub(super) struct Hints {
    sender: mpsc::Sender<()>,
    receiver: mpsc::Receiver<()>,
}

impl Hints {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self { sender, receiver }
    }

    pub(super) fn sender(&self) -> mpsc::Sender<()> {
        self.sender.clone()
    }

    /// The next hint; safe to drop.
    pub(super) async fn next(&mut self) {
        // Never closed, because we hold a sender ourselves.
        let _hint = self.receiver.recv().await;
    }
}

/// Watches the directory that `file` lies in; none where that cannot be done.
pub(super) fn watch_directory_of(file: &Path, hints: mpsc::Sender<()>) -> Option<Watcher> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tell = move |event: notify::Result<Event>| {
        if event.as_ref().map_or(true, is_hint) {
            // A full channel holds a hint already.
            let _told = hints.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(tell).ok()?;
    watcher.watch(directory, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

/// Our own reading makes events too, and is not a hint. A writer that closes the file is one; errors and
/// overflows (`Rescan`) are as well, for something may have been missed.
fn is_hint(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write) || event.need_rescan(),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{Flag, ModifyKind};

    #[test]
    fn reading_is_no_hint() {
        let event = |kind| Event::new(kind);
        for access in
            [AccessKind::Read, AccessKind::Open(AccessMode::Any), AccessKind::Close(AccessMode::Read)]
        {
            assert!(!is_hint(&event(EventKind::Access(access))), "{access:?}");
        }
        assert!(is_hint(&event(EventKind::Access(AccessKind::Close(AccessMode::Write)))));
        assert!(is_hint(&event(EventKind::Modify(ModifyKind::Any))));
        assert!(is_hint(&event(EventKind::Other).set_flag(Flag::Rescan)));
    }
}
