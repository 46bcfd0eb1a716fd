//! Credentials in front of a peer's host: placeholders for the server, or a secret.
//!
//! Must never be printable: there is no `Display`, and `Debug` shows placeholders only.

use std::fmt;

/// What stands between `://` and `@`.
#[derive(Clone, PartialEq, Eq)]
pub struct UserInfo(Text);

#[derive(Clone, PartialEq, Eq)]
enum Text {
    Placeholders(Box<str>),
    Secret(Box<str>),
}

/// Why a text is not a valid [`UserInfo`]. Never holds any of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserInfoError {
    /// Not of the form `${NAME}:${NAME}`.
    #[error(
        "is not a valid user-info: expected `${{NAME}}:${{NAME}}`, with names of a-z, A-Z, 0-9, - _ and ."
    )]
    NotPlaceholders,
    /// Bytes that are not text.
    #[error("is not UTF-8 text")]
    NotText,
    /// Over the bound.
    #[error("has {0} bytes: expected {max} at most", max = UserInfo::LENGTH_MAX)]
    TooLong(usize),
    /// A line break or another control character within.
    #[error("contains a control character; write `user:password` on one line")]
    ControlCharacter,
    /// No colon, or nothing on one side of it.
    #[error("is not a valid user-info: expected `user:password`, neither of them empty")]
    NotAPair,
    /// A second colon.
    #[error(
        "contains more than one colon: Eureka's clients would send no credentials; choose a password without a colon"
    )]
    SecondColon,
}

impl UserInfo {
    /// Bytes of either kind as it is given; far above any password in use.
    pub const LENGTH_MAX: usize = 1024;

    /// `${NAME}:${NAME}`, written as it is: Spring and Archaius resolve it in the server, Spring not
    /// in a configtree.
    ///
    /// Spring's `${NAME:default}` is refused: a default would be a secret in clear.
    pub fn from_placeholders(text: &str) -> Result<Self, UserInfoError> {
        if text.len() > Self::LENGTH_MAX {
            return Err(UserInfoError::TooLong(text.len()));
        }
        let (user, password) = text.split_once(':').ok_or(UserInfoError::NotPlaceholders)?;
        if is_placeholder(user) && is_placeholder(password) {
            Ok(Self(Text::Placeholders(text.into())))
        } else {
            Err(UserInfoError::NotPlaceholders)
        }
    }

    /// `user:password` as a secret file holds it; one line end after it is forgiven.
    ///
    /// A colon in the password is refused even though it could be encoded: Spring's
    /// `RestTemplateTransportClientFactory` splits the *decoded* text at each colon and drops
    /// whatever is not exactly two parts.
    pub fn from_secret(bytes: &[u8]) -> Result<Self, UserInfoError> {
        if bytes.len() > Self::LENGTH_MAX {
            return Err(UserInfoError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| UserInfoError::NotText)?;
        let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if text.chars().any(char::is_control) {
            return Err(UserInfoError::ControlCharacter);
        }
        let (user, password) = text.split_once(':').ok_or(UserInfoError::NotAPair)?;
        if user.is_empty() || password.is_empty() {
            return Err(UserInfoError::NotAPair);
        }
        if password.contains(':') {
            return Err(UserInfoError::SecondColon);
        }
        let encoded = format!("{}:{}", percent_encode(user), percent_encode(password));
        Ok(Self(Text::Secret(encoded.into_boxed_str())))
    }

    /// Whether the reader has to resolve something; not every reader does.
    pub fn has_placeholders(&self) -> bool {
        matches!(self.0, Text::Placeholders(_))
    }

    /// The text as it stands in a URL. For documents only.
    pub(super) fn as_written(&self) -> &str {
        match &self.0 {
            Text::Placeholders(text) | Text::Secret(text) => text,
        }
    }
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Text::Placeholders(text) => write!(f, "UserInfo({text})"),
            Text::Secret(_) => f.write_str("UserInfo(redacted)"),
        }
    }
}

fn is_placeholder(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let begins = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    name.is_some_and(|name| begins(name) && name.bytes().all(allowed))
}

/// Encodes all but RFC 3986's unreserved characters.
///
/// User-info may hold more in clear (section 3.2.1), but `,` would split the list, `$` and `{`
/// begin a placeholder, and `'` ends an env file's value.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let hex = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
            encoded.extend(['%', hex(byte >> 4), hex(byte & 0xF)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Result<String, UserInfoError> {
        UserInfo::from_secret(text.as_bytes()).map(|user_info| user_info.as_written().to_owned())
    }

    #[test]
    fn placeholders_are_written_as_they_are() {
        let user_info = UserInfo::from_placeholders("${EUREKA_USER}:${eureka.pass-word}").expect("valid");
        assert_eq!(user_info.as_written(), "${EUREKA_USER}:${eureka.pass-word}");
        assert_eq!(format!("{user_info:?}"), "UserInfo(${EUREKA_USER}:${eureka.pass-word})");
        for text in
            ["", "user:password", "${A}", "${A}:b", "${}:${B}", "${A:x}:${B}", "${A}:${B}@", "${A}:${'}"]
        {
            assert_eq!(UserInfo::from_placeholders(text), Err(UserInfoError::NotPlaceholders), "{text:?}");
        }
    }

    #[test]
    fn both_kinds_are_bounded() {
        let placeholders =
            |bytes: usize| UserInfo::from_placeholders(&format!("${{{}}}:${{B}}", "A".repeat(bytes - 8)));
        assert!(placeholders(1024).expect("at the bound").has_placeholders());
        assert_eq!(placeholders(1025), Err(UserInfoError::TooLong(1025)));
        assert_eq!(placeholders(1026), Err(UserInfoError::TooLong(1026)));
        let secret = |bytes: usize| UserInfo::from_secret(format!("u:{}", "p".repeat(bytes - 2)).as_bytes());
        assert!(!secret(1024).expect("at the bound").has_placeholders());
        assert_eq!(secret(1025), Err(UserInfoError::TooLong(1025)));
    }

    #[test]
    fn secrets_are_encoded_to_the_unreserved() {
        assert_eq!(secret("user:pass\n").as_deref(), Ok("user:pass"));
        assert_eq!(secret("user:pass\r\n").as_deref(), Ok("user:pass"));
        assert_eq!(secret("u@x:a,b ${c}'%").as_deref(), Ok("u%40x:a%2Cb%20%24%7Bc%7D%27%25"));
        assert_eq!(secret("ü:-._~").as_deref(), Ok("%C3%BC:-._~"));
    }

    #[test]
    fn refuses_what_no_server_would_understand() {
        assert_eq!(secret("user"), Err(UserInfoError::NotAPair));
        assert_eq!(secret(":password"), Err(UserInfoError::NotAPair));
        assert_eq!(secret("user:"), Err(UserInfoError::NotAPair));
        assert_eq!(secret("user:pass:word"), Err(UserInfoError::SecondColon));
        assert_eq!(secret("user:pass\nword"), Err(UserInfoError::ControlCharacter));
        assert_eq!(UserInfo::from_secret(b"user:\xff"), Err(UserInfoError::NotText));
    }

    #[test]
    fn a_secret_is_unprintable() {
        let user_info = UserInfo::from_secret(b"hans:geheim").expect("valid");
        let shown = format!("{user_info:?} {user_info:#?}");
        assert!(!shown.contains("hans") && !shown.contains("geheim"), "{shown}");
    }
}
