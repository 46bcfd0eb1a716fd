//! `/`: how things stand as a page, for people.
//!
//! One document without scripts, images or fonts. Every text that did not come from this file goes
//! through [`Escaped`].

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::model::{Moment, PeerSet, ServiceUrl};
use crate::reconcile::{Change, Condition, Dated, LastAnswer, ServiceStatus, Severity};
use crate::wording::{lookup_failure, situation};

use super::escape::Escaped;
use super::snapshot::{HELD_PEERS_MAX, Snapshot, Stage, WARNINGS_MAX};

const STYLE: &str = include_str!("page.css");

/// Rows of the table of peers; the JSON has them all.
const ROWS_MAX: usize = 1024;

/// The whole document.
pub(super) fn render(snapshot: &Snapshot) -> String {
    let mut page = String::new();
    write_page(&mut page, snapshot).expect("writing to a string cannot fail");
    page
}

fn write_page(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let title = if snapshot.is_ready() { "ready" } else { "not ready" };
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>eureka-peers: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    )?;
    write_header(page, snapshot)?;
    page.push_str("<main>\n");
    write_conditions(page, snapshot)?;
    write_peers(page, snapshot)?;
    write_services(page, snapshot)?;
    write_history(page, snapshot)?;
    write_settings(page, snapshot)?;
    page.push_str(
        "</main>\n<footer><a href=\"/status\">status</a> · <a href=\"/metrics\">metrics</a> · \
         <a href=\"/livez?verbose\">livez</a> · <a href=\"/readyz?verbose\">readyz</a> · \
         <a href=\"/startupz?verbose\">startupz</a></footer>\n</body>\n</html>\n",
    );
    Ok(())
}

fn write_header(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    page.push_str("<header>\n<h1>eureka-peers</h1>\n<p>");
    for (class, text) in marks(snapshot) {
        write!(page, "<span class=\"mark {class}\">{text}</span>")?;
    }
    write!(
        page,
        "</p>\n<p>as of {}, up {}, version {}",
        snapshot.clock.rfc3339(snapshot.as_of),
        Age(snapshot.as_of.since_start()),
        Escaped(snapshot.version)
    )?;
    if let Some(own) = &snapshot.status.own {
        write!(page, ", self <code>{}</code>", Escaped(own.as_str()))?;
    }
    page.push_str("</p>\n</header>\n");
    Ok(())
}

/// The few words that say it all, each with its colour.
fn marks(snapshot: &Snapshot) -> Vec<(&'static str, &'static str)> {
    let mut marks = vec![if snapshot.is_ready() { ("good", "ready") } else { ("bad", "not ready") }];
    match snapshot.is_adopted() {
        Some(true) => marks.push(("good", "adopted")),
        Some(false) => marks.push(("warn", "not adopted")),
        None => {}
    }
    if snapshot.status.is_held() {
        marks.push(("warn", "held"));
    }
    if snapshot.status.flushing {
        marks.push(("warn", "flushing"));
    }
    match snapshot.stage {
        Stage::Running => {}
        Stage::Draining => marks.push(("bad", "draining")),
    }
    marks
}

fn write_conditions(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let conditions = &snapshot.status.conditions;
    page.push_str("<section>\n<h2>Conditions</h2>\n");
    if conditions.is_empty() {
        page.push_str("<p class=\"good\">None.</p>\n</section>\n");
        return Ok(());
    }
    page.push_str("<ul>\n");
    for condition in conditions {
        write_condition(page, snapshot, condition)?;
    }
    page.push_str("</ul>\n</section>\n");
    Ok(())
}

fn write_condition(page: &mut String, snapshot: &Snapshot, condition: &Condition) -> fmt::Result {
    let class = match condition.situation.severity() {
        Severity::Info => "soft",
        Severity::Warning => "warn",
        Severity::Critical => "bad",
    };
    let (kind, since) = (condition.kind().label(), Since { snapshot, at: condition.since });
    let message = situation(&condition.situation);
    write!(page, "<li><b class=\"{class}\">{kind}</b> <span class=\"soft\">{since}")?;
    if let Some(until) = condition.until {
        write!(page, ", until {}", snapshot.clock.rfc3339(until))?;
    }
    write!(page, "</span>\n{}", Escaped(&message.fact()))?;
    if !message.cure.is_empty() {
        write!(page, "\n<i>{}</i>", Escaped(&message.cure))?;
    }
    page.push_str("</li>\n");
    Ok(())
}

