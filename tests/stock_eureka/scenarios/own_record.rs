//! A server's record of itself, as a peer and as the server itself have it: through refreshes without a
//! rest, starts and shutdowns.
//!
//! Prints what was seen; fails where a server that is up is DOWN to others more than once by chance or for
//! longer than its interval, and where a peer keeps the record of a server that has gone.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::beside::Lookout;
use crate::cluster::Cluster;
use crate::http::Request;
use crate::pod::PeerHost;
use crate::registry::Registry;
use crate::release::Release;
use crate::sidecar::MANAGEMENT;
use crate::wait::wait_for;

/// The server that is refreshed and restarted.
const SERVER: u8 = 0;
/// The one that is looked at.
const PEER: u8 = 1;
/// Pauses between two refreshes, each this many times: across every state of the client's own limiter.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
];
const REFRESHES_EACH: usize = 20;
/// Starts and shutdowns.
const LIVES: usize = 8;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// The client's own interval, as documented, and some more: whatever is told later was lost.
const SETTLED_AFTER: Duration = Duration::from_secs(8);
/// A look of the client's that falls into the millisecond between DOWN and UP is mended by the next one.
const MENDED_WITHIN: Duration = Duration::from_secs(3);
/// Such looks of a hundred refreshes: one refresh of some thousands has one, more on a busy machine.
const MOMENTS_MAX: usize = 1;
/// A client says that it is up with its first run, two seconds after it was made.
const UP_WITHIN: Duration = Duration::from_secs(10);
/// The process has gone before; the peer was told while it went.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// No refresh makes a peer believe that the server is DOWN; each start is told, and each end.
pub(super) fn stays_up(release: &'static Release) {
    let mut cluster = Cluster::new(release, "own_record", PeerHost::Names);
    for ordinal in [PEER, SERVER] {
        cluster.add(ordinal);
        publish(&cluster, ordinal, 0);
        cluster.start_server(ordinal);
        cluster.wait_up(ordinal);
    }
    let id = cluster.server(SERVER).status().expect("an up server answers").instance_id;
    tell_start(&cluster, &id);
    sleep(SETTLED_AFTER);
    refresh_without_rest(&cluster, &id);
    for life in 1..=LIVES {
        // At any moment of the interval.
        sleep(SETTLED_AFTER * u32::try_from(life).unwrap_or_default() / u32::try_from(LIVES).unwrap_or(1));
        end(&mut cluster, &id);
        cluster.start_server(SERVER);
        cluster.wait_up(SERVER);
        tell_start(&cluster, &id);
    }
}

/// Both servers, in this order; the generation alone makes Spring take a refresh for a change.
fn publish(cluster: &Cluster, ordinal: u8, generation: usize) {
    let (list, pod) = ([cluster.url(SERVER), cluster.url(PEER)].join(","), cluster.pod(ordinal));
    let key = "eureka.client.service-url";
    let text = format!("{key}.defaultZone={list}\n{key}.eureka-peers-generation={generation}\n");
    let (new, file) = (pod.file("new"), pod.volume().join(cluster.release.file_name()));
    fs::write(&new, text).expect("the target directory can be written");
    fs::rename(new, file).expect("the target directory can be written");
}

fn tell_start(cluster: &Cluster, id: &str) {
    let after = wait_until_up(cluster.server(PEER), id, UP_WITHIN);
    println!("  UP at the peer {after:?} after the port opened");
}

/// Waits until a peer has the record of a server as UP.
pub(super) fn wait_until_up(peer: &Registry, id: &str, limit: Duration) -> Duration {
    let is_up = || match peer.instance_status(id)?.as_deref() {
        Some("UP") => Ok(()),
        other => Err(format!("it has {other:?}")),
    };
    wait_for("the peer has the server as UP", limit, is_up).1
}

fn refresh_without_rest(cluster: &Cluster, id: &str) {
    let watches = [PEER, SERVER].map(|ordinal| Watch::begin(Registry::clone(cluster.server(ordinal)), id));
    let pauses = PAUSES.into_iter().flat_map(|pause| std::iter::repeat_n(pause, REFRESHES_EACH));
    for (generation, pause) in (1..).zip(pauses) {
        publish(cluster, SERVER, generation);
        let begun = Instant::now();
        let request = Request::with_body("POST", "/actuator/refresh", "");
        let reply = request.send(cluster.pod(SERVER).socket(MANAGEMENT)).expect("an up server answers");
        assert_eq!(reply.status, 200, "{}", reply.body);
        sleep(pause.saturating_sub(begun.elapsed()));
    }
    sleep(SETTLED_AFTER);
    let [at_the_peer, at_the_server] = watches.map(Watch::end);
    println!(
        "  {} refreshes: other than UP at the peer {at_the_peer:?}, at the server itself {at_the_server:?}",
        PAUSES.len() * REFRESHES_EACH
    );
    for seen in [at_the_peer, at_the_server] {
        assert!(seen.len() <= MOMENTS_MAX, "{seen:?}");
        assert!(seen.iter().all(|(_, time)| *time < MENDED_WITHIN), "{seen:?}");
    }
}

/// SIGTERM; the process goes, and with it the record.
fn end(cluster: &mut Cluster, id: &str) {
    let begun = Instant::now();
    let server = cluster.containers(SERVER).server.take().expect("it runs");
    server.terminate();
    let process = begun.elapsed();
    wait_for("the peer has no record of a server that has gone", GONE_WITHIN, || {
        match cluster.server(PEER).instance_status(id)? {
            None => Ok(()),
            Some(status) => Err(format!("it has {status}")),
        }
    });
    println!("  gone after {process:?}, the record {:?} after the signal", begun.elapsed());
}

/// Looks at a record all the time: each of its statuses, and since when.
pub(super) struct Watch(Lookout<Vec<(String, Instant)>>);

impl Watch {
    pub(super) fn begin(registry: Registry, id: &str) -> Self {
        let id = id.to_owned();
        Self(Lookout::begin(LOOK, move |statuses: &mut Vec<(String, Instant)>| {
            let status = registry.instance_status(&id).expect("an up server answers");
            let status = status.unwrap_or_else(|| "gone".to_owned());
            if statuses.last().is_none_or(|(last, _)| *last != status) {
                statuses.push((status, Instant::now()));
            }
        }))
    }

    /// What it was other than UP, and for how long.
    pub(super) fn end(self) -> Vec<(String, Duration)> {
        let statuses = self.0.end();
        let ends: Vec<_> = statuses.iter().skip(1).map(|(_, since)| *since).chain([Instant::now()]).collect();
        let lasted = statuses.into_iter().zip(ends).map(|((status, since), end)| (status, end - since));
        lasted.filter(|(status, _)| status != "UP").collect()
    }
}
