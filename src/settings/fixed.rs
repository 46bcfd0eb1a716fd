//! Settings that cannot change while the program runs.
//!
//! Sockets are bound once, and the files' names, place and mode are mounted, imported and relied on by
//! others: a file under another name keeps masking the first one in a running server. Everything else
//! follows the settings file.

use crate::document::UserInfoSource;
use crate::reconcile::Role;

use super::checked::Settings;
use super::table::Key;

impl Settings {
    /// The settings whose change in `new` needs a restart, in the order of the table.
    ///
    /// Beside what is bound and mounted these are `role`, which decides whether self is in the list at
    /// all; `user-info-file` where it comes or goes, for the mode of a file with credentials would have
    /// to change with it; and `log-format`, which a reader of the log relies on.
    pub fn needs_restart(&self, new: &Self) -> Vec<Key> {
        let is_server = |settings: &Self| matches!(settings.policy.role, Role::Server(_));
        let has_secret = |settings: &Self| matches!(settings.output.user_info, UserInfoSource::File(_));
        let checks = [
            (Key::Role, is_server(self) != is_server(new)),
            (Key::UserInfoFile, has_secret(self) != has_secret(new)),
            (Key::OutputDir, self.output.directory != new.output.directory),
            (Key::Output, self.output.files != new.output.files),
            (Key::Layout, self.output.layout != new.output.layout),
            (Key::FileMode, self.output.file_mode != new.output.file_mode),
            (Key::Listen, self.listen != new.listen),
            (Key::LocalListen, self.local_listen != new.local_listen),
            (Key::LogFormat, self.log_format != new.log_format),
        ];
        checks.into_iter().filter_map(|(key, has_changed)| has_changed.then_some(key)).collect()
    }

    /// `new` with everything of [`Self::needs_restart`] as it is: what can be put in force now.
    #[must_use]
    pub fn adopt_at_run_time(&self, new: &Self) -> Self {
        let mut next = new.clone();
        let changed = self.needs_restart(new);
        if changed.contains(&Key::Role) {
            // Defaults and checks hang on the role, so a policy for another one is of no use.
            next.policy = self.policy.clone();
            next.server = self.server.clone();
        }
        if changed.contains(&Key::UserInfoFile) {
            next.output.user_info = self.output.user_info.clone();
        }
        next.output.directory.clone_from(&self.output.directory);
        next.output.files.clone_from(&self.output.files);
        next.output.layout = self.output.layout;
        next.output.file_mode = self.output.file_mode;
        next.listen = self.listen;
        next.local_listen = self.local_listen;
        next.policy.sink = self.policy.sink.clone();
        next.log_format = self.log_format;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Flags, Purpose, SettingsFile, Surroundings, load};

    const BASE: &str = "service: eureka\noutput-dir: /a\nself-url: http://a:1/eureka/\n";

    fn settings(more: &str) -> Settings {
        let file = SettingsFile { path: "/c.yaml".into(), content: Ok(format!("{BASE}{more}")) };
        let loaded = load(&Flags::default(), Some(&file), &Surroundings::default(), Purpose::Run);
        loaded.expect("valid").settings
    }

    #[test]
    fn what_is_bound_and_mounted_is_reported_and_kept() {
        let running = settings("");
        for (more, keys) in [
            ("role: client\n", vec![Key::Role]),
            ("user-info-file: /s\n", vec![Key::UserInfoFile, Key::FileMode]),
            ("user-info-file: /s\nfile-mode: 0644\n", vec![Key::UserInfoFile]),
            ("output: [a.json]\n", vec![Key::Output]),
            ("layout: plain\nfile-mode: 0600\n", vec![Key::Layout, Key::FileMode]),
            ("listen: :1\nlocal-listen: 127.0.0.1:2\n", vec![Key::Listen, Key::LocalListen]),
            ("log-format: text\n", vec![Key::LogFormat]),
        ] {
            let new = settings(more);
            assert_eq!(running.needs_restart(&new), keys, "{more}");
            let next = running.adopt_at_run_time(&new);
            assert_eq!(running.needs_restart(&next), [], "{more}");
            assert_eq!(next, running, "{more}");
        }
    }

    #[test]
    fn the_rest_follows_the_file() {
        let running = settings("");
        let new = settings("interval: 5s\nstatic-peer: http://b:1/eureka/\nzone: z\nuser-info: ${A}:${B}\n");
        assert_eq!(running.needs_restart(&new), []);
        assert_eq!(running.adopt_at_run_time(&new), new);
    }
}
