//! `accept`: the operator's word past all holds, once.

use serde_json::{Value, json};

use crate::cluster::{Cluster, SERVICE, url, urls};
use crate::dns_server::Mode;
use crate::http::send;
use crate::once::Outcome;
use crate::sidecar::Sidecar;

/// What changed in the list, or would.
fn changes(outcome: &Outcome) -> Value {
    let reply = outcome.json();
    json!({ "peers": reply["peers"], "added": reply["added"], "removed": reply["removed"] })
}

#[test]
fn what_dns_says_is_taken_past_all_holds() {
    let cluster = Cluster::of(&[0, 1, 2, 3]);
    let sidecar = cluster.run_until_listed(&[1, 2, 3], &[]);
    cluster.set_pods(&[0, 4]);
    sidecar.until_listed(&[1, 2, 3, 4]);
    sidecar.until_condition("held_shrink");
    let wanted = json!({ "peers": urls(&[4]), "added": [], "removed": urls(&[1, 2, 3]) });
    // A dry run tells the same, and changes nothing.
    assert_eq!(changes(&cluster.once("accept", &["--dry-run", "-o", "json"]).expect(0)), wanted);
    let shown = cluster.once("accept", &["--dry-run"]).expect(0).stdout;
    assert!(
        shown.starts_with("dry run: 0 would be added, 3 would be removed; peers in the list: 1\n"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("\n  - {}\n", url(2))) && shown.contains(&format!("\n    {}\n", url(4))),
        "{shown}"
    );
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1, 2, 3, 4]));
    assert!(sidecar.logged("accepted by the operator").is_empty());
    let accepted = cluster.once("accept", &["-o", "json"]).expect(0);
    assert_eq!(changes(&accepted), wanted);
    let of_service = &accepted.json()["services"][0];
    assert_eq!((&of_service["service"], &of_service["taken"]), (&json!(SERVICE), &json!("records")));
    assert!(of_service["age_seconds"].as_f64().is_some_and(|age| age < 15.0), "{of_service}");
    sidecar.until_listed(&[4]);
    sidecar.until_no_condition();
    assert_eq!(sidecar.logged("accepted by the operator").len(), 1);
    // Once: the next fall is held again.
    cluster.set_pods(&[0]);
    sidecar.until_condition("held_shrink");
    assert_eq!(cluster.listed(), urls(&[4]));
}

#[test]
fn an_empty_answer_is_taken_only_where_that_is_said() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    cluster.set_mode(Mode::NoSuchName);
    sidecar.until_condition("held_empty");
    let outcome = cluster.once("accept", &[]).expect(1);
    assert!(outcome.stderr.contains("accept --empty"), "{outcome:#?}");
    let outcome = cluster.once("accept", &["--dry-run"]).expect(1);
    assert!(outcome.stderr.contains("accept --empty"), "{outcome:#?}");
    let outcome = cluster.once("accept", &["--dry-run", "--empty"]).expect(0);
    assert!(outcome.stdout.contains(&format!("  - {}\n", url(1))), "{outcome:#?}");
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1]));
    let outcome = cluster.once("accept", &["--empty"]).expect(0);
    assert!(outcome.stdout.starts_with("taken: 0 added, 1 removed; peers in the list: 0\n"), "{outcome:#?}");
    sidecar.until_listed(&[0]);
    // Nothing is held any more, and it stays so past a restart.
    let is_believed = |it: &Sidecar<'_>| {
        let status = it.status();
        let Some([condition]) = status["conditions"].as_array().map(Vec::as_slice) else { return false };
        condition["severity"] == "info"
            && condition["facts"]["believed_by"] == "accepted"
            && status["held"]["is_held"] == false
    };
    sidecar.until("believed", is_believed);
    let since = sidecar.status()["conditions"][0]["since"]["at"].clone();
    sidecar.ends_well();
    let sidecar = cluster.run(&[]);
    sidecar.until("believed still", is_believed);
    assert_eq!(sidecar.status()["conditions"][0]["since"]["at"], since);
    cluster.set_mode(Mode::Normal);
    sidecar.until_listed(&[1]);
    sidecar.until_no_condition();
}

