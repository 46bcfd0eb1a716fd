//! A running program as an operator sees it: its pages, and nothing that only a test could know.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::Value;

use super::http::{Reply, get};
use super::secret;

/// What a condition of the status says, and what to do.
fn said(condition: &Value) -> String {
    let text = |field: &str| condition[field].as_str().expect("text");
    format!("{}; {}", text("message"), text("cure"))
}

/// A series as it is exposed.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    /// The labels with their values.
    pub(crate) labels: BTreeSet<(&'a str, &'a str)>,
    value: &'a str,
}

/// The series of an exposition in text.
pub(crate) fn series(exposed: &str) -> impl Iterator<Item = Series<'_>> {
    let lines = exposed.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
        let labels = labels.split(',').filter_map(|label| label.split_once('='));
        let labels = labels.map(|(name, value)| (name, value.trim_matches('"'))).collect();
        Some(Series { name, labels, value })
    })
}

/// The public listener of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View(pub(crate) SocketAddr);

impl View {
    pub(crate) fn ask(self, path: &str) -> Result<Reply, String> {
        get(self.0, path).map_err(|error| format!("{}: {error}", self.0))
    }

    pub(crate) fn status(self) -> Result<Value, String> {
        let body = self.ask("/status")?.ok()?;
        serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))
    }

    pub(crate) fn page(self, path: &str) -> String {
        self.ask(path).expect("a running program answers").body
    }

    pub(crate) fn probe(self, path: &str) -> Result<u16, String> {
        self.ask(path).map(|reply| reply.status)
    }

    /// What is said of a condition, and what to do, where it stands.
    pub(crate) fn condition(self, kind: &str) -> Result<Option<String>, String> {
        let status = self.status()?;
        let conditions = status["conditions"].as_array().ok_or_else(|| format!("no conditions: {status}"))?;
        let found = conditions.iter().find(|condition| condition["kind"] == kind);
        Ok(found.map(said))
    }

    /// The values of a counter, by one of its labels.
    pub(crate) fn metric(self, name: &str, label: &str) -> Result<BTreeMap<String, u64>, String> {
        let text = self.ask("/metrics")?.ok()?;
        let values = series(&text).filter(|series| series.name == name).filter_map(|series| {
            let (_, value) = series.labels.iter().find(|(name, _)| *name == label)?;
            Some(((*value).to_owned(), series.value.parse().ok()?))
        });
        Ok(values.collect())
    }

    /// Has every page read: what is read is searched for the secret.
    pub(crate) fn expect_no_secret(self) {
        secret::read_pages(|path| self.ask(path).is_ok());
    }
}
