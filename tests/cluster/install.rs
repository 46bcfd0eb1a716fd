//! First installs, each to a full mesh in every server's own words.

use crate::change::set;
use crate::ground::Dns;
use crate::rendered::Object;
use crate::shop::Shop;

/// DNS that goes on saying "no such name" for up to thirty seconds after the first pod has an address.
pub(crate) fn behind_a_cache(shop: &mut Shop<'_>) -> Result<(), String> {
    shop.ground.borrow_mut().start_dns(Dns::Cached)?;
    install(shop, "statefulset", |_| (), 3)
}

/// Has the StatefulSet start one server alone.
pub(crate) fn one_replica(object: &mut Object) {
    set(object, "StatefulSet", &["spec", "replicas"], 1);
}

/// Has the StatefulSet start one server after the other.
pub(crate) fn order(object: &mut Object) {
    set(object, "StatefulSet", &["spec", "podManagementPolicy"], "OrderedReady");
}

/// Applies a folder, and waits for everything.
pub(crate) fn install(
    shop: &mut Shop<'_>,
    folder: &str,
    edit: fn(&mut Object),
    count: usize,
) -> Result<(), String> {
    shop.apply(folder, edit)?;
    let took = shop.wait_for_mesh(count)?;
    println!("    {folder}: {count} ready in a full mesh after {took:.0?}");
    Ok(())
}
