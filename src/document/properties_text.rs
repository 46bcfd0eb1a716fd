//! Text that `java.util.Properties.load` reads back as the same keys and values.
//!
//! Shared by the formats that are properties files. Plain ASCII, so that the reader's charset
//! (ISO 8859-1 for streams) does not matter.

/// One `key=value` line with its end.
pub(super) fn line(key: &str, value: &str) -> String {
    let mut line = String::with_capacity(key.len() + value.len() + 2);
    key.chars().for_each(|c| push_key_character(&mut line, c));
    line.push('=');
    // Blanks before the value are skipped by the reader; those within are not.
    let trimmed = value.trim_start_matches(' ');
    (0..value.len() - trimmed.len()).for_each(|_| line.push_str("\\ "));
    trimmed.chars().for_each(|c| push_character(&mut line, c));
    line.push('\n');
    line
}

/// In a key, the characters that end it or make the line a comment have no meaning once escaped.
fn push_key_character(line: &mut String, c: char) {
    if matches!(c, ' ' | ':' | '=' | '#' | '!') {
        line.push('\\');
    }
    push_character(line, c);
}

fn push_character(line: &mut String, c: char) {
    match c {
        '\\' => line.push_str("\\\\"),
        ' '..='~' => line.push(c),
        _ => {
            let mut units = [0; 2];
            line.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_back(text: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        java_properties::PropertiesIter::new(text.as_bytes())
            .read_into(|key, value| pairs.push((key, value)))
            .expect("a properties file");
        pairs
    }

    #[test]
    fn a_url_needs_no_escapes() {
        assert_eq!(line("a.b-c", "http://h:1/x/,http://i:1/"), "a.b-c=http://h:1/x/,http://i:1/\n");
    }

    #[test]
    fn what_has_a_meaning_is_escaped() {
        assert_eq!(
            line("a b=c:#!", "  x \\ü\n😀"),
            "a\\ b\\=c\\:\\#\\!=\\ \\ x \\\\\\u00FC\\u000A\\uD83D\\uDE00\n"
        );
    }

    /// Up to U+FFFD: the reader used here does not join the two units of characters above.
    const TEXT: &str = "[ -~\u{80}-\u{d7ff}\u{e000}-\u{fffd}]{1,40}|[ =:#!\\\\\t\n\r\u{c}a]{1,10}";

    proptest! {
        #[test]
        fn any_pair_is_read_back(key in TEXT, value in TEXT) {
            prop_assert_eq!(read_back(&line(&key, &value)), vec![(key, value)]);
        }
    }
}
