//! System calls that fail: each of a publication, in each way that makes sense, once or until it is
//! over.
//!
//! `run` lives on, keeps its probes green and the list whole, says what failed and where, and publishes
//! by itself when the disk is well again. `init` ends with 73 and says the same.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::life::{Life, Scene, log_of};
use crate::reader::Reader;
use crate::sidecar::Sidecar;
use crate::step::Step;

/// Between two reads: hundreds of them in each trial.
const READER_PAUSE: Duration = Duration::from_millis(5);

/// A call that fails.
#[derive(Clone, Copy)]
struct Failure {
    errno: &'static str,
    /// What is said of it.
    said: &'static str,
    /// Whether all later calls of this name fail, too.
    lasts: bool,
}

const fn failure(errno: &'static str, said: &'static str, lasts: bool) -> Failure {
    Failure { errno, said, lasts }
}

const BROKEN_ONCE: Failure = failure("EIO", "Input/output error", false);
const BROKEN: Failure = failure("EIO", "Input/output error", true);
const FULL: Failure = failure("ENOSPC", "no space is left; enlarge the volume's sizeLimit", true);
const READ_ONLY: Failure = failure("EROFS", "the file system is read-only; mount the volume without", true);
const DENIED: Failure = failure("EACCES", "permission denied: we are uid", true);
const OUT_OF_DESCRIPTORS: Failure = failure("EMFILE", "no file descriptors are left; raise the limit", true);
const NO_LINKS: Failure =
    failure("EPERM", "the file system of the volume has no symbolic links; give --layout plain", true);
const INTERRUPTED: Failure = failure("EINTR", "", false);

/// The failures of the publication `scene`, whose steps are `steps`.
pub(crate) fn trials(scene: Scene, steps: &Arc<[Step]>) -> Vec<Trial> {
    let mut trials = vec![];
    for (number, step) in steps.iter().enumerate().filter(|(_, step)| !step.is_end()) {
        for failure in failures_of(scene, step) {
            let play = match scene.life {
                Life::First => init_fails,
                Life::Next | Life::Running => run_fails,
            };
            let steps = Arc::clone(steps);
            let lasting = if failure.lasts { "lasting" } else { "once" };
            let name = format!(
                "{}_{lasting}::{:?}::{}::{number:02}_{}",
                failure.errno,
                scene.life,
                scene.layout,
                step.name()
            );
            trials
                .push(crate::machine::trial_with(name, Ok(()), move || play(scene, &steps, number, failure)));
        }
    }
    trials
}

/// What is tried with a step. A sidecar at work is spared what the start of a later life has shown.
fn failures_of(scene: Scene, step: &Step) -> Vec<Failure> {
    if !step.changes() {
        let opens = step.call == "openat";
        return match scene.life {
            Life::First => vec![],
            Life::Next if opens => vec![OUT_OF_DESCRIPTORS, DENIED],
            Life::Next => vec![BROKEN],
            Life::Running => vec![BROKEN_ONCE],
        };
    }
    let by_name = match &*step.call {
        "openat" => vec![READ_ONLY, DENIED, OUT_OF_DESCRIPTORS, INTERRUPTED],
        "symlinkat" => vec![READ_ONLY, DENIED, NO_LINKS],
        "mkdirat" | "renameat" | "renameat2" | "unlinkat" => vec![READ_ONLY, DENIED],
        "write" | "fsync" => vec![INTERRUPTED],
        _ => vec![],
    };
    match scene.life {
        Life::First => vec![BROKEN_ONCE, FULL],
        Life::Next => [vec![BROKEN_ONCE, FULL], by_name].concat(),
        Life::Running if step.call == "openat" || step.call == "mkdirat" => vec![BROKEN, DENIED],
        Life::Running => vec![BROKEN],
    }
}

fn injection(step: &Step, failure: Failure) -> String {
    let injection = step.injection(&format!("error={}", failure.errno));
    if !failure.lasts {
        return injection;
    }
    // Each second write is the one that wakes the loop, once a write fails; the disk is not to blame there.
    let step_between = if step.call == "write" { "+2" } else { "+" };
    injection + step_between
}

/// Whether `message` names the failed step and the reason, its object, and what to do.
fn is_about(message: &str, complaint: &str, step: &Step, failure: Failure) -> bool {
    let object = step.file_name().map(|name| format!("/{name})")).unwrap_or_default();
    message.contains(complaint) && message.contains(&object) && says(message, failure.said)
}

/// Whether `message` has the reason and, behind the place, the cure that stand in `said` side by side.
pub(crate) fn says(message: &str, said: &str) -> bool {
    said.split("; ").all(|part| message.contains(part))
}

fn run_fails(scene: Scene, all: &[Step], number: usize, failure: Failure) {
    let step = &all[number];
    let cluster = scene.cluster();
    let mut brink = scene.bring(&cluster, "run", Some(&injection(step, failure)));
    let reader = Reader::of(&cluster.file(), READER_PAUSE);
    scene.begin(&cluster);
    let complaint = step.changes().then(|| step.complaint(all)).flatten();
    match complaint {
        // An interrupted call may be made again at once.
        Some(complaint) if failure.errno != "EINTR" => {
            let what = format!("\"{complaint}\", {:?}, {}", step.file_name(), failure.said);
            let says_so = |it: &Sidecar<'_>| {
                let message = it.view().condition("not_published").ok().flatten();
                message.is_some_and(|it| is_about(&it, &complaint, step, failure))
            };
            brink.sidecar.until(&what, says_so);
        }
        Some(_) | None => {
            brink.sidecar.until("the failure", |_| !brink.tracer.injected(&cluster.volume()).is_empty());
        }
    }
    assert_eq!(brink.sidecar.get("/livez").status, 200);
    scene.is_new(&cluster);
    if failure.lasts {
        brink.tracer.detach();
    }
    brink.sidecar.until_listing(&Scene::new_list());
    brink.sidecar.until_no_condition();
    brink.sidecar.until("ready", |it| it.get("/readyz").status == 200);
    assert!(brink.sidecar.is_running());
    assert_eq!(brink.tracer.injected(&cluster.volume()).first(), Some(step), "failed where it should");
    reader.expect_whole();
    let known = |list: &Vec<String>| *list == Scene::new_list() || Some(list) == scene.old_list().as_ref();
    assert!(reader.lists().iter().all(known), "{:?}", reader.lists());
}

fn init_fails(scene: Scene, all: &[Step], number: usize, failure: Failure) {
    let step = &all[number];
    let cluster = scene.cluster();
    let brink = scene.bring(&cluster, "init", Some(&injection(step, failure)));
    let reader = Reader::of(&cluster.file(), READER_PAUSE);
    scene.begin(&cluster);
    let code = brink.sidecar.ended().code();
    let log = log_of(&cluster);
    assert_eq!(brink.tracer.injected(&cluster.volume()).first(), Some(step), "failed where it should");
    match step.complaint(all) {
        Some(complaint) => {
            assert_eq!(code, Some(73), "{log}");
            assert!(log.lines().any(|line| is_about(line, &complaint, step, failure)), "{complaint}: {log}");
        }
        // A failure that lasts meets the next call of its name, which may be one that matters.
        None if failure.lasts => assert!(code == Some(0) || code == Some(73), "{log}"),
        None => assert_eq!(code, Some(0), "{log}"),
    }
    reader.expect_whole();
    scene.is_new(&cluster);
    scene.next_start_mends(&cluster);
}
