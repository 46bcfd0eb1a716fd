//! A DNS server for headless Services on loopback, for tests and the demonstration.
//!
//! It answers as CoreDNS does (`plugin/kubernetes`), from pods that can be changed while it runs,
//! and can be told to misbehave. It lives on the runtime that started it and ends with its handle.
//! Never part of the program.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hickory_proto::op::{HeaderCounts, Metadata, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, NULL, SOA, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo, Server};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::{Builder, Runtime};

/// The zone that is served; names outside of it, and of the Services that were set, are refused.
const CLUSTER_DOMAIN: &str = "cluster.local.";
/// Whose pods are not ours.
const OTHER_SERVICE: &str = "other.ns.svc.cluster.local.";
/// In the range that kubeadm gives to Services.
const CLUSTER_IP: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 7);
/// CoreDNS's default.
const TTL_SECONDS: u32 = 5;
/// Questions remembered; enough to see the last exchange whole.
const QUESTIONS_KEPT: usize = 64;
/// Ports tried until one is free for both protocols.
const BIND_ATTEMPTS: usize = 16;
/// An idle TCP connection is closed after this.
const TCP_IDLE_MAX: Duration = Duration::from_secs(30);
/// How soon an answer that is let go leaves.
const HELD_BACK_GLANCE: Duration = Duration::from_millis(1);
/// Answers queued on one TCP connection.
const TCP_QUEUE: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    /// The first label of its name, for instance `eureka-0`.
    pub(crate) name: String,
    /// One address, or one of each family.
    pub(crate) addresses: Vec<IpAddr>,
    /// The number behind the port's name.
    pub(crate) port: u16,
    /// Pods that are not ready are left out.
    pub(crate) ready: bool,
}

impl Pod {
    pub(crate) fn new(name: impl Into<String>, address: impl Into<IpAddr>, port: u16) -> Self {
        Self { name: name.into(), addresses: vec![address.into()], port, ready: true }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// From the pods.
    #[default]
    Normal,
    /// SERVFAIL, as before CoreDNS has synchronised.
    ServFail,
    /// REFUSED.
    Refused,
    /// Not at all.
    Silent,
    /// NXDOMAIN with an SOA, as when nodes are cut off.
    NoSuchName,
    /// NXDOMAIN without an SOA.
    NoSuchNameWithoutSoa,
    /// NOERROR without records, with an SOA.
    NoData,
    /// NOERROR without records and without an SOA.
    NoDataWithoutSoa,
    /// NOTIMP.
    NotImplemented,
    /// The first record and the truncation bit over UDP, silence over TCP: port 53 is open for UDP only.
    TruncatedWithoutTcp,
    /// A record of the asked name and type whose data ends too early.
    Unreadable,
    /// A CNAME, and the records of the name that it leads to.
    Alias,
    /// SRV records that lead to the same pods of another Service; addresses as in `Normal`.
    OtherService,
    /// As a Service with a cluster IP: SRV leads to the Service's own name, which has one address.
    ClusterIp,
}

/// One question as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The name in the asker's letter case, with its trailing dot.
    pub(crate) name: String,
    pub(crate) record_type: RecordType,
    pub(crate) over_tcp: bool,
    /// The UDP payload size in its EDNS record; none without one.
    pub(crate) edns_payload: Option<u16>,
}

pub(crate) struct DnsServer {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    server: Server<Handler>,
}

