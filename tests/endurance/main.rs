//! The program at full speed for minutes on end, while all around it changes and fails.
//!
//! A round is everything that can happen, once, with one fault of a refresh. The warm-up fills the
//! program's history, which has its bound, and the allocator's, and goes through one round; what is held
//! then may be held after the last. That takes two minutes with `EUREKA_PEERS_TESTS=all`, or as long as
//! `ENDURANCE_MINUTES` says; otherwise one short round must stay within the bounds. Figures go to standard
//! output:
//!
//!     ENDURANCE_MINUTES=30 cargo test --test endurance -- --nocapture
//!
//! Must never be made to pass by a later warm-up or a wider bound: what grows by a little in minutes is
//! what kills a pod after weeks.

mod callers;
mod churn;
mod gauge;
mod round;
#[path = "../world/mod.rs"]
mod world;

use std::time::{Duration, Instant};

use world::{beside, cluster, dns_server, eureka_server as server, extent, http, machine, reader, sidecar};

use callers::Callers;
use cluster::Cluster;
use gauge::Gauge;
use reader::Reader;
use round::{Calm, START, World};
use server::Server;

const MINUTES: u64 = 2;
/// However slow the machine, so many rounds after the warm-up.
const ROUNDS_MIN: usize = 2;
/// Between two reads of the file.
const READ_PAUSE: Duration = Duration::from_millis(3);
/// What the heap may gain after the warm-up; it gains nothing, or some pages. A leak first fills the room
/// that the largest body left behind: a hundred bytes for each request showed as 1.8 MiB within the two
/// minutes, a tenth of that takes longer runs.
const ANONYMOUS_GAIN_MAX_KIB: u64 = 256;
/// What may be resident in all besides: pages of the binary that only now were needed.
const RESIDENT_GAIN_MAX_KIB: u64 = 768;
/// Questions in a calm second at an interval of 100 ms are ten. What is told is the pace; what is held is
/// that the loop turns, for the machine may have other things to do.
const PACE_MIN: f64 = 1.0;
/// More than ten and their jitter would be a loop that asks twice.
const PACE_MAX: f64 = 12.5;

/// How long it takes in all; none where a short round will do.
fn whole() -> Option<Duration> {
    let minutes = extent::number_from("ENDURANCE_MINUTES");
    let minutes = minutes.or_else(|| extent::is_everything().then_some(MINUTES));
    minutes.map(|minutes| Duration::from_secs(60 * minutes))
}

#[test]
fn nothing_grows_and_nothing_slackens() {
    let cluster = Cluster::of(&START);
    let server = Server::start(cluster.file());
    let reader = Reader::of(&cluster.file(), READ_PAUSE);
    let config = cluster.write_config("freeze: false\n");
    let [actuator, status] = server.flags();
    let config_flag = format!("--config={}", config.display());
    let flags = [&actuator, &status, &config_flag, "--remove-after=300ms"];
    let sidecar = cluster.run_until_listed(&START[1..], &flags);
    let (gauge, callers) = (Gauge::of(sidecar.pid()), Callers::begin(cluster.listen));
    let mut world = World::new(&cluster, &sidecar, &server);

    let begun = Instant::now();
    if let Some(whole) = whole() {
        world.fill_history();
        world.meet_the_largest_body();
        let warm = world.round(&gauge);
        println!("warm-up, {:?}: {warm}", begun.elapsed());
        let mut rounds = 0;
        while rounds < ROUNDS_MIN || begun.elapsed() < whole {
            let calm = world.round(&gauge);
            println!("{:?}: {calm}", begun.elapsed());
            expect_flat(&warm, &calm);
            rounds += 1;
            gauge.expect_bounded();
            reader.expect_whole();
            reader.forget();
        }
    } else {
        extent::say_left_out("endurance", "a short round, and no comparison with a later one");
        let calm = world.short_round(&gauge);
        println!("{:?}: {calm}", begun.elapsed());
        assert!((PACE_MIN..=PACE_MAX).contains(&calm.pace), "{calm}");
        gauge.expect_bounded();
        reader.expect_whole();
    }
    println!("at most: {}", gauge.most());
    println!("{}", callers.end());
    assert_eq!(sidecar.status()["loop_restarts"], 0);
    let took = sidecar.ends_well();
    reader.expect_whole();
    println!("ended after {took:?}");
}

/// In the calm after a round the program holds what it held after the first one.
fn expect_flat(warm: &Calm, calm: &Calm) {
    let gained = calm.held.anonymous_kib.saturating_sub(warm.held.anonymous_kib);
    assert!(gained <= ANONYMOUS_GAIN_MAX_KIB, "the heap gained {gained} KiB: {warm}, then {calm}");
    let gained = calm.held.resident_kib.saturating_sub(warm.held.resident_kib);
    assert!(gained <= RESIDENT_GAIN_MAX_KIB, "{gained} KiB more are resident: {warm}, then {calm}");
    assert!(calm.held.descriptors <= warm.held.descriptors, "descriptors: {warm}, then {calm}");
    assert_eq!(calm.held.children, 0, "{calm}");
    assert!((PACE_MIN..=PACE_MAX).contains(&calm.pace), "{calm}");
}
