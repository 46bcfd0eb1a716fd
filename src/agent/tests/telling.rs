//! What the loop tells while it works, and what a start and an end make of what is in place.

use std::fs;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::Level;

use crate::admin::{AcceptMode, NotAccepted};
use crate::agent::{End, Until};
use crate::model::Answer;
use crate::reconcile::Consent;
use crate::settings::{Key, Settings};

use super::lines::{heard, listen};
use super::world::{Dns, Life, Manners, World, in_paused_time, urls};
use super::{ACTUATOR, SECOND, pass, stall_the_disk};

/// Removals after a few answers.
const HASTY: [(Key, &str); 3] = [ACTUATOR, (Key::RemoveAfter, "2s"), (Key::ShrinkAfter, "5s")];

/// The lines about publications since it was last asked.
fn publications() -> Vec<String> {
    let lines = heard().into_iter().filter(|(level, _)| *level <= Level::INFO).map(|(_, line)| line);
    lines.filter(|line| line.starts_with("published")).collect()
}

async fn until_adopted(life: &Life, hosts: &[u8]) {
    let adopted =
        |life: &Life| life.shown().status.adopted.is_some_and(|adopted| adopted.value == urls(hosts));
    life.until("adopted", adopted).await;
}

#[test]
fn a_publication_is_told_as_a_list_or_a_retry() {
    in_paused_time(async {
        let _listening = listen();
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[ACTUATOR]), Until::Stopped);
        until_adopted(&life, &[2]).await;
        assert_eq!(publications(), ["published peers=1"]);
        world.set_manners(Manners::Ignores);
        world.set_pods(&[1, 2, 3]);
        life.until("given up", |life| life.conditions().contains("not_adopted")).await;
        let retry = |generation| {
            format!(
                "published for a counted retry: the server took the refresh and not the list peers=2 \
                 generation={generation}"
            )
        };
        assert_eq!(publications(), ["published peers=2".to_owned(), retry(1), retry(2)]);
        world.set_manners(Manners::Takes);
        world.set_pods(&[1, 2, 3, 4]);
        until_adopted(&life, &[2, 3, 4]).await;
        assert_eq!(publications(), ["published peers=3"], "a new list under an old key");
    });
}

#[test]
fn the_last_peers_leave_with_a_flush_that_is_told() {
    const FLUSH: &str = "published with the sink: the server is to let its last peers go peers=0";
    in_paused_time(async {
        let _listening = listen();
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&HASTY), Until::Stopped);
        until_adopted(&life, &[2]).await;
        assert_eq!(publications(), ["published peers=1"]);
        world.set_pods(&[1]);
        until_adopted(&life, &[]).await;
        sleep(60 * SECOND).await;
        assert_eq!(publications(), [FLUSH, "published without the sink: the last peers are gone peers=0"]);
        world.set_pods(&[1, 2]);
        until_adopted(&life, &[2]).await;
        assert_eq!(publications(), ["published peers=1"]);
        // A peer that comes in the middle of it is a list again, and no end of a flush.
        world.set_manners(Manners::Hangs);
        world.set_pods(&[1]);
        life.until("the flush", |life| life.shown().status.flushing).await;
        world.set_pods(&[1, 2]);
        life.until_published(&world, &[2]).await;
        assert_eq!(publications(), [FLUSH, "published peers=1"]);
    });
}

#[test]
fn readings_of_the_server_are_counted_by_what_they_found() {
    let confirms = |life: &Life, outcome: &str| {
        life.metrics()[&format!("eureka_peers_confirms_total{{outcome=\"{outcome}\"}}")]
    };
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[ACTUATOR]), Until::Stopped);
        until_adopted(&life, &[2]).await;
        sleep(120 * SECOND).await;
        let different = confirms(&life, "different");
        let adopted = confirms(&life, "adopted");
        assert!(adopted >= 3.0, "each 30 s: {adopted}");
        world.set_manners(Manners::Ignores);
        world.set_pods(&[1, 2, 3]);
        life.until("given up", |life| life.conditions().contains("not_adopted")).await;
        assert!(confirms(&life, "different") >= different + 3.0, "after each of three refreshes");
        assert!((confirms(&life, "adopted") - adopted).abs() <= 1.0, "of the list before at most");
    });
}

#[test]
fn a_dry_run_is_not_told_as_if_something_had_been_accepted() {
    let accepted = || -> Vec<String> {
        let lines = heard().into_iter().map(|(_, line)| line);
        lines.filter(|line| line.starts_with("accepted by the operator")).collect()
    };
    in_paused_time(async {
        let _listening = listen();
        let world = World::of(&[1, 2, 3, 4, 5]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2, 3, 4, 5]).await;
        world.set_pods(&[1, 2]);
        life.until("held", |life| life.conditions().contains("held_shrink")).await;
        life.asked_to_accept(Consent::Records, AcceptMode::DryRun).await.expect("shown");
        assert_eq!(accepted(), [""; 0]);
        life.accept(Consent::Records).await.expect("accepted");
        let said = accepted();
        assert!(said.len() == 1 && said[0].contains("added=0 removed=3 peers=1"), "{said:?}");
        assert!(!said[0].contains("left_alone"), "{said:?}");
    });
}

#[test]
fn a_service_that_is_empty_is_named_with_the_word_that_takes_it() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        world.set_dns(Dns::Says(Answer::Empty { no_such_name: true, soa_serial: 1 }));
        life.until("held", |life| life.conditions().contains("held_empty")).await;
        let NotAccepted(reason) = life.accept(Consent::Records).await.expect_err("not by itself");
        assert!(
            reason.contains("eureka.ns.svc.cluster.local: DNS says that it has no endpoints"),
            "{reason}"
        );
        world.set_dns(Dns::ServFail);
        life.until("held", |life| life.conditions().contains("held_lookup_failed")).await;
        let NotAccepted(reason) = life.accept(Consent::Records).await.expect_err("nothing");
        assert!(!reason.contains("has no endpoints"), "nothing is known of that: {reason}");
    });
}