impl DnsServer {
    /// Serves UDP and TCP at `address`; port 0 means any that is free for both.
    pub(crate) async fn start(address: SocketAddr) -> io::Result<Self> {
        let (udp, tcp) = bind(address).await?;
        let address = tcp.local_addr()?;
        let world = Arc::<Mutex<World>>::default();
        let mut server = Server::new(Handler { world: Arc::clone(&world) });
        server.register_socket(udp);
        server.register_listener(tcp, TCP_IDLE_MAX, TCP_QUEUE);
        Ok(Self { address, world, server })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The pods behind `service`, a full name such as `eureka.ns.svc.cluster.local`, whose port is
    /// called `port_name`. No pods at all: such a Service is as good as missing.
    pub(crate) fn set_pods(&self, service: &str, port_name: &str, pods: impl IntoIterator<Item = Pod>) {
        let service_name = fully_qualified(service);
        let pods = pods.into_iter().collect();
        let mut world = self.world();
        world.services.insert(service_name, Service { port_name: port_name.to_owned(), pods });
        world.serial = unix_time();
    }

    /// How questions are answered from now on.
    pub(crate) fn set_mode(&self, mode: Mode) {
        self.world().mode = mode;
    }

    /// How long each answer waits.
    pub(crate) fn set_delay(&self, delay: Duration) {
        self.world().delay = delay;
    }

    /// Whether answers wait until they are let go.
    pub(crate) fn set_held_back(&self, is_held_back: bool) {
        self.world().is_held_back = is_held_back;
    }

    /// The serial in the SOA: the Unix time of the last change.
    pub(crate) fn soa_serial(&self) -> u32 {
        self.world().serial
    }

    pub(crate) fn count(&self, record_type: RecordType) -> usize {
        self.world().counts.get(&record_type).copied().unwrap_or_default()
    }

    /// The latest questions, the last one last.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.world().asked.iter().cloned().collect()
    }

    /// Ends it and frees its port.
    pub(crate) async fn stop(mut self) {
        self.server.shutdown_gracefully().await.expect("the server's own tasks do not fail");
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

/// A server in a thread of its own, for tests that know nothing of async.
pub(crate) struct DnsThread {
    server: DnsServer,
    runtime: Runtime,
}

impl DnsThread {
    /// As [`DnsServer::start`].
    pub(crate) fn start(address: SocketAddr) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let server = runtime.block_on(DnsServer::start(address))?;
        Ok(Self { server, runtime })
    }

    /// Ends it; its port is closed then.
    pub(crate) fn stop(self) {
        self.runtime.block_on(self.server.stop());
    }
}

impl Deref for DnsThread {
    type Target = DnsServer;

    fn deref(&self) -> &DnsServer {
        &self.server
    }
}

/// Binds both protocols to one port.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempts = BIND_ATTEMPTS;
    loop {
        let udp = UdpSocket::bind(address).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if attempts == 0 || address.port() != 0 => return Err(error),
            Err(_) => attempts -= 1,
        }
    }
}

/// What there is to be known, and what was asked.
#[derive(Default)]
struct World {
    services: BTreeMap<Name, Service>,
    mode: Mode,
    delay: Duration,
    is_held_back: bool,
    serial: u32,
    counts: BTreeMap<RecordType, usize>,
    asked: VecDeque<Asked>,
}

struct Service {
    port_name: String,
    pods: Vec<Pod>,
}

struct Reply {
    code: ResponseCode,
    is_truncated: bool,
    answers: Vec<Record>,
    soa: Vec<Record>,
    additionals: Vec<Record>,
}

impl World {
    fn note(&mut self, asked: Asked) {
        *self.counts.entry(asked.record_type).or_default() += 1;
        self.asked.push_back(asked);
        if self.asked.len() > QUESTIONS_KEPT {
            self.asked.pop_front();
        }
    }

    /// None: stay silent.
    fn reply(&self, name: &Name, record_type: RecordType, protocol: Protocol) -> Option<Reply> {
        match self.mode {
            Mode::Normal => Some(self.reply_from_pods(name, record_type)),
            Mode::ServFail => Some(Reply::error(ResponseCode::ServFail)),
            Mode::Refused => Some(Reply::error(ResponseCode::Refused)),
            Mode::Silent => None,
            Mode::NoSuchName => Some(self.denial(ResponseCode::NXDomain)),
            Mode::NoSuchNameWithoutSoa => Some(Reply::error(ResponseCode::NXDomain)),
            Mode::NoData => Some(self.denial(ResponseCode::NoError)),
            Mode::NoDataWithoutSoa => Some(Reply::error(ResponseCode::NoError)),
            Mode::NotImplemented => Some(Reply::error(ResponseCode::NotImp)),
            Mode::TruncatedWithoutTcp if protocol == Protocol::Tcp => None,
            Mode::TruncatedWithoutTcp => Some(self.reply_from_pods(name, record_type).truncated()),
            Mode::Unreadable => Some(Reply::records(vec![unreadable_record(name, record_type)])),
            Mode::Alias => Some(Reply::records(self.alias(name, record_type))),
            Mode::OtherService => Some(self.reply_from_pods(name, record_type).elsewhere()),
            Mode::ClusterIp => Some(self.reply_with_cluster_ip(name, record_type)),
        }
    }

