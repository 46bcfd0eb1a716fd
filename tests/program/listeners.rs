//! The listeners: where they cannot be had, and what they give to strangers.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use crate::cluster::{Cluster, urls};
use crate::http::{get, send};

#[test]
fn a_taken_port_ends_the_start_with_what_to_do() {
    let cluster = Cluster::of(&[0, 1]);
    for (address, flag) in [(cluster.listen, "--listen"), (cluster.local_listen, "--local-listen")] {
        let taken = TcpListener::bind(address).expect("free");
        let outcome = cluster.once("run", &[]).expect(1);
        let said = format!("cannot listen on {address}: another process of this pod or host listens there");
        assert!(outcome.stderr.contains(&said) && outcome.stderr.contains(flag), "{outcome:#?}");
        drop(taken);
    }
    assert!(!cluster.file().exists(), "nothing is published by a program without probes");
}

#[test]
fn a_port_of_a_process_that_has_just_ended_is_free() {
    let cluster = Cluster::of(&[0, 1]);
    for _ in 0..3 {
        let sidecar = cluster.run_until_listed(&[1], &[]);
        sidecar.until("an answer", |it| it.status()["ready"] == true);
        sidecar.kill();
    }
}

#[test]
fn every_address_of_the_host_answers_by_default() {
    let cluster = Cluster::of(&[0, 1]);
    let any = format!("[::]:{}", cluster.listen.port());
    let sidecar = cluster.run_until_listed(&[1], &["--listen", &any]);
    sidecar.until("an answer over IPv4", |it| it.get("/livez").status == 200);
    let outcome = cluster.once("health", &["--listen", &any]).expect(0);
    assert!(outcome.stdout.contains("readyz check passed"), "{outcome:#?}");
}

#[test]
fn garbage_and_crowds_stop_neither_probes_nor_the_loop() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let say = |address, text: &str| {
        let mut connection = TcpStream::connect(address).expect("it listens");
        // One that was turned away already takes nothing.
        let _turned_away = connection.write_all(text.as_bytes());
        connection
    };
    let _crowd: Vec<_> = (0..200).map(|_| say(cluster.listen, "GET / HTTP/1.1\r\nX: ")).collect();
    for address in [cluster.listen, cluster.local_listen] {
        say(address, "\0\0\0\0\r\n\r\n");
        say(address, "GET /%zz HTTP/9.9\r\n\r\n");
        say(address, "POST /accept HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx");
        say(address, &format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(100_000)));
    }
    assert_eq!(sidecar.get("/livez").status, 200);
    assert_eq!(sidecar.get("/readyz").status, 200);
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_listed(&[1, 2]);
}

#[test]
fn the_public_listener_changes_nothing_and_names_its_routes() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let nowhere = sidecar.get("/nowhere");
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.body.contains("/readyz") && nowhere.body.contains("/metrics"), "{}", nowhere.body);
    for method in ["POST", "PUT", "DELETE"] {
        let request =
            format!("{method} /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert_eq!(send(cluster.listen, &request).expect("a reply").status, 405, "{method}");
    }
    assert_eq!(cluster.listed(), urls(&[1]));
}

#[test]
fn the_sink_takes_batches_and_nothing_else() {
    let cluster = Cluster::of(&[0, 1]);
    let _sidecar = cluster.run_until_listed(&[1], &[]);
    let body = r#"{"replicationList":[{"appName":"A","id":"1","action":"Heartbeat"},{"appName":"B","id":"2","action":"Cancel"}]}"#;
    let request = format!(
        "POST /sink/eureka/peerreplication/batch/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = send(cluster.local_listen, &request).expect("a reply");
    assert_eq!(
        (reply.status, &*reply.body),
        (200, r#"{"responseList":[{"statusCode":200},{"statusCode":200}]}"#)
    );
    for path in ["/sink/eureka/apps/", "/sink/eureka/apps/EUREKA", "/sink/eureka/status", "/"] {
        assert_eq!(get(cluster.local_listen, path).expect("a reply").status, 503, "{path}");
    }
}
