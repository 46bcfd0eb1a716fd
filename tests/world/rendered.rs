//! Manifests as kustomize or Helm renders them, and the way to what is in them.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_yaml::Value;

use super::tool::Tool;

/// One Kubernetes object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object(pub(crate) Value);

impl Object {
    pub(crate) fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    pub(crate) fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `StatefulSet/eureka`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }

    /// Whether its schema is Kubernetes' own, not that of a custom resource.
    pub(crate) fn is_built_in(&self) -> bool {
        let group = self.text(&["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
        let is_of_kustomize = self.text(&["apiVersion"]) == "builtin";
        // The Gateway API's kinds are custom resources under a name of Kubernetes' own.
        let is_of_gateways = group == "gateway.networking.k8s.io";
        !is_of_kustomize && !is_of_gateways && (!group.contains('.') || group.ends_with(".k8s.io"))
    }

    /// The template of a workload's pods.
    pub(crate) fn pod_template(&self) -> Option<&Value> {
        at(&self.0, &["spec", "template"])
    }

    /// The pod of a workload.
    pub(crate) fn pod(&self) -> Option<Pod<'_>> {
        at(self.pod_template()?, &["spec"]).map(Pod)
    }

    /// The same, to be changed.
    pub(crate) fn pod_mut(&mut self) -> Option<&mut Value> {
        self.0.get_mut("spec")?.get_mut("template")?.get_mut("spec")
    }

    /// Whether Helm makes it for a moment only, as the pod of `helm test`.
    pub(crate) fn is_hook(&self) -> bool {
        !self.text(&["metadata", "annotations", "helm.sh/hook"]).is_empty()
    }

    /// Whether it is a headless Service.
    pub(crate) fn is_headless(&self) -> bool {
        self.text(&["spec", "clusterIP"]) == "None"
    }

    /// Whether it is a Service that lists pods before they are ready.
    pub(crate) fn publishes_all(&self) -> bool {
        is_true(&self.0, &["spec", "publishNotReadyAddresses"])
    }

    pub(crate) fn text(&self, path: &[&str]) -> &str {
        text(&self.0, path)
    }
}

/// A pod's `spec`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pod<'a>(pub(crate) &'a Value);

impl<'a> Pod<'a> {
    pub(crate) fn init_containers(self) -> Vec<Container<'a>> {
        items(self.0, &["initContainers"]).iter().map(Container).collect()
    }

    pub(crate) fn containers(self) -> Vec<Container<'a>> {
        items(self.0, &["containers"]).iter().map(Container).collect()
    }

    /// In the order in which the kubelet starts them.
    pub(crate) fn all_containers(self) -> Vec<Container<'a>> {
        self.init_containers().into_iter().chain(self.containers()).collect()
    }

    pub(crate) fn container(self, name: &str) -> Option<Container<'a>> {
        self.all_containers().into_iter().find(|container| container.name() == name)
    }
}

/// One container of a pod.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container<'a>(pub(crate) &'a Value);

impl<'a> Container<'a> {
    pub(crate) fn name(self) -> &'a str {
        text(self.0, &["name"])
    }

    /// Whether our program is in it, under whatever registry, tag or digest.
    pub(crate) fn is_ours(self) -> bool {
        let path = self.image().split('@').next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        name.split(':').next() == Some("eureka-peers")
    }

    pub(crate) fn image(self) -> &'a str {
        text(self.0, &["image"])
    }

    /// Names and entries of `env`, in order.
    pub(crate) fn environment(self) -> Vec<(&'a str, &'a Value)> {
        items(self.0, &["env"]).iter().map(|entry| (text(entry, &["name"]), entry)).collect()
    }

    /// The variables that are written out as values.
    pub(crate) fn values(self) -> BTreeMap<&'a str, &'a str> {
        let values = self.environment().into_iter();
        values.filter_map(|(name, entry)| Some((name, at(entry, &["value"])?.as_str()?))).collect()
    }

    /// The first port that it offers.
    pub(crate) fn port(self) -> Option<u16> {
        let port = at(items(self.0, &["ports"]).first()?, &["containerPort"])?;
        port.as_u64().and_then(|number| u16::try_from(number).ok())
    }

    pub(crate) fn mounts(self) -> &'a [Value] {
        items(self.0, &["volumeMounts"])
    }
}

/// Every container of a pod, to be changed.
pub(crate) fn containers_mut(pod: &mut Value) -> impl Iterator<Item = &mut Value> {
    let fields = pod.as_mapping_mut().into_iter().flatten();
    let lists = fields.filter(|(name, _)| *name == "initContainers" || *name == "containers");
    lists.filter_map(|(_, list)| list.as_sequence_mut()).flatten()
}

/// The variables of a container, to be changed.
pub(crate) fn environment_mut(container: &mut Value) -> Option<&mut Vec<Value>> {
    container.get_mut("env")?.as_sequence_mut()
}

/// What lies under `path`, where every part of it is there; `null` is not, as for the API server.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key).filter(|value| !value.is_null()))
}

/// The text under `path`; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

/// Whether there is a `true` under `path`.
pub(crate) fn is_true(value: &Value, path: &[&str]) -> bool {
    at(value, path).and_then(Value::as_bool) == Some(true)
}

/// The list under `path`; empty where there is none.
pub(crate) fn items<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).and_then(Value::as_sequence).map(Vec::as_slice).unwrap_or_default()
}

/// The objects of several YAML documents.
pub(crate) fn parse(text: &str) -> Result<Vec<Object>, String> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let values: Vec<Value> = documents.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    Ok(values.into_iter().filter(|value| !value.is_null()).map(Object).collect())
}

/// The objects as JSON, which every reader of YAML reads alike: `yes` is a text to some only.
pub(crate) fn write<'a>(objects: impl IntoIterator<Item = &'a Object>) -> String {
    let texts = objects
        .into_iter()
        .map(|object| serde_json::to_string(&object.0).expect("manifests have texts for keys"));
    texts.flat_map(|text| ["---\n".to_owned(), text, "\n".to_owned()]).collect()
}

/// What kustomize makes of a folder under `manifests/`.
pub(crate) fn build(folder: &str) -> Result<Vec<Object>, String> {
    parse(&Tool::KUSTOMIZE.run(&["build", &format!("manifests/{folder}")])?)
}
