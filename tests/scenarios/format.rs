//! What a scenario file may say; the reference for whoever writes one.
//!
//! A file is one story: settings, what the saved state has, what DNS and the server say at the
//! start, and a timeline. A step's acts happen first, at its moment; then the machine does whatever
//! is due; then the step's expectations are checked.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use crate::settings::{Given, Settings};
use crate::words::{HostWord, OnRefresh, Reply, Says, Span, Written};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Scenario {
    /// What is shown, in one sentence.
    pub(crate) what: String,
    /// Flags that differ from their default.
    #[serde(default)]
    pub(crate) settings: Given,
    /// What the life before left; absent for a first start.
    pub(crate) saved_state: Option<Left>,
    /// Whether whole files of some earlier time are in place, whatever the state says.
    #[serde(default)]
    pub(crate) document_in_place: bool,
    /// What DNS says of each Service from the start; silence counts as a time-out.
    #[serde(default)]
    pub(crate) dns: BTreeMap<String, Says>,
    /// The server beside us at the start: up, and with no peers, unless said otherwise.
    #[serde(default)]
    pub(crate) server: ServerAct,
    /// Hosts that no file may name at any moment.
    #[serde(default)]
    pub(crate) never: Vec<Written<HostWord>>,
    /// Hosts that every file must name.
    #[serde(default)]
    pub(crate) always: Vec<Written<HostWord>>,
    /// What happens, in order.
    pub(crate) timeline: Vec<Step>,
}

/// What a life leaves behind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Left {
    /// Peers of each Service.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, Vec<Written<HostWord>>>,
    /// Static peers.
    #[serde(default)]
    pub(crate) static_peers: Vec<Written<HostWord>>,
    /// The generation key.
    #[serde(default)]
    pub(crate) generation: u64,
}

/// One moment of the timeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Step {
    /// Time since the start; steps are in order.
    pub(crate) at: Written<Span>,
    /// What DNS says from now on, Service by Service.
    #[serde(default)]
    pub(crate) dns: BTreeMap<String, Says>,
    /// What becomes of the server beside us.
    #[serde(default)]
    pub(crate) server: ServerAct,
    /// `ok`, or why files cannot be written.
    pub(crate) volume: Option<String>,
    /// Others remove our files.
    #[serde(default)]
    pub(crate) remove_files: bool,
    /// The operator accepts; what is taken of each Service: `records 2`, `nobody`, `needs consent`,
    /// `too old`, `nothing`; or `frozen`, `never empty`.
    pub(crate) accept: Option<Vec<String>>,
    /// The same with `--empty`.
    pub(crate) accept_empty: Option<Vec<String>>,
    /// The operator freezes or lifts it.
    pub(crate) freeze: Option<bool>,
    /// The operator changes these flags.
    pub(crate) settings: Option<Given>,
    /// The operator sends SIGHUP.
    #[serde(default)]
    pub(crate) ask_now: bool,
    /// The sidecar is killed and starts again.
    #[serde(default)]
    pub(crate) restart_sidecar: bool,
    /// What must be so now.
    #[serde(default)]
    pub(crate) expect: Expect,
}

/// What becomes of the server beside us.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ServerAct {
    /// Whether nothing listens.
    pub(crate) down: Option<bool>,
    /// The JVM starts anew and reads the file.
    #[serde(default)]
    pub(crate) restart: bool,
    /// What it does with a refresh from now on.
    pub(crate) refresh: Option<Written<OnRefresh>>,
    /// How it answers when asked for its status.
    pub(crate) status: Option<Written<Reply>>,
    /// Its peers change without us.
    pub(crate) peers: Option<Vec<Written<HostWord>>>,
    /// Entries of its list that are no service URL.
    pub(crate) foreign: Option<Vec<String>>,
    /// A second server, which answers every other question for the status: both are behind one address.
    pub(crate) second: Option<SecondServer>,
}

/// A server behind the same address, to which no refresh gets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SecondServer {
    /// Whether nothing listens there.
    #[serde(default)]
    pub(crate) down: bool,
    /// Its peers.
    #[serde(default)]
    pub(crate) peers: Vec<Written<HostWord>>,
    /// For how long it has been up when the story begins.
    pub(crate) up_for: Option<Written<Span>>,
}

