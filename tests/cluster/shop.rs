//! One namespace with one set of servers, as an operator sees it: kubectl, and what each server says of itself.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use serde_yaml::Value;

use crate::ground::Ground;
use crate::overlay;
use crate::pod::Pod;
use crate::registry::Registry;
use crate::rendered::{Object, at, is_true, items, write};
use crate::wait;

/// Images are there; a JVM takes a minute beside other work, and forty seconds more where nobody hands
/// out a registry.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(420);
/// A namespace whose pods are gone.
const GONE_WITHIN: Duration = Duration::from_secs(180);
/// `terminationGracePeriodSeconds` 45, and some air.
const DELETED_WITHIN: Duration = Duration::from_secs(120);

/// A namespace of the cluster.
pub(crate) struct Shop<'a> {
    pub(crate) ground: &'a RefCell<Ground>,
    namespace: String,
    /// What was applied last.
    objects: Vec<Object>,
}

/// How pod and server are reached, and how peers call them.
struct Server {
    socket: SocketAddr,
    url: String,
}

impl<'a> Shop<'a> {
    /// An empty namespace at this level of Pod Security.
    pub(crate) fn open(ground: &'a RefCell<Ground>, namespace: &str, level: &str) -> Result<Self, String> {
        let shop = Self { ground, namespace: namespace.to_owned(), objects: Vec::new() };
        shop.cluster(&["create", "namespace", namespace])?;
        let label = format!("pod-security.kubernetes.io/enforce={level}");
        shop.cluster(&["label", "namespace", namespace, &label])?;
        Ok(shop)
    }

    /// Takes everything away.
    pub(crate) fn close(self) -> Result<(), String> {
        self.cluster(&["delete", "namespace", &self.namespace, "--wait=false"])?;
        self.kubectl(&["delete", "pods", "--all", "--grace-period=1", "--wait=false"])?;
        wait::until("the namespace is gone", GONE_WITHIN, || {
            let left =
                self.cluster(&["get", "namespace", &self.namespace, "--ignore-not-found", "--output=name"])?;
            if left.is_empty() { Ok(()) } else { Err(left) }
        })
        .map(drop)
    }

    /// Applies a folder of `manifests/`, changed as `edit` says.
    pub(crate) fn apply(&mut self, folder: &str, edit: impl Fn(&mut Object)) -> Result<(), String> {
        self.apply_objects(crate::rendered::build(folder)?, edit)
    }

    /// Applies an overlay over a folder of `manifests/`, whose text this is.
    pub(crate) fn apply_overlay(
        &mut self,
        folder: &str,
        text: &str,
        edit: impl Fn(&mut Object),
    ) -> Result<(), String> {
        self.apply_objects(overlay::build(folder, &self.namespace, &[text])?, edit)
    }

    fn apply_objects(&mut self, mut objects: Vec<Object>, edit: impl Fn(&mut Object)) -> Result<(), String> {
        objects.iter_mut().for_each(edit);
        self.objects = objects;
        let file = self.ground.borrow().write(&format!("{}.yaml", self.namespace), &write(&self.objects))?;
        self.kubectl(&["apply", "-f", &file]).map(drop)
    }

    /// The workload that was applied.
    pub(crate) fn workload(&self) -> &Object {
        self.objects.iter().find(|object| object.pod_template().is_some()).expect("a folder has a workload")
    }

    /// Its headless Service, the one that unready pods are in.
    fn service(&self) -> &str {
        let service = self.objects.iter().find(|object| object.publishes_all());
        service.expect("a folder has a headless Service").name()
    }

    /// The clients' Service.
    fn clients_service(&self) -> &str {
        let services = self.objects.iter().filter(|object| object.kind() == "Service");
        let for_clients = services.filter(|object| at(&object.0, &["spec", "clusterIP"]).is_none());
        for_clients.map(Object::name).next().expect("a folder has a Service for clients")
    }

