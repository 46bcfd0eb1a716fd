//! Whole settings: from sources to values, and every fault at once.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::admin::ListenAddress;
use crate::document::{Format, OutputFile, UserInfo, UserInfoSource};
use crate::eureka::ServerAccess;
use crate::model::{DurationOrNever, HttpUrl, MaxShrink, PodIdentity, Zone};
use crate::publish::Layout;
use crate::reconcile::{Adoption, OnDeadline, Policy, RefreshCall};
use crate::settings::environment::Files;
use crate::settings::fault::Origin;
use crate::settings::table::{Condition, DefaultValue, Shape, Value};
use crate::telemetry::{LogFormat, LogLevel};

const BASE: &str = "service: eureka\noutput-dir: /eureka-peers\n";

fn pod() -> Environment {
    let variables = [
        ("POD_NAME", "eureka-0"),
        ("POD_IP", "10.244.1.7"),
        ("POD_IPS", "10.244.1.7,fd00::7"),
        ("POD_NAMESPACE", "ns"),
    ];
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
    Environment {
        variables,
        search: vec!["ns.svc.cluster.local".to_owned(), "svc.cluster.local".to_owned()],
        host_name: Some("eureka-0".to_owned()),
        managed_hosts: Vec::new(),
        interface_addresses: Vec::new(),
        is_terminal: false,
        files: Files::None,
    }
}

fn with(mut environment: Environment, variables: &[(&str, &str)]) -> Environment {
    for (name, value) in variables {
        environment.variables.insert((*name).to_owned(), value.into());
    }
    environment
}

fn file(text: &str) -> SettingsFile {
    SettingsFile { path: "/c.yaml".into(), content: Ok(text.to_owned()) }
}

fn load_in(environment: &Environment, text: &str, purpose: Purpose) -> Result<Loaded, Rejected> {
    load(&Flags::default(), Some(&file(text)), environment, purpose)
}

/// The base and a little more, read in a pod.
fn loaded(more: &str) -> Loaded {
    load_in(&pod(), &format!("{BASE}{more}"), Purpose::Run)
        .unwrap_or_else(|rejected| panic!("{more}: {rejected}"))
}

fn settings(more: &str) -> Settings {
    loaded(more).settings
}

fn warnings(more: &str) -> Vec<String> {
    loaded(more).warnings.iter().map(ToString::to_string).collect()
}

/// The faults of the base and a little more, without their place.
fn faults(more: &str) -> Vec<String> {
    match load_in(&pod(), &format!("{BASE}{more}"), Purpose::Run) {
        Ok(_) => Vec::new(),
        Err(rejected) => {
            rejected.faults.iter().map(|fault| format!("{}: {}", fault.key, fault.problem)).collect()
        }
    }
}

fn hint(more: &str) -> String {
    let rejected = load_in(&pod(), &format!("{BASE}{more}"), Purpose::Run).expect_err(more);
    assert_eq!(rejected.faults.len(), 1, "{more}: {rejected}");
    rejected.faults[0].hint.clone()
}

fn own(settings: &Settings) -> &Own {
    settings.policy.own().expect("a server's settings")
}

#[test]
fn an_empty_configuration_gives_the_documented_values() {
    let Settings { policy, dns_servers, output, server, listen, local_listen, log_level, log_format, .. } =
        settings("");
    assert_eq!(policy.questions.len(), 1);
    assert_eq!(policy.questions[0].to_string(), "_http._tcp.eureka.ns.svc.cluster.local. SRV");
    assert_eq!(
        policy.own().map(|own| own.url.as_str()),
        Some("http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/")
    );
    assert_eq!(policy.port, None);
    assert_eq!(policy.interval, Duration::from_secs(1));
    assert_eq!(policy.remove_after, DurationOrNever::After(Duration::from_secs(30)));
    assert_eq!(policy.empty_after, DurationOrNever::Never);
    assert_eq!(policy.max_shrink.to_string(), "50%");
    assert_eq!(policy.shrink_after, DurationOrNever::After(Duration::from_secs(300)));
    assert_eq!((policy.min_peers, policy.max_peers), (0, 512));
    assert_eq!((policy.start_deadline, policy.on_deadline), (Duration::from_secs(10), OnDeadline::Publish));
    assert!(!policy.freeze);
    assert_eq!(policy.adoption, Adoption::None);
    assert_eq!(policy.sink.as_str(), "http://127.0.0.1:9762/sink/eureka/");
    assert_eq!(dns_servers, []);
    assert_eq!(
        output.files,
        [OutputFile { name: "peers.properties".parse().unwrap(), format: Format::SpringProperties }]
    );
    assert_eq!(
        (output.layout, output.file_mode, output.zone.as_str()),
        (Layout::Volume, 0o644, "defaultZone")
    );
    assert_eq!(output.user_info, UserInfoSource::None);
    assert_eq!(
        (server.actuator_url, server.status_url, server.credentials, server.ca_file),
        (None, None, None, None)
    );
    assert_eq!(listen.preferred().to_string(), "[::]:9761");
    assert_eq!(local_listen.to_string(), "127.0.0.1:9762");
    assert_eq!((log_level, log_format), (LogLevel::Info, LogFormat::Json));
}

