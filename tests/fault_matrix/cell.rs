//! Plays one cell: brings a sidecar into the phase, has DNS say it, and watches from outside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::cluster::{Cluster, PATIENCE, SERVICE, address};
use crate::expected::{Init, STOPPED, Shown, expected};
use crate::machine::around;
use crate::network;
use crate::once::Outcome;
use crate::phase::Phase;
use crate::ports::free_address;
use crate::reader::{Reader, list_in};
use crate::says::{Kind, Says};
use crate::secret;
use crate::sidecar::{Sidecar, texts};
use crate::wait;

/// Short times, so that what must not happen after them can be waited for.
const REMOVE_AFTER: &str = "600ms";
const SHRINK_AFTER: &str = "1500ms";
const START_DEADLINE: Duration = Duration::from_millis(800);
/// In the phase that begins within it: long enough that a loaded machine gets there in time.
const SHRINK_AFTER_HELD: &str = "4s";
/// Longer than everything above: a start that ends by records does not end by its deadline.
const NO_DEADLINE: &str = "1h";
/// How long nothing may move, once all is said: longer than every time above.
const REST: Duration = Duration::from_millis(2_200);
const REST_HELD: Duration = Duration::from_millis(4_500);
/// Where records have come, nothing is held any more.
const REST_AFTER_RECORDS: Duration = Duration::from_millis(300);
/// A start that waits, and how long one is watched that is not to end.
const WAIT: [&str; 2] = ["--on-deadline", "wait"];
const WAITED: &str = "2.5";
/// Between two reads of the file, and between two looks at the status.
const READ_PAUSE: Duration = Duration::from_millis(3);
const LOOK_PAUSE: Duration = Duration::from_millis(60);

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) phase: Phase,
    pub(crate) says: Says,
    pub(crate) layout: &'static str,
}

impl Cell {
    /// Plays it, and gives what was seen; panics where that is not what must be.
    pub(crate) fn play(self) -> Shown {
        let dns_address = if self.says == Says::Unreachable { network::address() } else { free_address() };
        let cluster = Cluster::at(dns_address, &[]);
        let reader = Reader::of(&cluster.file(), READ_PAUSE);
        let sidecar = self.enter_phase(&cluster);
        let inits =
            [[].as_slice(), &["--on-deadline", "fail"], &WAIT].map(|flags| self.init(&cluster, flags));
        let since = Instant::now();
        let sidecar = sidecar.unwrap_or_else(|| self.run(&cluster));
        let mut watch = Watch { cell: self, sidecar: &sidecar, reader: &reader, passing: self.held_before() };
        let expected = expected(self.phase, self.says);
        watch.until_at_rest(&expected);
        watch.stays_at_rest(&expected, since);
        self.expect_no_file_before_the_deadline(&reader, since);
        watch.expect_counted();
        let inits = inits.map(|init| init.join().expect("init is waited for"));
        let shown = watch.shown(inits);
        assert_eq!(shown, expected, "{}", sidecar.log_text());
        self.mends(&cluster, &sidecar);
        sidecar.ends_well();
        reader.expect_whole();
        shown
    }

