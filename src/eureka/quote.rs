//! A server's own words, made fit to be shown.
//!
//! Must never let through a secret of ours, a control character, the user-info of a URL, or more than its bound.

use crate::http_client::Secrets;

/// `text` as one line of at most `max` characters, without user-info and without our own `secrets`.
///
/// Both go before anything is cut off, so that no cut can hide the `@` that betrays it.
pub(super) fn quoted(text: &str, max: usize, secrets: &Secrets) -> String {
    let plain = without_user_info(&secrets.hide(text));
    let mut line = String::new();
    let words = plain.split(|c: char| c.is_whitespace() || is_unprintable(c)).filter(|word| !word.is_empty());
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(max) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// Control characters, and those that only turn or hide what stands around them.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Replaces whatever stands between `://` and the last `@` of the same word.
///
/// A word, not an authority: a password may hold a slash or a comma, and redacting too much does no harm.
fn without_user_info(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || c == '"') {
        let authority = word.find("://").map(|scheme| scheme + "://".len());
        match authority.and_then(|start| word[start..].rfind('@').map(|at| (start, start + at))) {
            Some((start, at)) => {
                plain.push_str(&word[..start]);
                plain.push_str("***");
                plain.push_str(&word[at..]);
            }
            None => plain.push_str(word),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(text: &str, max: usize) -> String {
        super::quoted(text, max, &Secrets::default())
    }

    #[test]
    fn one_line_of_bounded_length() {
        assert_eq!(quoted("  a\r\n\tb\u{1b}[31m c ", 100), "a b [31m c");
        assert_eq!(quoted("abcdef", 3), "abc…");
        assert_eq!(quoted("äöü", 3), "äöü");
        assert_eq!(quoted("a\u{202e}b", 9), "a b");
    }

    #[test]
    fn user_info_is_gone_before_anything_is_cut() {
        for (text, shown) in [
            ("at http://u:secret@h:1/eureka/ failed", "at http://***@h:1/eureka/ failed"),
            ("http://u:sec/ret@h/", "http://***@h/"),
            ("http://u:sec,ret@h/", "http://***@h/"),
            ("http://a/,http://u:secret@b/", "http://***@b/"),
            ("http://a/ http://u:secret@b/", "http://a/ http://***@b/"),
            ("mail@example is no URL", "mail@example is no URL"),
            ("http://a/", "http://a/"),
        ] {
            assert_eq!(quoted(text, 100), shown);
        }
        assert!(!quoted("http://user:secret@host/", 14).contains("sec"));
    }

    proptest! {
        #[test]
        fn never_a_secret_nor_a_second_line(before in ".{0,40}", after in "[^@]{0,40}", max in 0_usize..60) {
            let text = format!("{before} http://user:hunter2@host/{after}");
            let line = quoted(&text, max);
            prop_assert!(!line.contains("hunter2"));
            prop_assert!(!line.contains(char::is_control));
            prop_assert!(line.chars().count() <= max + 1);
        }
    }
}