/// What the table says of a setting, against what an empty configuration gives: the value that holds is the
/// one that the row has, wherever it is written out.
#[test]
fn defaults_are_those_of_the_table() {
    let empty = loaded("");
    let in_force = |loaded: &Loaded, key: Key| {
        let entry = loaded.provenance.entries().iter().find(|entry| entry.key == key);
        entry.unwrap_or_else(|| panic!("{key} has a row and no use: read it for a configuration")).clone()
    };
    let written_out = |key: Key, value: Value, more: &str| {
        let flags = Flags::from_iter([(key, vec![value.to_string()])]);
        let text = format!("{BASE}{more}");
        load(&flags, Some(&file(&text)), &pod(), Purpose::Run).unwrap_or_else(|it| panic!("{key}: {it}"))
    };
    let is_default = |key: Key, value: Value, of: &Loaded, more: &str| {
        let entry = in_force(of, key);
        assert_eq!(entry.origin, Origin::Default, "{key}");
        let given = written_out(key, value, more);
        assert_eq!(entry.value, in_force(&given, key).value, "{key}");
        assert_eq!(of.settings, given.settings, "{key}: {value}");
    };
    for key in Key::all() {
        let row = key.setting();
        match row.default {
            DefaultValue::Nothing if row.required_for.is_empty() => {
                assert_eq!(in_force(&empty, key).value, None, "{key}");
            }
            DefaultValue::Nothing => {
                let alone = |purpose| load(&Flags::default(), None, &pod(), purpose);
                for purpose in [Purpose::Run, Purpose::Init, Purpose::Check, Purpose::Print, Purpose::Contact]
                {
                    let faults = alone(purpose).map_or_else(|rejected| rejected.faults, |_| vec![]);
                    let is_missed =
                        faults.iter().any(|it| it.key == key.name() && it.problem == "is required");
                    assert_eq!(is_missed, row.required_for.contains(&purpose), "{key}, {purpose:?}");
                }
            }
            DefaultValue::Is(value) => is_default(key, value, &empty, ""),
            DefaultValue::Either { value, condition, otherwise } => {
                is_default(key, otherwise, &empty, "");
                let more = match condition {
                    Condition::Has(name, word) => format!("{name}: {word}\n"),
                    Condition::Given("user-info-file") => "user-info-file: /s\n".to_owned(),
                    Condition::Given("actuator-url") => "actuator-url: http://a:1/\n".to_owned(),
                    Condition::Given(other) => panic!("{other} needs a value here"),
                    // Seen in another test, because it is not said in a file.
                    Condition::Terminal => continue,
                };
                is_default(key, value, &loaded(&more), &more);
            }
            DefaultValue::Found { otherwise: Some(otherwise), .. } => {
                let bare = Environment { host_name: Some("a".to_owned()), ..Environment::default() };
                let found = load_in(&bare, BASE, Purpose::Run).expect("valid");
                let flags = Flags::from_iter([(key, vec![otherwise.to_string()])]);
                let given = load(&flags, Some(&file(BASE)), &bare, Purpose::Run).expect("valid");
                let own = |loaded: &Loaded| own(&loaded.settings).clone();
                assert_eq!(own(&found), own(&given), "{key}");
                assert_eq!(found.settings.policy.questions, given.settings.policy.questions, "{key}");
            }
            // Who we are is found while settings are read; the others are found later, by who uses them.
            DefaultValue::Found { otherwise: None, .. } => {
                assert_eq!(in_force(&empty, key).value.is_some(), key == Key::SelfUrl, "{key}");
            }
        }
    }
}

#[test]
fn rooms_below_have_the_defaults_of_the_table() {
    let settings = settings("");
    assert_eq!(settings.output.zone, Zone::default());
    assert_eq!(settings.policy.context_path, ContextPath::default());
    assert_eq!(settings.policy.max_shrink, MaxShrink::HALF);
}

#[test]
fn defaults_depend_on_what_else_is_said() {
    let client = settings("role: client\n");
    assert_eq!(client.policy.role, Role::Client);
    assert_eq!(client.policy.interval, Duration::from_secs(10));
    let told = settings(
        "actuator-url: http://127.0.0.1:8762/actuator\nport: 8080\ncontext-path: /e\nscheme: http\n",
    );
    assert_eq!(told.policy.adoption, Adoption::Refresh { call: RefreshCall::Refresh, confirm: true });
    assert_eq!(
        told.server.status_url.map(|url| url.to_string()).as_deref(),
        Some("http://127.0.0.1:8080/e/status")
    );
    let secret = settings("user-info-file: /secret/peers\n");
    assert_eq!(secret.output.file_mode, 0o640);
    let terminal = Environment { is_terminal: true, ..pod() };
    let at_terminal = load_in(&terminal, BASE, Purpose::Run).expect("valid").settings;
    assert_eq!(at_terminal.log_format, LogFormat::Text);
}

#[test]
fn every_fault_is_told_at_once() {
    let environment = with(pod(), &[("EUREKA_PEERS_INTERVAL", "5"), ("EUREKA_PEERS_LISTEN", "localhost:80")]);
    let flags = Flags::from_iter([(Key::MaxShrink, vec!["half".to_owned()])]);
    let file = file("servce: eureka\nport: http\nadopt: env\n");
    let rejected = load(&flags, Some(&file), &environment, Purpose::Run).expect_err("faulty");
    let told: Vec<String> = rejected.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "unknown key (/c.yaml line 1): is not a setting; did you mean `service`?",
            "service: is required; write the name of the headless Service, such as eureka, eureka.ns or \
             eureka.ns.svc.cluster.local",
            "port (/c.yaml line 2): \"http\" is not a valid port: expected 1 to 65535; \
             write the number of the port; a name belongs into --port-name",
            "interval (EUREKA_PEERS_INTERVAL): \"5\" has no unit: expected a duration such as 30s or 5m; \
             write a duration with its unit, such as 1s or 500ms",
            "max-shrink (--max-shrink): \"half\" is not a valid percentage: expected a whole one from 0% to 100%; \
             write a whole percentage with its sign, such as 50%",
            "output-dir: is required; name the mounted directory, such as /eureka-peers",
            "adopt (/c.yaml line 3): needs the server's actuator; \
             give --actuator-url, such as http://127.0.0.1:8762/actuator",
            "listen (EUREKA_PEERS_LISTEN): \"localhost:80\" is not a valid address: expected an IP address and a port; \
             write an address and a port, such as 0.0.0.0:9761, [::]:9761, or :9761 for every address",
        ]
    );
    assert_eq!(rejected.to_string().lines().count(), 8);
}

#[test]
fn provenance_tells_value_and_source_of_every_setting() {
    let environment = with(pod(), &[("EUREKA_PEERS_REMOVE_AFTER", "1m")]);
    let flags = Flags::from_iter([(Key::Zone, vec!["z".to_owned()])]);
    let text = format!("{BASE}interval: 1000ms\nstatic-peer: [http://b:1/e, 'http://a:1/e/']\n");
    let loaded = load(&flags, Some(&file(&text)), &environment, Purpose::Run).expect("valid");
    let entries = loaded.provenance.entries();
    assert_eq!(entries.iter().map(|entry| entry.key).collect::<Vec<_>>(), Key::all().collect::<Vec<_>>());
    let shown = |key: Key| {
        let entry = entries.iter().find(|entry| entry.key == key).expect("every setting is there");
        (entry.value.as_deref().unwrap_or("-").to_owned(), entry.origin.to_string())
    };
    for (key, value, origin) in [
        (Key::Zone, "z", "flag"),
        (Key::RemoveAfter, "1m", "EUREKA_PEERS_REMOVE_AFTER"),
        (Key::Interval, "1s", "/c.yaml line 3"),
        (Key::StaticPeer, "http://b:1/e/,http://a:1/e/", "/c.yaml line 4"),
        (Key::Service, "eureka.ns.svc.cluster.local", "/c.yaml line 1"),
        (Key::Namespace, "ns", "POD_NAMESPACE"),
        (Key::ClusterDomain, "cluster.local", "/etc/resolv.conf"),
        (Key::SelfUrl, "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/", "POD_NAME"),
        (Key::Output, "peers.properties=spring-properties", "default"),
        (Key::FileMode, "0644", "default"),
        (Key::Freeze, "false", "default"),
        (Key::StatusUrl, "-", "default"),
        (Key::Listen, "[::]:9761", "default"),
    ] {
        assert_eq!(shown(key), (value.to_owned(), origin.to_owned()), "{key}");
    }
}

