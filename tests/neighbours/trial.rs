//! One misbehaving neighbour from beginning to end.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::cluster::{Cluster, url, urls};
use crate::faults::Fault;
use crate::machine::figure;
use crate::server::{Manner, Resource, Server};
use crate::sidecar::{END_MAX, Sidecar};
use crate::slow;

/// How often DNS is asked in these trials.
const INTERVAL: Duration = Duration::from_millis(100);
/// Questions by which a loop that goes on is known: two seconds of them, or as many more as a busy machine takes.
const QUESTIONS: usize = 20;
const QUESTIONS_WITHIN: Duration = Duration::from_secs(60);
/// The shortest pause between two questions: the interval has a jitter of a tenth.
const PAUSE_MIN: Duration = Duration::from_millis(90);
/// Questions that may come at once, such as one after a change of the list.
const QUESTIONS_AT_ONCE: u128 = 5;
/// Less than a call that hangs is given: a change that waits for one takes longer from DNS to the file.
const CHANGE_MAX: Duration = Duration::from_secs(4);
/// Refreshes that repeat what a server was told are this far apart, whatever it does.
const REFRESH_SPACING: Duration = Duration::from_secs(5);
/// Of refreshes that each tell of another peer there are so many in a row, and one more each
/// [`REFRESH_REFILL`].
const REFRESH_BUDGET: usize = 6;
const REFRESH_REFILL: Duration = Duration::from_secs(2);
/// A busy machine may take one such call in late and the next at once.
const LATE: Duration = Duration::from_secs(2);
/// Status requests in a second at most: half a second is the shortest pause after a fault, and each
/// refresh is followed by one.
const STATUS_A_SECOND_MAX: f64 = 3.0;
/// A refresh and its two counted retries.
const REFRESHES_IN_VAIN: usize = 3;
/// How long a condition may take: a refresh is given up after five seconds once something newer
/// waits, and a list is masked after three refreshes.
const CONDITION_WITHIN: Duration = Duration::from_secs(30);
/// Written of an endless body before it is noticed: the bound of a mebibyte, and what buffers hold.
const POURED_MAX: u64 = 12 << 20;
/// Resident memory of an unoptimised program, in KiB.
const RESIDENT_MAX_KIB: u64 = 48 * 1024;

/// Looks at a program that has been sent a reply that is slow to read: half a second of them.
const LOOKS: usize = 5;
/// Longer than any probe may take on a busy machine.
const SOON: Duration = Duration::from_secs(1);

/// A program beside a server that has taken its list over.
fn begin<'c>(cluster: &'c Cluster, server: &Server) -> Sidecar<'c> {
    let [actuator, status] = &server.flags();
    let sidecar = cluster.run_until_listed(&[1, 2], &[actuator, status]);
    sidecar.until("adopted", |it| it.status()["is_adopted"] == true);
    sidecar
}

/// The whole story of one fault.
pub(crate) fn of(fault: &Fault) {
    let cluster = Cluster::of(&[0, 1, 2]);
    let server = Server::start(cluster.file());
    let sidecar = begin(&cluster, &server);
    let since = Instant::now();
    let before = counted(&sidecar, fault.counted);
    for (resource, manner) in &fault.manners {
        server.set(*resource, manner.clone());
    }
    // A change that the server will not take over, and another one behind it.
    change(&cluster, &sidecar, &[0, 1, 2, 3], fault);
    change(&cluster, &sidecar, &[0, 1, 2, 3, 4], fault);
    let (kind, message) = fault.condition;
    until_said(&sidecar, kind, message);
    let paced = keeps_its_pace(&sidecar, fault.name);
    change(&cluster, &sidecar, &[0, 1, 2, 3, 4, 5], fault);
    sidecar.until("counted", |it| counted(it, fault.counted) > before);
    sidecar.until("shown in the metrics", |it| {
        it.get("/metrics").body.contains(&format!("eureka_peers_condition{{condition=\"{kind}\"}} 1"))
    });
    check_finds(&cluster, &server, fault);
    no_storm(&server, since.elapsed());
    let resident = figure(sidecar.pid(), "VmHWM:").expect("it runs");
    assert!(resident < RESIDENT_MAX_KIB, "{resident} KiB");
    server.behave();
    adopts_again(&sidecar, &server, &[]);
    println!(
        "{}: {QUESTIONS} questions in {paced:?}, {} refreshes and {} statuses in {:?}, {resident} KiB",
        fault.name,
        server.refreshed_at().len(),
        server.asked(Resource::Status).gets,
        since.elapsed(),
    );
}

