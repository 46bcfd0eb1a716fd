//! The questions a test asks of a server, through its own REST interface.
//!
//! Never a word that an ordinary client or peer could not say.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use roxmltree::Document;

use super::http::{Reply, Request};
use super::wait::is_so;

/// What the flush sink's URL contains, and no peer's.
pub(crate) const SINK: &str = "/sink/eureka/";

/// Where a server answers; ask as often as you like.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    socket: SocketAddr,
    context_path: &'static str,
    credentials: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerStatus {
    pub(crate) replicas: BTreeSet<String>,
    pub(crate) available: BTreeSet<String>,
    pub(crate) instance_id: String,
}

impl Registry {
    pub(crate) fn new(
        socket: SocketAddr,
        context_path: &'static str,
        credentials: Option<(&'static str, &'static str)>,
    ) -> Self {
        Self { socket, context_path, credentials }
    }

    pub(crate) fn status(&self) -> Result<ServerStatus, String> {
        ServerStatus::read(&self.status_document()?)
    }

    /// Its status as it writes it: in XML only.
    pub(crate) fn status_document(&self) -> Result<String, String> {
        let path = format!("{}status", self.context_path);
        let request = Request { accept: "application/xml", ..Request::get(&path) };
        self.send(request)?.ok()
    }

    pub(crate) fn replicas(&self) -> Result<BTreeSet<String>, String> {
        self.status().map(|status| status.replicas)
    }

    /// Whether it has these peers and nobody else, be it by the sink, which stands for "nobody" and is never
    /// beside a real one.
    pub(crate) fn has_peers(&self, expected: &BTreeSet<String>) -> Result<(), String> {
        let replicas = self.replicas()?;
        let is_alone = replicas.iter().all(|url| url.contains(SINK));
        let peers: BTreeSet<String> = replicas.iter().map(|url| without_user_info(url)).collect();
        is_so(peers == *expected || (is_alone && expected.is_empty()), || {
            format!("{} has {replicas:?} instead of {expected:?}", self.socket)
        })
    }

    /// Registers an instance, as its client does.
    pub(crate) fn register(&self, application: &str, id: &str) {
        let path = format!("{}apps/{application}", self.context_path);
        let body = instance(application, id).to_string();
        let reply = self.send(Request::with_body("POST", &path, &body)).expect("an up server answers");
        assert_eq!(reply.status, 204, "registration of {id}: {}", reply.body);
    }

    /// Renews an instance's lease, as its client does.
    pub(crate) fn heartbeat(&self, application: &str, id: &str) {
        let path = format!("{}apps/{application}/{id}?status=UP", self.context_path);
        let reply = self.send(Request::with_body("PUT", &path, "")).expect("an up server answers");
        assert_eq!(reply.status, 200, "heartbeat of {id}: {}", reply.body);
    }

    /// The status under which it knows an instance, if it knows it.
    pub(crate) fn instance_status(&self, id: &str) -> Result<Option<String>, String> {
        let path = format!("{}instances/{id}", self.context_path);
        let reply = self.send(Request::get(&path))?;
        if reply.status == 404 {
            return Ok(None);
        }
        let body: serde_json::Value =
            serde_json::from_str(&reply.ok()?).map_err(|error| error.to_string())?;
        let status = body["instance"]["status"].as_str();
        status.map(|status| Some(status.to_owned())).ok_or_else(|| format!("no status in {body}"))
    }

    pub(crate) fn knows(&self, id: &str) -> Result<(), String> {
        match self.instance_status(id)? {
            Some(_) => Ok(()),
            None => Err(format!("{} does not know {id}", self.socket)),
        }
    }

    fn send(&self, request: Request<'_>) -> Result<Reply, String> {
        let request = Request { credentials: self.credentials, ..request };
        request.send(self.socket).map_err(|error| format!("{}: {error}", self.socket))
    }
}

impl ServerStatus {
    fn read(xml: &str) -> Result<Self, String> {
        let document = Document::parse(xml).map_err(|error| format!("{error}: {xml}"))?;
        let text = |name: &str| {
            let element = document.descendants().find(|node| node.has_tag_name(name));
            element.map(|element| element.text().unwrap_or_default().to_owned())
        };
        let field = |name: &str| text(name).ok_or_else(|| format!("no {name} in {xml}"));
        Ok(Self {
            replicas: urls(&field("registered-replicas")?),
            available: urls(&field("available-replicas")?),
            instance_id: field("instanceId")?,
        })
    }
}

fn without_user_info(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}/{path}")
}

fn urls(list: &str) -> BTreeSet<String> {
    list.split(',').map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

/// A registration. Its data centre must be `MyOwn`: any other name breaks a server's readers.
fn instance(application: &str, id: &str) -> serde_json::Value {
    serde_json::json!({ "instance": {
        "instanceId": id,
        "hostName": id,
        "app": application,
        "ipAddr": "192.0.2.1",
        "status": "UP",
        "port": { "$": 80, "@enabled": "true" },
        "vipAddress": application,
        "dataCenterInfo": {
            "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
            "name": "MyOwn",
        },
    } })
}