#[test]
fn a_fingerprint_follows_the_settings_and_not_the_pod() {
    let print = |environment: &Environment, more: &str| {
        load_in(environment, &format!("{BASE}{more}"), Purpose::Run).expect("valid").provenance.fingerprint()
    };
    let other_pod = with(pod(), &[("POD_NAME", "eureka-1"), ("POD_IP", "10.244.1.8")]);
    assert_eq!(print(&pod(), ""), print(&other_pod, ""));
    assert_eq!(print(&pod(), "interval: 1s\n"), print(&pod(), "interval: 1000ms\n"));
    assert_ne!(print(&pod(), ""), print(&pod(), "interval: 2s\n"));
    assert_eq!(print(&pod(), ""), print(&with(pod(), &[("EUREKA_PEERS_INTERVAL", "1s")]), ""));
}

#[test]
fn services_are_completed_and_united() {
    let settings = settings("");
    let asked = |text: &str| {
        let text = format!("output-dir: /a\nservice: {text}\n");
        let loaded = load_in(&pod(), &text, Purpose::Run).expect("valid");
        loaded
            .settings
            .policy
            .questions
            .iter()
            .map(|question| question.service().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(settings.policy.questions[0].service().to_string(), "eureka.ns.svc.cluster.local");
    assert_eq!(
        asked("[eureka, eureka.ns, eureka.ns.svc.cluster.local., b.other]"),
        ["eureka.ns.svc.cluster.local", "b.other.svc.cluster.local"]
    );
    assert_eq!(asked("eureka.example."), ["eureka.example"]);
    let bare = Environment::default();
    let loaded = load_in(&bare, "service: eureka\nself-url: http://a:1/e\noutput-dir: /a\n", Purpose::Run)
        .expect("valid");
    assert_eq!(loaded.settings.policy.questions[0].service().to_string(), "eureka.default.svc.cluster.local");
    assert_eq!(
        warnings("port: 1\nself-url: http://x/e/\nstatic-peer: http://vm:8761\n"),
        ["static-peer: http://vm:8761/ has no path; a Eureka server's is usually /eureka/"]
    );
    let half = load_in(&pod(), "service: eureka.ns.svc\noutput-dir: /a\n", Purpose::Run).expect("valid");
    assert_eq!(
        half.warnings[0].to_string(),
        "service: eureka.ns.svc is taken as an absolute name, because it has three labels; \
         write eureka.ns or eureka.ns.svc.cluster.local"
    );
}

#[test]
fn wrong_services_say_what_to_write() {
    let fault = |service: &str, more: &str| {
        let text = format!("output-dir: /a\nservice: {service}\n{more}");
        let rejected = load_in(&pod(), &text, Purpose::Run).expect_err(service);
        assert_eq!(rejected.faults.len(), 1, "{rejected}");
        rejected.faults[0].clone()
    };
    let url = fault("http://eureka:8761/eureka/", "");
    assert!(url.hint.contains("write the Service's name alone"), "{url}");
    let secret = fault("http://bob:s3cret@eureka/", "");
    assert!(!secret.to_string().contains("s3cret"), "{secret}");
    let many = (0..17).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",");
    assert_eq!(fault(&many, "").problem, "has 17 values: expected 16 at most");
    assert_eq!(fault("[]", "").problem, "is required");
    assert_eq!(
        fault("a_b", "").problem,
        "\"a_b\" contains '_': expected a host name of a-z, 0-9 and hyphens"
    );
    assert_eq!(fault("eureka", "namespace: a.b\n").problem, "\"a.b\" has more than one label: expected one");
}

#[test]
fn durations_and_counts_have_bounds() {
    let duration = "is not a valid duration: expected";
    for (more, problem, cure) in [
        ("interval: 10ms\n", format!("interval: \"10ms\" {duration} one from 100ms to 1h"), "such as 1s"),
        ("interval: 2h\n", format!("interval: \"2h\" {duration} one from 100ms to 1h"), "such as 1s"),
        ("interval: never\n", format!("interval: \"never\" {duration} a number with its unit"), "such as 1s"),
        ("empty-after: 0s\n", format!("empty-after: \"0s\" {duration} one from 1s to 30days"), "`never`"),
        ("remove-after: 2d\n", format!("remove-after: \"2d\" {duration} one from 0s to 1day"), "`never`"),
        (
            "remove-after: 30\n",
            "remove-after: \"30\" has no unit: expected a duration such as 30s or 5m".to_owned(),
            "such as 30s",
        ),
        (
            "start-deadline: 61m\n",
            format!("start-deadline: \"61m\" {duration} one from 0s to 1h"),
            "such as 10s",
        ),
        (
            "max-peers: 0\n",
            "max-peers: \"0\" is not a valid number: expected one from 1 to 4096".to_owned(),
            "a whole number",
        ),
        (
            "max-peers: many\n",
            "max-peers: \"many\" is not a valid number: expected one from 1 to 4096".to_owned(),
            "a whole number",
        ),
        ("min-peers: 600\n", "min-peers: waits for 600 peers, and --max-peers is 512".to_owned(), "lower it"),
    ] {
        assert_eq!(faults(more), [problem]);
        assert!(hint(more).contains(cure), "{more}: {}", hint(more));
    }
    assert_eq!(settings("remove-after: never\n").policy.remove_after, DurationOrNever::Never);
    assert_eq!(settings("interval: 100ms\n").policy.interval, Duration::from_millis(100));
}

#[test]
fn values_of_addresses_and_names_go_with_the_peer_host() {
    assert_eq!(
        faults("allow-cidr: 10.0.0.0/8\n"),
        ["allow-cidr: applies to addresses, but --peer-host name lists names"]
    );
    assert_eq!(
        faults("deny-cidr: 10.0.0.0/8\n"),
        ["deny-cidr: applies to addresses, but --peer-host name lists names"]
    );
    assert_eq!(hint("peer-host: ipv4\nallow-cidr: 10.0.0.1\n"), "write 10.0.0.1/32 for this address alone");
    assert_eq!(
        faults("peer-host: ipv6\nallow-cidr: 10.0.0.0/8\n"),
        ["allow-cidr: allows no address of the family that --peer-host asks for"]
    );
    let allowed = settings("peer-host: ipv4\nallow-cidr: [10.0.0.0/8, fd00::/8]\ndeny-cidr: 10.1.0.0/16\n");
    assert!(allowed.policy.address_policy.allows("10.2.0.1".parse().expect("valid")));
    assert!(!allowed.policy.address_policy.allows("10.1.0.1".parse().expect("valid")));
    assert_eq!(allowed.policy.questions[0].to_string(), "eureka.ns.svc.cluster.local. A");
    assert_eq!(warnings("peer-host: ipv4\nport-name: web\n").len(), 1);
}

#[test]
fn self_is_known_by_the_downward_api() {
    let by_name = settings("port: 8080\n");
    assert_eq!(own(&by_name).url.as_str(), "http://eureka-0.eureka.ns.svc.cluster.local:8080/eureka/");
    let addresses = ["10.244.1.7", "fd00::7"].map(|address| address.parse().expect("valid")).into();
    let name = Some("eureka-0".parse().expect("valid"));
    let identity = PodIdentity { name, addresses, ..PodIdentity::default() };
    assert_eq!(own(&by_name).identity, identity);
    assert_eq!(own(&settings("peer-host: ipv4\n")).url.as_str(), "http://10.244.1.7:8761/eureka/");
    let ipv6 = loaded("peer-host: ipv6\n");
    assert_eq!(own(&ipv6.settings).url.as_str(), "http://[fd00::7]:8761/eureka/");
    assert!(
        ipv6.warnings[0].message.contains("EUREKA_SERVER_MYURL=http://[fd00::7]:8761/eureka/"),
        "{:?}",
        ipv6.warnings
    );
}

/// The pod with what the kubelet wrote into its hosts file.
fn pod_with_hosts(lines: &[(&str, &str)]) -> Environment {
    let line =
        |(address, name): &(&str, &str)| (address.parse().expect("valid"), name.parse().expect("valid"));
    Environment { managed_hosts: lines.iter().map(line).collect(), ..pod() }
}

#[test]
fn the_kubelet_tells_the_service_that_governs_the_pod() {
    let governing = |lines: &[(&str, &str)]| {
        let loaded = load_in(&pod_with_hosts(lines), BASE, Purpose::Run).expect("valid");
        own(&loaded.settings).identity.governing.as_ref().map(ToString::to_string)
    };
    let mine = "eureka-0.eureka.ns.svc.cluster.local";
    let service = Some("eureka.ns.svc.cluster.local");
    assert_eq!(
        governing(&[("127.0.0.1", "localhost"), ("10.244.1.7", mine), ("fd00::7", mine)]).as_deref(),
        service
    );
    assert_eq!(governing(&[("::ffff:10.244.1.7", mine)]).as_deref(), service);
    for lines in [
        &[][..],
        &[("10.244.1.8", mine)],
        &[("10.244.1.7", "eureka-1.eureka.ns.svc.cluster.local")],
        &[("10.244.1.7", "eureka-0")],
        &[("10.244.1.7", "eureka-0.example.org")],
        &[("10.244.1.7", mine), ("fd00::7", "eureka-0.other.ns.svc.cluster.local")],
    ] {
        assert_eq!(governing(lines), None, "{lines:?}");
    }
    let by_host_name = Environment {
        managed_hosts: pod_with_hosts(&[("192.168.1.2", "other.eureka.ns.svc.cluster.local")]).managed_hosts,
        host_name: Some("other.eureka.ns.svc.cluster.local".to_owned()),
        interface_addresses: vec!["192.168.1.2".parse().expect("valid")],
        ..pod()
    };
    let loaded = load_in(&by_host_name, BASE, Purpose::Run).expect("valid");
    assert!(own(&loaded.settings).identity.governing.is_some(), "the host name is the pod's name in DNS");
}

#[test]
fn of_several_services_the_governing_one_names_self() {
    let around = pod_with_hosts(&[("10.244.1.7", "eureka-0.eureka.ns.svc.cluster.local")]);
    let text = "service: [eureka-west, eureka]\noutput-dir: /eureka-peers\n";
    let told = load_in(&around, text, Purpose::Run).expect("valid");
    assert_eq!(own(&told.settings).url.as_str(), "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/");
    assert_eq!(told.warnings, []);
    let untold = load_in(&pod(), text, Purpose::Run).expect("valid");
    assert_eq!(
        own(&untold.settings).url.as_str(),
        "http://eureka-0.eureka-west.ns.svc.cluster.local:8761/eureka/"
    );
    let other_domain = "service: [eureka-west, eureka.ns.svc.k8s.example]\noutput-dir: /eureka-peers\n";
    let alias = load_in(&around, other_domain, Purpose::Run).expect("valid");
    assert_eq!(own(&alias.settings).url.as_str(), "http://eureka-0.eureka.ns.svc.k8s.example:8761/eureka/");
    assert_eq!(alias.warnings, [], "the same Service in another of the cluster's domains");
}

#[test]
fn where_the_kubelet_names_a_service_our_name_below_another_is_not_ours() {
    let around = pod_with_hosts(&[("10.244.1.7", "eureka-0.eureka.ns.svc.cluster.local")]);
    let loaded = load_in(&around, "service: eureka-north\noutput-dir: /eureka-peers\n", Purpose::Run);
    let loaded = loaded.expect("valid");
    assert_eq!(
        own(&loaded.settings).url.as_str(),
        "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/"
    );
}

#[test]
fn the_pods_name_in_dns_is_its_host_name() {
    let around = pod_with_hosts(&[("10.244.1.7", "registry-0.eureka.ns.svc.cluster.local")]);
    let around = Environment { host_name: Some("registry-0".to_owned()), ..around };
    let loaded = load_in(&around, BASE, Purpose::Run).expect("valid");
    assert_eq!(
        own(&loaded.settings).url.as_str(),
        "http://registry-0.eureka.ns.svc.cluster.local:8761/eureka/"
    );
    let name = own(&loaded.settings).identity.name.as_ref().map(ToString::to_string);
    assert_eq!(name.as_deref(), Some("registry-0"), "POD_NAME says eureka-0");
}

#[test]
fn static_peers_that_are_pods_of_ours_are_completed() {
    let text = "static-peer:\n  - http://eureka-0.eureka:8761/eureka/\n  - http://eureka-1.eureka.ns.svc:8761/eureka/\n  \
                - http://vm.example.org:8761/eureka/\n  - http://vm-1:8761/eureka/\n";
    let loaded = load_in(&pod(), &format!("{BASE}{text}"), Purpose::Run).expect("valid");
    let peers: Vec<_> = loaded.settings.policy.static_peers.iter().map(ToString::to_string).collect();
    assert_eq!(
        peers,
        [
            "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/",
            "http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/",
            "http://vm-1:8761/eureka/",
            "http://vm.example.org:8761/eureka/",
        ]
    );
}

#[test]
fn a_service_that_is_not_the_pods_own_is_warned_about() {
    let around = pod_with_hosts(&[("10.244.1.7", "eureka-0.eureka.ns.svc.cluster.local")]);
    let warnings = |text: &str, purpose| {
        let text = format!("output-dir: /eureka-peers\n{text}");
        let loaded = load_in(&around, &text, purpose).unwrap_or_else(|rejected| panic!("{text}: {rejected}"));
        loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let wrong = "service: names eurek.ns.svc.cluster.local, while this pod belongs to the Service \
                 eureka.ns.svc.cluster.local (/etc/hosts): two registries may merge, or no peer be found; give \
                 --service eureka.ns.svc.cluster.local, or say with --self-url who this pod is there";
    for purpose in [Purpose::Run, Purpose::Init, Purpose::Check, Purpose::Print] {
        assert_eq!(warnings("service: eurek\n", purpose), [wrong], "{purpose:?}");
    }
    assert_eq!(warnings("service: [eurek, eureka-west]\n", Purpose::Run).len(), 1);
    for fine in [
        "service: eureka\n",
        "service: [eurek, eureka]\n",
        "service: eureka-mesh\npeer-host: ipv4\n",
        "service: eurek\nrole: client\n",
        "service: eurek\nself-url: http://eureka-0.eurek:8761/eureka/\n",
    ] {
        assert_eq!(warnings(fine, Purpose::Run), Vec::<String>::new(), "{fine}");
    }
    let elsewhere = warnings("service: eurek\nself-url: http://vip.example.org:8761/eureka/\n", Purpose::Run);
    assert_eq!(elsewhere, [wrong], "who we are elsewhere says nothing of the Service");
}

#[test]
fn a_self_url_beats_the_downward_api() {
    let name_of = |more: &str| own(&settings(more)).identity.name.as_ref().map(ToString::to_string);
    assert_eq!(
        name_of("self-url: http://other.eureka.ns.svc.cluster.local:8761/eureka/\n").as_deref(),
        Some("other")
    );
    assert_eq!(name_of("self-url: http://other.eureka:8761/eureka/\n").as_deref(), Some("other"));
    assert_eq!(name_of("self-url: http://other.eureka.n:8761/eureka/\n").as_deref(), Some("eureka-0"));
    assert_eq!(name_of("self-url: http://vip.example.org:8761/eureka/\n").as_deref(), Some("eureka-0"));
    let address = settings("self-url: http://10.9.9.9:8761/eureka/\n");
    assert!(own(&address).identity.addresses.contains(&"10.9.9.9".parse().expect("valid")));
    assert_eq!(
        warnings("self-url: http://eureka-1.eureka:8761/eureka/\n"),
        ["self-url: names eureka-1 while POD_NAME says eureka-0; the URL is believed"]
    );
    assert_eq!(warnings("self-url: http://eureka-0.eureka:8761/eureka/\n"), Vec::<String>::new());
}

#[test]
fn without_the_downward_api_the_machine_stands_in() {
    let around = Environment {
        host_name: Some("Eureka-2.example.org".to_owned()),
        interface_addresses: vec!["192.168.1.2".parse().expect("valid")],
        ..Environment::default()
    };
    let text = format!("{BASE}namespace: ns\n");
    let quiet = load_in(&around, &text, Purpose::Run).expect("valid");
    assert_eq!(own(&quiet.settings).url.as_str(), "http://eureka-2.eureka.ns.svc.cluster.local:8761/eureka/");
    assert!(own(&quiet.settings).identity.addresses.contains(&"192.168.1.2".parse().expect("valid")));
    assert_eq!(quiet.warnings, []);
    let in_a_pod = with(around, &[("KUBERNETES_SERVICE_HOST", "10.96.0.1")]);
    let told = load_in(&in_a_pod, &text, Purpose::Run).expect("valid");
    let keys: Vec<&str> = told.warnings.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(keys, ["POD_NAME", "POD_IP"]);
}

#[test]
fn who_cannot_be_told_apart_is_a_fault_where_it_matters() {
    let nobody = Environment { host_name: Some("my_laptop".to_owned()), ..Environment::default() };
    for purpose in [Purpose::Run, Purpose::Init, Purpose::Check] {
        let rejected = load_in(&nobody, BASE, purpose).expect_err("nobody");
        assert_eq!(
            rejected.to_string(),
            "self-url: is unknown: the pod does not say who it is; \
             set POD_NAME with `fieldRef: metadata.name`, or give --self-url"
        );
    }
    let printed = load_in(&nobody, "service: eureka\n", Purpose::Print).expect("printing needs no self");
    assert_eq!(printed.settings.policy.role, Role::Client);
    assert_eq!(printed.warnings.len(), 1);
    let unresolved = with(pod(), &[("POD_IP", "$(POD_IP)"), ("POD_NAME", "a.b")]);
    let rejected = load_in(&unresolved, BASE, Purpose::Run).expect_err("nonsense");
    let keys: Vec<&str> = rejected.faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["POD_NAME", "POD_IP"]);
    assert_eq!(rejected.faults[1].hint, "set it with `fieldRef: status.podIP`, or not at all");
}

#[test]
fn what_must_be_there_depends_on_the_purpose() {
    for (purpose, needs_directory) in
        [(Purpose::Run, true), (Purpose::Init, true), (Purpose::Check, false), (Purpose::Print, false)]
    {
        assert_eq!(load_in(&pod(), "service: eureka\n", purpose).is_err(), needs_directory, "{purpose:?}");
        let fail = format!("{BASE}on-deadline: fail\n");
        assert_eq!(load_in(&pod(), &fail, purpose).is_err(), purpose == Purpose::Run, "{purpose:?}");
    }
}

#[test]
fn who_names_the_servers_elsewhere_needs_no_service() {
    let nobody = Environment { host_name: Some("my_laptop".to_owned()), ..Environment::default() };
    let loaded = load_in(&nobody, "ca-file: /ca.pem\n", Purpose::Contact).expect("nothing is required");
    assert_eq!((loaded.settings.policy.questions.len(), loaded.warnings.len()), (0, 0));
    assert!(load_in(&nobody, "interval: x\n", Purpose::Contact).is_err());
}

#[test]
fn outputs_get_their_format_from_the_extension_or_by_name() {
    let formats = |output: &str| -> Vec<Format> {
        settings(&format!("output: {output}\n")).output.files.iter().map(|file| file.format).collect()
    };
    assert_eq!(
        formats(
            "[a.properties, b.yaml, c.yml, d.env, e.json, f.txt, g.lines, h.properties=archaius, i=lines]"
        ),
        [
            Format::SpringProperties,
            Format::SpringYaml,
            Format::SpringYaml,
            Format::Env,
            Format::Json,
            Format::Lines,
            Format::Lines,
            Format::Archaius,
            Format::Lines
        ]
    );
    assert_eq!(formats("tree=configtree"), [Format::Configtree]);
    assert_eq!(formats("a.json, a.json"), [Format::Json]);
    for (output, problem) in [
        ("peers", "\"peers\" has no extension that names a format"),
        ("peers.conf", "\"peers.conf\" has no extension that names a format"),
        (".peers.json", "\".peers.json\" begins with a dot: expected a name that is not hidden"),
        ("..data=lines", "\"..data\" begins with a dot: expected a name that is not hidden"),
        ("a/b.json", "\"a/b.json\" contains a slash"),
        ("a b.json", "\"a b.json\" contains ' ': expected a-z, A-Z, 0-9, - _ and ."),
        ("=json", "\"\" is not a valid file name: expected a name such as peers.properties"),
        ("[a.json, a.json=lines]", "gives \"a.json\" two formats"),
        (
            "[a.json, t=configtree]",
            "names another file beside a configtree, but every file beside it would be a property",
        ),
        ("[]", "names no file"),
    ] {
        assert_eq!(faults(&format!("output: {output}\n")), [format!("output: {problem}")], "{output}");
    }
    let words: Vec<&str> = Format::WORDS.iter().map(|(word, _)| *word).collect();
    let problem = format!("output: \"xml\" is not a valid format: expected one of {}", words.join(", "));
    assert_eq!(faults("output: a.json=xml\n"), [problem]);
    let long = format!("output: {}.json\n", "a".repeat(200));
    assert!(faults(&long)[0].contains("has 205 bytes: expected 200 at most"));
}

#[test]
fn file_modes_are_octal() {
    for (text, mode) in
        [("0644", 0o644), ("'0600'", 0o600), ("640", 0o640), ("0o664", 0o664), ("0755", 0o755)]
    {
        assert_eq!(settings(&format!("file-mode: {text}\n")).output.file_mode, mode, "{text}");
    }
    for text in ["420", "4755", "0200", "rw-r--r--", "0999", "44", "-644", "0o"] {
        assert_eq!(faults(&format!("file-mode: '{text}'\n")).len(), 1, "{text}");
    }
    assert_eq!(warnings("user-info-file: /s\nfile-mode: 0644\n").len(), 1);
    assert_eq!(warnings("user-info-file: /s\nfile-mode: 0640\n"), Vec::<String>::new());
}

#[test]
fn user_info_is_placeholders_and_never_shown_otherwise() {
    let placeholders = settings("user-info: '${EUREKA_USER}:${eureka.password}'\n");
    assert_eq!(
        placeholders.output.user_info,
        UserInfoSource::Placeholders(
            UserInfo::from_placeholders("${EUREKA_USER}:${eureka.password}").unwrap()
        )
    );
    for wrong in
        ["bob:s3cret", "${A}:s3cret", "${A}", "${A}:${B:s3cret}", "${A}:${}", "${A}:${B}@", "${1}:${B}"]
    {
        let rejected =
            load_in(&pod(), &format!("{BASE}user-info: '{wrong}'\n"), Purpose::Run).expect_err(wrong);
        assert!(!rejected.to_string().contains("s3cret"), "{rejected}");
        assert!(rejected.faults[0].hint.contains("--user-info-file"), "{rejected}");
    }
    assert_eq!(
        faults("user-info: ${A}:${B}\noutput: tree=configtree\n"),
        ["user-info: has no effect in a configtree, because its placeholders are not resolved"]
    );
    assert_eq!(
        faults("user-info: ${A}:${B}\nuser-info-file: /s\n"),
        ["user-info: is given together with --user-info-file: expected one of them"]
    );
}

#[test]
fn adoption_follows_from_what_is_known_of_the_server() {
    let adoption = |more: &str| settings(more).policy.adoption;
    let refresh = |confirm| Adoption::Refresh { call: RefreshCall::Refresh, confirm };
    assert_eq!(adoption(""), Adoption::None);
    assert_eq!(adoption("status-url: http://127.0.0.1:8761/eureka/status\n"), Adoption::ConfirmOnly);
    assert_eq!(adoption("actuator-url: http://127.0.0.1:1/actuator\n"), refresh(true));
    assert_eq!(adoption("actuator-url: http://127.0.0.1:1/actuator\nadopt: none\n"), Adoption::None);
    assert_eq!(adoption("actuator-url: http://127.0.0.1:1/actuator\nrole: client\n"), refresh(false));
    assert_eq!(
        adoption("actuator-url: http://127.0.0.1:1/actuator\nadopt: env\n"),
        Adoption::Refresh { call: RefreshCall::Env, confirm: true }
    );
    for (more, fault) in [
        ("adopt: refresh\n", "adopt: needs the server's actuator"),
        ("adopt: env\n", "adopt: needs the server's actuator"),
        (
            "adopt: env\nrole: client\nactuator-url: http://a:1/\n",
            "adopt: `env` sets a server's own property",
        ),
        (
            "role: client\nstatus-url: http://a:1/\n",
            "status-url: is a Eureka server's, and a client has none",
        ),
        (
            "actuator-url: https://a:1/\nstatus-url: http://a:1/\n",
            "actuator-url: is https, but no certificates vouch for the server",
        ),
        ("server-user: a\n", "server-user: comes without a password"),
        ("server-password-file: /a\n", "server-password-file: comes without a user"),
        ("server-user: 'bob:s3cret'\n", "server-user: contains a colon: expected a user without one"),
        (
            "actuator-url: 127.0.0.1:8762/actuator\n",
            "actuator-url: \"127.0.0.1:8762/actuator\" is not a valid URL: expected one such as http://host:8761/eureka/",
        ),
        (
            "actuator-url: http://bob:s3cret@a:1/\n",
            "actuator-url: \"http://***@a:1/\" carries user-info; credentials come from --user-info or --user-info-file",
        ),
    ] {
        assert_eq!(faults(more), [fault], "{more}");
    }
    let moved =
        settings("actuator-url: http://a:1/actuator\nself-url: http://eureka-0.eureka:9000/eureka/\n");
    assert_eq!(moved.server.status_url, "http://127.0.0.1:9000/eureka/status".parse::<HttpUrl>().ok());
    let secure = settings("scheme: https\nactuator-url: https://a:1/actuator\nca-file: /ca.pem\n");
    assert_eq!(secure.server.status_url, "https://127.0.0.1:8761/eureka/status".parse::<HttpUrl>().ok());
}

#[test]
fn listeners_are_apart_and_the_local_one_is_local() {
    let address = |text: &str| text.parse::<SocketAddr>().expect("valid");
    let listen = |text: &str| settings(&format!("listen: '{text}'\n")).listen;
    assert_eq!(listen("0.0.0.0:1"), ListenAddress::Exactly(address("0.0.0.0:1")));
    assert_eq!(listen(":9000").preferred(), address("[::]:9000"));
    let local = settings("local-listen: '[::1]:99'\n");
    assert_eq!(local.policy.sink.as_str(), "http://[::1]:99/sink/eureka/");
    for (more, count) in [
        ("local-listen: 0.0.0.0:9762\n", 1),
        ("local-listen: 10.0.0.1:9762\n", 1),
        ("local-listen: 127.0.0.1:0\n", 1),
        ("local-listen: localhost:9762\n", 1),
        ("listen: :9762\n", 1),
        ("listen: 127.0.0.1:9762\n", 1),
        ("listen: 127.0.0.2:9762\n", 0),
        ("listen: '9761'\n", 1),
        ("listen: ':0'\n", 1),
    ] {
        assert_eq!(faults(more).len(), count, "{more}: {:?}", faults(more));
    }
}

#[test]
fn dns_servers_are_addresses() {
    let servers =
        settings("dns-server: [10.96.0.10, '10.96.0.10:5353', 'fd00::a', '[fd00::a]:54', '[fd00::b]']\n")
            .dns_servers;
    let shown: Vec<String> = servers.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["10.96.0.10:53", "10.96.0.10:5353", "[fd00::a]:53", "[fd00::a]:54", "[fd00::b]:53"]);
    for wrong in ["kube-dns", "10.96.0.10:0", "10.96.0", "[fd00::a", "10.96.0.10/32"] {
        assert_eq!(faults(&format!("dns-server: '{wrong}'\n")).len(), 1, "{wrong}");
    }
}