    fn alias(&self, name: &Name, record_type: RecordType) -> Vec<Record> {
        let target = below(name, "elsewhere");
        let moved = self.reply_from_pods(name, record_type).answers.into_iter().map(|mut record| {
            record.name = target.clone();
            record
        });
        let alias = Record::from_rdata(name.clone(), TTL_SECONDS, RData::CNAME(CNAME(target.clone())));
        [alias].into_iter().chain(moved).collect()
    }

    fn reply_with_cluster_ip(&self, name: &Name, record_type: RecordType) -> Reply {
        let has =
            |service: &&Name| *service == name || self.services[*service].port_name_below(service) == *name;
        let Some(service) = self.services.keys().find(has) else {
            return self.denial(ResponseCode::NXDomain);
        };
        let data = match record_type {
            RecordType::SRV => RData::SRV(SRV::new(0, 100, 8761, service.clone())),
            RecordType::A if name == service => RData::A(CLUSTER_IP.into()),
            _ => return self.denial(ResponseCode::NoError),
        };
        Reply::records(vec![Record::from_rdata(name.clone(), TTL_SECONDS, data)])
    }

    fn reply_from_pods(&self, name: &Name, record_type: RecordType) -> Reply {
        let is_served = |zone: &Name| zone.zone_of(name);
        if !is_served(&fully_qualified(CLUSTER_DOMAIN)) && !self.services.keys().any(is_served) {
            return Reply::error(ResponseCode::Refused);
        }
        let found = self.services.iter().find_map(|(service_name, service)| {
            let found = service.find(service_name, name);
            (!found.is_empty()).then_some((service_name, service, found))
        });
        let Some((service_name, service, mut answers)) = found else {
            return self.denial(ResponseCode::NXDomain);
        };
        answers.retain(|record| record.record_type() == record_type);
        if answers.is_empty() {
            return self.denial(ResponseCode::NoError);
        }
        fastrand::shuffle(&mut answers);
        // What CoreDNS adds to SRV records.
        let addresses = |pod: &Pod| address_records(&below(service_name, &pod.name), pod);
        let additionals = match record_type {
            RecordType::SRV => service.ready().flat_map(addresses).collect(),
            _ => Vec::new(),
        };
        Reply { additionals, ..Reply::records(answers) }
    }

    fn denial(&self, code: ResponseCode) -> Reply {
        let below = |label: &str| fully_qualified(&format!("{label}.{CLUSTER_DOMAIN}"));
        let soa = SOA::new(below("ns.dns"), below("hostmaster"), self.serial, 7200, 1800, 86400, TTL_SECONDS);
        let soa = Record::from_rdata(fully_qualified(CLUSTER_DOMAIN), TTL_SECONDS, RData::SOA(soa));
        Reply { soa: vec![soa], ..Reply::error(code) }
    }
}

impl Reply {
    fn error(code: ResponseCode) -> Self {
        Self { code, is_truncated: false, answers: Vec::new(), soa: Vec::new(), additionals: Vec::new() }
    }

    fn records(answers: Vec<Record>) -> Self {
        Self { answers, ..Self::error(ResponseCode::NoError) }
    }

    /// Cut short, with a plausible rest: whoever used it would lose peers.
    fn truncated(mut self) -> Self {
        self.answers.truncate(1);
        self.is_truncated = true;
        Self { soa: Vec::new(), additionals: Vec::new(), ..self }
    }