    /// Everything up to the moment when DNS says what it says; gives the sidecar that is there then.
    fn enter_phase(self, cluster: &Cluster) -> Option<Sidecar<'_>> {
        cluster.set_pods(if self.phase == Phase::Alone { &[0] } else { &[0, 1, 2, 3, 4] });
        let sidecar = self.phase.before().map(|before| {
            let sidecar = self.run(cluster);
            sidecar.until("the list before", |_| listed(&cluster.file()).as_deref() == Some(before));
            sidecar.until("started", |it| it.get("/startupz").status == 200);
            sidecar
        });
        if self.phase == Phase::Held {
            cluster.set_pods(&[0, 4]);
            sidecar.as_ref().expect("of this phase").until_condition("held_shrink");
        }
        let survivor = match self.phase {
            Phase::Restart => {
                sidecar.expect("of this phase").kill();
                None
            }
            _ => sidecar,
        };
        self.says.apply(cluster);
        survivor
    }

    fn run(self, cluster: &Cluster) -> Sidecar<'_> {
        let flags: &[&str] = if self.phase == Phase::WaitingStart { &WAIT } else { &[] };
        Sidecar::start(cluster, self.command(cluster, "run", &cluster.volume(), flags))
    }

    /// What held the list when DNS began to say what it says; the first look may come too late for it.
    fn held_before(self) -> BTreeSet<String> {
        let held = ["held_shrink", "held_removal"].map(str::to_owned);
        if self.phase == Phase::Held { held.into() } else { BTreeSet::new() }
    }

    /// `init` in a volume that is as ours is now, while DNS says what it says.
    fn init(self, cluster: &Cluster, flags: &[&str]) -> thread::JoinHandle<Init> {
        let volume = cluster.directory().join(format!("init{}", flags.concat()));
        copy(&cluster.volume(), &volume);
        let command = self.command(cluster, "init", &volume, flags);
        let waits = expected(self.phase, self.says).inits[2].code == STOPPED;
        let command = if waits && *flags == WAIT { stopped_after(WAITED, &command) } else { command };
        thread::spawn(move || {
            let outcome = Outcome::of(command);
            let code = outcome.code.unwrap_or_else(|| panic!("{outcome:#?}"));
            Init { code, list: listed(&volume.join("peers.properties")) }
        })
    }

    fn command(self, cluster: &Cluster, subcommand: &str, volume: &Path, flags: &[&str]) -> Command {
        let shrink_after = if self.phase == Phase::Held { SHRINK_AFTER_HELD } else { SHRINK_AFTER };
        let deadline = format!("{}ms", START_DEADLINE.as_millis());
        let deadline = match self.says.kind() {
            Kind::Pods(_) => NO_DEADLINE,
            Kind::Nobody | Kind::Failure => &deadline,
        };
        let role = if self.phase == Phase::ClientStart { "client" } else { "server" };
        // It can only be had with addresses in place of names.
        let peer_host = if self.says == Says::AllDenied { "ipv4" } else { "name" };
        let volume = volume.display().to_string();
        let settings = [
            ("--output-dir", volume.as_str()),
            ("--layout", self.layout),
            ("--role", role),
            ("--peer-host", peer_host),
            ("--remove-after", REMOVE_AFTER),
            ("--shrink-after", shrink_after),
            ("--start-deadline", deadline),
            ("--max-peers", "6"),
        ];
        let user_info = secret::user_info_file(cluster.directory()).display().to_string();
        let settings = settings.into_iter().chain([("--user-info-file", user_info.as_str())]);
        let mut all: Vec<&str> = settings.flat_map(|(flag, value)| [flag, value]).collect();
        all.extend(flags);
        cluster.command(subcommand, &all)
    }

    /// Self is not taken for the truth before the start has waited for it.
    fn expect_no_file_before_the_deadline(self, reader: &Reader, since: Instant) {
        if self.phase == Phase::Start && !matches!(self.says.kind(), Kind::Pods(_)) {
            let first = reader.seen().lists[0].0.duration_since(since);
            assert!(first >= START_DEADLINE, "self was listed after {first:?}");
        }
    }

    /// When DNS names pods again, the same life follows it, and nothing is left to be told.
    fn mends(self, cluster: &Cluster, sidecar: &Sidecar<'_>) {
        self.says.mend(cluster);
        // The pause after a row of failures may be seconds long by now.
        sidecar.signal(Signal::HUP);
        let pods: &[u8] = match self.phase {
            Phase::ClientStart => &[0, 1, 2, 3, 4, 5],
            _ => &[1, 2, 3, 4, 5],
        };
        sidecar.until("the list after", |_| listed(&cluster.file()).as_deref() == Some(pods));
        sidecar.until_no_condition();
        // The file is there a moment before the loop has heard of it.
        sidecar.until("ready", |it| it.get("/readyz").status == 200);
        assert_eq!(sidecar.get("/livez").status, 200);
    }
}

/// A sidecar in a cell, and what was seen of it.
struct Watch<'a> {
    cell: Cell,
    sidecar: &'a Sidecar<'a>,
    reader: &'a Reader,
    passing: BTreeSet<String>,
}

