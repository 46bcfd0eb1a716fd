//! A cluster made of the rendered objects: DNS from their Services, pods from their workload.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_yaml::Value;

use crate::dns_server::{self, DnsThread};
use crate::environment::Facts;
use crate::executed::kubelet::{RunningPod, Surroundings, port_of};
use crate::executed::place::Place;
use crate::reader::list_in;
use crate::registry::Registry;
use crate::release::Release;
use crate::rendered::{Container, Object, at, items};
use crate::stock_image::{Image, Security};
use crate::stock_pod::machine_as_pod;
use crate::view::View;
use crate::wait;
use crate::workload::selects;

/// The namespace of every test.
const NAMESPACE: &str = "shop";
/// The ordinal of a pod that is no server.
const GUEST: u8 = 100;

/// Everything that one folder says, running.
pub(crate) struct Cluster {
    objects: Vec<Object>,
    /// None where pods run without their servers.
    image: Option<Image>,
    context_path: &'static str,
    dns: DnsThread,
    directory: PathBuf,
    pods: BTreeMap<u8, (RunningPod, Facts)>,
    /// Pods on nodes that are gone: DNS lists them, and nobody answers.
    lost: BTreeSet<u8>,
}

impl Cluster {
    /// An empty cluster; its files lie in a directory of this name, in which slashes become dashes.
    pub(crate) fn new(name: &str, objects: Vec<Object>, release: &Release) -> Self {
        let image = Image::of(release, Security::Without);
        Self::with(name, objects, Some(image), release.context_path())
    }

    /// One whose pods run our own containers alone, which needs no Java: what they publish is seen.
    pub(crate) fn without_servers(name: &str, objects: Vec<Object>) -> Self {
        Self::with(name, objects, None, "/eureka/")
    }

    fn with(name: &str, objects: Vec<Object>, image: Option<Image>, context_path: &'static str) -> Self {
        let dns = DnsThread::start((Ipv4Addr::LOCALHOST, 0).into()).expect("a port is free");
        let directory = crate::tool::scratch("executed").join(name.replace('/', "-"));
        Self { objects, image, context_path, dns, directory, pods: BTreeMap::new(), lost: BTreeSet::new() }
    }

    /// Starts a pod of the workload and waits for its native sidecars; Eureka has been started then.
    pub(crate) fn start(&mut self, ordinal: u8) -> Result<(), String> {
        let name = self.pod_name(ordinal);
        let address = address_of(ordinal);
        let mut facts = Facts::of_pod(&name, &address.to_string()).with_objects(&self.objects);
        let place = Place::new(&name, address, &self.directory);
        self.lost.remove(&ordinal);
        // From the moment that it has an address, where the Service says so.
        self.announce(&self.listed().chain([ordinal]).collect());
        let pod = self.workload().pod().expect("a workload has a pod");
        let running = RunningPod::start(pod, place, &mut facts, &self.surroundings(ordinal, &[]))?;
        self.pods.insert(ordinal, (running, facts));
        Ok(())
    }

    /// Waits until a pod would be ready, and so in the Service for clients.
    pub(crate) fn wait_ready(&mut self, ordinal: u8, limit: Duration) -> Result<Duration, String> {
        self.pod(ordinal).wait_ready(limit).map_err(|why| format!("pod {ordinal}: {why}"))
    }

    /// Starts a pod of another workload in the same cluster; no Service selects it.
    pub(crate) fn start_guest(&self, objects: &[Object], name: &str) -> Result<RunningPod, String> {
        let pod = objects.iter().find_map(Object::pod).ok_or("the folder has no workload")?;
        let address = address_of(GUEST);
        let mut facts = Facts::of_pod(name, &address.to_string()).with_objects(objects);
        let place = Place::new(name, address, &self.directory);
        // What the image of an application brings: a port, its name, and the wish to be found.
        let brings = [
            ("SERVER_PORT", "8080"),
            ("SPRING_APPLICATION_NAME", name),
            ("EUREKA_CLIENT_REGISTERWITHEUREKA", "true"),
        ];
        RunningPod::start(pod, place, &mut facts, &self.surroundings(GUEST, &brings))
    }

    fn surroundings<'a>(&'a self, own: u8, brings: &'a [(&'a str, &'a str)]) -> Surroundings<'a> {
        let (dns, image) = (self.dns.address(), self.image.as_ref());
        Surroundings { dns, image, hosts: self.hosts(own), brings }
    }