    /// With SRV targets of another Service.
    fn elsewhere(mut self) -> Self {
        for record in &mut self.answers {
            if let RData::SRV(srv) = &mut record.data {
                let pod = Name::from_labels(srv.target.iter().take(1)).expect("a label of ours");
                srv.target = pod.append_domain(&fully_qualified(OTHER_SERVICE)).expect("short");
            }
        }
        self
    }
}

impl Service {
    /// Every record under `name`, of any type; none where there is no such name.
    fn find(&self, service: &Name, name: &Name) -> Vec<Record> {
        if name == service {
            return self.ready().flat_map(|pod| address_records(name, pod)).collect();
        }
        if *name == self.port_name_below(service) {
            return self.ready().map(|pod| srv_record(service, name, pod)).collect();
        }
        let pod = self.ready().find(|pod| *name == below(service, &pod.name));
        pod.map(|pod| address_records(name, pod)).unwrap_or_default()
    }

    /// The name that has the SRV records.
    fn port_name_below(&self, service: &Name) -> Name {
        below(service, &format!("_{}._tcp", self.port_name))
    }

    fn ready(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| pod.ready)
    }
}

fn address_records(owner: &Name, pod: &Pod) -> Vec<Record> {
    let data = pod.addresses.iter().map(|address| match address {
        IpAddr::V4(v4) => RData::A((*v4).into()),
        IpAddr::V6(v6) => RData::AAAA((*v6).into()),
    });
    data.map(|data| Record::from_rdata(owner.clone(), TTL_SECONDS, data)).collect()
}

/// One byte is neither an address nor an SRV record.
fn unreadable_record(owner: &Name, record_type: RecordType) -> Record {
    let data = RData::Unknown { code: record_type, rdata: NULL::with(vec![0]) };
    Record::from_rdata(owner.clone(), TTL_SECONDS, data)
}

fn srv_record(service: &Name, owner: &Name, pod: &Pod) -> Record {
    let srv = SRV::new(0, 100, pod.port, below(service, &pod.name));
    Record::from_rdata(owner.clone(), TTL_SECONDS, RData::SRV(srv))
}

fn below(zone: &Name, labels: &str) -> Name {
    let name = Name::from_ascii(labels).expect("labels of a test are valid");
    name.append_domain(zone).expect("names of a test are short")
}

fn fully_qualified(name: &str) -> Name {
    let mut name = Name::from_ascii(name).expect("names of a test are valid");
    name.set_fqdn(true);
    name
}

fn unix_time() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().expect("nobody panics while holding the world")
}

struct Handler {
    world: Arc<Mutex<World>>,
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        let nothing_sent =
            ResponseInfo::from(hickory_proto::op::Header { metadata, counts: HeaderCounts::default() });
        let Ok(info) = request.request_info() else { return nothing_sent };
        let (name, record_type) = (info.query.original().name(), info.query.query_type());
        let (delay, reply) = {
            let mut world = lock(&self.world);
            world.note(Asked {
                name: name.to_ascii(),
                record_type,
                over_tcp: info.protocol == Protocol::Tcp,
                edns_payload: request.edns.as_ref().map(hickory_proto::op::Edns::max_payload),
            });
            (world.delay, world.reply(name, record_type, info.protocol))
        };
        let Some(reply) = reply else { return nothing_sent };
        // Even a sleep of nothing takes a tick of tokio's clock, which is a millisecond.
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        while lock(&self.world).is_held_back {
            tokio::time::sleep(HELD_BACK_GLANCE).await;
        }
        metadata.response_code = reply.code;
        metadata.truncation = reply.is_truncated;
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &request.edns {
            builder.edns(edns);
        }
        let response = builder.build(metadata, &reply.answers, [], &reply.soa, &reply.additionals);
        // An asker that has gone away needs no answer.
        response_handle.send_response(response).await.unwrap_or(nothing_sent)
    }
}
