//! Two servers that disagree: the file lists what either says, and does not flap.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::authority::{Authority, Program};
use crate::pod::{Pod, Sidecar, ipv4, names};
use crate::programs::{self, Hosting};
use crate::running::{Running, Spec};
use crate::{Missing, trial};

/// How long the file is watched: some ninety questions.
const WATCHED: Duration = Duration::from_secs(10);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(3);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("coredns_round_robin", "does_not_flap", async || {
            takes_turns(programs::coredns_round_robin).await
        }),
        trial("coredns_round_robin_cache", "does_not_flap", async || {
            takes_turns(programs::coredns_round_robin_cache).await
        }),
        trial("dnsmasq_all_servers", "does_not_flap", async || takes_the_faster(dnsmasq_all_servers).await),
        trial("dnsmasq_all_servers_cache", "does_not_flap", async || {
            takes_the_faster(dnsmasq_all_servers_cache).await
        }),
        trial("coredns_round_robin", "denies_every_other_time", denies_every_other_time),
        trial("knot_and_bind", "are_asked_in_turn", are_asked_in_turn),
    ]
}

/// Stands in front of two servers; the last address is its own.
type Forwarder = fn([SocketAddr; 2], SocketAddr) -> Result<Spec, Missing>;

/// Two servers of `cluster.local`.
struct Pair {
    old: Authority,
    new: Authority,
}

impl Pair {
    /// One still has pod 2, the other has pod 3 in its stead.
    async fn that_disagrees() -> Result<Self, Missing> {
        let old = Authority::start(Program::Knot, Hosting::pods([0, 1, 2])).await?;
        let new = Authority::start(Program::Bind, Hosting::pods([0, 1, 3])).await?;
        Ok(Self { old, new })
    }

    async fn behind(&self, forwarder: Forwarder) -> Result<Running, Missing> {
        let upstreams = [self.old.address(), self.new.address()];
        Running::start(|_, address| forwarder(upstreams, address)).await
    }

    async fn agree(&mut self, pods: &[u32]) {
        for authority in [&mut self.old, &mut self.new] {
            authority.host(Hosting::pods(pods.iter().copied())).await;
        }
    }
}

/// Each server has its turn, every other question or every other second, so that a pod is never
/// missing for long.
async fn takes_turns(forwarder: Forwarder) -> Result<(), Missing> {
    let mut pair = Pair::that_disagrees().await?;
    let server = pair.behind(forwarder).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&["--remove-after", "4s"]);
    let written = keeps_all(&sidecar);
    // As soon as they agree, so does the file.
    pair.agree(&[0, 1, 3]).await;
    sidecar.lists(&names([1, 3]));
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), written + 1, "{}", sidecar.log_text());
    Ok(())
}

/// One server may be the faster one many times in a row: with the hold of the defaults the file only
/// grows.
async fn takes_the_faster(forwarder: Forwarder) -> Result<(), Missing> {
    let pair = Pair::that_disagrees().await?;
    let server = pair.behind(forwarder).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&[]);
    sidecar.hears("records");
    let mut listed = names([1]);
    let since = Instant::now();
    while since.elapsed() < WATCHED {
        let before = pod.listed().map(|urls| std::mem::replace(&mut listed, urls));
        assert!(before.is_none_or(|before| before.is_subset(&listed)), "{}", sidecar.log_text());
        tokio::time::sleep(GLANCE).await;
    }
    assert!(listed.is_subset(&names(1..4)), "{listed:?}");
    assert!(sidecar.publications() <= 2, "{}", sidecar.log_text());
    Ok(())
}

/// Insists that the file lists whom either server knows, and is written no more; says how often it
/// was.
fn keeps_all(sidecar: &Sidecar<'_>) -> u64 {
    sidecar.lists(&names(1..4));
    let written = sidecar.publications();
    assert!(written <= 2, "{}", sidecar.log_text());
    assert_eq!(sidecar.keeps_the_file(WATCHED), names(1..4));
    assert_eq!(sidecar.publications(), written, "{}", sidecar.log_text());
    written
}

async fn denies_every_other_time() -> Result<(), Missing> {
    let mut pair = Pair::that_disagrees().await?;
    pair.agree(&[0, 1, 2]).await;
    let server = pair.behind(programs::coredns_round_robin).await?;
    let pod = Pod::asking([server.address()]);
    // By address: a name that is denied makes for a second question, and so for the same server
    // each time.
    let sidecar = pod.run(&["--remove-after", "0s", "--max-shrink", "100%", "--peer-host", "ipv4"]);
    sidecar.lists(&ipv4(1..3));
    sidecar.until_no_condition();
    pair.old.host(Hosting::pods([])).await;
    sidecar.hears("no_such_name");
    sidecar.hears("records");
    assert_eq!(sidecar.keeps_the_file(WATCHED), ipv4(1..3));
    assert_eq!(sidecar.publications(), 1, "{}", sidecar.log_text());
    Ok(())
}

async fn are_asked_in_turn() -> Result<(), Missing> {
    let Pair { mut old, new } = Pair::that_disagrees().await?;
    let pod = Pod::asking([old.address(), new.address()]);
    let sidecar = pod.run(&["--remove-after", "2s"]);
    sidecar.lists(&names([1, 2]));
    sidecar.keeps_the_file(Duration::from_secs(2));
    // The second speaks for the first; what only the first knew is held, and leaves.
    old.kill();
    sidecar.lists(&names([1, 2, 3]));
    sidecar.lists(&names([1, 3]));
    // The first is back with its old zone, and is not preferred any more.
    old.restart_with(Hosting::pods([0, 1, 2])).await;
    sidecar.keeps_the_file(Duration::from_secs(2));
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 3, "{}", sidecar.log_text());
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