#[test]
fn static_peers_are_bounded() {
    let peers = |count: usize| {
        let urls: Vec<String> = (0..count).map(|n| format!("http://p{n}:8761/eureka/v2/")).collect();
        format!("static-peer: [{}]\n", urls.join(", "))
    };
    assert_eq!(settings(&peers(512)).policy.static_peers.len(), 512);
    assert_eq!(faults(&peers(513)), ["static-peer: has 513 values: expected 512 at most"]);
    assert_eq!(
        faults(&format!("{}max-peers: 2\n", peers(3))),
        ["static-peer: names 3 peers, and --max-peers is 2"]
    );
}

#[test]
fn the_file_is_found_before_it_is_read() {
    let flags = Flags::from_iter([
        (Key::Config, vec!["/flag.yaml".to_owned()]),
        (Key::Interval, vec!["x".to_owned()]),
    ]);
    let around = with(pod(), &[("EUREKA_PEERS_CONFIG", "/variable.yaml")]);
    assert_eq!(config_path(&flags, &around), Ok(Some("/flag.yaml".into())));
    assert_eq!(config_path(&Flags::default(), &around), Ok(Some("/variable.yaml".into())));
    assert_eq!(config_path(&Flags::default(), &pod()), Ok(None));
}

#[test]
fn listeners_are_read_past_faults_elsewhere() {
    let broken = file("listen: [\n");
    let around = with(pod(), &[("EUREKA_PEERS_LISTEN", "127.0.0.1:7"), ("EUREKA_PEERS_INTERVAL", "x")]);
    let found = listeners(&Flags::default(), Some(&broken), &around).expect("the listeners are fine");
    assert_eq!(found.public.preferred().to_string(), "127.0.0.1:7");
    assert!(listeners(&Flags::default(), Some(&file("listen: x\n")), &pod()).is_err());
}

