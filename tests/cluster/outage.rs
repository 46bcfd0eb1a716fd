//! Everything goes at once, DNS with it, and comes back.

use std::time::{Duration, Instant};

use crate::change::hasten;
use crate::ground::Dns;
use crate::install::install;
use crate::pod::Pod;
use crate::shop::Shop;

/// How long DNS is away after the pods are there again.
const SILENT: Duration = Duration::from_secs(40);

/// Volumes in memory are gone with their pods: nobody knows anybody when they start again.
pub(crate) fn everything(shop: &mut Shop<'_>) -> Result<(), String> {
    install(shop, "statefulset", hasten, 3)?;
    shop.ground.borrow_mut().stop_dns();
    let pods = shop.pods()?;
    shop.delete(&pods.iter().collect::<Vec<_>>())?;
    crate::wait::until("the pods are back", crate::shop::READY_WITHIN, || {
        let pods = shop.pods()?;
        let waiting = pods.iter().filter(|pod| pod.waits()).count();
        if waiting == 3 {
            Ok(())
        } else {
            Err(format!("{:?}", pods.iter().map(Pod::brief).collect::<Vec<_>>()))
        }
    })?;
    crate::wait::throughout("no server starts while DNS is silent", SILENT, || {
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
