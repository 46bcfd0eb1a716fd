//! Alerts and dashboard: well-formed, fired by what they are about, and asking only for what exists.

use std::collections::BTreeSet;

use eureka_peers::model::MetricsFormat;
use eureka_peers::telemetry::{Metrics, Registry, encode};
use serde_yaml::Value;

use crate::none;
use crate::rendered::{at, items, parse};
use crate::tool::{Tool, scratch, text_of, write_file};
use crate::view::{Series, series};

const COMPONENT: &str = "manifests/components/monitoring";
/// What Prometheus itself adds.
const FOREIGN: [&str; 1] = ["up"];

/// `promtool check rules`, and the unit tests beside this file.
pub(crate) fn rules() -> Result<(), String> {
    let rules = scratch("rules.yaml");
    write_file(&rules, &serde_yaml::to_string(&rule_file()).expect("it was YAML before"))?;
    let tests = scratch("rules-test.yaml");
    write_file(&tests, &text_of("tests/manifests/rules-test.yaml"))?;
    let path = |file: &std::path::Path| file.to_str().expect("a plain path").to_owned();
    Tool::PROMTOOL.run(&["check", "rules", &path(&rules)])?;
    Tool::PROMTOOL.run(&["test", "rules", &path(&tests)]).map(drop)
}

/// The parser of Go, which Telegraf and `promtool` use, takes the text format whole, and has no advice.
pub(crate) fn text_format() -> Result<(), String> {
    let said = Tool::PROMTOOL.run_with(&["check", "metrics"], &exposed())?;
    if !said.is_empty() {
        return Err(said);
    }
    let seed = Tool::PROMTOOL.run_with(&["check", "metrics"], &exposed_as(MetricsFormat::OpenMetrics));
    if seed.is_ok() { Err("taken as text: OpenMetrics".to_owned()) } else { Ok(()) }
}

/// The strict parser of Prometheus' client for Python takes OpenMetrics whole, with as many families.
pub(crate) fn open_metrics() -> Result<(), String> {
    let exposed = exposed_as(MetricsFormat::OpenMetrics);
    let said = Tool::OPEN_METRICS_PARSER.run_with(&[], &exposed)?;
    let families = exposed.lines().filter(|line| line.starts_with("# TYPE ")).count();
    if said.lines().count() != families {
        return Err(format!("{families} families, of which are read:\n{said}"));
    }
    let seed = Tool::OPEN_METRICS_PARSER.run_with(&[], &exposed_as(MetricsFormat::Text));
    if seed.is_ok() { Err("taken as OpenMetrics: text".to_owned()) } else { Ok(()) }
}

/// Every alert is fired, and not fired, by a unit test.
pub(crate) fn every_alert_is_tested() -> Result<(), String> {
    let rules = rules_of(&rule_file());
    let alerts: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["alert"].as_str()).collect();
    let tests: Value = serde_yaml::from_str(&text_of("tests/manifests/rules-test.yaml")).expect("it is YAML");
    let cases: Vec<&Value> =
        items(&tests, &["tests"]).iter().flat_map(|test| items(test, &["alert_rule_test"])).collect();
    let fired = |alert: &str, is_fired: bool| {
        cases.iter().any(|case| {
            case["alertname"].as_str() == Some(alert) && items(case, &["exp_alerts"]).is_empty() != is_fired
        })
    };
    let missing: Vec<&str> =
        alerts.iter().copied().filter(|alert| !fired(alert, true) || !fired(alert, false)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("never fired, or always: {missing:?}")) }
}

/// Every alert names a page that is there, and a heading of it.
pub(crate) fn runbook() -> Result<(), String> {
    let rules = rules_of(&rule_file());
    let named = rules.iter().map(|rule| at(rule, &["annotations", "runbook"]).and_then(Value::as_str));
    let faults: Vec<String> = named.filter_map(|place| unknown_place(place.unwrap_or_default())).collect();
    let seeds = ["", "docs/runbook.md#", "docs/runbook.md#the-list-is-hold"];
    let unseen = seeds.into_iter().filter(|seed| unknown_place(seed).is_none());
    none(
        &faults.into_iter().chain(unseen.map(|seed| format!("taken as known: {seed:?}"))).collect::<Vec<_>>(),
    )
}