/// What must be so at a step's moment; what is not named is not checked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Expect {
    /// Exactly these hosts stand in the files, the sink aside; an empty list: there are no files.
    pub(crate) files: Option<Vec<Written<HostWord>>>,
    /// Whether the sink stands in the files.
    pub(crate) flushing: Option<bool>,
    /// The generation key in the files.
    pub(crate) generation: Option<u64>,
    /// The peers that the server really has.
    pub(crate) server: Option<Vec<Written<HostWord>>>,
    /// Whether the latest confirm found the desired list in the server.
    pub(crate) adopted: Option<bool>,
    /// Whether a list is held against what DNS says.
    pub(crate) held: Option<bool>,
    /// Exactly these conditions stand, by their labels.
    pub(crate) conditions: Option<Vec<String>>,
    /// Each of these texts stands in some condition's message.
    #[serde(default)]
    pub(crate) messages: Vec<String>,
    /// Refreshes since the start.
    pub(crate) refreshes: Option<Written<Count>>,
    /// Refreshes given up since the start.
    pub(crate) abandoned: Option<Written<Count>>,
    /// Whether the files are as they were found.
    pub(crate) as_found: Option<bool>,
    /// Times the files were written since the start.
    pub(crate) written: Option<Written<Count>>,
    /// Questions asked since the start.
    pub(crate) questions: Option<Written<Count>>,
    /// Times the server's status was read since the start.
    pub(crate) confirms: Option<Written<Count>>,
    /// Whether the start is over and its list in place.
    pub(crate) settled: Option<bool>,
    /// Whether the start deadline passed in vain.
    pub(crate) failed_to_start: Option<bool>,
    /// What a life that began now would find.
    pub(crate) left: Option<Left>,
}

/// A number, or bounds of one: `3`, `<=3`, `>=3`, `2..5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    min: usize,
    max: usize,
}

impl Count {
    /// Whether `count` lies within.
    pub(crate) fn holds(self, count: usize) -> bool {
        (self.min..=self.max).contains(&count)
    }
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.trim().parse().map_err(|_| "is no count: 3, <=3, >=3 or 2..5");
        if let Some(max) = text.strip_prefix("<=") {
            return Ok(Self { min: 0, max: number(max)? });
        }
        if let Some(min) = text.strip_prefix(">=") {
            return Ok(Self { min: number(min)?, max: usize::MAX });
        }
        match text.split_once("..") {
            Some((min, max)) => Ok(Self { min: number(min)?, max: number(max)? }),
            None => number(text).map(|exactly| Self { min: exactly, max: exactly }),
        }
    }
}

impl Scenario {
    /// Reads one file, and gives its settings and the lines of its steps; a fault names it and the line.
    pub(crate) fn read(path: &Path) -> Result<(Self, Settings, Vec<usize>), String> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let scenario: Self = serde_yaml::from_str(&text).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line());
            format!("{name}:{line}: {error}")
        })?;
        let settings = Settings::of(scenario.settings.clone()).map_err(|rejected| {
            let line = text.lines().position(|line| line.starts_with("settings:")).map_or(1, |at| at + 1);
            format!("{name}:{line}: {rejected}")
        })?;
        let lines = step_lines(&text);
        if lines.len() != scenario.timeline.len() {
            return Err(format!(
                "{name}: each step of the timeline begins with `- at:` on a line of its own"
            ));
        }
        let times: Vec<_> = scenario.timeline.iter().map(|step| &step.at.0).collect();
        match times.windows(2).position(|pair| pair[1] < pair[0]) {
            Some(before) => {
                Err(format!("{name}:{}: this step is before the one above it", lines[before + 1]))
            }
            None => Ok((scenario, settings, lines)),
        }
    }
}

/// The lines on which steps begin, counted from one.
fn step_lines(text: &str) -> Vec<usize> {
    let is_step = |line: &str| line.trim_start().starts_with("- at:");
    text.lines().enumerate().filter(|(_, line)| is_step(line)).map(|(at, _)| at + 1).collect()
}