#[test]
fn a_service_that_is_left_alone_is_named_with_the_reason() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let other = "other.ns.svc.cluster.local";
    let sidecar = cluster.run_until_listed(&[1, 2], &["--service", SERVICE, "--service", other]);
    sidecar.until_condition("held_empty");
    cluster.set_pods(&[0, 1]);
    sidecar.until_condition("held_removal");
    let outcome = cluster.once("accept", &[]).expect(0);
    let left = format!(
        "{other} is left as it is: DNS says that it has no endpoints, which `eureka-peers accept --empty`"
    );
    assert!(outcome.stdout.contains(&left), "{outcome:#?}");
    assert!(outcome.stdout.contains(&format!("{SERVICE}: its records, as DNS said ")), "{outcome:#?}");
    sidecar.until_listed(&[1]);
    let logged = sidecar.logged("accepted by the operator");
    assert_eq!(logged[0]["left_alone"], other, "{logged:?}");
}

#[test]
fn a_first_list_is_told_from_no_change() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::ServFail);
    let sidecar = cluster.run(&["--on-deadline", "wait", "--start-deadline", "200ms"]);
    sidecar.until_condition("start_waits");
    let shown = cluster.once("accept", &["--empty", "--dry-run"]).expect(0).stdout;
    assert!(shown.starts_with("dry run: the first list would begin; peers in the list: 0\n"), "{shown}");
    assert!(shown.contains("is left as it is: DNS answered SERVFAIL"), "{shown}");
    assert!(!cluster.file().exists());
    let taken = cluster.once("accept", &["--empty"]).expect(0).stdout;
    assert!(taken.starts_with("taken: the first list begins; peers in the list: 0\n"), "{taken}");
    sidecar.until_listed(&[0]);
}

#[test]
fn there_is_nothing_to_take_while_dns_says_nothing() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    cluster.set_mode(Mode::ServFail);
    sidecar.until_condition("held_lookup_failed");
    let outcome = cluster.once("accept", &[]).expect(1);
    assert!(outcome.stderr.contains("not accepted") && outcome.stderr.contains("SERVFAIL"), "{outcome:#?}");
    assert_eq!(cluster.listed(), urls(&[1]));
}

#[test]
fn a_frozen_list_is_not_overridden() {
    let cluster = Cluster::of(&[0, 1]);
    let _sidecar = cluster.run_until_listed(&[1], &["--freeze"]);
    let outcome = cluster.once("accept", &[]).expect(1);
    assert!(outcome.stderr.contains("lift --freeze first"), "{outcome:#?}");
}

#[test]
fn a_sidecar_that_is_not_there_is_named() {
    let cluster = Cluster::of(&[0]);
    let outcome = cluster.once("accept", &[]).expect(1);
    let address = cluster.local_listen.to_string();
    assert!(outcome.stderr.contains(&address) && outcome.stderr.contains("refused"), "{outcome:#?}");
    assert_eq!(outcome.stdout, "");
}

#[test]
fn the_override_is_not_for_browsers_nor_for_outsiders() {
    let cluster = Cluster::of(&[0, 1, 2, 3]);
    let sidecar = cluster.run_until_listed(&[1, 2, 3], &[]);
    cluster.set_pods(&[0]);
    sidecar.until_condition("held_shrink");
    let post = |address, headers: &str| {
        let request =
            format!("POST /accept HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n");
        send(address, &request).expect("a reply").status
    };
    let meant = "x-eureka-peers: accept\r\n";
    assert_eq!(post(cluster.local_listen, "Host: localhost\r\n"), 403, "without the header");
    assert_eq!(post(cluster.local_listen, &format!("Host: evil.example\r\n{meant}")), 403, "a rebound name");
    assert_eq!(post(cluster.listen, &format!("Host: localhost\r\n{meant}")), 404, "the public listener");
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1, 2, 3]));
    assert_eq!(post(cluster.local_listen, &format!("Host: localhost\r\n{meant}")), 200);
    sidecar.until_listing(&[url(0)]);
}

#[test]
fn the_local_listener_may_be_on_ipv6_and_in_the_settings_file() {
    let cluster = Cluster::of(&[0, 1]);
    let address = format!("[::1]:{}", cluster.local_listen.port());
    if std::net::TcpListener::bind(&address).is_err() {
        println!("not tried: this machine has no IPv6");
        return;
    }
    let config = cluster.write_config(&format!("local-listen: '{address}'\n"));
    let config = format!("--config={}", config.display());
    let command = cluster.command_without("run", &["--local-listen"], &[&config]);
    let sidecar = Sidecar::start(&cluster, command);
    sidecar.until_listed(&[1]);
    Outcome::of(cluster.command_without("accept", &["--local-listen"], &[&config])).expect(0);
}
