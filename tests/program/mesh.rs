//! `mesh`: who does not know whom, asked of status servers on loopback.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use crate::cluster::{Cluster, SERVICE};
use crate::dns_server::Pod;
use crate::ports::free_address;
use crate::server::{self, Server};
use crate::sidecar::texts;

/// Answers every request with `body` for as long as the test runs.
pub(crate) fn serve(address: SocketAddr, body: String) {
    serve_by(address, move |_| ("200 OK", body.clone()));
}

/// The same with a reply to each request: its status, and its body.
fn serve_by(address: SocketAddr, reply: impl Fn(&str) -> (&'static str, String) + Send + 'static) {
    let listener = TcpListener::bind(address).expect("the address is free");
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let (head, body) = reply(&server::read_request(&mut connection).unwrap_or_default());
            let _told = connection.write_all(server::reply(head, &body).as_bytes());
        }
    });
}

pub(crate) fn status(peers: &[String]) -> String {
    Server::status_of(&peers.join(", "), "00:07")
}

/// The address of a server on loopback.
fn host(server: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, 10 + server)
}

fn url(server: u8, port: u16) -> String {
    format!("http://{}:{port}/eureka/", host(server))
}

/// Servers by address, each of which lists these others.
fn servers(lists: &[&[u8]]) -> u16 {
    let port = free_address().port();
    for (server, list) in (0..).zip(lists) {
        let peers: Vec<_> = list.iter().map(|peer| url(*peer, port)).collect();
        serve((host(server), port).into(), status(&peers));
    }
    port
}

#[test]
fn a_complete_mesh_is_0_and_an_incomplete_one_3() {
    let cluster = Cluster::of(&[]);
    let urls = |port| [0, 1, 2].map(|server| format!("--url={}", url(server, port)));
    let complete = servers(&[&[1, 2], &[0, 2], &[0, 1]]);
    let outcome = cluster.once("mesh", &urls(complete).each_ref().map(String::as_str)).expect(0);
    assert!(outcome.stdout.contains("complete: each of 3 servers lists every other one"), "{outcome:#?}");
    let broken = servers(&[&[1], &[0, 2], &[0, 1]]);
    let outcome = cluster.once("mesh", &urls(broken).each_ref().map(String::as_str)).expect(3);
    let missing = format!("{} does not list {}", url(0, broken), url(2, broken));
    assert!(outcome.stdout.contains(&missing), "{outcome:#?}");
    assert!(
        !outcome.stdout.contains('\x1b') && outcome.stdout.contains("\n✗ incomplete: 1 of 6"),
        "{outcome:#?}"
    );
    let dot = [&urls(broken)[..], &["-o".to_owned(), "dot".to_owned()]].concat();
    let graph = cluster.once("mesh", &dot.iter().map(String::as_str).collect::<Vec<_>>()).expect(3).stdout;
    assert!(
        graph.starts_with("digraph mesh {\n") && graph.contains("\n  0 -> 2 [style=dashed, color=red];\n"),
        "{graph}"
    );
    let json = [&urls(broken)[..], &["-o".to_owned(), "json".to_owned()]].concat();
    let report = cluster.once("mesh", &json.iter().map(String::as_str).collect::<Vec<_>>()).expect(3).json();
    assert_eq!(
        (&report["complete"], texts(&report["missing"], |it| &it["to"])),
        (&false.into(), vec![url(2, broken)])
    );
}

#[test]
fn what_a_server_lists_that_nobody_asked_for_is_shown_with_its_reason() {
    let cluster = Cluster::of(&[]);
    let port = free_address().port();
    let asked = [0, 1].map(|server| url(server, port));
    for (server, other) in [(0, 1), (1, 0)] {
        let peers = [&asked[other], "http://localhost:8761/eureka/", "http://u:hunter2@gone:1/eureka/ /"];
        serve((host(server), port).into(), status(&peers.map(str::to_owned)));
    }
    let flags = asked.each_ref().map(|url| format!("--url={url}"));
    let outcome = cluster.once("mesh", &flags.each_ref().map(String::as_str)).expect(0);
    let note = format!("{} lists \"http://localhost:8761/eureka/\", its own machine", asked[0]);
    assert!(outcome.stdout.contains(&note), "{outcome:#?}");
    assert!(outcome.stdout.contains("a blank beside a comma"), "{outcome:#?}");
    assert!(!outcome.stdout.contains("hunter2"), "{outcome:#?}");
    let report = cluster.once("mesh", &[&flags[0], &flags[1], "-o", "json"]).expect(0).json();
    let reasons = texts(&report["unexpected"], |it| &it["reason"]);
    assert_eq!(reasons, ["no_url", "own_machine", "no_url", "own_machine"]);
}

