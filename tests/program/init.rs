//! `init`: the first list, and an exit code that says whether it is there.

use std::fs;

use rustix::process::Signal;

use crate::cluster::{Cluster, PATIENCE, urls, wait_until};
use crate::dns_server::Mode;
use crate::once::Outcome;
use crate::sidecar::Sidecar;

#[test]
fn ends_with_a_list_as_soon_as_dns_answers() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let outcome = cluster.once("init", &[]).expect(0);
    assert_eq!(cluster.listed(), urls(&[1, 2]));
    assert_eq!(outcome.stdout, "");
    println!("init took {:?}", outcome.took);
    let again = cluster.once("init", &[]).expect(0);
    assert!(!again.stderr.contains("\"published\""), "the bytes were there: {again:#?}");
}

#[test]
fn waits_for_dns_within_its_deadline() {
    let cluster = Cluster::of(&[0, 1]);
    cluster.set_mode(Mode::ServFail);
    std::thread::scope(|scope| {
        let init = scope.spawn({
            let command = cluster.command("init", &[]);
            move || Outcome::of(command)
        });
        wait_until("two questions", || cluster.questions() >= 2, String::new);
        cluster.set_mode(Mode::Normal);
        let outcome = init.join().expect("no panic").expect(0);
        assert!(outcome.took < PATIENCE);
    });
    assert_eq!(cluster.listed(), urls(&[1]));
}

#[test]
fn its_deadline_passes_as_the_operator_says() {
    let cluster = Cluster::of(&[]);
    let short = ["--start-deadline", "300ms"];
    let failed = cluster.once("init", &[&short[..], &["--on-deadline", "fail"]].concat()).expect(69);
    assert!(failed.stderr.contains("deadline has passed"), "{failed:#?}");
    assert!(failed.stderr.contains("DNS says that the Service has no endpoints"), "{failed:#?}");
    assert_eq!(fs::read_dir(cluster.volume()).expect("readable").count(), 0, "nothing was touched");
    let client = cluster.once("init", &[&short[..], &["--role", "client"]].concat()).expect(69);
    assert!(!client.stderr.contains("on-deadline"), "nobody asked it to fail: {client:#?}");
    assert!(!cluster.file().exists());
    cluster.once("init", &short).expect(0);
    assert_eq!(cluster.listed(), urls(&[0]), "alone");
}

#[test]
fn a_question_without_an_answer_is_the_reason_that_is_given() {
    let cluster = Cluster::of(&[0]);
    cluster.set_mode(Mode::Silent);
    let short = ["--start-deadline", "300ms", "--on-deadline", "fail"];
    let failed = cluster.once("init", &short).expect(69);
    let last = failed.stderr.lines().last().expect("a line");
    assert!(last.contains("the question is still unanswered after 3"), "{last}");
}

#[test]
fn too_few_peers_are_too_few_until_the_deadline() {
    let cluster = Cluster::of(&[0, 1]);
    let few = ["--min-peers", "2", "--start-deadline", "500ms"];
    cluster.once("init", &[&few[..], &["--on-deadline", "fail"]].concat()).expect(69);
    let took = cluster.once("init", &few).expect(0).took;
    assert!(took.as_millis() >= 500, "{took:?}");
    assert_eq!(cluster.listed(), urls(&[1]));
    cluster.set_pods(&[0, 1, 2]);
    cluster.once("init", &[&few[..], &["--on-deadline", "fail"]].concat()).expect(0);
    assert_eq!(cluster.listed(), urls(&[1, 2]));
}

#[test]
fn the_previous_list_is_left_where_nothing_better_is_known() {
    let cluster = Cluster::of(&[0, 1, 2]);
    cluster.once("init", &[]).expect(0);
    cluster.set_mode(Mode::NoSuchName);
    cluster.once("init", &["--start-deadline", "300ms"]).expect(0);
    assert_eq!(cluster.listed(), urls(&[1, 2]));
    cluster.once("init", &["--start-deadline", "300ms", "--on-deadline", "fail"]).expect(69);
    assert_eq!(cluster.listed(), urls(&[1, 2]));
}

#[test]
fn to_be_stopped_before_the_list_is_there_is_no_success() {
    for mode in [Mode::Silent, Mode::NoSuchName] {
        let cluster = Cluster::of(&[0, 1]);
        cluster.set_mode(mode);
        let init = Sidecar::start(&cluster, cluster.command("init", &[]));
        init.until("a question", |it| it.cluster.questions() > 0);
        let (status, _) = init.end_by(Signal::TERM);
        assert_eq!(status.code(), Some(1), "{mode:?}");
        let log = fs::read_to_string(cluster.directory().join("log-0")).expect("a log");
        let last = log.lines().last().expect("a line");
        assert!(last.contains("stopped before a list was in place: "), "{mode:?}: {log}");
        assert!(!cluster.file().exists(), "{mode:?}");
    }
}

#[test]
fn what_cannot_be_written_is_73_with_what_to_do() {
    let cluster = Cluster::of(&[0, 1]);
    let missing = cluster.directory().join("missing");
    let outcome = cluster.once("init", &[&format!("--output-dir={}", missing.display())]).expect(73);
    assert!(outcome.stderr.contains("mount the volume there, or create the directory"), "{outcome:#?}");
    assert_eq!(outcome.stderr.matches("it does not exist").count(), 1, "said once: {outcome:#?}");
    let last = outcome.stderr.lines().last().expect("a line");
    assert!(
        last.contains("\"ERROR\"") && last.contains("not_published"),
        "the kubelet shows the last: {last}"
    );
    let file = cluster.write_config("");
    let outcome = cluster.once("init", &[&format!("--output-dir={}", file.display())]).expect(73);
    assert!(outcome.stderr.contains("--output-dir must name"), "{outcome:#?}");
    cluster.once("init", &["--output-dir=/proc"]).expect(73);
    fs::create_dir(cluster.file()).expect("made");
    let outcome = cluster.once("init", &[]).expect(73);
    assert!(outcome.stderr.contains("a directory of that name is in the way"), "{outcome:#?}");
}

#[test]
fn a_second_writer_is_turned_away() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run_until_listed(&[1], &[]);
    let outcome = cluster.once("init", &["--static-peer", "http://vm:1/"]).expect(73);
    let holder = format!("pid {} on ", sidecar.pid().as_raw_nonzero());
    assert!(outcome.stderr.contains(&holder), "{outcome:#?}");
    assert!(outcome.stderr.contains("give each writer a directory of its own"), "{outcome:#?}");
    assert_eq!(cluster.listed(), urls(&[1]));
    drop(sidecar);
    cluster.once("init", &[]).expect(0);
}

#[test]
fn needs_no_listener() {
    let cluster = Cluster::of(&[0, 1]);
    let _sidecar = cluster.run_until_listed(&[1], &[]);
    let other = cluster.directory().join("other");
    fs::create_dir(&other).expect("made");
    let taken = [format!("--listen={}", cluster.listen), format!("--output-dir={}", other.display())];
    cluster.once("init", &taken.each_ref().map(String::as_str)).expect(0);
}
