//! The one secret of the tests, and the search for it in everything that the program says.
//!
//! Each pod's directory has it, as a password and as user-info; what the program prints, logs, serves or
//! writes goes through [`expect_unseen`] where a harness collects it. Must never be weakened for one
//! test: what may hold the secret is said here, and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::machine::files_below;

/// A stem that no text has by chance and that every spelling of the secret keeps, and a sign that is
/// written otherwise in a URL.
const STEM: &str = "hunter2";
pub(crate) const USER: &str = "eureka";
pub(crate) const PASSWORD: &str = "hunter2/s3cret";
/// Another with the same stem, for those who must write it into a URL as it is.
pub(crate) const MARKED: &str = "hunter2-s3cret";
/// What stands before the host in a URL with it.
pub(crate) const IN_URL: &str = "eureka:hunter2%2Fs3cret";
/// The files from which the program reads it.
const PASSWORD_FILE: &str = "server-password";
const USER_INFO_FILE: &str = "user-info";
/// What tests write into the directory themselves.
const TESTS_OWN: [&str; 3] = [PASSWORD_FILE, USER_INFO_FILE, "config.yaml"];
/// Written by the program into the volume, and never with the secret.
const NEVER: [&str; 2] = ["..state.json", "..lock"];
/// What a running program shows.
const PAGES: [&str; 6] =
    ["/", "/status", "/metrics", "/livez?verbose", "/readyz?verbose", "/startupz?verbose"];

/// Whether published files may hold the secret: they are told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    WithIt,
    WithoutIt,
}

/// Puts the secret into `directory`, for flags to name.
pub(crate) fn place(directory: &Path) {
    fs::write(password_file(directory), format!("{PASSWORD}\n")).expect("written");
    fs::write(user_info_file(directory), format!("{USER}:{PASSWORD}\n")).expect("written");
}

pub(crate) fn password_file(directory: &Path) -> PathBuf {
    directory.join(PASSWORD_FILE)
}

pub(crate) fn user_info_file(directory: &Path) -> PathBuf {
    directory.join(USER_INFO_FILE)
}

/// Has every page read, for whoever reads one searches it. A program that does not answer is asked no more.
pub(crate) fn read_pages(is_answered: impl Fn(&str) -> bool) {
    let _all_answered = PAGES.iter().all(|path| is_answered(path));
}

/// Insists that nothing of it is in `said`: as it is, as in a URL, or in base64 behind whatever text.
pub(crate) fn expect_unseen(what: &str, said: &[u8]) {
    let text = String::from_utf8_lossy(said);
    assert!(!is_in(&text), "{what} holds the secret:\n{text}");
}

fn is_in(text: &str) -> bool {
    text.contains(STEM) || (0..3).any(|offset| text.contains(&in_base64(offset)))
}

/// What base64 makes of the stem behind this many other bytes, without the signs that hang on its
/// neighbours.
fn in_base64(offset: usize) -> String {
    let bytes = [&[0; 3][..offset], STEM.as_bytes()].concat();
    let whole = STANDARD_NO_PAD.encode(&bytes);
    whole[(offset * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
}

/// Insists that it is in no file below a pod's directory but those that must have it.
///
/// What lies directly in it is the test's own and the logs; directories below are volumes.
pub(crate) fn expect_unseen_in_files(directory: &Path, published: Published) {
    // What links lead to is there by its own name.
    for file in files_below(directory, |_| true) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let may_hold = if file.parent() == Some(directory) {
            TESTS_OWN.contains(&name)
        } else {
            published == Published::WithIt && !NEVER.contains(&name)
        };
        // Files come and go while the program runs; what is gone says nothing.
        if let (false, Ok(bytes)) = (may_hold, fs::read(&file)) {
            expect_unseen(&file.display().to_string(), &bytes);
        }
    }
}
