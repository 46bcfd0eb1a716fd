//! OpenMetrics text, written anew in Prometheus' text format 0.0.4.
//!
//! The library writes OpenMetrics only. Samples are the same in both; what differs is what is said about a family:
//! a counter and an info are called as their samples are, there is no type `info`, no unit and no end.

/// The same samples as text format 0.0.4.
pub(super) fn text_format(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len() + open_metrics.len() / 8);
    let mut help = "";
    for line in open_metrics.split_inclusive('\n') {
        if line.starts_with("# HELP ") {
            // Written with the type, which says what the family is called.
            help = line;
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|rest| rest.trim_end().split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                _ => ("", kind),
            };
            let about = help.splitn(4, ' ').nth(3).unwrap_or("\n");
            for part in ["# HELP ", name, suffix, " ", about, "# TYPE ", name, suffix, " ", kind, "\n"] {
                text.push_str(part);
            }
        } else if !line.starts_with('#') {
            text.push_str(line);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_called_as_their_samples_are() {
        let open_metrics = "# HELP a A \"b\" c.\n# TYPE a counter\na_total{b=\"# TYPE\\n\"} 1\n\
                            # HELP b_seconds B.\n# TYPE b_seconds histogram\n# UNIT b_seconds seconds\n\
                            b_seconds_sum 1.5\nb_seconds_count 1\nb_seconds_bucket{le=\"+Inf\"} 1\n\
                            # HELP c C.\n# TYPE c info\nc_info{v=\"1\"} 1\n\
                            # HELP d D.\n# TYPE d gauge\nd 4\n# EOF\n";
        let text = "# HELP a_total A \"b\" c.\n# TYPE a_total counter\na_total{b=\"# TYPE\\n\"} 1\n\
                    # HELP b_seconds B.\n# TYPE b_seconds histogram\n\
                    b_seconds_sum 1.5\nb_seconds_count 1\nb_seconds_bucket{le=\"+Inf\"} 1\n\
                    # HELP c_info C.\n# TYPE c_info gauge\nc_info{v=\"1\"} 1\n\
                    # HELP d D.\n# TYPE d gauge\nd 4\n";
        assert_eq!(text_format(open_metrics), text);
        assert_eq!(text_format("# EOF\n"), "");
    }
}
