//! A running sidecar, seen from outside.
#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cluster::{Cluster, GLANCE, PATIENCE, urls, wait_until};
use crate::dns_server::Mode;
use crate::http::{Reply, get};
use crate::secret::{self, Published};

/// Questions after which the program has seen what DNS says now: one may have been under way.
const QUESTIONS_TO_SEE: usize = 3;

/// Processes that one cluster sees, at most.
const LIVES_MAX: usize = 1000;

/// A sidecar at work; killed with its handle. Whatever it has said by then is searched for the secret.
pub(crate) struct Sidecar<'c> {
    pub(crate) cluster: &'c Cluster,
    child: Child,
    log: PathBuf,
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
        let child = command.stdout(output).stderr(file).spawn().expect("the program can be started");
        Self { cluster, child, log, published }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        get(self.cluster.listen, path).unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log_text()))
    }

    /// `/status`; null while the listener is not there yet.
    pub(crate) fn status(&self) -> Value {
        let reply = get(self.cluster.listen, "/status").ok();
        reply.and_then(|reply| serde_json::from_str(&reply.body).ok()).unwrap_or_default()
    }

    /// The kinds of conditions that hold now.
    pub(crate) fn conditions(&self) -> Vec<String> {
        texts(&self.status()["conditions"], |condition| &condition["kind"])
    }

    /// A condition as the status shows it.
    pub(crate) fn condition(&self, kind: &str) -> Value {
        let status = self.status();
        let conditions = status["conditions"].as_array().expect("conditions");
        let found = conditions.iter().find(|condition| condition["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {conditions:#?}")).clone()
    }

    /// What is said of a condition, and what to do.
    pub(crate) fn message_of(&self, kind: &str) -> String {
        said(&self.condition(kind))
    }

    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        wait_until(what, || is_so(self), || format!("{:#}\n{}", self.status(), self.log_text()))
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
        let generation = fs::read_link(self.cluster.volume().join("..data")).ok();
        self.cluster.set_mode(mode);
        self.until_condition(condition);
        if mode != Mode::Silent {
            // A silent server is given four seconds for each question; one is enough then.
            self.until_asked_again();
        }
        assert_eq!(self.cluster.listed(), before, "{mode:?}");
        assert_eq!(fs::read_link(self.cluster.volume().join("..data")).ok(), generation, "{mode:?}");
        assert_eq!(self.status()["held"]["is_held"], true, "{mode:?}");
    }

    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
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
        self.child.kill().expect("it runs");
        self.child.wait().expect("our own child");
    }

    /// Sends `signal`, and waits for its end: how, and after which time.
    pub(crate) fn end_by(self, signal: Signal) -> (ExitStatus, Duration) {
        let since = Instant::now();
        self.signal(signal);
        (self.ended(), since.elapsed())
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end:\n{}", self.log_text());
            std::thread::sleep(GLANCE);
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_none()
    }

    /// Pages while there are any, standard output, the log, and the volume.
    fn expect_no_secret(&mut self) {
        if self.is_running() {
            secret::read_pages(|path| get(self.cluster.listen, path).is_ok());
        }
        secret::expect_unseen_in_files(self.cluster.directory(), self.published);
    }
}

impl Drop for Sidecar<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.expect_no_secret();
        }
        // Both fail where it has ended already, which is what is wanted.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What a condition of the status says, and what to do.
pub(crate) fn said(condition: &Value) -> String {
    let text = |field: &str| condition[field].as_str().expect("text");
    format!("{}; {}", text("message"), text("cure"))
}

/// A text of each item of a JSON list.
pub(crate) fn texts(list: &Value, pick: impl Fn(&Value) -> &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| pick(item).as_str().expect("text").to_owned()).collect()
}