/// What a file would hold, given in the place of its path, is refused and not quoted.
#[test]
fn a_secret_in_the_place_of_a_path_is_refused_unseen() {
    let pem = "-----BEGIN CERTIFICATE-----MIIs3cret";
    for (key, others) in [
        ("user-info-file", ["s3cret", "./s3cret", "secret/user:s3cret", "LS0tLS1CRUdJTi"].as_slice()),
        ("server-password-file", &["s3cret", "../s3cret", "user:s3cret"]),
        ("ca-file", &["LS0tLS1CRUdJTiBDRVJU-s3cret"]),
        ("output-dir", &[]),
    ] {
        for text in ["user:s3cret", "/us:s3cret", "http://user:s3cret@h/", pem].iter().chain(others) {
            // The user is told as missing only where its password file can be read.
            let given = format!("service: eureka\n{key}: '{text}'\n");
            let rejected = load_in(&pod(), &given, Purpose::Check).expect_err(text);
            let [fault] = rejected.faults.as_slice() else { panic!("{text}: {rejected}") };
            assert!(fault.to_string().contains("is not a valid path: expected an absolute one"), "{fault}");
            assert!(!fault.to_string().contains("s3cret"), "{fault}");
            assert_eq!(fault.key, key);
        }
    }
    let flags = Flags::from_iter([(Key::Config, vec!["user:s3cret".to_owned()])]);
    let rejected = config_path(&flags, &pod()).expect_err("content");
    assert!(!rejected.to_string().contains("s3cret"), "{rejected}");
}

