//! Settings that cannot change while the program runs.
//!
//! Sockets are bound once, and the files' names, place and mode are mounted, imported and relied on by
//! others: a file under another name keeps masking the first one in a running server. Everything else
//! follows the settings file.

use super::checked::Settings;
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
        let mut next = new.clone();
        let changed = self.needs_restart(new);
        if changed.contains(&Key::Role) {
            // Defaults and checks hang on the role, so a policy for another one is of no use.
            next.policy = self.policy.clone();
            next.server = self.server.clone();
        }
        if changed.contains(&Key::UserInfoFile) {
            next.output.user_info = self.output.user_info.clone();
            next.server.user_info_file.clone_from(&self.server.user_info_file);
        }
        next.output.directory.clone_from(&self.output.directory);
        next.output.files.clone_from(&self.output.files);
        next.output.layout = self.output.layout;
        next.output.file_mode = self.output.file_mode;
        next.listen = self.listen;
        next.local_listen = self.local_listen;
        next.policy.sink = self.policy.sink.clone();
        next.log_format = self.log_format;
        next.until_restart = self.until_restart.clone();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Change, Environment, Flags, Purpose, SettingsFile, load};

    const BASE: &str = "output-dir: /a\nself-url: http://a:1/eureka/\n";

    fn settings(more: &str) -> Settings {
        let service = if more.starts_with("service") { "" } else { "service: eureka\n" };
        let file = SettingsFile { path: "/c.yaml".into(), content: Ok(format!("{service}{BASE}{more}")) };
        let loaded = load(&Flags::default(), Some(&file), &Environment::default(), Purpose::Check);
        loaded.unwrap_or_else(|rejected| panic!("{more}: {rejected}")).settings
    }

    /// Another value than the base and its defaults have: a line of the file, behind what it needs.
    fn changed(key: Key) -> (&'static str, &'static str) {
        match key {
            Key::Role => ("", "role: client\n"),
            Key::Service => ("", "service: other\n"),
            Key::StaticPeer => ("", "static-peer: http://b:1/eureka/\n"),
            Key::Zone => ("", "zone: z\n"),
            Key::Namespace => ("", "namespace: ns\n"),
            Key::ClusterDomain => ("", "cluster-domain: example.org\n"),
            Key::PeerHost => ("", "peer-host: ipv4\n"),
            Key::PortName => ("", "port-name: web\n"),
            Key::Port => ("", "port: 1\n"),
            Key::Scheme => ("", "scheme: https\n"),
            Key::ContextPath => ("", "context-path: /x/\n"),
            Key::SelfUrl => ("", "self-url: http://b:1/eureka/\n"),
            Key::UserInfo => ("", "user-info: ${A}:${B}\n"),
            Key::UserInfoFile => ("file-mode: 0644\n", "user-info-file: /s\n"),
            Key::AllowCidr => ("peer-host: ipv4\n", "allow-cidr: 10.0.0.0/8\n"),
            Key::DenyCidr => ("peer-host: ipv4\n", "deny-cidr: 10.0.0.0/8\n"),
            Key::MaxPeers => ("", "max-peers: 3\n"),
            Key::DnsServer => ("", "dns-server: 10.0.0.1\n"),
            Key::Interval => ("", "interval: 5s\n"),
            Key::RemoveAfter => ("", "remove-after: 5s\n"),
            Key::EmptyAfter => ("", "empty-after: 5s\n"),
            Key::MaxShrink => ("", "max-shrink: 5%\n"),
            Key::ShrinkAfter => ("", "shrink-after: 5s\n"),
            Key::MinPeers => ("", "min-peers: 5\n"),
            Key::StartDeadline => ("", "start-deadline: 5s\n"),
            Key::OnDeadline => ("", "on-deadline: wait\n"),
            Key::Freeze => ("", "freeze: true\n"),
            Key::OutputDir => ("", "output-dir: /b\n"),
            Key::Output => ("", "output: a.json\n"),
            Key::Layout => ("", "layout: plain\n"),
            Key::FileMode => ("", "file-mode: 0600\n"),
            Key::Adopt => ("actuator-url: http://a:1/\n", "adopt: env\n"),
            Key::ActuatorUrl => ("", "actuator-url: http://a:1/\n"),
            Key::StatusUrl => ("", "status-url: http://a:1/\n"),
            Key::ServerUser => ("", "server-user: a\nserver-password-file: /p\n"),
            Key::ServerPasswordFile => ("", "server-password-file: /p\nserver-user: a\n"),
            Key::CaFile => ("", "ca-file: /c\n"),
            Key::Listen => ("", "listen: :1\n"),
            Key::LocalListen => ("", "local-listen: 127.0.0.1:2\n"),
            Key::LogLevel => ("", "log-level: debug\n"),
            Key::LogFormat => ("", "log-format: text\n"),
            Key::Config => ("", ""),
        }
    }

    /// The settings before and after a change of this one alone.
    fn before_and_after(key: Key) -> (Settings, Settings) {
        let (needed, line) = changed(key);
        let replaced = |line: &str| format!("{needed}{line}");
        // A key stands in a file once, so what replaces a line of the base is read without it.
        match key {
            Key::OutputDir | Key::SelfUrl => {
                let text = |line: &str| {
                    let base = BASE.lines().filter(|given| !given.starts_with(key.name()));
                    base.map(|line| format!("{line}\n")).chain([line.to_owned()]).collect::<String>()
                };
                let read = |line: &str| {
                    let content = Ok(format!("service: eureka\n{}", text(line)));
                    let file = SettingsFile { path: "/c.yaml".into(), content };
                    let loaded =
                        load(&Flags::default(), Some(&file), &Environment::default(), Purpose::Check);
                    loaded.unwrap_or_else(|rejected| panic!("{line}: {rejected}")).settings
                };
                (settings(""), read(line))
            }
            Key::Service => (settings(""), settings(line)),
            _ => (settings(&replaced("")), settings(&replaced(line))),
        }
    }

    #[test]
    fn every_row_says_when_its_setting_changes() {
        for key in Key::all() {
            let (running, new) = before_and_after(key);
            let next = running.adopt_at_run_time(&new);
            match key.setting().change {
                Change::AtRunTime => {
                    assert_eq!(running.needs_restart(&new), [], "{key}");
                    assert_eq!(next, new, "{key}");
                    assert_ne!(running, new, "{key} is of no use");
                }
                Change::AtRestart | Change::PresenceAtRestart => {
                    assert_eq!(running.needs_restart(&new), [key], "{key}");
                    assert_eq!(running.needs_restart(&next), [], "{key}");
                    assert_eq!(next, running, "{key}");
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
}
