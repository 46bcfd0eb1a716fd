//! The loop with everything outside it in memory, but for the files, which are real.

mod agreement;
pub(super) mod lines;
mod telling;
mod world;

use std::cell::Cell;
use std::fs;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep, timeout};

use crate::admin::{AcceptMode, Accepted, ListInPlace, NotAccepted, Stage};
use crate::reconcile::{ConditionKind, Consent, NotPublished, RefreshCall, Situation};
use crate::settings::{Key, Purpose};
use crate::wording::situation;

use super::work::{Ended, Outcome, Work};
use super::{End, Until, Update};
use world::{Dns, Manners, World, in_paused_time, urls};

const SECOND: Duration = Duration::from_secs(1);
const ACTUATOR: (Key, &str) = (Key::ActuatorUrl, "http://127.0.0.1:8762/actuator");

/// Virtual seconds that passed, rounded.
fn seconds_since(since: Instant) -> u64 {
    (since.elapsed() + SECOND / 2).as_secs()
}

#[test]
fn what_dns_says_is_published_and_stays_when_the_loop_is_told_to_stop() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        world.set_pods(&[1, 2, 3]);
        life.until_published(&world, &[2, 3]).await;
        assert_eq!(life.shown().list, ListInPlace::Published);
        life.tell_to_stop();
        life.until("drained", |life| life.shown().stage == Stage::Draining).await;
        assert_eq!(life.ended().await, End::Stopped);
        assert_eq!(world.published(), urls(&[2, 3]));
    });
}

#[test]
fn a_panicking_look_up_starts_the_loop_again_with_the_saved_state() {
    in_paused_time(async {
        let world = World::of(&[1, 2, 3]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2, 3]).await;
        world.set_dns(Dns::Panics);
        life.until("three restarts", |life| life.shown().loop_restarts == 3).await;
        assert_eq!(life.desired(), urls(&[2, 3]), "the saved state's list goes on");
        assert_eq!(world.published(), urls(&[2, 3]));
        assert!(life.counter("eureka_peers_loop_restarts_total") >= 3.0);
        let restarted = Situation::LoopRestarted { panic: "a look-up that panics".into(), restarts: 3 };
        assert_eq!(life.situation(ConditionKind::LoopRestarted), Some(restarted));
        world.set_pods(&[1, 2, 3, 4]);
        life.until_published(&world, &[2, 3, 4]).await;
        life.tell_to_stop();
        assert_eq!(life.ended().await, End::Stopped);
    });
}

#[test]
fn a_loop_that_panics_at_once_does_not_spin_and_can_be_stopped() {
    in_paused_time(async {
        let world = World::of(&[1]);
        world.set_dns(Dns::Panics);
        let life = world.start(world.settings(&[]), Until::Stopped);
        // Between two restarts, which come with whole seconds.
        sleep(59 * SECOND + SECOND / 2).await;
        let restarts = life.counter("eureka_peers_loop_restarts_total");
        assert!((55.0..=60.0).contains(&restarts), "one a second: {restarts}");
        life.tell_to_stop();
        assert_eq!(life.ended().await, End::StoppedWithoutList(String::new()));
    });
}

/// Keeps the only thread for file work until the sender is dropped.
fn stall_the_disk() -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    drop(tokio::task::spawn_blocking(move || released.recv()));
    release
}

/// Lets `span` pass while file work is stalled; paused time does not move by itself then.
async fn pass(span: Duration) {
    let step = Duration::from_millis(50);
    for _ in 0..span.as_millis() / step.as_millis() {
        advance(step).await;
        for _ in 0..20 {
            yield_now().await;
        }
    }
}

#[test]
fn a_start_that_waits_for_its_disk_can_be_stopped() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let release = stall_the_disk();
        let life = world.start(world.settings(&[]), Until::Stopped);
        pass(5 * SECOND).await;
        assert_eq!(world.asked(), 0, "the saved state comes first");
        life.tell_to_stop();
        assert_eq!(life.ended().await, End::Stopped, "what is in place is not known");
        drop(release);
    });
}