#[test]
fn servers_come_from_dns_by_address() {
    let cluster = Cluster::of(&[]);
    let port = servers(&[&[1], &[0]]);
    let pods = [0, 1].map(|server| Pod::new(format!("eureka-{server}"), host(server), port));
    cluster.dns().set_pods(SERVICE, "http", pods);
    let flags = ["--peer-host", "ipv4", "--allow-cidr", "127.0.0.0/8", "--port", &port.to_string()];
    let outcome = cluster.once("mesh", &flags).expect(0);
    assert!(outcome.stdout.contains("complete: each of 2 servers"), "{outcome:#?}");
}

#[test]
fn servers_come_from_dns_by_name_and_are_found_there() {
    let cluster = Cluster::of(&[]);
    let port = free_address().port();
    let named = |server: u8| format!("http://eureka-{server}.{SERVICE}:{port}/eureka/");
    for (server, other) in [(0, 1), (1, 0)] {
        serve((host(server), port).into(), status(&[named(other)]));
    }
    let pods = [0, 1].map(|server| Pod::new(format!("eureka-{server}"), host(server), port));
    cluster.dns().set_pods(SERVICE, "http", pods);
    let outcome = cluster.once("mesh", &["-o", "json"]).expect(0);
    assert_eq!(texts(&outcome.json()["servers"], |it| &it["url"]), [named(0), named(1)], "{outcome:#?}");
}

/// Three pods in DNS, each server with the list that is written in this form.
fn three_by(form: &str) -> (Cluster, u16) {
    let cluster = Cluster::of(&[]);
    let port = free_address().port();
    let entry = |server: u8| {
        let form = form.replace("PORT", &port.to_string()).replace("HOST", &host(server).to_string());
        form.replace('#', &server.to_string())
    };
    for server in 0..3_u8 {
        let others = (0..3).filter(|other| *other != server);
        serve((host(server), port).into(), status(&others.map(entry).collect::<Vec<_>>()));
    }
    let pods = [0, 1, 2].map(|server| Pod::new(format!("eureka-{server}"), host(server), port));
    cluster.dns().set_pods(SERVICE, "http", pods);
    (cluster, port)
}

