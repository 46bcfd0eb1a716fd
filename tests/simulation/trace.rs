//! What happened, in sentences for somebody who has never seen the code.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use eureka_peers::model::{Answer, ServerFault};
use eureka_peers::reconcile::Replicas;
use eureka_peers::wording::server_fault;

use crate::names::SERVICES;
use crate::plan::{Plan, Time};
use crate::promise::{Broken, said};
use crate::turn::{clock, word};

/// Lines of a trace that are printed, the last ones.
const LINES_MAX: usize = 120;

/// The sentences, where anybody wants them.
pub(crate) struct Trace {
    lines: Option<Vec<Line>>,
    /// By pod and subject: what was said last, so that only news is written down.
    last: BTreeMap<(u32, usize), String>,
}

struct Line {
    at: Time,
    pod: Option<u32>,
    text: String,
}

impl Trace {
    /// Nothing is written down: runs are many, and failures few.
    pub(crate) fn none() -> Self {
        Self { lines: None, last: BTreeMap::new() }
    }

    pub(crate) fn written() -> Self {
        Self { lines: Some(vec![]), last: BTreeMap::new() }
    }

    pub(crate) fn say(&mut self, at: Time, pod: Option<u32>, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at, pod, text: text() });
        }
    }

    /// What DNS says, where it is news.
    pub(crate) fn hears(&mut self, at: Time, pod: u32, service: usize, answer: &Answer) {
        if self.lines.is_some() {
            self.news(at, pod, service, format!("DNS says of {}: {}", SERVICES[service], word(answer)));
        }
    }

    /// What the server says of its peers, where it is news.
    pub(crate) fn confirms(&mut self, at: Time, pod: u32, status: &Result<Replicas, ServerFault>) {
        if self.lines.is_some() {
            let text = match status {
                Ok(replicas) => format!("the server's status lists: {}", said(&replicas.peers)),
                Err(fault) => server_fault(fault).to_string(),
            };
            self.news(at, pod, SERVICES.len(), text);
        }
    }

    fn news(&mut self, at: Time, pod: u32, subject: usize, text: String) {
        if self.last.get(&(pod, subject)) != Some(&text) {
            self.say(at, Some(pod), || text.clone());
            self.last.insert((pod, subject), text);
        }
    }

    /// The story of a broken promise: the cluster's events, and all that concerns the pod.
    pub(crate) fn told(&self, plan: &Plan, pod: Option<u32>, broken: &Broken) -> String {
        let mut story = String::new();
        let mut tell = |line: String| {
            let _infallible = writeln!(story, "{line}");
        };
        let shape = &plan.shape;
        tell(format!("A promise is broken: {}.", broken.promise));
        tell(format!("  expected  {}", broken.expected));
        tell(format!("  seen      {}", broken.seen));
        tell(format!("  pod       {}", pod.map_or("–".to_owned(), |pod| pod.to_string())));
        tell(format!(
            "The cluster: {} pods known by {}, asking every {:?}, --remove-after {:?}, --shrink-after {:?}.",
            shape.pods,
            if shape.hosts == crate::plan::Hosts::Names { "names" } else { "addresses" },
            shape.interval,
            shape.remove_after,
            shape.shrink_after
        ));
        let cache = |ttl: &Option<Duration>| ttl.map_or("none".to_owned(), |ttl| format!("{ttl:?}"));
        let caches: Vec<_> = shape.caches.iter().map(cache).collect();
        tell(format!(
            "CoreDNS replicas, by what they cache: {}; up to {:?} behind.",
            caches.join(", "),
            shape.lag_max
        ));
        tell("What happened, as far as it concerns that pod (hours:minutes:seconds):".to_owned());
        let concerns = |line: &&Line| line.pod.is_none() || pod.is_none() || line.pod == pod;
        let lines: Vec<&Line> = self.lines.iter().flatten().filter(concerns).collect();
        let left_out = lines.len().saturating_sub(LINES_MAX);
        if left_out > 0 {
            tell(format!("  … {left_out} earlier lines"));
        }
        for line in &lines[left_out..] {
            let who = line.pod.map_or("cluster".to_owned(), |pod| format!("pod {pod}"));
            tell(format!("  {}  {who:<8} {}", clock(line.at), line.text));
        }
        story
    }
}
