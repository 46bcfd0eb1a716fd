//! Two servers that disagree: the file lists what either says, and does not flap.

use std::net::SocketAddr;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::authority::{Authority, Program};
use crate::pod::{Pod, Urls, names};
use crate::programs::{self, Hosting};
use crate::running::{Running, Spec};
use crate::zone::Zone;
use crate::{Missing, trial};

/// How long the file is watched: a hundred questions.
const WATCHED: Duration = Duration::from_secs(10);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("knot_and_bind", "are_asked_in_turn", are_asked_in_turn),
        trial("coredns_round_robin", "does_not_flap", async || {
            behind_a_forwarder(programs::coredns_round_robin).await
        }),
        trial("coredns_round_robin_cache", "does_not_flap", async || {
            behind_a_forwarder(programs::coredns_round_robin_cache).await
        }),
        trial("dnsmasq_all_servers", "does_not_flap", async || behind_a_forwarder(dnsmasq_all_servers).await),
        trial("dnsmasq_all_servers_cache", "does_not_flap", async || {
            behind_a_forwarder(dnsmasq_all_servers_cache).await
        }),
        trial("coredns_round_robin", "denies_every_other_time", denies_every_other_time),
    ]
}

/// One server still has pod 2, the other has pod 3 in its stead.
async fn old_and_new() -> Result<(Authority, Authority), Missing> {
    let old = Authority::start(Program::Knot, Hosting::Zone(Zone::of_pods([0, 1, 2]))).await?;
    let new = Authority::start(Program::Bind, Hosting::Zone(Zone::of_pods([0, 1, 3]))).await?;
    Ok((old, new))
}

async fn are_asked_in_turn() -> Result<(), Missing> {
    let (mut old, new) = old_and_new().await?;
    let pod = Pod::asking([old.address(), new.address()]);
    let sidecar = pod.run(&["--remove-after", "2s"]);
    sidecar.lists(&names([1, 2])).await;
    sidecar.keeps_the_file(Duration::from_secs(2)).await;
    // The second speaks for the first; what only the first knew is held, and leaves.
    old.kill();
    sidecar.lists(&names([1, 2, 3])).await;
    sidecar.lists(&names([1, 3])).await;
    // The first is back with its old zone, and is not preferred any more.
    old.restart_with(Hosting::Zone(Zone::of_pods([0, 1, 2]))).await;
    sidecar.keeps_the_file(Duration::from_secs(2)).await;
    sidecar.is_content().await;
    assert_eq!(sidecar.publications(), 3, "{}", sidecar.log());
    Ok(())
}

async fn behind_a_forwarder(
    forwarder: impl Fn([SocketAddr; 2], SocketAddr) -> Result<Spec, Missing>,
) -> Result<(), Missing> {
    let (mut old, mut new) = old_and_new().await?;
    let upstreams = [old.address(), new.address()];
    let server = Running::start(|_, address| forwarder(upstreams, address)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&["--remove-after", "3s"]);
    sidecar.lists(&names([1, 2, 3])).await;
    let written = sidecar.publications();
    assert!(written <= 2, "{}", sidecar.log());
    assert_eq!(sidecar.keeps_the_file(WATCHED).await, names([1, 2, 3]));
    assert_eq!(sidecar.publications(), written, "{}", sidecar.log());
    // As soon as they agree, so does the file.
    for authority in [&mut old, &mut new] {
        authority.host(Hosting::Zone(Zone::of_pods([0, 1, 3]))).await;
    }
    sidecar.lists(&names([1, 3])).await;
    sidecar.is_content().await;
    assert_eq!(sidecar.publications(), written + 1, "{}", sidecar.log());
    Ok(())
}

async fn denies_every_other_time() -> Result<(), Missing> {
    let (mut old, mut new) = old_and_new().await?;
    let agreed = || Hosting::Zone(Zone::of_pods(0..3));
    old.host(agreed()).await;
    new.host(agreed()).await;
    let upstreams = [old.address(), new.address()];
    let server = Running::start(|_, address| programs::coredns_round_robin(upstreams, address)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&["--remove-after", "0s", "--max-shrink", "100%"]);
    let listed: Urls = names(1..3);
    sidecar.lists(&listed).await;
    sidecar.is_content().await;
    old.host(Hosting::Zone(Zone::of_pods([]))).await;
    sidecar.hears("no_such_name").await;
    sidecar.hears("records").await;
    let before = sidecar.log().lines().count();
    assert_eq!(sidecar.keeps_the_file(WATCHED).await, listed);
    let lines = sidecar.log().lines().count() - before;
    println!("log lines of 10 s of NXDOMAIN every other time: {lines}");
    assert_eq!(sidecar.publications(), 1, "{}", sidecar.log());
    Ok(())
}

fn dnsmasq_all_servers(upstreams: [SocketAddr; 2], address: SocketAddr) -> Result<Spec, Missing> {
    programs::dnsmasq(&format!("{}cache-size=0\n", all_servers(upstreams)), address)
}

fn dnsmasq_all_servers_cache(upstreams: [SocketAddr; 2], address: SocketAddr) -> Result<Spec, Missing> {
    programs::dnsmasq(&format!("{}max-cache-ttl=1\n", all_servers(upstreams)), address)
}

/// It asks both each time and takes what comes first.
fn all_servers(upstreams: [SocketAddr; 2]) -> String {
    let server = |upstream: SocketAddr| format!("server={}#{}\n", upstream.ip(), upstream.port());
    format!("all-servers\n{}", upstreams.map(server).concat())
}