    /// Where a server hands out what it has of an application; as old as all that it hands out.
    ///
    /// Not `apps`: Netflix's own server compresses that, asked or not (`GzipEncodingEnforcingFilter`).
    pub(crate) fn handed_out(&self, ordinal: u8, application: &str) -> Result<String, String> {
        let path = format!("{}vips/{application}", self.context_path);
        let reply = crate::http::Request::get(&path).send(self.socket(ordinal));
        let reply = reply.map_err(|error| error.to_string())?;
        if reply.status == 404 { Ok(String::new()) } else { reply.ok() }
    }

    /// Where a pod's server answers.
    pub(crate) fn socket(&self, ordinal: u8) -> SocketAddr {
        SocketAddr::from((address_of(ordinal), self.server_port()))
    }

    /// Waits until every server knows an instance.
    pub(crate) fn wait_known(&self, id: &str, limit: Duration) -> Result<(), String> {
        let is_known = || self.pods.keys().try_for_each(|ordinal| self.registry(*ordinal).knows(id));
        wait::closely(&format!("{id} is known"), limit, is_known).map(drop)
    }

    /// Takes a pod away, in order; DNS lists it until it is gone.
    pub(crate) fn terminate(&mut self, ordinal: u8) -> Result<(), String> {
        let (pod, _) = self.pods.remove(&ordinal).expect("the scenario has this pod");
        pod.terminate()?;
        self.announce(&self.listed().collect());
        Ok(())
    }

    /// Has DNS list a pod whose node is gone, as long as its object exists: nobody answers there.
    pub(crate) fn lose(&mut self, ordinal: u8) {
        self.lost.insert(ordinal);
        self.announce(&self.listed().collect());
    }

    fn listed(&self) -> impl Iterator<Item = u8> {
        self.pods.keys().chain(&self.lost).copied()
    }

    /// All servers but one.
    fn urls_beside(&self, ordinal: u8) -> BTreeSet<String> {
        self.listed().filter(|other| *other != ordinal).map(|other| self.url(other)).collect()
    }

    /// A pod and everything in it.
    pub(crate) fn pod(&mut self, ordinal: u8) -> &mut RunningPod {
        &mut self.pods.get_mut(&ordinal).expect("the scenario has this pod").0
    }

    /// Waits until every pod has published every other server and nobody else.
    pub(crate) fn wait_published(&self, limit: Duration) -> Result<Duration, String> {
        wait::closely("every pod has published", limit, || self.is_published()).map(|((), took)| took)
    }

    fn is_published(&self) -> Result<(), String> {
        for (ordinal, (pod, _)) in &self.pods {
            let file = pod.place.volume("eureka-peers").join("peers.properties");
            let published = list_in(&file).map_err(|unread| format!("pod {ordinal}: {unread:?}"))?;
            let others = self.urls_beside(*ordinal);
            if others != published.iter().cloned().collect() {
                return Err(format!("pod {ordinal} has published {published:?} instead of {others:?}"));
            }
        }
        Ok(())
    }

    /// Waits until every server lists every other one and nobody else, and no sidecar complains.
    pub(crate) fn wait_complete(&mut self, limit: Duration) -> Result<Duration, String> {
        wait::closely("the mesh is complete", limit, || self.is_complete()).map(|((), took)| took)
    }

    /// Waits until every server knows every server as an instance, itself included.
    pub(crate) fn wait_registered(&self, limit: Duration) -> Result<(), String> {
        let begun = Instant::now();
        for ordinal in self.pods.keys() {
            let id = self.registry(*ordinal).status()?.instance_id;
            self.wait_known(&id, limit.saturating_sub(begun.elapsed()))?;
        }
        Ok(())
    }

    /// What our own program says of the mesh, run in one of the pods.
    pub(crate) fn exec(&self, ordinal: u8, arguments: &[&str]) -> Result<(Option<i32>, String), String> {
        let (pod, facts) = &self.pods[&ordinal];
        pod.exec(arguments, facts, self.dns.address())
    }

    /// The registry of a pod's server.
    pub(crate) fn registry(&self, ordinal: u8) -> Registry {
        Registry::new(self.socket(ordinal), self.context_path, None)
    }

    /// What the sidecar of a pod shows of itself.
    pub(crate) fn sidecar(&self, ordinal: u8) -> View {
        View(self.pods[&ordinal].0.place.socket(self.sidecar_port()))
    }

    fn is_complete(&mut self) -> Result<(), String> {
        for ordinal in self.pods.keys() {
            self.registry(*ordinal).has_peers(&self.urls_beside(*ordinal))?;
            self.is_content(*ordinal)?;
        }
        self.pods.values_mut().try_for_each(|(pod, _)| pod.check_alive())
    }

