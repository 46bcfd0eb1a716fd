//! Where the settings of this process come from; kept, because the file may change.

use std::fmt::Write;
use std::path::PathBuf;

use tokio::runtime::Runtime;

use crate::settings::{
    Environment, Flags, Loaded, Purpose, Rejected, SettingsFile, Warning, config_path, load,
};
use crate::settings_watch;

use super::ExitStatus;
use super::runtime::runtime_for_files;
use super::terminal::say;

/// Flags and environment, which do not change, and the way to the file, which does.
pub(super) struct Sources {
    flags: Flags,
    environment: Environment,
    purpose: Purpose,
}

/// The settings as they are now, and the file that they came from.
pub(super) struct Read {
    pub(super) loaded: Loaded,
    /// The file's path and text, where there is one.
    pub(super) file: Option<(PathBuf, String)>,
}

impl Sources {
    pub(super) fn new(flags: Flags, environment: Environment, purpose: Purpose) -> Self {
        Self { flags, environment, purpose }
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
        load(&self.flags, file, &self.environment, self.purpose)
    }

    /// Where the settings file is, where there is to be one.
    pub(super) fn config_path(&self) -> Result<Option<PathBuf>, Rejected> {
        config_path(&self.flags, &self.environment)
    }

    /// The settings file as it is now, where there is to be one.
    pub(super) fn file(&self) -> Result<Option<SettingsFile>, Rejected> {
        Ok(self.config_path()?.map(|path| SettingsFile {
            content: settings_watch::read(&path).map_err(|error| error.to_string()),
            path,
        }))
    }
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
