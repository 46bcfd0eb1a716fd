//! A running sidecar, seen from outside.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::cluster::{Cluster, urls};
use super::dns_server::Mode;
use super::http::{Reply, get};
use super::process::Process;
use super::secret::{self, Published};
use super::view::View;
use super::wait;

/// Questions after which the program has seen what DNS says now: one may have been under way.
const QUESTIONS_TO_SEE: usize = 3;

/// From the signal to the end; the contract's figure for an idle machine is 100 ms. Less than anything that it
/// could wait for: a DNS server that says nothing is given four seconds, a call that hangs five.
pub(crate) const END_MAX: Duration = Duration::from_secs(3);

/// Processes that one cluster sees, at most.
const LIVES_MAX: usize = 1000;

/// A sidecar at work; killed with its handle. Whatever it has said by then is searched for the secret.
pub(crate) struct Sidecar<'c> {
    pub(crate) cluster: &'c Cluster,
    process: Process,
    published: Published,
}

impl<'c> Sidecar<'c> {
    /// Starts `command`; its log goes to a file.
    pub(crate) fn start(cluster: &'c Cluster, mut command: Command) -> Self {
        let mut logs = (0..LIVES_MAX).map(|life| cluster.directory().join(format!("log-{life}")));
        let log = logs.find(|log| !log.exists()).expect("no test has so many lives");
        let file = File::create(&log).expect("created");
        let output = File::create(log.with_extension("stdout")).expect("created");
        let has_user_info = command
            .get_args()
            .any(|flag| flag.to_str().is_some_and(|flag| flag.contains("--user-info-file")));
        let published = if has_user_info { Published::WithIt } else { Published::WithoutIt };
        let process = Process::spawn("eureka-peers", command.stdout(output).stderr(file), log);
        Self { cluster, process, published }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.process.pid()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    pub(crate) fn view(&self) -> View {
        View(self.cluster.listen)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.view().ask(path).unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log_text()))
    }

    /// `/status`; null while the listener is not there yet.
    pub(crate) fn status(&self) -> Value {
        self.view().status().unwrap_or_default()
    }

    /// The kinds of conditions that hold now.
    pub(crate) fn conditions(&self) -> Vec<String> {
        texts(&self.status()["conditions"], |condition| &condition["kind"])
    }

    pub(crate) fn message_of(&self, kind: &str) -> String {
        let condition = self.view().condition(kind).expect("a running program has a status");
        condition.unwrap_or_else(|| panic!("no {kind} in {:#}", self.status()["conditions"]))
    }

    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let limit = self.cluster.patience;
        wait::wait_until(what, limit, || is_so(self), || self.state())
    }

    /// The same for what takes its time: who looks all the time is a load.
    pub(crate) fn until_within(&self, limit: Duration, what: &str, is_so: impl Fn(&Self) -> bool) {
        let probe = || is_so(self).then_some(()).ok_or_else(String::new);
        wait::closely(what, limit, probe).unwrap_or_else(|late| panic!("{late}{}", self.state()));
    }

    /// What helps to understand a failure.
    fn state(&self) -> String {
        format!("{:#}\n{}", self.status(), self.log_text())
    }

    /// Waits until exactly these pods are in the file.
    pub(crate) fn until_listed(&self, pods: &[u8]) -> Duration {
        self.until_listing(&urls(pods))
    }

    /// Waits until exactly these URLs are in the file.
    pub(crate) fn until_listing(&self, urls: &[String]) -> Duration {
        self.until(&format!("the file lists {urls:?}"), |sidecar| sidecar.cluster.listed() == urls)
    }

    /// Waits until its startup probe is green; at first nobody listens.
    pub(crate) fn until_started(&self) -> Duration {
        let is_started = |reply: Reply| reply.status == 200;
        self.until("started", |it| get(it.cluster.listen, "/startupz").is_ok_and(is_started))
    }

    pub(crate) fn until_condition(&self, kind: &str) -> Duration {
        self.until(kind, |sidecar| sidecar.conditions().iter().any(|condition| condition == kind))
    }

    pub(crate) fn until_no_condition(&self) {
        self.until("no condition", |sidecar| sidecar.status()["conditions"] == Value::Array(vec![]));
    }

    /// Waits until the program has asked DNS again, and had time to act upon the answer.
    pub(crate) fn until_asked_again(&self) {
        let asked = self.cluster.questions();
        self.until("more questions", |it| it.cluster.questions() >= asked + QUESTIONS_TO_SEE);
    }

    /// Has DNS misbehave, waits until that is seen, and insists that the list stays as it is.
    pub(crate) fn holds_through(&self, mode: Mode, condition: &str) {
        let before = self.cluster.listed();
        let generation = self.cluster.generation();
        self.cluster.set_mode(mode);
        self.until_condition(condition);
        if mode != Mode::Silent {
            // A silent server is given four seconds for each question; one is enough then.
            self.until_asked_again();
        }
        assert_eq!(self.cluster.listed(), before, "{mode:?}");
        assert_eq!(self.cluster.generation(), generation, "{mode:?}");
        assert_eq!(self.status()["held"]["is_held"], true, "{mode:?}");
    }

    pub(crate) fn log_text(&self) -> String {
        self.process.log()
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.process.log_path().to_owned()
    }

    /// Whole lines of the log, as JSON.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = self.log_text();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        whole.lines().map(line).collect()
    }

    /// The log's lines with this message.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["message"] == message).collect()
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.process.kill();
    }

    /// Sends `signal`, and waits for its end: how, and after which time.
    pub(crate) fn end_by(self, signal: Signal) -> (ExitStatus, Duration) {
        let since = Instant::now();
        self.signal(signal);
        (self.ended(), since.elapsed())
    }

    /// Ends it as the kubelet does: well, soon, and with the file as it was. Says after which time.
    pub(crate) fn ends_well(self) -> Duration {
        let file = self.cluster.file();
        let before = fs::read(&file).expect("there");
        let (status, took) = self.end_by(Signal::TERM);
        assert!(status.success() && took < END_MAX, "{status} after {took:?}");
        assert_eq!(fs::read(&file).expect("there"), before);
        took
    }

    pub(crate) fn ended(mut self) -> ExitStatus {
        let ended = self.process.wait(self.cluster.patience);
        ended.unwrap_or_else(|| panic!("it does not end:\n{}", self.log_text()))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Pages while there are any, standard output, the log, and the volume.
    fn expect_no_secret(&mut self) {
        if self.is_running() {
            self.view().expect_no_secret();
        }
        secret::expect_unseen_in_files(self.cluster.directory(), self.published);
    }
}

impl Drop for Sidecar<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.expect_no_secret();
        }
    }
}

/// A text of each item of a JSON list.
pub(crate) fn texts(list: &Value, pick: impl Fn(&Value) -> &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| pick(item).as_str().expect("text").to_owned()).collect()
}