    /// No condition stands but such as pass by themselves.
    fn is_content(&self, ordinal: u8) -> Result<(), String> {
        let status = self.sidecar(ordinal).status()?;
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let kinds = conditions.filter_map(|condition| condition["kind"].as_str());
        let serious: Vec<&str> = kinds.filter(|kind| !kind.starts_with("held_")).collect();
        if serious.is_empty() { Ok(()) } else { Err(format!("eureka-peers {ordinal} says {serious:?}")) }
    }

    /// What the Services say of these pods.
    fn announce(&self, pods: &BTreeSet<u8>) {
        for service in self.headless_services() {
            assert!(service.publishes_all(), "{} would list no pod that starts", service.name());
            let port = &items(&service.0, &["spec", "ports"])[0];
            let target = at(port, &["targetPort"]).unwrap_or(&port["port"]);
            let number = self.port_behind(target);
            let pods = pods.iter().map(|ordinal| {
                dns_server::Pod::new(self.host_label(service, *ordinal), address_of(*ordinal), number)
            });
            let name = format!("{}.{NAMESPACE}.svc.cluster.local", service.name());
            self.dns.set_pods(&name, port["name"].as_str().unwrap_or_default(), pods);
        }
    }

    fn headless_services(&self) -> impl Iterator<Item = &Object> {
        let template = self.workload().pod_template().expect("a workload has a template");
        let services = self.objects.iter().filter(|object| object.kind() == "Service");
        // A Service that publishes ready pods only is not what our program asks.
        services
            .filter(|service| service.is_headless() && selects(service, template) && service.publishes_all())
    }

    /// Under the governing Service a pod has its own name, elsewhere its address (`endpointHostname`).
    fn host_label(&self, service: &Object, ordinal: u8) -> String {
        if self.workload().text(&["spec", "serviceName"]) == service.name() {
            return self.pod_name(ordinal);
        }
        address_of(ordinal).to_string().replace('.', "-")
    }

    fn port_behind(&self, target: &Value) -> u16 {
        let containers = self.workload().pod().expect("a workload has a pod").containers();
        let found = containers.into_iter().find_map(|container| port_of(container, target).ok());
        found.expect("a Service leads to a port of its pods")
    }

    fn workload(&self) -> &Object {
        self.objects.iter().find(|object| object.pod_template().is_some()).expect("the folder has a workload")
    }

    fn pod_name(&self, ordinal: u8) -> String {
        match self.workload().kind() {
            "StatefulSet" => format!("{}-{ordinal}", self.workload().name()),
            _ => format!("{}-5d9c7bfb6{ordinal}-x2x4{ordinal}", self.workload().name()),
        }
    }

    /// A server's URL as its peers must list it: by its name where pods have one and it says so.
    fn url(&self, ordinal: u8) -> String {
        let facts = Facts::of_pod(&self.pod_name(ordinal), &address_of(ordinal).to_string());
        let facts = facts.with_objects(&self.objects);
        let server = self.workload().pod().and_then(|pod| pod.container("eureka"));
        let variables = crate::environment::expand(server.expect("the pod has a server"), &facts);
        let variables: BTreeMap<String, String> = variables.unwrap_or_default().into_iter().collect();
        let by_address = variables.get("EUREKA_INSTANCE_PREFERIPADDRESS").is_none_or(|value| value == "true");
        let host = match variables.get("EUREKA_INSTANCE_HOSTNAME") {
            Some(name) if !by_address => name.clone(),
            _ => address_of(ordinal).to_string(),
        };
        format!("http://{host}:{}{}", self.server_port(), self.context_path)
    }

    fn server_port(&self) -> u16 {
        let server = self.workload().pod().and_then(|pod| pod.container("eureka"));
        server.and_then(Container::port).expect("a server offers a port")
    }

    fn sidecar_port(&self) -> u16 {
        let pod = self.workload().pod().expect("a workload has a pod");
        let mut ours = pod.all_containers().into_iter().filter(|container| container.is_ours());
        ours.find_map(Container::port).expect("our container offers a port")
    }

    /// Names for a JVM: every pod's, and the machine's.
    fn hosts(&self, own: u8) -> String {
        let governing = self.headless_services().next().expect("the folder has a headless Service");
        let pods = (0..9).map(|ordinal| {
            let label = self.host_label(governing, ordinal);
            format!("{} {label}.{}.{NAMESPACE}.svc.cluster.local\n", address_of(ordinal), governing.name())
        });
        pods.chain([machine_as_pod(&own.to_string(), address_of(own).into())]).collect()
    }
}

/// Addresses that no other test of this project uses.
fn address_of(ordinal: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 22, ordinal + 1)
}
