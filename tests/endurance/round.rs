//! One round: everything that can happen, and a calm in which what stayed behind is counted.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::cluster::{Cluster, urls};
use crate::dns_server::Mode;
use crate::gauge::{Gauge, Held};
use crate::server::{Manner, Resource, Server, reply};
use crate::sidecar::Sidecar;

/// The pods between two disturbances; the first one is ours.
pub(crate) const START: [u8; 4] = [0, 1, 2, 3];
const MORE: [u8; 7] = [0, 1, 2, 3, 4, 5, 6];
/// How long a calm is looked at.
const CALM: Duration = Duration::from_secs(3);
/// Refreshes that fail are five seconds apart, and wait longer each time.
const CALM_WITHIN: Duration = Duration::from_secs(60);
const BODIES_TO_SETTLE: usize = 2;
/// Above the program's own bound of 64.
const CHANGES_KEPT_MAX: usize = 100;

/// What DNS does to us, and the condition that shows it.
const DNS_FAULTS: [(Mode, &str); 5] = [
    (Mode::ServFail, "held_lookup_failed"),
    (Mode::NoSuchName, "held_empty"),
    (Mode::TruncatedWithoutTcp, "held_lookup_failed"),
    (Mode::Silent, "held_lookup_failed"),
    (Mode::Unreadable, "held_lookup_failed"),
];

/// How it was in the calm after a round.
#[derive(Clone, Debug)]
pub(crate) struct Calm {
    /// The least: what comes and goes with requests is left out.
    pub(crate) held: Held,
    pub(crate) pace: f64,
}

impl fmt::Display for Calm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:.1} questions a second", self.held, self.pace)
    }
}

/// Everything around a sidecar.
pub(crate) struct World<'a> {
    cluster: &'a Cluster,
    sidecar: &'a Sidecar<'a>,
    server: &'a Server,
    rounds: usize,
}

impl<'a> World<'a> {
    pub(crate) fn new(cluster: &'a Cluster, sidecar: &'a Sidecar<'a>, server: &'a Server) -> Self {
        Self { cluster, sidecar, server, rounds: 0 }
    }

    /// What is kept of the past has its bound; only when it is reached does nothing more have to be held.
    pub(crate) fn fill_history(&self) {
        let first = |status: &Value| status["history"][0]["number"].as_u64();
        let kept = first(&self.sidecar.status());
        for _ in 0..CHANGES_KEPT_MAX {
            if first(&self.sidecar.status()) > kept {
                return;
            }
            self.peers_come_and_go();
        }
        panic!("the history has no bound: {:#}", self.sidecar.status()["history"]);
    }

    /// Has everything happen once, and looks at the calm after it.
    pub(crate) fn round(&mut self, gauge: &Gauge) -> Calm {
        self.until_calm();
        for _ in 0..3 {
            self.peers_come_and_go();
        }
        for (mode, condition) in DNS_FAULTS {
            self.sidecar.holds_through(mode, condition);
            self.dns_is_good_again();
        }
        self.dns_restarts();
        self.settings_change();
        self.server_restarts();
        self.refreshes_fail();
        self.rounds += 1;
        self.until_calm();
        self.calm(gauge)
    }

    /// The quick part of a round.
    pub(crate) fn short_round(&self, gauge: &Gauge) -> Calm {
        self.until_calm();
        self.peers_come_and_go();
        for (mode, condition) in &DNS_FAULTS[..2] {
            self.sidecar.holds_through(*mode, condition);
            self.dns_is_good_again();
        }
        self.dns_restarts();
        self.settings_change();
        self.until_calm();
        self.calm(gauge)
    }

    fn change_to(&self, pods: &[u8]) {
        self.cluster.set_pods(pods);
        self.sidecar.until_listing(&urls(&pods[1..]));
    }

    fn peers_come_and_go(&self) {
        self.change_to(&MORE);
        self.change_to(&START);
    }

    fn dns_is_good_again(&self) {
        self.cluster.set_mode(Mode::Normal);
        // The pause after a row of failures may be seconds long by now.
        self.sidecar.signal(Signal::HUP);
        self.sidecar.until("no hold", |it| it.status()["held"]["is_held"] == false);
    }

    fn dns_restarts(&self) {
        self.cluster.stop_dns();
        self.sidecar.until_condition("held_lookup_failed");
        self.cluster.start_dns();
        self.cluster.set_pods(&START);
        self.dns_is_good_again();
        assert_eq!(self.cluster.listed(), urls(&START[1..]));
    }

    fn settings_change(&self) {
        self.cluster.write_config("freeze: true\n");
        self.sidecar.until_condition("frozen");
        self.cluster.write_config("freeze: perhaps\n");
        self.sidecar.until_condition("settings_rejected");
        self.cluster.write_config("freeze: false\n");
        self.sidecar.until("lifted", |it| it.conditions().iter().all(|kind| kind != "frozen"));
    }

    /// It hangs up on everybody, and has forgotten its list when it is back.
    fn server_restarts(&self) {
        for resource in [Resource::Refresh, Resource::Env, Resource::Status, Resource::Other] {
            self.server.set(resource, Manner::Bytes(String::new()));
        }
        self.change_to(&MORE);
        self.sidecar.until("the server is missed", |it| {
            it.conditions().iter().any(|kind| kind == "refresh_failing" || kind == "server_unreachable")
        });
        self.server.forget();
        self.server.behave();
        self.until_calm();
    }

    /// What the allocator keeps of the largest body that is read: nothing of the first, for which it asks
    /// the kernel, and a mebibyte of those after it, which it then takes from its own heap.
    pub(crate) fn meet_the_largest_body(&self) {
        for _ in 0..BODIES_TO_SETTLE {
            self.change_to(&MORE);
            self.until_calm();
            self.refreshes_fail();
        }
    }

    fn refreshes_fail(&self) {
        // The largest body first: the warm-up meets it.
        let faults = [
            (Manner::Endless(1 << 30), "refresh_refused"),
            (Manner::Reply("500 Internal Server Error", String::new()), "refresh_failing"),
            (Manner::Reply("404 Not Found", String::new()), "refresh_refused"),
            (Manner::Bytes(reply("200 OK", "<html>login</html>")), "refresh_refused"),
        ];
        let (manner, condition) = faults[self.rounds % faults.len()].clone();
        self.server.set(Resource::Refresh, manner);
        self.change_to(&START);
        self.sidecar.until_condition(condition);
        self.server.behave();
        // What was refused is tried again a minute later, or when the list is another one.
        self.change_to(&MORE);
        self.change_to(&START);
    }

    fn until_calm(&self) {
        self.sidecar.until_within(CALM_WITHIN, "calm", |it| {
            let status = it.status();
            status["conditions"].as_array().is_some_and(Vec::is_empty) && status["is_adopted"] == true
        });
    }

    fn calm(&self, gauge: &Gauge) -> Calm {
        gauge.begin_calm();
        let (since, before) = (Instant::now(), self.cluster.questions());
        thread::sleep(CALM);
        let asked = u32::try_from(self.cluster.questions() - before).expect("few");
        Calm { held: gauge.least(), pace: f64::from(asked) / since.elapsed().as_secs_f64() }
    }
}
