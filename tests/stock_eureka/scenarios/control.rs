//! The control: what stock servers do without the program, so that the other scenarios prove something.

use std::fs;
use std::time::Duration;

use roxmltree::{Document, Node};

use crate::cluster::Cluster;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::wait::{holds_for, wait_for};

/// Status documents as they came, one a release.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stock_eureka/data/status");
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
    expect_recorded_status(&cluster);
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

/// The recorded documents, on which other tests rely, have the elements that this release writes.
fn expect_recorded_status(cluster: &Cluster) {
    let file = format!("{RECORDED}/{}.xml", cluster.release.name);
    let recorded = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let live = cluster.server(0).status_document().expect("an up server answers");
    assert_eq!(elements(&live), elements(&recorded), "{live}");
}

fn elements(xml: &str) -> Vec<String> {
    let document = Document::parse(xml).expect("a server writes XML");
    let elements = document.descendants().filter(Node::is_element);
    elements.map(|element| element.tag_name().name().to_owned()).collect()
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
