//! `resolve`: what would be published, on standard output.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::cluster::{Cluster, SERVICE, url, urls};
use crate::dns_server::Mode;
use crate::once::Outcome;
use crate::secret;

#[test]
fn every_format_is_that_of_the_file() {
    let cluster = Cluster::of(&[0, 1, 2]);
    for (format, output) in [
        ("properties", "peers.properties"),
        ("yaml", "peers.yaml"),
        ("env", "peers.env"),
        ("json", "peers.json"),
        ("lines", "peers.lines"),
    ] {
        let printed = cluster.once("resolve", &["-o", format]).expect(0);
        cluster.once("init", &["--output", output]).expect(0);
        let published = std::fs::read_to_string(cluster.volume().join(output)).expect("published");
        assert_eq!(printed.stdout, published, "{format}");
        assert_eq!(printed.stderr, "");
    }
    let table = cluster.once("resolve", &[]).expect(0).stdout;
    assert!(table.contains(&url(1)) && table.contains("(records)"), "{table}");
}

#[test]
fn what_is_wrong_is_said_and_ends_with_1() {
    let cluster = Cluster::of(&[0, 1]);
    for (mode, said) in
        [(Mode::ServFail, "SERVFAIL"), (Mode::NoSuchName, "no such name"), (Mode::NoData, "no data")]
    {
        cluster.set_mode(mode);
        let outcome = cluster.once("resolve", &[]).expect(1);
        assert!(outcome.stderr.contains(said), "{outcome:#?}");
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn what_has_no_records_comes_with_the_namespace_and_the_lines_to_look() {
    let cluster = Cluster::of(&[0, 1]);
    for (flags, said) in [
        (&["--service", "eurek"][..], "asked in the namespace default, which is that of the default"),
        (
            &["--service", "eurek", "--namespace", "shop"],
            "asked in the namespace shop, which is that of --namespace",
        ),
        (&["--service", "eurek.shop"], "asked in the namespace shop, which --service names"),
    ] {
        let flags = [flags, &["--cluster-domain", "cluster.local"]].concat();
        for (command, code) in [("resolve", 1), ("check", 0)] {
            let outcome = cluster.once(command, &flags);
            assert_eq!(outcome.code == Some(1), code == 1, "{outcome:#?}");
            let text = format!("{}{}", outcome.stdout, outcome.stderr);
            // The namespace of this machine may be known from its own resolv.conf.
            assert!(text.contains(said) || said.ends_with("default"), "{outcome:#?}");
            assert!(text.contains("get service eurek` and `kubectl -n "), "{outcome:#?}");
            assert!(text.contains("get endpointslices -l kubernetes.io/service-name=eurek`"), "{outcome:#?}");
        }
    }
}

#[test]
fn a_variable_of_the_downward_api_that_is_not_set_is_named() {
    let cluster = Cluster::of(&[0, 1]);
    for (flags, variable, field) in
        [(&[][..], "POD_NAME", "metadata.name"), (&["--peer-host", "ipv4"], "POD_IP", "status.podIP")]
    {
        let mut command = cluster.command("resolve", flags);
        command.env_remove("POD_NAME").env_remove("POD_IP");
        let outcome = Outcome::of(command);
        let named = format!("{variable} is not set, ");
        assert!(outcome.stderr.contains(&named) && outcome.stderr.contains(field), "{outcome:#?}");
        assert!(!outcome.stderr.contains("publishNotReadyAddresses"), "{outcome:#?}");
    }
}

#[test]
fn a_port_name_that_is_wrong_is_found() {
    let cluster = Cluster::of(&[0, 1]);
    let outcome = cluster.once("resolve", &["--port-name", "web"]).expect(1);
    assert!(outcome.stderr.contains("--port-name"), "{outcome:#?}");
}

#[test]
fn needs_no_pod_around_it_and_no_number_of_peers() {
    let cluster = Cluster::of(&[0, 1]);
    let outcome = cluster.once("resolve", &["--role", "client", "-o", "lines"]).expect(0);
    assert_eq!(outcome.stdout, format!("{}\n{}\n", url(0), url(1)));
    let outcome = cluster.once("resolve", &["--min-peers", "5", "-o", "lines"]).expect(0);
    assert_eq!(outcome.stdout, format!("{}\n", url(1)), "{outcome:#?}");
}

#[test]
fn alone_is_self_and_said_so() {
    let cluster = Cluster::of(&[0]);
    let outcome = cluster.once("resolve", &[]).expect(0);
    assert!(outcome.stdout.contains(&format!("{} (self, alone)", url(0))), "{outcome:#?}");
    let vm = ["--static-peer", "http://vm:1/"];
    let outcome = cluster.once("resolve", &vm).expect(0);
    assert!(outcome.stdout.contains("http://vm:1/ (static)"), "{outcome:#?}");
}

/// Of Services that mirror other clusters, in whatever order they are asked.
#[test]
fn pods_of_our_name_in_mirrored_services_are_listed() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let (west, east) = ("eureka-west.ns.svc.cluster.local", "eureka-east.ns.svc.cluster.local");
    for mirror in [west, east] {
        cluster.set_pods_of(mirror, &[0, 1]);
    }
    let list = |flags: &[&str]| {
        let outcome = cluster.once("resolve", &[flags, &["-o", "lines"]].concat()).expect(0);
        assert_eq!(outcome.stderr, "");
        outcome.stdout.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let mut all: BTreeSet<_> = urls(&[1, 2]).into_iter().collect();
    for mirror in [west, east] {
        all.extend([0, 1].map(|pod| format!("http://eureka-{pod}.{mirror}:8761/eureka/")));
    }
    assert_eq!(list(&["--service", SERVICE, "--service", west, "--service", east]), all);
    let own = format!("--self-url={}", url(0));
    assert_eq!(list(&["--service", west, "--service", SERVICE, "--service", east, &own]), all);
    let report = cluster.once("check", &["--service", SERVICE, "--service", west, "-o", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.expect(0).stdout).expect("JSON");
    let said = report["findings"].to_string();
    assert!(said.contains("_http._tcp.eureka.ns.svc.cluster.local. SRV: peers: 2 and self"), "{said}");
    assert!(said.contains("_http._tcp.eureka-west.ns.svc.cluster.local. SRV: peers: 2\""), "{said}");
}

#[test]
fn a_watch_prints_each_change() {
    let cluster = Cluster::of(&[0, 1]);
    let mut command = cluster.command("resolve", &["--watch", "-o", "json", "--remove-after", "0s"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || {
        let line = lines.next().expect("a line").expect("text");
        secret::expect_unseen("a watch", line.as_bytes());
        serde_json::from_str::<serde_json::Value>(&line).expect("JSON")["serviceUrls"].clone()
    };
    assert_eq!(next(), json!(urls(&[1])));
    cluster.set_pods(&[0, 1, 2]);
    assert_eq!(next(), json!(urls(&[1, 2])));
    cluster.set_pods(&[0, 2]);
    assert_eq!(next(), json!(urls(&[2])));
    // Outages are said on the other stream.
    cluster.set_mode(Mode::ServFail);
    let mut said = BufReader::new(child.stderr.take().expect("piped")).lines();
    assert!(said.any(|line| {
        let line = line.expect("text");
        secret::expect_unseen("a watch", line.as_bytes());
        line.contains("SERVFAIL")
    }));
    child.kill().and_then(|()| child.wait()).expect("our own child");
}

#[test]
fn a_watch_ends_with_its_reader() {
    let cluster = Cluster::of(&[0, 1]);
    let mut command = cluster.command("resolve", &["--watch", "-o", "lines"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    assert_eq!(first.trim_end(), url(1));
    cluster.set_pods(&[0, 1, 2]);
    assert_eq!(child.wait().expect("our own child").code(), Some(0));
}

#[test]
fn a_watch_that_waits_for_dns_does_not_spin() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::Silent);
    let flags = ["--watch", "--role", "client", "--start-deadline", "0s"];
    let mut child = cluster.command("resolve", &flags).stdout(Stdio::null()).spawn().expect("started");
    std::thread::sleep(Duration::from_millis(1200));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
    // Fields 14 and 15 of proc_pid_stat(5), of which field 2 may hold blanks and ends with a parenthesis.
    let fields: Vec<_> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let hundredths: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("a number")).sum();
    child.kill().and_then(|()| child.wait()).expect("our own child");
    assert!(hundredths < 40, "{hundredths} hundredths of a second of processor time in 1.2 s");
}