#[test]
fn the_secret_of_the_list_is_known_where_a_server_may_say_it_again() {
    let access = settings("user-info-file: /secret/peers\n").server;
    assert_eq!(access.user_info_file, Some("/secret/peers".into()));
    assert_eq!(settings("").server.user_info_file, None);
}

#[test]
fn an_odd_path_that_leads_somewhere_is_a_path() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a:b.pem");
    std::fs::write(&path, "").expect("written");
    let on_disk = Environment { files: Files::OfThisMachine, ..pod() };
    let given = format!("{BASE}ca-file: '{}'\n", path.display());
    let loaded = load_in(&on_disk, &given, Purpose::Run).expect("it is there");
    assert_eq!(loaded.settings.server.ca_file, Some(path));
    assert_eq!(settings("ca-file: certificates/ca.pem\n").server.ca_file, Some("certificates/ca.pem".into()));
}

#[test]
fn a_value_is_refused_before_it_is_looked_at_closely() {
    assert_eq!(
        faults(&format!("zone: {}\n", "x".repeat(5_000))),
        ["zone: has a value of 5000 bytes: expected 4096 at most"]
    );
    assert_eq!(
        faults("ca-file: \"/a\\0b\"\n"),
        ["ca-file: has a value that contains the control character '\\0'"]
    );
    assert_eq!(faults("zone: ''\n"), ["zone: is empty"]);
}

