//! The way to pods and containers, whatever kind of object makes them.

use std::ops::Deref;

use serde_yaml::Value;

use super::{at, items, text};
use crate::rendered;

/// Where objects keep the template of their pods: all kinds that have one, those of others included.
const TEMPLATES: [&[&str]; 3] =
    [&["spec", "template"], &["spec", "jobTemplate", "spec", "template"], &["template"]];

/// An object that makes pods.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload<'a> {
    pub(super) object: &'a Value,
    /// The template of its pods; of a pod the pod itself.
    pub(super) template: &'a Value,
}

/// One container of a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container<'a> {
    inner: rendered::Container<'a>,
    pub(super) is_init: bool,
}

impl<'a> Deref for Container<'a> {
    type Target = rendered::Container<'a>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

/// Every object, those within a `List` each for itself.
pub(super) fn flattened(objects: &[Value]) -> Vec<&Value> {
    let is_list = |object: &Value| text(object, &["kind"]).ends_with("List");
    let within = |object| if is_list(object) { flattened(items(object, &["items"])) } else { vec![object] };
    objects.iter().flat_map(within).collect()
}

/// Every object that makes pods.
pub(super) fn workloads(objects: &[Value]) -> Vec<Workload<'_>> {
    flattened(objects).into_iter().filter_map(Workload::of).collect()
}

/// `StatefulSet/eureka`.
pub(super) fn id(object: &Value) -> String {
    format!("{}/{}", text(object, &["kind"]), text(object, &["metadata", "name"]))
}

impl<'a> Workload<'a> {
    pub(super) fn of(object: &'a Value) -> Option<Self> {
        if text(object, &["kind"]) == "Pod" {
            return Some(Self { object, template: object });
        }
        let found = TEMPLATES.into_iter().filter_map(|path| at(object, path));
        let template = found.into_iter().find(|template| at(template, &["spec", "containers"]).is_some())?;
        Some(Self { object, template })
    }

    pub(super) fn kind(&self) -> &'a str {
        text(self.object, &["kind"])
    }

    /// Group and version of its API.
    pub(super) fn version(&self) -> &'a str {
        text(self.object, &["apiVersion"])
    }

    pub(super) fn pod(&self) -> &'a Value {
        &self.template["spec"]
    }

    pub(super) fn containers(&self) -> Vec<Container<'a>> {
        let of = |list, is_init| {
            let inner = items(self.pod(), &[list]).iter().map(rendered::Container);
            inner.map(move |inner| Container { inner, is_init })
        };
        of("initContainers", true).chain(of("containers", false)).collect()
    }

    /// Labels of the object itself, not of its pods.
    pub(super) fn label(&self, name: &str) -> &'a str {
        text(self.object, &["metadata", "labels", name])
    }

    pub(super) fn pod_label(&self, name: &str) -> &'a str {
        text(self.template, &["metadata", "labels", name])
    }

    /// `StatefulSet/eureka, container eureka`.
    pub(super) fn place(&self, container: Container<'_>) -> String {
        format!("{}, container {}", id(self.object), container.name())
    }
}

impl<'a> Container<'a> {
    /// The words of its command line.
    pub(super) fn command_line(&self) -> Vec<&'a str> {
        let words = ["command", "args"].into_iter().flat_map(|list| items(self.0, &[list]));
        words.filter_map(Value::as_str).collect()
    }

    pub(super) fn ports(&self) -> Vec<u64> {
        let ports = items(self.0, &["ports"]).iter();
        ports.filter_map(|port| at(port, &["containerPort"])?.as_u64()).collect()
    }
}

/// Variables that come by `envFrom` from objects that are here too, with their values where these can be
/// read; and the names of those objects that are not here.
pub(super) fn from_elsewhere<'a>(
    container: Container<'a>,
    objects: &[&'a Value],
) -> (Vec<(String, Option<&'a str>)>, Vec<&'a str>) {
    let (mut known, mut unseen) = (Vec::new(), Vec::new());
    for source in items(container.0, &["envFrom"]) {
        let prefix = text(source, &["prefix"]);
        for (kind, reference) in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")] {
            let name = text(source, &[reference, "name"]);
            if name.is_empty() {
                continue;
            }
            let is_it = |object: &&&Value| {
                text(object, &["kind"]) == kind && text(object, &["metadata", "name"]) == name
            };
            match objects.iter().find(is_it) {
                Some(object) => {
                    known.extend(entries(object).map(|(key, value)| {
                        (format!("{prefix}{key}"), value.filter(|_| kind == "ConfigMap"))
                    }));
                }
                None => unseen.push(name),
            }
        }
    }
    (known, unseen)
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, Option<&str>)> {
    let fields = ["data", "stringData"].into_iter();
    let mappings = fields.filter_map(|field| at(object, &[field]).and_then(Value::as_mapping));
    mappings.flatten().filter_map(|(key, value)| Some((key.as_str()?, value.as_str())))
}
