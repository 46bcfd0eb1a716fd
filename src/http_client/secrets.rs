//! Our own secrets, found again in what a server says: as they are, or escaped by whatever stands between.
//!
//! They are hidden because they are known, not because of what stands around them. Must never be printable.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Characters below which a secret is not looked for by itself: shorter ones are in any text by chance.
const LENGTH_MIN: usize = 4;

/// What stands for a secret.
const HIDDEN: &str = "***";

/// What must not be shown of a reply: the secrets that were in use when it came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    all: Vec<String>,
    /// Each as it stands before a host: `user:password@`.
    before_host: Vec<String>,
}

impl Secrets {
    /// A user with a password: the password, the two of them, and both in base64, as in a header.
    pub(super) fn add(&mut self, user: &str, password: &str) {
        let pair = format!("{user}:{password}");
        self.before_host.push(format!("{pair}@"));
        let encoded = [STANDARD_NO_PAD.encode(&pair), STANDARD_NO_PAD.encode(password)];
        let all = [pair, password.to_owned()].into_iter().chain(encoded);
        self.all.extend(all.filter(|secret| secret.chars().count() >= LENGTH_MIN));
    }

    /// The same of a file's `user:password`.
    pub(super) fn add_user_info(&mut self, bytes: &[u8]) {
        let text = str::from_utf8(bytes).unwrap_or_default().trim_end_matches(['\r', '\n']);
        if let Some((user, password)) = text.split_once(':') {
            self.add(user, password);
        }
    }

    /// The text with each secret hidden, the longest first wherever several begin.
    pub fn hide(&self, text: &str) -> String {
        replace(&self.all, HIDDEN, text)
    }

    /// A URL without our own credentials before its host, whatever signs they are made of. What stands elsewhere in
    /// it stays: a password may be the name of a host, or of a path.
    pub fn taken_out_of(&self, url: &str) -> String {
        replace(&self.before_host, "", url)
    }
}

/// The longest first wherever several begin.
fn replace(secrets: &[String], by: &str, text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let end = if let Some(end) = secrets.iter().filter_map(|secret| end_of(secret, rest)).max() {
            shown.push_str(by);
            end
        } else {
            shown.push(next);
            next.len_utf8()
        };
        rest = &rest[end..];
    }
    shown
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(redacted)")
    }
}

/// Where `secret` ends, if `text` begins with it, each character as it is or escaped.
///
/// All ways of reading go on side by side, because a secret may itself look like an escape.
fn end_of(secret: &str, text: &str) -> Option<usize> {
    let mut ends = vec![0];
    for wanted in secret.chars() {
        let mut next: Vec<usize> = Vec::new();
        for end in ends {
            let rest = &text[end..];
            let plain = rest.chars().next().map(|c| (c, c.len_utf8()));
            for (c, length) in plain.into_iter().chain(unescaped(rest)) {
                if c == wanted && !next.contains(&(end + length)) {
                    next.push(end + length);
                }
            }
        }
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.into_iter().max()
}

/// The character that an escape at the beginning of `text` stands for, and the escape's length.
fn unescaped(text: &str) -> Option<(char, usize)> {
    match text.as_bytes().first()? {
        b'%' => percent(text),
        b'+' => Some((' ', 1)),
        b'&' => entity(text),
        b'\\' => backslash(text),
        _ => None,
    }
}

/// One character of UTF-8, each byte as `%XX`.
fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |index: usize| {
        let escape = text.get(3 * index..3 * index + 3)?;
        u8::from_str_radix(escape.strip_prefix('%')?, 16).ok()
    };
    let bytes: Vec<u8> = (0..4).map_while(byte).collect();
    (1..=bytes.len()).find_map(|length| {
        let c = str::from_utf8(&bytes[..length]).ok()?.chars().next()?;
        Some((c, 3 * length))
    })
}

/// `&amp;` and its like, `&#38;`, `&#x26;`.
fn entity(text: &str) -> Option<(char, usize)> {
    /// Bytes of the longest: `&#x10FFFF;` with zeros before it.
    const LENGTH_MAX: usize = 12;
    let end = text.bytes().take(LENGTH_MAX).position(|byte| byte == b';')?;
    let c = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((c, end + 1))
}