/// A change in DNS reaches the file as ever.
fn change(cluster: &Cluster, sidecar: &Sidecar<'_>, pods: &[u8], fault: &Fault) {
    cluster.set_pods(pods);
    let took = sidecar.until_listing(&urls(&pods[1..]));
    assert!(took < CHANGE_MAX, "{}: {took:?}", fault.name);
}

fn until_said(sidecar: &Sidecar<'_>, kind: &str, message: &str) {
    sidecar.until_within(CONDITION_WITHIN, &format!("{kind} with {message:?}"), |it| {
        let said = it.view().condition(kind).ok().flatten();
        said.is_some_and(|text| text.contains(message))
    });
}

/// DNS is asked on, and no more often than it should be; says how long that took.
fn keeps_its_pace(sidecar: &Sidecar<'_>, name: &str) -> Duration {
    let (cluster, begun) = (sidecar.cluster, Instant::now());
    let before = cluster.questions();
    let what = format!("{name}: DNS is asked {QUESTIONS} times");
    sidecar.until_within(QUESTIONS_WITHIN, &what, |_| cluster.questions() >= before + QUESTIONS);
    let (asked, took) = (cluster.questions() - before, begun.elapsed());
    let most = took.as_millis() / PAUSE_MIN.as_millis() + QUESTIONS_AT_ONCE;
    assert!(asked as u128 <= most, "{name}: {asked} questions in {took:?}");
    took
}

fn counted(sidecar: &Sidecar<'_>, (name, outcome): (&str, &str)) -> u64 {
    let counts = sidecar.view().metric(&format!("eureka_peers_{name}_total"), "outcome");
    counts.expect("a running program has metrics")[outcome]
}

fn check_finds(cluster: &Cluster, server: &Server, fault: &Fault) {
    let Some(found) = fault.found else { return };
    let posts = server.asked(Resource::Refresh).posts;
    let [actuator, status] = &server.flags();
    let outcome = cluster.once("check", &[actuator, status]).expect(3);
    assert!(outcome.stdout.contains(found), "{found:?} in {outcome:#?}");
    // The program beside may have refreshed in the meantime, once a spacing.
    let more = server.asked(Resource::Refresh).posts - posts;
    let allowed = 1 + outcome.took.as_secs() / REFRESH_SPACING.as_secs();
    assert!(u64::try_from(more).expect("few") <= allowed, "check refreshed {more} times");
}

fn no_storm(server: &Server, elapsed: Duration) {
    no_budget_broken(server);
    let status = server.asked(Resource::Status);
    let a_second = f64::from(u32::try_from(status.gets).expect("few")) / elapsed.as_secs_f64();
    assert!(a_second < STATUS_A_SECOND_MAX, "{a_second} statuses a second");
    for resource in [Resource::Refresh, Resource::Status] {
        let asked = server.asked(resource);
        let calls = u64::try_from(asked.gets + asked.posts).expect("few");
        assert!(asked.written <= calls * POURED_MAX, "{asked:?}");
    }
}

/// What comes next heals: the list that is wanted now is adopted, and no condition stays.
///
/// But for `lasting` ones, which are told for a while after their cause.
fn adopts_again(sidecar: &Sidecar<'_>, server: &Server, lasting: &[&str]) {
    let begun = Instant::now();
    let stays = |kind: &String| !lasting.contains(&kind.as_str());
    while sidecar.status()["is_adopted"] != true || sidecar.conditions().iter().any(stays) {
        // A list that was given up is tried again when it changes, as it does in a living cluster.
        if begun.elapsed() > REFRESH_SPACING && sidecar.cluster.listed().len() < 6 {
            sidecar.cluster.set_pods(&[0, 1, 2, 3, 4, 5, 6]);
        }
        assert!(begun.elapsed() < 3 * CONDITION_WITHIN, "{:#}", sidecar.status());
        std::thread::sleep(INTERVAL);
    }
    no_budget_broken(server);
}

/// However a server fails, and however often the list changes meanwhile: a row of refreshes is no longer
/// than its budget.
fn no_budget_broken(server: &Server) {
    let times = server.refreshed_at();
    for row in REFRESH_BUDGET + 1..=times.len() {
        let refills = u32::try_from(row - REFRESH_BUDGET).expect("few");
        let least = (REFRESH_REFILL * refills).saturating_sub(LATE);
        assert!(times.windows(row).all(|row| row[row.len() - 1] - row[0] >= least), "{times:?}");
    }
}

