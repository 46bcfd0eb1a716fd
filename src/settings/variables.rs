//! Our variables in the environment: those that are settings, those that Kubernetes injects for a
//! Service that happens to be called `eureka-peers`, and those that somebody misspelt.

use std::ffi::OsStr;

use super::closest::closest;
use super::environment::Environment;
use super::fault::Warning;
use super::table::{Key, VARIABLE_PREFIX};

/// Misspelt variables that are named one by one; a whole environment may be somebody else's.
const UNKNOWN_SHOWN_MAX: usize = 16;

/// Our variables, sorted out.
#[derive(Debug, Default)]
pub(super) struct OurVariables<'s> {
    /// Settings and their values, as the process got them.
    pub(super) settings: Vec<(Key, String, &'s OsStr)>,
    /// What to say of the others.
    pub(super) warnings: Vec<Warning>,
}

pub(super) fn read(environment: &Environment) -> OurVariables<'_> {
    let variables: Vec<(Key, String)> = Key::all().map(|key| (key, key.variable())).collect();
    let mut ours = OurVariables::default();
    let mut injected = Vec::new();
    let mut unknown = Vec::new();
    for name in environment.variables.keys().filter(|name| name.starts_with(VARIABLE_PREFIX)) {
        let Some(value) = environment.variable(name) else { continue };
        let known = variables.iter().find(|(_, variable)| variable == name).map(|(key, _)| *key);
        match known {
            _ if is_service_link(name, value) => injected.push(name.as_str()),
            Some(key) => ours.settings.push((key, name.clone(), value)),
            None => unknown.push(name.as_str()),
        }
    }
    ours.warnings.extend(injected.first().map(|first| about_injected(first, injected.len())));
    ours.warnings.extend(unknown.iter().take(UNKNOWN_SHOWN_MAX).map(|name| about_unknown(name)));
    ours
}

/// The variables of a Service with a cluster IP (kubelet, `envvars.FromServices`): `…_SERVICE_HOST`,
/// `…_SERVICE_PORT`, `…_SERVICE_PORT_<NAME>`, `…_PORT=tcp://…`, `…_PORT_<number>_TCP` and three more.
fn is_service_link(name: &str, value: &OsStr) -> bool {
    let rest = &name[VARIABLE_PREFIX.len() - 1..];
    rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || (rest.ends_with("_PORT") && is_link_url(value))
        || rest.split_once("_PORT_").is_some_and(|(_, port)| is_numbered_port(port))
}

fn is_link_url(value: &OsStr) -> bool {
    let is_link = |text: &str| ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme));
    value.to_str().is_some_and(is_link)
}

fn is_numbered_port(port: &str) -> bool {
    let mut parts = port.split('_');
    let number =
        parts.next().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let protocol = parts.next().is_some_and(|part| matches!(part, "TCP" | "UDP" | "SCTP"));
    number && protocol && matches!(parts.next(), None | Some("PROTO" | "PORT" | "ADDR"))
}

fn about_injected(first: &str, count: usize) -> Warning {
    let message = format!(
        "{count} variables that Kubernetes injects for a Service with a similar name are ignored; \
         set `enableServiceLinks: false` in the pod to stop that"
    );
    Warning { key: first.to_owned(), message }
}

fn about_unknown(name: &str) -> Warning {
    let key = closest(&name[VARIABLE_PREFIX.len()..], Key::all().map(Key::name)).and_then(Key::from_name);
    let message = match key {
        Some(key) => format!("is not a setting and is ignored; did you mean {}?", key.variable()),
        None => "is not a setting and is ignored; see `eureka-peers run --help`".to_owned(),
    };
    Warning { key: name.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        Environment { variables, ..Environment::default() }
    }

    #[test]
    fn service_links_are_ignored_with_one_warning() {
        let with_links = environment(&[
            ("EUREKA_PEERS_PORT", "tcp://10.96.3.4:8761"),
            ("EUREKA_PEERS_SERVICE_HOST", "10.96.3.4"),
            ("EUREKA_PEERS_SERVICE_PORT", "8761"),
            ("EUREKA_PEERS_SERVICE_PORT_HTTP", "8761"),
            ("EUREKA_PEERS_PORT_8761_TCP", "tcp://10.96.3.4:8761"),
            ("EUREKA_PEERS_PORT_8761_TCP_PROTO", "tcp"),
            ("EUREKA_PEERS_PORT_8761_TCP_PORT", "8761"),
            ("EUREKA_PEERS_PORT_8761_TCP_ADDR", "10.96.3.4"),
            ("EUREKA_PEERS_METRICS_PORT", "tcp://10.96.3.5:9761"),
            ("EUREKA_PEERS_METRICS_SERVICE_HOST", "10.96.3.5"),
            ("EUREKA_PEERS_SERVICE", "eureka"),
            ("EUREKA_PEERS_PORT_NAME", "web"),
        ]);
        let ours = read(&with_links);
        let keys: Vec<Key> = ours.settings.iter().map(|(key, _, _)| *key).collect();
        assert_eq!(keys, [Key::PortName, Key::Service]);
        let [warning] = ours.warnings.as_slice() else { panic!("one warning, not {:?}", ours.warnings) };
        assert!(warning.message.starts_with("10 variables"), "{warning}");
    }

    #[test]
    fn a_port_is_a_setting_unless_it_is_a_link() {
        for (value, is_setting) in
            [("8761", true), ("http", true), ("tcp://10.0.0.1:1", false), ("udp://x", false)]
        {
            let around = environment(&[("EUREKA_PEERS_PORT", value)]);
            assert_eq!(read(&around).settings.len() == 1, is_setting, "{value}");
        }
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_closest_known_one() {
        let around = environment(&[("EUREKA_PEERS_SERVCE", "s3cret"), ("EUREKA_PEERS_XYZZY", "s3cret")]);
        let messages: Vec<String> = read(&around).warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "EUREKA_PEERS_SERVCE: is not a setting and is ignored; did you mean EUREKA_PEERS_SERVICE?",
                "EUREKA_PEERS_XYZZY: is not a setting and is ignored; see `eureka-peers run --help`",
            ]
        );
    }

    #[test]
    fn somebody_elses_environment_does_not_flood_the_log() {
        let names: Vec<String> = (0..100).map(|n| format!("EUREKA_PEERS_XYZZY_{n}")).collect();
        let variables: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert_eq!(read(&environment(&variables)).warnings.len(), UNKNOWN_SHOWN_MAX);
    }

    #[test]
    fn no_setting_looks_like_a_service_link() {
        for key in Key::all() {
            assert!(!is_service_link(&key.variable(), OsStr::new("1")), "{key}");
        }
    }
}