#[test]
fn servers_are_known_by_whatever_name_lists_have() {
    for form in [
        "http://eureka-#.eureka:PORT/eureka/",
        "http://eureka-#.eureka.ns:PORT/eureka/",
        "http://eureka-#.eureka.ns.svc:PORT/eureka/",
        "http://HOST:PORT/eureka/",
    ] {
        let (cluster, _) = three_by(form);
        let outcome = cluster.once("mesh", &[]).expect(0);
        assert!(
            outcome.stdout.contains("6 entries of the lists name servers by other names"),
            "{outcome:#?}"
        );
        assert!(outcome.stdout.contains("✓ complete: each of 3 servers"), "{outcome:#?}");
    }
    // One name for all three: the Service's own, which DNS knows by three addresses.
    let (cluster, _) = three_by(&format!("http://{SERVICE}:PORT/eureka/"));
    let report = cluster.once("mesh", &["-o", "json"]).expect(3).json();
    assert_eq!(report["missing"].as_array().map(Vec::len), Some(6), "{report}");
    assert_eq!(texts(&report["unexpected"], |it| &it["reason"]), ["of_several"; 3]);
    // By address and by name, each server is one.
    let (cluster, port) = three_by("http://eureka-#.eureka:PORT/eureka/");
    let by_name = (0..3).map(|server| format!("--url=http://eureka-{server}.{SERVICE}:{port}/eureka/"));
    let by_address = (0..3).map(|server| format!("--url={}", url(server, port)));
    let flags: Vec<_> = by_name.chain(by_address).collect();
    let outcome = cluster.once("mesh", &flags.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    assert!(outcome.stdout.contains("✓ complete: each of 3 servers"), "{outcome:#?}");
    assert_eq!(outcome.stdout.matches(" are one server, and count as one").count(), 3, "{outcome:#?}");
}

#[test]
fn a_server_that_is_not_there_makes_it_incomplete() {
    let cluster = Cluster::of(&[]);
    let port = servers(&[&[1], &[0]]);
    let gone = free_address().port();
    let urls = [url(0, port), url(1, port), url(2, gone)].map(|url| format!("--url={url}"));
    let outcome = cluster.once("mesh", &urls.each_ref().map(String::as_str)).expect(3);
    assert!(outcome.stdout.contains("incomplete") && outcome.stdout.contains("refused"), "{outcome:#?}");
    // It is somewhere else, and only its status is asked for.
    assert!(outcome.stdout.contains("network policies let it be reached from here"), "{outcome:#?}");
    for not_used in ["--actuator-url", "--status-url", "in this pod"] {
        assert!(!outcome.stdout.contains(not_used), "{not_used}: {outcome:#?}");
    }
    // Of its list nothing is known, so nothing is said of whom it lacks.
    let not_listed = format!("{} does not list", url(2, gone));
    assert!(!outcome.stdout.contains(&not_listed), "{outcome:#?}");
    assert!(
        outcome.stdout.contains("incomplete: 2 of 6 pairs are missing, and 2 are not known"),
        "{outcome:#?}"
    );
}

#[test]
fn what_answers_there_and_is_no_server_is_told_with_the_settings_that_mesh_has() {
    let cluster = Cluster::of(&[]);
    let address = SocketAddr::from((host(0), free_address().port()));
    serve(address, "<html/>".to_owned());
    let outcome = cluster.once("mesh", &[&format!("--url=http://{address}/")]).expect(3);
    assert!(outcome.stdout.contains("--context-path, or --url"), "{outcome:#?}");
    for not_used in ["--actuator-url", "--status-url"] {
        assert!(!outcome.stdout.contains(not_used), "{not_used}: {outcome:#?}");
    }
}

#[test]
fn a_lone_server_that_its_own_registry_lacks_is_seen() {
    let cluster = Cluster::of(&[]);
    let address = SocketAddr::from((host(0), free_address().port()));
    let lone = status(&[]);
    let reply = move |request: &str| {
        if request.contains("/eureka/status") {
            ("200 OK", lone.clone())
        } else {
            ("404 Not Found", String::new())
        }
    };
    serve_by(address, reply);
    let outcome = cluster.once("mesh", &[&format!("--url=http://{address}/eureka/")]).expect(0);
    assert!(outcome.stdout.contains("is not in its own registry"), "{outcome:#?}");
    assert!(outcome.stdout.ends_with("one server, and no other to list; see the notes\n"), "{outcome:#?}");
}

#[test]
fn where_dns_is_silent_the_servers_of_the_published_list_are_asked() {
    let cluster = Cluster::of(&[]);
    let port = servers(&[&[1, 2], &[0, 2], &[0, 1]]);
    let pods = |service: &[u8]| -> Vec<Pod> {
        service.iter().map(|server| Pod::new(format!("eureka-{server}"), host(*server), port)).collect()
    };
    cluster.dns().set_pods(SERVICE, "http", pods(&[0, 1, 2]));
    let port = port.to_string();
    let own = format!("--self-url={}", url(0, port.parse().expect("a port")));
    let flags = ["--peer-host", "ipv4", "--allow-cidr", "127.0.0.0/8", "--port", &port, &own];
    let sidecar = cluster.run(&flags);
    sidecar.until_started();
    cluster.stop_dns();
    let volume = cluster.volume().display().to_string();
    let listen = cluster.listen.to_string();
    let all = [&flags[..], &["--output-dir", &volume, "--listen", &listen]].concat();
    let outcome = cluster.once("mesh", &all).expect(0);
    assert!(outcome.stdout.contains("complete: each of 3 servers"), "{outcome:#?}");
    assert!(outcome.stderr.contains(&format!("(the sidecar's http://{listen}/status)")), "{outcome:#?}");
    drop(sidecar);
    let outcome = cluster.once("mesh", &all).expect(0);
    assert!(outcome.stdout.contains("complete: each of 3 servers"), "{outcome:#?}");
    assert!(outcome.stderr.contains(&format!("(the saved state in {volume})")), "{outcome:#?}");
}

#[test]
fn no_server_at_all_is_1_with_what_to_do() {
    let cluster = Cluster::of(&[]);
    let outcome = cluster.once("mesh", &[]).expect(1);
    assert!(outcome.stderr.contains("give --url, or a --service that has records"), "{outcome:#?}");
}
