//! In namespaces of its own: as process 1, on a host without IPv6, and with the kubelet's hosts file.
//!
//! Needs `unshare` and the right to use it; without, the point is not tried and says so.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::{Cluster, SERVICE, address, urls, wait_until};
use crate::machine::around;
use crate::namespaces::unshare_for;
use crate::once::Outcome;
use crate::process::after;

/// `unshare` with these flags, where it may be used here.
fn unshare(flags: &[&str]) -> Option<Command> {
    let outer = unshare_for(flags, &["true"]);
    if outer.is_none() {
        println!("not tried: namespaces cannot be made here");
    }
    outer
}

#[test]
fn as_process_1_it_follows_signals_all_the_same() {
    let Some(outer) = unshare(&["--pid", "--fork", "--kill-child"]) else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let cluster = Cluster::of(&[0, 1]);
        let mut again = Command::new("unshare");
        again.args(outer.get_args());
        let mut child = around(again, &cluster.command("run", &[]))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        wait_until("published", || cluster.listed() == urls(&[1]), String::new);
        let children =
            fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).expect("it runs");
        let inner = children.trim().parse().ok().and_then(Pid::from_raw).expect("one child");
        kill_process(inner, Signal::HUP).expect("it runs");
        cluster.set_pods(&[0, 1, 2]);
        wait_until("followed", || cluster.listed() == urls(&[1, 2]), String::new);
        kill_process(inner, signal).expect("it runs");
        assert_eq!(child.wait().expect("our own child").code(), Some(0), "{signal:?}");
        assert_eq!(cluster.listed(), urls(&[1, 2]));
    }
}

#[test]
fn on_a_host_without_ipv6_it_listens_on_ipv4() {
    let Some(outer) = unshare(&["--net"]) else { return };
    let cluster = Cluster::of(&[0]);
    let program = cluster.command("run", &["--listen", "[::]:9761", "--start-deadline", "0s"]);
    // The program answers its own probe in there, since nobody else is.
    let script = "ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && \
                  echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 || exit 9; \
                  \"$@\" 2>/dev/null & program=$!; \
                  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
                  \"$1\" health --listen '[::]:9761' && break; sleep 0.1; done; kill $program; wait $program";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(program.get_program()).args(program.get_args());
    shell.env("POD_NAME", "eureka-0");
    let outcome = Outcome::of(around(outer, &shell));
    if outcome.code == Some(9) {
        println!("not tried: loopback cannot be set up in there: {}", outcome.stderr);
        return;
    }
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stdout.contains("readyz check passed"), "{outcome:#?}");
}

/// A subcommand where `/etc/hosts` says this; none where nothing can be mounted.
fn with_hosts(cluster: &Cluster, hosts: &str, subcommand: &str, flags: &[&str]) -> Option<Outcome> {
    let outer = unshare(&["--mount"])?;
    let path = cluster.directory().join("hosts");
    fs::write(&path, hosts).expect("written");
    let bind = format!("/bin/mount --bind {} /etc/hosts || exit 99", path.display());
    let outcome = Outcome::of(around(outer, &after(&bind, &cluster.command(subcommand, flags))));
    if outcome.code == Some(99) {
        println!("not tried: nothing can be mounted here: {}", outcome.stderr);
        return None;
    }
    Some(outcome)
}

#[test]
fn the_kubelets_hosts_file_tells_which_service_names_self() {
    let cluster = Cluster::of(&[0, 1]);
    let west = "eureka-west.ns.svc.cluster.local";
    cluster.set_pods_of(west, &[0, 1]);
    let header = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n";
    let hosts = format!("{header}{}\teureka-0.{SERVICE}\teureka-0\n", address(0));
    let mirror_first = ["--service", west, "--service", SERVICE, "-o", "lines"];
    let Some(listed) = with_hosts(&cluster, &hosts, "resolve", &mirror_first) else { return };
    let mut expected: Vec<_> = [0, 1].map(|pod| format!("http://eureka-{pod}.{west}:8761/eureka/")).into();
    expected.extend(urls(&[1]));
    let mut lines: Vec<_> = listed.stdout.lines().collect();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected, "{listed:#?}");
    assert_eq!(listed.stderr, "");
    let other = ["--service", west];
    let told = format!("while this pod belongs to the Service {SERVICE} (/etc/hosts)");
    let warned = with_hosts(&cluster, &hosts, "check", &other).expect("as before");
    assert!(warned.stdout.contains(&told), "{warned:#?}");
    let on_the_host = hosts.replace("file.", "file (host network).");
    let quiet = with_hosts(&cluster, &on_the_host, "check", &other).expect("as before");
    assert!(!quiet.stdout.contains("/etc/hosts"), "{quiet:#?}");
}
