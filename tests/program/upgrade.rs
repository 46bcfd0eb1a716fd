//! Two builds, one after the other, in one volume: what the other one saved, newer, older or cut, changes no byte of
//! the list and makes no refresh.

use std::fs;
use std::path::PathBuf;
use std::thread;

use serde_json::{Value, json};

use crate::cluster::{Cluster, urls};
use crate::dns_server::Mode;
use crate::server::{Resource, Server};

/// As the first release writes it, with the peers of these tests. Never change it: every later build must read it.
const OF_0_1_0: &str = r#"{"version":1,"generation":0,"services":[{"service":"eureka.ns.svc.cluster.local","peers":["http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/","http://eureka-2.eureka.ns.svc.cluster.local:8761/eureka/"]}],"staticPeers":[]}"#;

/// What another build might have left in the place of this state.
type OtherBuild = fn(&str) -> String;

/// Those whose list is understood.
const UNDERSTOOD: [(&str, OtherBuild); 4] = [
    ("of this build", str::to_owned),
    ("of the first release", |_| OF_0_1_0.to_owned()),
    ("older, with the least that there is", |state| {
        let services = parsed(state)["services"].take();
        json!({ "version": 1, "services": services }).to_string()
    }),
    ("newer, with more in every place", |state| {
        let mut state = parsed(state);
        state["version"] = json!(2);
        state["generation"] = json!({ "of": "defaultZone", "is": 3 });
        state["zones"] = json!({ "a": [1, { "b": null }] });
        state["services"][0]["weights"] = json!({ "http://eureka-1:8761/": 0.5 });
        state.to_string()
    }),
];

/// Those of which nothing is; the files in place stand for the list.
const FOREIGN: [(&str, OtherBuild); 4] = [
    ("cut", |state| state[..state.len() / 2].to_owned()),
    ("newer, of another shape", |_| r#"{"version":9,"zones":{}}"#.to_owned()),
    ("newer, with services of another shape", |_| r#"{"version":9,"services":[["eureka",3]]}"#.to_owned()),
    ("not there, as before there was one", |_| String::new()),
];

fn parsed(state: &str) -> Value {
    serde_json::from_str(state).expect("our own state")
}

fn state_of(cluster: &Cluster) -> PathBuf {
    let in_generation = cluster.volume().join("..data/..state.json");
    if in_generation.exists() { in_generation } else { cluster.volume().join("..state.json") }
}

/// Puts the state of another build in the place of ours.
fn leave(cluster: &Cluster, other: OtherBuild) {
    let state = state_of(cluster);
    let text = other(&fs::read_to_string(&state).expect("a state"));
    if text.is_empty() {
        fs::remove_file(state).expect("removed");
    } else {
        fs::write(state, text).expect("written");
    }
}

#[test]
fn an_upgrade_and_a_roll_back_change_no_byte_and_make_no_refresh() {
    for layout in ["volume", "plain"] {
        // They wait far more than they work.
        thread::scope(|all| {
            for (what, other) in UNDERSTOOD.into_iter().chain(FOREIGN) {
                all.spawn(move || nothing_changes(layout, what, other));
            }
        });
    }
}

fn nothing_changes(layout: &str, what: &str, other: OtherBuild) {
    let cluster = Cluster::of(&[0, 1, 2]);
    let server = Server::start(cluster.file());
    let server_flags = server.flags();
    let flags = ["--layout", layout, &server_flags[0], &server_flags[1]];
    let sidecar = cluster.run(&flags);
    sidecar.until_listed(&[1, 2]);
    sidecar.until_no_condition();
    sidecar.until("the server has the list", |it| it.status()["adopted"]["peers"] == json!(urls(&[1, 2])));
    sidecar.kill();
    leave(&cluster, other);
    let bytes = fs::read(cluster.file()).expect("the list");
    let refreshes = server.refreshed_at().len();
    let asked = server.asked(Resource::Status).gets;
    let sidecar = cluster.run(&flags);
    sidecar.until_started();
    sidecar.until("its server's word", |_| server.asked(Resource::Status).gets > asked);
    sidecar.until_asked_again();
    sidecar.until_no_condition();
    assert_eq!(server.refreshed_at().len(), refreshes, "{layout}, a state {what}\n{}", sidecar.log_text());
    assert_eq!(fs::read(cluster.file()).expect("the list"), bytes, "{layout}, a state {what}");
}

#[test]
fn a_state_that_is_understood_is_the_list_while_dns_is_silent() {
    for (what, other) in UNDERSTOOD {
        let cluster = Cluster::of(&[0, 1, 2]);
        drop(cluster.run_until_listed(&[1, 2], &[]));
        cluster.set_mode(Mode::ServFail);
        leave(&cluster, other);
        let bytes = fs::read(cluster.file()).expect("the list");
        let sidecar = cluster.run(&["--start-deadline", "300ms"]);
        sidecar.until_condition("held_lookup_failed");
        assert_eq!(sidecar.status()["desired"]["peers"], json!(urls(&[1, 2])), "a state {what}");
        assert_eq!(fs::read(cluster.file()).expect("the list"), bytes, "a state {what}");
    }
}