#[test]
fn a_disk_that_stalls_stops_neither_questions_nor_commands() {
    in_paused_time(async {
        let world = World::of(&[1, 2, 3]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2, 3]).await;
        let release = stall_the_disk();
        world.set_pods(&[1, 2, 3, 4]);
        let asked = world.asked();
        pass(20 * SECOND).await;
        assert!(world.asked() - asked >= 15, "{} questions in 20 s", world.asked() - asked);
        assert_eq!(life.desired(), urls(&[2, 3, 4]));
        assert_eq!(world.published(), urls(&[2, 3]), "the disk still stalls");
        assert_eq!(life.accept(Consent::Records).await.expect("accepted").peers, urls(&[2, 3, 4]));
        drop(release);
        life.until_published(&world, &[2, 3, 4]).await;
    });
}

#[test]
fn a_question_without_an_answer_delays_nobody() {
    in_paused_time(async {
        let world = World::of(&[]);
        world.set_dns(Dns::Silent);
        let life = world.start(world.settings(&[]), Until::Stopped);
        let since = Instant::now();
        life.until_published(&world, &[1]).await;
        assert_eq!(seconds_since(since), 10, "alone at the start deadline, in the middle of a question");
        let since = Instant::now();
        life.tell_to_stop();
        assert_eq!(life.ended().await, End::Stopped);
        assert!(since.elapsed() < SECOND, "{:?}", since.elapsed());
    });
}

#[test]
fn init_ends_with_its_first_list() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let settings = world.settings_for(Purpose::Init, &[]);
        assert_eq!(world.start(settings, Until::Settled).ended().await, End::Settled);
        assert_eq!(world.published(), urls(&[2]));
    });
}

#[test]
fn init_waits_its_deadline_out() {
    in_paused_time(async {
        let world = World::of(&[]);
        world.set_dns(Dns::ServFail);
        let since = Instant::now();
        let settings = world.settings_for(Purpose::Init, &[(Key::OnDeadline, "fail")]);
        let end = world.start(settings, Until::Settled).ended().await;
        let End::DeadlinePassed(why) = &end else { panic!("{end:?}") };
        assert!(why.contains("DNS answered SERVFAIL; no peers are kept (eureka."), "{why}");
        assert_eq!(seconds_since(since), 10);
        let settings = world.settings_for(Purpose::Init, &[]);
        assert_eq!(world.start(settings, Until::Settled).ended().await, End::Settled);
        assert_eq!((seconds_since(since), world.published()), (20, urls(&[1])), "alone");
    });
}

#[test]
fn init_says_why_it_cannot_write() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        fs::create_dir(world.file()).expect("made");
        let settings = world.settings_for(Purpose::Init, &[(Key::Layout, "plain")]);
        let life = world.start(settings, Until::Settled);
        let snapshots = life.snapshots();
        assert_eq!(life.ended().await, End::CannotWrite);
        let shown = snapshots.snapshot().status.conditions;
        let Some(Situation::NotPublished(NotPublished::Failed(fault))) =
            shown.first().map(|condition| &condition.situation)
        else {
            panic!("{shown:?}")
        };
        assert_eq!(fault.reason, "occupied");
    });
}

#[test]
fn the_operator_takes_what_dns_says_past_the_holds() {
    in_paused_time(async {
        let world = World::of(&[1, 2, 3, 4, 5]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2, 3, 4, 5]).await;
        world.set_pods(&[1, 6]);
        life.until("held", |life| life.conditions().contains("held_shrink")).await;
        let shown = life.asked_to_accept(Consent::Records, AcceptMode::DryRun).await.expect("shown");
        assert_eq!((&shown.peers, &shown.removed), (&urls(&[6]), &urls(&[2, 3, 4, 5])));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(life.conditions().contains("held_shrink"), "a dry run changes nothing");
        assert_eq!(world.published(), urls(&[2, 3, 4, 5, 6]));
        let accepted = life.accept(Consent::Records).await.expect("accepted");
        let lists = |it: &Accepted| (it.peers.clone(), it.added.clone(), it.removed.clone(), it.is_first);
        assert_eq!(lists(&shown), lists(&accepted), "what was shown is taken");
        assert_eq!((accepted.peers, accepted.added), (urls(&[6]), urls(&[])));
        assert_eq!(accepted.removed, urls(&[2, 3, 4, 5]));
        life.until_published(&world, &[6]).await;
        life.until("no hold", |life| !life.shown().status.is_held()).await;
    });
}