#[test]
fn a_stop_waits_for_a_first_list_that_is_on_its_way() {
    in_paused_time(async {
        let world = World::of(&[]);
        world.set_dns(Dns::Silent);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until("a question", |_| world.asked() > 0).await;
        let release = stall_the_disk();
        world.set_pods(&[1, 2]);
        pass(8 * SECOND).await;
        assert!(world.published().is_empty(), "the disk stalls");
        life.tell_to_stop();
        pass(SECOND / 10).await;
        drop(release);
        assert_eq!(life.ended().await, End::Stopped);
        assert_eq!(world.published(), urls(&[2]));
    });
}

#[test]
fn a_stop_without_a_list_on_its_way_waits_for_nothing() {
    in_paused_time(async {
        let world = World::of(&[]);
        world.set_dns(Dns::ServFail);
        let life = world.start(world.settings(&[]), Until::Stopped);
        sleep(5 * SECOND).await;
        let since = Instant::now();
        life.tell_to_stop();
        let end = life.ended().await;
        assert!(matches!(&end, End::StoppedWithoutList(why) if why.contains("SERVFAIL")), "{end:?}");
        assert!(since.elapsed() < SECOND / 10, "{:?}", since.elapsed());
    });
}

/// A life that has published 2 and 3, and has ended.
async fn published_once(world: &World) {
    let life = world.start(world.settings(&[]), Until::Stopped);
    life.until_published(world, &[2, 3]).await;
    life.tell_to_stop();
    assert_eq!(life.ended().await, End::Stopped);
    world.set_dns(Dns::ServFail);
}

/// One that finds the files and nothing else, and hears nothing of DNS.
async fn begins_with_the_files(world: &World, settings: Settings) -> Life {
    let life = world.start(settings, Until::Stopped);
    life.until("the files", |life| life.conditions().contains("held_document")).await;
    life
}

#[test]
fn found_files_stay_under_new_settings_unless_those_deny_an_address_in_them() {
    in_paused_time(async {
        let world = World::of(&[1, 2, 3]);
        published_once(&world).await;
        let state = world.directory().join("..data/..state.json");
        fs::remove_file(state).expect("the saved state");
        let life = begins_with_the_files(&world, world.settings(&[])).await;
        life.put_in_force(world.settings(&[(Key::Interval, "2s")])).await;
        sleep(SECOND).await;
        assert!(life.conditions().contains("held_document"), "nothing in them is denied");
        life.put_in_force(world.settings(&[(Key::DenyCidr, "10.0.0.3/32")])).await;
        life.until("dropped", |life| !life.conditions().contains("held_document")).await;
    });
}

/// Damages one of the two peers in the saved state.
fn damage_the_state(world: &World) {
    let path = world.directory().join("..data/..state.json");
    let state = fs::read_to_string(&path).expect("the saved state");
    assert!(state.contains("http://10.0.0.2:8761/eureka/"), "{state}");
    fs::write(&path, state.replace("http://10.0.0.2:8761/eureka/", "no URL")).expect("ours");
}

#[test]
fn what_is_good_in_a_damaged_state_is_worth_less_than_whole_files_and_more_than_nothing() {
    in_paused_time(async {
        let world = World::of(&[1, 2, 3]);
        published_once(&world).await;
        damage_the_state(&world);
        let life = begins_with_the_files(&world, world.settings(&[])).await;
        assert_eq!(world.published(), urls(&[2, 3]));
        life.tell_to_stop();
        assert_eq!(life.ended().await, End::Stopped);

        fs::remove_file(world.file()).expect("a link");
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[3]).await;
    });
}

#[test]
fn a_list_that_a_server_has_is_told_once() {
    in_paused_time(async {
        let _listening = listen();
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[ACTUATOR]), Until::Stopped);
        until_adopted(&life, &[2]).await;
        sleep(Duration::from_secs(300)).await;
        let told = heard().into_iter().filter(|(_, line)| line.starts_with("adopted: ")).count();
        assert_eq!(told, 1);
    });
}

/// Files of a server that was alone: itself, and perhaps the sink, which are nobody's peers.
#[test]
fn nobody_leaves_a_list_in_which_nobody_was() {
    for with_sink in [false, true] {
        in_paused_time(async {
            let world = World::of(&[1]);
            let first = world.start(world.settings(&[]), Until::Stopped);
            first.until_published(&world, &[1]).await;
            first.tell_to_stop();
            assert_eq!(first.ended().await, End::Stopped);
            fs::remove_file(world.directory().join("..data/..state.json")).expect("the saved state");
            if with_sink {
                let sink = world.settings(&[]).policy.sink;
                let text = fs::read_to_string(world.file()).expect("the file");
                let own = "http://10.0.0.1:8761/eureka/";
                fs::write(world.file(), text.replace(own, &format!("{own},{sink}"))).expect("ours");
            }
            world.set_dns(Dns::Says(Answer::Empty { no_such_name: true, soa_serial: 1 }));
            let life = begins_with_the_files(&world, world.settings(&[])).await;
            life.until("an answer", |_| world.asked() > 3).await;
            let shown = life.asked_to_accept(Consent::Empty, AcceptMode::DryRun).await.expect("shown");
            assert_eq!((shown.peers, shown.added, shown.removed), (urls(&[]), urls(&[]), urls(&[])));
        });
    }
}
