//! Basic credentials (RFC 7617): a user, and a password that is read at each use.
//!
//! Must never print the password, not even through `Debug`.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;

use super::file::SmallFile;
use super::{FileError, Secrets};

/// A user and where its password lies; equal where both are the same, whatever the file holds.
#[derive(Clone, Debug)]
pub struct Credentials {
    user: String,
    password_file: SmallFile,
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        (&self.user, self.password_file.path()) == (&other.user, other.password_file.path())
    }
}

impl Eq for Credentials {}

impl Credentials {
    /// Bytes of a password file; far above any password, far below a file given by mistake.
    pub const PASSWORD_FILE_MAX: usize = 4096;

    /// `user` with the password in `password_file`, which is not read before it is needed.
    pub fn new(user: String, password_file: PathBuf) -> Self {
        Self { user, password_file: SmallFile::new(password_file, Self::PASSWORD_FILE_MAX) }
    }

    /// The `Authorization` header, from the password as the file has it now; `secrets` learns it.
    pub(super) async fn header(&self, secrets: &mut Secrets) -> Result<HeaderValue, FileError> {
        let bytes = self.password_file.read().await?;
        let problem = |problem| FileError::Content { path: self.password_file.path().to_owned(), problem };
        let password = password_in(&bytes).map_err(problem)?;
        if self.user.contains(':') || self.user.contains(char::is_control) {
            return Err(problem("belongs to a user whose name holds a colon or a control character"));
        }
        secrets.add(&self.user, password);
        let token = STANDARD.encode(format!("{}:{password}", self.user));
        let mut header = HeaderValue::try_from(format!("Basic {token}"))
            .expect("base64 is made of visible ASCII, which every header takes");
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The password without the one line ending that editors and `echo` leave behind it.
fn password_in(bytes: &[u8]) -> Result<&str, &'static str> {
    let text = str::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    let password = text.strip_suffix('\n').unwrap_or(text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err("holds no password");
    }
    if password.contains(char::is_control) {
        return Err("holds more than one line, or a control character");
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_ending_is_no_part_of_the_password() {
        assert_eq!(password_in(b"secret"), Ok("secret"));
        assert_eq!(password_in(b"secret\n"), Ok("secret"));
        assert_eq!(password_in(b"secret\r\n"), Ok("secret"));
        assert_eq!(password_in(b" two words \n"), Ok(" two words "));
        for bad in [b"".as_slice(), b"\n", b"secret\n\n", b"a\nb", b"a\0b", b"\xff"] {
            assert!(password_in(bad).is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn the_header_is_that_of_the_standard_and_unprintable() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        // The last as Notepad saves it.
        for saved in ["open sesame\n", "open sesame", "\u{feff}open sesame\r\n"] {
            std::fs::write(&path, saved).expect("written");
            let credentials = Credentials::new("Aladdin".into(), path.clone());
            let header = credentials.header(&mut Secrets::default()).await.expect("valid");
            // The example of RFC 7617, section 2.
            assert_eq!(header.as_bytes(), b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "{saved:?}");
            assert_eq!(format!("{header:?}"), "Sensitive");
        }
    }

    #[test]
    fn the_same_user_and_file_are_the_same_credentials() {
        let of = |user: &str, path: &str| Credentials::new(user.into(), path.into());
        assert_eq!(of("a", "/p"), of("a", "/p"));
        assert_ne!(of("a", "/p"), of("b", "/p"));
        assert_ne!(of("a", "/p"), of("a", "/q"));
    }

    #[tokio::test]
    async fn a_colon_in_the_user_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        std::fs::write(&path, "x").expect("written");
        assert!(Credentials::new("a:b".into(), path).header(&mut Secrets::default()).await.is_err());
    }
}
