//! A container's variables, as the kubelet makes them (`makeEnvironmentVariables`).
//!
//! Stricter than the kubelet: what nobody has set before is a fault here, not left standing as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use crate::rendered::{Container, Object, at, containers_mut, environment_mut, text};
use crate::secret;
use crate::stock_environment;

/// The key whose value must be in nobody's mouth.
const PASSWORD: &str = "password";

/// What the downward API and the cluster would say of one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// By field path, such as `status.podIP`.
    pub(crate) fields: BTreeMap<String, String>,
    /// By Secret and key.
    pub(crate) secrets: BTreeMap<(String, String), String>,
    /// By `ConfigMap` and key.
    pub(crate) config_maps: BTreeMap<(String, String), String>,
    /// By path in the volume and key: what an init container has written.
    pub(crate) files: BTreeMap<(String, String), String>,
}

impl Facts {
    /// A pod at this address.
    pub(crate) fn of_pod(name: &str, address: &str) -> Self {
        let fields = [
            ("metadata.name", name),
            ("metadata.namespace", "shop"),
            ("status.podIP", address),
            ("status.podIPs", address),
        ];
        let fields = fields.map(|(path, value)| (path.to_owned(), value.to_owned()));
        Self { fields: fields.into(), ..Self::default() }
    }

    /// With the Secrets and `ConfigMap`s among these objects, and the annotations of the pod that they make.
    pub(crate) fn with_objects(mut self, objects: &[Object]) -> Self {
        let annotations = objects.iter().filter_map(Object::pod_template).flat_map(annotations);
        self.fields.extend(annotations.map(|(key, value)| (field_path(key), value.to_owned())));
        for map in objects.iter().filter(|object| object.kind() == "ConfigMap") {
            let data = at(&map.0, &["data"]).and_then(Value::as_mapping).into_iter().flatten();
            let data = data.filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.as_str()?)));
            let named = data.map(|(key, value)| ((map.name().to_owned(), key), value.to_owned()));
            self.config_maps.extend(named);
        }
        for secret in objects.iter().filter(|object| object.kind() == "Secret") {
            let data = at(&secret.0, &["data"]).and_then(Value::as_mapping);
            for key in data.into_iter().flatten().filter_map(|(key, _)| key.as_str()) {
                let id = (secret.name().to_owned(), key.to_owned());
                let value = if key == PASSWORD { secret::MARKED.to_owned() } else { format!("secret-{key}") };
                self.secrets.insert(id, value);
            }
        }
        self
    }
}

/// Names and values in order; or everything that cannot be known.
pub(crate) fn expand(container: Container<'_>, facts: &Facts) -> Result<Vec<(String, String)>, Vec<String>> {
    let mut known: Vec<(String, String)> = Vec::new();
    let mut faults = Vec::new();
    for (name, entry) in container.environment() {
        if known.iter().any(|(earlier, _)| earlier == name) {
            faults.push(format!("{name} is set twice"));
        }
        match value_of(entry, facts, &known) {
            Ok(value) => known.push((name.to_owned(), value)),
            Err(why) => faults.push(format!("{name}: {why}")),
        }
    }
    if faults.is_empty() { Ok(known) } else { Err(faults) }
}

fn value_of(entry: &Value, facts: &Facts, known: &[(String, String)]) -> Result<String, String> {
    let text = |path: &[&str]| text(entry, path).to_owned();
    if let Some(value) = at(entry, &["value"]) {
        let value = value.as_str().ok_or("is no text: YAML reads it as something else")?;
        let earlier = |name: &str| known.iter().find(|(earlier, _)| earlier == name).map(|(_, value)| value);
        return stock_environment::expand(value, earlier);
    }
    if at(entry, &["valueFrom", "fieldRef"]).is_some() {
        let path = text(&["valueFrom", "fieldRef", "fieldPath"]);
        let value = facts.fields.get(path.as_str());
        return value.cloned().ok_or_else(|| format!("the downward API has no {path}"));
    }
    let by_key = [
        ("secretKeyRef", "name", &facts.secrets),
        ("configMapKeyRef", "name", &facts.config_maps),
        ("fileKeyRef", "path", &facts.files),
    ];
    for (kind, place, values) in by_key {
        if at(entry, &["valueFrom", kind]).is_some() {
            let id = (text(&["valueFrom", kind, place]), text(&["valueFrom", kind, "key"]));
            return values.get(&id).cloned().ok_or_else(|| format!("{kind}: nobody has {id:?}"));
        }
    }
    Err("has no value that this test knows".to_owned())
}

/// The objects as if whatever a variable takes from an annotation were written where it is used.
///
/// Names of Services stand in annotations, where an overlay of kustomize reaches them.
pub(crate) fn written_out(objects: &[Object]) -> Vec<Object> {
    let mut objects = objects.to_vec();
    let templates = objects.iter_mut().filter_map(|object| object.0.get_mut("spec")?.get_mut("template"));
    templates.for_each(write_out);
    objects
}

fn write_out(template: &mut Value) {
    let fields: BTreeMap<String, String> =
        annotations(template).map(|(key, value)| (field_path(key), value.to_owned())).collect();
    let environments = containers_mut(&mut template["spec"]).filter_map(environment_mut);
    let used: BTreeSet<String> = environments.flat_map(|it| write_out_in(it, &fields)).collect();
    let Some(metadata) = template.get_mut("metadata").and_then(Value::as_mapping_mut) else { return };
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_mapping_mut) else { return };
    annotations.retain(|key, _| !key.as_str().is_some_and(|key| used.contains(&field_path(key))));
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

/// The field paths that were used.
fn write_out_in(environment: &mut Vec<Value>, fields: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut known: Vec<(String, &str)> = Vec::new();
    let mut used = BTreeSet::new();
    environment.retain_mut(|entry| {
        let path = at(entry, &["valueFrom", "fieldRef", "fieldPath"]).and_then(Value::as_str);
        if let Some((path, value)) = path.and_then(|path| fields.get_key_value(path)) {
            known.push((format!("$({})", text(entry, &["name"])), value));
            used.insert(path.clone());
            return false;
        }
        if let Some(value) = at(entry, &["value"]).and_then(Value::as_str) {
            let written = known.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
            entry["value"] = Value::from(written);
        }
        true
    });
    used
}

fn annotations(template: &Value) -> impl Iterator<Item = (&str, &str)> {
    let annotations = at(template, &["metadata", "annotations"]).and_then(Value::as_mapping);
    annotations.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str()?, value.as_str()?)))
}

/// As the downward API calls an annotation.
fn field_path(annotation: &str) -> String {
    format!("metadata.annotations['{annotation}']")
}
