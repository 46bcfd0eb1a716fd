//! The list stays as it is where DNS proves nothing, and whoever looks can see why.

use rustix::process::Signal;

use crate::cluster::{Cluster, urls};
use crate::dns_server::Mode;

#[test]
fn a_list_is_held_through_every_outage() {
    let cluster = Cluster::of(&[0, 1, 2, 3]);
    let sidecar = cluster.run_until_listed(&[1, 2, 3], &["--remove-after", "0s"]);
    for (mode, condition, outcome) in [
        (Mode::ServFail, "held_lookup_failed", "servfail"),
        (Mode::Refused, "held_lookup_failed", "refused"),
        (Mode::NoSuchNameWithoutSoa, "held_lookup_failed", "negative_without_soa"),
        (Mode::NoSuchName, "held_empty", "no_such_name"),
        (Mode::NoData, "held_empty", "no_data"),
    ] {
        sidecar.holds_through(mode, condition);
        assert_eq!(sidecar.status()["services"][0]["last"]["outcome"], outcome);
        // An answer between two outages: the pauses after failures begin small again.
        cluster.set_mode(Mode::Normal);
        sidecar.until_no_condition();
    }
    cluster.set_pods(&[0, 1, 2, 3, 4]);
    sidecar.until_listed(&[1, 2, 3, 4]);
    sidecar.until_no_condition();
    assert_eq!(sidecar.get("/livez").status, 200);
}

#[test]
fn a_list_is_held_while_dns_is_silent() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &["--remove-after", "0s"]);
    sidecar.holds_through(Mode::Silent, "held_lookup_failed");
    assert_eq!(sidecar.status()["services"][0]["last"]["outcome"], "timeout");
    cluster.set_mode(Mode::Normal);
    sidecar.until_no_condition();
}

#[test]
fn a_restart_of_the_dns_server_moves_nothing() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let sidecar = cluster.run_until_listed(&[1, 2], &["--remove-after", "0s"]);
    cluster.stop_dns();
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(cluster.listed(), urls(&[1, 2]), "nobody listens there");
    cluster.start_dns();
    sidecar.until_condition("held_empty");
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1, 2]), "it knows no pods yet");
    cluster.set_pods(&[0, 1, 2, 3]);
    sidecar.until_listed(&[1, 2, 3]);
    sidecar.until_no_condition();
}

#[test]
fn a_start_without_dns_is_made_good_when_it_comes() {
    let cluster = Cluster::of(&[]);
    cluster.stop_dns();
    let sidecar = cluster.run_until_listed(&[0], &["--start-deadline", "300ms"]);
    sidecar.until("started", |it| it.get("/startupz").status == 200);
    sidecar.until_condition("nothing_known");
    let [line] = &sidecar.logged("the list begins without peers")[..] else {
        panic!("{}", sidecar.log_text())
    };
    assert_eq!((&line["cause"], &line["peers"]), (&"start_deadline".into(), &0.into()));
    let [published] = &sidecar.logged("published")[..] else { panic!("{}", sidecar.log_text()) };
    assert_eq!(published["peers"], 0, "self is no peer, here as there");
    cluster.start_dns();
    cluster.set_pods(&[0, 1]);
    sidecar.signal(Signal::HUP);
    sidecar.until_listed(&[1]);
    sidecar.until_no_condition();
}

#[test]
fn an_implausible_fall_waits_and_is_believed_in_the_end() {
    let cluster = Cluster::of(&[0, 1, 2, 3, 4]);
    let flags = ["--remove-after", "0s", "--shrink-after", "2s"];
    let sidecar = cluster.run_until_listed(&[1, 2, 3, 4], &flags);
    cluster.set_pods(&[0, 4]);
    sidecar.until_condition("held_shrink");
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1, 2, 3, 4]));
    assert!(
        sidecar.message_of("held_shrink").contains("the peers in DNS fell from 4 to 1"),
        "{}",
        sidecar.message_of("held_shrink")
    );
    let took = sidecar.until_listed(&[4]);
    println!("believed after {took:?}");
    sidecar.until_no_condition();
}

#[test]
fn a_roll_out_of_new_names_is_no_fall() {
    let cluster = Cluster::of(&[0, 1, 2, 3]);
    let sidecar = cluster.run_until_listed(&[1, 2, 3], &["--remove-after", "300ms"]);
    cluster.set_pods(&[0, 4, 5, 6]);
    sidecar.until_listed(&[1, 2, 3, 4, 5, 6]);
    sidecar.until_listed(&[4, 5, 6]);
    assert_eq!(sidecar.logged("peers changed").len(), 3);
}

#[test]
fn nobody_is_believed_after_the_operators_own_time() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let sidecar = cluster.run_until_listed(&[1, 2], &["--empty-after", "1s"]);
    cluster.set_mode(Mode::NoSuchName);
    sidecar.until_condition("held_empty");
    sidecar.until_listed(&[0]);
}

#[test]
fn a_frozen_list_follows_nobody() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &["--freeze", "--remove-after", "0s"]);
    cluster.set_pods(&[0, 2, 3]);
    sidecar.until_asked_again();
    assert_eq!(cluster.listed(), urls(&[1]));
    assert_eq!(sidecar.conditions().iter().filter(|kind| *kind == "frozen").count(), 1);
}

#[test]
fn the_saved_state_goes_on_after_a_crash() {
    let cluster = Cluster::of(&[0, 1, 2]);
    cluster.run_until_listed(&[1, 2], &[]).kill();
    cluster.set_mode(Mode::ServFail);
    let before = std::fs::read(cluster.file()).expect("the file outlives the program");
    let sidecar = cluster.run(&["--start-deadline", "300ms"]);
    sidecar.until("ready", |it| it.status()["ready"] == true);
    sidecar.until("started", |it| it.status()["started"] == true);
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(std::fs::read(cluster.file()).expect("there"), before);
    assert_eq!(sidecar.logged("peers changed")[0]["cause"], "saved_state");
    assert!(sidecar.logged("published").is_empty(), "the bytes were there");
    let (status, _) = sidecar.end_by(Signal::TERM);
    assert!(status.success());
    assert_eq!(cluster.listed(), urls(&[1, 2]));
}

#[test]
fn a_damaged_state_is_told_and_replaced() {
    let cluster = Cluster::of(&[0, 1]);
    cluster.run_until_listed(&[1], &[]).kill();
    let state = cluster.volume().join("..data").join("..state.json");
    std::fs::write(&state, "{\"version\":1,\"gener").expect("written");
    let sidecar = cluster.run(&[]);
    sidecar.until_no_condition();
    sidecar.until("started", |it| it.status()["started"] == true);
    let [line] = &sidecar
        .logged("the saved state cannot be used, or not all of it; what is lacking comes anew from DNS")[..]
    else {
        panic!("{}", sidecar.log_text())
    };
    assert!(line["reason"].as_str().expect("text").contains("damaged"), "{line}");
    assert_eq!(cluster.listed(), urls(&[1]));
}
