//! An outer overlay that renames everything.

use crate::change::hasten;
use crate::shop::Shop;

/// What an operator writes over a folder, images apart.
const OVERLAY: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: prod-";

pub(crate) fn prefixed(shop: &mut Shop<'_>, folder: &str, count: usize) -> Result<(), String> {
    shop.apply_overlay(folder, OVERLAY, hasten)?;
    if shop.workload().name() != "prod-eureka" {
        return Err(format!("the workload is called {}", shop.workload().name()));
    }
    let took = shop.wait_for_mesh(count)?;
    println!("    {folder} with a prefix: {count} ready in a full mesh after {took:.0?}");
    Ok(())
}
