//! Settings that cannot change while the program runs.
//!
//! Sockets are bound once, and the files' names, place and mode are mounted, imported and relied on by
//! others: a file under another name keeps masking the first one in a running server. Everything else
//! follows the settings file.

use crate::eureka::ServerAccess;
use crate::reconcile::Policy;

use super::checked::{OutputSettings, Settings};
use super::table::Key;

impl Settings {
    /// The settings whose change in `new` needs a restart, in the order of the table.
    ///
    /// Which they are is said by their rows. Beside what is bound and mounted these are `role`, which decides
    /// whether self is in the list at all; `user-info-file` where it comes or goes, because the mode of a file
    /// with credentials would have to change with it; and `log-format`, which a reader of the log relies on.
    pub fn needs_restart(&self, new: &Self) -> Vec<Key> {
        self.until_restart.changed_in(&new.until_restart)
    }

    /// `new` with everything of [`Self::needs_restart`] as it is: what can be put in force now.
    #[must_use]
    pub fn adopt_at_run_time(&self, new: &Self) -> Self {
        let changed = self.needs_restart(new);
        let kept_if_changed = |key: Key| if changed.contains(&key) { self } else { new };
        // Defaults and checks hang on the role, so policy and server of another one are of no use.
        let of_role = kept_if_changed(Key::Role);
        let of_user_info = kept_if_changed(Key::UserInfoFile);
        // Every field has its line, so that the compiler asks for that of a new one.
        Self {
            policy: Policy { sink: self.policy.sink.clone(), ..of_role.policy.clone() },
            dns_servers: new.dns_servers.clone(),
            output: OutputSettings {
                directory: self.output.directory.clone(),
                files: self.output.files.clone(),
                layout: self.output.layout,
                file_mode: self.output.file_mode,
                zone: new.output.zone.clone(),
                user_info: of_user_info.output.user_info.clone(),
            },
            server: ServerAccess {
                user_info_file: of_user_info.server.user_info_file.clone(),
                ..of_role.server.clone()
            },
            listen: self.listen,
            local_listen: self.local_listen,
            log_level: new.log_level,
            log_format: self.log_format,
            until_restart: self.until_restart.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::{Change, Environment, Flags, Loaded, Purpose, SettingsFile, Shape, Value, load};

    const BASE: [&str; 3] = ["service: eureka", "output-dir: /a", "self-url: http://a:1/eureka/"];

    /// The base, with these lines of a file in place of those that have the same key.
    fn loaded(more: &str) -> Loaded {
        let key = |line: &str| line.split_once(':').map(|(key, _)| key.to_owned());
        let is_given = |line: &&str| more.lines().any(|given| key(given) == key(line));
        let base: Vec<&str> = BASE.into_iter().filter(|line| !is_given(line)).collect();
        let file =
            SettingsFile { path: "/c.yaml".into(), content: Ok(format!("{}\n{more}", base.join("\n"))) };
        let loaded = load(&Flags::default(), Some(&file), &Environment::default(), Purpose::Check);
        loaded.unwrap_or_else(|rejected| panic!("{more}: {rejected}"))
    }

    fn settings(more: &str) -> Settings {
        loaded(more).settings
    }

    /// The settings before and after a change of this one alone.
    fn before_and_after(key: Key) -> (Settings, Settings) {
        let needed = match key {
            Key::UserInfoFile => "file-mode: 0644\n",
            Key::AllowCidr | Key::DenyCidr => "peer-host: ipv4\n",
            Key::Adopt => "actuator-url: http://a:1/\n",
            _ => "",
        };
        let with_it = match key {
            Key::ServerUser => "server-password-file: /p\n",
            Key::ServerPasswordFile => "server-user: a\n",
            _ => "",
        };
        let before = loaded(needed);
        let in_force = before.provenance.entries().iter().find(|entry| entry.key == key);
        let other = another_value(key, in_force.and_then(|entry| entry.value.as_deref()).unwrap_or_default());
        (before.settings, settings(&format!("{needed}{with_it}{key}: {other}\n")))
    }

    /// A value that is not the one in force.
    fn another_value(key: Key, in_force: &str) -> String {
        let values = match key.setting().shape {
            Shape::Words(_, words) => words().into_iter().map(str::to_owned).collect(),
            Shape::Switch => vec!["true".to_owned(), "false".to_owned()],
            Shape::Count { min, .. } => vec![min.to_string(), (min + 1).to_string()],
            Shape::Duration { min, .. } | Shape::DurationOrNever { min, .. } => {
                [min, min + Duration::from_secs(1)].map(|time| Value::Duration(time).to_string()).into()
            }
            Shape::File(_) | Shape::Directory(_) => vec!["/other".to_owned()],
            Shape::Text(_) | Shape::TextAndWord(..) => vec![another_text(key).to_owned()],
        };
        values
            .into_iter()
            .find(|value| value != in_force)
            .expect("two values, or one that is not the default")
    }

    /// A text is known to its own parser alone, so each has its line here.
    fn another_text(key: Key) -> &'static str {
        match key {
            Key::Service => "other",
            Key::StaticPeer | Key::SelfUrl => "http://b:1/eureka/",
            Key::Zone => "z",
            Key::Namespace => "ns",
            Key::ClusterDomain => "example.org",
            Key::PortName => "web",
            Key::Port => "1",
            Key::ContextPath => "/x/",
            Key::UserInfo => "${A}:${B}",
            Key::AllowCidr | Key::DenyCidr => "10.0.0.0/8",
            Key::DnsServer => "10.0.0.1",
            Key::MaxShrink => "5%",
            Key::Output => "a.json",
            Key::FileMode => "0600",
            Key::ActuatorUrl | Key::StatusUrl => "http://a:1/",
            Key::ServerUser => "a",
            Key::Listen => ":1",
            Key::LocalListen => "127.0.0.1:2",
            _ => panic!("{key} is a text: write here one that it takes and that is not its default"),
        }
    }

    #[test]
    fn every_row_says_when_its_setting_changes() {
        for key in Key::all().filter(|key| key.setting().change != Change::NotInFile) {
            let (running, new) = before_and_after(key);
            let next = running.adopt_at_run_time(&new);
            let but_for_restart = Settings { until_restart: running.until_restart.clone(), ..new.clone() };
            assert_ne!(
                running, but_for_restart,
                "{key} has a row and no use: read it where its room's configuration is read (policy.rs, files.rs, \
                 server.rs, process.rs, peer_settings.rs; load.rs for the log), into a field of that"
            );
            match key.setting().change {
                Change::AtRunTime => {
                    assert_eq!(running.needs_restart(&new), [], "{key}");
                    assert_eq!(
                        next, new,
                        "{key} follows at run time, says its row: take it from `new` in adopt_at_run_time"
                    );
                }
                Change::AtRestart | Change::PresenceAtRestart => {
                    assert_eq!(running.needs_restart(&new), [key], "{key}");
                    assert_eq!(running.needs_restart(&next), [], "{key}");
                    assert_eq!(
                        next, running,
                        "{key} needs a restart, says its row: take it from `self` in adopt_at_run_time"
                    );
                }
                Change::NotInFile => {}
            }
        }
    }

    #[test]
    fn several_changes_are_reported_in_the_order_of_the_table() {
        let running = settings("");
        for (more, keys) in [
            ("user-info-file: /s\n", vec![Key::UserInfoFile, Key::FileMode]),
            ("layout: plain\nfile-mode: 0600\n", vec![Key::Layout, Key::FileMode]),
            ("local-listen: 127.0.0.1:2\nlisten: :1\n", vec![Key::Listen, Key::LocalListen]),
        ] {
            let new = settings(more);
            assert_eq!(running.needs_restart(&new), keys, "{more}");
            assert_eq!(running.adopt_at_run_time(&new), running, "{more}");
        }
    }

    #[test]
    fn another_file_of_credentials_is_taken_at_run_time() {
        let (running, new) = (settings("user-info-file: /s\n"), settings("user-info-file: /t\n"));
        assert_eq!(running.needs_restart(&new), []);
        assert_eq!(running.adopt_at_run_time(&new), new);
    }

    #[test]
    fn a_file_of_credentials_is_taken_beside_a_role_that_waits() {
        let running = settings("user-info-file: /s\n");
        let new = settings("user-info-file: /t\nrole: client\n");
        assert_eq!(running.needs_restart(&new), [Key::Role]);
        let next = running.adopt_at_run_time(&new);
        assert_eq!(next.policy, running.policy);
        assert_eq!(next.output.user_info, new.output.user_info);
        assert_eq!(next.server.user_info_file.as_deref(), Some("/t".as_ref()));
    }
}
