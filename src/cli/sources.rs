//! Where the settings of this process come from; kept, because the file may change.

use std::cell::OnceCell;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::settings::{
    Environment, Flags, Key, Loaded, Provenance, Purpose, Rejected, SettingsFile, Warning, config_path, load,
};
use crate::settings_watch;
use crate::small_file::mounts::{self, Mount};

use super::ExitStatus;
use super::runtime::runtime_for_files;
use super::terminal::say;

/// What a disk gets for the settings file: one that answers takes milliseconds, and one that does not is to be
/// named while somebody still looks.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// Flags and environment, which do not change, and the way to the file, which does.
pub(super) struct Sources {
    flags: Flags,
    environment: Environment,
    purpose: Purpose,
    /// What the mount table says of the files that settings name; it stays so until a restart.
    of_mounts: OnceCell<Vec<Warning>>,
}

/// What to do about a file that is mounted by itself.
const PINNED: &str = "is mounted by itself (a single file or `subPath`), so what is put in its place never arrives: mount \
                      the whole volume, without `subPath`";

/// The settings as they are now, and the file that they came from.
pub(super) struct Read {
    pub(super) loaded: Loaded,
    /// The file's path and text, where there is one.
    pub(super) file: Option<(PathBuf, String)>,
}

impl Sources {
    pub(super) fn new(flags: Flags, environment: Environment, purpose: Purpose) -> Self {
        Self { flags, environment, purpose, of_mounts: OnceCell::new() }
    }

    pub(super) fn flags(&self) -> &Flags {
        &self.flags
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Reads everything, the file included.
    pub(super) fn read(&self) -> Result<Read, Rejected> {
        let file = self.file()?;
        let loaded = self.load(file.as_ref())?;
        let text = |file: SettingsFile| file.content.ok().map(|text| (file.path, text));
        Ok(Read { loaded, file: file.and_then(text) })
    }

    /// What a command that looks and ends needs: settings, and a runtime to ask with.
    pub(super) fn begin(&self) -> Result<(Loaded, Runtime), ExitStatus> {
        let loaded = self.read().map_err(|rejected| refuse(&rejected))?.loaded;
        let runtime = runtime_for_files().map_err(|reason| {
            say(reason);
            ExitStatus::Failure
        })?;
        Ok((loaded, runtime))
    }

    /// The settings with this file; nothing else is looked at.
    pub(super) fn load(&self, file: Option<&SettingsFile>) -> Result<Loaded, Rejected> {
        let mut loaded = load(&self.flags, file, &self.environment, self.purpose)?;
        let of_mounts = self.of_mounts.get_or_init(|| of_mounts(&loaded.provenance, &mounts::all()));
        loaded.warnings.extend(of_mounts.iter().cloned());
        Ok(loaded)
    }

    /// Where the settings file is, where there is to be one.
    pub(super) fn config_path(&self) -> Result<Option<PathBuf>, Rejected> {
        config_path(&self.flags, &self.environment)
    }

    /// The settings file as it is now, where there is to be one.
    pub(super) fn file(&self) -> Result<Option<SettingsFile>, Rejected> {
        Ok(self.config_path()?.map(|path| SettingsFile {
            content: settings_watch::read_within(&path, READ_PATIENCE).map_err(|error| error.to_string()),
            path,
        }))
    }
}

/// Files that are read again and again, and never change.
fn of_mounts(provenance: &Provenance, mounts: &[Mount]) -> Vec<Warning> {
    let is_read_again = |key: &Key| [Key::Config, Key::UserInfoFile, Key::ServerPasswordFile].contains(key);
    let files = provenance.entries().iter().filter(|entry| is_read_again(&entry.key));
    let files = files.filter_map(|entry| Some((entry.key, entry.value.as_deref()?)));
    let pinned = files.filter(|(_, path)| mounts::is_pinned(mounts, Path::new(path)));
    let warning =
        |(key, path): (Key, &str)| Warning { key: key.to_string(), message: format!("{path} {PINNED}") };
    pinned.map(warning).collect()
}

/// Tells all faults, to people who have just started the program.
pub(super) fn refuse(rejected: &Rejected) -> ExitStatus {
    warn(&rejected.warnings);
    let mut text = "bad settings:".to_owned();
    for fault in &rejected.faults {
        let _infallible = write!(text, "\n  {fault}");
    }
    say(text);
    ExitStatus::BadSettings
}

pub(super) fn warn(warnings: &[Warning]) {
    for warning in warnings {
        say(format_args!("warning: {warning}"));
    }
}
