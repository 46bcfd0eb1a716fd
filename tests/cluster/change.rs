//! Roll-outs that go well, and how a manifest is changed.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_yaml::Value;

use crate::install::install;
use crate::rendered::{Object, containers_mut, environment_mut};
use crate::shop::{READY_WITHIN, Shop};
use crate::wait;

/// Every pod of an installed folder is replaced, and clients always have somebody.
pub(crate) fn roll_out(shop: &mut Shop<'_>, folder: &str, count: usize) -> Result<(), String> {
    install(shop, folder, |_| (), count)?;
    shop.wait_until_available(count)?;
    let before: BTreeSet<String> = shop.pods()?.iter().map(|pod| pod.uid().to_owned()).collect();
    let workload = shop.workload().id().to_lowercase();
    let begun = Instant::now();
    shop.by_hand(&["rollout", "restart", &workload])?;
    let mut fewest = usize::MAX;
    wait::until("every pod is new, in a full mesh", READY_WITHIN * 3, || {
        fewest = fewest.min(shop.clients_are_sent_to()?.len());
        let old = shop.pods()?.iter().filter(|pod| before.contains(pod.uid())).count();
        if old == 0 { shop.is_mesh_of(count) } else { Err(format!("{old} old ones")) }
    })?;
    println!("    rolled out after {:.0?}; clients always had at least {fewest}", begun.elapsed());
    let wanted = if workload.starts_with("deployment") { count } else { count - 1 };
    if fewest < wanted { Err(format!("clients had only {fewest}, not {wanted}")) } else { Ok(()) }
}

/// Sets what lies under `path` in objects of this kind.
pub(crate) fn set(object: &mut Object, kind: &str, path: &[&str], value: impl Into<Value>) {
    if object.kind() == kind {
        let place = path.iter().fold(&mut object.0, |place, key| &mut place[*key]);
        *place = value.into();
    }
}

/// Spares a trial the waiting that it is not about: for a registry that nobody hands out, and for a whole
/// heartbeat after each server.
pub(crate) fn hasten(object: &mut Object) {
    set_variable(object, "eureka", "EUREKA_SERVER_WAITTIMEINMSWHENSYNCEMPTY", "3000");
    if object.pod_template().is_some() {
        object.0["spec"]["minReadySeconds"] = 3.into();
    }
}

/// Sets a variable of a container, by name.
pub(crate) fn set_variable(object: &mut Object, container: &str, name: &str, value: &str) {
    for_container(object, container, |container| {
        let variables = environment_mut(container).expect("the container has variables");
        let entry = variables.iter_mut().find(|entry| entry["name"].as_str() == Some(name));
        let entry = entry.unwrap_or_else(|| panic!("no variable {name}"));
        entry["value"] = value.into();
    });
}

/// Changes a container of a workload, by name.
pub(crate) fn for_container(object: &mut Object, name: &str, change: impl Fn(&mut Value)) {
    let containers = object.pod_mut().into_iter().flat_map(containers_mut);
    containers.filter(|container| container["name"].as_str() == Some(name)).for_each(change);
}