#[test]
fn there_may_be_nothing_to_accept() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        world.set_dns(Dns::ServFail);
        life.until("held", |life| life.conditions().contains("held_lookup_failed")).await;
        let NotAccepted(reason) = life.accept(Consent::Records).await.expect_err("nothing");
        assert!(reason.contains("nothing that could be taken") && reason.contains("SERVFAIL"), "{reason}");
        life.put_in_force(world.settings(&[(Key::Freeze, "true")])).await;
        let NotAccepted(reason) = life.accept(Consent::Records).await.expect_err("frozen");
        assert!(reason.contains("--freeze"), "{reason}");
    });
}

#[test]
fn new_settings_are_followed_at_once() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        let lookups = world.lookups_made();
        life.put_in_force(world.settings(&[(Key::StaticPeer, "http://10.0.0.99:8761/eureka/")])).await;
        assert_eq!(world.lookups_made(), lookups + 1, "DNS servers may have changed");
        life.until_published(&world, &[2, 99]).await;
        life.put_in_force(world.settings(&[])).await;
        life.until_published(&world, &[2]).await;
    });
}

#[test]
fn refused_settings_are_shown_and_change_nothing() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        life.update(Update::Rejected("port: \"0\" is not a valid port".to_owned())).await;
        let refused = |life: &world::Life| {
            let shown = life.shown().status.conditions.into_iter();
            shown.filter(|condition| condition.kind() == ConditionKind::SettingsRejected).last()
        };
        life.until("the refusal", |life| refused(life).is_some()).await;
        let first = refused(&life).expect("it is shown");
        sleep(5 * SECOND).await;
        life.update(Update::Rejected("port: \"x\" is not a valid port".to_owned())).await;
        let second = Situation::SettingsRejected { faults: "port: \"x\" is not a valid port".into() };
        life.until("the second refusal", |life| refused(life).is_some_and(|it| it.situation == second)).await;
        assert_eq!(refused(&life).map(|it| it.since), Some(first.since), "since the first");
        assert_eq!(life.shown().settings.fingerprint, "first");
        world.set_pods(&[1, 2, 3]);
        life.until_published(&world, &[2, 3]).await;
        life.put_in_force(world.settings(&[])).await;
        assert_eq!(refused(&life), None);
    });
}

#[test]
fn what_needs_a_restart_is_shown_and_kept() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        let new = [(Key::Output, "other.json"), (Key::Listen, ":1"), (Key::Port, "80")];
        life.put_in_force(world.settings(&new)).await;
        let warnings = life.shown().settings.warnings;
        for key in ["output", "listen"] {
            assert!(warnings.iter().any(|warning| warning.starts_with(&format!("{key}: "))), "{warnings:?}");
        }
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let at_80: crate::model::PeerSet = ["http://10.0.0.2:80/eureka/".parse().expect("valid")].into();
        life.until("the new port in the old file", |_| world.published() == at_80).await;
        assert!(!world.directory().join("other.json").exists());
    });
}

#[test]
fn a_wish_to_ask_now_is_followed_now() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[(Key::Interval, "1h")]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        let (asked, since) = (world.asked(), Instant::now());
        life.update(Update::AskNow).await;
        life.until("a question", |_| world.asked() == asked + 1).await;
        assert!(since.elapsed() < SECOND);
    });
}