/// Each status shows a younger server with another list, and none is as young as one that has restarted
/// would be: that is more than one server, and no reason for new tries.
pub(crate) fn of_ever_younger_server() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let server = Server::start(cluster.file());
    let sidecar = begin(&cluster, &server);
    let before = server.refreshed_at().len();
    let status = |age: u32| Server::status_of(&format!("http://vm-{age}:1/eureka/"), &format!("00:{age:02}"));
    let ages = (0..200).map(|number| 59 - number % 60);
    server.set(Resource::Status, Manner::Statuses(ages.map(status).collect()));
    cluster.set_pods(&[0, 1, 2, 3]);
    let begun = Instant::now();
    while begun.elapsed() < 4 * REFRESH_SPACING {
        keeps_its_pace(&sidecar, "ever younger");
    }
    no_budget_broken(&server);
    let refreshes = server.refreshed_at().len() - before;
    assert_eq!(refreshes, REFRESHES_IN_VAIN, "in {:?}", begun.elapsed());
    assert_eq!(cluster.listed(), urls(&[1, 2, 3]));
    until_said(&sidecar, "several_servers", "--status-url");
    until_said(&sidecar, "not_adopted", "does not take the list over");
    server.behave();
    adopts_again(&sidecar, &server, &["several_servers"]);
}

/// Two servers take turns under one address, one of which no refresh reaches.
pub(crate) fn of_two_servers() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let server = Server::start(cluster.file());
    let sidecar = begin(&cluster, &server);
    let before = server.refreshed_at().len();
    let list = urls(&[1, 2, 3]).join(", ");
    let adopted = Server::status_of(&list, "02:00");
    let other = Server::status_of("http://vm.example:8761/eureka/", "1 day 00:07");
    let turns = (0..200).map(|number| if number % 2 == 0 { other.clone() } else { adopted.clone() });
    server.set(Resource::Status, Manner::Statuses(turns.collect()));
    cluster.set_pods(&[0, 1, 2, 3]);
    until_said(&sidecar, "several_servers", "--status-url");
    // The server's word is asked for twice a minute, and the counts are not lost in between.
    sidecar.until_within(5 * CONDITION_WITHIN, "not_adopted", |it| {
        it.conditions().contains(&"not_adopted".to_owned())
    });
    std::thread::sleep(2 * REFRESH_SPACING);
    assert_eq!(server.refreshed_at().len() - before, REFRESHES_IN_VAIN);
    assert!(sidecar.conditions().contains(&"not_adopted".to_owned()), "{:?}", sidecar.conditions());
    assert_eq!(cluster.listed(), urls(&[1, 2, 3]));
}

/// Whatever a server sends, reading it stops neither probes nor questions, nor the end.
pub(crate) fn of_slow_replies() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let server = Server::start(cluster.file());
    let [actuator, status] = &server.flags();
    let documents = slow::statuses().into_iter().map(|(name, body)| (name, "200 OK", body));
    let reasons = slow::bodies().into_iter().map(|(name, body)| (name, "500 Oops", body));
    for (name, head, body) in documents.chain(reasons) {
        server.set(Resource::Status, Manner::Reply(head, body));
        let read = server.asked(Resource::Status).gets;
        let sidecar = cluster.run_until_listed(&[1, 2], &[actuator, status]);
        sidecar.until("asked for its status", |_| server.asked(Resource::Status).gets > read);
        let asked = cluster.questions();
        for _ in 0..LOOKS {
            answers(&sidecar, name);
        }
        assert!(cluster.questions() > asked, "{name}: DNS is not asked");
        assert_eq!(sidecar.status()["loop_restarts"], 0, "{name}");
        let (status, took) = sidecar.end_by(Signal::TERM);
        assert!(status.success() && took < END_MAX, "{name}: {status} after {took:?}");
    }
}

fn answers(sidecar: &Sidecar<'_>, name: &str) {
    let asked = Instant::now();
    assert_eq!(sidecar.get("/livez").status, 200, "{name}");
    assert!(asked.elapsed() < SOON, "{name}: {:?}", asked.elapsed());
    std::thread::sleep(INTERVAL);
}

/// One fault after another, each for a moment: no order of them does more than each alone.
pub(crate) fn of_everything_at_once() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let server = Server::start(cluster.file());
    let sidecar = begin(&cluster, &server);
    let since = Instant::now();
    for (number, fault) in crate::faults::all().into_iter().enumerate() {
        server.behave();
        for (resource, manner) in fault.manners {
            server.set(resource, manner);
        }
        let pods: &[u8] = if number % 2 == 0 { &[0, 1, 2, 3] } else { &[0, 1, 2] };
        cluster.set_pods(pods);
        std::thread::sleep(Duration::from_millis(700));
        assert!(cluster.listed().contains(&url(1)), "{}: {:?}", fault.name, cluster.listed());
    }
    no_storm(&server, since.elapsed());
    keeps_its_pace(&sidecar, "everything at once");
    server.behave();
    adopts_again(&sidecar, &server, &["several_servers"]);
    assert_eq!(sidecar.status()["loop_restarts"], 0);
}
