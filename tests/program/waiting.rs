//! `--on-deadline wait`: a server that would know no peer does not start.

use std::fs;

use rustix::process::Signal;
use serde_json::json;

use crate::cluster::{Cluster, urls, wait_until};
use crate::dns_server::Mode;
use crate::once::Outcome;
use crate::sidecar::Sidecar;

const WAIT: [&str; 4] = ["--on-deadline", "wait", "--start-deadline", "200ms"];

/// A sidecar that has passed its deadline without a list.
fn waiting(cluster: &Cluster) -> Sidecar<'_> {
    let sidecar = cluster.run(&WAIT);
    sidecar.until_condition("start_waits");
    assert_eq!(fs::read_dir(cluster.volume()).expect("readable").count(), 0, "nothing was touched");
    sidecar
}

#[test]
fn the_start_up_probe_stays_red_with_its_reason_until_dns_has_records() {
    for mode in [Mode::NoSuchName, Mode::ServFail, Mode::Silent] {
        let cluster = Cluster::of(&[0, 1, 2]);
        cluster.set_mode(mode);
        let sidecar = waiting(&cluster);
        for probe in ["/startupz", "/readyz"] {
            let reply = sidecar.get(probe);
            assert_eq!(reply.status, 503, "{probe}");
            for said in ["--on-deadline is wait", "publishNotReadyAddresses", "accept --empty"] {
                assert!(reply.body.contains(said), "{mode:?}: {}", reply.body);
            }
        }
        assert_eq!(sidecar.get("/livez").status, 200);
        assert_eq!(sidecar.status()["list_in_place"], "nothing");
        cluster.set_mode(Mode::Normal);
        sidecar.until_listed(&[1, 2]);
        sidecar.until_started();
        sidecar.until_no_condition();
    }
}

#[test]
fn a_start_that_waits_for_more_peers_says_so_everywhere() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run(&["--min-peers", "2", "--start-deadline", "1h"]);
    sidecar.until_condition("too_few_peers");
    let said = "the first list waits: --min-peers is 2, and 1 peer is known";
    assert!(sidecar.message_of("too_few_peers").contains(said));
    for path in ["/startupz", "/readyz", "/"] {
        let body = sidecar.get(path).body;
        assert!(body.contains(said), "{path}: {body}");
    }
    let status = sidecar.status();
    assert_eq!(status["conditions"][0]["facts"], json!({ "peers": 1, "min_peers": 2 }));
    assert!(status["conditions"][0]["until"].is_string(), "{status:#}");
    let lines = || sidecar.log().into_iter().filter(|line| line["condition"] == "too_few_peers").count();
    sidecar.until("a line", |_| lines() == 1);
    sidecar.until_asked_again();
    assert!(!cluster.file().exists());
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
    sidecar.until_no_condition();
    sidecar.until("its end", |_| lines() == 2);
}

#[test]
fn a_name_that_is_wrong_by_a_letter_starts_nothing() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let typo = "eurek.ns.svc.cluster.local";
    let sidecar = cluster.run(&[&WAIT[..], &["--service", typo]].concat());
    sidecar.until_condition("start_waits");
    assert!(sidecar.message_of("start_waits").contains(typo));
    assert!(sidecar.get("/startupz").body.contains("no such name"));
    sidecar.until_asked_again();
    assert!(!cluster.file().exists());
}

#[test]
fn who_is_stopped_meanwhile_says_why_as_its_last_word() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::NoSuchName);
    let sidecar = waiting(&cluster);
    let log = cluster.directory().join("log-0");
    let (status, _) = sidecar.end_by(Signal::TERM);
    assert_eq!(status.code(), Some(1));
    let text = fs::read_to_string(&log).expect("a log");
    let last = text.lines().last().expect("a line");
    for said in
        ["stopped before a list was in place", "--on-deadline is wait", "no such name", "accept --empty"]
    {
        assert!(last.contains(said), "{last}");
    }
}

#[test]
fn it_says_so_at_the_deadline() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::NoSuchName);
    let sidecar = waiting(&cluster);
    sidecar.until_asked_again();
    let warned = sidecar.log().into_iter().filter(|line| line["condition"] == "start_waits");
    assert_eq!(warned.map(|line| line["level"].clone()).collect::<Vec<_>>(), [json!("ERROR")]);
}

#[test]
fn an_operator_may_begin_it_with_this_server_alone() {
    for mode in [Mode::NoSuchName, Mode::ServFail] {
        let cluster = Cluster::of(&[]);
        cluster.set_mode(mode);
        let sidecar = waiting(&cluster);
        let refused = cluster.once("accept", &[]).expect(1);
        assert!(refused.stderr.contains("not accepted"), "{refused:#?}");
        let taken = cluster.once("accept", &["--empty", "-o", "json"]).expect(0);
        assert_eq!(taken.json()["peers"], json!([]));
        sidecar.until_listed(&[0]);
        sidecar.until_started();
        // A restart of the container waits for nothing: there is a list.
        sidecar.kill();
        let sidecar = cluster.run(&WAIT);
        sidecar.until_started();
        assert_eq!(cluster.listed(), urls(&[0]));
    }
}

#[test]
fn new_settings_end_it() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster
        .write_config("service: [eurek.ns.svc.cluster.local]\non-deadline: wait\nstart-deadline: 200ms\n");
    let flags = ["--config", config.to_str().expect("text")];
    let sidecar = Sidecar::start(&cluster, cluster.command_without("run", &["--service"], &flags));
    sidecar.until_condition("start_waits");
    cluster.write_config("service: [eureka.ns.svc.cluster.local]\non-deadline: wait\n");
    sidecar.until_listed(&[1]);
    sidecar.until_no_condition();
}

#[test]
fn init_goes_on_waiting_and_ends_with_the_first_records() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::NoSuchName);
    std::thread::scope(|scope| {
        let command = cluster.command("init", &WAIT);
        let init = scope.spawn(move || Outcome::of(command));
        let asked = || cluster.questions();
        wait_until("its deadline is over", || asked() >= 12, String::new);
        assert!(!init.is_finished() && !cluster.file().exists());
        cluster.set_mode(Mode::Normal);
        cluster.set_pods(&[0]);
        init.join().expect("no panic").expect(0);
    });
    assert_eq!(cluster.listed(), urls(&[0]), "only self is an answer");
}

#[test]
fn an_operator_may_end_the_wait_of_init_too() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::NoSuchName);
    std::thread::scope(|scope| {
        let local = cluster.local_listen.to_string();
        let command = cluster.command("init", &[&WAIT[..], &["--local-listen", &local]].concat());
        let init = scope.spawn(move || Outcome::of(command));
        wait_until("its deadline is over", || cluster.questions() >= 12, String::new);
        cluster.once("accept", &["--empty"]).expect(0);
        init.join().expect("no panic").expect(0);
    });
    assert_eq!(cluster.listed(), urls(&[0]));
}

#[test]
fn a_cluster_ip_ends_no_wait_with_names_nor_with_addresses() {
    for peer_host in ["name", "ipv4"] {
        let cluster = Cluster::of(&[0, 1]);
        cluster.set_mode(Mode::ClusterIp);
        let sidecar = cluster.run(&[&WAIT[..], &["--peer-host", peer_host]].concat());
        sidecar.until_condition("start_waits");
        assert!(sidecar.message_of("held_lookup_failed").contains("clusterIP: None"), "{peer_host}");
        cluster.set_mode(Mode::Normal);
        cluster.set_pods(&[0]);
        sidecar.until("self alone, whose only address is a pod's", |it| it.cluster.listed().len() == 1);
        sidecar.until_started();
    }
}