fn write_peers(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let status = &snapshot.status;
    let lists = [
        ("desired", status.desired.as_ref()),
        ("published", status.published.as_ref()),
        ("adopted", status.adopted.as_ref()),
    ];
    page.push_str("<section>\n<h2>Peers</h2>\n<table>\n<tr><th>service URL</th>");
    for (name, list) in lists {
        write!(page, "<th>{name}<br><span class=\"soft\">{}</span></th>", ListHead { snapshot, list })?;
    }
    page.push_str("</tr>\n");
    let all: PeerSet =
        lists.iter().filter_map(|(_, list)| *list).flat_map(|list| list.value.iter().cloned()).collect();
    for peer in all.iter().take(ROWS_MAX) {
        write!(page, "<tr><td class=\"url\">{}</td>", Escaped(peer.as_str()))?;
        for (_, list) in lists {
            page.push_str(cell(peer, list));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
    match all.len() {
        0 => page.push_str("<p class=\"soft\">No peer is in any of the lists.</p>\n"),
        1..=ROWS_MAX => {}
        more => writeln!(page, "<p class=\"soft\">and {} more; see /status</p>", more - ROWS_MAX)?,
    }
    page.push_str("</section>\n");
    Ok(())
}

fn cell(peer: &ServiceUrl, list: Option<&Dated<PeerSet>>) -> &'static str {
    match list {
        None => "<td class=\"soft\">?</td>",
        Some(list) if list.value.contains(peer) => "<td class=\"yes\">yes</td>",
        Some(_) => "<td class=\"no\">no</td>",
    }
}

fn write_services(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    page.push_str("<section>\n<h2>Services</h2>\n");
    for service in &snapshot.status.services {
        write_service(page, snapshot, service)?;
    }
    page.push_str("</section>\n");
    Ok(())
}

fn write_service(page: &mut String, snapshot: &Snapshot, service: &ServiceStatus) -> fmt::Result {
    let question = service.question.to_string();
    write!(page, "<h3><code>{}</code></h3>\n<dl>\n", Escaped(&question))?;
    match &service.last {
        None => page.push_str("<dt>last answer</dt><dd>none yet</dd>\n"),
        Some(last) => {
            let since = Since { snapshot, at: last.since };
            let answer = Escaped(&in_words(&last.value)).to_string();
            writeln!(page, "<dt>last answer</dt><dd>{answer} <span class=\"soft\">{since}</span></dd>")?;
        }
    }
    if let Some(at) = service.records_at {
        writeln!(page, "<dt>last records</dt><dd>{}</dd>", Since { snapshot, at })?;
    }
    let counts = (service.answered.len(), service.kept.len());
    writeln!(page, "<dt>peers</dt><dd>{} in the last records, {} kept</dd>", counts.0, counts.1)?;
    write_holds(page, snapshot, service)?;
    write_held_back(page, service)?;
    match service.self_found.as_ref().map(|found| found.value) {
        None => {}
        Some(true) => page.push_str("<dt>self</dt><dd>found</dd>\n"),
        Some(false) => page.push_str("<dt>self</dt><dd class=\"warn\">not found</dd>\n"),
    }
    page.push_str("</dl>\n");
    Ok(())
}

/// What holds the peers of this Service, and until when as far as that is known.
fn write_holds(page: &mut String, snapshot: &Snapshot, service: &ServiceStatus) -> fmt::Result {
    for condition in snapshot.holds_of(service) {
        let end = match condition.until {
            Some(until) => format!("until {}", snapshot.clock.rfc3339(until)),
            None => "no end is known".to_owned(),
        };
        writeln!(page, "<dt>{}</dt><dd class=\"warn\">{end}</dd>", condition.kind().label())?;
    }
    Ok(())
}

/// The peers that are kept although the last records lack them.
fn write_held_back(page: &mut String, service: &ServiceStatus) -> fmt::Result {
    let mut held_back = service.kept.difference(&service.answered);
    for peer in held_back.by_ref().take(HELD_PEERS_MAX) {
        writeln!(page, "<dt>held</dt><dd class=\"warn\"><code>{}</code></dd>", Escaped(peer.as_str()))?;
    }
    match held_back.count() {
        0 => Ok(()),
        more => writeln!(page, "<dt>held</dt><dd class=\"warn\">{more} more</dd>"),
    }
}

fn in_words(answer: &LastAnswer) -> String {
    match answer {
        LastAnswer::Records { peers } => format!("records (peers: {peers})"),
        LastAnswer::Empty { no_such_name: true, soa_serial } => format!("no such name (SOA {soa_serial})"),
        LastAnswer::Empty { no_such_name: false, soa_serial } => format!("no data (SOA {soa_serial})"),
        LastAnswer::Failed(failure) => lookup_failure(failure).to_string(),
    }
}

fn write_history(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    page.push_str("<section>\n<h2>Changes</h2>\n");
    if snapshot.status.history.is_empty() {
        page.push_str("<p class=\"soft\">None yet.</p>\n</section>\n");
        return Ok(());
    }
    page.push_str("<table>\n<tr><th>when</th><th>cause</th><th>change</th><th>peers</th></tr>\n");
    for change in snapshot.status.history.iter().rev() {
        write_change(page, snapshot, change)?;
    }
    page.push_str("</table>\n</section>\n");
    Ok(())
}

fn write_change(page: &mut String, snapshot: &Snapshot, change: &Change) -> fmt::Result {
    let since = Since { snapshot, at: change.at };
    write!(page, "<tr><td>{since}</td><td>{}</td><td class=\"url\">", change.cause.label())?;
    for (sign, peers) in [('+', &change.added), ('−', &change.removed)] {
        for peer in peers.named() {
            write!(page, "{sign} {}<br>", Escaped(peer.as_str()))?;
        }
        if peers.unnamed() > 0 {
            write!(page, "{sign} {} more<br>", peers.unnamed())?;
        }
    }
    writeln!(page, "</td><td>{}</td></tr>", change.peers)
}

fn write_settings(page: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let settings = &snapshot.settings;
    page.push_str("<section>\n<h2>Settings</h2>\n<dl>\n");
    writeln!(page, "<dt>fingerprint</dt><dd><code>{}</code></dd>", Escaped(&settings.fingerprint))?;
    writeln!(page, "<dt>restarts of the loop</dt><dd>{}</dd>\n</dl>", snapshot.loop_restarts)?;
    page.push_str("<ul>\n");
    for warning in settings.warnings.iter().take(WARNINGS_MAX) {
        writeln!(page, "<li>{}</li>", Escaped(warning))?;
    }
    page.push_str("</ul>\n</section>\n");
    Ok(())
}

/// How many peers a list has, and since when.
struct ListHead<'a> {
    snapshot: &'a Snapshot,
    list: Option<&'a Dated<PeerSet>>,
}

impl fmt::Display for ListHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(list) = self.list else { return f.write_str("not known") };
        write!(f, "{}, {}", list.value.len(), Since { snapshot: self.snapshot, at: list.since })
    }
}

/// `4 s ago`, with the date for who wants it exactly.
struct Since<'a> {
    snapshot: &'a Snapshot,
    at: Moment,
}

impl fmt::Display for Since<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.snapshot.clock.rfc3339(self.at);
        write!(
            f,
            "<time datetime=\"{date}\" title=\"{date}\">{} ago</time>",
            Age(self.snapshot.as_of.since(self.at))
        )
    }
}

/// A duration in the two largest units that it has.
struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} min {} s", seconds % 60),
            (0, _, _) => write!(f, "{hours} h {} min", minutes % 60),
            _ => write!(f, "{days} d {} h", hours % 24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units() {
        for (seconds, shown) in
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_661, "1 h 1 min"), (90_061, "1 d 1 h")]
        {
            assert_eq!(Age(Duration::from_secs(seconds)).to_string(), shown);
        }
    }
}