    /// Its name.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What kubectl says in this namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        self.cluster(&[&["--namespace", &self.namespace], arguments].concat())
    }

    /// The same, shown as an operator would type it.
    pub(crate) fn by_hand(&self, arguments: &[&str]) -> Result<String, String> {
        println!("      $ kubectl {}", arguments.join(" "));
        self.kubectl(arguments)
    }

    fn cluster(&self, arguments: &[&str]) -> Result<String, String> {
        self.ground.borrow().kubectl(arguments)
    }

    /// The servers' pods, by name.
    pub(crate) fn pods(&self) -> Result<Vec<Pod>, String> {
        let selector = "app.kubernetes.io/name=eureka";
        let pods = self.get("pods", selector)?.into_iter().map(Pod);
        Ok(pods.filter(|pod| !pod.is_going()).collect())
    }

    /// Objects of a kind, as the API server has them.
    fn get(&self, kind: &str, selector: &str) -> Result<Vec<Value>, String> {
        let said = self.kubectl(&["get", kind, "--selector", selector, "--output", "json"])?;
        let list: Value = serde_yaml::from_str(&said).map_err(|error| error.to_string())?;
        Ok(items(&list, &["items"]).to_vec())
    }

    /// Waits until this many pods are there, all of them ready, and each server lists all others.
    pub(crate) fn wait_for_mesh(&self, count: usize) -> Result<Duration, String> {
        let what = format!("{count} ready servers in a full mesh");
        let ((), took) = wait::until(&what, READY_WITHIN, || self.is_mesh_of(count))?;
        Ok(took)
    }

    /// Waits until the controller calls every server available: ready for `minReadySeconds`.
    ///
    /// A change of the template replaces at once whichever server is not, be it all of them: in a DaemonSet, and
    /// from Kubernetes 1.37 on in a `Parallel` StatefulSet (`MaxUnavailableStatefulSet`).
    pub(crate) fn wait_until_available(&self, count: usize) -> Result<(), String> {
        let workload = self.workload().id().to_lowercase();
        let path = "jsonpath={.status.availableReplicas}{.status.numberAvailable}";
        wait::until("every server is available", READY_WITHIN, || {
            let said = self.kubectl(&["get", &workload, "--output", path])?;
            if said == count.to_string() { Ok(()) } else { Err(said) }
        })
        .map(drop)
    }

    /// Whether this many pods are there, all of one template and ready, and each server lists all others.
    pub(crate) fn is_mesh_of(&self, count: usize) -> Result<(), String> {
        let pods = self.pods()?;
        let unready: Vec<String> = pods.iter().filter(|pod| !pod.is_ready()).map(Pod::brief).collect();
        if pods.len() != count || !unready.is_empty() {
            return Err(format!("{} pods, not ready {unready:?}", pods.len()));
        }
        let revisions: BTreeSet<&str> = pods.iter().map(Pod::revision).collect();
        if revisions.len() > 1 {
            return Err(format!("pods of {revisions:?}"));
        }
        self.know_each_other(&pods, true)
    }

    /// Whether each of these servers says itself that it lists all the others; and nobody else, if `only`.
    pub(crate) fn know_each_other(&self, pods: &[Pod], only: bool) -> Result<(), String> {
        let servers: Vec<Server> = pods.iter().map(|pod| self.server(pod)).collect::<Result<_, _>>()?;
        for server in &servers {
            let others: BTreeSet<String> = servers
                .iter()
                .filter(|other| other.url != server.url)
                .map(|other| other.url.clone())
                .collect();
            let has = Registry::new(server.socket, "/eureka/", None).replicas()?;
            let is_whole = if only { has == others } else { has.is_superset(&others) };
            if !is_whole {
                return Err(format!("{} lists {has:?} instead of {others:?}", server.url));
            }
        }
        Ok(())
    }

    /// Who is ready in the clients' Service.
    pub(crate) fn clients_are_sent_to(&self) -> Result<BTreeSet<String>, String> {
        let selector = format!("kubernetes.io/service-name={}", self.clients_service());
        let slices = self.get("endpointslices", &selector)?;
        let endpoints = slices.iter().flat_map(|slice| items(slice, &["endpoints"]));
        let ready = endpoints.filter(|one| is_true(one, &["conditions", "ready"]));
        Ok(ready.filter_map(|one| Some(at(one, &["targetRef", "name"])?.as_str()?.to_owned())).collect())
    }

    /// Deletes pods, as an operator does, and waits until they are gone.
    pub(crate) fn delete(&self, pods: &[&Pod]) -> Result<(), String> {
        let names: Vec<&str> = pods.iter().map(|pod| pod.name()).collect();
        self.by_hand(&[&["delete", "pod", "--wait=false"], &names[..]].concat())?;
        let uids: BTreeSet<&str> = pods.iter().map(|pod| pod.uid()).collect();
        wait::until("the deleted pods are gone", DELETED_WITHIN, || {
            let said = self.kubectl(&["get", "pods", "--output", "jsonpath={.items[*].metadata.uid}"])?;
            let left = said.split_whitespace().filter(|uid| uids.contains(uid)).count();
            if left == 0 { Ok(()) } else { Err(format!("{left} are left")) }
        })
        .map(drop)
    }

    fn server(&self, pod: &Pod) -> Result<Server, String> {
        let address = pod.address().ok_or_else(|| format!("{} has no address", pod.name()))?;
        let port = pod.server_port();
        // Names exist below the governing Service only.
        let host = if self.workload().kind() == "StatefulSet" {
            format!("{}.{}.{}.svc.cluster.local", pod.name(), self.service(), self.namespace)
        } else {
            address.to_string()
        };
        Ok(Server { socket: SocketAddr::new(address, port), url: format!("http://{host}:{port}/eureka/") })
    }

    /// What is worth reading after a failure.
    pub(crate) fn state(&self) -> String {
        let pods = self.kubectl(&["get", "pods", "--output", "wide"]);
        let described = self.kubectl(&["describe", "pods"]);
        let events = self.kubectl(&["get", "events", "--sort-by=.lastTimestamp"]);
        let logs = self.kubectl(&[
            "logs",
            "--selector=app.kubernetes.io/name=eureka",
            "--container=eureka-peers",
            "--tail=20",
            "--prefix",
        ]);
        [pods, described, events, logs].map(|said| said.unwrap_or_else(|error| error)).join("\n")
    }
}
