//! A container's variables, as the kubelet makes them (`makeEnvironmentVariables`).
//!
//! Stricter than the kubelet: what nobody has set before is a fault here, not left standing as it is.

use std::collections::BTreeMap;

use serde_yaml::Value;

use crate::rendered::{Container, Object, at};
use crate::secret;

/// The key whose value must be in nobody's mouth.
const PASSWORD: &str = "password";

/// What the downward API and the cluster would say of one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// By field path, such as `status.podIP`.
    pub(crate) fields: BTreeMap<&'static str, String>,
    /// By Secret and key.
    pub(crate) secrets: BTreeMap<(String, String), String>,
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
        Self { fields: fields.map(|(path, value)| (path, value.to_owned())).into(), ..Self::default() }
    }

    /// With the Secrets among these objects.
    pub(crate) fn with_secrets(mut self, objects: &[Object]) -> Self {
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
    let text = |path: &[&str]| at(entry, path).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(value) = at(entry, &["value"]) {
        let value = value.as_str().ok_or("is no text: YAML reads it as something else")?;
        return dependent(value, known);
    }
    if at(entry, &["valueFrom", "fieldRef"]).is_some() {
        let path = text(&["valueFrom", "fieldRef", "fieldPath"]);
        let value = facts.fields.get(path.as_str());
        return value.cloned().ok_or_else(|| format!("the downward API has no {path}"));
    }
    if at(entry, &["valueFrom", "secretKeyRef"]).is_some() {
        let id = (text(&["valueFrom", "secretKeyRef", "name"]), text(&["valueFrom", "secretKeyRef", "key"]));
        return facts.secrets.get(&id).cloned().ok_or_else(|| format!("there is no Secret {id:?}"));
    }
    if at(entry, &["valueFrom", "fileKeyRef"]).is_some() {
        let id = (text(&["valueFrom", "fileKeyRef", "path"]), text(&["valueFrom", "fileKeyRef", "key"]));
        return facts.files.get(&id).cloned().ok_or_else(|| format!("nobody writes {id:?}"));
    }
    Err("has no value that this test knows".to_owned())
}

/// Kubernetes' `$(NAME)` (`third_party/forked/golang/expansion`): looks back only; `$$(` escapes.
fn dependent(value: &str, known: &[(String, String)]) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("$(") {
        let (before, reference) = (&rest[..at], &rest[at + 2..]);
        let (name, after) = reference.split_once(')').ok_or("has $( without )")?;
        if let Some(escaped) = before.strip_suffix('$') {
            expanded.extend([escaped, "$(", name, ")"]);
        } else {
            let filler = known.iter().find(|(earlier, _)| earlier == name);
            let (_, filler) = filler.ok_or_else(|| format!("$({name}) is not set before it"))?;
            expanded += before;
            expanded += filler;
        }
        rest = after;
    }
    Ok(expanded + rest)
}
