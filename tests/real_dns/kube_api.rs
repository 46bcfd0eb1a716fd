//! As much of the Kubernetes API as CoreDNS asks for: namespaces, Services and endpoint slices,
//! listed and watched.
//!
//! Objects have the fields that `plugin/kubernetes` reads (`object/endpoint.go`,
//! `object/service.go`) and no others.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes of a request's head; Go's client sends less than one.
const HEAD_MAX: u64 = 8 * 1024;

#[derive(Clone)]
pub(crate) struct Endpoint {
    /// Its `hostname`; none as in a Deployment.
    pub(crate) hostname: Option<String>,
    /// Its address, of the slice's family.
    pub(crate) address: IpAddr,
    pub(crate) ready: bool,
}

/// A running API server; ends with its handle.
pub(crate) struct KubeApi {
    address: SocketAddr,
    /// Endpoints by slice: a Service's name and whether they are IPv6.
    slices: watch::Sender<BTreeMap<(String, bool), Vec<Endpoint>>>,
    publishes: Publishes,
    _tasks: JoinSet<()>,
}

/// Which endpoints of a Service are published.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publishes {
    /// Those that are ready.
    Ready,
    /// All, as with `publishNotReadyAddresses: true`: DNS servers are not told of that, the
    /// controller of the slices calls every endpoint ready (`endpointslice/utils.go`).
    NotReadyToo,
}

type Slices = watch::Receiver<BTreeMap<(String, bool), Vec<Endpoint>>>;

impl KubeApi {
    /// Knows the Services `eureka` (headless, port `http` 8761), `balanced` (with a cluster IP)
    /// and `alias` (an external name) in the namespace `ns`, and no endpoints yet.
    pub(crate) async fn start(publishes: Publishes) -> Self {
        let slices = watch::Sender::new(BTreeMap::new());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, slices.subscribe()));
        Self { address, slices, publishes, _tasks: tasks }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the endpoints of one family of `service`.
    pub(crate) fn set_endpoints(&self, service: &str, endpoints: impl IntoIterator<Item = Endpoint>) {
        let is_published = |ready| ready || self.publishes == Publishes::NotReadyToo;
        let published = |endpoint: Endpoint| Endpoint { ready: is_published(endpoint.ready), ..endpoint };
        let endpoints: Vec<_> = endpoints.into_iter().map(published).collect();
        let is_v6 = endpoints.first().is_some_and(|endpoint| endpoint.address.is_ipv6());
        self.slices.send_modify(|slices| {
            slices.insert((service.to_owned(), is_v6), endpoints);
        });
    }
}

async fn accept(listener: TcpListener, slices: Slices) {
    let mut connections = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await.expect("a bound socket accepts");
        let slices = slices.clone();
        // A connection ends when CoreDNS ends, which is no fault.
        connections.spawn(async move { serve(connection, slices).await.unwrap_or_default() });
    }
}

/// One request a connection; a watch stays open and is written to.
async fn serve(mut connection: TcpStream, slices: Slices) -> std::io::Result<()> {
    let target = read_target(&mut connection).await?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let kind = path.rsplit('/').next().unwrap_or_default();
    // A list that begins with a watch is newer than what is needed here: the client falls back.
    if query.contains("sendInitialEvents=true") {
        return respond(&mut connection, "422 Unprocessable Entity", &json!({})).await;
    }
    if query.contains("watch=true") {
        return watch_slices(&mut connection, kind, slices).await;
    }
    let items = match kind {
        "namespaces" => vec![json!({ "metadata": { "name": "ns" } })],
        "services" => services(),
        "endpointslices" => endpoint_slices(&slices),
        _ => return respond(&mut connection, "404 Not Found", &json!({})).await,
    };
    let (api_version, list_kind) = api_version_and_kind(kind);
    let list = json!({
        "apiVersion": api_version,
        "kind": format!("{list_kind}List"),
        "metadata": { "resourceVersion": "1" },
        "items": items,
    });
    respond(&mut connection, "200 OK", &list).await
}

/// The request's target; the other lines of its head are read and dropped.
async fn read_target(connection: &mut TcpStream) -> std::io::Result<String> {
    let mut lines = BufReader::new(connection.take(HEAD_MAX)).lines();
    let request = lines.next_line().await?.unwrap_or_default();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    Ok(request.split(' ').nth(1).unwrap_or_default().to_owned())
}

async fn respond(connection: &mut TcpStream, status: &str, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    connection.write_all(response.as_bytes()).await
}

/// Tells of the slices now and after each change; of other kinds there is never any news.
async fn watch_slices(connection: &mut TcpStream, kind: &str, mut slices: Slices) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.write_all(head.as_bytes()).await?;
    if kind != "endpointslices" {
        std::future::pending::<()>().await;
    }
    loop {
        slices.mark_unchanged();
        for mut object in endpoint_slices(&slices) {
            let (api_version, object_kind) = api_version_and_kind(kind);
            object["apiVersion"] = api_version.into();
            object["kind"] = object_kind.into();
            let event = format!("{}\n", json!({ "type": "MODIFIED", "object": object }));
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            connection.write_all(chunk.as_bytes()).await?;
        }
        if slices.changed().await.is_err() {
            return Ok(());
        }
    }
}

fn api_version_and_kind(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "namespaces" => ("v1", "Namespace"),
        "services" => ("v1", "Service"),
        _ => ("discovery.k8s.io/v1", "EndpointSlice"),
    }
}

fn services() -> Vec<Value> {
    let ports = json!([{ "name": "http", "port": 8761, "protocol": "TCP" }]);
    let service = |name: &str, spec: Value| json!({ "metadata": { "name": name, "namespace": "ns", "resourceVersion": "1" }, "spec": spec });
    vec![
        service("eureka", json!({ "clusterIP": "None", "clusterIPs": ["None"], "ports": ports })),
        service("balanced", json!({ "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": ports })),
        service("alias", json!({ "type": "ExternalName", "externalName": "eureka.example" })),
    ]
}

fn endpoint_slices(slices: &Slices) -> Vec<Value> {
    let slices = slices.borrow();
    slices.iter().map(|((service, is_v6), endpoints)| endpoint_slice(service, *is_v6, endpoints)).collect()
}

fn endpoint_slice(service: &str, is_v6: bool, endpoints: &[Endpoint]) -> Value {
    let family = if is_v6 { "IPv6" } else { "IPv4" };
    let endpoint = |endpoint: &Endpoint| {
        json!({
            "addresses": [endpoint.address],
            "hostname": endpoint.hostname,
            "conditions": { "ready": endpoint.ready },
        })
    };
    json!({
        "metadata": {
            "name": format!("{service}-{}", family.to_lowercase()),
            "namespace": "ns",
            "resourceVersion": "1",
            "labels": { "kubernetes.io/service-name": service },
        },
        "addressType": family,
        "ports": [{ "name": "http", "port": 8761, "protocol": "TCP" }],
        "endpoints": endpoints.iter().map(endpoint).collect::<Vec<_>>(),
    })
}
