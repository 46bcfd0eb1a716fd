//! The control: what stock servers do without the program, so that the other scenarios prove something.

use std::fs;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::trial::{holds_for, wait_for};

/// The WAR's poll and pass in the documented environment, and some.
const POLLED_WITHIN: Duration = Duration::from_secs(20);
/// Spring would have had time enough.
const UNMOVED_FOR: Duration = Duration::from_secs(8);

/// A server reads the file at its start. When the file changes, Spring does nothing, ever, and the
/// WAR follows by itself.
pub(super) fn without_the_program(release: &'static Release) {
    let mut cluster = Cluster::new(release, "without_the_program", PeerHost::Names);
    let first = [cluster.url(0), cluster.url(1), cluster.url(2)];
    write(&cluster, &first);
    cluster.add(0);
    cluster.start_server(0);
    println!("  up after {:?}", cluster.wait_up(0));
    cluster.has_peers(0, &first[1..]).expect("the file is read at the start, and self left out");
    write(&cluster, &first[..2]);
    if release.is_refreshed() {
        holds_for("Spring watches no file", UNMOVED_FOR, || cluster.has_peers(0, &first[1..]));
    } else {
        wait_for("the WAR polls", POLLED_WITHIN, || cluster.has_peers(0, &first[1..2]));
    }
    // Nobody but itself: a list that no server takes over.
    write(&cluster, &first[..1]);
    holds_for("the last peer stays", UNMOVED_FOR, || match cluster.server(0).replicas()?.len() {
        0 => Err("the list is empty".to_owned()),
        _ => Ok(()),
    });
}

fn write(cluster: &Cluster, urls: &[String]) {
    let list = urls.join(",");
    let text = if cluster.release.is_refreshed() {
        format!("eureka.client.service-url.defaultZone={list}\n")
    } else {
        format!("eureka.serviceUrl.default={list}\neureka.serviceUrl.defaultZone={list}\n")
    };
    let volume = cluster.pod(0).volume();
    let staged = volume.join("staged");
    fs::write(&staged, text).expect("the target directory can be written");
    fs::rename(staged, volume.join(cluster.release.file_name()))
        .expect("the target directory can be written");
}