/// A heading's anchor is its words, as GitHub makes it.
fn unknown_place(place: &str) -> Option<String> {
    let (page, anchor) = place.split_once('#').map_or((place, None), |(page, anchor)| (page, Some(anchor)));
    if page != "docs/runbook.md" {
        return Some(format!("no such page: {place:?}"));
    }
    let text = text_of(page);
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    let mut anchors = headings.map(|heading| heading.to_lowercase().replace('`', "").replace(' ', "-"));
    let is_there = anchor.is_none_or(|anchor| anchors.any(|there| there == anchor));
    (!is_there).then(|| format!("no such heading: {place:?}"))
}

/// Metrics and label values in the queries against those of the program.
pub(crate) fn queries() -> Result<(), String> {
    unknown_in(&exposed())
}

/// The same against what a running program exposes.
pub(crate) fn unknown_in(exposed: &str) -> Result<(), String> {
    unknown(exposed, &expressions())
}

fn exposed() -> String {
    exposed_as(MetricsFormat::Text)
}

fn exposed_as(format: MetricsFormat) -> String {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    metrics.settings_in_force("fingerprint");
    encode(&registry, format)
}

/// A metric that nobody has must be seen.
pub(crate) fn seeded_queries() -> Result<(), String> {
    let there = exposed();
    let seeds = [
        "rate(eureka_peers_lookup_total[5m])",
        "eureka_peers_held == 1 and eureka_peers_helt == 1",
        r#"eureka_peers_condition{condition="not_adoptet"}"#,
        r#"eureka_peers_peers{kind="adopted"}"#,
        "eureka_peers_propagation_seconds",
    ];
    let unseen: Vec<&str> =
        seeds.into_iter().filter(|seed| unknown(&there, &[(*seed).to_owned()]).is_ok()).collect();
    if unseen.is_empty() { Ok(()) } else { Err(format!("taken as known: {unseen:?}")) }
}

/// What the rules' file would be outside the custom resource.
fn rule_file() -> Value {
    let objects = parse(&text_of(&format!("{COMPONENT}/prometheus-rule.yaml"))).expect("it is YAML");
    at(&objects[0].0, &["spec"]).expect("a PrometheusRule has a spec").clone()
}

fn rules_of(file: &Value) -> Vec<Value> {
    items(file, &["groups"]).iter().flat_map(|group| items(group, &["rules"])).cloned().collect()
}

fn expressions() -> Vec<String> {
    let rules = rules_of(&rule_file());
    let mut found: Vec<String> =
        rules.iter().filter_map(|rule| rule["expr"].as_str()).map(str::to_owned).collect();
    let dashboard: Value =
        serde_yaml::from_str(&text_of(&format!("{COMPONENT}/eureka-peers.json"))).expect("JSON is YAML");
    let targets = items(&dashboard, &["panels"]).iter().flat_map(|panel| items(panel, &["targets"]));
    found.extend(targets.filter_map(|target| target["expr"].as_str()).map(str::to_owned));
    let variables = items(&dashboard, &["templating", "list"]).iter();
    found.extend(variables.filter_map(|variable| variable["query"].as_str()).map(str::to_owned));
    assert!(found.len() > 25, "rules and dashboard were read");
    found
}

fn unknown(exposed: &str, expressions: &[String]) -> Result<(), String> {
    let series: Vec<Series<'_>> = series(exposed).collect();
    let faults: Vec<String> = expressions
        .iter()
        .flat_map(|expression| selectors(expression))
        .filter(|(name, labels)| !FOREIGN.contains(name) && !is_exposed(&series, name, labels))
        .map(|(name, labels)| format!("{name}{labels:?}"))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(format!("no such series: {}", faults.join(", "))) }
}

fn is_exposed(series: &[Series<'_>], name: &str, labels: &[(&str, &str)]) -> bool {
    let has = |series: &Series<'_>| labels.iter().all(|label| series.labels.contains(label));
    series.iter().any(|series| series.name == name && has(series))
}

/// Names of series in a query, each with those matchers that must be exactly so; labels that
/// Prometheus adds when it scrapes are left out.
fn selectors(expression: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find("eureka_peers_") {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let matchers =
            after.strip_prefix('{').and_then(|inner| inner.split_once('}')).map_or("", |(inner, _)| inner);
        let exact = matchers.split(',').filter(|matcher| !matcher.contains("=~") && !matcher.contains('!'));
        let exact = exact.filter_map(|matcher| matcher.trim().split_once('='));
        found.push((name, exact.map(|(label, value)| (label, value.trim_matches('"'))).collect()));
        rest = after;
    }
    found
}
