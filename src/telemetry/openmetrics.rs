//! A strict reader of both text formats of metrics, for tests.
//!
//! Follows the OpenMetrics 1.0 specification, sections "Text format" and "Metric types", and Prometheus' "Text-based
//! format", as far as this program uses them; panics with the line that breaks a rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::MetricsFormat;

/// Values by series, such as `eureka_peers_peers{list="desired"}`; labels in the order written.
pub(super) type Samples = BTreeMap<String, f64>;

/// Reads a whole exposition of OpenMetrics.
pub(super) fn read(text: &str) -> Samples {
    let body = text.strip_suffix("# EOF\n").expect("ends with `# EOF` and a line feed");
    read_in(MetricsFormat::OpenMetrics, body)
}

/// Reads a whole exposition of the text format 0.0.4.
pub(super) fn read_text(text: &str) -> Samples {
    read_in(MetricsFormat::Text, text)
}

fn read_in(format: MetricsFormat, body: &str) -> Samples {
    assert!(body.is_empty() || body.ends_with('\n'), "every line ends with a line feed");
    let mut reader = Reader { format, families: BTreeSet::new(), family: None, samples: Samples::new() };
    for line in body.lines() {
        reader.line(line);
    }
    reader.end_family();
    reader.samples
}

struct Reader {
    format: MetricsFormat,
    families: BTreeSet<String>,
    family: Option<Family>,
    samples: Samples,
}

struct Family {
    name: String,
    kind: Option<String>,
    has_help: bool,
    /// Histograms: the cumulative counts of the buckets, with their bounds.
    buckets: Vec<(f64, f64)>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        match line.strip_prefix("# ") {
            Some(metadata) => self.metadata(metadata),
            None => self.sample(line),
        }
    }

    fn metadata(&mut self, line: &str) {
        let [keyword, name, rest] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("not a keyword, a name and a text: {line}")
        };
        if self.family.as_ref().is_none_or(|family| family.name != name) {
            self.begin_family(name);
        }
        let family = self.family.as_mut().expect("has just begun");
        match keyword {
            "HELP" => assert!(!std::mem::replace(&mut family.has_help, true), "second HELP: {line}"),
            "TYPE" => {
                let is_known = ["counter", "gauge", "histogram"].contains(&rest)
                    || (rest == "info" && self.format == MetricsFormat::OpenMetrics);
                assert!(is_known, "unknown type: {line}");
                assert_eq!(family.kind.replace(rest.to_owned()), None, "second TYPE: {line}");
            }
            "UNIT" if self.format == MetricsFormat::OpenMetrics => {
                assert!(name.ends_with(&format!("_{rest}")), "the name lacks its unit: {line}");
            }
            _ => panic!("unknown keyword: {line}"),
        }
    }

    fn begin_family(&mut self, name: &str) {
        self.end_family();
        assert!(is_name(name), "no name of a metric: {name}");
        assert!(self.families.insert(name.to_owned()), "{name} is in two places");
        let family = Family { name: name.to_owned(), kind: None, has_help: false, buckets: Vec::new() };
        self.family = Some(family);
    }

    fn end_family(&mut self) {
        let Some(family) = self.family.take() else { return };
        let name = &family.name;
        assert!(family.has_help, "{name} has no HELP");
        if family.kind.as_deref() != Some("histogram") {
            return;
        }
        assert!(family.buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{name}: {:?}", family.buckets);
        let (last, all) = *family.buckets.last().expect("a histogram has a bucket");
        assert!(last.is_infinite(), "{name} has no +Inf bucket");
        let count = self.samples[&format!("{name}_count")];
        assert!((count - all).abs() < f64::EPSILON, "{name}: {count} is not {all}");
    }

    fn sample(&mut self, line: &str) {
        let (series, value) = line.rsplit_once(' ').expect("a value follows the series");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, read_labels(labels)),
            None => (series, Vec::new()),
        };
        let family = self.family.as_mut().expect("metadata comes first");
        let suffix = name.strip_prefix(&*family.name).unwrap_or_else(|| panic!("of another family: {line}"));
        match (family.kind.as_deref().expect("TYPE comes first"), suffix) {
            ("counter", "") if self.format == MetricsFormat::Text => {
                assert!(name.ends_with("_total") && value >= 0.0 && value.fract() == 0.0, "no count: {line}");
            }
            ("counter", "_total") if self.format == MetricsFormat::Text => {
                panic!("a name of two parts: {line}")
            }
            ("counter", "_total") | ("histogram", "_count") => {
                assert!(value >= 0.0 && value.fract() == 0.0, "no count: {line}");
            }
            ("info", "_info") => assert!((value - 1.0).abs() < f64::EPSILON, "an info is 1: {line}"),
            ("gauge", "") | ("histogram", "_sum") => {}
            ("histogram", "_bucket") => {
                let [(_, bound)] = &labels[..] else { panic!("a bucket has `le` alone: {line}") };
                family.buckets.push((bound.parse().expect("a bound is a number"), value));
            }
            _ => panic!("the suffix does not fit the type: {line}"),
        }
        assert_eq!(self.samples.insert(series.to_owned(), value), None, "second sample: {line}");
    }
}

/// Reads `name="value",…}`.
fn read_labels(text: &str) -> Vec<(String, String)> {
    let mut rest = text.strip_suffix('}').expect("labels end with a brace");
    let mut labels: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").expect("a label has a quoted value");
        assert!(is_name(name) && !name.contains(':'), "no name of a label: {name}");
        assert!(labels.iter().all(|(known, _)| known != name), "{name} is there twice");
        let (value, after) = read_quoted(quoted);
        labels.push((name.to_owned(), value));
        assert!(after.is_empty() || after.strip_prefix(',').is_some_and(|more| !more.is_empty()), "{after}");
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    labels
}

fn read_quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, c @ ('"' | '\\'))) => c,
                other => panic!("unknown escape {other:?}"),
            }),
            _ => value.push(c),
        }
    }
    panic!("the quote does not end: {text}")
}

fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':');
    first && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP a A.\n# TYPE a counter\na_total{b=\"c\\n\\\"\",d=\"\"} 1\n# EOF\n";
    assert_eq!(read(good), Samples::from([("a_total{b=\"c\\n\\\"\",d=\"\"}".to_owned(), 1.0)]));
    for bad in [
        "",
        "# EOF",
        "# EOF\n\n",
        "a 1\n# EOF\n",
        "# HELP a A.\n# TYPE a counter\na 1\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\na{b=\"c\",} 1\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\na{b=\"c\",b=\"d\"} 1\n# EOF\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_count 1\na_sum 1\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\nb 1\n# HELP a A.\n# EOF\n",
    ] {
        assert!(std::panic::catch_unwind(|| read(bad)).is_err(), "{bad:?}");
    }
    let good = "# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n";
    assert_eq!(read_text(good), Samples::from([("a_total{b=\"c\"}".to_owned(), 1.0)]));
    for bad in [
        "# HELP a A.\n# TYPE a counter\na_total 1\n",
        "# HELP a A.\n# TYPE a info\na_info 1\n",
        "# HELP a_s A.\n# TYPE a_s gauge\n# UNIT a_s s\na_s 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1\n# EOF\n",
    ] {
        assert!(std::panic::catch_unwind(|| read_text(bad)).is_err(), "{bad:?}");
    }
}
