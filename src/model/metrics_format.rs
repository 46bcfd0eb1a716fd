//! The two text formats of metrics, and which of them a scraper is given.

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// Prometheus' text format 0.0.4, which everything that scrapes can read.
    Text,
    /// OpenMetrics 1.0, which some parsers refuse.
    OpenMetrics,
}

impl MetricsFormat {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Text, Self::OpenMetrics];

    /// What the values of a request's `Accept` ask for: OpenMetrics only where they name it, in a version that
    /// is spoken here, and do not like text better (RFC 9110, section 12.5.1). Nobody is refused.
    pub fn accepted<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut open_metrics, mut text) = (0, 0);
        for range in values.into_iter().flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let parameters = parts.filter_map(|parameter| parameter.split_once('='));
            let quality = parameters.clone().find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
            let quality = quality.map_or(QUALITY_MAX, |(_, value)| thousandths(value.trim()));
            if name.eq_ignore_ascii_case("application/openmetrics-text") {
                let version =
                    parameters.clone().find(|(name, _)| name.trim().eq_ignore_ascii_case("version"));
                if version
                    .is_none_or(|(_, value)| matches!(value.trim().trim_matches('"'), "1.0.0" | "0.0.1"))
                {
                    open_metrics = open_metrics.max(quality);
                }
            } else if name.eq_ignore_ascii_case("text/plain") {
                text = text.max(quality);
            }
        }
        if open_metrics > 0 && open_metrics >= text { Self::OpenMetrics } else { Self::Text }
    }
}

/// A quality of 1.
const QUALITY_MAX: u32 = 1000;

/// A quality such as `0.5`, in thousandths; 0, which is "not acceptable", for what is not one.
fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if fraction.len() > 3 {
        return 0;
    }
    let digits = format!("{whole}{fraction:0<3}");
    digits.parse().ok().filter(|thousandths| *thousandths <= QUALITY_MAX).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use MetricsFormat::{OpenMetrics, Text};

    #[test]
    fn open_metrics_is_for_those_who_name_it() {
        for (accept, format) in [
            ("", Text),
            ("*/*", Text),
            ("text/*", Text),
            ("application/json", Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Text),
            ("text/plain;version=0.0.4", Text),
            // Go's expfmt, Telegraf and Vector ask for what they can read.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3",
                Text,
            ),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"", OpenMetrics),
            ("application/openmetrics-text; version=0.0.1; charset=utf-8", OpenMetrics),
            ("application/openmetrics-text;version=2.0.0", Text),
            ("application/openmetrics-text2", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=0.000,*/*", Text),
            ("application/openmetrics-text;q=often", Text),
            ("application/openmetrics-text;q=1.001", Text),
            ("application/openmetrics-text;q=0.5", OpenMetrics),
            ("application/openmetrics-text,text/plain", OpenMetrics),
            ("text/plain;q=0.6,application/openmetrics-text;q=0.59", Text),
            // Prometheus 2.x, and 3.x by its default and with the text format first.
            (
                "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            (
                "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2",
                Text,
            ),
            (",;,=;q", Text),
        ] {
            assert_eq!(MetricsFormat::accepted([accept]), format, "{accept}");
        }
        assert_eq!(MetricsFormat::accepted([]), Text);
        let in_two_lines = ["text/plain;q=0.1", "application/openmetrics-text;q=0.2"];
        assert_eq!(MetricsFormat::accepted(in_two_lines), OpenMetrics);
    }

    #[test]
    fn a_quality_is_read_in_thousandths() {
        for (text, expected) in [
            ("1", 1000),
            ("1.000", 1000),
            ("0.5", 500),
            ("0.05", 50),
            ("0.005", 5),
            ("0.", 0),
            ("2", 0),
            ("0.0005", 0),
            ("-1", 0),
            ("", 0),
            ("0.ä", 0),
        ] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }
}