/// A fault can be read by anyone who sees it alone: what is wrong with the value, and what is expected.
#[test]
fn every_fault_of_a_value_says_what_is_expected() {
    let wrong_for = |key: Key| match key.setting().shape {
        // Any path and any of these texts can be meant.
        Shape::File(_) | Shape::Directory(_) => None,
        Shape::Text(_) | Shape::TextAndWord(..) | Shape::Words(..) | Shape::Switch | Shape::Count { .. } => {
            Some("a b/?")
        }
        Shape::Duration { .. } | Shape::DurationOrNever { .. } => Some("soon"),
    };
    let mut seen = 0;
    for (key, wrong) in Key::all().filter_map(|key| Some((key, wrong_for(key)?))) {
        let flags = Flags::from_iter([(key, vec![wrong.to_owned()])]);
        let Err(rejected) = load(&flags, Some(&file(BASE)), &pod(), Purpose::Run) else {
            assert_eq!(key, Key::ServerUser, "{key} takes {wrong:?}");
            continue;
        };
        for fault in rejected.faults {
            let text = fault.to_string();
            let is_plain = [" is no ", "nobody", "whoever", " for it "].iter().all(|old| !text.contains(old));
            assert!(is_plain && !fault.hint.is_empty(), "{text}");
            if fault.key == key.name() && fault.problem.contains("is not a valid") {
                assert!(fault.problem.contains(": expected "), "{text}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} say what is expected");
}

/// Any text, and texts that come near to what settings take.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[a-z0-9.:/@,=%${}\\[\\]-]{0,40}",
        "(http://)?([0-9]{1,3}\\.){3}[0-9]{1,3}(:[0-9]{0,6})?(/[a-z]{0,4}){0,2}",
        "[0-9]{1,22}(ms|s|m|h|d|y|%)?",
        Just("never".to_owned()),
        Just("env".to_owned()),
        Just("client".to_owned()),
        Just("ipv6".to_owned()),
        Just("https".to_owned()),
        Just("a=configtree".to_owned()),
    ]
}

fn any_key() -> impl Strategy<Value = Key> {
    proptest::sample::select(Key::all().collect::<Vec<_>>())
}

fn any_purpose() -> impl Strategy<Value = Purpose> {
    proptest::sample::select(vec![
        Purpose::Run,
        Purpose::Init,
        Purpose::Check,
        Purpose::Print,
        Purpose::Contact,
    ])
}

proptest! {
    #[test]
    fn any_text_in_any_setting_gives_settings_or_faults(
        flags in proptest::collection::btree_map(any_key(), proptest::collection::vec(text(), 1..3), 0..6),
        variables in proptest::collection::btree_map(any_key(), text(), 0..6),
        pod_values in proptest::collection::vec(text(), 4),
        yaml in proptest::collection::btree_map(any_key(), text(), 0..6),
        purpose in any_purpose(),
    ) {
        let names = ["POD_NAME", "POD_IP", "POD_IPS", "POD_NAMESPACE"];
        let pod_values = names.iter().map(|name| (*name).to_owned()).zip(pod_values);
        let variables = variables.into_iter().map(|(key, value)| (key.variable(), value));
        let variables = variables.chain(pod_values).map(|(name, value)| (name, value.into())).collect();
        let environment = Environment { variables, ..pod() };
        let yaml: Vec<String> = yaml.iter().map(|(key, value)| format!("{key}: {value:?}\n")).collect();
        let outcome = load(&Flags::from_iter(flags), Some(&file(&yaml.concat())), &environment, purpose);
        if let Err(rejected) = outcome {
            prop_assert!(!rejected.faults.is_empty());
            for fault in rejected.faults {
                prop_assert!(!fault.hint.is_empty(), "{}", fault);
            }
        }
    }

    #[test]
    fn one_value_is_read_alike_from_every_source(key in any_key(), value in text()) {
        prop_assume!(key != Key::Config && !value.trim().is_empty());
        // Line breaks to YAML, and so blanks within quotes.
        prop_assume!(!value.contains(['\u{2028}', '\u{2029}']));
        let base = if matches!(key, Key::Service | Key::OutputDir) { "" } else { BASE };
        let yaml = format!("{base}{key}: '{}'\n", value.replace('\'', "''"));
        let flag = Flags::from_iter([(key, vec![value.clone()])]);
        let variable = with(pod(), &[(key.variable().as_str(), &value)]);
        prop_assume!(super::super::variables::read(&variable).warnings.is_empty());
        let problems = |outcome: Result<Loaded, Rejected>| match outcome {
            Ok(loaded) => (Some(loaded.settings), Vec::new()),
            Err(rejected) => (None, rejected.faults.into_iter().map(|fault| (fault.key, fault.problem)).collect()),
        };
        let from_flag = problems(load(&flag, Some(&file(base)), &pod(), Purpose::Run));
        let from_variable = problems(load(&Flags::default(), Some(&file(base)), &variable, Purpose::Run));
        let from_file = problems(load_in(&pod(), &yaml, Purpose::Run));
        prop_assert_eq!(&from_flag, &from_variable);
        prop_assert_eq!(&from_flag, &from_file);
    }

    #[test]
    fn settings_read_what_their_provenance_says(more in proptest::sample::subsequence(vec![
        "interval: 250ms", "remove-after: 90s", "empty-after: 1h", "max-shrink: 10%", "min-peers: 2", "freeze: true",
        "static-peer: [http://b:1/e, http://a:1/]", "peer-host: ipv4", "output: [a.json, b=lines]", "file-mode: 600",
        "zone: z", "actuator-url: http://127.0.0.1:2/actuator", "dns-server: [10.0.0.1, 'fd00::1']", "layout: plain",
        "listen: '127.0.0.1:1'", "local-listen: '[::1]:2'", "log-level: DEBUG", "context-path: /x", "scheme: http",
    ], 0..19)) {
        let first = loaded(&more.join("\n"));
        let told = first.provenance.entries().iter().filter_map(|entry| Some((entry.key, entry.value.clone()?)));
        let flags: Flags = told.map(|(key, value)| (key, vec![value])).collect();
        let second = load(&flags, None, &Environment::default(), Purpose::Run).expect("what is in force is valid");
        let Settings { policy, listen, server, .. } = second.settings.clone();
        let status_url_is_default = first.settings.server.status_url_is_default;
        // The identity is not a setting, and neither is whether an address was the default.
        let second_but_for_self = Settings {
            policy: Policy { role: first.settings.policy.role.clone(), port: first.settings.policy.port, ..policy },
            listen: first.settings.listen,
            server: ServerAccess { status_url_is_default, ..server },
            ..second.settings
        };
        prop_assert_eq!(listen.preferred(), first.settings.listen.preferred());
        prop_assert_eq!(second_but_for_self, first.settings);
    }
}
