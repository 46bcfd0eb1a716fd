//! Packet filters between the program and DNS: each drops something in silence, as a network policy does.
//!
//! They stand in this test's own network namespace, and each knows one address, which is its trial's own.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;

use libtest_mimic::Trial;

use crate::cluster::{Cluster, urls};
use crate::machine::{find_program, said, trial_with};
use crate::network;
use crate::sidecar::Sidecar;

/// A part of `iptables`' command line, and what it lets the program see.
type Case = (&'static str, &'static [&'static str], Seen);

#[derive(Clone, Copy, Debug)]
enum Seen {
    /// Whatever DNS has.
    Everything,
    /// What fits a datagram; nothing else, and that this is why.
    Small,
    /// Nothing, and with this outcome.
    Nothing(&'static str),
}

const CASES: [Case; 9] = [
    ("udp", &["-p", "udp", "--dport", "PORT", "-j", "DROP"], Seen::Everything),
    ("udp_answers", &["-p", "udp", "--sport", "PORT", "-j", "DROP"], Seen::Everything),
    ("udp_refused", &["-p", "udp", "--dport", "PORT", "-j", "REJECT"], Seen::Everything),
    (
        "udp_forbidden",
        &["-p", "udp", "--dport", "PORT", "-j", "REJECT", "--reject-with", ADMIN],
        Seen::Everything,
    ),
    (
        "large_datagrams",
        &["-p", "udp", "--sport", "PORT", "-m", "length", "--length", "541:", "-j", "DROP"],
        Seen::Everything,
    ),
    ("tcp", &["-p", "tcp", "--dport", "PORT", "-j", "DROP"], Seen::Small),
    ("tcp_answers", &["-p", "tcp", "--sport", "PORT", "-j", "DROP"], Seen::Small),
    (
        "tcp_refused",
        &["-p", "tcp", "--dport", "PORT", "-j", "REJECT", "--reject-with", "tcp-reset"],
        Seen::Small,
    ),
    ("all", &["-j", "DROP"], Seen::Nothing("timeout")),
];
const ADMIN: &str = "icmp-admin-prohibited";

/// Self and more by name than a datagram holds; their numbers are in the order of their names.
fn many() -> Vec<u8> {
    std::iter::once(0).chain(100..140).collect()
}

pub(crate) fn trials(network: &Result<(), String>) -> Vec<Trial> {
    let has_filters = || find_program("iptables").map(drop).ok_or_else(|| "no iptables here".to_owned());
    let needed = network.clone().and_then(|()| has_filters());
    let of_case = |case: Case| trial_with(format!("filters::{}", case.0), needed.clone(), move || play(case));
    let silent = trial_with("filters::unreachable_in_silence", needed.clone(), a_closed_port_in_silence);
    CASES.into_iter().map(of_case).chain([silent]).collect()
}

fn play((_, rule, seen): Case) {
    let cluster = Cluster::at(network::address(), &[0, 100, 101]);
    let filter = Filter::of(cluster.dns_address, rule);
    match seen {
        Seen::Everything => {
            let sidecar = cluster.run_until_listed(&[100, 101], &[]);
            shows_many(&cluster, &sidecar);
        }
        Seen::Small => {
            let sidecar = cluster.run_until_listed(&[100, 101], &[]);
            cluster.set_pods(&many());
            is_held(&cluster, &sidecar, "truncated");
            drop(filter);
            shows_many(&cluster, &sidecar);
        }
        Seen::Nothing(outcome) => {
            drop(filter);
            let sidecar = cluster.run_until_listed(&[100, 101], &[]);
            let filter = Filter::of(cluster.dns_address, rule);
            cluster.set_pods(&[0, 100, 101, 102]);
            is_held(&cluster, &sidecar, outcome);
            drop(filter);
            sidecar.until_listed(&[100, 101, 102]);
            sidecar.until_no_condition();
        }
    }
}

/// DNS is away, and the kernel that would say so is not heard.
fn a_closed_port_in_silence() {
    let cluster = Cluster::at(network::address(), &[0, 100, 101]);
    let sidecar = cluster.run_until_listed(&[100, 101], &[]);
    let _icmp = Filter::of(cluster.dns_address, &["-p", "icmp", "-j", "DROP"]);
    let _resets = Filter::of(cluster.dns_address, &["-p", "tcp", "--tcp-flags", "RST", "RST", "-j", "DROP"]);
    cluster.stop_dns();
    is_held(&cluster, &sidecar, "timeout");
    cluster.start_dns();
    cluster.set_pods(&[0, 100, 101, 102]);
    sidecar.until_listed(&[100, 101, 102]);
}

fn shows_many(cluster: &Cluster, sidecar: &Sidecar<'_>) {
    cluster.set_pods(&many());
    sidecar.until_listed(&many()[1..]);
    sidecar.until_no_condition();
}

fn is_held(cluster: &Cluster, sidecar: &Sidecar<'_>, outcome: &str) {
    sidecar.until_condition("held_lookup_failed");
    let status = sidecar.status();
    assert_eq!(status["services"][0]["last"]["outcome"], outcome, "{status:#}");
    assert_eq!(cluster.listed(), urls(&[100, 101]));
}

/// A rule about one address, either way; it goes with its handle.
struct Filter {
    of: IpAddr,
    rules: Vec<Vec<String>>,
}

impl Filter {
    fn of(server: SocketAddr, rule: &[&str]) -> Self {
        let rest: Vec<String> = rule
            .iter()
            .map(|part| if *part == "PORT" { server.port().to_string() } else { (*part).to_owned() })
            .collect();
        let address = server.ip().to_string();
        let rule = |way: &str| [&[way.to_owned(), address.clone()][..], &rest].concat();
        let filter = Self { of: server.ip(), rules: vec![rule("-d"), rule("-s")] };
        filter.change("-A");
        filter
    }

    fn change(&self, how: &str) {
        for rule in &self.rules {
            // Several trials change the one table.
            let changed = said(Command::new("iptables").args(["-w", "20", how, "INPUT"]).args(rule));
            changed.unwrap_or_else(|error| panic!("{}: {error}", self.of));
        }
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.change("-D");
    }
}