#[test]
fn files_that_others_change_are_put_back() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        for spoil in [
            |world: &World| fs::write(world.file(), "eureka.client.service-url.defaultZone=http://evil:1/\n"),
            |world: &World| fs::write(world.file(), ""),
            |world: &World| fs::remove_file(world.file()),
            |world: &World| {
                fs::remove_dir_all(world.directory().join(fs::read_link(world.directory().join("..data"))?))
            },
            |world: &World| {
                fs::remove_dir_all(world.directory())?;
                fs::create_dir(world.directory())
            },
        ] {
            spoil(&world).expect("spoilt");
            let since = Instant::now();
            life.until_published(&world, &[2]).await;
            assert!(seconds_since(since) <= 31, "{} s", seconds_since(since));
        }
        assert_eq!(life.shown().loop_restarts, 0);
    });
}

/// What is shown of the list by a start that cannot write, with a good state, and with a file of this content.
fn in_place_at_a_start(content: Option<&str>) -> ListInPlace {
    let shown = Cell::new(ListInPlace::Published);
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let first = world.start(world.settings(&[]), Until::Stopped);
        first.until_published(&world, &[2]).await;
        first.tell_to_stop();
        assert_eq!(first.ended().await, End::Stopped);

        if let Some(content) = content {
            fs::write(world.file(), content).expect("ours");
        }
        let lock = world.directory().join("..lock");
        fs::remove_file(&lock).and_then(|()| fs::create_dir(&lock)).expect("a directory in its place");
        let second = world.start(world.settings(&[]), Until::Stopped);
        second.until("not published", |life| life.conditions().contains("not_published")).await;
        shown.set(second.shown().list);
    });
    shown.get()
}

/// The saved state alone is no list: the server reads the files.
#[test]
fn a_start_has_a_list_in_place_only_where_the_files_are_whole() {
    assert_eq!(in_place_at_a_start(None), ListInPlace::FoundAtStart);
    for content in ["", "eureka.client.service-url.defaultZone=http://elsewhere:1/\n"] {
        assert_eq!(in_place_at_a_start(Some(content)), ListInPlace::Nothing, "{content:?}");
    }
}

#[test]
fn a_directory_may_come_late_and_go_again() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        fs::remove_dir(world.directory()).expect("removed");
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until("not published", |life| life.conditions().contains("not_published")).await;
        assert_eq!(life.shown().list, ListInPlace::Nothing);
        sleep(60 * SECOND).await;
        fs::create_dir(world.directory()).expect("made");
        let since = Instant::now();
        life.until_published(&world, &[2]).await;
        assert!(seconds_since(since) <= 16, "{} s", seconds_since(since));
        life.until("all is well", |life| life.conditions().is_empty()).await;
    });
}

#[test]
fn a_list_that_others_took_away_is_in_place_no_longer_and_one_that_an_error_left_is() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let life = world.start(world.settings(&[]), Until::Stopped);
        life.until_published(&world, &[2]).await;
        let lock = world.directory().join("..lock");
        fs::remove_file(&lock).and_then(|()| fs::create_dir(&lock)).expect("a directory in its place");
        life.until("not published", |life| life.conditions().contains("not_published")).await;
        assert_eq!(life.shown().list, ListInPlace::Published);
        // The plain file itself: what readers find is looked at, whatever the layout.
        for content in ["", "of somebody else"] {
            let whole = fs::read(world.file()).expect("there");
            fs::write(world.file(), content).expect("ours");
            life.until("lost", |life| life.shown().list == ListInPlace::TakenAway).await;
            fs::write(world.file(), whole).expect("ours");
            fs::remove_dir(&lock).expect("empty");
            life.until("in place", |life| life.shown().list == ListInPlace::Published).await;
            fs::remove_file(&lock).and_then(|()| fs::create_dir(&lock)).expect("a directory in its place");
            life.until("not published", |life| life.conditions().contains("not_published")).await;
            assert_eq!(life.shown().list, ListInPlace::Published);
        }
        fs::remove_file(world.file()).expect("there");
        life.until("lost", |life| life.shown().list == ListInPlace::TakenAway).await;
        fs::remove_dir(&lock).expect("empty");
        life.until_published(&world, &[2]).await;
        life.until("in place", |life| life.shown().list == ListInPlace::Published).await;
    });
}