/// `\u0026`, a surrogate pair of them, and a backslash before the character itself.
fn backslash(text: &str) -> Option<(char, usize)> {
    let unit = |start: usize| {
        let escape = text.get(start..start + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    if let Some(first) = unit(0) {
        let units = [Some(first), unit(6)];
        let c = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
        return Some((c, 6 * c.len_utf16()));
    }
    let c = text[1..].chars().next()?;
    Some((c, 1 + c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(user: &str, password: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add(user, password);
        secrets
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_escaped() {
        let secrets = of("eureka", "p<a&s/\"s 'ü😀\\%1");
        for text in [
            "p<a&s/\"s 'ü😀\\%1",
            "p%3Ca%26s%2F%22s%20%27%C3%BC%F0%9F%98%80%5C%251",
            "p%3ca&s/%22s+'%c3%bc😀\\%251",
            "p&lt;a&amp;s/&quot;s &#39;&#252;&#x1F600;\\%1",
            "p&#60;a&#x26;s&#x2f;&#34;s &apos;ü😀&#92;&#37;1",
            r#"p<a&s\/\"s 'ü😀\\%1"#,
            "p\\u003ca\\u0026s/\\u0022s \\u0027\\u00fc\\ud83d\\ude00\\u005c%1",
        ] {
            assert_eq!(secrets.hide(&format!("at {text}: no")), "at ***: no", "{text}");
            assert_eq!(secrets.hide(&format!("eureka:{text}@h")), "***@h", "{text}");
        }
    }

    #[test]
    fn the_pair_is_hidden_as_in_a_header() {
        let secrets = of("Aladdin", "open sesame");
        assert_eq!(secrets.hide("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Basic ***==");
        assert_eq!(secrets.hide("Aladdin:open%20sesame@eureka-0:8761"), "***@eureka-0:8761");
        assert_eq!(secrets.hide("b3BlbiBzZXNhbWU="), "***=");
        assert_eq!(secrets.hide("Aladdin opens Sesame"), "Aladdin opens Sesame");
        assert_eq!(format!("{secrets:?}"), "Secrets(redacted)");
    }

    #[test]
    fn credentials_are_taken_out_of_a_url_and_names_stay() {
        let taken = |user, password, url| of(user, password).taken_out_of(url);
        assert_eq!(taken("u", "p@s/w", "http://u:p@s/w@h:1/"), "http://h:1/");
        assert_eq!(taken("u", "p@s/w", "http://u:p%40s%2Fw@h:1/"), "http://h:1/");
        assert_eq!(taken("a", "87", "http://eureka:8761/eureka/"), "http://eureka:8761/eureka/");
        assert_eq!(taken("u", "eureka", "http://u:eureka@eureka:8761/eureka/"), "http://eureka:8761/eureka/");
    }

    #[test]
    fn short_secrets_are_hidden_beside_their_user_only() {
        assert_eq!(of("u", "abc").hide("abc u:abc"), "abc ***");
        assert_eq!(of("u", "abcd").hide("abcd u:abcd"), "*** ***");
        assert_eq!(Secrets::default().hide("any text"), "any text");
    }

    /// Many readings of one text are followed side by side, and not one after the other.
    #[test]
    fn a_secret_of_escapes_costs_no_more_than_its_length() {
        let secrets = of("u", &format!("{}x", "\\".repeat(40)));
        let text = "\\".repeat(400);
        assert_eq!(secrets.hide(&text), text);
        assert_eq!(secrets.hide(&format!("{text}x")).matches("***").count(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_a_secret(before in "\\PC{0,20}", password in "[A-Z%&+\\\\]{4,12}", after in "\\PC{0,20}") {
            let shown = of("u", &password).hide(&format!("{before}{password}{after}"));
            prop_assert!(shown.contains("***"), "{}", shown);
        }

        #[test]
        fn any_text_is_taken(text in "(%[0-9A-F]{0,2}|&#?x?[0-9a-f]{0,8};?|\\\\u?[0-9a-f]{0,4}|\\PC){0,30}") {
            let _shown = of("u", "%&\\x").hide(&text);
        }
    }
}
