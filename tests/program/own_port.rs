//! The server beside us listens where its pod's own SRV record says.

use crate::cluster::{Cluster, SERVICE};
use crate::dns_server::Pod;
use crate::mesh::{serve, status};
use crate::ports::free_address;

/// Nobody listens there.
const ACTUATOR: [&str; 2] = ["--actuator-url", "http://127.0.0.1:1/actuator"];

fn named(pod: u8, port: u16) -> String {
    format!("http://eureka-{pod}.{SERVICE}:{port}/eureka/")
}

/// A lone server on another port than 8761, which nobody has told us.
fn alone() -> (Cluster, u16) {
    let cluster = Cluster::of(&[]);
    let server = free_address();
    serve(server, status(&[]));
    cluster.dns().set_pods(SERVICE, "http", [Pod::new("eureka-0", server.ip(), server.port())]);
    (cluster, server.port())
}

#[test]
fn list_status_and_the_servers_own_status_follow_it_past_a_restart() {
    let (cluster, port) = alone();
    let sidecar = cluster.run(&ACTUATOR);
    sidecar.until_listing(&[named(0, port)]);
    sidecar.until("adopted", |it| it.status()["is_adopted"] == true);
    assert_eq!(sidecar.status()["self"], named(0, port));
    assert_eq!(sidecar.logged("the server beside us listens on the port of its own SRV record").len(), 1);
    drop(sidecar);
    cluster.stop_dns();
    let sidecar = cluster.run(&ACTUATOR);
    sidecar.until("adopted", |it| it.status()["is_adopted"] == true);
    assert_eq!(
        (sidecar.status()["self"].clone(), cluster.listed()),
        (named(0, port).into(), vec![named(0, port)])
    );
    // Without DNS and a sidecar it is asked all the same, where it listens.
    drop(sidecar);
    let volume = format!("--output-dir={}", cluster.volume().display());
    let outcome = cluster.once("mesh", &[&volume]);
    assert!(outcome.stdout.contains(&named(0, port)), "{outcome:#?}");
    assert!(!outcome.stdout.contains(":8761"), "{outcome:#?}");
}

#[test]
fn check_looks_where_the_server_listens() {
    let (cluster, port) = alone();
    let outcome = cluster.once("check", &[&ACTUATOR[..], &["-o", "json"]].concat());
    let report = outcome.json();
    assert_eq!(report["self"], named(0, port));
    let unread = |finding: &serde_json::Value| {
        let what = finding["what"].as_str().unwrap_or_default();
        finding["severity"] == "fault" && !what.contains("actuator")
    };
    let findings = report["findings"].as_array().expect("findings");
    assert!(!findings.iter().any(unread), "only the actuator is not there: {report:#}");
}

#[test]
fn a_port_that_nobody_has_told_is_said_to_be_guessed() {
    let cluster = Cluster::of(&[]);
    cluster.stop_dns();
    let sidecar = cluster.run(&["--start-deadline", "100ms"]);
    sidecar.until_condition("port_unknown");
    let message = sidecar.message_of("port_unknown");
    assert!(
        message.contains("at port 8761, because no SRV record of this pod has told its port yet"),
        "{message}"
    );
}
