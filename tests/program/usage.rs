//! Wrong usage and wrong settings: 2 and 78, everything at once, with what to do.

use std::fs;

use crate::cluster::{Cluster, bare_command, urls};
use crate::once::Outcome;

fn typed(line: &str) -> Outcome {
    let mut command = bare_command();
    command.args(line.split_whitespace());
    Outcome::of(command)
}

#[test]
fn wrong_usage_is_2_and_help_is_0() {
    for line in [
        "",
        "walk",
        "help walk",
        "run --servce a",
        "run --zone a --zone b",
        "run --interval",
        "run a-word",
        "init --watch",
        "health --probe healthz",
        "health --service a",
        "accept --service a",
        "completions",
        "completions tcsh",
        "resolve -o xml",
        "mesh --url eureka",
    ] {
        let outcome = typed(line).expect(2);
        assert!(!outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{line}: {outcome:#?}");
    }
    for line in
        ["--help", "-h", "--version", "run --help", "help", "help mesh", "mesh -h", "man", "completions zsh"]
    {
        let outcome = typed(line).expect(0);
        assert!(outcome.stderr.is_empty() && !outcome.stdout.is_empty(), "{line}: {outcome:#?}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(typed("-V").stdout, format!("eureka-peers {version}\n"));
    let build = option_env!("BUILD_VERSION").unwrap_or(version);
    assert_eq!(typed("--version").stdout, format!("eureka-peers {build}\n"));
}

#[test]
fn all_faults_of_a_file_are_told_at_once_with_their_lines() {
    let cluster = Cluster::of(&[0, 1]);
    let faulty = [
        ("servce: eureka", "unknown key", "did you mean `service`?"),
        ("interval: 1", "interval", "has no unit"),
        ("peer-host: nam", "peer-host", "did you mean `name`?"),
        ("port: 0", "port", "expected 1 to 65535"),
        ("max-shrink: 150%", "max-shrink", "such as 50%"),
        ("layout:", "layout", "has no value"),
        ("listen: example.org:80", "listen", "write an address and a port"),
        ("local-listen: 0.0.0.0:9762", "local-listen", "expected a loopback address"),
        ("remove-after: soon", "remove-after", "or `never`"),
        ("static-peer: [ftp://x]", "static-peer", "expected `http` or `https`"),
        ("allow-cidr: 10.0.0.1", "allow-cidr", "write 10.0.0.1/32"),
        ("max-peers: 70000", "max-peers", "from 1 to 4096"),
        ("freeze: maybe", "freeze", "write `true` or `false`"),
        ("output: [../x.json]", "output", "contains a slash"),
        ("file-mode: 0999", "file-mode", "octal"),
        ("on-deadline: fail", "on-deadline", "for init only"),
        ("context-path: 'a b'", "context-path", ""),
        ("zone: 'a,b'", "zone", ""),
        ("dns-server: kube-dns", "dns-server", "names cannot be resolved here"),
    ];
    let yaml = faulty.map(|(line, _, _)| line).join("\n");
    let config = cluster.write_config(&yaml);
    let left_out = ["--interval", "--listen", "--local-listen", "--dns-server"];
    let command = cluster.command_without("run", &left_out, &["--config", config.to_str().expect("text")]);
    let outcome = Outcome::of(command).expect(78);
    let said = outcome.said();
    for (line, (text, key, told)) in (1..).zip(faulty) {
        let begin = format!("  {key} ({} line {line}): ", config.display());
        let found = said.iter().find(|it| it.starts_with(&begin));
        let fault = found.unwrap_or_else(|| panic!("no fault for {text:?} in {outcome:#?}"));
        assert!(fault.contains(told), "{told} in {fault}");
    }
    assert_eq!(said.len(), 1 + faulty.len(), "a line a fault: {outcome:#?}");
    assert_eq!(fs::read_dir(cluster.volume()).expect("readable").count(), 0);
}

#[test]
fn faults_of_all_sources_are_told_together() {
    let cluster = Cluster::of(&[]);
    let config = cluster.write_config("port: x\n");
    let mut command =
        cluster.command("run", &["--config", config.to_str().expect("text"), "--max-peers", "0"]);
    command.env("EUREKA_PEERS_SCHEME", "gopher").env("POD_IP", "here");
    let outcome = Outcome::of(command).expect(78);
    for told in ["port (", "max-peers (--max-peers)", "scheme (EUREKA_PEERS_SCHEME)", "POD_IP"] {
        assert!(outcome.stderr.contains(told), "{told}: {outcome:#?}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let outcome = typed("run").expect(78);
    for told in ["service", "output-dir", "is required", "such as /eureka-peers"] {
        assert!(outcome.stderr.contains(told), "{told}: {outcome:#?}");
    }
}

#[test]
fn a_settings_file_that_is_none_is_78() {
    let cluster = Cluster::of(&[]);
    let path = |name: &str| cluster.directory().join(name).display().to_string();
    fs::write(path("nul"), "service: \"a\0b\"").expect("written");
    fs::write(path("bytes"), [b'a', 0xff]).expect("written");
    fs::write(path("wide"), [0xff, 0xfe, b'a', 0]).expect("written");
    fs::write(path("deep"), "[".repeat(20_000)).expect("written");
    fs::write(path("large"), "x".repeat(100_000)).expect("written");
    let layer = |(to, from)| format!("{to}: &{to} [*{from},*{from},*{from},*{from}]");
    let bomb = ('b'..='j').zip('a'..).map(layer).collect::<Vec<_>>().join("\n");
    fs::write(path("bomb"), format!("a: &a [x,x,x,x]\n{bomb}\nservice: *j\n")).expect("written");
    for (name, told) in [
        ("missing", "is missing"),
        ("volume", "is not a file"),
        ("nul", "is not valid YAML"),
        ("bytes", "is not valid UTF-8 text"),
        ("wide", "is UTF-16 or UTF-32 text: save it as UTF-8"),
        ("deep", "opening brackets"),
        ("large", "is larger than"),
        ("bomb", ""),
    ] {
        let outcome = cluster.once("run", &["--config", &path(name)]).expect(78);
        assert!(outcome.stderr.contains(told) && outcome.stderr.len() < 20_000, "{name}: {outcome:#?}");
        assert!(outcome.took.as_secs() < 5, "{name}: {:?}", outcome.took);
    }
}

#[test]
fn misspelt_variables_are_warned_about_and_service_links_are_not_settings() {
    let cluster = Cluster::of(&[0, 1]);
    let mut command = cluster.command("run", &[]);
    let links = [
        ("EUREKA_PEERS_PORT", "tcp://10.96.3.4:8761"),
        ("EUREKA_PEERS_SERVICE_HOST", "10.96.3.4"),
        ("EUREKA_PEERS_SERVICE_PORT", "8761"),
        ("EUREKA_PEERS_SERVICE_PORT_HTTP", "8761"),
        ("EUREKA_PEERS_PORT_8761_TCP", "tcp://10.96.3.4:8761"),
        ("EUREKA_PEERS_PORT_8761_TCP_ADDR", "10.96.3.4"),
    ];
    command.envs(links).env("EUREKA_PEERS_INTERVALL", "3s");
    let sidecar = crate::sidecar::Sidecar::start(&cluster, command);
    sidecar.until_listed(&[1]);
    assert_eq!(cluster.listed(), urls(&[1]), "the port is that of SRV");
    let warnings: Vec<_> = sidecar.log().into_iter().filter(|line| line["level"] == "WARN").collect();
    let [link, misspelt] = &warnings[..] else { panic!("{}", sidecar.log_text()) };
    assert!(
        link["message"].as_str().is_some_and(|it| it.starts_with("6 variables that Kubernetes injects")),
        "{link}"
    );
    assert_eq!(misspelt["setting"], "EUREKA_PEERS_INTERVALL");
    sidecar.until("in the status, too", |it| {
        it.status()["settings"]["warnings"].as_array().is_some_and(|it| it.len() == 2)
    });
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_the_file() {
    let cluster = Cluster::of(&[0, 1]);
    let config =
        cluster.write_config("static-peer: [http://file:1/, http://file:2/]\nport: 1\nscheme: https\n");
    let mut command = cluster
        .command("resolve", &["--config", config.to_str().expect("text"), "--port", "3", "-o", "lines"]);
    command
        .env("EUREKA_PEERS_STATIC_PEER", "http://variable:1/, http://variable:2/,")
        .env("EUREKA_PEERS_PORT", "2");
    let outcome = Outcome::of(command).expect(0);
    let peer = urls(&[1])[0].replace("http:", "https:").replace(":8761", ":3");
    assert_eq!(
        outcome.stdout,
        format!("http://variable:1/\nhttp://variable:2/\n{peer}\n"),
        "a list is replaced, never merged"
    );
}
