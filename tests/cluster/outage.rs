//! Everything goes at once, DNS with it, and comes back.

use std::time::{Duration, Instant};

use crate::change::hasten;
use crate::ground::Dns;
use crate::install::install;
use crate::pod::Pod;
use crate::shop::{READY_WITHIN, Shop};
use crate::silence::all_wait;
use crate::wait;

/// How long DNS is away after the pods are there again.
const SILENT: Duration = Duration::from_secs(40);

/// Volumes in memory are gone with their pods: nobody knows anybody when they start again.
pub(crate) fn everything(shop: &mut Shop<'_>) -> Result<(), String> {
    install(shop, "statefulset", hasten, 3)?;
    shop.ground.borrow_mut().stop_dns();
    let pods = shop.pods()?;
    shop.delete(&pods.iter().collect::<Vec<_>>())?;
    wait::until("the pods are back", READY_WITHIN, || all_wait(shop, 3))?;
    wait::throughout("no server starts while DNS is silent", SILENT, || {
        let started: Vec<String> =
            shop.pods()?.iter().filter(|pod| pod.server_was_started()).map(Pod::brief).collect();
        if started.is_empty() { Ok(()) } else { Err(format!("{started:?}")) }
    })?;
    shop.ground.borrow_mut().start_dns(Dns::Plain)?;
    let back = Instant::now();
    shop.wait_for_mesh(3)?;
    println!("    full mesh {:.0?} after DNS was back", back.elapsed());
    Ok(())
}
