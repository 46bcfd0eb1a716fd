//! Where a start may wait for records (`--on-deadline wait`): only where they are sure to come.
//!
//! The asked Service must list pods that are not ready, or pods that wait for it never appear in it; and
//! nothing but the cluster's DNS may answer for it.

use eureka_peers::model::Question;
use eureka_peers::reconcile::OnDeadline;
use eureka_peers::settings::Settings;
use serde_yaml::Value;

use crate::rendered::{Container, Object, Pod, at, text};

/// Istio's switches of DNS capture, in sidecar and in ambient mode.
const CAPTURE_OFF: [&str; 2] = ["ISTIO_META_DNS_CAPTURE: \"false\"", "ambient.istio.io/dns-capture"];

/// What is wrong with a container of a server's list that waits, or does not.
pub(crate) fn faults(
    objects: &[Object],
    pod: Pod<'_>,
    container: Container<'_>,
    settings: &Settings,
) -> Vec<String> {
    let Some(home) = settings.policy.home() else { return Vec::new() };
    let mut found = last_words(container);
    if settings.policy.on_deadline != OnDeadline::Wait {
        found.push("a server that knows no peer would start: --on-deadline is not wait".to_owned());
        return found;
    }
    found.extend(service_faults(objects, home));
    found.extend(probe_faults(container));
    found.extend(capture_faults(objects, pod));
    found
}

/// `kubectl describe` says why a container ended.
fn last_words(container: Container<'_>) -> Vec<String> {
    let policy = at(container.0, &["terminationMessagePolicy"]).and_then(Value::as_str);
    match policy {
        Some("FallbackToLogsOnError") => Vec::new(),
        other => vec![format!("its last line is not shown: terminationMessagePolicy is {other:?}")],
    }
}

fn service_faults(objects: &[Object], home: &Question) -> Option<String> {
    let name = home.service().name().labels().next().unwrap_or_default();
    let service = objects.iter().find(|object| object.kind() == "Service" && object.name() == name);
    let Some(service) = service else {
        return Some(format!("waits for the Service {name}, which nobody makes"));
    };
    (!service.publishes_all() || !service.is_headless())
        .then(|| format!("waits for the Service {name}, which does not list pods that are not ready"))
}

/// The kubelet's patience: no crash loop within ten minutes.
fn probe_faults(container: Container<'_>) -> Option<String> {
    let probe = at(container.0, &["startupProbe"])?;
    let number = |name: &str, default: u64| at(probe, &[name]).and_then(Value::as_u64).unwrap_or(default);
    let seconds = number("periodSeconds", 10) * number("failureThreshold", 3);
    (seconds < 600).then(|| format!("may wait for records, and is killed after {seconds} s"))
}

fn capture_faults(objects: &[Object], pod: Pod<'_>) -> Vec<String> {
    let is_its = |object: &&Object| object.pod().is_some_and(|found| std::ptr::eq(found.0, pod.0));
    let template = objects.iter().find(is_its).and_then(Object::pod_template);
    let Some(metadata) = template.and_then(|template| at(template, &["metadata"])) else { return Vec::new() };
    let label = at(metadata, &["labels", "sidecar.istio.io/inject"]).and_then(Value::as_str);
    if label != Some("true") {
        return Vec::new();
    }
    let text = |name: &str| text(metadata, &["annotations", name]);
    let is_off = [text("proxy.istio.io/config").contains(CAPTURE_OFF[0]), text(CAPTURE_OFF[1]) == "false"];
    let modes = is_off.iter().zip(["sidecar", "ambient"]).filter(|(is_off, _)| !**is_off);
    modes.map(|(_, mode)| format!("waits for records, and Istio may answer instead ({mode} mode)")).collect()
}
