//! `helm test`, as its pod would run it: the program with the variables that the chart renders, DNS, and servers that
//! list each other, or do not.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::chart::template;
use crate::chart_values;
use crate::dns_server::{DnsThread, Pod};
use crate::environment::{Facts, expand};
use crate::ports::free_address;
use crate::rendered::{Container, items};

/// A status document of a stock server.
const STATUS: &str = include_str!("../../src/eureka/testdata/status-spring-2025.0.1.xml");
/// The one peer in it.
const LISTED: &str =
    "<registered-replicas>http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/</registered-replicas>";
const SERVICE: &str = "eureka.shop.svc.cluster.local";
const SERVERS: [u8; 3] = [0, 1, 2];

/// By names and by addresses: 0 for a whole mesh, 3 where one is missing, 1 where nobody is there.
pub(crate) fn test_pod() -> Result<(), String> {
    for topology in ["statefulset", "deployment"] {
        let port = free_address().port();
        let dns = DnsThread::start(free_address()).map_err(|error| error.to_string())?;
        let lists = Arc::new(Mutex::new(lists(topology, port)));
        for server in SERVERS {
            serve((host(server), port).into(), server, Arc::clone(&lists))
                .map_err(|error| error.to_string())?;
        }
        let run = || ends_with(topology, port, dns.address());
        expect(topology, "nobody is there", run()?, 1)?;
        dns.set_pods(SERVICE, "http", SERVERS.map(|it| Pod::new(format!("eureka-{it}"), host(it), port)));
        expect(topology, "the mesh is whole", run()?, 0)?;
        lists.lock().unwrap_or_else(PoisonError::into_inner)[1].pop();
        expect(topology, "one peer is missing", run()?, 3)?;
        dns.stop();
    }
    Ok(())
}

fn expect(
    topology: &str,
    when: &str,
    (code, said): (Option<i32>, String),
    wanted: i32,
) -> Result<(), String> {
    if code == Some(wanted) {
        return Ok(());
    }
    Err(format!("{topology}: when {when} helm test ends with {code:?}, not {wanted}:\n{said}"))
}

fn host(server: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, 40 + server)
}

/// Whom each server lists.
fn lists(topology: &str, port: u16) -> Vec<Vec<String>> {
    let url = |server: &u8| match topology {
        "statefulset" => format!("http://eureka-{server}.{SERVICE}:{port}/registry/eureka/"),
        _ => format!("http://{}:{port}/registry/eureka/", host(*server)),
    };
    SERVERS.iter().map(|own| SERVERS.iter().filter(|it| *it != own).map(url).collect()).collect()
}

/// What the pod's one container ends with, and what it says.
fn ends_with(topology: &str, port: u16, dns: SocketAddr) -> Result<(Option<i32>, String), String> {
    let values = [
        format!("topology={topology}"),
        format!("server.port={port}"),
        "server.contextPath=/registry".to_owned(),
        format!("sidecar.settings.dns-server={dns}"),
        "sidecar.settings.cluster-domain=cluster.local".to_owned(),
        "sidecar.settings.start-deadline=1s".to_owned(),
        if topology == "deployment" { "sidecar.settings.allow-cidr=127.0.0.0/8" } else { "replicas=3" }
            .to_owned(),
    ];
    let objects = template(&values.each_ref().map(String::as_str))?;
    let pod = chart_values::test_pod(&objects)?;
    let container = Container(&items(&pod.0, &["spec", "containers"])[0]);
    let facts = Facts::of_pod("eureka-mesh", "10.244.1.9");
    let variables = expand(container, &facts).map_err(|faults| faults.join("\n"))?;
    let arguments = items(container.0, &["args"]).iter().filter_map(serde_yaml::Value::as_str);
    let mut command = Command::new(env!("CARGO_BIN_EXE_eureka-peers"));
    command.args(arguments).env_clear().envs(variables).env("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    let output = command.output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
}

/// Answers every request with the list that the server has by then, for as long as the tests run.
fn serve(address: SocketAddr, server: u8, lists: Arc<Mutex<Vec<Vec<String>>>>) -> std::io::Result<()> {
    assert!(STATUS.contains(LISTED), "the sample has changed");
    let listener = TcpListener::bind(address)?;
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _request = connection.read(&mut [0; 4096]);
            let peers = lists.lock().unwrap_or_else(PoisonError::into_inner)[usize::from(server)].join(", ");
            let listed = format!("<registered-replicas>{peers}</registered-replicas>");
            let body = STATUS.replace(LISTED, &listed);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close";
            let _told = write!(connection, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    Ok(())
}
