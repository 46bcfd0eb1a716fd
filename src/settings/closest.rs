//! Which known name somebody probably meant.

/// Below this likeness a suggestion would only puzzle; `dns` still finds `dns-server`.
const LIKENESS_MIN: f64 = 0.8;

/// The known name most like `text`, whatever its case and whether it writes `_`, `-` or camel case.
pub(super) fn closest<'n>(text: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let text = kebab(text);
    let rated = known.map(|name| (strsim::jaro_winkler(&text, name), name));
    let best = rated.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= LIKENESS_MIN).then_some(best.1)
}

fn kebab(text: &str) -> String {
    // Longer than any name of ours; likeness is not worth more work than that.
    let text: String = text.chars().take(64).collect();
    let is_shouted = !text.chars().any(|c| c.is_ascii_lowercase());
    let mut kebab = String::new();
    for c in text.chars() {
        match c {
            '_' | '.' | ' ' => kebab.push('-'),
            c if c.is_ascii_uppercase() && !is_shouted && !kebab.is_empty() => {
                kebab.extend(['-', c.to_ascii_lowercase()]);
            }
            c => kebab.push(c.to_ascii_lowercase()),
        }
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::Key;
    use proptest::prelude::*;

    fn found(text: &str) -> Option<&'static str> {
        closest(text, Key::all().map(Key::name))
    }

    #[test]
    fn finds_what_was_meant() {
        for (typed, meant) in [
            ("servce", "service"),
            ("services", "service"),
            ("staticPeers", "static-peer"),
            ("STATIC_PEERS", "static-peer"),
            ("dns", "dns-server"),
            ("server-password", "server-password-file"),
            ("loglevel", "log-level"),
            ("remove.after", "remove-after"),
            ("actuator", "actuator-url"),
        ] {
            assert_eq!(found(typed), Some(meant), "{typed}");
        }
        assert_eq!(found("kubernetes"), None);
        assert_eq!(found(""), None);
    }

    proptest! {
        #[test]
        fn any_text_has_a_closest_name_or_none(text in "\\PC{0,100}") {
            let _either = found(&text);
        }
    }
}