#[test]
fn a_refresh_that_hangs_is_given_up_and_made_again() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        world.set_manners(Manners::Hangs);
        let life = world.start(world.settings(&[ACTUATOR]), Until::Stopped);
        life.until("a refresh", |_| world.refreshes().len() == 1).await;
        let since = Instant::now();
        life.until("given up", |life| life.conditions().contains("refresh_failing")).await;
        assert_eq!(seconds_since(since), 15);
        world.set_manners(Manners::Takes);
        life.until("adopted", |life| life.shown().status.confirmed_at.is_some()).await;
        assert_eq!(world.refreshes().len(), 2);
        assert_eq!(life.conditions().len(), 0, "{:?}", life.conditions());
        sleep(120 * SECOND).await;
        assert_eq!(world.refreshes().len(), 2, "no refresh without a difference");
        assert!(world.refreshes().iter().all(|(_, value)| value.is_empty()), "the file says it");
    });
}

#[test]
fn env_hands_the_value_over_with_its_credentials() {
    in_paused_time(async {
        let world = World::of(&[1, 2, 3]);
        let secret = world.directory().join("secret");
        fs::write(&secret, "user:pass\n").expect("written");
        let secret = (Key::UserInfoFile, secret.to_str().expect("text"));
        let life = world.start(world.settings(&[ACTUATOR, secret, (Key::Adopt, "env")]), Until::Stopped);
        life.until("a refresh", |_| !world.refreshes().is_empty()).await;
        let value =
            "http://user:pass@10.0.0.2:8761/eureka/,http://user:pass@10.0.0.3:8761/eureka/".to_owned();
        assert_eq!(world.refreshes()[0], (RefreshCall::Env, value));
    });
}

#[test]
fn a_pipe_for_a_secret_stalls_nothing() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let pipe = world.directory().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a pipe");
        let secret = (Key::UserInfoFile, pipe.to_str().expect("text"));
        let life = world.start(world.settings(&[ACTUATOR, secret, (Key::Adopt, "env")]), Until::Stopped);
        life.until("not published", |life| life.conditions().contains("not_published")).await;
        life.until("not refreshed", |life| life.conditions().contains("refresh_refused")).await;
        let shown = life.shown().status;
        let messages: Vec<_> =
            shown.conditions.iter().map(|condition| situation(&condition.situation).to_string()).collect();
        let names_it = |message: &String| message.contains("a pipe") && message.contains("; name the file");
        assert!(messages.iter().all(names_it), "{messages:?}");
        fs::remove_file(&pipe).and_then(|()| fs::write(&pipe, "user:pass")).expect("a file in its place");
        life.until("published", |life| life.shown().status.published.is_some()).await;
        assert_eq!(world.refreshes(), []);
    });
}

#[test]
fn a_refresh_that_ends_after_it_was_dropped_is_not_taken_for_the_next_one() {
    in_paused_time(async {
        let world = World::of(&[1, 2]);
        let mut work = Work::default();
        let begin = |work: &mut Work| {
            let value = std::future::ready(Ok(String::new()));
            work.refresh(Rc::new(world.clone()), RefreshCall::Refresh, value, SECOND);
        };
        begin(&mut work);
        while world.refreshes().is_empty() {
            yield_now().await;
        }
        work.abandon_refresh();
        world.set_manners(Manners::Hangs);
        begin(&mut work);
        let early = timeout(SECOND, work.next_ended()).await;
        assert!(early.is_err(), "the first one's outcome is nobody's");
        let Ended { outcome: Outcome::Refreshed(outcome), .. } = work.next_ended().await else {
            panic!("a refresh")
        };
        assert!(outcome.is_err(), "the second one's own");
    });
}