impl Watch<'_> {
    /// Waits until all that is expected can be seen, and nothing else.
    fn until_at_rest(&mut self, expected: &Shown) {
        let at_rest = wait::closely("at rest", PATIENCE, || {
            let (lists, conditions) = (self.lists(), self.look());
            let is_it = lists == expected.lists && conditions == expected.conditions && self.is_said();
            wait::is_so(is_it, || format!("lists {lists:?}, conditions {conditions:?} are not {expected:#?}"))
        });
        let state = || format!("{:#}\n{}", self.sidecar.status(), self.sidecar.log_text());
        at_rest.unwrap_or_else(|late| panic!("{late}\n{}", state()));
    }

    /// Insists that it stays so.
    fn stays_at_rest(&mut self, expected: &Shown, since: Instant) {
        let rest = match (self.cell.says.kind(), self.cell.phase) {
            (Kind::Pods(_), _) => REST_AFTER_RECORDS,
            (Kind::Nobody | Kind::Failure, Phase::Held) => REST_HELD,
            (Kind::Nobody | Kind::Failure, _) => REST,
        };
        while since.elapsed() < rest {
            assert_eq!(self.look(), expected.conditions);
            sleep(LOOK_PAUSE);
        }
        assert_eq!(self.lists(), expected.lists);
    }

    /// One look at status and probes: the kinds of conditions. What must always hold is held to here.
    fn look(&mut self) -> Vec<String> {
        let code = self.probe("/readyz");
        if !self.sidecar.cluster.file().exists() {
            assert_eq!(code, Some(503).filter(|_| code.is_some()), "ready without a file");
        }
        let status = self.sidecar.status();
        let conditions = texts(&status["conditions"], |condition| &condition["kind"]);
        let is_held = conditions.iter().any(|kind| kind.starts_with("held_"));
        if !status.is_null() {
            assert_eq!(status["ready"], status["list_in_place"] != "nothing", "{status:#}");
            assert_eq!(status["held"]["is_held"], is_held, "{status:#}");
        }
        self.passing.extend(conditions.iter().cloned());
        conditions
    }

    /// The code of a probe; none while nobody listens yet.
    fn probe(&self, path: &str) -> Option<u16> {
        self.sidecar.view().probe(path).ok()
    }

    /// Whether the outcome is the one of this cell: nothing older is looked at.
    fn is_said(&self) -> bool {
        let status = self.sidecar.status();
        status["services"][0]["last"]["outcome"] == self.cell.says.outcome()
    }

    /// The metrics call the outcome what the status calls it.
    fn expect_counted(&self) {
        let outcome = format!("outcome=\"{}\"", self.cell.says.outcome());
        let metrics = self.sidecar.get("/metrics").body;
        let is_it = |line: &&str| line.starts_with("eureka_peers_lookups_total{") && line.contains(&outcome);
        let counts: Vec<&str> = metrics.lines().filter(is_it).collect();
        assert!(counts.iter().any(|line| !line.ends_with(" 0")), "{outcome}: {counts:#?}");
    }

    fn lists(&self) -> Vec<Vec<u8>> {
        let lists = self.reader.lists();
        let lists: Vec<Vec<u8>> = lists.iter().map(|urls| pods(urls)).collect();
        // What was there before the phase was reached is no part of the cell.
        let before = self.cell.phase.before();
        let begin = before.and_then(|before| lists.iter().position(|list| list == before));
        lists[begin.unwrap_or(0)..].to_vec()
    }

    fn shown(&mut self, inits: [Init; 3]) -> Shown {
        let conditions = known(&self.look());
        let passing = std::mem::take(&mut self.passing).into_iter().collect::<Vec<_>>();
        // A start knows nothing before its first answer.
        let is_passing = |kind: &&str| !conditions.contains(kind) && *kind != "nothing_known";
        let mut passing: Vec<_> = known(&passing).into_iter().filter(is_passing).collect();
        passing.sort_by_key(|kind| CONDITIONS.iter().position(|known| known == kind));
        Shown {
            lists: self.lists(),
            passing,
            conditions,
            readyz: self.sidecar.get("/readyz").status,
            startupz: self.sidecar.get("/startupz").status,
            inits,
        }
    }
}

/// The conditions that a cell may show, in the order of the status.
const CONDITIONS: [&str; 7] = [
    "start_waits",
    "nothing_known",
    "held_lookup_failed",
    "held_empty",
    "held_shrink",
    "held_removal",
    "port_unknown",
];

fn known(kinds: &[String]) -> Vec<&'static str> {
    let known = |kind: &String| CONDITIONS.into_iter().find(|known| known == kind);
    kinds
        .iter()
        .map(|kind| known(kind).unwrap_or_else(|| panic!("an unexpected condition: {kind}")))
        .collect()
}

/// The pods in a file; none where there is none. What is there must be whole.
fn listed(file: &Path) -> Option<Vec<u8>> {
    match list_in(file) {
        Ok(urls) => Some(pods(&urls)),
        Err(crate::reader::Unread::Absent) => None,
        Err(fault) => panic!("{fault:?}"),
    }
}

/// The pods of these URLs: by name or address, under our Service and nowhere else, with the credentials.
fn pods(urls: &[String]) -> Vec<u8> {
    let before = format!("http://{}@", secret::IN_URL);
    let is_pod = |pod: &u8, url: &str| {
        let host = url.strip_prefix(&before).and_then(|rest| rest.strip_suffix(":8761/eureka/"));
        host.is_some_and(|host| {
            host == format!("eureka-{pod}.{SERVICE}") || host == address(*pod).to_string()
        })
    };
    let pod = |url: &String| (0..10).find(|pod| is_pod(pod, url));
    urls.iter().map(|url| pod(url).unwrap_or_else(|| panic!("{url} is no pod of ours"))).collect()
}

/// The same command, told to stop after so many seconds; its exit code stays its own.
fn stopped_after(seconds: &str, command: &Command) -> Command {
    let mut stopped = Command::new("timeout");
    stopped.args(["--preserve-status", "--signal=TERM", seconds]);
    around(stopped, command)
}

fn copy(from: &Path, to: &PathBuf) {
    // A file on its way to a rename may go while it is copied; what stays is copied the next time.
    let copied = (0..5).any(|_| {
        let _nothing_yet = std::fs::remove_dir_all(to);
        Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp is there").success()
    });
    assert!(copied, "{} could not be copied", from.display());
}
